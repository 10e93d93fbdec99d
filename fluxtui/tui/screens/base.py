"""What every screen of the cockpit shares: header, footer, the notice of a small window, news."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from fluxtui.tui.compositor import ExactScreen
from fluxtui.tui.store import News
from fluxtui.tui.widgets.chrome import Footer, Header
from fluxtui.tui.widgets.picture import Picture
from fluxtui.tui.widgets.trouble import Trouble

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

SMALLEST = (60, 16)


class CockpitScreen(ExactScreen):
    """A screen between header and footer. Subclasses compose `compose_body` and hear `on_news`."""

    PARTS: ClassVar[tuple[str, ...]] = ()
    """Selectors of the widgets that `settle_in` and `on_news` use."""
    OF_HISTORY: ClassVar[bool] = False
    """Whether there is nothing to show without a history that can be read."""
    HELP = ""
    """What F1 says, as plain text."""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - declared by Textual
        (0, "-tiny"), (SMALLEST[0], "-narrow"), (110, "-wide"), (160, "-huge"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (SMALLEST[1], "-short"), (34, "-tall")]  # noqa: RUF012 - declared by Textual

    _found: tuple[Widget, ...] = ()

    @property
    def app(self) -> "Cockpit":  # type: ignore[override]  # the one app that these screens live in
        return cast("Cockpit", super().app)

    _turns = 0
    """How often the way of drawing pictures had changed when this screen was last in front."""

    def compose(self) -> ComposeResult:
        yield Header()
        yield Trouble()
        with Vertical(id="body"):
            yield from self.compose_body()
        yield Static(
            Content(f"Please make the window larger: {SMALLEST[0]} × {SMALLEST[1]} or more. ctrl+q quits."),
            id="too-small",
            markup=False,
        )
        yield Footer()

    def compose_body(self) -> ComposeResult:
        yield from ()

    def on_mount(self) -> None:
        self.app.news.subscribe(self, self._hear)
        if self.standing:  # not so when the app is left while this screen was being made
            self.settle_in()

    def settle_in(self) -> None:
        """The parts are mounted: give them their titles and their first contents."""

    @property
    def standing(self) -> bool:
        """Whether the screen has its parts: news and answers may come while it is being taken down."""
        if not self.is_attached:
            return False
        # Asked at every piece of news: what was found once is only looked for again when it is gone.
        if len(self._found) != len(self.PARTS) or not all(part.is_attached for part in self._found):
            self._found = tuple(found.first() for part in self.PARTS if (found := self.query(part)))
        return len(self._found) == len(self.PARTS)

    def _hear(self, news: News) -> None:
        if self.standing:
            self.on_news(news)

    def on_news(self, news: News) -> None:
        """Something in the workspace changed; also called while another screen is in front."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self.app.tell_failed_worker(event)

    async def may_leave(self) -> bool:
        """Ask about what would be lost if the cockpit were left now; False when the person stays."""
        return True

    def key_words(self) -> dict[str, str]:
        """Return the footer's words for keys whose meaning depends on the moment, by id."""
        return {}

    def on_screen_suspend(self) -> None:
        self._draw_pictures()

    def on_screen_resume(self) -> None:
        self._draw_pictures()
        if self._turns != self.app.pictures.turns:
            self._turns = self.app.pictures.turns
            if self.standing:
                self.on_pictures_turned()

    def on_pictures_turned(self) -> None:
        """Pictures are drawn another way since this screen was last in front, or not any more."""

    def _draw_pictures(self) -> None:
        # A screen in front dims this one, which would change the colours that carry a Kitty picture.
        for picture in self.query(Picture):
            picture.renew()
