"""Text laid out for the width it has."""

from textual.app import App, ComposeResult
from textual.content import Content

from fluxtui.tui.widgets.fitted import Fitted
from tests.conditions import until


class Ruler(App[None]):
    """Shows how wide it is, said before that is known."""

    ruler: Fitted

    def compose(self) -> ComposeResult:
        self.ruler = Fitted(id="ruler")
        self.ruler.show(lambda width: Content("-" * width or "unknown"))
        yield self.ruler


async def test_what_is_shown_follows_the_width() -> None:
    app = Ruler()
    async with app.run_test(size=(60, 10)) as pilot:
        await until(lambda: str(app.ruler.content) == "-" * 60)
        await pilot.resize_terminal(44, 10)
        await until(lambda: str(app.ruler.content) == "-" * 44)
        assert app.ruler.made_for == 44
