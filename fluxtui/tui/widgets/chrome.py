"""What frames every screen: the header line with the modes, the footer line with the keys that matter."""

from typing import TYPE_CHECKING, cast

from textual.content import Content

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import show
from fluxtui.tui import faces
from fluxtui.tui.widgets.quietly import Line

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

MODES = ("batch", "run", "providers", "history", "settings")
"""The modes that the header names, each with the key of `app.MODE`."""
_WIDE = 110
"""Columns from which the header names every mode; below, the others are keys only."""
_SPARED = 6
"""What is left out, one after the other, where the line is too long: lanes, the program's name, the other screens'
names, the cap, the other screens."""


class Header(Line):
    """One line: name, modes, workspace; runner, lanes, money, what is in doubt; the sandbox's badge."""

    DEFAULT_CSS = """
    Header { dock: top; height: 1; background: $panel; color: $foreground; }
    """

    def on_mount(self) -> None:
        app = self._cockpit
        app.news.subscribe(self, lambda _: self.renew())
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.renew())

    @property
    def _cockpit(self) -> "Cockpit":
        return cast("Cockpit", self.app)

    def facts(self) -> object:
        app = self._cockpit
        live, run = app.live, app.live.shown
        told = None if run is None else (run.spent, run.cap, run.counts.get(JobState.IN_DOUBT), run.state, run.sandbox)
        lanes = len(live.lanes)
        return self.size.width, app.current_mode, app.bound, app.workspace, app.sandbox, live.runner_alive, lanes, told

    def text(self) -> Content:
        width = self.size.width
        for spare in range(_SPARED):  # what matters most is said in every width
            left, right = self._places(spare), self._told_of(spare)
            gap = width - left.cell_length - right.cell_length
            if gap >= 2:
                break
        app = self._cockpit
        name = faces.one_line(app.workspace.resolve().name or str(app.workspace))
        if gap >= 12:
            left += Content.styled(f"   {name}", "$muted").truncate(gap - 4, ellipsis=True)
        return left + Content(" " * max(1, width - left.cell_length - right.cell_length)) + right

    def _places(self, spare: int) -> Content:
        app = self._cockpit
        left = Content.assemble((" fluxtui ", "bold $primary"), " ") if spare < 2 else Content("")
        named = self.size.width >= _WIDE and spare < 3
        for mode in MODES:
            key = app.bound_key(f"app.{mode}")
            if app.current_mode == mode:
                left += Content.assemble((f" {key} {mode} ", "bold $foreground on $cursor"))
            elif spare < 5:
                left += Content.styled(f" {key} {mode} " if named else f" {key}", "$muted")
        return left

    def _told_of(self, spare: int) -> Content:
        """Return runner, money and doubts; the more is to be spared, the shorter."""
        app = self._cockpit
        parts: list[Content] = []
        shown = app.live.shown
        if app.live.runner_alive:
            lanes = len(app.live.lanes) if spare < 1 else 0
            word = {0: "", 1: " 1 lane"}.get(lanes, f" {lanes} lanes")
            parts.append(Content.assemble(("● ", "$success"), f"runner{word}"))
        elif shown is not None and shown.state in faces.LIVE_RUNS:
            parts.append(Content.assemble(("○ ", "$warning"), ("no runner", "$warning")))
        else:
            parts.append(Content.assemble(("○ ", "$muted"), ("idle", "$muted")))
        if shown is not None:
            money = show(shown.spent)
            if shown.cap is not None and spare < 4:
                money += f" of {show(shown.cap)}"
            parts.append(Content(money))
            doubtful = shown.counts.get(JobState.IN_DOUBT, 0)
            if doubtful:
                parts.append(Content.styled(f"? {doubtful:,} in doubt", "$state-in-doubt"))
        line = Content.styled(" · ", "$muted").join(parts)
        if app.sandbox or (shown is not None and shown.sandbox):
            line += Content.assemble("  ", (" sandbox ", "bold $background on $accent"))
        return line + Content(" ")


class Footer(Line):
    """One line: the screen's own keys that matter now, then the ones that are always there."""

    DEFAULT_CSS = """
    Footer { dock: bottom; height: 1; background: $panel; color: $muted; }
    """
    ALWAYS = ("app.help", "app.palette", "app.quit")

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.renew())

    def facts(self) -> object:
        return self.size.width, self._keys()

    def _keys(self) -> list[tuple[str, str, str]]:
        """Return the keys that matter now: id, key, word."""
        found: dict[str, tuple[str, str, str]] = {}
        words: dict[str, str] = getattr(self.screen, "key_words", dict)()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            wanted = binding.show and active.enabled and not binding.action.startswith("go(")
            if binding.id is not None and wanted and binding.id not in found:
                word = binding.description if binding.id in self.ALWAYS else words.get(binding.id, binding.description)
                found[binding.id] = (binding.id, self.app.get_key_display(binding), word)
        return list(found.values())

    def text(self) -> Content:
        keys = self._keys()
        own = [self._key(key, word) for key_id, key, word in keys if key_id not in self.ALWAYS]
        always = {key_id: self._key(key, word) for key_id, key, word in keys if key_id in self.ALWAYS}
        right = Content("  ").join([always[i] for i in self.ALWAYS if i in always]) + Content(" ")
        width = self.size.width
        while right.cell_length > width // 2 and len(always) > 1:
            always.pop(next(iter(always)))
            right = Content("  ").join(list(always.values())) + Content(" ")
        left = Content(" ")
        for key in own:
            if left.cell_length + key.cell_length + 2 <= width - right.cell_length - 1:
                left += key + Content("  ")
        return left + Content(" " * max(0, width - left.cell_length - right.cell_length)) + right

    def _key(self, key: str, word: str) -> Content:
        return Content.assemble((key, "bold $primary"), (f" {word}", "$muted"))
