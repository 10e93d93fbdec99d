"""Runs and cells for tests of the history."""

from functools import partial

from fluxtui.domain.jobs import JobState, RunState, Ticket
from fluxtui.domain.money import Micros, Price, usd
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.domain.request import Adaptation, Assessment, Cell, Change, ImageRequest
from fluxtui.history import runs, transitions
from fluxtui.history.journal import Journal
from fluxtui.history.transitions import ClaimedJob, Transition

LANE = "bfl/flux-pro-1.1"


def cell(index: int = 0, *, price: str = "0.04", target: str = LANE, impossible: bool = False) -> Cell:
    problem = Problem(ProblemKind.UNSUPPORTED, "It needs a reference picture.") if impossible else None
    return Cell(
        key=f"key-{index}",
        task=f"task-{index}",
        task_index=index,
        target=target,
        provider=target.partition("/")[0],
        request=ImageRequest(target.partition("/")[2], f"prompt {index}", seed=index),
        assessment=Assessment(
            Price.exactly(usd(price)),
            (Adaptation("negative_prompt", Change.DROPPED, "rain", None, "there is no such field"),),
            impossible=problem,
        ),
        stem=f"task-{index}",
        context={"mood": "calm"},
    )


def new_run(cap: Micros | None = None, **changes: object) -> runs.NewRun:
    fields: dict[str, object] = {
        "batch": "city",
        "source": "city.yaml",
        "frozen": {"name": "city"},
        "sandbox": False,
        "folder": "city_20261121-010203",
        "layout": "by_target",
        "metadata": True,
        "quoted": usd("0.04"),
        "cap": cap,
    }
    return runs.NewRun(**{**fields, **changes})  # type: ignore[arg-type]


def running_run(journal: Journal, *cells: Cell, cap: Micros | None = None) -> int:
    run_id = journal.write_now(partial(runs.create_run, run=new_run(cap), cells=cells))
    journal.write_now(partial(runs.set_run_state, run_id=run_id, state=RunState.RUNNING))
    return run_id


def claim(journal: Journal, run_id: int, most: int = 1, lane: str = LANE) -> transitions.Claim:
    return journal.write_now(partial(transitions.claim, run_id=run_id, lane=lane, most=most))


def step(journal: Journal, job: ClaimedJob | int, before: JobState, after: JobState, **changes: object) -> bool:
    job_id = job if isinstance(job, int) else job.id
    made = Transition(job_id, before, after, **changes)  # type: ignore[arg-type]
    return journal.write_now(partial(transitions.apply, step=made))


TICKET = Ticket({"id": "abc", "polling_url": "https://api.eu1.bfl.ai/v1/get_result?id=abc"})
PICTURE = transitions.SavedPicture("city/bfl/task-0.png", "ab" * 32, 1234, 1024, 768, "png", seed=7)
