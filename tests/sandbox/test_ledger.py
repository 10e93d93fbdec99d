"""What the ledger tells, and that it survives the death of its process."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fluxtui.sandbox import Faults, transport
from fluxtui.sandbox.core import Sandbox
from fluxtui.sandbox.ledger import Identity
from tests.sandbox.conftest import AZURE, AZURE_HEADERS, BFL, BFL_HEADERS, Bench, Clock, MakeBench


async def test_duplicates_are_the_same_job_accepted_twice(bench: Bench) -> None:
    for seed in (1, 2, 2, 2):
        await bench.submit("flux-dev", prompt="x", seed=seed)
    await bench.submit("flux-pro-1.1", prompt="x", seed=1)
    await bench.submit("flux-dev", prompt="x", seed=1, guidance=4)
    assert bench.summary["accepted"] == 6
    assert bench.summary["duplicates"] == bench.summary["duplicates_billed"] == 2
    (group,) = bench.sandbox.ledger.duplicates()
    assert [submission.seed for submission in group] == [2, 2, 2]


async def test_a_resent_refusal_is_no_duplicate(bench: Bench) -> None:
    codes = [(await bench.submit("flux-dev", prompt="x [sandbox:429=2]", seed=1)).status_code for _ in range(3)]
    assert codes == [429, 429, 200]
    assert bench.summary["duplicates"] == 0
    assert bench.summary["refused_by_reason"] == {"429": 2}


async def test_refunded_duplicates_cost_nothing(bench: Bench) -> None:
    for _ in range(2):
        await bench.submit("flux-dev", prompt="x [sandbox:error]", seed=1)
    assert (bench.summary["duplicates"], bench.summary["duplicates_billed"]) == (1, 0)


async def test_delivered_is_not_collected(bench: Bench) -> None:
    submitted = await bench.submit("flux-dev", prompt="x")
    assert (bench.summary["delivered"], bench.summary["uncollected"]) == (0, 1)
    ready = await bench.finished(submitted)
    assert (bench.summary["delivered"], bench.summary["uncollected"]) == (1, 1)
    async with bench.client.stream("GET", ready["result"]["sample"]) as answer:
        await anext(answer.aiter_raw())
    assert bench.summary["uncollected"] == 1, "a download that was left half way is not collected"
    await bench.client.get(ready["result"]["sample"])
    assert bench.summary["uncollected"] == 0


async def test_work_whose_answer_was_cut_is_accepted_and_unanswered(bench: Bench) -> None:
    with pytest.raises(httpx.ReadError):
        await bench.submit("flux-dev", prompt="x [sandbox:reset]")
    with pytest.raises(httpx.ReadError):
        await bench.azure(prompt="x [sandbox:reset]")
    with pytest.raises(httpx.ConnectError):
        await bench.submit("flux-dev", prompt="x [sandbox:refuse]")
    assert (bench.summary["accepted"], bench.summary["unanswered"], bench.summary["refused"]) == (2, 2, 1)
    assert bench.summary["billed_usd"] == 0.065


async def test_a_server_error_after_acceptance(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(rate_5xx_after=1))
    assert (await bench.submit("flux-dev", prompt="x")).status_code == 500
    assert (await bench.azure(prompt="x")).status_code == 500
    assert (bench.summary["accepted"], bench.summary["unanswered"]) == (2, 2)


async def test_a_server_error_before_acceptance(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(rate_5xx=1))
    assert (await bench.submit("flux-dev", prompt="x")).status_code == 503
    assert (await bench.azure(prompt="x")).status_code == 503
    assert bench.summary["accepted"] == 0


async def test_the_pages_of_the_sandbox_itself(bench: Bench) -> None:
    await bench.submit("flux-dev", prompt="x\x1b[31m", seed=5)
    short = (await bench.client.get(f"{BFL}/sandbox/ledger")).json()
    assert short == bench.summary
    full = (await bench.client.get(f"{BFL}/sandbox/ledger", params={"full": 1})).json()
    assert full["records"][0]["seed"] == 5
    assert BFL_HEADERS["x-key"] not in str(full)
    changed = await bench.client.put(f"{BFL}/sandbox/faults", json={"moderation": 1})
    assert changed.json()["moderation"] == 1
    assert (await bench.client.get(f"{BFL}/sandbox/faults")).json()["moderation"] == 1
    wrong = await bench.client.put(f"{BFL}/sandbox/faults", json={"moderation": 2})
    assert wrong.status_code == 422
    assert (await bench.client.get(f"{BFL}/sandbox/else")).status_code == 404


async def test_the_table_is_readable(bench: Bench) -> None:
    await bench.submit("flux-pro-1.1", prompt="x")
    bench.sandbox.ledger.violation("bfl", "a key went astray", 0)
    table = bench.sandbox.ledger.table()
    assert "accepted         1" in table
    assert "$0.04" in table
    assert "! a key went astray (bfl)" in table


async def test_accepted_work_survives_a_killed_process(make_bench: MakeBench, tmp_path: Path) -> None:
    state, clock = tmp_path / "deep" / "sandbox.jsonl", Clock()
    faults = Faults.none(latency=(10, 10), picture_bytes=4096, credits=100)
    first = make_bench(faults, state=state, clock=clock)
    submitted = await first.submit("flux-pro-1.1", prompt="a fox ünïcode", seed=3)
    await first.submit("flux-dev", prompt="x [sandbox:429]")
    await first.azure(prompt="y")
    before = first.summary
    second = make_bench(faults, state=state, clock=clock)
    assert second.summary == before
    assert (await second.submit("flux-dev", prompt="x [sandbox:429]")).status_code == 200, "the first try is remembered"
    ready = await second.finished(submitted)
    assert ready["result"]["seed"] == 3
    await second.client.get(ready["result"]["sample"])
    third = make_bench(faults, state=state, clock=clock)
    assert third.summary == second.summary
    credits_left = await third.client.get(f"{BFL}/v1/credits", headers=BFL_HEADERS)
    assert credits_left.json() == {"credits": 100 - 4 - 2.5}


_ENDLESS_CLIENT = """
import asyncio, pathlib, sys
import httpx
from fluxtui.sandbox import Faults, transport
from fluxtui.sandbox.core import Sandbox

async def main():
    sandbox = Sandbox(faults=Faults.none(latency=(60, 60)), state=pathlib.Path(sys.argv[1]))
    async with httpx.AsyncClient(transport=transport(sandbox)) as client:
        for number in range(100_000):
            url, headers = "http://bfl-api.sandbox.invalid/v1/flux-dev", {"x-key": "sandbox-bfl-key"}
            answer = await client.post(url, headers=headers, json={"prompt": str(number)})
            print(answer.json()["id"], flush=True)

asyncio.run(main())
"""


def test_what_a_client_was_told_is_known_after_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", _ENDLESS_CLIENT, str(state)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(40)]
        process.kill()
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
    ledger = Sandbox(state=state).ledger
    known = {submission.id for submission in ledger.submissions if submission.accepted}
    assert set(told) <= known
    assert len(known) - len(told) <= 1


async def test_a_line_cut_by_the_kill_spoils_no_other(make_bench: MakeBench, tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    first = make_bench(state=state)
    await first.submit("flux-dev", prompt="one")
    with state.open("ab") as file:
        file.write(b'{"event":"submission","subm')
    second = make_bench(state=state)
    await second.submit("flux-dev", prompt="two")
    third = make_bench(state=state)
    assert third.summary["accepted"] == 2


def test_reading_a_state_leaves_no_trace(tmp_path: Path) -> None:
    Sandbox(state=tmp_path / "none.jsonl").close()
    assert not list(tmp_path.iterdir())


async def test_operations_survive_too(make_bench: MakeBench, tmp_path: Path) -> None:
    faults = Faults.none(operation_location=True, picture_bytes=2048)
    first = make_bench(faults, state=tmp_path / "s.jsonl")
    location = (await first.azure(prompt="x")).headers["operation-location"]
    second = make_bench(faults, state=tmp_path / "s.jsonl", clock=first.clock)
    answer = await second.client.get(location, headers=AZURE_HEADERS)
    assert answer.json()["status"] == "succeeded"


async def test_a_client_that_gives_up_does_not_undo_what_was_accepted(tmp_path: Path) -> None:
    faults = Faults.none(latency=(30, 30))
    sandbox = Sandbox(faults=faults)
    async with httpx.AsyncClient(transport=transport(sandbox)) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(AZURE, headers=AZURE_HEADERS, json={"prompt": "x"}, timeout=httpx.Timeout(5, read=0.05))
    assert sandbox.ledger.summary()["accepted"] == 1
    assert sandbox.ledger.summary()["uncollected"] == 1


def test_identity() -> None:
    one = Identity("bfl", "m", "p", 1, "1x1")
    assert one.fingerprint == Identity("bfl", "m", "p", 1, "1x1").fingerprint
    assert one.fingerprint != Identity("bfl", "m", "p", 2, "1x1").fingerprint
