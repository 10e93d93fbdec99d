"""One job over the whole window: the picture large, the facts beside or below it."""

from typing import TYPE_CHECKING

from textual import getters
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content

from fluxtui.tui import keymap
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.run.panes import show_picture
from fluxtui.tui.store import JobsChanged, News
from fluxtui.tui.widgets.facts import Facts
from fluxtui.tui.widgets.job_table import JobTable
from fluxtui.tui.widgets.picture import Picture
from fluxtui.tui.widgets.quietly import Pane, entitle

if TYPE_CHECKING:
    from fluxtui.tui.screens.run.screen import RunScreen


class LookScreen(CockpitScreen):
    """Shows the Run screen's selected job; the arrows step through its table."""

    CSS = """
    LookScreen #facts-pane { width: 46; }
    LookScreen.-huge #facts-pane { width: 64; }
    LookScreen #picture-pane { width: 1fr; }
    LookScreen.-facts-off #facts-pane { display: none; }
    LookScreen.-narrow #picture-pane { display: none; }
    LookScreen.-narrow #facts-pane { width: 1fr; }
    LookScreen.-narrow.-facts-off #picture-pane { display: block; }
    """
    BINDINGS = keymap.bindings(keymap.LOOK)
    PARTS = ("Picture", "Facts")
    HELP = (
        "One job: its picture as large as the window allows, and every fact about it. The arrows go to its neighbours."
    )

    picture = getters.query_one(Picture)
    facts = getters.query_one(Facts)

    def __init__(self, run_screen: "RunScreen") -> None:
        super().__init__()
        self._run_screen = run_screen

    def compose_body(self) -> ComposeResult:
        with Horizontal():
            with Pane(id="picture-pane", classes="pane"):
                yield Picture(self.app.pictures)
            with Container(id="facts-pane", classes="pane"):
                yield Facts(self.app.clock)

    def settle_in(self) -> None:
        if self.size.width < 110 and self.app.pictures_on and self._has_picture():
            self.add_class("-facts-off")
        self.query_one("#facts-pane").border_title = Content("details")
        self.show()

    def _has_picture(self) -> bool:
        detail = self._run_screen.detail
        return detail is not None and bool(detail.images)

    def show(self) -> None:
        """Show what the Run screen has selected."""
        detail = self._run_screen.detail
        self.facts.show(detail)
        show_picture(self.picture, self.app.workspace, detail)
        pane = self.query_one("#picture-pane")
        table = self._run_screen.table
        if detail is not None:
            place = Content(f"{table.place:,} of {table.order.job_count:,}")
            entitle(pane, Content(f"{detail.row.task} · {detail.row.target}"), place)

    def on_news(self, news: News) -> None:
        if isinstance(news, JobsChanged) and self._run_screen.table.job_id in news.ids:
            self.set_timer(0.1, self.show)

    async def action_step(self, step: int) -> None:
        table: JobTable = self._run_screen.table
        table.step_job(step)
        await self._run_screen.show_detail()
        self.show()

    def action_facts(self) -> None:
        self.toggle_class("-facts-off")

    async def action_copy_problem(self) -> None:
        await self._run_screen.action_copy_problem()

    async def action_copy_prompt(self) -> None:
        await self._run_screen.action_copy_prompt()

    def action_close(self) -> None:
        self.dismiss(None)
