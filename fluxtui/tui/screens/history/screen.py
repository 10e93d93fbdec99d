"""History (F7): every run of the workspace. Find one, open it, go on with it, add to it, delete it."""

from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.run_list import SORTS
from fluxtui.tui import keymap
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice
from fluxtui.tui.screens.history import words
from fluxtui.tui.screens.history.doing import DoingScreen
from fluxtui.tui.screens.history.reading import Listing, Look, RunFacts, Searches, read_facts, read_listing, read_names
from fluxtui.tui.screens.history.runs_pane import RunsPane
from fluxtui.tui.screens.history.table import SORT_WORDS, RunTable
from fluxtui.tui.store import News, NoHistoryYet, RunnerChanged, RunsChanged
from fluxtui.tui.widgets.fitted import Fitted
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin

_SORT_KEYS = dict(zip(SORTS, "wbsjmz", strict=True))


class HistoryScreen(DoingScreen):
    """The table of runs, and the selected one in words."""

    CSS_PATH = "screen.tcss"
    OF_HISTORY = True
    BINDINGS = keymap.bindings(keymap.HISTORY)
    AUTO_FOCUS = "#runs"
    PARTS = ("#runs", "#facts", "#filter")
    HELP: ClassVar[str] = (
        "Every run of this workspace. / searches what was asked for, word by word, and understands is:stopped,"
        " is:failed, batch:name, target:name. A run that was interrupted, paused, parked or stopped by its cap goes on"
        " with r: finished pictures are never bought again. a adds targets, values or repeats to a run of any state and"
        " buys only what it lacks; f tries what failed again; d makes a new batch of it; x deletes, with or without"
        " its pictures. space marks several runs for r, f and x."
    )

    pane = getters.query_one(RunsPane)

    def __init__(self) -> None:
        super().__init__()
        self.facts: RunFacts | None = None
        self._look = Look()
        self._searches = Searches()
        self._reading = self._again = False
        self._finishing = False

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield RunsPane(RunTable(self.app.clock, id="runs"))
            with Container(id="facts-pane", classes="pane"), VerticalScroll(id="facts-scroll", can_focus=False):
                yield Fitted(id="facts")
        yield Static(
            Content.assemble(("No runs yet\n\n", "bold"), ("F2", "bold $primary"), ("  open a batch", "$muted")),
            id="nothing",
            markup=False,
        )

    def settle_in(self) -> None:
        self.query_one("#facts-pane").border_title = Content("run")
        self.read()

    # --- the list --------------------------------------------------------------------------------

    def on_news(self, news: News) -> None:
        # The feed tells of changes four times a second at most, so there is nothing to wait for.
        if isinstance(news, RunsChanged | RunnerChanged) and self in self.app.screen_stack:  # also behind a question
            self.read()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.standing:
            self.read()

    @on(RunTable.Wanted)
    def read(self) -> None:
        """Read the list anew; a change while it is being read is read right after."""
        self._again = True
        if not self._reading:
            self._reading = True
            begin(self, self._read, group="runs")

    async def _read(self) -> None:
        try:
            while self._again and self.standing:
                self._again = False
                look, view = self._look, self.table.wanted
                listing = await self.app.feed.ask(partial(read_listing, look=look, view=view, searches=self._searches))
                if self.standing and look == self._look:
                    self._show(listing)
        except NoHistoryYet:
            self.set_class(True, "-nothing")
        except FluxtuiError:
            return  # the feed tells of it
        finally:
            self._reading = False

    def _show(self, listing: Listing) -> None:
        nothing = not listing.every
        if nothing != self.has_class("-nothing"):
            self.set_class(nothing, "-nothing")
        before = self.table.news
        self.table.look = self._look
        self.table.show(listing)
        self.pane.show_title(listing, self._look)
        if self.table.news != before or self.facts is None:
            self._read_facts()
        self.refresh_bindings()
        if listing.broken_off and not self._finishing:
            self._finishing = True
            begin(self.app, self.finish_deletions, group="deletions")

    # --- the selected run ------------------------------------------------------------------------

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._read_facts()
        self.refresh_bindings()

    def _read_facts(self) -> None:
        begin(self, self._show_facts, group="facts", exclusive=True)

    async def _show_facts(self) -> None:
        run_id, text = self.table.run_id, self._look.run_filter.text
        try:
            facts = None
            if run_id is not None:
                facts = await self.app.feed.ask(lambda c: read_facts(c, run_id, text))
        except (NoHistoryYet, FluxtuiError):
            return
        if not self.standing or run_id != self.table.run_id:
            return
        self.facts = facts
        pane = self.query_one("#facts", Fitted)
        if facts is None:
            said = Content.styled("No run is like that.", "$muted") if self.pane.filtering else Content("")
            pane.show(lambda _: said)
        else:
            now = self.app.clock()
            pane.show(lambda width: words.facts_words(facts, now, max(20, width or 34), text))
        self.pane.show_match(facts, text)

    # --- the filter ------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.pane.open_filter()
        begin(self, self._read_names, group="names", exclusive=True)

    async def _read_names(self) -> None:
        try:
            names = await self.app.feed.ask(read_names)
        except (NoHistoryYet, FluxtuiError):
            return
        if self.standing:
            self.pane.line.know(*names)

    def action_back(self) -> None:
        if self.table.marked and not self.pane.line.has_focus:
            self._mark(frozenset())
        elif self.pane.filtering:
            self.pane.close_filter()

    @on(RunsPane.Filtered)
    def _filtered(self, event: RunsPane.Filtered) -> None:
        self._look_at(replace(self._look, run_filter=event.run_filter))

    # --- order and marks -------------------------------------------------------------------------

    def _look_at(self, look: Look) -> None:
        if look != self._look:
            self._look = look
            self.facts = None
            self.read()

    def _sort(self, sort: str | None) -> None:
        if sort is not None:
            turned = not self._look.descending if sort == self._look.sort else sort not in ("batch", "state")
            self._look_at(replace(self._look, sort=sort, descending=turned))

    def action_sort(self) -> None:
        order = tuple(SORTS)
        self._sort(order[(order.index(self._look.sort) + 1) % len(order)])

    def action_choose_sort(self) -> None:
        here = tuple(SORTS).index(self._look.sort)
        choices = [
            Choice(_SORT_KEYS[sort], sort, SORT_WORDS[sort], "now; again turns it round" if at == here else "")
            for at, sort in enumerate(SORTS)
        ]
        self.app.push_screen(AskScreen("Sort runs by", Content(""), choices, index=here), self._sort)

    def action_mark(self) -> None:
        run_id = self.table.run_id
        if run_id is not None:
            self._mark(self.table.marked ^ {run_id})
            self.table.cursor += 1

    def action_mark_all(self) -> None:
        every = frozenset(self.table.ids)
        self._mark(frozenset() if self.table.marked == every else every)

    def _mark(self, marked: frozenset[int]) -> None:
        self.table.mark(marked)
        self.read()  # for the title

    # --- what can be done ------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or not self.query(RunTable):
            return True
        run, marked = self.table.current, self.table.marked
        match action:
            case "open_run" | "amend_run" | "duplicate" | "delete" | "mark" | "mark_all":
                return self.table.run_id is not None
            case "resume_run":
                alive = self.app.live.runner_alive
                return bool(marked) or (run is not None and words.resumable(run, runner_alive=alive))
            case "rerun_failed":
                return bool(marked) or (run is not None and run.counts.get(JobState.FAILED, 0) > 0)
            case "back":
                return bool(marked) or self.pane.filtering
            case "filter":
                return not self.has_class("-broken")
        return True

    def key_words(self) -> dict[str, str]:
        return {"history.back": "unmark"} if self.table.marked else {}
