"""What every part of the Batch screen has in common: the desk, and hearing of its changes."""

from typing import TYPE_CHECKING, cast

from textual.widget import Widget

from fluxtui.tui.screens.batch.desk import EVERYTHING, Changed, Desk

if TYPE_CHECKING:
    from textual.screen import Screen

    from fluxtui.tui.app import Cockpit
    from fluxtui.tui.screens.batch.working import WorkingScreen


class DeskPart:
    """To be named before the widget's own base: `class Targets(DeskPart, Rows)`.

    No widget itself, so that the styles of that base are inherited.
    """

    @property
    def working(self) -> "WorkingScreen":
        """The Batch screen."""
        return cast("WorkingScreen", cast("Widget", self).screen)

    @property
    def cockpit(self) -> "Cockpit":
        return self.working.app

    @property
    def desk(self) -> Desk:
        return self.working.desk

    def on_mount(self) -> None:
        self.working.parts.append(self)
        self.desk_changed(EVERYTHING)

    def on_unmount(self) -> None:
        self.working.parts.remove(self)

    def desk_changed(self, what: Changed) -> None:
        """Show what is another now. Also called once when the part is mounted, with everything."""


def bound_key(screen: "Screen[object]", key_id: str) -> str:
    """Return how the key of an id is written now, "" when nothing is bound to it."""
    for active in screen.active_bindings.values():
        if key_id and active.binding.id == key_id:
            return str(screen.app.get_key_display(active.binding))
    return ""
