"""fal.ai in the sandbox: the queue's URLs and statuses, where failures show, what links are good for."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from fluxtui.sandbox import IN_PROCESS, Faults
from tests.sandbox.conftest import VARIABLES, Bench, Clock, MakeBench

QUEUE = VARIABLES["FAL_QUEUE_URL"]
RUN = IN_PROCESS["fal-run"]
HEADERS = {"authorization": f"Key {VARIABLES['FAL_AI_API_KEY']}"}
SCHNELL = "fal-ai/flux/schnell"


async def _submit(bench: Bench, model: str = SCHNELL, **body: Any) -> httpx.Response:
    headers = {**HEADERS, **body.pop("headers", {})}
    return await bench.client.post(f"{QUEUE}/{model}", headers=headers, json={"prompt": "a fox", **body})


async def _get(bench: Bench, url: str) -> httpx.Response:
    return await bench.client.get(url, headers=HEADERS)


async def _result(bench: Bench, submitted: httpx.Response) -> httpx.Response:
    bench.clock.now += 60
    return await _get(bench, submitted.json()["response_url"])


async def test_a_request_from_the_queue_to_the_picture(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10), picture_bytes=20_000))
    submitted = await _submit(bench, seed=7)
    ticket = submitted.json()
    assert (submitted.status_code, ticket["status"], ticket["queue_position"]) == (200, "IN_QUEUE", 0)
    base = f"{QUEUE}/fal-ai/flux/requests/{ticket['request_id']}"
    assert ticket["response_url"] == base, "the path of the model is no part of it"
    assert (ticket["status_url"], ticket["cancel_url"]) == (f"{base}/status", f"{base}/cancel")
    queued = await _get(bench, ticket["status_url"])
    assert (queued.status_code, queued.json()["status"], queued.json()["queue_position"]) == (202, "IN_QUEUE", 0)
    bench.clock.now += 5
    running = await _get(bench, f"{ticket['status_url']}?logs=1")
    assert (running.status_code, running.json()["status"]) == (202, "IN_PROGRESS")
    assert running.json()["logs"][0]["level"] == "INFO"
    assert "queue_position" not in running.json()
    early = await _get(bench, ticket["response_url"])
    assert (early.status_code, early.json()) == (400, {"detail": "Request is still in progress"})
    bench.clock.now += 6
    done = await _get(bench, ticket["status_url"])
    assert (done.status_code, done.json()["status"], done.json()["logs"]) == (200, "COMPLETED", None)
    result = await _get(bench, ticket["response_url"])
    body = result.json()
    assert (body["seed"], body["has_nsfw_concepts"], body["prompt"]) == (7, [False], "a fox")
    assert result.headers["x-fal-request-id"] == ticket["request_id"]
    assert float(result.headers["x-fal-billable-units"]) == 1
    assert (await _get(bench, f"{base}/response")).json() == body
    image = body["images"][0]
    assert (image["width"], image["height"], image["content_type"]) == (1024, 768, "image/jpeg")
    picture = await bench.client.get(image["url"])
    assert len(picture.content) == 20_000
    assert bench.summary["collected"] == 1
    assert bench.summary["billed_usd"] == 0.003
    assert bench.summary["violations"] == 0


async def test_urls_with_the_models_path_lead_nowhere(bench: Bench) -> None:
    ticket = (await _submit(bench)).json()
    for what in ("", "/status"):
        wrong = await _get(bench, f"{QUEUE}/{SCHNELL}/requests/{ticket['request_id']}{what}")
        assert wrong.status_code == 404
    workflow = (await _submit(bench, "workflows/acme/poster/v2")).json()
    assert workflow["status_url"].startswith(f"{QUEUE}/workflows/acme/poster/requests/")


async def test_what_a_model_complains_about_is_seen_at_the_result(bench: Bench) -> None:
    submitted = await _submit(bench, num_inference_steps=99, num_images=9, image_size="huge", seed="x")
    assert submitted.status_code == 200
    bench.clock.now += 60
    status = await _get(bench, submitted.json()["status_url"])
    assert (status.status_code, status.json()["status"]) == (200, "COMPLETED")
    assert "error" not in status.json()
    result = await _get(bench, submitted.json()["response_url"])
    assert result.status_code == 422
    told = {item["loc"][-1]: item for item in result.json()["detail"]}
    assert told["num_inference_steps"]["type"] == "less_than_equal"
    assert told["num_inference_steps"]["ctx"] == {"le": 12}
    assert told["num_inference_steps"]["url"] == "https://docs.fal.ai/errors#less_than_equal"
    assert told["image_size"]["type"] == "one_of"
    assert told["seed"]["type"] == "int_parsing"
    assert result.headers["x-fal-error-type"]
    assert bench.summary["billed_usd"] == 0


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        ({"width": 20_000, "height": 64}, "less_than_equal"),
        ({"width": 0}, "greater_than"),
        ({"width": 9000, "height": 9000}, "image_too_large"),
        ({"width": "x"}, "int_type"),
        (7, "value_error"),
    ],
)
async def test_sizes_that_do_not_work(bench: Bench, size: object, kind: str) -> None:
    result = await _result(bench, await _submit(bench, image_size=size))
    assert (result.status_code, result.json()["detail"][0]["type"]) == (422, kind)


@pytest.mark.parametrize(
    ("model", "body", "size", "dollars"),
    [
        (SCHNELL, {"image_size": {"width": 1536, "height": 1024}}, (1536, 1024), 0.006),
        (SCHNELL, {"image_size": {}}, (1024, 768), 0.003),
        (SCHNELL, {"image_size": {"width": 640}}, (640, 512), 0.003),
        ("fal-ai/flux/dev", {"num_images": 2}, (1024, 768), 0.05),
        ("fal-ai/flux-lora", {"loras": [{"path": "someone/some-lora"}]}, (1024, 768), 0.035),
        ("fal-ai/flux-pro/v1.1", {"safety_tolerance": "5"}, (1024, 768), 0.04),
        ("fal-ai/flux-pro/v1.1-ultra", {"aspect_ratio": "21:9"}, (3136, 1344), 0.06),
        ("fal-ai/fast-sdxl", {"negative_prompt": "blur", "format": "png"}, (1024, 1024), 0.0025),
        ("fal-ai/recraft-v3", {"style": "any"}, (1024, 768), 0.03),
        ("acme/private-app", {}, (1024, 768), 0.03),
    ],
)
async def test_models_sizes_and_prices(
    bench: Bench, model: str, body: dict[str, Any], size: tuple[int, int], dollars: float
) -> None:
    result = (await _result(bench, await _submit(bench, model, **body))).json()
    assert (result["images"][0]["width"], result["images"][0]["height"]) == size
    assert bench.summary["billed_usd"] == dollars
    assert len(result["images"]) == body.get("num_images", 1) == len(result["has_nsfw_concepts"])


async def test_the_fields_that_models_spell_differently(bench: Bench) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("fal-ai/flux-pro/v1.1", {"safety_tolerance": 5}, "string_type"),
        ("fal-ai/flux-pro/v1.1-ultra", {"aspect_ratio": "5:4"}, "one_of"),
        ("fal-ai/fast-sdxl", {"format": "webp"}, "one_of"),
        ("fal-ai/flux-lora", {"loras": [{"path": "someone/missing"}]}, "file_download_error"),
        ("fal-ai/flux-lora", {"loras": [{}]}, "missing"),
        ("fal-ai/flux-lora", {"loras": "x"}, "list_type"),
    ]
    for model, body, kind in wrong:
        result = await _result(bench, await _submit(bench, model, **body))
        assert (result.status_code, result.json()["detail"][0]["type"]) == (422, kind)
    unknown = await _result(bench, await _submit(bench, output_formt="png"))
    assert unknown.status_code == 200, "a typo in a field's name is silent"


async def test_applications_that_do_not_exist(bench: Bench) -> None:
    nowhere = await _submit(bench, "fal-ai/no-such-model")
    assert (nowhere.status_code, nowhere.json()) == (404, {"detail": "Application 'no-such-model' not found"})
    taken = await _submit(bench, "fal-ai/flux/schnel")
    assert taken.status_code == 200, "the queue does not know the paths inside an application"
    result = await _result(bench, taken)
    assert (result.status_code, result.json()) == (404, {"detail": "Path /schnel not found"})
    assert (await bench.client.post(f"{QUEUE}/single", headers=HEADERS, json={})).status_code == 404
    assert (await bench.client.get(f"{QUEUE}/{SCHNELL}", headers=HEADERS)).status_code == 405


async def test_keys(bench: Bench) -> None:
    async def detail(headers: dict[str, str]) -> tuple[int, str]:
        answer = await bench.client.post(f"{QUEUE}/{SCHNELL}", headers=headers, json={"prompt": "x"})
        return answer.status_code, answer.json()["detail"]

    assert (await detail({}))[0] == 401
    assert (await detail({"authorization": f"Bearer {VARIABLES['FAL_AI_API_KEY']}"}))[0] == 401
    assert await detail({"authorization": "Key a:b"}) == (401, "No user found for Key ID and Secret")
    assert (await detail({"authorization": "Key ab"}))[1].startswith("Invalid Key Authorization header format")


async def test_refused_prompts_are_seen_at_the_result(bench: Bench) -> None:
    submitted = await _submit(bench, prompt="x [sandbox:moderate]")
    assert submitted.status_code == 200
    result = await _result(bench, submitted)
    assert (result.status_code, result.json()["detail"][0]["type"]) == (422, "content_policy_violation")
    assert result.json()["detail"][0]["loc"] == ["body", "prompt"]
    assert bench.summary["moderated"] == 1


async def test_black_frames_are_billed_successes(bench: Bench) -> None:
    from io import BytesIO

    from PIL import Image

    result = await _result(bench, await _submit(bench, prompt="x [sandbox:content-moderate=1]", num_images=2))
    body = result.json()
    assert (result.status_code, body["has_nsfw_concepts"]) == (200, [True, False])
    black = await bench.client.get(body["images"][0]["url"])
    with Image.open(BytesIO(black.content)) as picture:
        assert picture.size == (1024, 768)
        assert picture.convert("RGB").getextrema() == ((0, 0), (0, 0), (0, 0))
    await _result(bench, await _submit(bench, prompt="y [sandbox:content-moderate]"))
    assert bench.summary["moderated"] == 1
    assert bench.summary["billed_usd"] == 0.009
    unchecked = await _result(
        bench, await _submit(bench, prompt="z [sandbox:content-moderate]", enable_safety_checker=False)
    )
    assert unchecked.json()["has_nsfw_concepts"] == [False]
    newer = await _result(bench, await _submit(bench, "fal-ai/flux-2-pro", prompt="z [sandbox:content-moderate]"))
    assert (newer.status_code, newer.json()["detail"][0]["type"]) == (422, "no_media_generated")


async def test_failures_are_completed(bench: Bench) -> None:
    seen = set()
    for seed in range(12):
        submitted = await _submit(bench, prompt="x [sandbox:error]", seed=seed)
        bench.clock.now += 60
        status = await _get(bench, submitted.json()["status_url"])
        assert (status.status_code, status.json()["status"]) == (200, "COMPLETED")
        result = await _get(bench, submitted.json()["response_url"])
        seen.add((result.status_code, status.json().get("error_type")))
        assert result.headers["x-fal-retryable"] == "true"
    assert seen == {(503, "runner_disconnected"), (500, None)}
    assert bench.summary["failed"] == 12


async def test_results_are_kept_for_an_hour_and_large_ones_for_six_minutes(bench: Bench) -> None:
    linked, inline = await _submit(bench), await _submit(bench, sync_mode=True)
    url = (await _result(bench, linked)).json()["images"][0]["url"]
    data = (await _get(bench, inline.json()["response_url"])).json()["images"][0]["url"]
    head, _, encoded = data.partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(encoded).startswith(b"\xff\xd8")
    bench.clock.now += 360
    assert (await _get(bench, inline.json()["response_url"])).status_code == 404
    assert (await _get(bench, linked.json()["response_url"])).status_code == 200
    bench.clock.now += 3600
    assert (await _get(bench, linked.json()["status_url"])).status_code == 404
    assert (await bench.client.get(url)).status_code == 200, "files outlive their results"
    bench.clock.now += 7 * 24 * 3600
    assert (await bench.client.get(url)).status_code == 404


async def test_the_client_chooses_how_long_files_live(bench: Bench) -> None:
    preference = {"x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 90}'}
    result = await _result(bench, await _submit(bench, headers=preference))
    url = result.json()["images"][0]["url"]
    assert (await bench.client.get(url)).status_code == 200
    bench.clock.now += 90
    assert (await bench.client.get(url)).status_code == 404


async def test_cancelling(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10)))
    ticket = (await _submit(bench)).json()
    bench.clock.now += 5
    first = await bench.client.put(ticket["cancel_url"], headers=HEADERS)
    assert (first.status_code, first.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    again = await bench.client.put(ticket["cancel_url"], headers=HEADERS)
    assert (again.status_code, again.json()) == (400, {"status": "ALREADY_COMPLETED"})
    status = (await _get(bench, ticket["status_url"])).json()
    assert (status["status"], status["error_type"]) == ("COMPLETED", "client_cancelled")
    assert (await _get(bench, ticket["response_url"])).status_code == 499
    unknown = await bench.client.put(f"{QUEUE}/fal-ai/flux/requests/none/cancel", headers=HEADERS)
    assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})
    assert (await _get(bench, ticket["cancel_url"])).status_code == 405
    assert bench.summary["billed_usd"] == 0
    assert bench.summary["uncollected"] == 0


async def test_only_work_under_way_takes_places(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10), concurrency=2))
    tickets = [(await _submit(bench, seed=seed)).json() for seed in range(5)]
    bench.clock.now += 1

    async def statuses() -> list[str]:
        return [(await _get(bench, ticket["status_url"])).json()["status"] for ticket in tickets]

    assert await statuses() == ["IN_PROGRESS"] * 2 + ["IN_QUEUE"] * 3
    assert (await _get(bench, tickets[4]["status_url"])).json()["queue_position"] == 2
    busy = await bench.client.post(f"{RUN}/{SCHNELL}", headers=HEADERS, json={"prompt": "x"})
    assert busy.status_code == 429, "only the synchronous host refuses for lack of a place"
    await bench.client.put(tickets[0]["cancel_url"], headers=HEADERS)
    assert await statuses() == ["COMPLETED", "IN_PROGRESS", "IN_PROGRESS", "IN_QUEUE", "IN_QUEUE"]
    bench.clock.now += 9.2
    assert (await statuses())[1:4] == ["COMPLETED", "IN_PROGRESS", "IN_PROGRESS"]
    bench.clock.now += 60
    assert set(await statuses()) == {"COMPLETED"}


async def test_who_waits_too_long_for_its_start(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(10, 10), concurrency=1))
    await _submit(bench)
    ticket = (await _submit(bench, seed=2, headers={"x-fal-request-timeout": "3"})).json()
    bench.clock.now += 5
    status = (await _get(bench, ticket["status_url"])).json()
    assert (status["status"], status["error_type"]) == ("COMPLETED", "request_timeout")
    result = await _get(bench, ticket["response_url"])
    assert (result.status_code, result.headers["x-fal-request-timeout-type"]) == (504, "user")
    assert bench.summary["failed"] == 1
    assert bench.summary["billed_usd"] == 0.003


async def test_the_account_is_locked_in_mid_batch(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(credits=5))
    codes = [(await _submit(bench, "fal-ai/flux/dev", seed=seed)).status_code for seed in range(4)]
    assert codes == [200, 200, 403, 403]
    locked = await _submit(bench)
    assert locked.json()["detail"].startswith("User is locked. Reason: Exhausted balance.")
    assert bench.summary["refused_by_reason"] == {"credits": 3}


async def test_the_synchronous_host_answers_with_the_picture_or_the_failure(bench: Bench) -> None:
    async def run(**body: Any) -> httpx.Response:
        return await bench.client.post(f"{RUN}/{SCHNELL}", headers=HEADERS, json={"prompt": "x", **body})

    good = await run(seed=2)
    assert (good.status_code, good.json()["seed"]) == (200, 2)
    assert (await bench.client.get(good.json()["images"][0]["url"])).status_code == 200
    assert (await run(num_images=5)).status_code == 422
    assert (await run(prompt="x [sandbox:moderate]")).json()["detail"][0]["type"] == "content_policy_violation"
    assert (await run(prompt="x [sandbox:429]")).status_code == 429
    assert bench.summary["unanswered"] == 0


async def test_the_synchronous_host_takes_its_time(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(latency=(8, 8), picture_bytes=2048))
    before = bench.clock.now
    answer = await bench.client.post(f"{RUN}/{SCHNELL}", headers=HEADERS, json={"prompt": "x"})
    assert answer.status_code == 200
    assert 8 <= bench.clock.now - before < 8.1


async def test_a_key_at_the_delivery_host_is_written_down(bench: Bench) -> None:
    url = (await _result(bench, await _submit(bench))).json()["images"][0]["url"]
    assert (await bench.client.get(url, headers=HEADERS)).status_code == 200, "the CDN ignores it"
    assert bench.summary["violations"] == 1
    assert (await bench.client.get(f"{IN_PROCESS['fal-media']}/files/lion/none.jpg")).status_code == 404
    await bench.client.post(f"{QUEUE}/{SCHNELL}", headers={"authorization": "Key sandbox-bfl-key"}, json={})
    assert bench.summary["violations"] == 2, "the key of another service"


async def test_lost_answers(bench: Bench) -> None:
    with pytest.raises(httpx.ReadError):
        await _submit(bench, prompt="x [sandbox:reset]")
    with pytest.raises(httpx.ConnectError):
        await _submit(bench, prompt="x [sandbox:refuse]")
    refused = [(await _submit(bench, prompt="x [sandbox:500]", seed=seed)) for seed in range(8)]
    assert {answer.status_code for answer in refused} == {502, 503}
    assert any("nginx" in answer.text for answer in refused)
    assert (bench.summary["accepted"], bench.summary["unanswered"]) == (1, 1)


async def test_polls_that_fail(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(poll_failures=1))
    ticket = (await _submit(bench)).json()
    codes = {(await _get(bench, ticket["status_url"])).status_code for _ in range(20)}
    assert codes == {502, 503}


async def test_spoiled_pictures(bench: Bench) -> None:
    async def body(prompt: str, **more: Any) -> Any:
        return (await _result(bench, await _submit(bench, prompt=prompt, **more))).json()

    assert (await body("x [sandbox:no-image]"))["images"] == []
    page = (await body("x [sandbox:html]"))["images"][0]["url"]
    assert (await bench.client.get(page)).headers["content-type"] == "text/html"
    cut = (await body("x [sandbox:cut]"))["images"][0]["url"]
    with pytest.raises(httpx.ReadError):
        await bench.client.get(cut)
    assert (await bench.client.get(cut)).status_code == 200
    inline = (await body("x [sandbox:html]", sync_mode=True))["images"][0]["url"]
    assert b"nginx" in base64.b64decode(inline.partition(",")[2])
    huge = await _submit(bench, prompt="x [sandbox:huge]", sync_mode=True)
    bench.clock.now += 60
    async with bench.client.stream("GET", huge.json()["response_url"], headers=HEADERS) as answer:
        assert (await anext(answer.aiter_raw())).startswith(b'{"images"')


async def test_work_survives_a_killed_process(make_bench: MakeBench, tmp_path: Path) -> None:
    state, clock = tmp_path / "s.jsonl", Clock()
    faults = Faults.none(latency=(10, 10), concurrency=1, picture_bytes=2048, credits=100)
    first = make_bench(faults, state=state, clock=clock)
    tickets = [(await _submit(first, seed=seed)).json() for seed in range(3)]
    clock.now += 2
    await first.client.put(tickets[1]["cancel_url"], headers=HEADERS)
    second = make_bench(faults, state=state, clock=clock)
    assert second.summary == first.summary
    cancelled = (await _get(second, tickets[1]["status_url"])).json()
    assert cancelled["error_type"] == "client_cancelled"
    assert (await _get(second, tickets[0]["status_url"])).json()["status"] == "IN_PROGRESS"
    clock.now += 30
    result = (await _get(second, tickets[2]["response_url"])).json()
    assert (await second.client.get(result["images"][0]["url"])).status_code == 200
    assert second.summary["billed_usd"] == 0.006


async def test_pictures_are_painted(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none())
    result = (await _result(bench, await _submit(bench, image_size="square", num_images=2))).json()
    one, two = await asyncio.gather(*(bench.client.get(image["url"]) for image in result["images"]))
    assert one.content.startswith(b"\xff\xd8")
    assert one.content != two.content
