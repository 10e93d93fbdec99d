"""What a person may ask of a run: questions with their consequences, and the controls they become."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.content import Content

from fluxtui.domain.jobs import ACTIVE, JobState, RunState
from fluxtui.domain.money import show
from fluxtui.domain.values import JsonObject
from fluxtui.history.records import JobRow, RunRow
from fluxtui.tui import faces
from fluxtui.tui.screens.dialogs.screen import Choice

RETRYABLE = frozenset({JobState.FAILED, JobState.REFUSED, JobState.CANCELLED})
CANCELLABLE = ACTIVE | {JobState.QUEUED, JobState.IN_DOUBT}


@dataclass(frozen=True, slots=True)
class Steering:
    """One wish for the runner."""

    kind: str
    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Question:
    """A dialog and the wish that each answer becomes."""

    title: str
    body: Content
    choices: tuple[Choice, ...]
    wishes: Mapping[str, Steering]


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"


def can_pause(run: RunRow) -> bool:
    return run.state in faces.LIVE_RUNS


def can_resume(run: RunRow, runner_alive: bool) -> bool:
    return run.state in faces.RESUMABLE_RUNS or (run.state in faces.LIVE_RUNS and not runner_alive)


def cancel(run: RunRow, job: JobRow | None) -> Question | None:
    """Ask which part to cancel; None when there is nothing left to cancel."""
    queued = run.counts.get(JobState.QUEUED, 0)
    active = sum(run.counts.get(state, 0) for state in ACTIVE)
    choices: list[Choice] = []
    wishes: dict[str, Steering] = {}
    if job is not None and job.state in CANCELLABLE:
        note = f"{faces.one_line(job.task, 24)} · {job.state.label}"
        choices.append(Choice("j", "job", "this job", note))
        wishes["job"] = Steering("cancel_job", {"job": job.id})
    if queued:
        choices.append(Choice("u", "queued", "what was not sent yet", f"{_jobs(queued)}; nothing is lost"))
        wishes["queued"] = Steering("cancel_run", {"scope": "queued"})
    if active:
        note = f"{_jobs(queued + active)}; {active} sent may still be billed"
        choices.append(Choice("e", "all", "everything", note, "warning"))
        wishes["all"] = Steering("cancel_run", {"scope": "all"})
    if not choices:
        return None
    body = Content("Finished pictures stay. What is cancelled can be retried later.")
    return Question("Cancel", body, tuple(choices), wishes)


def retry(run: RunRow, job: JobRow | None) -> Question | None:
    """Ask what to try again, with what it may cost; None when nothing can be."""
    failed, refused = run.counts.get(JobState.FAILED, 0), run.counts.get(JobState.REFUSED, 0)
    cancelled = run.counts.get(JobState.CANCELLED, 0)
    choices: list[Choice] = []
    wishes: dict[str, Steering] = {}
    if job is not None and job.state in RETRYABLE:
        price = f" · {show(job.quoted)}" if job.quoted else ""
        choices.append(Choice("j", "job", "this job", f"{faces.one_line(job.task, 24)}{price}"))
        wishes["job"] = Steering("retry", {"jobs": [job.id]})
    for key, value, count, label, states in (
        ("f", "failed", failed, "all that failed", [JobState.FAILED]),
        ("r", "refused", refused, "all that were refused", [JobState.REFUSED]),
        ("c", "cancelled", cancelled, "all that were cancelled", [JobState.CANCELLED]),
    ):
        if count:
            choices.append(Choice(key, value, label, _jobs(count)))
            wishes[value] = Steering("retry", {"states": [state.value for state in states]})
    if not choices:
        return None
    body = Content("Each job that is sent again costs its price again; accepted work is collected, not bought twice.")
    return Question("Try again", body, tuple(choices), wishes)


def resolve(run: RunRow, job: JobRow | None, doubtful: tuple[int, ...]) -> Question | None:
    """Ask what becomes of jobs in doubt; None when there are none."""
    if not doubtful:
        return None
    here = job is not None and job.state is JobState.IN_DOUBT
    choices: list[Choice] = []
    wishes: dict[str, Steering] = {}
    if here and job is not None:
        choices.append(Choice("a", "adopt", "adopt a picture", "you found it at the service"))
        choices.append(Choice("b", "abandon", "abandon it", "no picture; it may have been billed"))
        choices.append(Choice("p", "resend", "pay again", f"send it once more for {show(job.quoted)}", "warning"))
        wishes["adopt"] = Steering("in_doubt", {"jobs": [job.id], "choice": "adopt"})
        wishes["abandon"] = Steering("in_doubt", {"jobs": [job.id], "choice": "abandon"})
        wishes["resend"] = Steering("in_doubt", {"jobs": [job.id], "choice": "resend"})
    if len(doubtful) > (1 if here else 0):
        ids: JsonObject = {"jobs": list(doubtful)}
        choices.append(
            Choice("B", "abandon-all", f"abandon all {len(doubtful)}", f"{show(run.uncertain)} may be billed")
        )
        choices.append(
            Choice("P", "resend-all", f"pay again for all {len(doubtful)}", "sends them once more", "warning")
        )
        wishes["abandon-all"] = Steering("in_doubt", {**ids, "choice": "abandon"})
        wishes["resend-all"] = Steering("in_doubt", {**ids, "choice": "resend"})
    body = Content(
        "The connection broke after the request had left. The service may have accepted it, and may bill it;"
        " nobody can tell from here. Its own list of requests may show it."
    )
    return Question("In doubt", body, tuple(choices), wishes)


def pause_word(run: RunRow | None, runner_alive: bool) -> str:
    """Return the footer's word for the pause key."""
    if run is None or (can_pause(run) and runner_alive):
        return "pause"
    return "go on" if run.state is not RunState.INTERRUPTED else "resume"
