"""Keys: every action with its keys; a new one by pressing it."""

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fluxtui.tui import keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.keymap.base import Key
from fluxtui.tui.keymap.editing import Keymap, split, spoken_keys
from fluxtui.tui.keymap.settings import KEYS
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice
from fluxtui.tui.screens.settings.capture import CaptureScreen
from fluxtui.tui.screens.settings.pane import FilteredPane
from fluxtui.tui.widgets.rows import Rows

Line: TypeAlias = Key | str
"""An action, or the heading of an area."""


class KeyList(Rows):
    """Actions by area, with the keys that hold."""

    HELP = (
        "Every action and its keys. Enter takes a new key by pressing it, a adds one, backspace gives the action its"
        " own key again, R gives all their own; / searches names, keys and ids."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines: tuple[Line, ...] = ()
        self._now: Keymap | None = None
        self._clashing: frozenset[str] = frozenset()

    @property
    def row_count(self) -> int:
        return len(self.lines)

    @property
    def current(self) -> Key | None:
        line = self.lines[self.cursor] if self.cursor < len(self.lines) else None
        return line if isinstance(line, Key) else None

    def show(self, keys: tuple[Key, ...], now: Keymap) -> None:
        before = self.current
        self._now = now
        self._clashing = frozenset(key.id for key in keys if now.clashes(key))
        lines: list[Line] = []
        for area in dict.fromkeys(key.area for key in keys):
            lines += [area, *(key for key in keys if key.area == area)]
        self.lines = tuple(lines)
        first = min(1, len(lines) - 1)
        if before is not None:
            first = next((at for at, line in enumerate(lines) if line == before), first)
        self.set_reactive(Rows.cursor, max(first, 0))
        self.rows_changed()
        self.reveal()
        self.post_message(self.Moved(self, self.cursor))

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        line = self.lines[index]
        if isinstance(line, str) or self._now is None:
            return [(fit(str(line), width), ink("primary", bold=True))]
        changed = self._now.changed(line.id)
        keys = max(14, min(26, width // 3))
        tip = width - keys - 26 - 4
        mark, color = ("▲", "warning") if line.id in self._clashing else ("•" if changed else " ", "secondary")
        parts: list[Part] = [
            (f"{mark} ", ink(color)),
            (
                fit(spoken_keys(self._now.of(line.id)), keys, right=True),
                ink("secondary" if changed else "foreground", bold=True),
            ),
            ("  ", ink("muted")),
            (fit(line.name, 26 if tip > 10 else width - keys - 4), ink("foreground")),
        ]
        return [*parts, (fit(line.tip, tip), ink("muted"))] if tip > 10 else parts


class KeysPane(FilteredPane):
    """The keymap."""

    TITLE = "Keys"
    BINDINGS = keymap.bindings(KEYS)
    WORDS: ClassVar[dict[str, str]] = {"settings.choose": "new key"}

    def __init__(self) -> None:
        super().__init__(id="keys")

    def compose(self) -> ComposeResult:
        with Container(classes="pane list") as pane:
            pane.border_title = Content("keys")
            yield from self.compose_filter()
            yield KeyList(id="key-list")
        with VerticalScroll(classes="pane detail short", can_focus=False):
            yield Static("", id="key-words", markup=False)

    @property
    def listing(self) -> KeyList:
        return self.query_one(KeyList)

    def on_mount(self) -> None:
        self.narrow()

    @property
    def now(self) -> Keymap:
        """The keymap that holds."""
        return Keymap(keymap.EVERY, self.app.bound)

    def summary(self) -> str:
        now = self.now
        changed = sum(now.changed(key.id) for key in keymap.EVERY)
        return f"{changed} changed" if changed else "as they came"

    def narrow(self) -> None:
        now, wanted = self.now, self.wanted

        def matches(key: Key) -> bool:
            text = f"{key.area}: {key.name} {key.id} {key.tip} {spoken_keys(now.of(key.id))}".lower()
            return all(word in text for word in wanted)

        found = tuple(key for key in keymap.EVERY if matches(key))
        self.listing.show(found, now)
        count = f"{len(found)} of {len(keymap.EVERY)}" if wanted else f"{len(found)}"
        self.query_one(".list").border_subtitle = Content(f" {count} actions ")

    def choose(self) -> None:
        self._capture(more=False)

    def action_add_key(self) -> None:
        self._capture(more=True)

    def _capture(self, *, more: bool) -> None:
        key = self.listing.current
        if key is not None:
            self.app.push_screen(CaptureScreen(key, self.now, more=more), self._take)

    def _take(self, changes: Mapping[str, str | None] | None) -> None:
        if changes:
            self.app.use_keymap(changes)
            self.narrow()

    def action_reset(self) -> None:
        key = self.listing.current
        if key is None:
            return
        proposal = self.now.reset(key.id)
        if proposal.changes is None:
            self.app.tell(proposal.problem, severity="warning")
        else:
            self._take(proposal.changes)

    def action_reset_all(self) -> None:
        changed = list(self.app.preferences.keymap)
        if not changed:
            self.app.tell("Every action has its own key.")
            return

        def answered(answer: str | None) -> None:
            if answer == "reset":
                self._take(dict.fromkeys(changed))

        count = "1 change" if len(changed) == 1 else f"{len(changed)} changes"
        choices = (Choice("n", "keep", "keep them", ""), Choice("y", "reset", "every action's own key", ""))
        self.app.push_screen(AskScreen("All keys", Content(f"Forget {count} of the keymap?"), choices), answered)

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        key = self.listing.current
        self.describe("#key-words", Content("") if key is None else key_words(key, self.now))


def key_words(key: Key, now: Keymap) -> Content:
    """Return an action in full: what it does, its id, its own keys, who else has one of them."""
    blocks = [
        Content.assemble((f"{key.area}: {key.name}", "bold"), (f"  {key.id}", "$muted")),
        Content(key.tip),
        Content.assemble(("keys   ", "$muted"), (spoken_keys(now.of(key.id)), "bold $primary")),
    ]
    if now.changed(key.id):
        blocks[-1] += Content.assemble(("   its own  ", "$muted"), spoken_keys(split(key.keys)))
    for other in now.clashes(key):
        shared = spoken_keys(name for name in now.of(key.id) if name in now.of(other.id))
        blocks.append(Content.assemble(("▲ ", "$warning"), f"{other.area}: {other.name} has {shared} too"))
    return Content("\n").join(blocks)
