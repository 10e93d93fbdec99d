"""The line that filters the runs."""

from fluxtui.tui.screens.history.filtering import suggest
from fluxtui.tui.widgets.filter_line import Completions, WordLine


class RunCompletions(Completions):
    """Completes with states, and the names of batches and targets."""

    batches: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    def lines(self, value: str) -> tuple[str, ...]:
        return suggest(value, batches=self.batches, targets=self.targets)


class HistoryLine(WordLine):
    """Filters the runs, and searches their prompts."""

    HELP = (
        "Words are searched in the prompts, names of tasks and of batches of every run, in any order and anywhere in a"
        ' word; "quotes" keep words together. is:stopped (or a state, live, failed, in-doubt, sandbox, real) and'
        " batch:name, target:name show some runs only.\n\n"
        "Tab completes, the arrows bring earlier searches back, Enter goes to the table, Escape shows every run."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        self._names = RunCompletions()
        super().__init__("words of a prompt, is:stopped, batch:name, target:name", self._names, id=id)

    def know(self, batches: tuple[str, ...], targets: tuple[str, ...]) -> None:
        """Complete these names from now on."""
        self._names.batches, self._names.targets = batches, targets
