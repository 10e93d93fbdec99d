"""The pane of jobs: the table, the line that filters it, and what the person chose to see of each run."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.job_list import SORTS, task_names
from fluxtui.tui import faces
from fluxtui.tui.filters import HINT, parse_filter
from fluxtui.tui.store import NoHistoryYet
from fluxtui.tui.widgets import job_columns
from fluxtui.tui.widgets.filter_line import FilterLine
from fluxtui.tui.widgets.job_table import SORT_WORDS, JobTable, descends
from fluxtui.tui.widgets.ordered_jobs import TableView
from fluxtui.tui.widgets.quietly import Pane, entitle, say
from fluxtui.tui.work import begin

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


@dataclass(frozen=True, slots=True)
class _Kept:
    """How a run was looked at when another took its place."""

    view: TableView
    line: str
    following: bool


class JobsPane(Pane):
    """The table of jobs, and the line that filters it. Each run keeps its own filter, order, groups and cursor."""

    table = getters.query_one(JobTable)
    line = getters.query_one(FilterLine)

    def __init__(self) -> None:
        super().__init__(id="jobs-pane", classes="pane")
        self.total = 0
        self.following = False
        self._kept: dict[int, _Kept] = {}

    def compose(self) -> ComposeResult:
        app = cast("Cockpit", self.app)
        yield JobTable(app.feed, app.clock, id="jobs")
        yield FilterLine(id="filter")
        yield Static("", id="filter-said", markup=False)

    def on_mount(self) -> None:
        self.table.set_columns(self.columns)

    @property
    def filtered(self) -> bool:
        return not self.table.view.job_filter.empty

    @property
    def columns(self) -> tuple[str, ...]:
        """The chosen columns."""
        chosen = cast("Cockpit", self.app).preferences.columns.get(job_columns.TABLE, job_columns.DEFAULT)
        return job_columns.known(chosen)

    def choose_columns(self, chosen: Iterable[str]) -> None:
        """Show these columns from now on, also after the next start."""
        app = cast("Cockpit", self.app)
        app.prefer(columns={**app.preferences.columns, job_columns.TABLE: tuple(chosen)})
        self.table.set_columns(chosen)

    # --- runs ------------------------------------------------------------------------------------

    def show_run(self, run_id: int, targets: tuple[str, ...]) -> None:
        """Show another run as it was looked at last."""
        table = self.table
        if table.run_id is not None:
            self._kept[table.run_id] = _Kept(table.kept_view(), self.line.value, self.following)
        kept = self._kept.get(run_id) or _Kept(TableView(), "", False)
        self.following = kept.following
        self.line.completions.targets, self.line.completions.tasks = targets, ()
        table.show_run(run_id, targets, kept.view)
        with self.line.prevent(Input.Changed):
            self.line.value = kept.line
        self.line.set_class(bool(kept.line), "-open")
        self._make_room()
        self._say()
        self.show_title()

    def show_title(self) -> None:
        """Say how many jobs there are, in which order and groups, and whether the newest is followed."""
        table, view = self.table, self.table.view
        shown = table.order.job_count
        words = [f"jobs {shown:,} of {self.total:,}" if self.filtered else f"jobs {shown or self.total:,}"]
        if view.by is not None:
            words.append(f"grouped by {view.by}")
        if view.sort != "position" or view.descending:
            mark = "▾" if view.descending else "▴"
            words.append(f"by {SORT_WORDS.get(view.sort, view.sort)} {mark}")
        if self.following:
            words.append("following")
        entitle(self, Content(" · ".join(words)))

    @on(JobTable.OrderChanged)
    def _ordered(self) -> None:
        self.show_title()

    # --- order and groups ------------------------------------------------------------------------

    def sort(self, sort: str) -> None:
        """Sort by something else; by the same again: the other way round."""
        view = self.table.view
        turned = not view.descending if sort == view.sort else descends(sort)
        self._look(replace(view, sort=sort, descending=turned))

    def next_sort(self) -> None:
        sort = SORTS[(SORTS.index(self.table.view.sort) + 1) % len(SORTS)]
        self._look(replace(self.table.view, sort=sort, descending=descends(sort)))

    def reverse(self) -> None:
        self._look(replace(self.table.view, descending=not self.table.view.descending))

    def group(self, by: str | None) -> None:
        self._look(replace(self.table.view, by=by))

    def _look(self, view: TableView) -> None:
        self.table.look(view)
        self._make_room()
        self.show_title()
        self.refresh_bindings()

    def _make_room(self) -> None:
        """Keep the pane's size whatever a filter leaves, and a line of it for the filter."""
        self.set_class(self.filtered or self.line.has_class("-open"), "-filtered")

    def toggle_following(self) -> None:
        self.following = not self.following
        self.show_title()

    # --- the filter ------------------------------------------------------------------------------

    def open_filter(self) -> None:
        self.line.add_class("-open")
        self._make_room()
        self.screen.set_focus(self.line)  # at once: the next key may be here already
        self._say()
        if not self.line.completions.tasks:
            begin(self, self._read_names, group="names", exclusive=True)

    def close_filter(self) -> None:
        """Leave the filter line, and show every job again."""
        if self.line.has_class("-open"):
            self.line.keep()
            self.line.value = ""
            self.line.remove_class("-open")
            self._make_room()
            self.screen.set_focus(self.table)

    async def _read_names(self) -> None:
        run_id = self.table.run_id
        if run_id is None:
            return
        try:
            names = await cast("Cockpit", self.app).feed.ask(
                lambda c: tuple(faces.one_line(name, 200) for name in task_names(c, run_id))
            )
        except (NoHistoryYet, FluxtuiError):
            return
        if run_id == self.table.run_id and self.is_attached:
            self.line.completions.tasks = names

    @on(Input.Changed)
    def _typed(self) -> None:
        self._look(replace(self.table.view, job_filter=parse_filter(self.line.value)[0]))
        self._say()

    def _say(self) -> None:
        """Under the line: what is wrong with it, else what may come next."""
        _, wrong = parse_filter(self.line.value)
        following = "  ".join(self.line.suggestions()[:8])
        if wrong:
            words = Content.styled(wrong, "$warning")
        elif following:
            key = cast("Cockpit", self.app).bound_key("filter.complete")
            words = Content.assemble((f"{key}  ", "$primary"), (following, "$muted"))
        else:
            words = Content.styled("" if self.line.value else HINT, "$muted")
        said = self.query_one("#filter-said", Static)
        say(said, words)
        said.set_class(bool(words) and (self.line.has_focus or bool(wrong)) and self.line.has_class("-open"), "-open")

    def on_descendant_focus(self) -> None:
        self._say()

    def on_descendant_blur(self) -> None:
        self.call_after_refresh(self._say)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.line.keep()
        if not self.line.value:
            self.line.remove_class("-open")
            self._make_room()
        self.screen.set_focus(self.table)
