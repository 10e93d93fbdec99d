"""Settings (F9): what holds here and where it was set; theme, pictures, keys, workspace."""

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import ContentSwitcher

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.keymap import bindings
from fluxtui.tui.keymap.settings import SCREEN
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.settings.images import ImagesPane
from fluxtui.tui.screens.settings.keys import KeysPane
from fluxtui.tui.screens.settings.looks import ThemePane
from fluxtui.tui.screens.settings.pane import FilteredPane, SettingsPane
from fluxtui.tui.screens.settings.variables import VariablesPane
from fluxtui.tui.screens.settings.workspaces import WorkspacesPane
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread


class SectionList(Rows):
    """The sections, each with a word on how it stands."""

    HELP = "The sections. Enter or tab goes into the one under the cursor, esc comes back."

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.sections: tuple[tuple[str, str], ...] = ()

    @property
    def row_count(self) -> int:
        return len(self.sections)

    def show(self, sections: tuple[tuple[str, str], ...]) -> None:
        if sections != self.sections:
            self.sections = sections
            self.rows_changed()

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        title, summary = self.sections[index]
        room = width - len(title) - 3
        parts: list[Part] = [(" " + title, ink("foreground"))]
        return [*parts, ("  ", ink("muted")), (fit(summary, room - 1, right=True), ink("muted"))] if room > 6 else parts


class SettingsScreen(CockpitScreen):
    """Sections on the left, the chosen one on the right."""

    CSS_PATH = "screen.tcss"
    BINDINGS = bindings(SCREEN)
    AUTO_FOCUS = "#sections"
    PARTS = ("#sections", "#section")
    HELP: ClassVar[str] = (
        "What holds here and where it was set, and what you choose yourself: theme, pictures, keys, workspace. Choices"
        " are kept for you, in all workspaces. An option wins over a variable, .env over fluxtui.toml, and any of"
        " them over what is chosen here."
    )

    sections = getters.query_one(SectionList)

    def __init__(self) -> None:
        super().__init__()
        self.panes: tuple[SettingsPane, ...] = ()
        self.variables, self.looks, self.images = VariablesPane(), ThemePane(), ImagesPane()

    def compose_body(self) -> ComposeResult:
        self.panes = (self.variables, self.looks, self.images, KeysPane(), WorkspacesPane())
        with Horizontal(id="panes"):
            with Container(id="sections-pane", classes="pane") as pane:
                pane.border_title = Content("settings")
                yield SectionList(id="sections")
            with ContentSwitcher(initial="variables", id="section"):
                yield from self.panes

    @property
    def pane(self) -> SettingsPane:
        """The section that is shown."""
        return self.panes[self.sections.cursor]

    @property
    def inside(self) -> bool:
        """Whether the person is in the section, and not at the list of sections."""
        return self.app.focused is not None and self.pane in self.app.focused.ancestors

    def settle_in(self) -> None:
        self._summarize()
        self._reread()

    def on_screen_suspend(self) -> None:
        super().on_screen_suspend()
        if self.standing:
            self.pane.leave()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.standing:
            self._summarize()

    def _summarize(self) -> None:
        self.sections.show(tuple((pane.TITLE, pane.summary()) for pane in self.panes))

    @on(Rows.Moved, "#sections")
    def _section_moved(self) -> None:
        switcher = self.query_one("#section", ContentSwitcher)
        for pane in self.panes:
            if pane.id == switcher.current and pane is not self.pane:
                pane.leave()
        switcher.current = self.pane.id
        self.refresh_bindings()

    @on(Rows.Chosen)
    def _chosen(self) -> None:
        self.action_choose()

    def on_descendant_focus(self) -> None:
        if self.standing and not self.inside:
            self.pane.leave()
        self.refresh_bindings()

    # --- reading ---------------------------------------------------------------------------------

    def action_reread(self) -> None:
        self.app.engine.settings.forget()
        self._reread()
        begin(self, self._read_themes, group="themes", exclusive=True)

    def _reread(self) -> None:
        begin(self, self._read, group="settings", exclusive=True)

    async def _read_themes(self) -> None:
        await self.app.reread_themes()
        if self.standing:
            self.looks.renew()
            self._summarize()

    async def _read(self) -> None:
        try:
            report = await in_thread(self.app.engine.settings.report)
        except FluxtuiError as error:
            if self.standing:
                self.variables.show_problem(error.problem)
            return
        if not self.standing:
            return
        self.variables.show(report)
        self.looks.overridden(report.find("FLUXTUI_THEME"))
        self.images.overridden(report.find("FLUXTUI_IMAGES"))
        self._summarize()

    # --- keys ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ("back", "choose", "filter") or not self.standing:
            return True
        if action == "back":
            return self.inside
        if action == "choose":
            return not self.inside or self.pane.CAN_CHOOSE
        return isinstance(self.pane, FilteredPane)

    def key_words(self) -> dict[str, str]:
        if not self.standing or not self.inside:
            return {"settings.choose": "go in"}
        return self.pane.WORDS

    def action_choose(self) -> None:
        if not self.inside:
            self.pane.enter()
        else:
            self.pane.choose()
            self.call_after_refresh(self._summarize)

    def action_back(self) -> None:
        if not self.pane.back():
            self.sections.focus()

    def action_filter(self) -> None:
        pane = self.pane
        if isinstance(pane, FilteredPane):
            pane.filter()
