"""The rules of changing keys: nobody is locked out, nothing is left without a key, nothing means two things."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.tui import keymap
from fluxtui.tui.keymap.editing import (
    EVERYWHERE,
    IN_FRONT,
    QUIT,
    QUIT_KEY,
    SCREENS,
    Keymap,
    checked,
    group,
    meet,
    refusal,
    split,
    spoken,
)  # fmt: skip
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.modes import MODES
from tests.conditions import until
from tests.tui.harness import Studio, cockpit, running
from tests.tui.keys import chains

BY_ID = {key.id: key for key in keymap.EVERY}
IDS = st.sampled_from(sorted(BY_ID))
PRESSED = st.sampled_from(
    sorted(
        {name for key in keymap.EVERY for name in split(key.keys)}
        | {"ctrl+k", "ctrl+c", "tab", "escape", "enter", "f12", "alt+x", "q", "é", "ctrl+q", "shift+f4", "no such key"}
    )
)


def test_nothing_clashes_as_it_comes() -> None:
    now = Keymap(keymap.EVERY, {})
    assert not {key.id: [other.id for other in now.clashes(key)] for key in keymap.EVERY if now.clashes(key)}
    assert not [key.id for key in keymap.EVERY if now.changed(key.id)]


def test_every_group_of_keys_has_its_place() -> None:
    known = frozenset().union(*SCREENS, *IN_FRONT) | {EVERYWHERE}
    assert {group(key) for key in keymap.EVERY} <= known


async def test_the_places_are_those_of_the_screens(studio: Studio) -> None:
    """What stands together on the way from a focused pane to its screen is known to meet."""
    studio.new_run()
    strange: set[str] = set()
    app = cockpit(studio.workspace, batch=Path("city.yaml"))
    async with running(app):
        for mode in MODES:
            await app.switch_mode(mode)
            screen = app.screen
            assert isinstance(screen, CockpitScreen)
            await until(lambda screen=screen: screen.is_mounted and screen.standing)  # type: ignore[misc]
            for chain in chains(screen):
                found = {BY_ID[binding.id] for _, bindings in chain for _, binding in bindings if binding.id in BY_ID}
                strange |= {f"{one.id} and {two.id}" for one in found for two in found if not meet(one, two)}
    assert not strange


@given(st.lists(st.tuples(IDS, PRESSED, st.booleans()), max_size=12))
def test_whatever_is_pressed_no_action_is_lost_and_none_shares_a_key(steps: list[tuple[str, str, bool]]) -> None:
    entries: dict[str, str] = {}
    for key_id, pressed, more in steps:
        proposal = Keymap(keymap.EVERY, entries).propose(key_id, pressed, more=more)
        assert bool(proposal.problem) != (proposal.changes is not None)
        for each, keys in (proposal.changes or {}).items():
            if keys is None:
                entries.pop(each, None)
            else:
                entries[each] = keys
        if proposal.changes is not None:
            assert pressed in Keymap(keymap.EVERY, entries).of(key_id)
    now = Keymap(keymap.EVERY, entries)
    assert all(now.of(key.id) for key in keymap.EVERY)
    assert QUIT_KEY in now.of(QUIT)
    assert not [key.id for key in keymap.EVERY if now.clashes(key)]
    usable, problems = checked(keymap.EVERY, entries)
    assert not problems
    kept, held = Keymap(keymap.EVERY, usable), Keymap(keymap.EVERY, entries)
    assert all(kept.of(key.id) == held.of(key.id) for key in keymap.EVERY)


@given(st.dictionaries(st.one_of(IDS, st.text(max_size=8)), st.one_of(PRESSED, st.text(max_size=12)), max_size=8))
def test_any_file_leaves_every_action_a_key_and_quit_its_own(entries: dict[str, str]) -> None:
    usable, problems = checked(keymap.EVERY, entries)
    assert len(usable) + len(problems) == len(entries)
    now = Keymap(keymap.EVERY, usable)
    assert all(now.of(key.id) for key in keymap.EVERY)
    assert QUIT_KEY in now.of(QUIT)
    assert all(QUIT_KEY not in now.of(key.id) for key in keymap.EVERY if key.id != QUIT)
    assert all(not refusal(key, name) for key in keymap.EVERY for name in now.of(key.id))


def test_a_taken_key_changes_hands_or_is_shared_out() -> None:
    now = Keymap(keymap.EVERY, {})
    swapped = now.propose("app.redraw", "ctrl+t")
    assert swapped.changes == {"app.redraw": "ctrl+t", "app.theme": "ctrl+l"}
    assert "app: next theme gets ctrl+l" in swapped.note
    assert "give it another key first" in now.propose("app.redraw", "ctrl+t", more=True).problem
    wider = Keymap(keymap.EVERY, {"app.theme": "ctrl+t,f10"}).propose("app.redraw", "ctrl+t")
    assert wider.changes == {"app.redraw": "ctrl+t", "app.theme": "f10"}
    assert "keeps F10" in wider.note


def test_own_keys_again_only_where_they_are_free() -> None:
    now = Keymap(keymap.EVERY, {"app.redraw": "ctrl+t", "app.theme": "ctrl+l"})
    assert "app: next theme has ctrl+l now: reset that first." in now.reset("app.redraw").problem
    assert Keymap(keymap.EVERY, {"app.redraw": "f10"}).reset("app.redraw").changes == {"app.redraw": None}


def test_quit_takes_more_keys_and_never_gives_its_own() -> None:
    now = Keymap(keymap.EVERY, {})
    assert now.propose(QUIT, "f10").changes == {QUIT: "ctrl+q,f10"}
    assert "also while you type" in now.propose(QUIT, "q").problem
    assert now.propose("app.redraw", "ctrl+q").problem == "ctrl+q always quits."
    assert checked(keymap.EVERY, {QUIT: "f10"}) == ({QUIT: "ctrl+q,f10"}, [])


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("question_mark", "?"), ("ctrl+k", "ctrl+k"), ("f5", "F5"), ("shift+f5", "shift+F5"), ("up", "↑"),
        ("G", "G"), ("enter", "↵"), ("space", "space"), ("greater_than_sign", ">"),
    ],
)  # fmt: skip
def test_keys_are_written_as_people_do(key: str, words: str) -> None:
    assert spoken(key) == words


def test_keys_of_a_file_may_be_written_either_way() -> None:
    assert split("?, ctrl+k,,? ,/") == ("question_mark", "ctrl+k", "slash")
