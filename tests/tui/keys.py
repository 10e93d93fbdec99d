"""Proof that a key does what it says: a test that presses keys names them with `presses`.

    @presses("run.pause", "run.sort")
    async def test_...

While such a test runs, each action that a pressed key starts is noted; the test fails when a named one
was not among them, or was not offered by the palette at that moment. `tests/tui/test_keymap.py` fails
for every key that no test names.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import pytest
from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.screen import Screen

from fluxtui.tui import keymap
from fluxtui.tui.app import Cockpit
from fluxtui.tui.commands import offers

_FOLDER = Path(__file__).parent
_KEYS = {key.id: key for key in keymap.EVERY}


def presses(*ids: str) -> pytest.MarkDecorator:
    """Mark a test that presses the keys of these ids (see `fluxtui/tui/keymap/`)."""
    unknown = [each for each in ids if each not in _KEYS]
    assert not unknown, f"no such key: {', '.join(unknown)}"
    return pytest.mark.presses(*ids)


class Pressed:
    """What keys did during a test: the ids of the actions, and those that the palette did not offer then."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.unoffered: set[str] = set()


@contextmanager
def noting() -> Iterator[Pressed]:
    """Note the actions that keys start in any cockpit, while inside."""
    pressed = Pressed()
    key_of: ContextVar[str | None] = ContextVar("key", default=None)
    check, run = Cockpit._check_bindings, Cockpit.run_action  # noqa: SLF001 - the one place where keys become actions

    async def checking(self: Cockpit, key: str, priority: bool = False) -> bool:
        token = key_of.set(key)
        try:
            return await check(self, key, priority)
        finally:
            key_of.reset(token)

    async def running(self: Cockpit, action: str, node: DOMNode | None = None) -> bool:
        key = key_of.get()
        found = None if key is None or node is None else _id_of(self, key, action, node)
        offered = found is not None and found in {offer.id for offer in offers(self.screen)}
        done = await run(self, action, node)
        if done and found is not None:
            pressed.ids.add(found)
            if not offered:
                pressed.unoffered.add(found)
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cockpit, "_check_bindings", checking)
        patch.setattr(Cockpit, "run_action", running)
        yield pressed


def _id_of(app: Cockpit, key: str, action: str, node: DOMNode) -> str | None:
    """Return the id of the binding that this key has on this node, None where it has no id."""
    for owner, bindings in app.screen._binding_chain:  # noqa: SLF001 - the bindings as the keymap changed them
        if owner is node:
            return next((b.id for b in bindings.key_to_bindings.get(key, ()) if b.action == action), None)
    return None


def chains(screen: Screen[None]) -> Iterator[list[tuple[DOMNode, BindingsMap]]]:
    """Yield what binds keys on the way to the app: without a focus, and from each widget that may ever have it.

    Also from those that cannot have it at this moment, hidden or disabled: what a test sees does not hang on how
    far a screen has come.
    """
    before = screen.focused
    try:
        for widget in [None, *(widget for widget in screen.query("*") if widget.can_focus)]:
            screen.set_reactive(Screen.focused, widget)  # the focus itself would be refused, and move other things
            yield screen._modal_binding_chain  # noqa: SLF001 - what Textual asks when a key is pressed
    finally:
        screen.set_reactive(Screen.focused, before)


@cache
def claimed() -> frozenset[str]:
    """Return the ids that the tests of this folder name, whether or not they are run now."""
    found: set[str] = set()
    for path in sorted(_FOLDER.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "presses":
                found |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return frozenset(found)
