"""The keys that steer a run: which of them make sense now, their questions, the wishes they become."""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

from textual.content import Content

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.chosen import CANCELLABLE, RETRYABLE, Chosen, chosen
from fluxtui.history.records import JobRow, LaneRow, RunRow
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen, existing_file
from fluxtui.tui.screens.run import steering
from fluxtui.tui.screens.run.steering import Question, Steering, Together
from fluxtui.tui.store import LanesChanged, NoHistoryYet
from fluxtui.tui.work import begin


class SteeringScreen(CockpitScreen):
    """A screen that shows the app's run and steers it."""

    def job(self) -> JobRow | None:
        """Return the selected job, if any."""
        return None

    async def together(self) -> tuple[str, tuple[int, ...]] | None:
        """Return which jobs belong together by filter or group, in words and by id; None when no choice was made."""
        return None

    def key_words(self) -> dict[str, str]:
        run = self.app.live.shown
        return {"run.pause": steering.pause_word(run, self.app.live.runner_alive)}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        run = self.app.live.shown
        if run is None:
            return action not in _OF_A_RUN
        match action:
            case "pause":
                return steering.can_pause(run) or steering.can_resume(run, self.app.live.runner_alive)
            case "resolve":
                return bool(run.counts.get(JobState.IN_DOUBT))
            case "retry":
                return any(run.counts.get(state) for state in RETRYABLE)
            case "cancel":
                return any(run.counts.get(state) for state in CANCELLABLE)
            case "send_sooner":
                return bool(run.counts.get(JobState.QUEUED))
            case "change_limit":
                return bool(self.lanes())
            case "unpark":
                return any(map(steering.stands_still, self.lanes()))
            case _:
                return True

    def lanes(self) -> list[LaneRow]:
        """Return the lanes of the run that is shown, as far as a runner holds them."""
        live = self.app.live
        ours = {target.lane for target in live.targets}
        return [lane for lane in live.lanes if lane.key in ours] if live.runner_alive else []

    def lane(self) -> LaneRow | None:
        """Return the selected job's lane; the only one when no job is selected."""
        job, lanes = self.job(), self.lanes()
        if job is None:
            return lanes[0] if len(lanes) == 1 else None
        key = next((target.lane for target in self.app.live.targets if target.target == job.target), None)
        return next((lane for lane in lanes if lane.key == key), None)

    # --- keys ------------------------------------------------------------------------------------

    def action_pause(self) -> None:
        run, alive = self.app.live.shown, self.app.live.runner_alive
        if run is None:
            return
        if steering.can_pause(run) and alive:
            self._ask_soon(run, self._pausing)
        elif steering.can_resume(run, alive):
            begin(self, partial(self.app.resume, run.id), group="steer")

    async def _pausing(self, run: RunRow) -> Question:
        every, together = await self._read_chosen(run), await self._read_together(run)
        return steering.pause(self.job(), self.lane(), self.lanes(), len(every.held), together)

    def action_cancel(self) -> None:
        self._ask_soon(self.app.live.shown, self._cancelling)

    async def _cancelling(self, run: RunRow) -> Question | None:
        return steering.cancel(run, self.job(), await self._read_together(run))

    def action_retry(self) -> None:
        self._ask_soon(self.app.live.shown, self._retrying)

    async def _retrying(self, run: RunRow) -> Question | None:
        job = self.job()
        one = Chosen() if job is None else await self._read_chosen(run, (job.id,))
        every, together = await self._read_chosen(run), await self._read_together(run)
        return steering.retry(job, every, one, together, free=run.sandbox)

    def action_resolve(self) -> None:
        self._ask_soon(self.app.live.shown, self._resolving)

    async def _resolving(self, run: RunRow) -> Question | None:
        doubtful, together = (await self._read_chosen(run)).doubtful, await self._read_together(run)
        return steering.resolve(run, self.job(), doubtful, together)

    def action_send_sooner(self, step: int) -> None:
        run = self.app.live.shown
        if run is not None:
            begin(self, partial(self._send_sooner, run, step), group="steer")

    async def _send_sooner(self, run: RunRow, step: int) -> None:
        question = steering.sooner(step, self.job(), await self._read_together(run))
        if question is None:
            self.app.tell("Only queued jobs can be sent sooner or later.")
        elif len(question.choices) == 1:  # nothing to choose, and nothing that costs or is lost
            self._wish(run.id, next(iter(question.wishes.values())))
            self.app.tell(f"{'Sooner' if step > 0 else 'Later'}: {question.choices[0].note}")
        else:
            self._ask(run, question)

    def action_change_limit(self, step: int) -> None:
        lane = self.lane()
        if lane is None:
            self.app.tell("Select a job: its lane gets more or fewer requests at once.")
            return
        limit = max(1, lane.limit + step)
        self.app.live.expect(lane.key, limit)
        self.app.news.publish(LanesChanged(self.app.live.lanes))
        self.app.steer_soon("set_limit", None, {"lane": lane.key, "limit": limit})
        self.app.tell(f"{lane.target}: at most {limit} at once, in every run.")

    def action_raise_cap(self) -> None:
        run = self.app.live.shown
        if run is None:
            return

        def answered(text: str | None) -> None:
            if text is not None:
                self.app.steer_soon("set_cap", run.id, {"micros": steering.parse_cap(text)})

        body, check = steering.cap_words(run), lambda text: steering.wrong_cap(text, run)
        self.app.push_screen(LineScreen("Spending cap", body, placeholder="7.50", check=check), answered)

    def action_unpark(self) -> None:
        run, question = self.app.live.shown, steering.unpark(self.lanes())
        if question is None or run is None:
            self.app.bell()
        elif len(question.choices) == 1:
            self._wish(run.id, next(iter(question.wishes.values())))
            self.app.tell(f"{question.choices[0].label} tries again.")
        else:
            self._ask(run, question)

    # --- questions and wishes --------------------------------------------------------------------

    async def _read_chosen(self, run: RunRow, ids: tuple[int, ...] | None = None) -> Chosen:
        try:
            return await self.app.feed.ask(lambda connection: chosen(connection, run.id, ids))
        except (NoHistoryYet, FluxtuiError):
            return Chosen()

    async def _read_together(self, run: RunRow) -> Together | None:
        which = await self.together()
        return None if which is None else Together(which[0], await self._read_chosen(run, which[1]))

    def _ask_soon(
        self, run: RunRow | None, find: Callable[[RunRow], Coroutine[object, object, Question | None]]
    ) -> None:
        """Ask once what the question needs was read; keys, and leaving, do not wait for that."""

        async def ask(shown: RunRow) -> None:
            question = await find(shown)
            if self.is_current:
                self._ask(shown, question)

        if run is not None:
            begin(self, partial(ask, run), group="question", exclusive=True)

    def _ask(self, run: RunRow, question: Question | None) -> None:
        if question is None:
            self.app.bell()
            return

        def answered(answer: str | None) -> None:
            if answer == steering.OTHER_LANE:
                self._ask(run, steering.pause_lanes(self.lanes()))
            elif answer == steering.ADOPT:
                self._adopt(run.id, question.wishes[answer])
            elif answer is not None:
                self._wish(run.id, question.wishes[answer])

        self.app.push_screen(AskScreen(question.title, question.body, question.choices), answered)

    def _wish(self, run_id: int, wish: Steering) -> None:
        self.app.steer_soon(wish.kind, run_id, wish.payload)

    def _adopt(self, run_id: int, wish: Steering) -> None:
        def with_path(path: str | None) -> None:
            if path is not None:
                full = str(Path(path).expanduser().absolute())
                self.app.steer_soon(wish.kind, run_id, {**wish.payload, "path": full})

        body = Content("The file of the picture that the service made. It is copied into the run.")
        self.app.push_screen(LineScreen("Adopt a picture", body, placeholder="path", check=existing_file), with_path)


_OF_A_RUN = frozenset(
    {
        "pause", "retry", "cancel", "resolve", "open_job", "copy_problem", "send_sooner", "change_limit", "raise_cap",
        "unpark", "filter", "sort", "choose_sort", "reverse", "choose_group", "follow", "next_problem",
    }
)  # fmt: skip
