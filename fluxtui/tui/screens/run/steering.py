"""What a person may ask of a run: questions with their consequences, and the controls they become."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.domain.money import Micros, show, usd
from fluxtui.domain.values import JsonObject
from fluxtui.history.chosen import CANCELLABLE, Again, Chosen
from fluxtui.history.records import JobRow, LaneRow, RunRow
from fluxtui.tui import faces
from fluxtui.tui.screens.dialogs.screen import Choice

OTHER_LANE = "other lane"
"""The answer that asks once more: which lane."""
ADOPT = "adopt"
"""The answer that asks once more: which file."""


@dataclass(frozen=True, slots=True)
class Steering:
    """One wish for the runner."""

    kind: str
    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Together:
    """Jobs that are steered as one: what a filter shows, or a group. `words` say which."""

    words: str
    jobs: Chosen


class Question:
    """A dialog and the wish that each answer becomes."""

    def __init__(self, title: str, body: str) -> None:
        self.title, self.body = title, Content(body)
        self.choices: list[Choice] = []
        self.wishes: dict[str, Steering] = {}

    def offer(self, key: str, value: str, label: str, note: str, wish: Steering, color: str = "primary") -> None:
        self.choices.append(Choice(key, value, label, note, color))
        self.wishes[value] = wish

    def asked(self) -> "Question | None":
        """Return itself when there is something to choose."""
        return self if self.choices else None


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"


def _named(job: JobRow) -> str:
    return faces.one_line(job.task, 24)


def can_pause(run: RunRow) -> bool:
    return run.state in faces.LIVE_RUNS


def can_resume(run: RunRow, runner_alive: bool) -> bool:
    return run.state in faces.RESUMABLE_RUNS or (run.state in faces.LIVE_RUNS and not runner_alive)


def pause_word(run: RunRow | None, runner_alive: bool) -> str:
    """Return the footer's word for the pause key."""
    if run is None or (can_pause(run) and runner_alive):
        return "pause"
    return "go on" if run.state.value != "interrupted" else "resume"


def pause(
    job: JobRow | None, lane: LaneRow | None, lanes: Sequence[LaneRow], held: int, together: Together | None
) -> Question:
    """Ask what of a run that goes on should pause, or what of it that stands still should go on."""
    question = Question("Pause", "What was sent already is still collected; it is paid for.")
    question.offer("p", "run", "the run", "nothing more is sent", Steering("pause_run", {}))
    if lane is not None:
        question.offer("l", "lane", *_lane_offer(lane))
    if len(lanes) > (0 if lane is None else 1):
        question.choices.append(Choice("o", OTHER_LANE, "another lane …", f"{len(lanes)} in this run"))
    if job is not None and job.state is JobState.QUEUED:
        if job.held:
            question.offer("j", "job", "let this job go", _named(job), Steering("release_jobs", {"jobs": [job.id]}))
        else:
            question.offer("j", "job", "hold this job", _named(job), Steering("hold_jobs", {"jobs": [job.id]}))
    if together is not None and together.jobs.queued:
        ids = together.jobs.queued
        note = f"{_jobs(len(ids))}, {together.words}"
        question.offer("s", "hold", "hold the shown ones", note, Steering("hold_jobs", {"jobs": list(ids)}))
    if together is not None and together.jobs.held:
        ids = together.jobs.held
        note = f"{_jobs(len(ids))}, {together.words}"
        question.offer("g", "release", "let the shown ones go", note, Steering("release_jobs", {"jobs": list(ids)}))
    if held and together is None:
        wish = Steering("resume_run", {"release": True})
        question.offer("g", "release-all", "let all held jobs go", _jobs(held), wish)
    return question


def _lane_offer(lane: LaneRow) -> tuple[str, str, Steering]:
    name = faces.one_line(lane.target, 30)
    if lane.state == "paused":
        return "let its lane go on", name, Steering("resume_lane", {"lane": lane.key})
    return "its lane", f"{name}, in every run", Steering("pause_lane", {"lane": lane.key})


def pause_lanes(lanes: Sequence[LaneRow]) -> Question:
    """Ask which lane should pause, or go on."""
    question = Question("Which lane", "A lane draws for one target, in every run. Paused, it sends nothing more.")
    for number, lane in enumerate(lanes, 1):
        paused = lane.state == "paused"
        wish = Steering("resume_lane" if paused else "pause_lane", {"lane": lane.key})
        note = "paused; let it go on" if paused else f"{lane.state}, {lane.in_flight} in flight; pause it"
        question.offer(str(number) if number < 10 else "", lane.key, faces.one_line(lane.target, 40), note, wish)
    return question


def cancel(run: RunRow, job: JobRow | None, together: Together | None) -> Question | None:
    """Ask which part to cancel; None when there is nothing left to cancel."""
    queued = run.counts.get(JobState.QUEUED, 0)
    active = sum(run.counts.get(state, 0) for state in ACTIVE)
    question = Question("Cancel", "Finished pictures stay. What is cancelled can be retried later.")
    if job is not None and job.state in CANCELLABLE:
        wish = Steering("cancel_job", {"job": job.id})
        question.offer("j", "job", "this job", f"{_named(job)} · {job.state.label}", wish)
    if together is not None and together.jobs.cancellable:
        ids = together.jobs.cancellable
        note = f"{_jobs(len(ids))}, {together.words}; what was sent may be billed"
        question.offer("s", "shown", "the shown ones", note, Steering("cancel_job", {"jobs": list(ids)}), "warning")
    if queued:
        wish = Steering("cancel_run", {"scope": "queued"})
        question.offer("u", "queued", "what was not sent yet", f"{_jobs(queued)}; nothing is lost", wish)
    if active:
        wish = Steering("cancel_run", {"scope": "all"})
        note = f"{_jobs(queued + active)}; {active} sent may still be billed"
        question.offer("e", "all", "everything", note, wish, "warning")
    return question.asked()


def cost_again(again: Again) -> str:
    """Return what it costs to send jobs again, in words."""
    parts = [_jobs(len(again.ids))]
    if again.price:
        parts.append(f"up to {show(again.price)}")
    if again.unpriced:
        parts.append(f"{again.unpriced:,} of unknown price" if again.price else "price unknown")
    if again.collected:
        parts.append(f"{again.collected:,} only collected")
    return " · ".join(parts)


def retry(job: JobRow | None, every: Chosen, one: Chosen, together: Together | None, *, free: bool) -> Question | None:
    """Ask what to try again, with what it may cost; None when nothing can be.

    `every` are the run's jobs, `one` the selected; `free` says that nothing of it costs real money.
    """
    body = "Each job that is sent again costs its price again; accepted work is collected, not bought twice."
    question = Question("Try again", "This run is on the sandbox: no real money." if free else body)
    alone = one.every_again
    if job is not None and alone.ids:
        price = "collected" if alone.collected else show(alone.price) if alone.price else "price unknown"
        question.offer("j", "job", "this job", f"{_named(job)} · {price}", Steering("retry", {"jobs": [job.id]}))
    if together is not None and together.jobs.every_again.ids:
        again = together.jobs.every_again
        note = f"{cost_again(again)}, {together.words}"
        question.offer("s", "shown", "the shown ones", note, Steering("retry", {"jobs": list(again.ids)}))
    for key, state, label in (
        ("f", JobState.FAILED, "all that failed"),
        ("r", JobState.REFUSED, "all that were refused"),
        ("c", JobState.CANCELLED, "all that were cancelled"),
    ):
        if state in every.again:
            wish = Steering("retry", {"states": [state.value]})
            question.offer(key, state.value, label, cost_again(every.again[state]), wish)
    return question.asked()


def resolve(run: RunRow, job: JobRow | None, doubtful: Again, together: Together | None) -> Question | None:
    """Ask what becomes of jobs in doubt; None when there are none."""
    question = Question(
        "In doubt",
        "The connection broke after the request had left. The service may have accepted it, and may bill it;"
        " nobody can tell from here. Its own list of requests may show it.",
    )
    here = job is not None and job.state is JobState.IN_DOUBT
    if here and job is not None:
        one: JsonObject = {"jobs": [job.id]}
        adopt, abandon, resend = (
            Steering("in_doubt", {**one, "choice": choice}) for choice in ("adopt", "abandon", "resend")
        )
        question.offer("a", ADOPT, "adopt a picture", "you found it at the service", adopt)
        question.offer("b", "abandon", "abandon it", "no picture; it may have been billed", abandon)
        question.offer("p", "resend", "pay again", f"send it once more for {show(job.quoted)}", resend, "warning")
    if together is not None and 0 < len(together.jobs.doubtful.ids) < len(doubtful.ids):
        _offer_many(question, "s", "S", f"the {len(together.jobs.doubtful.ids)} shown", together.jobs.doubtful, None)
    if len(doubtful.ids) > (1 if here else 0):
        _offer_many(question, "B", "P", f"all {len(doubtful.ids)}", doubtful, run.uncertain)
    return question.asked()


def _offer_many(
    question: Question, abandon: str, resend: str, which: str, doubtful: Again, uncertain: Micros | None
) -> None:
    ids: JsonObject = {"jobs": list(doubtful.ids)}
    billed = "they may be billed" if uncertain is None else f"{show(uncertain)} may be billed"
    wish = Steering("in_doubt", {**ids, "choice": "abandon"})
    question.offer(abandon, f"abandon {which}", f"abandon {which}", billed, wish)
    wish = Steering("in_doubt", {**ids, "choice": "resend"})
    price = f"sends them once more for up to {show(doubtful.price)}" if doubtful.price else "sends them once more"
    question.offer(resend, f"resend {which}", f"pay again for {which}", price, wish, "warning")


def sooner(step: int, job: JobRow | None, together: Together | None) -> Question | None:
    """Ask which queued jobs go sooner (or later); None when none is queued."""
    word = "sooner" if step > 0 else "later"
    question = Question(f"Send {word}", "Among a lane's queued jobs, the highest priority goes first.")
    if job is not None and job.state is JobState.QUEUED:
        note = f"{_named(job)} · priority {job.priority:+d}"
        question.offer("j", "job", "this job", note, Steering("prioritise", {"jobs": [job.id], "by": step}))
    if together is not None and together.jobs.queued:
        ids = together.jobs.queued
        note = f"{_jobs(len(ids))}, {together.words}"
        question.offer("s", "shown", "the shown ones", note, Steering("prioritise", {"jobs": list(ids), "by": step}))
    return question.asked()


def unpark(lanes: Sequence[LaneRow]) -> Question | None:
    """Ask which lanes that stand still should try again; None when none does."""
    still = [lane for lane in lanes if stands_still(lane)]
    body = "The settings are read anew, waits and circuits are forgotten, and runs that stood still for it go on."
    question = Question("Go on with", body)
    if len(still) > 1:
        wish = Steering("reset_lane", {"lanes": [lane.key for lane in still]})
        question.offer("a", "all", f"all {len(still)} lanes", "", wish)
    for number, lane in enumerate(still, 1):
        why = lane.state if lane.problem is None else faces.one_line(lane.problem.what, 60)
        wish = Steering("reset_lane", {"lane": lane.key})
        question.offer(str(number) if number < 10 else "", lane.key, faces.one_line(lane.target, 40), why, wish)
    return question.asked()


def stands_still(lane: LaneRow) -> bool:
    """Whether something other than a person holds this lane back."""
    return lane.state == "parked" or lane.circuit != "closed" or lane.resume_at is not None


def cap_words(run: RunRow) -> Content:
    """Return what the question for a cap says."""
    now = "No cap is set." if run.cap is None else f"The cap is {show(run.cap)}."
    promised = max(0, run.committed - run.spent)
    spent = f"{show(run.spent)} is billed" + (
        f", {show(Micros(promised))} is promised or in doubt." if promised else "."
    )
    return Content(f"{now} {spent}\nAn amount in dollars, for example 7.50; none lifts the cap.")


def parse_cap(text: str) -> Micros | None:
    """Return a cap as typed, None for no cap. Raises ValueError with a sentence."""
    word = text.strip().removeprefix("$").strip()
    if word.lower() in ("none", "no", "off"):
        return None
    try:
        cap = usd(word.replace(",", "."))
    except ValueError:
        raise ValueError(f"{text.strip()} is no amount of money. Write for example 7.50, or none.") from None
    if cap <= 0:
        raise ValueError("A cap is more than nothing. p pauses the run; none lifts the cap.")
    return cap


def wrong_cap(text: str, run: RunRow) -> str | None:
    """Return what is wrong with a cap as typed, None when nothing is."""
    try:
        cap = parse_cap(text)
    except ValueError as error:
        return str(error)
    if cap is not None and cap < run.committed:
        return f"{show(run.committed)} is billed or promised already; a cap below it would only stop the run. p does."
    return None
