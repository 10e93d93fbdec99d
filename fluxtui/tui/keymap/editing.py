"""Changing keys: what holds now, what a new key would collide with, and what nobody may be locked out of. Pure.

Two actions collide when one press could mean both: actions of one screen, of a pane and its screen, or
of the whole cockpit and any screen.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, format_key, key_to_character

from fluxtui.domain.text import plain
from fluxtui.tui.keymap.base import Key

QUIT = "app.quit"
QUIT_KEY = "ctrl+q"
"""Always quits, whatever else does."""

EVERYWHERE = "app"
SCREENS: tuple[frozenset[str], ...] = (
    frozenset({"run", "rows", "jobs"}),
    frozenset({"run", "rows", "log"}),
    frozenset({"run", "filter"}),
    frozenset({"batch", "rows", "sheet"}),
    frozenset({"batch", "rows", "targets"}),
    frozenset({"batch", "rows", "preflight"}),
    frozenset({"batch", "rows", "task"}),
    frozenset({"batch", "find"}),
    frozenset({"batch", "rows", "nothing"}),
    frozenset({"batch", "cell"}),
    frozenset({"batch", "prompt"}),
    frozenset({"providers", "rows"}),
    frozenset({"history", "rows"}),
    frozenset({"history", "filter"}),
    frozenset({"settings", "rows"}),
    frozenset({"welcome"}),
    frozenset({"look"}),
)
"""Groups of actions (see `group`) that one place of the cockpit has together, from its pane to its screen."""
IN_FRONT: tuple[frozenset[str], ...] = (
    frozenset({"dialog", "rows", "amend"}),
    frozenset({"dialog", "rows", "columns"}),
    frozenset({"dialog", "runs"}),
    frozenset({"dialog", "rows", "replace"}),
    frozenset({"dialog", "rows", "pick"}),
    frozenset({"dialog", "fields"}),
    frozenset({"dialog", "recipe"}),
    frozenset({"dialog", "capture"}),
    frozenset({"paper"}),
    frozenset({"keys"}),
    frozenset({"tour"}),
)
"""The same of the small screens in front, where the keys of the whole cockpit rest."""

_RESERVED: Mapping[str, str] = {
    "escape": "esc always leads back.",
    "ctrl+left_square_bracket": "Terminals send it for esc, which always leads back.",
    "enter": "Enter confirms and opens.",
    "ctrl+m": "Terminals send it for Enter.",
    "tab": "tab goes to the next pane.",
    "ctrl+i": "Terminals send it for tab, which goes to the next pane.",
    "shift+tab": "shift+tab goes back a pane.",
    "ctrl+c": "ctrl+c copies.",
    QUIT_KEY: "ctrl+q always quits.",
}
_UNTYPED = re.compile(r"f\d+|(ctrl|alt|super)\+.+")
_KNOWN = frozenset(key.value for key in Keys) | frozenset(KEY_NAME_REPLACEMENTS.values())
_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")


def group(key: Key) -> str:
    """Return the group of an action: the first word of its id."""
    return key.id.partition(".")[0]


def meet(one: Key, two: Key) -> bool:
    """Return whether one press could mean both actions."""
    first, second = group(one), group(two)
    if first == second:
        return True
    if EVERYWHERE in (first, second):
        other = second if first == EVERYWHERE else first
        return any(other in place for place in SCREENS) or not any(other in place for place in IN_FRONT)
    return any(first in place and second in place for place in (*SCREENS, *IN_FRONT))


def _by_design(one: Key, two: Key, pressed: str) -> bool:
    """Return whether two actions share a key from the beginning: a pane that does its screen's thing its own way."""
    return pressed in split(one.keys) and pressed in split(two.keys)


def spoken(key: str) -> str:
    """Return a key as people write it: `ctrl+k`, `?`, `↑`, `F5`."""
    *modifiers, base = key.split("+")
    if re.fullmatch(r"f\d+", base):
        return "+".join([*modifiers, base.upper()])
    return "+".join([*modifiers, {"enter": "↵", "delete": "del"}.get(base) or format_key(base)])


def spoken_keys(keys: Iterable[str]) -> str:
    return " ".join(spoken(key) for key in keys)


def split(keys: str) -> tuple[str, ...]:
    """Return the keys of a comma-separated text, without doubles, each by its full name."""
    names = (name.strip() for name in keys.split(","))
    return tuple(dict.fromkeys(name if len(name) != 1 else _named(name) for name in names if name))


def _named(character: str) -> str:
    from textual.keys import _character_to_key  # the names that key presses arrive with

    return _character_to_key(character)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pressed key would do to the keymap.

    `problem` says why it cannot be; else `changes` are the entries to keep (None: the default again),
    and `note` tells whom it is taken from.
    """

    problem: str = ""
    note: str = ""
    changes: Mapping[str, str | None] | None = None


class Keymap:
    """The keys that hold: the defaults of `keys`, changed by entries (comma-separated keys by id)."""

    def __init__(self, keys: Iterable[Key], entries: Mapping[str, str]) -> None:
        self.keys = tuple(keys)
        self._by_id = {key.id: key for key in self.keys}
        self._now = {key.id: split(entries.get(key.id) or key.keys) for key in self.keys}
        self._held: dict[str, list[Key]] = {}
        for key in self.keys:
            for name in self._now[key.id]:
                self._held.setdefault(name, []).append(key)

    def of(self, key_id: str) -> tuple[str, ...]:
        return self._now[key_id]

    def changed(self, key_id: str) -> bool:
        return self._now[key_id] != split(self._by_id[key_id].keys)

    def holders(self, key: Key, pressed: str) -> tuple[Key, ...]:
        """Return the other actions that `pressed` starts where it could start `key`."""
        return tuple(
            other
            for other in self._held.get(pressed, ())
            if other.id != key.id and meet(key, other) and not _by_design(key, other, pressed)
        )

    def clashes(self, key: Key) -> tuple[Key, ...]:
        """Return the other actions that share one of the keys of `key` now."""
        found = (other for pressed in self.of(key.id) for other in self.holders(key, pressed))
        return tuple(dict.fromkeys(found))

    def propose(self, key_id: str, pressed: str, *, more: bool = False) -> Proposal:
        """Return what becomes of the keymap when `pressed` starts an action; with `more`, beside its other keys."""
        key, now = self._by_id[key_id], self.of(key_id)
        problem = refusal(key, pressed)
        if problem:
            return Proposal(problem)
        if pressed in now and (more or now == (pressed,)):
            return Proposal(f"{_title(key)} has {spoken(pressed)} already.")
        kept = now if more else (QUIT_KEY,) if key.id == QUIT else ()
        after = {key_id: tuple(dict.fromkeys((*kept, pressed)))}
        notes: list[str] = []
        for other in self.holders(key, pressed):
            rest = tuple(name for name in self.of(other.id) if name != pressed)
            if not rest:
                free = () if more else tuple(name for name in now if (name,) not in after.values())
                rest = self._swapped(other, key, free)
                if not rest:
                    return Proposal(f"{_title(other)} has only {spoken(pressed)}: give it another key first.")
                notes.append(f"{_title(other)} gets {spoken_keys(rest)} for it.")
            else:
                notes.append(f"{_title(other)} keeps {spoken_keys(rest)}.")
            after[other.id] = rest
        return Proposal(note=" ".join(notes), changes={each: self._entry(each, keys) for each, keys in after.items()})

    def _swapped(self, other: Key, key: Key, old: tuple[str, ...]) -> tuple[str, ...]:
        """Return the key that `key` gives up and `other` can have, if there is one."""
        for name in old:
            if not refusal(other, name) and set(self.holders(other, name)) <= {key}:
                return (name,)
        return ()

    def reset(self, key_id: str) -> Proposal:
        """Return what becomes of the keymap when an action gets its own keys back."""
        key = self._by_id[key_id]
        own = split(key.keys)
        taken = [(name, other) for name in own for other in self.holders(key, name) if name not in self.of(key_id)]
        if taken:
            name, other = taken[0]
            return Proposal(f"{_title(other)} has {spoken(name)} now: reset that first.")
        return Proposal(changes={key_id: None})

    def _entry(self, key_id: str, keys: tuple[str, ...]) -> str | None:
        return None if keys == split(self._by_id[key_id].keys) else ",".join(keys)


def _title(key: Key) -> str:
    return f"{key.area}: {key.name}"


def refusal(key: Key, pressed: str) -> str:
    """Return why an action may not have a key, nothing when it may."""
    own = pressed in split(key.keys)
    if pressed in _RESERVED and not own:
        return _RESERVED[pressed]
    if not _exists(pressed):
        return f"There is no key named {plain(pressed, limit=40, newlines=False)}."
    if key.priority and not own and not _UNTYPED.fullmatch(pressed):
        return f"{_title(key)} works everywhere, also while you type: it needs a function key or ctrl with a letter."
    return ""


def _exists(pressed: str) -> bool:
    *modifiers, base = pressed.split("+")
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return False
    return len(base) == 1 or base in _KNOWN or pressed in _KNOWN or key_to_character(base) is not None


def checked(keys: Iterable[Key], entries: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the entries of a person's keymap that can be used, and one sentence for each that cannot.

    An action with a bad entry keeps its own keys; quit keeps ctrl+q in any case.
    """
    by_id = {key.id: key for key in keys}
    usable: dict[str, str] = {}
    problems: list[str] = []
    for key_id, text in entries.items():
        key = by_id.get(key_id)
        if key is None:
            near = get_close_matches(key_id, by_id, 1)
            hint = f"did you mean {near[0]}?" if near else "F9 lists all."
            problems.append(f"keymap: {plain(key_id, limit=60, newlines=False)} is no action; {hint}")
            continue
        wanted = split(text)
        wrong = next(filter(None, (refusal(key, name) for name in wanted)), "" if wanted else "It names no key.")
        if wrong:
            problems.append(f"keymap: {key_id} keeps {spoken_keys(split(key.keys))}. {wrong}")
            continue
        if key_id == QUIT and QUIT_KEY not in wanted:
            wanted = (QUIT_KEY, *wanted)
        usable[key_id] = ",".join(wanted)
    return usable, problems
