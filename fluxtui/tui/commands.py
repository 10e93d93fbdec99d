"""The palette: every action that can be taken now, as `area: action`."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode
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
    bound: dict[str | None, DOMNode] = {}
    # Not `active_bindings`: those leave out what another pane has the same key for.
    for node, bindings in screen._modal_binding_chain:  # noqa: SLF001 - Textual has no other door to it
        for _, binding in bindings:
            if app._check_action_state(binding.action, node):  # noqa: SLF001 - likewise
                bound.setdefault(binding.id, node)
    for key in keymap.EVERY:
        owner = bound.get(key.id)
        if owner is not None:
            run = partial(app.run_action, key.action, owner)
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
