"""What the cockpit's app says in passing, and what it draws and sends between frames."""

from textual.notifications import SeverityLevel
from textual.worker import Worker, WorkerState

from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.domain.text import plain
from fluxtui.tui.promptly import Promptly


class Speaking(Promptly):
    """An app that tells things in words: nothing it says is ever markup."""

    def tell(self, text: str, *, severity: SeverityLevel = "information") -> None:
        """Show a passing line. The text may come from outside: it is never markup."""
        self.notify(plain(text, limit=600), severity=severity, timeout=4.0, markup=False)

    def tell_problem(self, problem: Problem) -> None:
        """Show a problem: what happened, the likely cause, what to do."""
        lines = [line for line in (problem.what, problem.cause, problem.advice) if line]
        self.notify("\n".join(lines), severity="error", timeout=12.0, markup=False)

    def tell_failed_worker(self, event: Worker.StateChanged) -> None:
        """Show the error of a worker that nobody expected. Its text may hold anything but keys."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            error = event.worker.error
            self.log.error(f"worker {event.worker.group}: {error!r}")
            what = f"Something went wrong while showing this ({type(error).__name__})."
            cause = plain(str(error), limit=300, newlines=False)
            self.tell_problem(
                Problem(ProblemKind.INTERNAL, what, cause, "This is a mistake in fluxtui; please report it.")
            )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self.tell_failed_worker(event)

    def action_redraw(self) -> None:
        self.refresh(repaint=True, layout=True)

    def write_raw(self, text: str) -> None:
        """Send text to the terminal through the driver's queue: between two frames, never inside one."""
        if self._driver is not None:
            self._driver.write(text)
