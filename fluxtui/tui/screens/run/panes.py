"""The panes of the Run screen beside the jobs: the selected job, the small pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content

from fluxtui.domain.problems import FluxtuiError
from fluxtui.history import queries
from fluxtui.history.job_list import GroupTally
from fluxtui.history.records import JobDetail
from fluxtui.tui import faces
from fluxtui.tui.store import NoHistoryYet
from fluxtui.tui.widgets.contact_sheet import ContactSheet, Tile
from fluxtui.tui.widgets.facts import Facts
from fluxtui.tui.widgets.job_table import JobTable
from fluxtui.tui.widgets.picture import Picture
from fluxtui.tui.widgets.quietly import Pane, entitle
from fluxtui.tui.work import begin

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


def show_picture(picture: Picture, workspace: Path, detail: JobDetail | None) -> None:
    """Show a job's picture in `picture`, or say why there is none."""
    image = None if detail is None or not detail.images else detail.images[0]
    if detail is None:
        picture.show(None)
    elif image is None:
        row = detail.row
        why = (faces.one_line(row.problem, 200),) if row.problem and row.state in faces.NEEDS_A_PERSON else ()
        picture.show(None, f"{faces.GLYPHS[row.state]} {row.state.label}", *why)
    elif image.thumbnail is None:
        picture.show(None, "the preview is being made")
    else:
        facts = (f"{image.width} × {image.height} {image.format}", faces.one_line(image.path))
        picture.show(workspace / image.thumbnail, *facts)


class SelectedJob(Vertical):
    """The selected job: its picture, and below it the facts."""

    facts = getters.query_one(Facts)
    picture = getters.query_one(Picture)

    def compose(self) -> ComposeResult:
        with Pane(id="preview-pane", classes="pane"):
            yield Picture(cast("Cockpit", self.app).pictures, id="preview")
        with Container(id="facts-pane", classes="pane"):
            yield Facts(cast("Cockpit", self.app).clock)

    def on_mount(self) -> None:
        if self.query(Facts):  # not so when the app is left while this was being made
            self.query_one("#facts-pane").border_title = Content("details")
            self.show(None)

    def show(self, detail: JobDetail | None) -> None:
        self.facts.show(detail)
        show_picture(self.picture, cast("Cockpit", self.app).workspace, detail)
        pane = self.query_one("#preview-pane")
        image = detail.images[0] if detail is not None and detail.images else None
        title = Content("preview" if detail is None else faces.one_line(detail.row.target, 60))
        entitle(pane, title, Content("" if image is None else f"{image.width} × {image.height} {image.format}"))

    def show_group(self, name: str, by: str, tally: GroupTally | None) -> None:
        """Show a group of jobs in words."""
        self.facts.show_group(name, by, tally)
        self.picture.show(None)
        pane = self.query_one("#preview-pane")
        entitle(pane, Content(by), Content(""))


class SheetPane(Container):
    """Small pictures of the jobs around the table's cursor. Useless, and hidden, without pictures."""

    sheet = getters.query_one(ContactSheet)

    def __init__(self) -> None:
        super().__init__(id="sheet-pane", classes="pane")
        self._table: JobTable | None = None

    def compose(self) -> ComposeResult:
        yield ContactSheet(cast("Cockpit", self.app).pictures)

    def on_mount(self) -> None:
        self.border_title = Content("pictures")

    def follow(self, table: JobTable) -> None:
        """Show the neighbours of this table's cursor from now on."""
        self._table = table

    def ids(self) -> list[int]:
        """Return the jobs that are (or should be) on the sheet: the page of tiles with the cursor's."""
        room = self.sheet.room
        if self._table is None or room <= 0 or not self.sheet.is_on_screen:
            return []
        before = self._table.cursor % room
        return self._table.near(before, room - 1 - before)

    @on(ContactSheet.RoomChanged)
    def read(self) -> None:
        """Read the tiles anew."""
        begin(self, self._show, group="sheet", exclusive=True)

    async def _show(self) -> None:
        app, table, ids = cast("Cockpit", self.app), self._table, tuple(self.ids())
        if table is None or not ids:
            self.sheet.show((), None)
            return
        try:
            rows, images = await app.feed.ask(
                lambda c: (queries.jobs(c, ids), {i: queries.images(c, job_id=i) for i in ids})
            )
        except (NoHistoryYet, FluxtuiError):
            return
        tiles = []
        for job_id in ids:
            if job_id in rows:
                row = rows[job_id]
                small = next((image.thumbnail for image in images[job_id] if image.thumbnail), None)
                path: Path | None = None if small is None else app.workspace / small
                tiles.append(Tile(job_id, row.state, row.task, row.target, path))
        self.sheet.show(tiles, table.job_id)
