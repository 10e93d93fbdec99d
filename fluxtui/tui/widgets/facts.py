"""The facts of one job as text: error card first, then request, adaptations, attempts, pictures."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from textual.content import Content

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.domain.money import Certainty, Micros, show
from fluxtui.domain.problems import Problem
from fluxtui.history.job_list import GroupTally
from fluxtui.history.records import ImageRow, JobDetail
from fluxtui.tui import faces
from fluxtui.tui.widgets.job_lines import group_label
from fluxtui.tui.widgets.paper import Block, Paper
from fluxtui.tui.widgets.timeline import timeline

if TYPE_CHECKING:
    from fluxtui.tui.foundation import Foundation

_LABEL = 11
_WIDEST = 72
"""Cells of the longest bar of an attempt."""


def _labelled(label: str, value: str, style: str = "") -> Content:
    return Content.assemble((f"{label:<{_LABEL}}", "$muted"), (value, style))


def heading(detail: JobDetail) -> Content:
    """Return the first lines: task, state, target."""
    row = detail.row
    color = f"${faces.color_of(row.state)}"
    return Content.assemble(
        (faces.one_line(row.task), "bold"),
        "\n",
        (f"{faces.GLYPHS[row.state]} {row.state.label}", color),
        (f"  {faces.one_line(row.target)}", "$muted"),
    )


def problem_card(problem: Problem, color: str, state: JobState) -> Content:
    """Return a problem as a card: what, likely cause, what to do, the request's id, what the service said."""
    lines: list[Content] = [Content.styled(problem.what, f"bold ${color}")]
    if problem.cause:
        lines.append(Content(problem.cause))
    advice = problem.advice or _ADVICE.get(state)
    if advice:
        lines.append(Content.assemble(("→ ", f"${color}"), advice))
    facts = [
        text
        for text in (
            f"HTTP {problem.http_status}" if problem.http_status else "",
            f"request\u00a0{problem.request_id}" if problem.request_id else "",
        )
        if text
    ]
    if facts:
        lines.append(Content.styled(" · ".join(facts), "$muted"))
    said = (problem.detail or "").strip(" .")
    if said and said not in f"{problem.what} {problem.cause}":
        lines.append(Content.styled(faces.prose(said, _SAID), "$muted"))
    return Content("\n").join(lines)


_ADVICE = {
    JobState.FAILED: "It can be tried again.",
    JobState.REFUSED: "Change the prompt; the same one will be refused again.",
    JobState.IN_DOUBT: "Look at the service's own list of requests, then decide.",
    JobState.QUEUED: "It is sent again by itself.",
}
"""What to do where the service's answer did not tell."""

_SAID = 400
"""So much of a service's own words stands on the card; the copy has all of them."""


def card_keys(state: JobState, key: Callable[[str], str]) -> Content:
    """Return what can be done about a problem, with the keys as they are bound (`key` gives them by id)."""
    wanted = [("run.copy", "copies this")]
    if state is JobState.IN_DOUBT:
        wanted.insert(0, ("run.resolve", "adopt a picture, abandon it, or pay for it again"))
    elif state in (JobState.FAILED, JobState.REFUSED):
        wanted.insert(0, ("run.retry", "tries again"))
    parts: list[tuple[str, str]] = []
    for key_id, words in wanted:
        parts += [(key(key_id), "bold $primary"), (f"\u00a0{words}   ".replace(" ", "\u00a0", 1), "$muted")]
    return Content.assemble(*parts)


def problem_text(detail: JobDetail) -> str:
    """Return what `copy` puts on the clipboard: plain text that a support desk can use."""
    row = detail.row
    lines = [f"{row.task} · {row.target} · {row.state.label}"]
    if detail.problem is not None:
        lines.append(detail.problem.sentence())
        if detail.problem.detail:
            lines.append(detail.problem.detail)
    return "\n".join(lines)


def _asked(detail: JobDetail) -> Iterable[Content]:
    request = detail.request
    if request.size is not None:
        yield _labelled("size", str(request.size))
    seeds = [image.seed for image in detail.images if image.seed is not None]
    if request.seed is not None:
        yield _labelled("seed", str(request.seed))
    elif seeds:
        yield _labelled("seed", f"{', '.join(map(str, seeds))} (the service chose)")
    if request.steps is not None:
        yield _labelled("steps", str(request.steps))
    if request.guidance is not None:
        yield _labelled("guidance", f"{request.guidance:g}")
    if request.count > 1:
        yield _labelled("pictures", str(request.count))
    if request.output_format:
        yield _labelled("format", request.output_format)
    for name, value in request.parameters.items():
        yield _labelled(faces.one_line(name, 24), faces.one_line(str(value)))
    for name, value in detail.axis_point.items():
        if name not in ("seed", "size", "steps", "guidance"):
            yield _labelled(faces.one_line(name, 24), faces.one_line(str(value)))
    if detail.repeat > 1:
        yield _labelled("repeat", str(detail.repeat))


def _picture(image: ImageRow) -> Content:
    size = image.size_bytes / 1000
    weight = f"{size / 1000:.1f} MB" if size >= 1000 else f"{size:.0f} KB"
    return Content.assemble(
        f"{image.width} × {image.height} {image.format} · {weight}",
        "\n",
        (faces.one_line(image.path), "$muted"),
    )


def _money(detail: JobDetail) -> Content:
    row = detail.row
    if row.uncertain:
        text = f"{show(row.uncertain)} may have been billed"
        return _labelled("cost", text, "$state-in-doubt")
    if row.certainty is None:
        return _labelled("cost", f"{show(row.quoted)} quoted", "$muted")
    if row.certainty is Certainty.UNKNOWN and not row.billed:
        return _labelled("cost", "unknown: no price is known for this model", "$muted")
    sure = {"settled": "billed", "estimated": "by the price list"}.get(row.certainty.value, row.certainty.value)
    return _labelled("cost", f"{show(row.billed)} {sure}")


def job_facts(detail: JobDetail, width: int, now: float) -> Content:
    """Return what there is to say about a job besides its heading and its problem, most urgent first.

    `width` is in cells: the bars of the attempts take it. `now` is when an attempt under way ends.
    """
    row, request = detail.row, detail.request
    blocks: list[Content] = []
    if detail.adaptations:
        blocks.append(
            Content("\n").join(
                Content.assemble(("▲ ", "$warning"), faces.one_line(a.sentence())) for a in detail.adaptations
            )
        )
    attempts = timeline(detail, width, now)
    troubled = row.state not in (JobState.DONE, JobState.CANCELLED)
    if attempts and troubled:
        blocks.append(attempts)
    blocks.append(Content(faces.prose(request.prompt, 6000)))
    if request.negative_prompt:
        blocks.append(Content.assemble(("without  ", "$muted"), faces.prose(request.negative_prompt, 2000)))
    asked = [*_asked(detail), _money(detail)]
    blocks.append(Content("\n").join(asked))
    if detail.context:
        blocks.append(
            Content("\n").join(
                _labelled(faces.one_line(name, 24), faces.prose(value, 1000)) for name, value in detail.context.items()
            )
        )
    if detail.images:
        blocks.append(Content("\n").join(_picture(image) for image in detail.images))
    rewritten = next((i.prompt_used for i in detail.images if i.prompt_used and i.prompt_used != request.prompt), None)
    if rewritten:
        blocks.append(Content.assemble(("the service drew instead\n", "$warning"), faces.prose(rewritten, 3000)))
    if attempts and not troubled:
        blocks.append(attempts)
    return Content("\n\n").join(blocks)


def group_facts(tally: GroupTally, by: str, key: Callable[[str], str]) -> Content:
    """Return a group's jobs by state, and their money; `key` gives the keys that fold, by id."""
    lines = [Content.styled(text, f"${color}") for color, text in faces.summary(tally.counts)]
    lines += [Content(""), _labelled("cost", show(tally.billed))]
    if tally.uncertain:
        lines.append(_labelled("in doubt", show(tally.uncertain), "$state-in-doubt"))
    if by != "state" and tally.counts.get(JobState.DONE):
        each = Micros(tally.billed // tally.counts[JobState.DONE])
        lines.append(_labelled("a picture", show(each)))
    lines += [
        Content(""),
        Content.assemble(
            (key("jobs.fold"), "bold $primary"),
            ("  folds it    ", "$muted"),
            (key("jobs.fold-all"), "bold $primary"),
            ("  all", "$muted"),
        ),
    ]
    return Content("\n").join(lines)


class Facts(Paper):
    """The scrolling pane of a job's facts."""

    HELP = "The selected job: what went wrong and what to do, what was asked, how it was adapted, every attempt."

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._detail: JobDetail | None = None

    def show(self, detail: JobDetail | None) -> None:
        """Show a job's facts, or a quiet line when there is no job."""
        self._detail = detail
        if detail is None:
            self.put([Block(Content.styled("Nothing selected.", "$muted"))])
        else:
            self._say()

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def on_resize(self) -> None:
        super().on_resize()
        self._say()

    def _tick(self) -> None:
        if self._detail is not None and self._detail.row.state in ACTIVE and self.is_on_screen:
            self._say()

    def _say(self) -> None:
        detail = self._detail
        if detail is None or not self.is_mounted:
            return
        blocks = [Block(heading(detail))]
        if detail.problem is not None and detail.row.state is not JobState.DONE:
            color = "warning" if detail.row.state is JobState.QUEUED else faces.color_of(detail.row.state)
            card = problem_card(detail.problem, color, detail.row.state)
            blocks.append(Block(card + "\n" + card_keys(detail.row.state, self._bound_key), color))
        blocks.append(Block(job_facts(detail, min(self.room, _WIDEST), self._clock())))
        self.put(blocks)

    def _bound_key(self, key_id: str) -> str:
        return cast("Foundation", self.app).bound_key(key_id)

    def show_group(self, name: str, by: str, tally: GroupTally | None) -> None:
        """Show what a group of jobs holds."""
        self._detail = None
        label, color = group_label(name, by)
        head = Block(Content.styled(label, f"bold ${color}"))
        self.put([head] if tally is None else [head, Block(group_facts(tally, by, self._bound_key))])
