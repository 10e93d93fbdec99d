"""BFL's finetunes: drawing with them, and the calls about them, by recorded shapes and against the sandbox."""

import base64
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from fluxtui import sandbox
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonValue
from fluxtui.providers import bfl
from fluxtui.providers.base import Accepted, Images
from fluxtui.providers.bfl_archive import checked
from fluxtui.providers.bfl_finetunes import Finetunes, FinetuneState, Training
from fluxtui.providers.http import Http, open_client
from fluxtui.sandbox.faults import Faults

from .wire import Wire, answering

KEY = "canary-bfl-0123456789"
ID = "0f9c3b1e-1111-4222-8333-abcdefabcdef"
SUBMITTED = {"id": "t", "polling_url": "https://api.eu2.bfl.ai/v1/get_result?id=t"}
DETAILS = {"finetune_comment": "fox", "trigger_word": "TOK", "mode": "style"}


def service(url: str | None = None) -> bfl.BlackForestLabs:
    values = {"BFL_FLUX_API_KEY": KEY, **({"BFL_FLUX_API_URL": url} if url else {})}
    return bfl.make(bfl.SETTINGS.model_validate(values))


def asking(model: str = f"finetune:{ID}", **parameters: JsonValue) -> ImageRequest:
    return ImageRequest(model, "TOK in snow", size=Size(1024, 1024), seed=1, parameters=parameters)


def training(**changes: Any) -> Training:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in ("a.png", "b.png"):
            data = io.BytesIO()
            Image.new("RGB", (32, 32)).save(data, "PNG")
            made.writestr(name, data.getvalue())
    return Training(**{"archive": checked(out.getvalue()), "comment": "fox", "mode": "style", **changes})


# --- drawing ---


async def test_a_finetune_is_a_target() -> None:
    wire = answering(200, SUBMITTED)
    answer = await service().submit(asking(finetune_strength=0.9), wire.http)
    assert isinstance(answer, Accepted)
    assert answer.ticket.data["model"] == f"finetune:{ID}"
    assert str(wire.last.url) == "https://api.bfl.ai/v1/flux-pro-1.1-ultra-finetuned"
    assert wire.body == {
        "prompt": "TOK in snow",
        "finetune_id": ID,
        "finetune_strength": 0.9,
        "aspect_ratio": "1:1",
        "seed": 1,
    }


async def test_the_endpoint_is_a_parameter() -> None:
    wire = answering(200, SUBMITTED)
    request = asking("finetune:acme/watercolour", finetune_endpoint="flux-2-klein-9b-finetuned")
    assert service().assess(request).expected_size == Size(1024, 1024)
    await service().submit(request, wire.http)
    assert wire.last.url.path == "/v1/flux-2-klein-9b-finetuned"
    assert wire.body["finetune_id"] == "acme/watercolour"
    assert "finetune_endpoint" not in wire.body


async def test_an_endpoint_that_nobody_knows_is_tried() -> None:
    wire = answering(200, SUBMITTED)
    await service().submit(asking(finetune_endpoint="flux-9-finetuned"), wire.http)
    assert wire.last.url.path == "/v1/flux-9-finetuned"
    assert wire.body["finetune_id"] == ID


@pytest.mark.parametrize(
    "request_",
    [
        asking("finetune:"),
        asking("finetune:../credits"),
        asking("finetune:a b"),
        asking(finetune_endpoint="flux-dev"),
        asking(finetune_endpoint=3),
    ],
)
async def test_what_cannot_be_drawn(request_: ImageRequest) -> None:
    assert service().assess(request_).impossible is not None
    wire = answering(200, SUBMITTED)
    with pytest.raises(ServiceError) as caught:
        await service().submit(request_, wire.http)
    assert caught.value.acceptance is Acceptance.NO
    assert wire.requests == []


def test_the_closing_is_dated_before_money_is_spent() -> None:
    (note, *_) = service().assess(asking()).notes
    assert "2025-10-31" in note
    assert service().pace(f"finetune:{ID}").in_flight == 24
    assert service().max_count(f"finetune:{ID}") == 1


@pytest.mark.parametrize(
    ("status", "detail", "told"),
    [(400, "Finetune not found or not ready", "not trained yet"), (404, "Not Found", "is closed")],
)
async def test_an_unknown_finetune_and_a_closed_endpoint(status: int, detail: str, told: str) -> None:
    with pytest.raises(ServiceError) as caught:
        await service().submit(asking(), answering(status, {"detail": detail}).http)
    error = caught.value
    assert (error.problem.kind, error.acceptance, error.permanent) == (ProblemKind.NOT_FOUND, Acceptance.NO, True)
    assert told in error.problem.what


# --- the calls about finetunes ---


@pytest.mark.parametrize("listed", [[ID, "x"], [{"finetune_id": ID}, {"id": "x"}, 3, None, ""]])
async def test_the_list(listed: list[Any]) -> None:
    wire = answering(200, {"finetunes": listed})
    assert await Finetunes(service()).ids(wire.http) == (ID, "x")
    assert str(wire.last.url) == "https://api.bfl.ai/v1/my_finetunes"
    assert wire.last.headers["x-key"] == KEY


@pytest.mark.parametrize(
    ("task", "details", "state"),
    [
        ({"status": "Ready"}, True, FinetuneState.TRAINED),
        ({"status": "Task not found"}, True, FinetuneState.TRAINED),
        ({"detail": "Task not found"}, True, FinetuneState.TRAINED),
        ({"status": "Pending", "progress": 0.4}, True, FinetuneState.TRAINING),
        ({"status": "Pending"}, False, FinetuneState.TRAINING),
        ({"status": "Error"}, True, FinetuneState.UNCLEAR),
        ({"status": "Request Moderated"}, True, FinetuneState.REFUSED),
        ({"status": "Task not found"}, False, None),
        ({"status": "Error"}, False, None),
    ],
)
async def test_states_and_their_quirks(task: dict[str, Any], details: bool, state: FinetuneState | None) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/get_result":
            assert request.url.host == "api.us1.bfl.ai"
            return httpx.Response(404 if "not found" in str(task) else 200, json=task)
        assert request.url.params["finetune_id"] == ID
        found = {"finetune_details": DETAILS}
        return httpx.Response(200, json=found) if details else httpx.Response(404, json={"detail": "not found"})

    calls, http = Finetunes(service()), Wire(handler=handle).http
    if state is None:
        with pytest.raises(ServiceError) as caught:
            await calls.find(ID, http)
        assert caught.value.problem.kind is ProblemKind.NOT_FOUND
        return
    found = await calls.find(ID, http)
    assert found.state is state
    assert found.details == (DETAILS if details else {})
    assert found.progress == task.get("progress")


async def test_deletion() -> None:
    wire = answering(200, {"status": "success", "message": "gone", "deleted_finetune_id": ID, "timestamp": "x"})
    assert await Finetunes(service()).delete(ID, wire.http) == "gone"
    assert wire.body == {"finetune_id": ID}
    with pytest.raises(ServiceError):
        await Finetunes(service()).delete("../x y", wire.http)
    assert len(wire.requests) == 1


async def test_training_as_it_was() -> None:
    wire, wanted = answering(200, {"finetune_id": ID}), training(learning_rate=0.0001)
    assert await Finetunes(service()).train(wanted, wanted.payload(), wire.http) == ID
    assert str(wire.last.url) == "https://api.us1.bfl.ai/v1/finetune"
    body = wire.body
    assert base64.b64decode(body.pop("file_data")) == wanted.archive.data
    assert body == {
        "finetune_comment": "fox",
        "mode": "style",
        "trigger_word": "TOK",
        "iterations": 300,
        "learning_rate": 0.0001,
        "captioning": True,
        "priority": "quality",
        "finetune_type": "full",
        "lora_rank": 32,
    }
    await Finetunes(service("https://gateway.example/bfl")).train(wanted, wanted.payload(), wire.http)
    assert str(wire.last.url) == "https://gateway.example/bfl/v1/finetune"


@pytest.mark.parametrize(
    ("status", "body", "kind", "acceptance"),
    [
        (404, {"detail": "Not Found"}, ProblemKind.UNSUPPORTED, Acceptance.NO),
        (403, {"detail": "Not authenticated"}, ProblemKind.AUTHENTICATION, Acceptance.NO),
        (402, {"detail": "Insufficient credits"}, ProblemKind.CREDITS, Acceptance.NO),
        (500, {"detail": "Internal Server Error"}, ProblemKind.SERVER_ERROR, Acceptance.MAYBE),
        (200, {"hello": 1}, ProblemKind.BAD_ANSWER, Acceptance.MAYBE),
        (200, b"<html>", ProblemKind.BAD_ANSWER, Acceptance.MAYBE),
    ],
)
async def test_trainings_that_do_not_begin(status: int, body: Any, kind: ProblemKind, acceptance: Acceptance) -> None:
    with pytest.raises(ServiceError) as caught:
        await Finetunes(service()).train(training(), {}, answering(status, body).http)
    assert (caught.value.problem.kind, caught.value.acceptance) == (kind, acceptance)


@pytest.mark.parametrize(
    "changes",
    [
        {"comment": " "},
        {"mode": "any"},
        {"trigger_word": ""},
        {"iterations": 99},
        {"learning_rate": 1.0},
        {"priority": "x"},
        {"kind": "x"},
        {"lora_rank": 8},
    ],
)
async def test_what_would_be_refused_is_not_uploaded(changes: dict[str, Any]) -> None:
    wire = answering(200, {"finetune_id": ID})
    with pytest.raises(ServiceError):
        await Finetunes(service()).train(training(**changes), {}, wire.http)
    assert wire.requests == []


# --- against the sandbox ---


@asynccontextmanager
async def simulated(**faults: object) -> AsyncIterator[tuple[bfl.BlackForestLabs, Http]]:
    client = open_client(sandbox.transport(sandbox.Sandbox(faults=Faults.none(**faults))))
    try:
        yield bfl.make(bfl.SETTINGS.model_validate(sandbox.environment())), Http(client)
    finally:
        await client.aclose()


@pytest.mark.parametrize("endpoint", [None, "flux-2-klein-4b-finetuned", "flux-2-klein-base-9b-finetuned"])
async def test_from_a_finetune_to_a_picture(endpoint: str | None) -> None:
    async with simulated() as (provider, http):
        (known,) = await Finetunes(provider).ids(http)
        parameters: dict[str, JsonValue] = {} if endpoint is None else {"finetune_endpoint": endpoint}
        request = asking(f"finetune:{known}", **parameters)
        said = provider.assess(request)
        answer = await provider.submit(request, http)
        assert isinstance(answer, Accepted)
        images = await provider.collect(answer.ticket, http)
        assert isinstance(images, Images)
        (item,) = images.items
        data = (await http.download(getattr(item, "url", ""), max_bytes=10_000_000, timeout=10)).body
        with Image.open(io.BytesIO(data)) as image:
            assert said.expected_size is None or said.expected_size == Size(*image.size)
        with pytest.raises(ServiceError) as caught:
            await provider.submit(asking("finetune:nobody", **parameters), http)
        assert caught.value.problem.kind is ProblemKind.NOT_FOUND


async def test_the_life_of_a_training() -> None:
    async with simulated(historic=True) as (provider, http):
        calls, wanted = Finetunes(provider), training()
        made = await calls.train(wanted, wanted.payload(), http)
        assert made in await calls.ids(http)
        found = await calls.find(made, http)
        assert (found.state, found.details["trigger_word"]) == (FinetuneState.TRAINED, "TOK")
        assert isinstance(await provider.submit(asking(f"finetune:{made}"), http), Accepted)
        await calls.delete(made, http)
        assert made not in await calls.ids(http)
    async with simulated(historic=True, services={"bfl": {"latency": [60, 60]}}) as (provider, http):
        made = await Finetunes(provider).train(wanted, wanted.payload(), http)
        assert (await Finetunes(provider).find(made, http)).state is FinetuneState.UNCLEAR
        with pytest.raises(ServiceError):
            await provider.submit(asking(f"finetune:{made}"), http)
    async with simulated() as (provider, http):
        (known,) = await Finetunes(provider).ids(http)
        assert (await Finetunes(provider).find(known, http)).state is FinetuneState.TRAINED
        with pytest.raises(ServiceError) as caught:
            await Finetunes(provider).train(wanted, wanted.payload(), http)
        assert caught.value.problem.kind is ProblemKind.UNSUPPORTED


async def test_a_training_outlives_the_sandbox_that_began_it(tmp_path: Path) -> None:
    made = ""
    for _ in range(2):
        played = sandbox.Sandbox(faults=Faults.none(historic=True), state=tmp_path / "state.jsonl")
        async with open_client(sandbox.transport(played)) as client:
            calls, wanted = Finetunes(bfl.make(bfl.SETTINGS.model_validate(sandbox.environment()))), training()
            made = made or await calls.train(wanted, wanted.payload(), Http(client))
            assert (await calls.find(made, Http(client))).state is FinetuneState.TRAINED
        played.close()
