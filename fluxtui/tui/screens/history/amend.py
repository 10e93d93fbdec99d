"""The dialog that adds to a run: targets to tick, values of axes, repeats; priced while it is filled in."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static
from textual.worker import Worker

from fluxtui.domain.batch import Batch, Target
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.records import RunRow
from fluxtui.tui import faces, keymap
from fluxtui.tui.doors.history import Additions, Amended, RunBatch
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice
from fluxtui.tui.screens.history import words
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

_TYPING = 0.12
"""Seconds without a key until what was typed is priced."""

_NOTES = 3
"""How many things are said of each target; the plan's own warnings are on the Batch screen."""


class OfferedTargets(Rows):
    """Who could draw the run as well; those that do already are shown first and stay."""

    HELP = "Space adds a target to the run; only its cells are bought. Those of the run stay."

    def __init__(self, batch: Batch, offered: tuple[Target, ...]) -> None:
        super().__init__(id="offered")
        self._own = {target.name for target in batch.targets}
        more = [target for target in offered if target.name not in self._own]
        services = {target.provider for target in batch.targets}
        more.sort(key=lambda target: target.provider not in services)
        self._every = (*batch.targets, *more)
        self.targets: tuple[Target, ...] = self._every
        self.ticked: dict[str, Target] = {}

    @property
    def row_count(self) -> int:
        return len(self.targets)

    @property
    def current(self) -> Target | None:
        return self.targets[self.cursor] if 0 <= self.cursor < len(self.targets) else None

    def first_offer(self) -> None:
        """Put the cursor on the first target that the run does not have."""
        self.cursor = next((i for i, target in enumerate(self.targets) if target.name not in self._own), 0)

    def find(self, text: str) -> None:
        """Show the targets that hold every word of `text`."""
        parts = text.lower().split()
        self.targets = tuple(target for target in self._every if all(part in target.name.lower() for part in parts))
        self.rows_changed()
        self.reveal()

    def tick(self) -> bool:
        """Add the target under the cursor, or take it back; returns whether that changed anything."""
        target = self.current
        if target is None or target.name in self._own:
            return False
        if self.ticked.pop(target.name, None) is None:
            self.ticked[target.name] = target
        self.refresh_row(self.cursor)
        return True

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        target = self.targets[index]
        name = faces.one_line(target.title, 200)
        if target.name in self._own:
            return [(" ●  ", ink("state-done")), (fit(name, width - 16), ink("muted")), ("in the run ", ink("muted"))]
        on = target.name in self.ticked
        return [
            (" [", ink("muted")),
            ("x" if on else " ", ink("primary", bold=True)),
            ("] ", ink("muted")),
            (fit(name, width - 6), ink("foreground" if on else "muted")),
        ]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the dialog says below: a quote, or what is wrong."""

    amended: Amended | None = None
    wrong: str = ""


class AmendScreen(ModalScreen[None]):
    """Adds to one run. Nothing is bought before Enter, and Enter asks once."""

    CSS_PATH = "amend.tcss"
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.AMEND))
    AUTO_FOCUS = "#offered"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012 - declared by Textual
    HELP = (
        "What a run has is never bought again: only the cells that it lacks are, and the sum below is theirs alone."
        " Tab goes from field to field. Axes are written seed=5..8; style=ink, oil. A prompt makes one more task; of a"
        " batch file everything is added that the run does not have. Enter buys, after one question."
    )

    offered = getters.query_one(OfferedTargets)

    def __init__(self, run: RunRow, opened: RunBatch) -> None:
        super().__init__()
        self.run, self._opened = run, opened
        self.told = _Told()
        self.pricing = False

    @property
    def _cockpit(self) -> "Cockpit":
        return cast("Cockpit", self.app)

    def compose(self) -> ComposeResult:
        batch = self._opened.batch
        axes = " · ".join(
            f"{faces.one_line(axis.name, 24)} {faces.one_line(', '.join(map(str, axis.values)), 60)}"
            for axis in batch.axes
        )
        with Vertical(classes="card") as card:
            card.border_title = Content(f" Add to run {self.run.id} · {faces.one_line(self.run.batch, 40)} ")
            card.border_subtitle = Content(" space tick   tab next   ↵ buy   esc back ")
            yield Input(placeholder=f"find among {len(self._opened.offered):,} targets", id="find", compact=True)
            yield OfferedTargets(batch, self._opened.offered)
            tasks = words.many(len(batch.tasks), "task")
            yield from _field("axes", "seed=5..8; style=ink, oil", f"now {axes}" if axes else "none now")
            yield from _field("repeat", str(batch.repeat), f"times each, now {batch.repeat}")
            yield from _field("prompt", "one more task", f"now {tasks}")
            yield from _field("file", "a batch file: what it has besides", "")
            with VerticalScroll(id="sum-scroll"):
                yield Static("", id="sum", markup=False)

    def on_mount(self) -> None:
        self.call_after_refresh(self.offered.first_offer)
        self._price_soon()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self._cockpit.tell_failed_worker(event)

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    # --- what is wanted --------------------------------------------------------------------------

    def _additions(self) -> Additions | str:
        """Return what was filled in, or what is wrong with it."""
        text, repeat = self._text("repeat"), None
        if text:
            if not text.isdecimal() or not 1 <= int(text) <= 1000:
                return "repeat is a whole number from 1 to 1000."
            repeat = int(text)
        ticked = tuple(self.offered.ticked.values())
        return Additions(ticked, self._text("axes"), repeat, self._text("prompt"), self._text("file"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "tick":
            return self.is_mounted and isinstance(self.focused, OfferedTargets)
        return True

    def action_tick(self) -> None:
        if self.offered.tick():
            self._price_soon()

    @on(Rows.Chosen)
    def _chosen(self) -> None:
        self.action_tick()

    @on(Input.Changed, "#find")
    def _find(self, event: Input.Changed) -> None:
        self.offered.find(event.value)

    @on(Input.Changed, ".value")
    def _typed(self) -> None:
        self._price_soon()

    # --- the quote -------------------------------------------------------------------------------

    def _price_soon(self) -> None:
        self.pricing = True
        self._draw()
        begin(self, self._price, group="price", exclusive=True)

    async def _price(self) -> None:
        await asyncio.sleep(_TYPING)
        self.told = await self._worked_out()
        self.pricing = False
        if self.is_attached:
            self._draw()

    async def _worked_out(self) -> _Told:
        additions = self._additions()
        if isinstance(additions, str):
            return _Told(wrong=additions)
        history = self._cockpit.engine.history
        work = partial(history.work_out, self.run.id, self._opened.batch, additions, sandbox=self.run.sandbox)
        try:
            return _Told(await in_thread(work))
        except FluxtuiError as error:
            findings = getattr(error, "findings", ())
            told = [finding.sentence() for finding in findings] or [error.problem.sentence()]
            return _Told(wrong=faces.one_line(" ".join(told), 400))

    def _draw(self) -> None:
        wide = max(20, self.query_one("#sum-scroll").size.width - 3)  # the scrollbar may come
        self.query_one("#sum", Static).update(_sum_words(self.told, self.run, wide, pricing=self.pricing))

    # --- buying ----------------------------------------------------------------------------------

    @on(Input.Submitted)
    def action_buy(self) -> None:
        begin(self, self._buy, group="price", exclusive=True)

    async def _buy(self) -> None:
        """Ask for exactly what is on screen; what was typed last is worked out first."""
        self.told, self.pricing = await self._worked_out(), False
        if not self.is_attached:
            return
        self._draw()
        amended = self.told.amended
        if amended is None or not amended.missing:
            self.app.bell()
        elif self.run.sandbox:
            self._bought("buy", amended)  # it costs nothing, so there is nothing to ask
        else:
            self.app.push_screen(_question(self.run, amended), partial(self._bought, amended=amended))

    def _bought(self, answer: str | None, amended: Amended) -> None:
        if answer == "buy":
            begin(self.app, partial(_amend, self._cockpit, self.run, amended), group="amend")
            self.dismiss(None)

    def action_leave(self) -> None:
        self.dismiss(None)


def _field(name: str, placeholder: str, now: str) -> ComposeResult:
    """Compose a line with a field, its name before it and what holds now behind it."""
    with Horizontal(classes="field"):
        yield Label(name, classes="label", markup=False)
        yield Input(placeholder=placeholder, id=name, classes="value", compact=True)
        yield Static(Content.styled(now, "$muted"), classes="now", markup=False)


async def _amend(app: "Cockpit", run: RunRow, amended: Amended) -> None:
    try:
        appended = await app.engine.history.amend(amended)
    except FluxtuiError as error:
        app.tell_problem(error.problem)
        return
    app.tell(f"{words.many(appended, 'cell')} added to run {run.id}.")
    app.open_run(run.id)


def _money(run: RunRow, amended: Amended) -> str:
    price = amended.quote.price
    if not price.known:
        return "an unknown price"
    return f"{price}{' of play money' if run.sandbox else ''}"


def _sum_words(told: _Told, run: RunRow, width: int, *, pricing: bool) -> Content:
    """Return what would be bought, or what is wrong."""
    if told.wrong and not pricing:
        return Content.assemble(("▲ ", "$warning"), told.wrong)
    amended = told.amended
    if amended is None:
        return Content.styled("looking at what the run has …" if pricing else "", "$muted")
    content = Content.assemble(
        (f"{words.many(amended.cells, 'cell')}", ""),
        (f" · {amended.present:,} there already · ", "$muted"),
        (f"{amended.missing:,} to buy", "bold $primary" if amended.missing else "bold"),
    )
    if amended.missing:
        content += Content.assemble(
            (" · ", "$muted"), (_money(run, amended), "bold"), (f" · {faces.about(amended.quote.seconds)}", "$muted")
        )
    content += Content.styled("  …" if pricing else "", "$muted")
    lines = [content]
    if amended.waiting and amended.missing:
        lines.append(Content.styled(f"{words.many(amended.waiting, 'job')} not sent yet will go on as well", "$muted"))
    for line in amended.quote.lines:
        pictures = f"{words.many(line.pictures, 'picture')}  {line.price}"
        name = fit(faces.one_line(line.target, 120), max(8, width - len(pictures) - 4))
        lines.append(Content.assemble(("  ", ""), name, "  ", (pictures, "$muted")))
        notes = [("✗", "$error", *found) for found in line.impossible]
        notes += [("▲", "$warning", *found) for found in line.adaptations]
        for glyph, color, what, count in notes[:_NOTES]:
            times = f"{count:,}×"
            shown = fit(faces.one_line(what, 200), max(8, width - len(times) - 8)).rstrip()
            lines.append(Content.assemble((f"    {glyph} ", color), (f"{shown}  {times}", "$muted")))
        if len(notes) > _NOTES:
            lines.append(Content.styled(f"      and {len(notes) - _NOTES} more", "$muted"))
    for name, why in amended.left_out:
        lines.append(
            Content.assemble(("▲ ", "$warning"), f"{faces.one_line(name, 80)} is left out: {faces.one_line(why)}")
        )
    return Content("\n").join(lines)


def _question(run: RunRow, amended: Amended) -> AskScreen:
    """Return the one question before money is spent, with exactly what it will be."""
    cost = _money(run, amended)
    body = Content.assemble(
        (f"{words.many(amended.quote.pictures, 'picture')}", "bold"), f" for run {run.id}: ", (cost, "bold"), "."
    )
    if amended.waiting:
        body += Content(f"\n{words.many(amended.waiting, 'job')} of it not sent yet will go on as well.")
    choices = (Choice("y", "buy", "add them", cost), Choice("n", "no", "not yet"))
    return AskScreen(f"Add to run {run.id}?", body, choices, id="amending")
