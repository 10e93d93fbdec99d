"""The keys that steer a run: which of them make sense now, their questions, the wishes they become."""

from pathlib import Path

from textual.content import Content

from fluxtui.domain.jobs import JobState
from fluxtui.history.records import JobFilter, JobRow
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen, existing_file
from fluxtui.tui.screens.run import steering


class SteeringScreen(CockpitScreen):
    """A screen that shows the app's run and steers it."""

    def job(self) -> JobRow | None:
        """Return the selected job, if any."""
        return None

    def key_words(self) -> dict[str, str]:
        run = self.app.live.shown
        return {"run.pause": steering.pause_word(run, self.app.live.runner_alive)}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        run = self.app.live.shown
        if action in ("pause", "retry", "cancel", "resolve", "open_job", "copy_problem") and run is None:
            return False
        if run is None:
            return True
        match action:
            case "pause":
                return steering.can_pause(run) or steering.can_resume(run, self.app.live.runner_alive)
            case "resolve":
                return bool(run.counts.get(JobState.IN_DOUBT))
            case "retry":
                return any(run.counts.get(state) for state in steering.RETRYABLE)
            case "cancel":
                return any(run.counts.get(state) for state in steering.CANCELLABLE)
            case _:
                return True

    async def action_pause(self) -> None:
        run = self.app.live.shown
        if run is None:
            return
        if steering.can_pause(run) and self.app.live.runner_alive:
            await self.app.steer("pause_run", run.id)
        elif steering.can_resume(run, self.app.live.runner_alive):
            await self.app.resume(run.id)

    def action_cancel(self) -> None:
        if self.app.live.shown is not None:
            self._ask(steering.cancel(self.app.live.shown, self.job()))

    def action_retry(self) -> None:
        if self.app.live.shown is not None:
            self._ask(steering.retry(self.app.live.shown, self.job()))

    async def action_resolve(self) -> None:
        run = self.app.live.shown
        if run is None:
            return
        wanted = JobFilter(states=frozenset({JobState.IN_DOUBT}))
        doubtful = tuple(await self.app.feed.order(run.id, wanted, "position", False))
        self._ask(steering.resolve(run, self.job(), doubtful))

    def _ask(self, question: steering.Question | None) -> None:
        run = self.app.live.shown
        if question is None or run is None:
            self.app.bell()
            return

        def answered(answer: str | None, run_id: int = run.id) -> None:
            if answer is not None:
                self._wish(run_id, question.wishes[answer], adopt=answer == "adopt")

        self.app.push_screen(AskScreen(question.title, question.body, question.choices), answered)

    def _wish(self, run_id: int, wish: steering.Steering, *, adopt: bool) -> None:
        if not adopt:
            self.app.steer_soon(wish.kind, run_id, wish.payload)
            return

        def with_path(path: str | None) -> None:
            if path is not None:
                full = str(Path(path).expanduser().absolute())
                self.app.steer_soon(wish.kind, run_id, {**wish.payload, "path": full})

        body = Content("The file of the picture that the service made. It is copied into the run.")
        self.app.push_screen(LineScreen("Adopt a picture", body, placeholder="path", check=existing_file), with_path)
