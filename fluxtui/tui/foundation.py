"""What the cockpit's app stands on: themes, passing words, raw writes between frames."""

from dataclasses import replace
from functools import partial

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.notifications import SeverityLevel
from textual.worker import Worker, WorkerState

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.text import plain
from fluxtui.tui import themes
from fluxtui.tui.preferences import PreferenceFile, Preferences
from fluxtui.tui.work import begin, in_thread


class Foundation(App[int]):
    """An app with theme files and the person's preferences loaded.

    `theme` is what an option or a variable says and wins over the preference; `dark` is what the
    terminal told, for who has neither.
    """

    def __init__(self, preferences: PreferenceFile, theme: str | None, *, dark: bool) -> None:
        super().__init__()
        self.preference_file = preferences
        self.preferences = Preferences()
        self.themes: tuple[str, ...] = ()
        self._wanted_theme = theme
        self._dark = dark
        self._clash_told = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK.variables

    def on_load(self) -> None:
        found, problems = themes.every_theme(self.preference_file.path.parent / "themes")
        if self.console.color_system == "standard":
            found = [theme.in_sixteen() for theme in found]
        for theme in found:
            self.register_theme(theme.textual())
        self.themes = tuple(theme.name for theme in found)
        self.preferences, more = self.preference_file.read()
        problems += more
        self.set_keymap(dict(self.preferences.keymap))
        wanted = self._wanted_theme or self.preferences.theme
        if wanted is None:
            wanted = themes.DARK if self._dark else themes.LIGHT
        elif wanted not in self.available_themes:
            problems.append(f"There is no theme named {wanted}; there are {', '.join(self.themes)}.")
        self.theme = wanted if wanted in self.available_themes else self.themes[0]
        if problems:
            self.call_after_refresh(self.tell, "\n".join(problems), severity="warning")

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

    def action_next_theme(self) -> None:
        here = self.themes.index(self.theme) if self.theme in self.themes else -1
        self.use_theme(self.themes[(here + 1) % len(self.themes)])

    def use_theme(self, name: str) -> None:
        self.theme = name
        self.prefer(theme=name)

    def prefer(self, **changes: object) -> None:
        """Keep a choice (a field of `Preferences`) for this and the next start."""
        self.preferences = replace(self.preferences, **changes)  # type: ignore[arg-type]  # by the fields' names
        begin(self, partial(self._keep, changes), group="preferences")

    async def _keep(self, changes: dict[str, object]) -> None:
        try:
            await in_thread(partial(self.preference_file.write, **changes))
        except FluxtuiError as error:
            self.tell_problem(error.problem)

    def action_redraw(self) -> None:
        self.refresh(repaint=True, layout=True)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say once that keys of the user's keymap collide."""
        if not self._clash_told:
            self._clash_told = True
            names = ", ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
            self.tell(f"Some keys of your keymap collide: {names}.", severity="warning")

    def write_raw(self, text: str) -> None:
        """Send text to the terminal through the driver's queue: between two frames, never inside one."""
        if self._driver is not None:
            self._driver.write(text)
