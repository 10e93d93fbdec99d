"""The pane of what happened: the run's log, of all jobs or of the selected one."""

from typing import TYPE_CHECKING, cast

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from fluxtui.history.run_log import LogFilter
from fluxtui.tui.widgets.log_lines import LogLines

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


class LogPane(Container):
    """Hidden until it is asked for; nothing is read for it until then."""

    lines = getters.query_one(LogLines)

    def __init__(self) -> None:
        super().__init__(id="log-pane", classes="pane")
        self._run_id: int | None = None
        self._job_id: int | None = None
        self._one_job = False
        self._trouble = False

    def compose(self) -> ComposeResult:
        app = cast("Cockpit", self.app)
        yield LogLines(app.feed, app.clock, id="log")

    @property
    def open(self) -> bool:
        return self.has_class("-open")

    def toggle(self) -> None:
        """Show the pane and go there, or hide it."""
        self.toggle_class("-open")
        if self.open:
            self._show()
            self.screen.set_focus(self.lines)  # at once: the next key may be here already

    def follow(self, run_id: int | None, job_id: int | None) -> None:
        """The run that is shown, and its selected job (None keeps the one before)."""
        if run_id != self._run_id:
            self._job_id = None
        self._run_id = run_id
        self._job_id = job_id or self._job_id
        if self.open:
            self._show()

    def read_new(self) -> None:
        """Something happened somewhere: read what is new."""
        if self.open:
            self.lines.read_new()

    def _show(self) -> None:
        job_id = self._job_id if self._one_job else None
        self.lines.show(self._run_id, LogFilter(job_id, self._trouble))
        self._say()

    def _last_key(self) -> str:
        return cast("Cockpit", self.app).bound_key("rows.last")

    @on(LogLines.FilterWanted)
    def _filter(self, message: LogLines.FilterWanted) -> None:
        self._one_job, self._trouble = message.job, message.trouble
        self._show()

    @on(LogLines.Changed)
    @on(LogLines.Moved)
    def _say(self) -> None:
        count = f"{self.lines.row_count:,}"
        words = ["log", count if self.lines.complete else f"last {count}"]
        if self._one_job:
            words.append("the selected job")
        if self._trouble:
            words.append("trouble only")
        self.border_title = Content(" · ".join(words))
        self.border_subtitle = Content("following" if self.lines.following else f"{self._last_key()} follows")
