"""OpenAI as the reference page describes it: pictures, edits, models, chat completions."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from fluxtui.sandbox import IN_PROCESS, Faults, environment
from fluxtui.sandbox.openai_models import IMAGE_MODELS
from tests.sandbox.conftest import Bench, Clock, MakeBench

VARIABLES = environment(IN_PROCESS)
BASE = VARIABLES["OPENAI_BASE_URL"]
HEADERS = {"authorization": f"Bearer {VARIABLES['OPENAI_API_KEY']}"}
NOVEMBER_2026 = 1_795_132_800.0


async def _make(bench: Bench, model: str = "gpt-image-2", **body: Any) -> httpx.Response:
    return await bench.client.post(f"{BASE}/images/generations", headers=HEADERS, json={"model": model, **body})


async def _edit(
    bench: Bench, files: list[tuple[str, bytes]], model: str = "gpt-image-2", **data: str
) -> httpx.Response:
    sent = [(name, (f"{name}.png", content, "image/png")) for name, content in files]
    return await bench.client.post(
        f"{BASE}/images/edits", headers=HEADERS, data={"model": model, "prompt": "make it snow", **data}, files=sent
    )


async def _chat(bench: Bench, **body: Any) -> httpx.Response:
    full = {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "Rate this. Prompt: a fox"}], **body}
    return await bench.client.post(f"{BASE}/chat/completions", headers=HEADERS, json=full)


def _picture(mode: str = "RGB", side: int = 64, kind: str = "png") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (side, side)).save(file, kind)
    return file.getvalue()


def _error(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return answer.status_code, error["code"], error["param"]


def _opened(answer: httpx.Response, number: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(answer.json()["data"][number]["b64_json"])))


# -- pictures -----------------------------------------------------------------------------------


async def test_pictures_come_as_base64_with_what_auto_became_and_the_tokens(bench: Bench) -> None:
    answer = await _make(bench, prompt="a red fox", n=2, size="1536x1024", quality="high", output_format="webp")
    body = answer.json()
    assert answer.status_code == 200
    assert [set(item) for item in body["data"]] == [{"b64_json"}, {"b64_json"}]
    assert (_opened(answer).size, _opened(answer, 1).format) == ((1536, 1024), "WEBP")
    assert body["data"][0] != body["data"][1]
    assert (body["quality"], body["size"], body["background"]) == ("high", "1536x1024", "opaque")
    usage = body["usage"]
    assert usage["output_tokens"] == 2 * 5488
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert answer.headers["x-request-id"].startswith("req_")
    assert {"openai-processing-ms", "openai-version", "x-ratelimit-remaining-requests"} <= set(answer.headers)
    assert (bench.summary["collected"], bench.summary["uncollected"]) == (1, 0)
    cost = 2 * 5488 * 30 + usage["input_tokens"] * 5
    assert bench.summary["billed_usd"] == pytest.approx(cost / 1e6)


@pytest.mark.parametrize(
    ("model", "quality", "size", "tokens"),
    [
        ("gpt-image-2", "low", (1024, 1024), 196),
        ("gpt-image-2", "medium", (1024, 1024), 1756),
        ("gpt-image-2", "high", (1024, 1024), 7024),
        ("gpt-image-2", "high", (1536, 1024), 5488),
        ("gpt-image-2", "high", (1792, 1024), 5063),
        ("gpt-image-2", "high", (3584, 2048), 12329),
        ("gpt-image-2.5-flare", "medium", (1024, 1024), 439),
        ("gpt-image-2.5-sunburst", "xhigh", (1024, 1024), 3122),
        ("gpt-image-2.5-sunburst", "max", (1024, 1024), 7024),
        ("gpt-image-1.5", "high", (1024, 1536), 6240),
    ],
)
def test_the_published_tokens(model: str, quality: str, size: tuple[int, int], tokens: int) -> None:
    assert IMAGE_MODELS[model].output_tokens(quality, *size) == tokens


async def test_auto_never_appears_in_an_answer(bench: Bench) -> None:
    for number in range(8):
        body = (await _make(bench, "gpt-image-2.5-flare", prompt=f"fox {number}", quality="auto", size="auto")).json()
        assert body["quality"] in ("low", "medium", "high", "xhigh", "max")
        assert body["size"] in ("1024x1024", "1536x1024", "1024x1536")


async def test_a_transparent_background(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none())
    answer = await _make(bench, prompt="a fox", size="1024x1024", quality="low", background="transparent")
    assert _opened(answer).mode == "RGBA"
    assert answer.json()["background"] == "transparent"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_required_parameter", "prompt"),
        ({"prompt": "x" * 32_001}, "string_above_max_length", "prompt"),
        ({"prompt": 4}, "invalid_type", "prompt"),
        ({"prompt": "x", "response_format": "b64_json"}, "unknown_parameter", "response_format"),
        ({"prompt": "x", "style": "vivid"}, "unknown_parameter", "style"),
        ({"prompt": "x", "seed": 4}, "unknown_parameter", "seed"),
        ({"prompt": "x", "input_fidelity": "high"}, "unknown_parameter", "input_fidelity"),
        ({"prompt": "x", "complexity": "low"}, "unknown_parameter", "complexity"),
        ({"prompt": "x", "n": 11}, "integer_above_max_value", "n"),
        ({"prompt": "x", "n": 0}, "integer_below_min_value", "n"),
        ({"prompt": "x", "n": "2"}, "invalid_type", "n"),
        ({"prompt": "x", "size": "4096x4096"}, "invalid_value", "size"),
        ({"prompt": "x", "size": "576x1024"}, "invalid_value", "size"),
        ({"prompt": "x", "size": "1000x1000"}, "invalid_value", "size"),
        ({"prompt": "x", "size": "3840x3840"}, "invalid_value", "size"),
        ({"prompt": "x", "size": "3840x1024"}, "invalid_value", "size"),
        ({"prompt": "x", "size": "large"}, "invalid_value", "size"),
        ({"prompt": "x", "quality": "hd"}, "invalid_value", "quality"),
        ({"prompt": "x", "quality": "max"}, "invalid_value", "quality"),
        ({"prompt": "x", "output_format": "jpg"}, "invalid_value", "output_format"),
        ({"prompt": "x", "output_format": "gif"}, "invalid_value", "output_format"),
        ({"prompt": "x", "output_compression": 50}, "invalid_value", "output_compression"),
        ({"prompt": "x", "background": "transparent", "output_format": "jpeg"}, "invalid_value", "background"),
        ({"prompt": "x", "moderation": "off"}, "invalid_value", "moderation"),
        ({"prompt": "x", "partial_images": 2}, "invalid_value", "partial_images"),
        ({"prompt": "x", "stream": True, "partial_images": 4}, "integer_above_max_value", "partial_images"),
        ({"prompt": "x", "svg": {}}, "invalid_value", "svg"),
    ],
)
async def test_what_is_refused(bench: Bench, body: dict[str, Any], code: str, param: str) -> None:
    assert _error(await _make(bench, **body)) == (400, code, param)
    assert bench.summary["submissions"] == 0


async def test_the_models_of_fixed_sizes(make_bench: MakeBench) -> None:
    bench = make_bench(clock=Clock(NOVEMBER_2026))
    assert (await _make(bench, "gpt-image-1.5", prompt="x", size="1024x1536", quality="low")).status_code == 200
    assert _error(await _make(bench, "gpt-image-1.5", prompt="x", size="2048x2048"))[2] == "size"


@pytest.mark.parametrize("model", ["dall-e-3", "dall-e-2", "gpt-image-1"])
async def test_retired_models_are_a_400(bench: Bench, model: str) -> None:
    answer = await _make(bench, model, prompt="x")
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, f"The model '{model}' does not exist.")


async def test_models_retire_on_their_day(make_bench: MakeBench) -> None:
    clock = Clock(NOVEMBER_2026)
    bench = make_bench(clock=clock)

    async def listed() -> dict[str, str | None]:
        answer = await bench.client.get(f"{BASE}/models", headers=HEADERS)
        return {model["id"]: model["shutdown_date"] for model in answer.json()["data"]}

    assert (await listed())["gpt-image-1.5"] == "2026-12-01"
    assert (await listed())["gpt-image-2"] is None
    assert "dall-e-3" not in await listed()
    clock.now += 12 * 86_400
    assert "gpt-image-1.5" not in await listed()
    assert _error(await _make(bench, "gpt-image-1.5", prompt="x"))[0] == 400


async def test_models_one_by_one(bench: Bench) -> None:
    known = await bench.client.get(f"{BASE}/models/gpt-image-2", headers=HEADERS)
    assert known.json()["object"] == "model"
    unknown = await bench.client.get(f"{BASE}/models/gpt-image-9", headers=HEADERS)
    assert _error(unknown) == (404, "model_not_found", None)
    assert _error(await _make(bench, "gpt-image-9", prompt="x")) == (404, "model_not_found", None)


async def test_historic_mode_brings_dalle_back(make_bench: MakeBench, tmp_path: Path) -> None:
    state, clock = tmp_path / "state.jsonl", Clock()
    bench = make_bench(Faults.none(historic=True, picture_bytes=4096), state=state, clock=clock)
    answer = await _make(bench, "dall-e-3", prompt="a fox", size="1792x1024", quality="hd", style="natural")
    (item,) = answer.json()["data"]
    assert set(answer.json()) == {"created", "data"}
    assert item["revised_prompt"].startswith("a fox")
    assert (bench.summary["billed_usd"], bench.summary["uncollected"]) == (0.12, 1)
    assert (await bench.client.get(item["url"], headers=HEADERS)).status_code == 400
    assert bench.summary["violations"] == 1
    again = make_bench(Faults.none(picture_bytes=4096), state=state, clock=clock)  # the links outlive the process
    picture = await again.client.get(item["url"])
    assert Image.open(io.BytesIO(picture.content)).size == (1792, 1024)
    assert again.summary["uncollected"] == 0
    clock.now += 3600
    assert (await bench.client.get(item["url"])).status_code == 403
    assert (await bench.client.get(item["url"].replace("img-", "mig-"))).status_code == 404
    inline = await _make(bench, "dall-e-3", prompt="a fox", response_format="b64_json")
    assert _opened(inline).size == (1024, 1024)
    for wrong in ({"n": 2}, {"size": "512x512"}, {"quality": "high"}, {"style": "calm"}, {"background": "opaque"}):
        assert _error(await _make(bench, "dall-e-3", prompt="x", **wrong))[0] == 400
    assert _error(await _edit(bench, [("image", _picture())], "dall-e-3"))[0] == 400


# -- streams ------------------------------------------------------------------------------------


async def test_a_stream_with_partial_pictures(bench: Bench) -> None:
    answer = await _make(bench, prompt="a fox", stream=True, partial_images=2, size="1024x1024", quality="medium")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    kinds = [lines[0].removeprefix("event: ") for lines in events]
    data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event["type"] for event in data] == kinds
    assert [event.get("partial_image_index") for event in data] == [0, 1, None]
    assert data[-1]["usage"]["output_tokens"] == 1756 + 200
    assert bench.summary["collected"] == 1
    quick = await _make(bench, prompt="a fox", stream=True, partial_images=3, quality="low")
    assert quick.text.count("partial_image_index") == 1


# -- edits --------------------------------------------------------------------------------------


async def test_an_edit_with_several_pictures(bench: Bench) -> None:
    pictures = [("image[]", _picture()), ("image[]", _picture(kind="jpeg")), ("image[]", _picture(kind="webp"))]
    answer = await _edit(bench, pictures, size="1024x1024", n="2", quality="low")
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == 2
    assert answer.json()["usage"]["input_tokens_details"]["image_tokens"] > 0
    streamed = await _edit(bench, [("image", _picture())], stream="true")
    assert "event: image_edit.completed" in streamed.text


@pytest.mark.parametrize(
    ("files", "data", "code"),
    [
        ([], {}, "unsupported_content_type"),
        ([("image", b"no picture")], {}, "invalid_image_file"),
        ([("image", _picture(kind="gif", mode="L"))], {}, "invalid_image_file"),
        ([("image", _picture())] * 17, {}, "invalid_value"),
        ([("image", _picture())], {"input_fidelity": "high"}, "invalid_input_fidelity_model"),
        ([("image", _picture()), ("mask", _picture())], {}, "invalid_value"),
        ([("image", _picture()), ("mask", _picture("RGBA", 32))], {}, "invalid_value"),
        ([("image", _picture()), ("markup", _picture("RGBA"))], {}, "invalid_value"),
        ([("image", _picture())], {"n": "many"}, "invalid_type"),
        ([("mask", _picture("RGBA"))], {}, "missing_required_parameter"),
    ],
)
async def test_edits_that_are_refused(
    bench: Bench, files: list[tuple[str, bytes]], data: dict[str, str], code: str
) -> None:
    assert _error(await _edit(bench, files, **data))[:2] == (400, code)


async def test_masks_and_markup_where_they_belong(bench: Bench) -> None:
    pair = [("image", _picture()), ("mask", _picture("RGBA"))]
    assert (await _edit(bench, pair)).status_code == 200
    marked = [("image", _picture()), ("markup", _picture("RGBA"))]
    assert (await _edit(bench, marked, "gpt-image-2.5-sunburst")).status_code == 200


# -- refusals and faults ------------------------------------------------------------------------


async def test_moderation_at_both_stages(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(7, 7), picture_bytes=4096))
    early = await _make(bench, prompt="x [sandbox:moderate]")
    assert _error(early)[:2] == (400, "moderation_blocked")
    details = early.json()["error"]["moderation_details"]
    assert details["moderation_stage"] == "input"
    assert early.headers["x-request-id"] in early.json()["error"]["message"]
    assert bench.clock.slept == []
    late = await _make(bench, prompt="x [sandbox:content-moderate]")
    assert late.json()["error"]["moderation_details"]["moderation_stage"] == "output"
    assert bench.clock.slept == [7]
    assert (bench.summary["moderated"], bench.summary["billed_usd"]) == (1, 0)
    old = await _make(bench, prompt="x [sandbox:moderate=content_policy_violation]")
    assert _error(old)[:2] == (400, "content_policy_violation")


async def test_keys(bench: Bench) -> None:
    url, body = f"{BASE}/images/generations", {"model": "gpt-image-2", "prompt": "x"}
    assert _error(await bench.client.post(url, json=body)) == (401, None, None)
    wrong = await bench.client.post(url, json=body, headers={"authorization": "Bearer sk-0123456789abcdef"})
    assert _error(wrong) == (401, "invalid_api_key", None)
    assert "0123456789" not in wrong.text
    other = {"authorization": f"Bearer {VARIABLES['BFL_FLUX_API_KEY']}"}
    await bench.client.post(url, json=body, headers=other)
    assert bench.summary["violations"] == 1


async def test_an_organization_that_is_not_verified(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(unverified=True))
    assert _error(await _make(bench, prompt="x")) == (403, None, None)
    assert (await bench.client.get(f"{BASE}/models/gpt-image-2", headers=HEADERS)).status_code == 200


async def test_pictures_a_minute_count_what_is_sent_along(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(images_per_minute=5, picture_bytes=4096))
    assert (await _edit(bench, [("image", _picture())] * 2, n="2", size="1024x1024")).status_code == 200
    limited = await _make(bench, prompt="x", n=2)
    assert _error(limited)[:2] == (429, "rate_limit_exceeded")
    assert "on input-images per min: Limit 5, Used 4, Requested 2" in limited.json()["error"]["message"]
    assert limited.headers["retry-after"] == "12"
    bench.clock.now += 12
    assert (await _make(bench, prompt="x", n=2)).status_code == 200
    for _ in range(3):  # more than a minute's worth can never be had
        bench.clock.now += 600
        assert (await _make(bench, prompt="x", n=6)).status_code == 429


async def test_requests_a_minute_and_their_headers(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(rpm=2, picture_bytes=4096))
    answers = [await _make(bench, prompt=str(number)) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["1", "0", "0"]
    assert answers[0].headers["x-ratelimit-reset-requests"] == "30s"


async def test_markers_of_trouble(bench: Bench) -> None:
    assert (await _make(bench, prompt="[sandbox:500]")).status_code == 503
    assert (await _make(bench, prompt="[sandbox:error]")).status_code == 500
    assert (await _make(bench, prompt="[sandbox:429]")).headers["retry-after-ms"] == "1000"
    assert _error(await _make(bench, prompt="[sandbox:quota]"))[:2] == (400, "billing_hard_limit_reached")
    with pytest.raises(httpx.ReadError):
        await _make(bench, prompt="[sandbox:reset]")
    assert bench.summary["unanswered"] == 1
    with pytest.raises(httpx.ReadError):
        await _make(bench, prompt="[sandbox:cut]")
    assert bench.summary["uncollected"] == 2
    assert (await _make(bench, prompt="[sandbox:no-image]")).json()["data"] == []
    assert "<html>" in (await _make(bench, prompt="[sandbox:html]")).text
    assert base64.b64decode((await _make(bench, prompt="[sandbox:bomb]")).json()["data"][0]["b64_json"])


async def test_the_money_that_may_be_spent(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(services={"openai": {"credits": 5}}, picture_bytes=4096))
    codes = [(await _make(bench, prompt=f"{n}", quality="medium", size="1024x1024")).status_code for n in range(2)]
    assert codes == [200, 400]
    assert _error(await _chat(bench)) == (429, "insufficient_quota", None)


async def test_other_paths(bench: Bench) -> None:
    wrong = await bench.client.post(f"{BASE}/pictures", headers=HEADERS, json={})
    assert _error(wrong) == (404, "unknown_url", None)
    variations = await bench.client.post(f"{BASE}/images/variations", headers=HEADERS)
    assert variations.status_code == 400
    broken = await bench.client.post(f"{BASE}/images/generations", headers=HEADERS, content=b"[")
    assert broken.status_code == 400


# -- chat ---------------------------------------------------------------------------------------

VERDICT = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}, "why": {"type": "string"}},
    "required": ["score", "why"],
    "additionalProperties": False,
}


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": schema}}


def _message(picture: bytes) -> list[dict[str, Any]]:
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    parts = [{"type": "text", "text": "Score it. Prompt: a fox"}, {"type": "image_url", "image_url": {"url": url}}]
    return [{"role": "system", "content": "You judge pictures."}, {"role": "user", "content": parts}]


async def test_a_judge_answers_to_the_schema_and_always_the_same(bench: Bench) -> None:
    bodies = []
    for picture in (_picture(), _picture(), _picture(side=80)):
        answer = await _chat(bench, messages=_message(picture), response_format=_strict(VERDICT))
        bodies.append(answer.json())
    first, same, other = [body["choices"][0]["message"]["content"] for body in bodies]
    assert first == same
    assert set(json.loads(other)) == {"score", "why"}
    assert bodies[0]["usage"]["prompt_tokens"] > 4
    assert bodies[0]["choices"][0]["finish_reason"] == "stop"
    assert bench.summary["accepted"] == 3
    assert (bench.summary["delivered"], bench.summary["uncollected"], bench.summary["unanswered"]) == (0, 0, 0)
    assert bench.summary["billed_usd"] > 0
    assert bench.summary["duplicates_billed"] == 1


async def test_thinking_comes_before_the_answer(bench: Bench) -> None:
    short = (await _chat(bench, max_completion_tokens=16)).json()
    assert (short["choices"][0]["message"]["content"], short["choices"][0]["finish_reason"]) == ("", "length")
    assert short["usage"]["completion_tokens"] == 16
    cut = await _chat(bench, max_completion_tokens=40, response_format=_strict(VERDICT))
    assert cut.json()["choices"][0]["finish_reason"] == "length"
    with pytest.raises(ValueError, match=r"Unterminated|delimiter|Expecting"):
        json.loads(cut.json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"model": "gpt-9"}, 404, "model_not_found", None),
        ({"model": None}, 400, "missing_required_parameter", "model"),
        ({"messages": []}, 400, "missing_required_parameter", "messages"),
        ({"max_tokens": 100}, 400, "unsupported_parameter", "max_tokens"),
        ({"temperature": 0.2}, 400, "unsupported_value", "temperature"),
        ({"prompt": "x"}, 400, None, None),
        ({"response_format": {"type": "json"}}, 400, "invalid_value", "response_format.type"),
        ({"response_format": "json"}, 400, "invalid_type", "response_format"),
        ({"response_format": {"type": "json_object"}}, 400, None, "messages"),
        ({"response_format": _strict({"type": "object", "properties": {}})}, 400, None, "response_format"),
        ({"response_format": _strict({**VERDICT, "required": ["why"]})}, 400, None, "response_format"),
        ({"messages": _message(b"no picture")}, 400, "invalid_image_format", None),
        ({"messages": [{"content": "x"}]}, 400, "missing_required_parameter", "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, 400, "invalid_value", None),
    ],
)
async def test_chat_requests_that_are_refused(
    bench: Bench, body: dict[str, Any], status: int, code: str | None, param: str | None
) -> None:
    answer = await _chat(bench, **body)
    got = _error(answer)
    assert got[:2] == (status, code)
    assert param is None or got[2] == param


async def test_older_models_take_what_newer_ones_do_not(bench: Bench) -> None:
    answer = await _chat(bench, model="gpt-4o", max_tokens=500, temperature=0)
    assert answer.json()["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


async def test_a_judge_that_declines(bench: Bench) -> None:
    def asked(marker: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": f"Rate this [sandbox:{marker}]"}]

    declined = (await _chat(bench, messages=asked("refuse-answer"))).json()["choices"][0]
    assert declined["message"]["content"] is None
    assert declined["message"]["refusal"]
    filtered = (await _chat(bench, messages=asked("content-moderate"))).json()["choices"][0]
    assert filtered["finish_reason"] == "content_filter"
    assert _error(await _chat(bench, messages=asked("moderate"))) == (400, "invalid_prompt", None)
    cut = (await _chat(bench, messages=asked("truncate"))).json()["choices"][0]
    assert cut["finish_reason"] == "length"


async def test_a_streamed_chat(bench: Bench) -> None:
    answer = await _chat(bench, stream=True)
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    text = "".join(json.loads(line)["choices"][0]["delta"].get("content", "") for line in lines[:-1])
    whole = (await _chat(bench)).json()["choices"][0]["message"]["content"]
    assert text == whole
