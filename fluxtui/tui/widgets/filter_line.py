"""Lines that filter a table: they complete words, and remember the filters of this session."""

from textual.events import Key
from textual.suggester import Suggester
from textual.widgets import Input

from fluxtui.tui import keymap
from fluxtui.tui.compositor import draw_now
from fluxtui.tui.filters import suggest


class Completions(Suggester):
    """Completes the last word of a line."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    def lines(self, value: str) -> tuple[str, ...]:
        """Return the whole lines that `value` may become, most likely first."""
        return ()

    async def get_suggestion(self, value: str) -> str | None:
        # Only what begins as it was typed can be shown behind the cursor.
        return next((line for line in self.lines(value) if line.startswith(value)), None)


class JobCompletions(Completions):
    """Completes with states, fields and the names of this run."""

    targets: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    def lines(self, value: str) -> tuple[str, ...]:
        return suggest(value, targets=self.targets, tasks=self.tasks)


class WordLine(Input):
    """Tab takes the first suggestion; up and down bring back earlier filters."""

    BINDINGS = keymap.bindings(keymap.FILTER)

    def __init__(self, placeholder: str, completions: Completions, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, id=id, compact=True, suggester=completions)
        self._completions = completions
        self._earlier: list[str] = []
        self._at = 0

    async def _on_key(self, event: Key) -> None:
        await super()._on_key(event)
        if self.is_attached and self.screen.is_current:
            draw_now(self)  # the letter first, then what it finds

    def suggestions(self) -> tuple[str, ...]:
        """Return the last words that this line may end with."""
        return tuple(line.rsplit(" ", 1)[-1] for line in self._completions.lines(self.value))

    def keep(self) -> None:
        """Remember this filter."""
        text = self.value.strip()
        if text:
            self._earlier = [*[each for each in self._earlier if each != text][-49:], text]
        self._at = len(self._earlier)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "complete":
            return bool(self._completions.lines(self.value))
        return True

    def action_complete(self) -> None:
        lines = self._completions.lines(self.value)
        if lines:
            self.value = lines[0]
            self.cursor_position = len(self.value)

    def action_recall(self, step: int) -> None:
        at = self._at + step
        while 0 <= at < len(self._earlier) and self._earlier[at] == self.value:
            at += step
        if 0 <= at <= len(self._earlier):
            self._at = at
            self.value = self._earlier[at] if at < len(self._earlier) else ""
            self.cursor_position = len(self.value)


class FilterLine(WordLine):
    """Filters the jobs of a run."""

    HELP = (
        "Words are searched in task, target and prompt; with task:, target: or prompt: before them only there."
        " is:failed (or problem, active, settled ...) wants a state; cost>0.05, time>10 and try>1 compare."
        ' A - before a word turns it round, "quotes" keep words together.\n\n'
        "What is suggested can be taken with one key, and earlier filters come back with others."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        self.completions = JobCompletions()
        super().__init__("text, is:failed, target:name, cost>0.05", self.completions, id=id)
