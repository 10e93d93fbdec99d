"""What the History screen says of runs: the pane of facts, disk use, and the questions it asks. Pure functions."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.domain.money import Micros, show
from fluxtui.domain.text import byte_size
from fluxtui.history.records import RunRow
from fluxtui.history.rerun import RerunQuote
from fluxtui.history.run_list import DiskUse
from fluxtui.history.search import PromptMatch, search_words
from fluxtui.tui import faces
from fluxtui.tui.doors.history import Gone, Room
from fluxtui.tui.ink import fit
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice, facts_table
from fluxtui.tui.screens.history.reading import RunFacts


def many(count: int, what: str) -> str:
    """Return `1 picture`, `12 pictures`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def resumable(run: RunRow, *, runner_alive: bool) -> bool:
    """Return whether a run can go on: it stands still, or was left by a runner that died."""
    return run.state in faces.RESUMABLE_RUNS or (run.state in faces.LIVE_RUNS and not runner_alive)


# --- the pane of facts -----------------------------------------------------------------------------


def facts_words(facts: RunFacts, now: float, width: int, searched: str) -> Content:
    """Return a run in words, for a pane of `width` cells."""
    run = facts.run
    lines = [
        Content.assemble((faces.one_line(run.batch), "bold"), (f"  run {run.id}", "$muted")),
        Content.styled(f"{faces.RUN_GLYPHS[run.state]} {run.state.value}", f"${faces.RUN_COLORS[run.state]}"),
        Content.assemble(*((part.glyph * part.cells, f"${part.color}") for part in faces.bar(run.counts, width))),
        *(Content.styled(text, f"${color}") for color, text in faces.summary(run.counts)),
        Content(""),
        *(Content.assemble((f"{label:<9}", "$muted"), value) for label, value in _facts(facts, now)),
    ]
    if facts.matches:
        lines += [Content(""), Content.styled(f"found in {many(len(facts.matches), 'prompt')}", "$muted")]
        for match in facts.matches:
            lines.append(Content.assemble((faces.one_line(match.task, 80), "bold"), "  ") + matched(match, searched))
    lines += [Content(""), *_target_lines(facts, width)]
    if facts.failures:
        lines.append(Content(""))
    for row in facts.failures:
        glyph, color = faces.GLYPHS[row.state], faces.color_of(row.state)
        why = faces.one_line(row.problem or row.state.label)
        lines.append(Content.assemble("", (f"{glyph} {faces.one_line(row.task, 60)}", f"${color}"), f"  {why}"))
    return Content("\n").join(lines)


def _facts(facts: RunFacts, now: float) -> list[tuple[str, str]]:
    run, use = facts.run, facts.use
    money = "play money" if run.sandbox else "billed"
    told = [("began", faces.when(run.created_at, now)), ("cost", f"{show(run.spent)} {money}")]
    if run.cap is not None:
        told.append(("cap", show(run.cap)))
    if run.uncertain:
        told.append(("in doubt", show(run.uncertain)))
    told.append(("quoted", show(run.quoted)))
    if run.started_at is not None and run.finished_at is not None:
        told.append(("took", faces.duration(run.finished_at - run.started_at)))
    if use.pictures:
        told.append(("on disk", f"{many(use.pictures, 'picture')}, {byte_size(use.total)}"))
    told.append(("folder", faces.one_line(run.folder)))
    if run.source:
        told.append(("file", faces.one_line(run.source)))
    return told


def _target_lines(facts: RunFacts, width: int) -> list[Content]:
    """Return a line for each target: how far, how quick, how dear."""
    lines = []
    for row in facts.targets:
        done, jobs = row.counts.get(JobState.DONE, 0), sum(row.counts.values())
        speed = "" if row.p50 is None else f"  p50 {faces.duration(row.p50)}"
        tail = f"{done:,}/{jobs:,}{speed}"
        name = fit(faces.one_line(row.target, 120), max(8, width - cell_len(tail) - 2))
        lines.append(Content.assemble(name, "  ", (tail, "$muted")))
    return lines


def matched(match: PromptMatch, searched: str) -> Content:
    """Return the part of a prompt that was found, with the words that were searched marked."""
    text = faces.one_line(match.excerpt)
    content = Content.styled(text, "$muted")
    lower = text.lower()
    if len(lower) != len(text):
        return content  # places in the one are not those in the other
    for word in search_words(searched):
        at = lower.find(word)
        while at >= 0:
            content = content.stylize("bold $accent", at, at + len(word))
            at = lower.find(word, at + len(word))
    return content


# --- disk use ----------------------------------------------------------------------------------------


def disk_words(use: DiskUse, room: Room, largest: Sequence[tuple[RunRow, DiskUse]]) -> Content:
    """Return what the workspace takes on disk, and which runs take most of it."""
    total = use.total + room.history_bytes
    rows = [
        ("pictures", f"{byte_size(use.picture_bytes)}  in {many(use.pictures, 'picture')}", ""),
        ("thumbnails", byte_size(use.thumbnail_bytes), ""),
        ("history", byte_size(room.history_bytes), ""),
        ("together", byte_size(total), "primary"),
        ("free", f"{byte_size(room.free_bytes)} of {byte_size(room.disk_bytes)}", _urgency(room)),
    ]
    content = facts_table(rows)
    if largest:
        content += Content.styled("\n\nthe largest runs\n", "$muted")
        lines = [
            Content.assemble(
                (f"{byte_size(weight.total):>8}", "bold"),
                (f"  {run.id:>4}  ", "$muted"),
                faces.one_line(run.batch, 40),
                (f"  {many(weight.pictures, 'picture')}", "$muted"),
            )
            for run, weight in largest
        ]
        content += Content("\n").join(lines)
    return content


def _urgency(room: Room) -> str:
    if room.free_bytes < 500_000_000:
        return "error"
    return "warning" if room.free_bytes < 5_000_000_000 else "success"


# --- questions ---------------------------------------------------------------------------------------


def _named(runs: Sequence[RunRow]) -> str:
    if len(runs) == 1:
        return f"run {runs[0].id} ({faces.one_line(runs[0].batch, 40)})"
    return f"{len(runs):,} runs"


def delete_question(runs: Sequence[RunRow], use: DiskUse) -> AskScreen:
    """Ask whether runs go, and whether their pictures go with them."""
    body = Content.assemble("What is recorded of ", (_named(runs), "bold"), " goes for good, thumbnails too.")
    if len(runs) > 1:
        body += Content.styled(
            "\n" + ", ".join(f"{run.id} {faces.one_line(run.batch, 24)}" for run in runs[:12]), "$muted"
        )
        body += Content.styled(f" and {len(runs) - 12} more" if len(runs) > 12 else "", "$muted")
    waiting = sum(run.counts.get(JobState.QUEUED, 0) for run in runs)
    accepted = sum(run.counts.get(state, 0) for run in runs for state in ACTIVE)
    if waiting:
        body += Content.assemble("\n\n", ("▲ ", "$warning"), f"{many(waiting, 'job')} not sent yet will never be.")
    if accepted:
        told = f"{many(accepted, 'accepted job')} not collected yet will be lost, and may be billed."
        body += Content.assemble("\n", ("▲ ", "$warning"), told)
    pictures = many(use.pictures, "picture")
    choices = [Choice("n", "no", "no", "everything stays")]
    if use.pictures:
        choices.append(Choice("k", "keep", "delete, keep the pictures", f"{pictures} stay in their folder"))
        note = f"{pictures}, {byte_size(use.total)}"
        choices.append(Choice("p", "pictures", "delete the pictures too", note, "error"))
    else:
        choices.append(Choice("k", "keep", "delete", "there are no pictures"))
    return AskScreen("Delete", body, choices, id="deleting")


def rerun_question(runs: Sequence[RunRow], quotes: Sequence[RerunQuote]) -> AskScreen:
    """Ask before failed jobs are tried again, with what that may cost."""
    jobs, collected = sum(quote.jobs for quote in quotes), sum(quote.collected for quote in quotes)
    price = show(Micros(sum(q.price for q, run in zip(quotes, runs, strict=True) if not run.sandbox)))
    rows = [("failed", f"{many(jobs, 'job')} of {_named(runs)}", "")]
    if collected:
        rows.append(("accepted", f"{collected:,} of them: only asked for, not paid again", ""))
    play = all(run.sandbox for run in runs)
    unknown = any(quote.unpriced for quote in quotes)
    cost = "nothing: it is the sandbox" if play else f"up to {price}{' and an unknown price' if unknown else ''}"
    rows.append(("cost", cost, "accent" if play else ""))
    choices = (Choice("y", "rerun", "try them again", cost), Choice("n", "no", "not now"))
    return AskScreen("Rerun failed", facts_table(rows), choices, id="rerunning")


def resume_question(runs: Sequence[RunRow]) -> AskScreen:
    """Ask before several runs go on at once."""
    queued = sum(run.counts.get(JobState.QUEUED, 0) for run in runs)
    rows = [("runs", f"{len(runs):,}", ""), ("jobs not sent yet", f"{queued:,}", "")]
    choices = (Choice("y", "resume", "go on with them", many(queued, "job")), Choice("n", "no", "not now"))
    return AskScreen("Resume", facts_table(rows), choices, id="resuming")


def gone_words(runs: Sequence[RunRow], gone: Gone, *, pictures: bool) -> str:
    """Return what a toast says after a deletion."""
    named = _named(runs)
    text = f"{named[0].upper()}{named[1:]} {'is' if len(runs) == 1 else 'are'} deleted"
    if pictures:
        text += f", with {many(gone.pictures, 'picture')}: {byte_size(gone.freed_bytes)} are free."
    elif len(runs) == 1:
        text += f"; what was drawn stayed in {faces.one_line(runs[0].folder)}."
    else:
        text += "; what was drawn stayed in their folders."
    if gone.kept:
        text += f"\n{many(gone.kept, 'picture')} could not be deleted: {gone.reason}."
    return text
