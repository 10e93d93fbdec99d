"""What can be done to runs from the History screen. Each asks first where money or records are at stake."""

from collections.abc import Iterable, Sequence
from functools import partial

from textual import getters, on

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history import run_list
from fluxtui.history.records import RunRow
from fluxtui.history.rerun import RerunQuote, rerun_quote
from fluxtui.history.run_list import DiskUse
from fluxtui.tui import faces
from fluxtui.tui.doors.history import Gone
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.screens.history import words
from fluxtui.tui.screens.history.table import RunTable
from fluxtui.tui.store import NoHistoryYet
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread

_LARGEST = 8


class DoingScreen(CockpitScreen):
    """The base of the History screen: its actions, for the marked runs or the one under the cursor."""

    table = getters.query_one(RunTable)

    async def _rows(self, ids: Iterable[int]) -> list[RunRow]:
        """Return the runs with these ids that are still there."""
        try:
            return list((await self.app.feed.ask(partial(run_list.run_rows, ids=tuple(ids)))).values())
        except NoHistoryYet:
            return []

    def read(self) -> None:
        """Read the list anew."""

    # --- open, resume, rerun -----------------------------------------------------------------------

    @on(Rows.Chosen)
    def action_open_run(self) -> None:
        if self.table.run_id is not None:
            self.app.open_run(self.table.run_id)

    def action_resume_run(self) -> None:
        begin(self, self._resume, group="resume")

    async def _resume(self) -> None:
        alive = self.app.live.runner_alive
        runs = [run for run in await self._rows(self.table.chosen) if words.resumable(run, runner_alive=alive)]
        if len(runs) == 1:
            self.app.open_run(runs[0].id)
            await self.app.resume(runs[0].id)
        elif runs:
            self.app.push_screen(words.resume_question(runs), partial(self._resume_all, runs))
        else:
            self.app.tell("None of the marked runs stands still.")

    def _resume_all(self, runs: Sequence[RunRow], answer: str | None) -> None:
        async def resume() -> None:
            for run in runs:
                await self.app.resume(run.id)

        if answer == "resume":
            self.table.mark(frozenset())
            begin(self.app, resume, group="resume")

    def action_rerun_failed(self) -> None:
        begin(self, self._ask_rerun, group="rerun")

    async def _ask_rerun(self) -> None:
        runs: list[RunRow] = []
        quotes: list[RerunQuote] = []
        for run in await self._rows(self.table.chosen):
            if run.counts.get(JobState.FAILED):
                quote = await self.app.feed.ask(partial(rerun_quote, run_id=run.id))
                if quote.jobs:
                    runs.append(run)
                    quotes.append(quote)
        if runs:
            self.app.push_screen(words.rerun_question(runs, quotes), partial(self._rerun, runs))
        else:
            self.app.tell("Nothing to try again: what failed here was never sent, since its target cannot draw it.")

    def _rerun(self, runs: Sequence[RunRow], answer: str | None) -> None:
        if answer == "rerun":
            self.table.mark(frozenset())
            for run in runs:
                self.app.steer_soon("retry", run.id, {"states": [JobState.FAILED.value]})
            if len(runs) == 1:
                self.app.open_run(runs[0].id)

    # --- amend, duplicate --------------------------------------------------------------------------

    def action_amend_run(self) -> None:
        begin(self, self._open_amendment, group="amend", exclusive=True)

    async def _open_amendment(self) -> None:
        from fluxtui.tui.screens.history.amend import AmendScreen

        run = self.table.current
        if run is None:
            return
        try:
            opened = await in_thread(partial(self.app.engine.history.open, run.id, sandbox=run.sandbox))
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return
        self.app.push_screen(AmendScreen(run, opened))

    def action_duplicate(self) -> None:
        begin(self, self._duplicate, group="duplicate", exclusive=True)

    async def _duplicate(self) -> None:
        run = self.table.current
        if run is None:
            return
        try:
            batch = await in_thread(self.app.engine.history.batch_of, run.id)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return
        self.app.open_copy(batch, f"{faces.one_line(batch.name, 80)}-copy")

    # --- delete, disk use --------------------------------------------------------------------------

    def action_delete(self) -> None:
        begin(self, self._ask_deletion, group="delete", exclusive=True)

    async def _ask_deletion(self) -> None:
        runs = await self._rows(self.table.chosen)
        if not runs:
            return
        uses = await self.app.feed.ask(partial(run_list.disk_use, ids=[run.id for run in runs]))
        use = DiskUse(
            sum(use.pictures for use in uses.values()),
            sum(use.picture_bytes for use in uses.values()),
            sum(use.thumbnail_bytes for use in uses.values()),
        )
        self.app.push_screen(words.delete_question(runs, use), partial(self._delete, runs))

    def _delete(self, runs: Sequence[RunRow], answer: str | None) -> None:
        if answer in ("keep", "pictures"):
            self.table.mark(frozenset())
            # The app's own work: it goes on when another screen is opened.
            begin(self.app, partial(self._delete_all, runs, pictures=answer == "pictures"), group="deletions")

    async def _delete_all(self, runs: Sequence[RunRow], *, pictures: bool) -> None:
        deleted: list[RunRow] = []
        every = Gone(0, 0)
        for run in runs:
            try:
                gone = await self.app.engine.history.delete(run.id, pictures=pictures)
            except FluxtuiError as error:
                self.app.tell_problem(error.problem)
                continue
            deleted.append(run)
            every = Gone(
                every.pictures + gone.pictures,
                every.freed_bytes + gone.freed_bytes,
                every.kept + gone.kept,
                every.reason or gone.reason,
            )
        if deleted:
            told = words.gone_words(deleted, every, pictures=pictures)
            self.app.tell(told, severity="warning" if every.kept else "information")

    async def finish_deletions(self) -> None:
        """Finish what a crash broke off, out of sight."""
        try:
            await self.app.engine.history.finish_deletions()
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)

    def action_disk_use(self) -> None:
        begin(self, self._show_disk_use, group="disk", exclusive=True)

    async def _show_disk_use(self) -> None:
        try:
            room = await in_thread(self.app.engine.history.room)
            use = await self.app.feed.ask(run_list.total_disk_use)
            ids = list((await self.app.feed.ask(partial(run_list.run_ids, sort="size")))[:_LARGEST])
            runs, uses = await self._rows(ids), await self.app.feed.ask(partial(run_list.disk_use, ids=ids))
        except (NoHistoryYet, FluxtuiError, OSError) as error:
            self.app.tell(f"The disk cannot be looked at: {error}", severity="warning")
            return
        largest = [(run, uses[run.id]) for run in runs if uses.get(run.id, DiskUse()).pictures]
        self.app.push_screen(PaperScreen("Disk use", words.disk_words(use, room, largest)))
