"""The palette: every action that can be taken now, as `area: action`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from fluxtui.tui import keymap

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


class CockpitCommands(Provider):
    """Offers what the keymap registry knows and this screen can do, and the themes."""

    def _entries(self) -> Iterator[tuple[str, str, str, bool]]:
        """Yield (title, action, help, whether to list it before anything is typed)."""
        app = cast("Cockpit", self.app)
        bound = {active.binding.id: active for active in self.screen.active_bindings.values() if active.enabled}
        for key in keymap.EVERY:
            active = bound.get(key.id)
            if active is None or not key.palette:
                continue
            namespace = "app" if active.node is app else "screen"
            title = f"{key.area}: {key.name}"
            yield title, f"{namespace}.{active.binding.action}", key.tip, True
        for name in app.themes:
            yield f"theme: {name}", f"app.use_theme({name!r})", "Switch the colours.", False

    async def discover(self) -> Hits:
        for title, action, tip, early in self._entries():
            if early:
                yield DiscoveryHit(title, self._runner(action), help=tip)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, action, tip, _ in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), self._runner(action), help=tip)

    def _runner(self, action: str) -> "_Run":
        return _Run(cast("Cockpit", self.app), action)


class _Run:
    """Runs an action on the screen that was in front when the palette opened."""

    def __init__(self, app: "Cockpit", action: str) -> None:
        self.app, self.action = app, action

    async def __call__(self) -> None:
        namespace, _, action = self.action.partition(".")
        await self.app.run_action(action, self.app if namespace == "app" else self.app.screen)
