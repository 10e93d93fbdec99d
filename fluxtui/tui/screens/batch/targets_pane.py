"""Who draws: the targets on offer with their ticks and prices, found by words, each with values of its own."""

from dataclasses import replace
from functools import partial

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, Static

from fluxtui.domain.batch import Target
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.runs import lane_key
from fluxtui.history.wishes import disabled_lanes
from fluxtui.tui import faces, keymap
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.desk_part import DeskPart
from fluxtui.tui.screens.batch.lists import TargetList
from fluxtui.tui.screens.batch.preflight import PreflightPane
from fluxtui.tui.screens.batch.target_screen import TargetScreen
from fluxtui.tui.store import LanesChanged, News, NoHistoryYet, RunsChanged
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread

_SAMPLE = 8  # tasks: enough for the price of one picture


class FindLine(Input):
    """Words that the names of targets have to have."""

    BINDINGS = keymap.bindings(keymap.FIND)
    HELP = "Words that a target's name has to have, all of them. Enter goes on to the list, esc shows all again."

    def action_leave(self) -> None:
        self.query_ancestor(TargetsPane).find_no_more()

    def action_done(self) -> None:
        self.query_ancestor(TargetsPane).targets.focus()


class TargetsPane(DeskPart, Container):
    """The list, the line to find by, and what there is to say of the target under the cursor."""

    targets = getters.query_one(TargetList)
    line = getters.query_one(FindLine)

    def __init__(self) -> None:
        super().__init__(id="targets-pane", classes="pane")
        self.priced = False
        self._aside: dict[str, Target] = {}
        self._sheet: Sheet | None = None

    def compose(self) -> ComposeResult:
        yield TargetList(id="targets")
        yield Static("", id="target-said", markup=False)
        yield FindLine(placeholder="part of a name", id="find-target", compact=True)

    def on_mount(self) -> None:
        self.cockpit.news.subscribe(self, self._hear)
        self._read_switches()

    # --- what there is -----------------------------------------------------------------------------

    def desk_changed(self, what: Changed) -> None:
        desk = self.desk
        if what & Changed.OPENED:
            self._aside.clear()
            self._sheet = desk.sheet
            self._order()
            if desk.sheet is not None and not desk.sheet.broken:
                begin(self.working, partial(self._price, desk.sheet), group="offers", exclusive=True)
        elif what & Changed.FRAME and desk.targets != self.targets.chosen():
            self._order()
        if what & (Changed.OPENED | Changed.FRAME):
            self._tell()

    def _order(self) -> None:
        """Show the ticked ones first, in the order of the batch; then what else is on offer."""
        desk = self.desk
        titles = frozenset(target.title for target in desk.targets)
        offered = desk.sheet.offered if desk.sheet is not None else ()
        rest = {target.title: target for target in (*offered, *self._aside.values()) if target.title not in titles}
        self.targets.show((*desk.targets, *rest.values()), titles, desk.sheet.unusable if desk.sheet else ())

    async def _price(self, sheet: Sheet) -> None:
        """Price every target on offer by a few tasks, so that the list shows what each would cost."""
        few = replace(sheet, batch=replace(sheet.batch, tasks=sheet.batch.tasks[:_SAMPLE]))
        try:
            quoted = await in_thread(self.cockpit.engine.batches.quote, few, sheet.offered)
        except FluxtuiError:
            return  # the chosen ones were priced; an offer that cannot be stays without a number
        if self.is_attached and sheet is self._sheet:
            self.targets.show_quotes({line.target: line for line in quoted.quote.lines})
            self.priced = True

    def on_descendant_blur(self) -> None:
        if not self.has_focus_within:
            self._order()  # not while ticking: nothing jumps away under the cursor

    # --- switched off ------------------------------------------------------------------------------

    def _hear(self, news: News) -> None:
        if isinstance(news, LanesChanged | RunsChanged):  # a wish for a lane comes as one of these
            self._read_switches()

    def _read_switches(self) -> None:
        begin(self.working, self._read_off, group="switches", exclusive=True)

    async def _read_off(self) -> None:
        try:
            lanes = await self.cockpit.feed.ask(disabled_lanes)
        except (NoHistoryYet, FluxtuiError):
            return  # nothing was ever run here, or the feed tells of it
        if self.is_attached:
            sandbox = self.cockpit.sandbox
            self.targets.show_off(frozenset(t.name for t in self.targets.every if lane_key(t.name, sandbox) in lanes))
            self._tell()
            self.screen.query_one(PreflightPane).desk_changed(Changed.QUOTE)

    # --- what is said ------------------------------------------------------------------------------

    @on(Rows.Moved)
    def _tell(self) -> None:
        """Tell of the target under the cursor what the list has no room for."""
        targets, desk = self.targets, self.desk
        shown = f" · {len(targets.targets)} found" if targets.words else ""
        self.border_title = Content(f"targets {len(desk.targets)} of {len(targets.every)}{shown}")
        said = self.query_one("#target-said", Static)
        target, refused = targets.current, targets.refused
        if refused is not None:
            said.update(Content.assemble(("✗ ", "$warning"), f"{faces.one_line(refused[0], 80)}: {refused[1]}"))
        elif target is not None and target.name in targets.off:
            word = "Switched off: its jobs would stay queued. Switch it on where the providers are shown (F6)."
            said.update(Content.assemble(("▲ ", "$warning"), word))
        else:
            said.update(Content.styled("" if target is None else _own_words(target), "$muted"))
        said.display = bool(str(said.visual))

    # --- what is done ------------------------------------------------------------------------------

    @on(TargetList.Ticked)
    def _ticked(self) -> None:
        chosen = self.targets.chosen()
        # What was given values of its own is not lost when its tick is taken away.
        self._aside.update({target.title: target for target in self.desk.targets if target not in chosen})
        self.desk.choose(chosen)

    def find_some(self) -> None:
        """Go to the line that says which targets are shown."""
        self.add_class("-finding")
        self.screen.set_focus(self.line)  # at once: the next key may be here already

    @on(Input.Changed)
    def _find(self, event: Input.Changed) -> None:
        event.stop()
        self.targets.find(event.value)
        self._tell()

    def find_no_more(self) -> None:
        """Show every target again."""
        self.screen.set_focus(self.targets)
        self.remove_class("-finding")
        self.line.value = ""
        self.targets.find("")
        self._order()
        self._tell()

    def edit(self) -> None:
        """Ask for what the target under the cursor has of its own; what is answered draws from then on."""
        target = self.targets.current
        if self.desk.document is None or target is None:
            return

        def answered(after: Target | None) -> None:
            if after is None or (after == target and target.title in self.targets.ticked):
                return
            chosen = self.desk.targets
            at = next((index for index, each in enumerate(chosen) if each.title == target.title), len(chosen))
            self.desk.choose((*chosen[:at], after, *chosen[at + 1 :]))
            self.targets.go_to(after.title)

        others = {each.title for each in self.desk.targets} - {target.title}
        names = {each.name for each in self.targets.every}
        self.cockpit.push_screen(TargetScreen(target, others, names), answered)


def _own_words(target: Target) -> str:
    """Return what a target has of its own, "" for nothing."""
    parts = [target.name] if target.label else []
    parts += [
        f"{faces.one_line(name, 24)} {faces.one_line(str(value), 40)}" for name, value in target.parameters.items()
    ]
    parts += [f"else {faces.one_line(name, 60)}" for name in target.fallback]
    return " · ".join(parts)
