"""Black Forest Labs as the reference page describes it."""

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image

from fluxtui.sandbox import Faults
from fluxtui.sandbox.bfl_models import ENDPOINTS
from tests.sandbox.conftest import AZURE_HEADERS, BFL, BFL_HEADERS, Bench, MakeBench


def _picture(width: int = 320, height: int = 256) -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


async def test_a_task_goes_from_submit_over_another_host_to_a_third(bench: Bench) -> None:
    submitted = await bench.submit("flux-2-pro", prompt="a red fox", width=1440, height=1440, seed=42)
    assert submitted.status_code == 200
    body = submitted.json()
    assert (body["cost"], body["input_mp"], body["output_mp"]) == (4.5, 0.0, 1.98)
    polling, api = httpx.URL(body["polling_url"]), httpx.URL(BFL)
    assert polling.host != api.host
    ready = await bench.finished(submitted)
    assert ready["status"] == "Ready"
    assert ready["cost"] == 4.5
    assert ready["result"]["seed"] == 42
    assert ready["result"]["end_time"] - ready["result"]["start_time"] == ready["result"]["duration"]
    picture = await bench.client.get(ready["result"]["sample"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(picture.content)).size == (1440, 1440)
    assert httpx.URL(ready["result"]["sample"]).host not in (api.host, polling.host)
    assert bench.summary["collected"] == bench.summary["delivered"] == bench.summary["accepted"] == 1


async def test_the_global_host_knows_no_task_of_a_cluster(bench: Bench) -> None:
    task = (await bench.submit("flux-dev", prompt="x")).json()["id"]
    answer = await bench.client.get(f"{BFL}/v1/get_result", params={"id": task})
    assert answer.status_code == 404
    assert answer.json()["status"] == "Task not found"


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, "Not authenticated"),
        ({"x-key": "wrong"}, "Not authenticated - Invalid Authentication"),
        ({"authorization": "Bearer sandbox-bfl-key"}, "Not authenticated"),
    ],
)
async def test_wrong_keys_are_answered_403(bench: Bench, headers: dict[str, str], detail: str) -> None:
    answer = await bench.client.post(f"{BFL}/v1/flux-dev", headers=headers, json={"width": "no number"})
    assert (answer.status_code, answer.json()) == (403, {"detail": detail})


async def test_progress_grows_while_work_is_pending(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10)))
    url = (await bench.submit("flux-pro-1.1", prompt="x")).json()["polling_url"]
    seen = []
    for _ in range(6):
        answer = (await bench.client.get(url)).json()
        seen.append((answer["status"], answer["progress"]))
        bench.clock.now += 2
    assert seen == [("Pending", p) for p in (None, 0.1, 0.1, 0.5, 0.5)] + [("Ready", None)]


async def test_flux_3_reasons_and_is_strict(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10)))
    refused = await bench.submit("flux-3-image", prompt="x", seed=1)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["type"] == "extra_forbidden"
    assert refused.json()["detail"][0]["loc"] == ["body", "seed"]
    url = (await bench.submit("flux-3-image", prompt="x", aspect_ratio="16:9")).json()["polling_url"]
    seen = []
    for _ in range(4):
        answer = (await bench.client.get(url)).json()
        seen.append(answer["status"])
        bench.clock.now += 4
    assert seen == ["Pending", "Reasoning", "Generating", "Ready"]
    assert "seed" not in answer["result"]


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
async def test_every_endpoint_makes_a_picture(bench: Bench, name: str) -> None:
    body: dict[str, Any] = {"prompt": "a quiet lake"}
    rules = ENDPOINTS[name].schema.rules
    body |= {field: _picture() for field in ("image", "mask", "person", "garment") if field in rules}
    if name == "flux-tools/outpainting-v1":
        body |= {"input_image": _picture(), "width": 512, "height": 512}
    if "finetune_id" in rules:
        assert (await bench.submit(name, **body, finetune_id="unknown")).status_code == 400
        body["finetune_id"] = "sandbox-watercolour"
    if "prompt" not in rules:
        del body["prompt"]
    submitted = await bench.submit(name, **body)
    assert submitted.status_code == 200, submitted.text
    assert (submitted.json()["cost"] is not None) == ENDPOINTS[name].tells_cost
    ready = await bench.finished(submitted)
    assert ready["status"] == "Ready"
    assert (await bench.client.get(ready["result"]["sample"])).status_code == 200


@pytest.mark.parametrize(
    ("model", "body", "kind", "field"),
    [
        ("flux-pro-1.1", {"width": 1000}, "multiple_of", "width"),
        ("flux-pro-1.1", {"width": 1472}, "less_than_equal", "width"),
        ("flux-pro-1.1", {"height": 224}, "greater_than_equal", "height"),
        ("flux-pro-1.1", {"safety_tolerance": 7}, "less_than_equal", "safety_tolerance"),
        ("flux-pro-1.1", {"output_format": "gif"}, "enum", "output_format"),
        ("flux-dev", {"steps": 0}, "greater_than_equal", "steps"),
        ("flux-dev", {"guidance": "much"}, "float_parsing", "guidance"),
        ("flux-dev", {"seed": 1.5}, "int_from_float", "seed"),
        ("flux-2-pro", {}, "missing", "prompt"),
        ("flux-2-pro", {"prompt": "x", "width": 63}, "greater_than_equal", "width"),
        ("flux-2-pro", {"prompt": "x", "width": 4096, "height": 2048}, "value_error", "width"),
        ("flux-2-pro", {"prompt": "x", "safety_tolerance": 6}, "less_than_equal", "safety_tolerance"),
        ("flux-2-flex", {"prompt": "x", "guidance": 11}, "less_than_equal", "guidance"),
        ("flux-kontext-pro", {"prompt": "x", "aspect_ratio": "wide"}, "string_pattern_mismatch", "aspect_ratio"),
        ("flux-pro-1.1-ultra", {"aspect_ratio": "30:1"}, "value_error", "aspect_ratio"),
        ("flux-pro-1.0-fill", {"prompt": "x"}, "missing", "image"),
        ("flux-pro-1.1", {"prompt": 5}, "string_type", "prompt"),
        ("flux-pro-1.1", {"prompt_upsampling": "perhaps"}, "bool_parsing", "prompt_upsampling"),
    ],
)
async def test_validation_names_the_field(
    bench: Bench, model: str, body: dict[str, Any], kind: str, field: str
) -> None:
    answer = await bench.submit(model, **body)
    assert answer.status_code == 422
    first = answer.json()["detail"][0]
    assert (first["type"], first["loc"]) == (kind, ["body", field])
    assert first["msg"]
    assert bench.summary["submissions"] == 0


async def test_the_sentence_of_a_range_is_pydantics(bench: Bench) -> None:
    detail = (await bench.submit("flux-pro-1.1", width=2000)).json()["detail"]
    assert detail == [
        {
            "type": "less_than_equal",
            "loc": ["body", "width"],
            "msg": "Input should be less than or equal to 1440",
            "input": 2000,
            "ctx": {"le": 1440},
        }
    ]


async def test_broken_json_is_a_validation_error(bench: Bench) -> None:
    for content in (b"{", b"[1]", b"", b'{"prompt":"\\ud83e"}', b"[" * 200_000):
        answer = await bench.client.post(f"{BFL}/v1/flux-dev", headers=BFL_HEADERS, content=content)
        assert answer.status_code == 422
        assert isinstance(answer.json()["detail"], list)


async def test_unknown_fields_are_ignored_where_the_service_ignores_them(bench: Bench) -> None:
    assert (await bench.submit("flux-pro-1.1", prompt="x", guidance_scale=4)).status_code == 200


@pytest.mark.parametrize("path", ["/v1/flux-pro-1.0-canny", "/v1/finetune", "/v2/flux-dev", "/"])
async def test_removed_routes_are_gone(bench: Bench, path: str) -> None:
    answer = await bench.client.post(f"{BFL}{path}", headers=BFL_HEADERS, json={})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def test_wrong_methods(bench: Bench) -> None:
    assert (await bench.client.get(f"{BFL}/v1/flux-dev", headers=BFL_HEADERS)).status_code == 405
    assert (await bench.client.post(f"{BFL}/v1/credits", headers=BFL_HEADERS)).status_code == 405
    assert (await bench.client.post(f"{BFL}/v1/get_result")).status_code == 405


async def test_a_webhook_gets_no_polling_url(bench: Bench) -> None:
    body = (await bench.submit("flux-2-pro", prompt="x", webhook_url="https://example.com/hook")).json()
    assert "polling_url" not in body
    assert body["webhook_url"] == "https://example.com/hook"
    assert body["status"]


async def test_seeds(bench: Bench) -> None:
    dev = await bench.finished(await bench.submit("flux-dev", prompt="x"))
    assert 1_700_000_000_000 < dev["result"]["seed"] < 1_900_000_000_000
    kontext = await bench.finished(await bench.submit("flux-kontext-pro", prompt="x"))
    assert 0 <= kontext["result"]["seed"] < 2**32


async def test_sizes_follow_the_model(bench: Bench) -> None:
    async def size(model: str, **body: Any) -> tuple[int, int]:
        ready = await bench.finished(await bench.submit(model, prompt="x", output_format="png", **body))
        return Image.open(io.BytesIO((await bench.client.get(ready["result"]["sample"])).content)).size

    assert await size("flux-pro-1.1") == (1024, 768)
    assert await size("flux-2-pro") == (1024, 1024)
    assert await size("flux-2-pro", width=1201, height=630) == (1200, 624)
    assert await size("flux-pro-1.1-ultra") == (2752, 1536)
    assert await size("flux-kontext-pro", aspect_ratio="16:9") == (1392, 752)
    assert await size("flux-2-pro", input_image=_picture(640, 320)) == (640, 320)
    assert await size("flux-pro-1.0-expand", image=_picture(320, 256), left=64, top=32) == (384, 288)


async def test_references_cost_and_broken_ones_fail_the_task(bench: Bench) -> None:
    body = (await bench.submit("flux-2-pro", prompt="x", input_image=_picture(1024, 1024))).json()
    assert (body["cost"], body["input_mp"]) == (4.5, 1.0)
    failed = await bench.finished(await bench.submit("flux-2-pro", prompt="y", input_image="no picture"))
    assert failed["status"] == "Error"
    assert failed["details"] == {"error": "Invalid or corrupted image input"}


async def test_moderated_work_is_refunded(bench: Bench) -> None:
    async def balance() -> float:
        answer = await bench.client.get(f"{BFL}/v1/credits", headers=BFL_HEADERS)
        return float(answer.json()["credits"])

    before = await balance()
    bench.sandbox.faults = Faults.none(latency=(10, 10))
    submitted = await bench.submit("flux-pro-1.1", prompt="x [sandbox:moderate]")
    assert await balance() == before - 4
    polled = await bench.finished(submitted)
    assert polled["status"] == "Request Moderated"
    assert polled["details"] == {"Moderation Reasons": ["Derivative Works Filter"]}
    assert await balance() == before
    assert bench.summary["moderated"] == 1
    assert bench.summary["billed_usd"] == 0


async def test_content_moderation_and_errors(bench: Bench) -> None:
    content = await bench.finished(await bench.submit("flux-dev", prompt="x [sandbox:content-moderate]"))
    assert content["status"] == "Content Moderated"
    error = await bench.finished(await bench.submit("flux-dev", prompt="x [sandbox:error]"))
    assert error["status"] == "Error"
    assert error["details"]["error"]


async def test_some_polls_of_failed_work_carry_an_error_code_and_a_task(bench: Bench) -> None:
    codes = set()
    for number in range(24):
        submitted = await bench.submit("flux-dev", prompt=f"{number} [sandbox:moderate]")
        bench.clock.now += 1
        polled = await bench.client.get(submitted.json()["polling_url"])
        codes.add(polled.status_code)
        assert polled.json()["status"] == "Request Moderated"
    assert codes == {200, 422}


async def test_links_expire_after_ten_minutes(bench: Bench) -> None:
    ready = await bench.finished(await bench.submit("flux-dev", prompt="x"))
    link, ended = ready["result"]["sample"], ready["result"]["end_time"]
    bench.clock.now = ended + 599
    assert (await bench.client.get(link)).status_code == 200
    bench.clock.now = ended + 600
    assert (await bench.client.get(link)).status_code == 403
    assert (await bench.client.get(link.replace("sig=", "sig=0"))).status_code == 403


@pytest.mark.parametrize("headers", [BFL_HEADERS, AZURE_HEADERS, {"authorization": "Bearer x"}])
async def test_a_key_at_the_delivery_host_is_a_violation(bench: Bench, headers: dict[str, str]) -> None:
    ready = await bench.finished(await bench.submit("flux-dev", prompt="x"))
    assert (await bench.client.get(ready["result"]["sample"], headers=headers)).status_code == 400
    assert bench.summary["violations"] >= 1
    assert bench.summary["uncollected"] == 1


async def test_the_25th_active_task_is_refused(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10), active_limit=True))
    codes = [(await bench.submit("flux-dev", prompt=str(number))).status_code for number in range(26)]
    assert codes == [200] * 24 + [429] * 2
    bench.clock.now += 11
    again = await bench.submit("flux-dev", prompt="24")
    assert again.status_code == 200
    codes = [(await bench.submit("flux-kontext-max", prompt=str(number))).status_code for number in range(7)]
    assert codes == [200] * 6 + [429]


async def test_credits_run_out(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(credits=10))
    codes = [(await bench.submit("flux-pro-1.1", prompt=str(number))).status_code for number in range(3)]
    assert codes == [200, 200, 402]
    bench.sandbox.faults = Faults.none(credits=100)
    assert (await bench.submit("flux-pro-1.1", prompt="2")).status_code == 200


async def test_finetunes(bench: Bench) -> None:
    async def get(path: str, **query: str) -> httpx.Response:
        return await bench.client.get(f"{BFL}/v1/{path}", headers=BFL_HEADERS, params=query)

    (only,) = (await get("my_finetunes")).json()["finetunes"]
    assert (await get("finetune_details", finetune_id=only)).json()["finetune_details"]["trigger_word"]
    assert (await get("finetune_details")).status_code == 422
    missing = await get("finetune_details", finetune_id="no")
    assert (missing.status_code, missing.json()) == (404, {"detail": "Finetune not found or access denied"})
    deleted = await bench.submit("delete_finetune", finetune_id=only)
    assert deleted.json()["deleted_finetune_id"] == only
    assert (await get("my_finetunes")).json() == {"finetunes": []}
    assert (await bench.submit("delete_finetune", finetune_id=only)).status_code == 404


async def test_polling_needs_an_id_and_failed_polls_happen(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(poll_failures=1))
    assert (await bench.client.get(f"{BFL}/v1/get_result")).json()["detail"][0]["loc"] == ["query", "id"]
    url = (await bench.submit("flux-dev", prompt="x")).json()["polling_url"]
    codes = {(await bench.client.get(url)).status_code for _ in range(20)}
    assert codes == {502, 503}
