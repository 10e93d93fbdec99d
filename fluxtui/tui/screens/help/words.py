"""What help says: the focused pane, its keys as they are bound now, the screen, what the glyphs mean."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from fluxtui.tui import faces, keymap

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

GENERAL = (
    "F2 to F9 go to the screens. ctrl+p finds every action by name, ? shows the keys of this screen, tab goes to the"
    " next pane, esc back. ctrl+q always leaves: work under way goes on without the screen."
)
COLUMN = 72
"""Cells that a column of keys takes at least."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A key of the registry with the keys that start it now, as people read them, and where it is bound."""

    key: keymap.Key
    keys: str
    node: DOMNode


def bound_keys(screen: Screen[object], app: "Cockpit") -> list[Bound]:
    """Return what does something now, in the order of the registry."""
    shown: dict[str, list[str]] = {}
    nodes: dict[str, DOMNode] = {}
    for active in screen.active_bindings.values():
        if active.binding.id is not None and active.enabled:
            nodes[active.binding.id] = active.node
            displays = shown.setdefault(active.binding.id, [])
            display = app.get_key_display(active.binding)
            if display not in displays:
                displays.append(display)
    return [Bound(key, " ".join(shown[key.id]), nodes[key.id]) for key in keymap.EVERY if key.id in shown]


def pane_of(focused: Widget | None) -> Widget | None:
    """Return the nearest pane around the focused widget (itself counts) that has something to say."""
    if focused is None:
        return None
    around = (node for node in focused.ancestors_with_self if isinstance(node, Widget) and not isinstance(node, Screen))
    return next((node for node in around if isinstance(node.HELP, str) and node.HELP), None)


def help_text(screen: Screen[object], app: "Cockpit", width: int) -> Content:
    """Return what F1 shows: the focused pane, its keys, then the screen and its keys."""
    parts: list[Content] = []
    bound, pane = bound_keys(screen, app), pane_of(screen.focused)
    if pane is not None and isinstance(pane.HELP, str):
        inside = {*pane.walk_children(with_self=True)}
        parts += [_headed("This pane", pane.HELP), _lines([each for each in bound if each.node in inside], width)]
    own = screen.HELP if isinstance(screen.HELP, str) else ""
    if own:
        parts.append(_headed("This screen", own))
    parts.append(_lines([each for each in bound if each.node is screen], width))
    parts.append(_headed("Everywhere", GENERAL))
    parts.append(Content.assemble(("What the glyphs say\n", "bold $primary"), legend()))
    return Content("\n\n").join([part for part in parts if part.plain])


def _headed(title: str, text: str) -> Content:
    return Content.assemble((f"{title}\n", "bold $primary"), text)


def legend() -> Content:
    return Content("   ").join(
        # With hard spaces, so that a line never ends between a glyph and its word.
        Content.styled(f"{glyph} {state.label}".replace(" ", "\u00a0"), f"${faces.color_of(state)}")
        for state, glyph in faces.GLYPHS.items()
    )


def _lines(bound: Sequence[Bound], width: int) -> Content:
    keys = max((len(each.keys) for each in bound), default=0)
    names = max((len(each.key.name) for each in bound), default=0)
    return Content("\n").join(_line(each, keys, names, width) for each in bound)


def _line(bound: Bound, keys: int, names: int, width: int) -> Content:
    line = Content.assemble(
        (f"{bound.keys:>{keys}}  ", "bold"), (f"{bound.key.name:<{names}}  ", ""), (bound.key.tip, "$muted")
    )
    return line.truncate(width, ellipsis=True)


def matching(bound: Iterable[Bound], text: str) -> list[Bound]:
    """Return the keys whose words or keys hold every word of `text`."""
    wanted = text.lower().split()
    return [
        each
        for each in bound
        if all(
            word in f"{each.keys} {each.key.area} {each.key.name} {each.key.tip} {each.key.id}".lower()
            for word in wanted
        )
    ]


def keys_text(bound: Collection[Bound], width: int) -> Content:
    """Return keys by area, in as many columns as `width` cells have room for."""
    areas: dict[str, list[Bound]] = {}
    for each in bound:
        areas.setdefault(each.key.area, []).append(each)
    columns = max(1, min(3, width // COLUMN, len(areas)))
    room = (width - 3 * (columns - 1)) // columns
    keys = max((len(each.keys) for each in bound), default=0)
    names = max((len(each.key.name) for each in bound), default=0)
    blocks = [
        [Content.styled(area, "bold $primary"), *(_line(each, keys, names, room) for each in members)]
        for area, members in areas.items()
    ]
    return _beside(_packed(blocks, columns), room)


def _packed(blocks: Sequence[list[Content]], columns: int) -> list[list[Content]]:
    """Put blocks into columns, in their order, none much longer than the others."""
    total = sum(len(block) + 1 for block in blocks)
    found: list[list[Content]] = [[]]
    for block in blocks:
        full = len(found[-1]) + len(block) / 2 > total / columns
        if found[-1] and full and len(found) < columns:
            found.append([])
        if found[-1]:
            found[-1].append(Content(""))
        found[-1] += block
    return found


def _beside(columns: Sequence[list[Content]], room: int) -> Content:
    lines = []
    for number in range(max(map(len, columns), default=0)):
        line = Content("")
        for index, column in enumerate(columns):
            part = column[number] if number < len(column) else Content("")
            last = index == len(columns) - 1
            line += part if last else part + Content(" " * (room - part.cell_length + 3))
        lines.append(line)
    return Content("\n").join(lines)
