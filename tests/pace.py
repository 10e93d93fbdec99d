"""Textual at the pace of a machine: the same waits, four times shorter, and style sheets that are parsed once.

A pilot that pressed a key waits until the process has been idle for a moment. Its moment is made for people's frames: a
twentieth of a second for every key, in which two cores do nothing. An app of a test parses the same styles as the one
before it.
"""

from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_FRAME, _LOOK, _IDLE = 1 / 240, 1 / 200, 1 / 1000
"""Seconds between two frames; between two looks whether all is done, longer than a frame as Textual's own; and the
processor's time in between that still is idleness."""

_parse = Stylesheet._parse_rules  # noqa: SLF001 - what is parsed is not to be had elsewhere
_parsed: dict[object, list[RuleSet]] = {}


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Make Textual quick for as long as `patch` holds."""
    patch.setattr("textual.screen.UPDATE_PERIOD", _FRAME)
    patch.setattr("textual._wait.SLEEP_GRANULARITY", _LOOK)
    patch.setattr("textual._wait.SLEEP_IDLE", _IDLE)
    patch.setattr(Stylesheet, "_parse_rules", _parse_once)


def _parse_once(sheet: Stylesheet, css: str, **where: Any) -> list[RuleSet]:
    """Return the rules of a style sheet as Textual's own method, which forgets them with each app and theme."""
    colours = tuple(sheet._variables.items())  # noqa: SLF001 - what the names in the sheet stand for
    key = (css, tuple(where.items()), colours)
    if key not in _parsed:
        _parsed[key] = _parse(sheet, css, **where)
    return _parsed[key]
