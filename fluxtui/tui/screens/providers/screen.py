"""Providers (F6): how every service and target does, why one stands still, and what to do about it."""

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui import keymap
from fluxtui.tui.doors.services import Service
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.screens.providers import words
from fluxtui.tui.screens.providers.card_paper import CardPaper
from fluxtui.tui.screens.providers.health import (
    Card,
    ServiceCard,
    Signs,
    TargetCard,
    cards,
    matching,
    read_signs,
    targets_of,
)
from fluxtui.tui.screens.providers.steering import SteeringScreen
from fluxtui.tui.screens.providers.table import CardTable
from fluxtui.tui.store import LanesChanged, News, NoHistoryYet, RunnerChanged, RunsChanged
from fluxtui.tui.widgets.fitted import Fitted
from fluxtui.tui.widgets.quietly import entitle
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread


class ProvidersScreen(SteeringScreen):
    """The list of targets by service, and the card of the selected one."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.PROVIDERS)
    AUTO_FOCUS = "#cards"
    PARTS = ("#cards", "#card", "#filter")
    HELP: ClassVar[str] = (
        "What can draw here and how it does. t tries a service's key without spending; space switches a target off"
        " (or, on a service's line, all of its targets) in every run until it is switched on again; + and - say how"
        " many requests it may have at once, a leaves that to the service; r closes an open circuit, forgets a wait"
        " and unparks. What you choose here is kept, whether or not anything runs. K says which variables hold its"
        " key, never the key itself."
    )

    table = getters.query_one(CardTable)
    line = getters.query_one("#filter", Input)

    def __init__(self) -> None:
        super().__init__()
        self._services: tuple[Service, ...] = ()
        self._signs = Signs()
        self._every: tuple[Card, ...] = ()
        self._read_settings = self._read_history = False
        self._meaning: list[tuple[str, bool, bool]] = []
        self._large: CardPaper | None = None

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="panes"):
            with Container(id="cards-pane", classes="pane"):
                yield CardTable(self.app.clock, id="cards")
                yield Input(placeholder="name of a target or service, or a state", id="filter", compact=True)
            with Container(id="card-pane", classes="pane"), VerticalScroll(id="card-scroll", can_focus=False):
                yield Fitted(id="card")

    def settle_in(self) -> None:
        self.query_one("#card-pane").border_title = Content("card")
        self.query_one("#cards-pane").border_title = Content("targets")
        self.set_interval(1.0, self._tick)
        self._read()

    # --- what is shown ---------------------------------------------------------------------------

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.standing and self._read_settings:
            self._read()

    def on_news(self, news: News) -> None:
        # Every change of the history comes as one of these, also a check's answer or another cockpit's wish.
        if isinstance(news, LanesChanged | RunsChanged | RunnerChanged) and self._in_view:
            begin(self, self.read_signs, group="signs", exclusive=True)

    def _read(self) -> None:
        """Read the settings anew, off the loop: a key may have been set meanwhile."""
        begin(self, self._read_services, group="services", exclusive=True)
        begin(self, self.read_signs, group="signs", exclusive=True)

    async def _read_services(self) -> None:
        try:
            services = await in_thread(self.app.engine.services.overview)
        except FluxtuiError as error:
            if self.standing:
                self.table.said = error.problem.sentence()
                self.table.refresh()
            return
        self._read_settings = True
        self._services = services
        self.show_cards()

    async def read_signs(self) -> None:
        try:
            self._signs = await self.app.feed.ask(read_signs)
        except (NoHistoryYet, FluxtuiError):
            pass  # nothing was ever run here, or the feed tells of it
        self._read_history = True
        self.show_cards()

    def show_cards(self) -> None:
        # Not before both are read: the cursor begins on what needs a person, which either alone does not tell.
        if not (self.standing and self._read_settings and self._read_history):
            return
        testing = self.still_tested(self._signs)
        self._every = tuple(
            cards(
                self._services,
                self.foreseen(self._signs),
                sandbox=self.app.sandbox,
                testing=testing,
                now=self.app.clock(),
            )
        )
        shown = tuple(matching(self._every, self.line.value))
        self.table.said = "No target is like that." if self.line.value else "There is no service."
        self.table.show(shown)
        entitle(self.query_one("#cards-pane"), *words.title_words(self._every, shown))
        self._show_card()
        meaning = [(card.key, card.wish.enabled, card.wish.limit is None) for card in self.chosen]
        if meaning != self._meaning:  # else the footer would be made anew four times a second
            self._meaning = meaning
            self.refresh_bindings()

    @property
    def _in_view(self) -> bool:
        """Whether the screen is in front, or the large card over it."""
        return self.is_current or (self._large is not None and self._large.is_current)

    def _show_card(self) -> None:
        every, now = self._every, self.app.clock()
        if self._large is not None and self._large.is_current:
            self._large.follow(every, now)
        card, pane = self.table.current, self.query_one("#card", Fitted)
        if card is None:
            pane.show(lambda _: Content(""))
            return
        pane.show(lambda width: words.card_words(card, every, now, max(20, width or 40)))

    def _tick(self) -> None:
        """What counts seconds goes on counting."""
        if self.standing and self._in_view:
            self.table.tick()
            self._show_card()

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._show_card()
        self.query_one("#card-scroll", VerticalScroll).scroll_home(animate=False)
        self.refresh_bindings()

    # --- the filter ------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.line.display = True  # not by a class: what is typed next must find it there
        self.set_focus(self.line)

    def action_back(self) -> None:
        self.line.value = ""
        self.set_focus(self.table)
        self.line.display = False

    @on(Input.Changed)
    def _typed(self) -> None:
        self.show_cards()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.set_focus(self.table)
        self.line.display = bool(self.line.value)

    # --- reading more ----------------------------------------------------------------------------

    def action_open_card(self) -> None:
        card = self.table.current
        if card is not None:
            self._large = CardPaper(card, self._every, self.app.clock())
            self.app.push_screen(self._large)

    @on(Rows.Chosen)
    def _chosen(self) -> None:
        self.action_open_card()

    def action_show_key(self) -> None:
        card = self.table.current
        if card is None:
            return
        service = card.service if isinstance(card, ServiceCard) else card.service.service
        lines = [words.keys_words(service, 72)] if service.keys else [Content("It has no variables.")]
        lines.append(
            Content.styled("A key is never shown. Set it in .env or the environment; F9 shows them all.", "$muted")
        )
        self.app.push_screen(PaperScreen(f"What {service.title} is set up with", Content("\n\n").join(lines)))

    @property
    def chosen_card(self) -> Card | None:
        return self.table.current

    @property
    def chosen(self) -> list[TargetCard]:
        card = self.table.current
        return [] if card is None else targets_of(card, self._every)

    # --- which keys mean something ---------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or not self.query(CardTable):
            return True
        match action:
            case "open_card" | "show_key" | "check":
                return self.table.current is not None
            case "switch" | "limit" | "reset":
                return bool(self.chosen)
            case "automatic":
                return any(card.wish.limit is not None for card in self.chosen)
            case "back":
                return bool(self.line.display)
        return True

    def key_words(self) -> dict[str, str]:
        targets = self.chosen
        off = bool(targets) and not any(card.wish.enabled for card in targets)
        return {"providers.switch": "enable" if off else "disable"}
