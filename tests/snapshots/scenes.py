"""Workspaces to look at: empty, busy, failing, parked, crowded, and one with a strange prompt."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fluxtui.domain.jobs import JobState, RunState
from tests.tui.harness import AZURE, BAD_KEY, BFL, BROKEN, MODERATED, TASKS, UNAVAILABLE, Studio, cells

CROWD = 100_000
"""Jobs of the crowded run."""

_PIECE = (
    "A tram 🚋 in the rain, 雨の中の路面電車, ترام تحت المطر, חשמלית בגשם, [bold red]not markup[/] [/foo] [cat:dog:0.5]"
    " <lora:rain:0.8> \\[escaped] 👩‍👩‍👧‍👦 é ​ｆｕｌｌｗｉｄｔｈ; "
)
STRANGE_PROMPT = (_PIECE * 40)[:4000]
"""Emoji, CJK, right-to-left text, joined and combining characters, and what looks like markup; 4,000 characters."""


def empty(studio: Studio) -> None:
    """A workspace with a history in which nothing was ever run."""


def busy(studio: Studio) -> None:
    run_id = studio.new_run(sandbox=True)
    for job in studio.send(run_id, AZURE, 3)[:2]:
        studio.move(job, JobState.DONE)
    sent = studio.send(run_id, BFL, 3)
    studio.move(sent[0], JobState.DONE)
    studio.move(sent[1], JobState.WAITING)
    studio.lane(AZURE, in_flight=1)
    studio.lane(BFL, in_flight=2)
    studio.fix_times()


def failing(studio: Studio) -> None:
    run_id = studio.new_run(cells((*TASKS, "漢字と絵文字 🎨", "a [cat:dog:0.5] [/foo] prompt with a very long name")))
    first = studio.send(run_id, AZURE, 4)
    ends = [
        (JobState.REFUSED, MODERATED),
        (JobState.FAILED, UNAVAILABLE),
        (JobState.IN_DOUBT, BROKEN),
        (JobState.DONE, None),
    ]
    for job, (state, problem) in zip(first, ends, strict=True):
        studio.move(job, state, problem)
    studio.lane(AZURE, in_flight=0)
    studio.lane(BFL, "parked", 0, BAD_KEY)


def parked(studio: Studio) -> None:
    """Every lane waits for a person, and so does the run."""
    run_id = studio.new_run()
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
    studio.lane(AZURE, "parked", 0, BAD_KEY)
    studio.lane(BFL, "parked", 0, BAD_KEY)
    studio.set_state(run_id, RunState.PARKED)


def finished(studio: Studio) -> None:
    run_id = studio.new_run(sandbox=True)
    for target in (AZURE, BFL):
        for job in studio.send(run_id, target, 10):
            studio.move(job, JobState.DONE)
    studio.set_state(run_id, RunState.FINISHED)


def crowded(studio: Studio) -> None:
    """A run of 100,000 jobs, most of them settled."""
    run_id = studio.new_run(cells(TASKS[:1]), batch="every street of the city")
    studio.multiply(run_id, CROWD)
    studio.lane(AZURE, in_flight=8)
    studio.lane(BFL, in_flight=6)


def strange(studio: Studio) -> None:
    """A prompt that tries everything a terminal can get wrong."""
    chosen = cells(TASKS[:2])
    chosen[0] = replace(
        chosen[0],
        task="雨 🚋 [b]tram[/b] حافلة",
        request=replace(chosen[0].request, prompt=STRANGE_PROMPT),
        context={"mood 🎭": "[red]calm[/]", "scène": "雨の夜"},
    )
    run_id = studio.new_run(chosen)
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
    studio.lane(AZURE, in_flight=0)
    studio.lane(BFL, in_flight=0)


SCENES: Mapping[str, Callable[[Studio], None]] = {
    "empty": empty,
    "busy": busy,
    "failing": failing,
    "parked": parked,
    "crowded": crowded,
    "strange": strange,
}
