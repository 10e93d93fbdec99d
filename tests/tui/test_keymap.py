"""The registry of keys: every action has an id, a help line, a line of the palette and a test; no two keys clash."""

import importlib
import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from textual.binding import Binding, BindingsMap
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.screen import Screen

import fluxtui.tui
from fluxtui.domain.jobs import JobState
from fluxtui.tui import keymap
from fluxtui.tui.app import Cockpit
from fluxtui.tui.commands import CockpitCommands, offers
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.screens.modes import MODES
from fluxtui.tui.screens.run.look import LookScreen
from fluxtui.tui.screens.run.screen import RunScreen
from tests.conditions import until
from tests.tui.harness import AZURE, BFL, BROKEN, UNAVAILABLE, Studio, cockpit, running, shown
from tests.tui.keys import chains, claimed

BY_ID = {key.id: key for key in keymap.EVERY}

SHADOWING = frozenset({"escape"})
"""Keys that a pane may take from its screen: what is nearest is left first."""

SAME = frozenset({("prompt.undo", "batch.undo"), ("prompt.redo", "batch.redo")})
"""Keys that a pane has of its own for what its screen does, since what it is made of has them for something else:
Textual's editor would undo by itself, apart from the batch."""


def ours() -> list[type[DOMNode]]:
    """Return every app, screen and widget class of the cockpit."""
    for module in pkgutil.walk_packages(fluxtui.tui.__path__, "fluxtui.tui."):
        importlib.import_module(module.name)
    found: dict[str, type[DOMNode]] = {}
    waiting: list[type[DOMNode]] = [DOMNode]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith("fluxtui."):
                found[f"{each.__module__}.{each.__qualname__}"] = each
    return [found[name] for name in sorted(found)]


def bindings_of(each: type[DOMNode]) -> list[Binding]:
    """Return what a class binds itself."""
    return [binding for binding in each.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]


def bound_by(each: type[DOMNode]) -> Iterator[Binding]:
    """Yield what a class and its bases of ours bind."""
    for base in each.__mro__:
        if base.__module__.startswith("fluxtui."):
            yield from bindings_of(base)


def action_name(action: str) -> str:
    return action.partition("(")[0].rpartition(".")[2]


def test_every_binding_is_a_key_of_the_registry() -> None:
    strange: list[str] = []
    for each in ours():
        for binding in each.__dict__.get("BINDINGS", ()):
            key = BY_ID.get(binding.id or "") if isinstance(binding, Binding) else None
            if key is None or key.binding() != binding:
                strange.append(f"{each.__qualname__}: {binding}")
    assert not strange


def test_every_action_has_a_key() -> None:
    classes = ours()
    without: list[str] = []
    for each in classes:
        for name in each.__dict__:
            if name.startswith("action_"):
                heirs = (other for other in classes if issubclass(other, each))
                actions = {action_name(binding.action) for heir in heirs for binding in bound_by(heir)}
                if name.removeprefix("action_") not in actions:
                    without.append(f"{each.__qualname__}.{name}")
    assert not without


def test_no_class_has_keys_behind_the_registry() -> None:
    hidden = re.compile(
        r"_?key_(.|f\d+|ctrl_.+|shift_.+|escape|enter|tab|space|up|down|left|right|home|end|\w*(page|del)\w*)"
    )
    named = [(each, name) for each in ours() for name, member in each.__dict__.items() if inspect.isfunction(member)]
    assert not [f"{each.__qualname__}.{name}" for each, name in named if hidden.fullmatch(name)]


def test_every_key_is_bound_and_its_action_exists() -> None:
    missing = dict(BY_ID)
    for each in ours():
        for binding in bound_by(each):
            name = action_name(binding.action)
            if any(hasattr(each, f"{prefix}action_{name}") for prefix in ("", "_")):
                missing.pop(binding.id or "", None)
    assert not missing


def test_ids_and_names_are_unique() -> None:
    assert not [each for each, count in Counter(key.id for key in keymap.EVERY).items() if count > 1]
    titles = Counter(f"{key.area}: {key.name}" for key in keymap.EVERY)
    assert not [title for title, count in titles.items() if count > 1]


@pytest.mark.parametrize("key", keymap.EVERY, ids=lambda key: key.id)
def test_a_key_is_told_in_words(key: keymap.Key) -> None:
    assert re.fullmatch(r"[a-z]+(\.[a-z0-9-]+)+", key.id)
    assert key.name, "the footer and the palette need a name"
    assert len(key.name) <= 24, "names stand in columns"
    assert re.fullmatch(r"[A-Z\d].*[.?]", key.tip), "a tip is a sentence"
    assert len(key.tip) <= 90, "a tip is one line"
    assert key.keys


@pytest.mark.parametrize("key", [key for key in keymap.EVERY if key.priority], ids=lambda key: key.id)
def test_a_key_that_goes_before_all_others_can_not_be_typed(key: keymap.Key) -> None:
    for each in key.keys.split(","):
        assert re.fullmatch(r"f\d+|(ctrl|alt|super)\+.+|enter|escape|up|down|pageup|pagedown", each), (
            f"{each} could not be written into a field"
        )


def test_every_key_has_a_test_that_presses_it() -> None:
    missing = sorted(BY_ID.keys() - claimed())
    assert not missing, f"name them with `presses` in a test that presses them: {', '.join(missing)}"


def fill(studio: Studio) -> None:
    run_id = studio.new_run()
    first, second, third = studio.send(run_id, BFL, 3)
    studio.move(first, JobState.FAILED, UNAVAILABLE)
    studio.move(second, JobState.IN_DOUBT, BROKEN)
    studio.move(third, JobState.DONE)
    studio.lane(AZURE)


async def opened(app: Cockpit, mode: str) -> CockpitScreen:
    """Show a screen and wait for its parts."""
    await app.switch_mode(mode)
    screen = app.screen
    assert isinstance(screen, CockpitScreen)
    await until(lambda: screen.is_mounted and screen.standing)
    return screen


def chain_clashes(chain: Sequence[tuple[DOMNode, BindingsMap]]) -> Iterator[str]:
    """Yield the keys that mean two things on the way from a widget to the app."""
    taken: dict[str, tuple[str, DOMNode]] = {}
    for node, bindings in chain:
        for key, binding in bindings:
            if binding.id not in BY_ID or key in SHADOWING:
                continue
            other, owner = taken.setdefault(key, (binding.id, node))
            if other != binding.id and (other, binding.id) not in SAME:
                yield f"{key}: {other} of {type(owner).__name__} and {binding.id} of {type(node).__name__}"


async def test_no_two_keys_of_a_screen_clash(studio: Studio) -> None:
    fill(studio)
    app = cockpit(studio.workspace, batch=Path("city.yaml"))
    clashes: set[str] = set()
    async with running(app):
        for mode in MODES:
            screen = await opened(app, mode)
            for chain in chains(screen):
                clashes |= {f"{type(screen).__name__}: {clash}" for clash in chain_clashes(chain)}
        await app.action_go("run")
    assert not clashes


@pytest.mark.parametrize(("key", "kind"), [(None, RunScreen), ("enter", LookScreen), ("f1", PaperScreen)])
async def test_the_palette_has_all_that_can_be_done(
    studio: Studio, key: str | None, kind: type[Screen[object]]
) -> None:
    """What it lists at once, and what it finds when typed, are the enabled actions and nothing less."""
    fill(studio)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        if key is not None:
            await pilot.press(key)
        await until(lambda: isinstance(app.screen, kind))
        screen = app.screen
        enabled = {active.binding.id for active in screen.active_bindings.values() if active.enabled} & BY_ID.keys()
        everywhere = {key.id for key in keymap.GLOBAL if key.priority}
        assert {offer.id for offer in offers(screen)} - {None} == enabled | everywhere
        provider = CockpitCommands(screen)
        early = [str(hit.text) async for hit in provider.discover()]
        for key_of in (BY_ID[each] for each in enabled if each is not None):
            title = f"{key_of.area}: {key_of.name}"
            assert (title in early) == key_of.early
            assert title in [str(hit.text) async for hit in provider.search(title)]


async def test_the_palette_opens_over_dialogs_too(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("f1")
        await until(lambda: isinstance(app.screen, PaperScreen))
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"reading: close", "enter")
        await until(lambda: not isinstance(app.screen, CommandPalette | PaperScreen))


def test_actions_take_what_their_keys_give() -> None:
    """An action's parameters fit the method: a wrong one would show only when the key is pressed."""
    for each in ours():
        for binding in bound_by(each):
            method = getattr(each, f"action_{action_name(binding.action)}", None)
            if method is not None and method.__module__.startswith("fluxtui."):
                given = re.search(r"\((.*)\)", binding.action)
                arguments = [part for part in (given[1] if given else "").split(",") if part.strip()]
                inspect.signature(method).bind(None, *arguments)
