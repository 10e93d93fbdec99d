"""Two cockpits on one workspace, and a process that writes to it: all screens end with the same truth."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from itertools import zip_longest
from pathlib import Path

import pytest

from fluxtui.domain.jobs import ACTIVE, JobState, RunState
from fluxtui.domain.money import show, usd
from fluxtui.history import queries, runs
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.tui.app import Cockpit
from tests.conditions import until
from tests.tui.harness import AZURE, BAD_KEY, BFL, MODERATED, UNAVAILABLE, Studio, cells, cockpit, running

ROOT = Path(__file__).resolve().parents[2]
TASKS = [f"street-{number}" for number in range(12)]
ENDS = (
    (JobState.DONE, None),
    (JobState.FAILED, UNAVAILABLE),
    (JobState.REFUSED, MODERATED),
    (JobState.IN_DOUBT, UNAVAILABLE),
)
_OTHER_PROCESS = """
import sys
from functools import partial
from pathlib import Path
from fluxtui.domain.jobs import JobState
from fluxtui.history import transitions
from fluxtui.history.journal import Journal
from fluxtui.history.transitions import Transition
with Journal(Path(sys.argv[1])) as journal:
    claim = partial(transitions.claim, run_id=int(sys.argv[2]), lane=sys.argv[3], most=4)
    for job in journal.write_now(claim).jobs:
        step = Transition(job.id, JobState.SENDING, JobState.FAILED)
        journal.write_now(partial(transitions.apply, step=step))
"""


def shown(app: Cockpit) -> str:
    """Return what is on the screen below the header and above the footer, as it is drawn."""
    lines = [strip.text for strip in app.screen._compositor.render_strips()]  # noqa: SLF001 - what a terminal would get
    return "\n".join(lines[1:-1])


class World:
    """Changes a run at random, as a runner and people do."""

    def __init__(self, studio: Studio, run_id: int, chance: random.Random) -> None:
        self._studio = studio
        self._run_id = run_id
        self._chance = chance

    def change(self) -> None:
        self._chance.choice((self._send, self._send, self._end, self._end, self._cap, self._pause, self._lane))()

    def _send(self) -> None:
        self._studio.set_state(self._run_id, RunState.RUNNING)
        self._studio.send(self._run_id, self._chance.choice((AZURE, BFL)), self._chance.randint(1, 3))

    def _end(self) -> None:
        states = ",".join(f"'{state}'" for state in sorted(ACTIVE))
        under_way = self._studio.sql(f"SELECT id FROM jobs WHERE run_id = ? AND state IN ({states})", self._run_id)
        for row in under_way[: self._chance.randint(1, 3)]:
            self._studio.move(int(str(row[0])), *self._chance.choice(ENDS))

    def _cap(self) -> None:
        cap = None if self._chance.random() < 0.3 else usd(str(self._chance.randint(1, 900)))
        self._studio.journal.write_now(partial(runs.set_cap, run_id=self._run_id, cap=cap))

    def _pause(self) -> None:
        self._studio.set_state(self._run_id, self._chance.choice((RunState.PAUSED, RunState.RUNNING)))

    def _lane(self) -> None:
        state = self._chance.choice(("ok", "paused", "limited"))
        parked = self._chance.random() < 0.3
        target, in_flight = self._chance.choice((AZURE, BFL)), self._chance.randint(0, 8)
        self._studio.lane(target, "parked" if parked else state, in_flight, BAD_KEY if parked else None)

    def truth(self) -> tuple[str, ...]:
        """Return words that the Run screen has to show by now, from the database itself."""
        connection = open_reader(database_path(self._studio.workspace))
        try:
            run = queries.run(connection, self._run_id)
        finally:
            connection.close()
        assert run is not None
        words = [f"{run.counts.get(JobState.DONE, 0)}/{run.jobs} done"]
        words += [
            f"{count} {state.label}"
            for state, count in run.counts.items()
            if state in (JobState.FAILED, JobState.IN_DOUBT)
        ]
        return (*words, f"of {show(run.cap)}") if run.cap is not None else tuple(words)


async def agreed(first: Cockpit, second: Cockpit, words: Iterable[str] = ()) -> None:
    """Wait until both show the same, with these words in it."""
    try:
        await until(lambda: shown(first) == shown(second) and all(word in shown(first) for word in words))
    except AssertionError:
        told = difference(shown(first), shown(second), words)
        pytest.fail(f"{first.screen} and {second.screen} never agreed:\n{told}")


def difference(first: str, second: str, words: Iterable[str]) -> str:
    """Return the lines in which two screens differ, one below the other, and the words that either lacks."""
    pairs = enumerate(zip_longest(first.splitlines(), second.splitlines(), fillvalue=""), 1)
    lines = [f"{y:>3} {one}\n    {other}" for y, (one, other) in pairs if one != other]
    for name, text in (("first", first), ("second", second)):
        lines += [f"the {name} does not say: {word}" for word in words if word not in text]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_screen_ends_with_the_same_truth(studio: Studio, seed: int) -> None:
    run_id = studio.new_run(cells(TASKS))
    world = World(studio, run_id, random.Random(seed))
    first, second = cockpit(studio.workspace), cockpit(studio.workspace)
    async with running(first) as one, running(second) as other:
        for key in ("f3", "f7", "f6"):
            # Both on the same screen in the end, but the second comes to it in the middle of the changes.
            await one.press(key)
            for step in range(12):
                if step == 6:
                    await other.press(key)
                await asyncio.to_thread(world.change)
            command = [sys.executable, "-c", _OTHER_PROCESS, str(database_path(studio.workspace)), str(run_id), AZURE]
            writer = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=subprocess.PIPE)
            for _ in range(4):
                await asyncio.to_thread(world.change)
            assert (await writer.communicate(), writer.returncode)[1] == 0
            studio.fix_times()
            studio.sql(
                "UPDATE jobs SET revision = (SELECT value FROM meta WHERE name = 'revision')"
            )  # as times changed
            for pilot in (one, other):
                await pilot.press("home")  # Providers begins on what was in trouble when it was opened
            await agreed(first, second, world.truth() if key == "f3" else ())


async def test_wishes_of_both_for_the_same_things_are_all_kept(studio: Studio) -> None:
    """Each cockpit has a journal of its own, and so has the runner: none undoes or loses what another one writes."""
    run_id = studio.new_run(cells(TASKS))
    path = database_path(studio.workspace)
    with Journal(path) as first, Journal(path) as second:

        async def wish(journal: Journal, name: str) -> None:
            for number in range(40):
                await journal.control("set_cap", run_id, micros=number, by=name)
                await journal.write(partial(runs.set_cap, run_id=run_id, cap=usd(str(number + 1))))
                await journal.control("pause_run" if number % 2 else "resume_run", run_id, by=name)

        command = [sys.executable, "-c", _OTHER_PROCESS, str(path), str(run_id), BFL]
        writer = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        await asyncio.gather(wish(first, "first"), wish(second, "second"))
        assert await writer.wait() == 0
    for name in ("first", "second"):
        kept = studio.sql(
            "SELECT payload FROM controls WHERE kind = 'set_cap' AND payload LIKE ? ORDER BY id", f"%{name}%"
        )
        assert [json.loads(str(row[0]))["micros"] for row in kept] == list(range(40))
    assert studio.sql("SELECT count(*) FROM controls") == [(160,)]
    assert studio.sql("SELECT cap FROM runs") == [(usd("40"),)]
    assert studio.sql("SELECT count(*) FROM jobs WHERE state = 'failed'") == [(4,)]
    assert studio.sql("PRAGMA integrity_check") == [("ok",)]
