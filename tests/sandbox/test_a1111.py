"""A machine with A1111 or Forge in the sandbox: its queue, its silent fallbacks, its two dialects."""

import asyncio
import base64
import json
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from fluxtui.sandbox import Faults, transport
from fluxtui.sandbox.a1111_data import FORGE_SAMPLERS, SAMPLERS, sampler_and_scheduler
from fluxtui.sandbox.a1111_infotext import parsed, text_of, with_text
from fluxtui.sandbox.core import Sandbox
from tests.conditions import until
from tests.sandbox.conftest import VARIABLES, Bench, MakeBench

BASE = VARIABLES["A1111_API_URL"]
API = f"{BASE}/sdapi/v1"
FORGE = Faults.none(forge=True, picture_bytes=4096)


async def _make(bench: Bench, **body: Any) -> httpx.Response:
    return await bench.client.post(f"{API}/txt2img", json={"prompt": "a fox", "steps": 4, **body})


async def _info(answer: httpx.Response) -> dict[str, Any]:
    text = answer.json()["info"]
    assert isinstance(text, str), "info is JSON inside of JSON"
    info: dict[str, Any] = json.loads(text)
    return info


def _picture(text: str) -> Image.Image:
    assert not text.startswith("data:")
    return Image.open(BytesIO(base64.b64decode(text)))


async def test_a_picture(bench: Bench) -> None:
    answer = await _make(bench, seed=7, negative_prompt="blur", width=640)
    body = answer.json()
    with _picture(body["images"][0]) as picture:
        assert picture.size == (640, 512)
        text = picture.info["parameters"]
    assert text.startswith("a fox\nNegative prompt: blur\nSteps: 4, Sampler: Euler, Schedule type: Automatic,")
    assert text.endswith("Version: v1.10.1")
    info = await _info(answer)
    assert info["infotexts"] == [text]
    assert (info["seed"], info["all_seeds"], info["sampler_name"], info["sd_model_name"]) == (
        7,
        [7],
        "Euler",
        "v1-5-pruned-emaonly",
    )
    assert "scheduler" not in info
    assert (body["parameters"]["seed"], body["parameters"]["steps"]) == (7, 4)
    assert float(answer.headers["x-process-time"]) >= 0
    assert (bench.summary["collected"], bench.summary["billed_usd"]) == (1, 0)


async def test_seeds_count_up_and_random_ones_are_told(bench: Bench) -> None:
    answer = await _make(bench, batch_size=2, n_iter=2, seed=10)
    assert (await _info(answer))["all_seeds"] == [10, 11, 12, 13]
    assert len(set(answer.json()["images"])) == 4
    drawn = await _make(bench)
    assert drawn.json()["parameters"]["seed"] == -1
    assert (await _info(drawn))["seed"] >= 0
    fixed = await _make(bench, batch_size=2, seed=10, subseed_strength=0.5)
    assert (await _info(fixed))["all_seeds"] == [10, 10]


async def test_what_is_unknown_falls_back_in_silence(bench: Bench) -> None:
    async def used(**body: Any) -> tuple[str, str, str]:
        info = await _info(await _make(bench, **body))
        kind = parsed(info["infotexts"][0])["Schedule type"]
        return info["sampler_name"], str(kind), info["sd_model_name"]

    standard = "v1-5-pruned-emaonly"
    assert await used(sampler_name="Eulr") == ("DPM++ 2M", "Automatic", standard)
    assert await used(sampler_name="Euler", scheduler="kerras") == ("Euler", "Automatic", standard)
    assert await used(sampler_name="Euler a Karras") == ("Euler a", "Karras", standard)
    assert await used(sampler_name="DPM++ 2M Karras") == ("DPM++ 2M", "Automatic", standard), "it is its own default"
    assert await used(sampler_name="k_euler") == ("DPM++ 2M", "Automatic", standard), "aliases do not count"
    assert (await used(override_settings={"sd_model_checkpoint": "no-such"}))[2] == standard
    assert (await used(override_settings={"sd_model_checkpoint": "sdxl"}))[2] == "sdxl"
    assert (await used())[2] == standard, "the setting is restored afterwards"
    assert (await used(override_settings={"sd_model_checkpoint": "sdxl.safetensors"}))[2] == "sdxl"


async def test_settings_that_stay(bench: Bench) -> None:
    models = (await bench.client.get(f"{API}/sd-models")).json()
    assert [model["hash"] is None for model in models] == [False, True, True], "no hash before the first load"
    settings = {"sd_model_checkpoint": "sdxl", "CLIP_stop_at_last_layers": 2}
    await _make(bench, override_settings=settings, override_settings_restore_afterwards=False)
    options = (await bench.client.get(f"{API}/options")).json()
    assert options["sd_model_checkpoint"] == "sdxl"
    assert (await bench.client.get(f"{API}/sd-models")).json()[1]["hash"]
    changed = await bench.client.post(f"{API}/options", json={"sd_model_checkpoint": models[0]["sha256"]})
    assert (changed.status_code, changed.json()) == (200, None)
    assert (await _info(await _make(bench)))["sd_model_name"] == models[0]["model_name"]


@pytest.mark.parametrize("forge", [False, True])
async def test_crashes(make_bench: MakeBench, forge: bool) -> None:
    bench = make_bench(Faults.none(forge=forge, picture_bytes=4096))
    text = "message" if forge else "errors"

    async def crash(path: str, body: dict[str, Any]) -> tuple[str, str]:
        answer = await bench.client.post(f"{API}/{path}", json=body)
        assert answer.status_code == 500
        return answer.json()["error"], answer.json()[text]

    assert await crash("txt2img", {"override_settings": {"bad": 1}}) == ("KeyError", "'bad'")
    assert await crash("options", {"bad": 1}) == ("KeyError", "'bad'")
    assert await crash("options", {"sd_model_checkpoint": "x"}) == ("RuntimeError", "model 'x' not found")
    assert (await crash("txt2img", {"prompt": "x [sandbox:error]"}))[0] == "OutOfMemoryError"
    assert (await crash("txt2img", {"width": 8192, "height": 8192}))[0] == "OutOfMemoryError"
    modules = {"hr_additional_modules": ["Use same choices"]}
    nobody = {"enable_hr": True, "hr_upscaler": "x", **modules}
    assert (await crash("txt2img", nobody))[1] == "could not find upscaler named x"
    assert bench.summary["failed"] == 4


async def test_the_second_pass(make_bench: MakeBench) -> None:
    bench = make_bench()
    answer = await _make(bench, enable_hr=True, hr_upscaler="Latent", hr_scale=1.5, denoising_strength=0.4)
    info = await _info(answer)
    with _picture(answer.json()["images"][0]) as picture:
        assert picture.size == (768, 768)
    assert (info["width"], info["height"], info["denoising_strength"]) == (512, 512, 0.4)
    told = parsed(info["infotexts"][0])
    assert (told["Hires upscale"], told["Hires upscaler"]) == ("1.5", "Latent")
    sized = await _make(bench, enable_hr=True, hr_upscaler="R-ESRGAN 4x+", hr_resize_x=1000)
    with _picture(sized.json()["images"][0]) as picture:
        assert picture.size == (1000, 1000)
    forge = make_bench(FORGE)
    without = await _make(forge, enable_hr=True, hr_upscaler="Latent")
    assert (without.status_code, without.json()["error"]) == (500, "TypeError")
    good = await _make(forge, enable_hr=True, hr_upscaler="Latent", hr_additional_modules=["Use same choices"])
    assert good.status_code == 200


async def test_sides_are_cut_to_multiples_of_eight(bench: Bench) -> None:
    answer = await _make(bench, width=513, height=519)
    with _picture(answer.json()["images"][0]) as picture:
        assert picture.size == (512, 512)
    assert (await _info(answer))["width"] == 513


async def test_loras_that_are_installed_leave_a_trace(bench: Bench) -> None:
    info = await _info(await _make(bench, prompt="a fox <lora:add_detail:0.8> <lora:nowhere:1>"))
    assert info["prompt"].endswith("<lora:nowhere:1>")
    hashes = str(parsed(info["infotexts"][0])["Lora hashes"])
    assert hashes.startswith("add_detail: ")
    assert "nowhere" not in hashes


async def test_flux_on_forge(make_bench: MakeBench) -> None:
    bench = make_bench(FORGE)
    assert (await bench.client.get(f"{API}/sd-modules")).status_code == 200
    assert (await bench.client.get(f"{API}/sd-vae")).status_code == 404
    assert "forge_additional_modules" in (await bench.client.get(f"{API}/options")).json()
    flux = {"cfg_scale": 1, "sampler_name": "Euler", "scheduler": "Simple"}
    dev = await _info(await _make(bench, override_settings={"sd_model_checkpoint": "flux1-dev-fp8"}, **flux))
    assert parsed(dev["infotexts"][0])["Distilled CFG Scale"] == "3.5"
    assert parsed(dev["infotexts"][0])["Schedule type"] == "Simple"
    schnell = await _info(await _make(bench, override_settings={"sd_model_checkpoint": "flux1-schnell-fp8"}, **flux))
    assert "Distilled" not in schnell["infotexts"][0]
    plain = make_bench()
    names = [model["model_name"] for model in (await plain.client.get(f"{API}/sd-models")).json()]
    assert not [name for name in names if "flux" in name], "A1111 cannot run it"


@pytest.mark.parametrize("forge", [False, True])
async def test_values_of_the_wrong_type(make_bench: MakeBench, forge: bool) -> None:
    bench = make_bench(Faults.none(forge=forge, picture_bytes=4096))
    wrong = {"steps": "x", "cfg_scale": [], "enable_hr": "maybe", "styles": "x", "override_settings": 3, "prompt": []}
    answer = await _make(bench, **wrong)
    assert answer.status_code == 422
    told = {fault["loc"][1]: fault["type"] for fault in answer.json()["detail"]}
    old = {
        "steps": "type_error.integer",
        "cfg_scale": "type_error.float",
        "enable_hr": "type_error.bool",
        "styles": "type_error.list",
        "override_settings": "type_error.dict",
        "prompt": "type_error.str",
    }
    new = {
        "steps": "int_parsing",
        "cfg_scale": "float_type",
        "enable_hr": "bool_parsing",
        "styles": "list_type",
        "override_settings": "dict_type",
        "prompt": "string_type",
    }
    assert told == (new if forge else old)
    assert (await _make(bench, seed="12", cfg_scale="3")).status_code == 200, "texts of numbers are numbers"
    assert (await _make(bench, prompt=5)).status_code == (422 if forge else 200)
    assert (await bench.client.post(f"{API}/txt2img", content=b"{")).status_code == 422
    assert (await bench.client.post(f"{API}/png-info", json={})).status_code == 422
    assert (await bench.client.post(f"{BASE}/internal/progress", json={})).status_code == 422


@pytest.mark.parametrize("forge", [False, True])
async def test_scripts_and_pictures_that_are_none(make_bench: MakeBench, forge: bool) -> None:
    bench = make_bench(Faults.none(forge=forge))

    async def said(path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        answer = await bench.client.post(f"{API}/{path}", json=body)
        return answer.status_code, answer.json()

    def worded(detail: str) -> dict[str, Any]:
        return {"detail": detail} if forge else {"error": "HTTPException", "detail": detail, "body": "", "errors": ""}

    assert await said("txt2img", script_name="x") == (422, worded("Script 'x' not found"))
    assert await said("txt2img", alwayson_scripts={"x": {}}) == (422, worded("always on script x not found"))
    assert await said("extra-single-image", image="!") == (500, worded("Invalid encoded image"))
    assert await said("extra-single-image", image="aGVsbG8=") == (500, worded("Invalid encoded image"))
    assert await said("png-info", image="aGVsbG8=") == (500, worded("Invalid encoded image"))


@pytest.mark.parametrize("forge", [False, True])
async def test_passwords(make_bench: MakeBench, forge: bool) -> None:
    bench = make_bench(Faults.none(forge=forge, services={"a1111": {"key": "me:secret,you:too"}}))
    nobody = await bench.client.get(f"{API}/options")
    assert (nobody.status_code, nobody.json()["detail"]) == (401, "Not authenticated")
    assert ("www-authenticate" in nobody.headers) is forge, "A1111 gives no challenge"
    wrong = await bench.client.get(f"{API}/options", auth=("me", "x"))
    assert (wrong.status_code, wrong.json()["detail"]) == (401, "Incorrect username or password")
    garbled = await bench.client.get(f"{API}/options", headers={"authorization": "Basic ???"})
    assert garbled.json()["detail"] == "Invalid authentication credentials"
    assert (await bench.client.get(f"{API}/options", auth=("you", "too"))).status_code == 200
    assert (await bench.client.get(f"{API}/loras")).status_code == 200, "an extension's path is not behind it"
    assert (await bench.client.get(f"{BASE}/internal/ping")).json() == {}


async def test_the_lists(bench: Bench) -> None:
    async def names(path: str, key: str = "name") -> list[str]:
        return [entry[key] for entry in (await bench.client.get(f"{API}/{path}")).json()]

    assert (await names("samplers"))[0] == "DPM++ 2M"
    assert "karras" in await names("schedulers")
    assert "R-ESRGAN 4x+" in await names("upscalers")
    assert "Latent" in await names("latent-upscale-modes")
    assert await names("loras") == ["add_detail", "watercolour_v2", "pixel-art-xl"]
    assert "x/y/z plot" in (await bench.client.get(f"{API}/scripts")).json()["txt2img"]
    for path in ("memory", "cmd-flags", "embeddings", "sd-vae", "face-restorers"):
        assert (await bench.client.get(f"{API}/{path}")).status_code == 200
    for path in ("refresh-checkpoints", "refresh-loras", "skip"):
        assert (await bench.client.post(f"{API}/{path}")).json() is None
    assert (await bench.client.post(f"{API}/interrupt")).json() == {}
    assert (await bench.client.get(f"{API}/txt2img")).status_code == 405
    assert (await bench.client.post(f"{API}/samplers")).status_code == 405
    assert (await bench.client.get(f"{API}/nothing")).json() == {"detail": "Not Found"}
    assert (await bench.client.get(f"{BASE}/")).status_code == 404
    assert (await bench.client.get(f"{BASE}/internal/nothing")).status_code == 404


async def test_large_answers_are_compressed_when_wanted(bench: Bench) -> None:
    raw = {"accept-encoding": "identity"}
    assert "content-encoding" not in (await bench.client.get(f"{API}/samplers", headers=raw)).headers
    small = await bench.client.get(f"{BASE}/internal/ping", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers
    packed = await bench.client.get(f"{API}/samplers", headers={"accept-encoding": "gzip, deflate"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json()[0]["name"] == "DPM++ 2M"


async def test_the_extras(bench: Bench) -> None:
    made = (await _make(bench)).json()["images"][0]

    async def sides(**body: Any) -> tuple[int, int]:
        answer = await bench.client.post(f"{API}/extra-single-image", json={"image": made, **body})
        with _picture(answer.json()["image"]) as picture:
            return picture.size

    assert await sides(upscaler_1="R-ESRGAN 4x+", upscaling_resize=1.5) == (768, 768)
    assert await sides(upscaling_resize=4) == (512, 512), "without an upscaler nothing happens"
    box = {"resize_mode": 1, "upscaling_resize_w": 600, "upscaling_resize_h": 700, "upscaler_1": "Lanczos"}
    assert await sides(**box) == (600, 700)
    assert await sides(**box, upscaling_crop=False) == (700, 700)
    assert await sides(image=f"data:image/png;base64,{made}", upscaler_1="Nearest") == (1024, 1024)
    unknown = await bench.client.post(f"{API}/extra-single-image", json={"image": made, "upscaler_1": "x"})
    assert (unknown.status_code, unknown.json()["errors"]) == (500, "could not find upscaler named x")
    huge = {"image": made, "upscaler_1": "Lanczos", "upscaling_resize": 64}
    assert (await bench.client.post(f"{API}/extra-single-image", json=huge)).json()["error"] == "OutOfMemoryError"


async def test_infotexts_of_files(bench: Bench) -> None:
    made = (await _make(bench, prompt="ein Fuchs 狐, quiet")).json()["images"][0]
    read = (await bench.client.post(f"{API}/png-info", json={"image": made})).json()
    assert read["parameters"]["Prompt"] == "ein Fuchs 狐, quiet"
    assert (read["parameters"]["Size-1"], read["parameters"]["Steps"]) == ("512", "4")
    await bench.client.post(f"{API}/options", json={"samples_format": "jpg"})
    photo = base64.b64decode((await _make(bench)).json()["images"][0])
    assert photo.startswith(b"\xff\xd8")
    assert text_of(photo).startswith("a fox\nSteps: 4")
    assert with_text(b"RIFF", "x") == b"RIFF"
    assert parsed("only a prompt") == {"Prompt": "only a prompt", "Negative prompt": ""}


async def test_a_grid_comes_first_when_pictures_are_saved(bench: Bench) -> None:
    answer = await _make(bench, batch_size=2, seed=3, save_images=True)
    info = await _info(answer)
    assert (len(answer.json()["images"]), info["index_of_first_image"]) == (3, 1)
    assert (info["all_seeds"], len(info["infotexts"])) == ([3, 4], 3)
    with _picture(answer.json()["images"][0]) as picture:
        assert picture.size == (1024, 512)
    assert (await _make(bench, send_images=False)).json()["images"] == []


async def test_nothing_is_moderated_and_nobody_is_sent_away(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(rate_429=1, moderation=1, picture_bytes=4096))
    assert (await _make(bench, prompt="x [sandbox:content-moderate] [sandbox:429=always]")).status_code == 200
    assert bench.summary["moderated"] == 0


class _Server:
    """A sandbox whose time passes only by `go`, with clients that wait for their answers."""

    def __init__(self, faults: Faults) -> None:
        self.now = 1_800_000_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self.sandbox = Sandbox(faults=faults, clock=lambda: self.now, sleep=self._sleep)
        self.client = httpx.AsyncClient(transport=transport(self.sandbox))

    async def _sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, future))
        await future

    def go(self, seconds: float) -> None:
        self.now += seconds
        for moment, future in self._sleepers:
            if moment <= self.now and not future.done():
                future.set_result(None)

    async def asleep(self, count: int = 1) -> None:
        await until(lambda: sum(not future.done() for _, future in self._sleepers) >= count)

    def ask(self, **body: Any) -> "asyncio.Task[httpx.Response]":
        return asyncio.create_task(self.client.post(f"{API}/txt2img", json={"prompt": "x", "steps": 20, **body}))

    async def seen(self, task: str) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.client.post(f"{BASE}/internal/progress", json={"id_task": task})).json()
        return answer


@pytest.fixture
def server() -> _Server:
    return _Server(Faults.none(latency=(10, 10), picture_bytes=4096))


async def _waiting(server: _Server, count: int) -> None:
    async with asyncio.timeout(10):
        while True:
            pending = (await server.client.get(f"{BASE}/internal/pending-tasks")).json()
            if pending["size"] == count:
                return


async def test_requests_take_their_turns(server: _Server) -> None:
    first = server.ask(seed=1, force_task_id="task(one)")
    await server.asleep()
    second = server.ask(seed=2, force_task_id="task(two)")
    await _waiting(server, 1)
    third = server.ask(seed=3, force_task_id="task(three)")
    await _waiting(server, 2)
    waiting = await server.seen("task(three)")
    assert (waiting["active"], waiting["queued"], waiting["textinfo"]) == (False, True, "In queue: 2/2")
    server.go(5)
    running = await server.seen("task(one)")
    assert (running["active"], running["progress"], running["eta"]) == (True, 0.5, 5)
    everyones = (await server.client.get(f"{API}/progress")).json()
    assert (everyones["progress"], everyones["eta_relative"]) == (0.5, 5)
    assert everyones["state"]["sampling_step"] == 10
    assert base64.b64decode(everyones["current_image"]).startswith(b"\x89PNG")
    assert (await server.client.get(f"{API}/progress?skip_current_image=true")).json()["current_image"] is None
    server.go(5)
    assert (await first).status_code == 200
    await server.asleep()
    assert not second.done()
    early = (await server.client.get(f"{API}/progress?skip_current_image=true")).json()
    assert (early["state"]["job_count"], early["progress"]) == (-1, 0.01)
    assert (await server.seen("task(one)"))["completed"]
    server.go(10)
    await second
    await server.asleep()
    assert not third.done(), "who came last is last"
    server.go(10)
    await third
    idle = (await server.client.get(f"{API}/progress")).json()
    assert (idle["progress"], idle["state"]["job_count"], idle["current_image"]) == (0, 0, None)
    assert (await server.seen("task(none)"))["textinfo"] == "Waiting..."
    await server.client.aclose()


async def test_an_interrupt_is_a_success_with_less(server: _Server) -> None:
    running, waiting = server.ask(n_iter=3, seed=5), server.ask(seed=6)
    await server.asleep()
    await _waiting(server, 1)
    server.go(15)
    await server.asleep()
    await server.client.post(f"{API}/interrupt")
    answer = await running
    assert (answer.status_code, len(answer.json()["images"])) == (200, 2)
    assert json.loads(answer.json()["info"])["all_seeds"] == [5, 6]
    await server.asleep()
    server.go(10)
    assert len((await waiting).json()["images"]) == 1, "the next job is none of the interrupt's business"
    await server.client.aclose()


async def test_skipping_goes_on_with_the_next(server: _Server) -> None:
    running = server.ask(n_iter=2, seed=5)
    await server.asleep()
    await server.client.post(f"{API}/skip")
    await server.asleep()
    server.go(10)
    assert len((await running).json()["images"]) == 2
    await server.client.aclose()


async def test_loading_a_model_takes_time(server: _Server) -> None:
    running = server.ask(override_settings={"sd_model_checkpoint": "sdxl"})
    await server.asleep()
    server.go(10)
    await server.asleep()
    assert not running.done()
    server.go(10)
    assert json.loads((await running).json()["info"])["sd_model_name"] == "sdxl"
    await server.client.aclose()


async def test_leaving_does_not_stop_the_work(server: _Server) -> None:
    leaving = server.ask(seed=1)
    await server.asleep()
    leaving.cancel()
    staying = server.ask(seed=2)
    await _waiting(server, 1)
    server.go(10)
    await server.asleep()
    assert not staying.done()
    server.go(10)
    assert (await staying).status_code == 200
    await server.client.aclose()


async def test_lost_answers(bench: Bench) -> None:
    with pytest.raises(httpx.ReadError):
        await _make(bench, prompt="x [sandbox:reset]")
    with pytest.raises(httpx.ConnectError):
        await _make(bench, prompt="x [sandbox:refuse]")
    with pytest.raises(httpx.ReadError):
        await _make(bench, prompt="x [sandbox:cut]")
    gateway = await _make(bench, prompt="x [sandbox:500]")
    assert (gateway.status_code, gateway.headers["content-type"]) == (502, "text/html")
    assert (bench.summary["accepted"], bench.summary["unanswered"]) == (2, 2)


async def test_spoiled_pictures(bench: Bench) -> None:
    assert (await _make(bench, prompt="x [sandbox:no-image]")).json()["images"] == []
    assert (await _make(bench, prompt="x [sandbox:html]")).headers["content-type"] == "text/html"
    small = base64.b64decode((await _make(bench, prompt="x [sandbox:bomb]")).json()["images"][0])
    assert len(small) < 100_000
    async with bench.client.stream("POST", f"{API}/txt2img", json={"prompt": "x [sandbox:huge]"}) as answer:
        assert (await anext(answer.aiter_raw())).startswith(b'{"images"')


async def test_pictures_are_painted_and_unfinished_ones_look_it(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none())
    made = base64.b64decode((await _make(bench, width=256, height=256)).json()["images"][0])
    assert made.startswith(b"\x89PNG")
    assert text_of(made).startswith("a fox")


@pytest.mark.parametrize("forge", [False, True])
def test_every_sampler_is_itself(forge: bool) -> None:
    for sampler in FORGE_SAMPLERS if forge else SAMPLERS:
        assert sampler_and_scheduler(sampler.name, None, forge=forge) == (sampler.name, "Automatic")
