"""The palette: every action that can be taken now, as `area: action`."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from fluxtui.tui import keymap

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the palette. `early`: listed before anything is typed. `id` is the key's, if it has one."""

    title: str
    run: Callable[[], Awaitable[object] | None]
    help: str
    early: bool = True
    id: str | None = None


def offers(screen: Screen[object]) -> Iterator[Offer]:
    """Yield what can be done on a screen now: its actions where they are bound, and the themes."""
    app = cast("Cockpit", screen.app)
    bound = {active.binding.id: active for active in screen.active_bindings.values() if active.enabled}
    for key in keymap.EVERY:
        active = bound.get(key.id)
        if active is not None:
            run = partial(app.run_action, active.binding.action, active.node)
            yield Offer(f"{key.area}: {key.name}", run, key.tip, key.early, key.id)
        elif key.priority and key in keymap.GLOBAL:  # works over dialogs too, which hide the app's keys otherwise
            run = partial(app.run_action, key.action, app)
            yield Offer(f"{key.area}: {key.name}", run, key.tip, key.early, key.id)
    for name in app.themes:
        yield Offer(f"theme: {name}", partial(app.use_theme, name), "Switch the colours.", early=False)


class CockpitCommands(Provider):
    """Offers what the keymap registry knows and this screen can do, and the themes."""

    async def discover(self) -> Hits:
        for offer in offers(self.screen):
            if offer.early:
                yield DiscoveryHit(offer.title, offer.run, help=offer.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in offers(self.screen):
            score = matcher.match(offer.title)
            if score > 0:
                yield Hit(score, matcher.highlight(offer.title), offer.run, help=offer.help)
