"""The palette: every action that can be taken now, as `area: action`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode

from fluxtui.tui import keymap

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


class CockpitCommands(Provider):
    """Offers what the keymap registry knows and this screen can do, and the themes."""

    def _entries(self) -> Iterator[tuple[str, "_Run", str, bool]]:
        """Yield (title, what runs it, help, whether to list it before anything is typed)."""
        app = cast("Cockpit", self.app)
        bound = {active.binding.id: active for active in self.screen.active_bindings.values() if active.enabled}
        for key in keymap.EVERY:
            active = bound.get(key.id)
            if active is not None:
                yield f"{key.area}: {key.name}", _Run(app, active.node, active.binding.action), key.tip, key.early
        for name in app.themes:
            yield f"theme: {name}", _Run(app, app, f"use_theme({name!r})"), "Switch the colours.", False

    async def discover(self) -> Hits:
        for title, run, tip, early in self._entries():
            if early:
                yield DiscoveryHit(title, run, help=tip)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, run, tip, _ in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=tip)


class _Run:
    """Runs an action where it was bound when the palette opened."""

    def __init__(self, app: "Cockpit", node: DOMNode, action: str) -> None:
        self.app, self.node, self.action = app, node, action

    async def __call__(self) -> None:
        await self.app.run_action(self.action, self.node)
