"""The pane of runs: the table, the line that filters it, and the prompt that a search found in the selected run."""

from dataclasses import dataclass

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from fluxtui.domain.text import byte_size
from fluxtui.history.run_list import RunFilter
from fluxtui.tui.screens.history import words
from fluxtui.tui.screens.history.filtering import HINT, parse_filter
from fluxtui.tui.screens.history.line import HistoryLine
from fluxtui.tui.screens.history.reading import Listing, Look, RunFacts
from fluxtui.tui.screens.history.table import SORT_WORDS, RunTable


class RunsPane(Container):
    """The table of runs, and the line that filters it."""

    table = getters.query_one(RunTable)
    line = getters.query_one(HistoryLine)

    @dataclass
    class Filtered(Message):
        """The line means another filter now."""

        pane: "RunsPane"
        run_filter: RunFilter

        @property
        def control(self) -> "RunsPane":
            return self.pane

    def __init__(self, table: RunTable) -> None:
        super().__init__(id="runs-pane", classes="pane")
        self._table = table

    def compose(self) -> ComposeResult:
        yield self._table
        yield Static("", id="match", markup=False)
        yield HistoryLine(id="filter")
        yield Static("", id="filter-said", markup=False)

    @property
    def filtering(self) -> bool:
        """Whether the line is there."""
        return self.line.has_class("-open")

    def show_title(self, listing: Listing, look: Look) -> None:
        """Say how many runs there are, in which order, how many are marked, and what they weigh."""
        shown = len(listing.ids)
        filtered = shown != listing.every or bool(self.line.value)
        told = [f"runs {shown:,} of {listing.every:,}" if filtered else f"runs {shown:,}"]
        if look.sort != "newest" or not look.descending:
            told.append(f"by {SORT_WORDS[look.sort]} {'▾' if look.descending else '▴'}")
        if self.table.marked:
            told.append(f"{len(self.table.marked):,} marked")
        self.border_title = Content(" · ".join(told))
        self.border_subtitle = Content(f"{byte_size(listing.use.total)} on disk" if listing.use.pictures else "")

    def show_match(self, facts: RunFacts | None, searched: str) -> None:
        """Show the first prompt that was found, where there is no pane of facts to do it."""
        found = () if facts is None else facts.matches[:1]
        match = self.query_one("#match", Static)
        match.update(words.matched(found[0], searched) if found else "")
        match.set_class(bool(found), "-open")

    def open_filter(self) -> None:
        self.line.add_class("-open")
        self.screen.set_focus(self.line)  # at once: the next key may be here already
        self._say()

    def close_filter(self) -> None:
        """Leave the line, and show every run again."""
        self.line.keep()
        self.line.value = ""
        self.line.remove_class("-open")
        self.screen.set_focus(self.table)
        self._say()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.post_message(self.Filtered(self, parse_filter(self.line.value)[0]))
        self._say()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.line.keep()
        self.line.set_class(bool(self.line.value), "-open")
        self.screen.set_focus(self.table)
        self._say()

    def _say(self) -> None:
        """Under the line: what is wrong with it, else what may come next."""
        _, wrong = parse_filter(self.line.value)
        following = "  ".join(self.line.suggestions()[:8])
        if wrong:
            told = Content.styled(wrong, "$warning")
        elif following:
            told = Content.assemble(("tab  ", "$primary"), (following, "$muted"))
        else:
            told = Content.styled("" if self.line.value else HINT, "$muted")
        said = self.query_one("#filter-said", Static)
        said.update(told)
        said.set_class(bool(told) and (self.line.has_focus or bool(wrong)) and self.filtering, "-open")

    def on_descendant_focus(self) -> None:
        self._say()

    def on_descendant_blur(self) -> None:
        self.call_after_refresh(self._say)
