"""Replicate in the sandbox: creating, waiting, polling, cancelling, and what is left after an hour."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from fluxtui.sandbox import IN_PROCESS, Faults
from tests.sandbox.conftest import VARIABLES, Bench, Clock, MakeBench

API = VARIABLES["REPLICATE_API_URL"]
HEADERS = {"authorization": f"Bearer {VARIABLES['REPLICATE_API_TOKEN']}"}
SCHNELL = "black-forest-labs/flux-schnell"


async def _create(
    bench: Bench, model: str = SCHNELL, headers: dict[str, str] | None = None, **given: Any
) -> httpx.Response:
    body = {"input": {"prompt": "a fox", **given}}
    return await bench.client.post(
        f"{API}/models/{model}/predictions", headers={**HEADERS, **(headers or {})}, json=body
    )


async def _get(bench: Bench, url: str) -> httpx.Response:
    return await bench.client.get(url, headers=HEADERS)


async def _finished(bench: Bench, created: httpx.Response) -> dict[str, Any]:
    bench.clock.now += 60
    polled: dict[str, Any] = (await _get(bench, created.json()["urls"]["get"])).json()
    return polled


async def test_a_prediction_from_its_creation_to_the_picture(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10), picture_bytes=20_000))
    created = await _create(bench)
    body = created.json()
    assert (created.status_code, body["status"], body["version"]) == (201, "starting", "hidden")
    assert (body["output"], body["logs"], body["error"], body["data_removed"]) == (None, "", None, False)
    assert body["urls"]["get"] == f"{API}/predictions/{body['id']}"
    assert len(body["id"]) == 26
    bench.clock.now += 5
    running = (await _get(bench, body["urls"]["get"])).json()
    assert (running["status"], running["output"]) == ("processing", None)
    bench.clock.now += 6
    done = (await _get(bench, body["urls"]["get"])).json()
    assert done["status"] == "succeeded"
    assert done["metrics"]["total_time"] == 10
    assert "Using seed: " in done["logs"], "the only place where a random seed shows"
    (url,) = done["output"]
    assert url.endswith("/out-0.webp")
    picture = await bench.client.get(url)
    assert (picture.headers["content-type"], len(picture.content)) == ("image/webp", 20_000)
    assert (bench.summary["collected"], bench.summary["billed_usd"], bench.summary["violations"]) == (1, 0.003, 0)


async def test_waiting_for_the_answer(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10), picture_bytes=20_000))
    waited = await _create(bench, headers={"prefer": "wait"})
    body = waited.json()
    assert (waited.status_code, body["status"]) == (201, "processing"), "with its output, and not yet succeeded"
    assert len(body["output"]) == 1
    assert (await _get(bench, body["urls"]["get"])).json()["status"] == "succeeded"
    impatient = await _create(bench, headers={"prefer": "wait=5"}, seed=2)
    assert (impatient.status_code, impatient.json()["status"], impatient.json()["output"]) == (202, "starting", None)
    failed = await _create(bench, headers={"prefer": "wait"}, prompt="x [sandbox:error]")
    assert (failed.status_code, failed.json()["status"]) == (201, "failed")


async def test_by_version(bench: Bench) -> None:
    listed = (await _get(bench, f"{API}/models/stability-ai/sdxl")).json()
    version = listed["latest_version"]["id"]
    for wanted in (version, f"stability-ai/sdxl:{version}", SCHNELL):
        body = {"version": wanted, "input": {"prompt": "x"}}
        created = await bench.client.post(f"{API}/predictions", headers=HEADERS, json=body)
        assert created.status_code == 201
        assert created.json()["version"] == ("hidden" if wanted == SCHNELL else version)
    unknown = await bench.client.post(
        f"{API}/predictions", headers=HEADERS, json={"version": "0" * 64, "input": {"prompt": "x"}}
    )
    assert (unknown.status_code, unknown.json()["title"]) == (422, "Invalid version or not permitted")
    by_name = await _create(bench, "stability-ai/sdxl")
    assert by_name.status_code == 404, "only official models are called by name"


@pytest.mark.parametrize(
    ("model", "given", "size", "count", "dollars"),
    [
        (SCHNELL, {"aspect_ratio": "16:9", "num_outputs": 3}, (1344, 768), 3, 0.009),
        (SCHNELL, {"megapixels": "0.25", "output_format": "png"}, (512, 512), 1, 0.003),
        ("black-forest-labs/flux-dev", {"guidance": 2}, (1024, 1024), 1, 0.025),
        (
            "black-forest-labs/flux-1.1-pro",
            {"aspect_ratio": "custom", "width": 512, "height": 768},
            (512, 768),
            0,
            0.04,
        ),
        ("black-forest-labs/flux-1.1-pro-ultra", {"aspect_ratio": "1:1"}, (2048, 2048), 0, 0.06),
    ],
)
async def test_models_sizes_and_prices(
    make_bench: MakeBench, model: str, given: dict[str, Any], size: tuple[int, int], count: int, dollars: float
) -> None:
    from io import BytesIO

    from PIL import Image

    bench = make_bench(Faults.none(picture_bytes=2048))
    output = (await _finished(bench, await _create(bench, model, **given)))["output"]
    assert isinstance(output, list if count else str)
    links = output if isinstance(output, list) else [output]
    assert len(links) == max(1, count)
    with Image.open(BytesIO((await bench.client.get(links[-1])).content)) as picture:
        assert picture.size == size
    assert bench.summary["billed_usd"] == dollars


async def test_inputs_that_do_not_work(bench: Bench) -> None:
    missing = await bench.client.post(f"{API}/models/{SCHNELL}/predictions", headers=HEADERS, json={"input": {}})
    assert missing.status_code == 422
    assert missing.json() == {
        "title": "Input validation failed",
        "detail": "- input.prompt is required\n",
        "status": 422,
        "invalid_fields": [{"type": "required", "field": "input", "description": "prompt is required"}],
    }
    wrong = (await _create(bench, num_outputs=9, seed="4", aspect_ratio="7:3", num_inference_steps=0, go_fast=1)).json()
    told = {field["field"]: field["type"] for field in wrong["invalid_fields"]}
    assert told == {
        "input.num_outputs": "number_lte",
        "input.seed": "invalid_type",
        "input.aspect_ratio": "enum",
        "input.num_inference_steps": "number_gte",
        "input.go_fast": "invalid_type",
    }
    assert "- input.num_outputs: Must be less than or equal to 4\n" in wrong["detail"]
    assert "- input.seed: Invalid type. Expected: integer, given: string\n" in wrong["detail"]
    assert '- input.aspect_ratio must be one of the following: "1:1"' in wrong["detail"]
    assert (await _create(bench, no_such_field=1)).status_code == 201, "unknown inputs are dropped in silence"
    assert (await bench.client.post(f"{API}/models/{SCHNELL}/predictions", headers=HEADERS, json={})).status_code == 422
    assert (await bench.client.post(f"{API}/predictions", headers=HEADERS, content=b"{")).status_code == 400


async def test_errors_have_bodies(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(credits=1))
    nobody = await bench.client.post(f"{API}/predictions", json={})
    assert (nobody.status_code, nobody.json()["title"]) == (401, "Unauthenticated")
    unknown = await _create(bench, "nobody/nothing")
    assert (unknown.status_code, unknown.json()) == (
        404,
        {"detail": "The requested resource could not be found.", "status": 404},
    )
    poor = await _create(bench, "black-forest-labs/flux-dev")
    assert (poor.status_code, poor.json()["title"]) == (402, "Insufficient credit")
    throttled = await _create(bench, prompt="x [sandbox:429]")
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "1")
    assert throttled.json() == {"detail": "Request was throttled. Your rate limit resets in ~1s."}
    assert (await _get(bench, f"{API}/predictions/none")).status_code == 404
    assert bench.summary["refused_by_reason"] == {"429": 1, "credits": 1}


async def test_a_rate_of_creations(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(rpm=2, retry_after=None))
    codes = [(await _create(bench, seed=seed)) for seed in range(3)]
    assert [answer.status_code for answer in codes] == [201, 201, 429]
    assert codes[2].json()["detail"] == "Request was throttled. Your rate limit resets in ~30s."
    assert "retry-after" not in codes[2].headers


async def test_moderation_is_a_failed_prediction(bench: Bench) -> None:
    failed = await _finished(bench, await _create(bench, prompt="x [sandbox:content-moderate]"))
    assert (failed["status"], failed["output"]) == ("failed", None)
    assert failed["error"].startswith("NSFW content detected.")
    refused = await _finished(bench, await _create(bench, prompt="x [sandbox:moderate]"))
    assert "(E005)" in refused["error"]
    unchecked = await _finished(
        bench, await _create(bench, prompt="y [sandbox:content-moderate]", disable_safety_checker=True)
    )
    assert unchecked["status"] == "succeeded"
    assert (bench.summary["moderated"], bench.summary["billed_usd"]) == (2, 0.003)


async def test_cancelling(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10)))
    urls = (await _create(bench)).json()["urls"]
    bench.clock.now += 4
    cancelled = await bench.client.post(urls["cancel"], headers=HEADERS)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "canceled")
    bench.clock.now += 60
    assert (await _get(bench, urls["get"])).json()["status"] == "canceled"
    done = (await _create(bench, seed=2)).json()["urls"]
    bench.clock.now += 60
    assert (await bench.client.post(done["cancel"], headers=HEADERS)).json()["status"] == "succeeded"
    assert (await bench.client.post(f"{API}/predictions/none/cancel", headers=HEADERS)).status_code == 404
    assert (bench.summary["billed_usd"], bench.summary["uncollected"]) == (0.003, 1)


async def test_deadlines(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(60, 60)))
    aborted = await _create(bench, headers={"cancel-after": "5s"})
    canceled = await _create(bench, headers={"cancel-after": "30s"}, seed=2)
    in_time = await _create(bench, headers={"cancel-after": "1h1m"}, seed=3)
    assert (await _finished(bench, aborted))["status"] == "aborted"
    assert (await _finished(bench, canceled))["status"] == "canceled"
    assert (await _finished(bench, in_time))["status"] == "succeeded"
    assert bench.summary["billed_usd"] == 0.003


async def test_everything_is_gone_after_an_hour(bench: Bench) -> None:
    created = await _create(bench)
    (url,) = (await _finished(bench, created))["output"]
    assert (await bench.client.get(url)).status_code == 200
    bench.clock.now += 3600
    assert (await bench.client.get(url)).status_code == 404
    left = (await _get(bench, created.json()["urls"]["get"])).json()
    assert (left["status"], left["data_removed"], left["output"], left["input"], left["logs"]) == (
        "succeeded",
        True,
        None,
        {},
        "",
    )


async def test_the_account_and_its_lists(bench: Bench) -> None:
    account = (await _get(bench, f"{API}/account")).json()
    assert account["type"] == "user"
    models = (await _get(bench, f"{API}/models")).json()
    assert SCHNELL in [f"{model['owner']}/{model['name']}" for model in models["results"]]
    schema = models["results"][0]["latest_version"]["openapi_schema"]["components"]["schemas"]["Input"]
    assert schema["required"] == ["prompt"]
    versions = (await _get(bench, f"{API}/models/{SCHNELL}/versions")).json()["results"]
    one = await _get(bench, f"{API}/models/{SCHNELL}/versions/{versions[0]['id']}")
    assert one.json() == versions[0]
    for seed in (1, 2):
        await _create(bench, seed=seed)
    listed = (await _get(bench, f"{API}/predictions")).json()["results"]
    assert [prediction["input"]["seed"] for prediction in listed] == [2, 1]
    for nothing in ("models/a/b", "models/a", f"models/{SCHNELL}/versions/x", "hardware", ""):
        assert (await _get(bench, f"{API}/{nothing}")).status_code == 404


async def test_a_token_at_the_delivery_host_is_written_down(bench: Bench) -> None:
    (url,) = (await _finished(bench, await _create(bench)))["output"]
    assert (await bench.client.get(url, headers=HEADERS)).status_code == 200, "the official client sends it"
    assert bench.summary["violations"] == 1
    assert (await bench.client.get(f"{IN_PROCESS['replicate-delivery']}/xezq/x/out-0.webp")).status_code == 404
    assert (await bench.client.post(url)).status_code == 405


async def test_lost_answers_and_polls_that_fail(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(poll_failures=1))
    with pytest.raises(httpx.ReadError):
        await _create(bench, prompt="x [sandbox:reset]")
    with pytest.raises(httpx.ConnectError):
        await _create(bench, prompt="x [sandbox:refuse]")
    assert (await _create(bench, prompt="x [sandbox:500]")).status_code == 503
    assert (bench.summary["accepted"], bench.summary["unanswered"]) == (1, 1)
    (lost,) = [submission.id for submission in bench.sandbox.ledger.submissions if submission.accepted]
    codes = {(await _get(bench, f"{API}/predictions/{lost}")).status_code for _ in range(20)}
    assert codes == {429, 502}


async def test_spoiled_pictures(bench: Bench) -> None:
    assert (await _finished(bench, await _create(bench, prompt="x [sandbox:no-image]")))["output"] == []
    pro = await _create(bench, "black-forest-labs/flux-1.1-pro", prompt="x [sandbox:no-image]")
    assert (await _finished(bench, pro))["output"] is None
    (page,) = (await _finished(bench, await _create(bench, prompt="x [sandbox:html]")))["output"]
    assert (await bench.client.get(page)).headers["content-type"] == "text/html"


async def test_work_survives_a_killed_process(make_bench: MakeBench, tmp_path: Path) -> None:
    state, clock = tmp_path / "s.jsonl", Clock()
    faults = Faults.none(latency=(10, 10), picture_bytes=2048)
    first = make_bench(faults, state=state, clock=clock)
    kept, cancelled = (await _create(first)).json()["urls"], (await _create(first, seed=2)).json()["urls"]
    await first.client.post(cancelled["cancel"], headers=HEADERS)
    second = make_bench(faults, state=state, clock=clock)
    assert second.summary == first.summary
    clock.now += 20
    assert (await _get(second, cancelled["get"])).json()["status"] == "canceled"
    (url,) = (await _get(second, kept["get"])).json()["output"]
    assert (await second.client.get(url)).status_code == 200
