"""Words of help: this screen, its keys as they are bound now, and the question before leaving."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.records import RunRow
from fluxtui.tui import faces, keymap
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

GENERAL = (
    "F2, F3 and F7 switch between batch, run and history. ctrl+p lists every action by name, ? the keys of this"
    " screen, tab goes to the next pane, esc back. ctrl+q always leaves: work under way goes on without the screen."
)


def help_text(screen: Screen[object], focused: Widget | None) -> Content:
    """Return what F1 shows: the screen, then the focused pane when it has something to say."""
    parts: list[Content] = []
    own = screen.HELP if isinstance(screen.HELP, str) else None
    if own:
        parts.append(Content(own))
    pane = focused.HELP if focused is not None and isinstance(focused.HELP, str) else None
    if pane:
        parts.append(Content.assemble(("This pane\n", "bold $primary"), pane))
    parts.append(Content.assemble(("Everywhere\n", "bold $primary"), GENERAL))
    parts.append(Content.assemble(("What the glyphs say\n", "bold $primary"), _legend()))
    return Content("\n\n").join(parts)


def _legend() -> Content:
    return Content("   ").join(
        # With hard spaces, so that a line never ends between a glyph and its word.
        Content.styled(f"{glyph} {state.label}".replace(" ", "\u00a0"), f"${faces.color_of(state)}")
        for state, glyph in faces.GLYPHS.items()
    )


def keys_text(screen: Screen[object], app: "Cockpit") -> Content:
    """Return the keys that do something now, grouped, as they are bound."""
    bound: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        if active.binding.id is not None and active.enabled:
            display = app.get_key_display(active.binding)
            shown = bound.setdefault(active.binding.id, [])
            if display not in shown:
                shown.append(display)
    blocks: list[Content] = []
    areas: dict[str, list[keymap.Key]] = {}
    for key in keymap.EVERY:
        if key.id in bound:
            areas.setdefault(key.area, []).append(key)
    widest = max((len(" ".join(keys)) for keys in bound.values()), default=0)
    names = max((len(key.name) for keys in areas.values() for key in keys), default=0)
    for area, keys in areas.items():
        lines = [Content.styled(area, "bold $primary")]
        for key in keys:
            label = " ".join(bound[key.id])
            lines.append(
                Content.assemble((f"{label:>{widest}}  ", "bold"), (f"{key.name:<{names}}  ", ""), (key.tip, "$muted"))
            )
        blocks.append(Content("\n").join(lines))
    return Content("\n\n").join(blocks)


def leaving_question(run: RunRow) -> AskScreen:
    """Return the question asked when work is under way."""
    active = sum(run.counts.get(state, 0) for state in ACTIVE)
    left = active + run.counts.get(JobState.QUEUED, 0)
    jobs = "1 job is" if left == 1 else f"{left:,} jobs are"
    body = Content(
        f"{jobs} still to be finished. The runner goes on without this screen; any later fluxtui shows the same run."
    )
    choices = (
        Choice("l", "leave", "leave; the work goes on", ""),
        Choice("p", "pause", "pause the run and leave", "what was sent is still collected"),
        Choice("s", "stay", "stay", ""),
    )
    return AskScreen(f"Run {run.id} is under way", body, choices, id="leaving")
