"""The Batch screen in words: a task, a quote, the question before money is spent. Pure."""

from collections.abc import Sequence

from textual.content import Content

from fluxtui.domain.batch import Axis
from fluxtui.engine.quote import Quote
from fluxtui.tui import faces
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice, facts_table

_LABEL = 11


def axis_words(axes: tuple[Axis, ...], repeat: int) -> str:
    """Return e.g. `seed 1, 2, 3 × style anime, manga × 2 repeats`."""
    parts = [
        f"{faces.one_line(axis.name, 24)} {', '.join(faces.one_line(str(v), 24) for v in axis.values[:6])}"
        + (f" … ({len(axis.values)})" if len(axis.values) > 6 else "")
        for axis in axes
    ]
    if repeat > 1:
        parts.append(f"{repeat} repeats")
    return " × ".join(parts)


def money(quoted: Quote, sandbox: bool) -> str:
    """Return what it costs, and that it is play money where it is."""
    return f"{quoted.price}, play money" if sandbox else str(quoted.price)


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def sums(quoted: Quote, sandbox: bool, width: int = 80) -> Content:
    """Return pictures, money and time, in lines of at most `width` cells as far as that is possible."""
    cost = money(quoted, sandbox)
    if sandbox and _LABEL + len(cost) > width:
        cost = f"{quoted.price} (play)"
    rows = [
        ("pictures", f"{quoted.pictures:,}", ""),
        ("cost", cost, "accent" if sandbox else ""),
        ("time", faces.about(quoted.seconds), ""),
    ]
    return facts_table(rows)


def switched_off(name: str) -> str:
    """Return what becomes of the jobs of a target that a person switched off, and what to do."""
    return f"{faces.one_line(name, 80)} is switched off: its jobs would wait, parked. F6 switches it on."


def findings_words(sheet: Sheet) -> Content:
    """Return what is wrong with the file, every finding."""
    title = "This file cannot be used yet" if sheet.broken else "Remarks on the file"
    color = "error" if sheet.broken else "warning"
    lines = [Content.styled(title, f"bold ${color}")]
    lines += [Content.assemble(("▲ ", f"${color}"), faces.one_line(finding, 600)) for finding in sheet.findings]
    return Content("\n\n").join(lines)


def all_findings(sheet: Sheet, quoted: Quote | None, off: Sequence[str] = ()) -> Content:
    """Return every remark, adaptation and impossible cell in full. `off` are ticked targets that are switched off."""
    blocks: list[Content] = []
    if sheet.findings:
        blocks.append(findings_words(sheet))
    for name, why in sheet.unusable:
        blocks.append(Content.assemble((f"✗ {faces.one_line(name)}  ", "bold $error"), why))
    blocks += [Content.assemble(("▲ ", "$warning"), switched_off(name)) for name in off]
    for line in quoted.lines if quoted is not None else ():
        pairs = [("✗", "error", s, n) for s, n in line.impossible] + [
            ("▲", "warning", s, n) for s, n in line.adaptations
        ]
        pairs += [("·", "muted", note, 0) for note in line.notes]
        if pairs:
            lines = [Content.styled(faces.one_line(line.target), "bold")]
            lines += [
                Content.assemble(
                    (f"{glyph} ", f"${color}"), faces.one_line(sentence, 600), (f" ({n:,})" if n > 1 else "", "$muted")
                )
                for glyph, color, sentence, n in pairs
            ]
            blocks.append(Content("\n").join(lines))
    if not blocks:
        return Content.styled("Nothing to remark: every target honours everything as asked.", "$muted")
    return Content("\n\n").join(blocks)


def start_question(sheet: Sheet, quoted: Quote, sandbox: bool, off: Sequence[str] = ()) -> AskScreen:
    """Return the one question before money is spent, with exactly what it will be.

    `off` are the ticked targets that are switched off.
    """
    body = sums(quoted, sandbox)
    names = max((len(line.target) for line in quoted.lines), default=0)
    counts = max((len(_pictures(line.pictures)) for line in quoted.lines), default=0)
    targets = "\n".join(
        f"{faces.one_line(line.target):<{names}}   {_pictures(line.pictures):>{counts}}   {line.price}"
        for line in quoted.lines
    )
    body += Content.styled(f"\n\n{targets}", "$muted")
    for name in off:
        body += Content.assemble("\n\n", ("▲ ", "$warning"), switched_off(name))
    adapted = sum(count for line in quoted.lines for _, count in line.adaptations)
    if adapted:
        body += Content.assemble("\n\n", ("▲ ", "$warning"), f"{adapted:,} times something is not honoured as asked")
    if quoted.impossible:
        body += Content.assemble(
            "\n", ("✗ ", "$error"), f"{quoted.impossible:,} cells cannot be drawn and cost nothing"
        )
    if not quoted.price.known:
        body += Content.assemble("\n", ("▲ ", "$warning"), "the price of a target is not known")
    choices = (
        Choice("y", "start", "start", money(quoted, sandbox)),
        Choice("n", "no", "not yet", ""),
    )
    return AskScreen(f"Start {faces.one_line(sheet.batch.name, 40)}?", body, choices)
