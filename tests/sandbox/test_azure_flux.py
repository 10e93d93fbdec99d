"""FLUX on Azure as the reference page describes it."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from fluxtui.sandbox import IN_PROCESS, Faults
from tests.sandbox.conftest import AZURE, AZURE_HEADERS, BFL_HEADERS, Bench, MakeBench

BASE = IN_PROCESS["azure"]
PROVIDER = f"{BASE}/providers/blackforestlabs/v1/flux-2-pro?api-version=preview"
KONTEXT = f"{BASE}/openai/deployments/FLUX.1-Kontext-pro/images"


def _decoded(item: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(item["b64_json"])))


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (128, 128)).save(file, "png")
    return file.getvalue()


async def test_the_image_api_answers_base64_and_filter_results(bench: Bench) -> None:
    answer = await bench.azure(prompt="a fox", size="1216x832", n=1, output_format="png")
    assert answer.status_code == 200
    (item,) = answer.json()["data"]
    assert item["url"] is None
    assert item["revised_prompt"] is None
    assert item["content_filter_results"]["violence"] == {"filtered": False, "severity": "safe"}
    picture = _decoded(item)
    assert (picture.size, picture.format) == ((1216, 832), "PNG")
    assert answer.headers["apim-request-id"]
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]
    assert bench.summary["collected"] == 1


async def test_the_provider_route_ignores_size_and_ratio_and_floors(bench: Bench) -> None:
    answer = await bench.azure(PROVIDER, model="FLUX.2-pro", prompt="x", size="512x512", aspect_ratio="16:9")
    assert _decoded(answer.json()["data"][0]).size == (1024, 1024)
    answer = await bench.azure(PROVIDER, model="FLUX.2-pro", prompt="x", width=1200, height=630, seed=4)
    body = answer.json()
    picture = _decoded(body["data"][0])
    assert (picture.size, picture.format) == ((1200, 624), "JPEG")
    assert body["request_meta"] == {"cost": 3, "input_mp": 0.0, "output_mp": 0.71, "total_pixels": 748800}
    assert set(body["data"][0]) == {"b64_json"}


@pytest.mark.parametrize(("sides", "cents"), [((1024, 1024), 3), ((1920, 768), 4.5), ((2048, 2048), 7.5)])
async def test_the_measured_costs(bench: Bench, sides: tuple[int, int], cents: float) -> None:
    answer = await bench.azure(PROVIDER, model="FLUX.2-pro", prompt="x", width=sides[0], height=sides[1])
    assert answer.json()["request_meta"]["cost"] == cents


async def test_several_pictures_at_once(bench: Bench) -> None:
    answer = await bench.azure(PROVIDER, model="FLUX.2-pro", prompt="x", num_images=2)
    first, second = answer.json()["data"]
    assert first != second


async def test_both_ways_to_send_the_key(bench: Bench) -> None:
    bearer = {"authorization": f"Bearer {AZURE_HEADERS['api-key']}"}
    assert (await bench.client.post(AZURE, headers=bearer, json={"prompt": "x"})).status_code == 200
    for headers in ({}, {"api-key": "wrong"}, {"authorization": "Bearer wrong"}):
        answer = await bench.client.post(AZURE, headers=headers, json={"prompt": "x"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "401")


@pytest.mark.parametrize(
    ("url", "body", "status", "code"),
    [
        (AZURE.partition("?")[0], {"prompt": "x"}, 404, "404"),
        (PROVIDER.partition("?")[0], {"prompt": "x", "model": "FLUX.2-pro"}, 404, "404"),
        (AZURE.replace("FLUX-1.1-pro", "FLUX.1-pro"), {"prompt": "x"}, 404, "DeploymentNotFound"),
        (PROVIDER, {"prompt": "x"}, 400, "no_model_name"),
        (PROVIDER, {"prompt": "x", "model": "flux-2-pro"}, 404, "DeploymentNotFound"),
        (PROVIDER, {"prompt": "x", "model": "FLUX.2-flex"}, 404, "DeploymentNotFound"),
        (AZURE.replace("FLUX-1.1-pro", "FLUX.2-pro"), {"prompt": "x"}, 400, "OperationNotSupported"),
        (AZURE.replace("generations", "edits"), {"prompt": "x"}, 400, "OperationNotSupported"),
        (AZURE, {}, 400, "invalid_value"),
        (AZURE, {"prompt": "x", "size": "4096x4096"}, 400, "invalid_value"),
        (AZURE, {"prompt": "x", "output_format": "webp"}, 400, "invalid_value"),
        (f"{BASE}/openai/v1/images/generations", {"prompt": "x"}, 400, "invalid_request_error"),
        (f"{BASE}/elsewhere?api-version=1", {"prompt": "x"}, 404, "404"),
        (f"{KONTEXT}/edits?api-version=preview", {"prompt": "x"}, 400, "invalid_value"),
    ],
)
async def test_errors(bench: Bench, url: str, body: dict[str, Any], status: int, code: str) -> None:
    answer = await bench.azure(url, **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]
    assert bench.summary["submissions"] == 0


async def test_the_provider_route_validates(bench: Bench) -> None:
    answer = await bench.azure(PROVIDER, model="FLUX.2-pro", prompt="x", guidance=99)
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["loc"] == ["body", "guidance"]
    answer = await bench.azure(PROVIDER, model="FLUX.2-pro", prompt="x", width=4096, height=4096)
    assert answer.json()["error"]["details"][0]["loc"] == ["body", "width"]


async def test_a_chunked_body_is_refused(bench: Bench) -> None:
    async def pieces() -> Any:
        yield b'{"prompt":"x"}'

    answer = await bench.client.post(AZURE, headers=AZURE_HEADERS, content=pieces())
    assert answer.status_code == 400
    assert answer.headers["x-ms-error-code"] == "no_content_length_header"


async def test_edits_of_kontext(bench: Bench) -> None:
    answer = await bench.client.post(
        f"{KONTEXT}/edits?api-version=preview",
        headers=AZURE_HEADERS,
        data={"prompt": "make it snow", "size": "1024x1024"},
        files={"image": ("a.png", _png(), "image/png")},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"][0]["b64_json"]


async def test_kontext_takes_an_aspect_ratio_on_the_provider_route(bench: Bench) -> None:
    url = PROVIDER.replace("flux-2-pro", "flux-kontext-pro")
    reference = base64.b64encode(_png()).decode()
    answer = await bench.azure(
        url, model="FLUX.1-Kontext-pro", prompt="x", aspect_ratio="16:9", input_image=reference, output_format="png"
    )
    width, height = _decoded(answer.json()["data"][0]).size
    assert width > height
    broken = await bench.azure(url, model="FLUX.1-Kontext-pro", prompt="x", input_image="no picture")
    assert broken.status_code == 400


async def test_filtered_prompts_and_pictures(bench: Bench) -> None:
    prompt = await bench.azure(prompt="x [sandbox:moderate]")
    assert prompt.status_code == 400
    error = prompt.json()["error"]
    assert error["code"] == "content_policy_violation"
    assert error["inner_error"]["code"] == "ResponsibleAIPolicyViolation"
    assert error["inner_error"]["content_filter_results"]["violence"]["filtered"] is True
    picture = await bench.azure(prompt="x [sandbox:content-moderate]")
    assert (picture.status_code, picture.json()["error"]["code"]) == (400, "contentFilter")
    assert bench.summary["billed_usd"] == 0


async def test_the_call_rate_is_limited(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(rpm=6, picture_bytes=2048))
    codes = [(await bench.azure(prompt=str(number))).status_code for number in range(7)]
    assert codes == [200] * 6 + [429]
    limited = await bench.azure(prompt="7")
    assert limited.headers["retry-after"] == "10"
    assert "Please retry after 10 seconds" in limited.json()["error"]["message"]
    assert limited.json()["error"]["code"] == "RateLimitReached"
    bench.clock.now += 10
    assert (await bench.azure(prompt="7")).status_code == 200


async def test_the_answer_takes_as_long_as_the_picture(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(9, 9), picture_bytes=2048))
    await bench.azure(prompt="x")
    assert bench.clock.slept == [9]


async def test_operations(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(operation_location=True, latency=(10, 10), picture_bytes=2048))
    begun = await bench.azure(prompt="x")
    assert begun.status_code == 202
    location = begun.headers["operation-location"]
    states = []
    for _ in range(3):
        answer = await bench.client.get(location, headers=AZURE_HEADERS)
        states.append(answer.json()["status"])
        bench.clock.now += 5
    assert states == ["notRunning", "running", "succeeded"]
    link = answer.json()["result"]["data"][0]["url"]
    assert bench.summary["uncollected"] == 1
    assert (await bench.client.get(link, headers=AZURE_HEADERS)).status_code == 400
    assert bench.summary["violations"] == 1
    assert (await bench.client.get(link)).headers["content-type"] == "image/jpeg"
    assert bench.summary["uncollected"] == 0
    assert (await bench.client.get(location)).status_code == 401
    failed = await bench.azure(prompt="x [sandbox:content-moderate]")
    bench.clock.now += 10
    answer = await bench.client.get(failed.headers["operation-location"], headers=AZURE_HEADERS)
    assert answer.json()["status"] == "failed"


async def test_a_key_of_another_service_is_a_violation(bench: Bench) -> None:
    await bench.client.post(AZURE, headers={"api-key": BFL_HEADERS["x-key"]}, json={"prompt": "x"})
    assert bench.summary["violations"] == 1
