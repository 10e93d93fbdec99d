"""What a key is: one action with its id, its words, and the keys that start it."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One action that a key starts.

    `area` is the screen or pane it belongs to (the palette's `area: action`), `name` the word in
    the footer and palette, `tip` one sentence for help. `footer` puts it among the keys shown there;
    `early` among the actions that the palette lists before anything is typed.
    """

    id: str
    keys: str
    action: str
    area: str
    name: str
    tip: str
    footer: bool = False
    priority: bool = False
    display: str | None = None
    early: bool = True

    def binding(self) -> Binding:
        return Binding(
            self.keys,
            self.action,
            self.name,
            show=self.footer,
            key_display=self.display,
            priority=self.priority,
            tooltip=self.tip,
            id=self.id,
        )


def bindings(keys: Iterable[Key]) -> list[BindingType]:
    """Return Textual's bindings for a class's BINDINGS."""
    return [key.binding() for key in keys]
