"""The tour: five steps that point at real panes. Shown once by itself; it can be left at any step."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from fluxtui.tui import keymap
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.work import begin

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

_TRIES = 500
"""How often to look whether a screen has its parts, a hundredth of a second apart."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the screen (None: where the tour began), the pane that is there, and what to say of it.

    `{app.run}` and the like become the key that is bound.
    """

    mode: str | None
    panes: tuple[str, ...]
    title: str
    text: str


STEPS = (
    Step(
        None,
        ("Header",),
        "Where everything is",
        "The top line: the screens and their keys, and at the right the runner, the money, and what is in doubt."
        " {app.batch} is the batch, {app.run} the run, {app.providers} the services, {app.history} all runs.",
    ),
    Step(
        "batch",
        ("#sheet-pane", "#tasks-pane", "#nothing"),
        "A batch is a sheet",
        "One row a task. {app.open} opens a file, or paste lines and tables. Nothing is sent from here until you have"
        " seen the price and said yes.",
    ),
    Step(
        "batch",
        ("#preflight", "#quote-pane", "#targets-pane", "#nothing"),
        "What it costs, as you type",
        "Tick who draws; pictures, money, time and warnings follow at once. {batch.start} starts, and asks first.",
    ),
    Step(
        "run",
        ("#jobs-pane", "#nothing"),
        "The run, live",
        "Every job with its state. {run.pause} pauses, {run.retry} tries again, {run.cancel} cancels. The runner is a"
        " process of its own: close this window, and it goes on.",
    ),
    Step(
        None,
        ("Footer",),
        "The keys that matter now",
        "The bottom line. {app.palette} finds every action by name, {app.keys} lists the keys of a screen, {app.help}"
        " explains the pane you are in, {app.quit} always leaves.",
    ),
)  # fmt: skip


class TourScreen(ModalScreen[None]):
    """One step, beside the pane that it points at."""

    CSS_PATH = "tour.tcss"
    BINDINGS = keymap.bindings(keymap.TOUR)

    def __init__(self, home: str, index: int, pane: Widget, text: Content) -> None:
        super().__init__()
        self._home, self._index, self._pane, self._text = home, index, pane, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(f" {self._index + 1} of {len(STEPS)} · {STEPS[self._index].title} ")
            card.border_subtitle = Content(" → next   ← back   esc leave the tour ")
            yield Static(self._text, markup=False)

    def on_mount(self) -> None:
        self._settle()

    def on_resize(self) -> None:
        self._settle()

    def _settle(self) -> None:
        """Stand where the pane is not."""
        middle = self._pane.region.y + self._pane.region.height / 2
        self.set_class(middle > self.app.size.height / 2, "-above")

    def on_unmount(self) -> None:
        self._pane.remove_class("-pointed")

    def action_step(self, step: int) -> None:
        wanted = max(0, self._index + step)
        if wanted >= len(STEPS):
            self.action_leave()
        elif wanted != self._index:
            go_on(self.app, self._home, wanted)  # type: ignore[arg-type]  # the one app there is

    def action_leave(self) -> None:
        begin(self.app, partial(self.app.action_go, self._home), group="tour")  # type: ignore[attr-defined]  # likewise


def go_on(app: "Cockpit", home: str, index: int = 0) -> None:
    """Show a step of the tour; `home` is the mode to come back to."""
    begin(app, partial(_show, app, home, index), group="tour", exclusive=True)


async def _show(app: "Cockpit", home: str, index: int) -> None:
    if not app.preferences.toured:
        app.prefer(toured=True)  # begun is enough: who leaves it does not want to see it again
    step = STEPS[index]
    await app.action_go(step.mode or home)
    screen = app.screen
    if not isinstance(screen, CockpitScreen):
        return
    for _ in range(_TRIES):
        if screen.standing:
            break
        await asyncio.sleep(0.01)
    named = (found for name in step.panes for found in screen.query(name))
    pane = next((found for found in named if _is_shown(found)), screen)
    pane.add_class("-pointed")
    await app.push_screen(TourScreen(home, index, pane, _words(app, step.text)))


def _is_shown(widget: Widget) -> bool:
    return all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))


def _words(app: "Cockpit", text: str) -> Content:
    """Return a step's text with the keys as they are bound."""
    line = Content("")
    names = {key.id: key for key in keymap.EVERY}
    for part in text.split("{"):
        name, closed, rest = part.partition("}")
        if closed:
            keys = app.preferences.keymap.get(name) or names[name].keys
            binding = names[name].binding().with_key(keys.split(",")[0], None)
            line += Content.styled(app.get_key_display(binding), "bold $primary") + Content(rest)
        else:
            line += Content(part)
    return line
