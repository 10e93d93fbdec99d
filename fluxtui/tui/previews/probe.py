"""Finding out, once and on our own terms, how this terminal shows pictures.

Runs before the app owns the terminal: afterwards nobody else may read what it answers. One batched
question, ended by the answer that every terminal gives (DA1), so a silent one costs `WAIT_SECONDS`.
Sources: the Kitty graphics protocol (query action, unicode placeholders), DEC VT340 device
attributes (4 = sixel), XTerm control sequences (16 t = cell size, OSC 11 = background).
"""

import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

WAIT_SECONDS = 0.4


class Mode(StrEnum):
    """How pictures are drawn."""

    KITTY = "kitty"
    SIXEL = "sixel"
    CELLS = "cells"
    OFF = "off"


CHOICES = ("auto", *(mode.value for mode in Mode))


@dataclass(frozen=True, slots=True)
class Terminal:
    """What was found. `cell` is the size of a character in pixels; `dark` None when not told.

    `graphics` are the modes that the terminal says it does, None when it was not asked; `automatic` is
    what would be chosen without a wish, None when that was not found out.
    """

    mode: Mode
    reason: str
    cell: tuple[int, int] = (10, 20)
    dark: bool | None = None
    graphics: frozenset[Mode] | None = None
    automatic: Mode | None = None

    def turned(self, choice: str) -> "Terminal | None":
        """Return this terminal with pictures as `choice` wants them, None where that needs asking it again."""
        if choice == "auto":
            return (
                None if self.automatic is None else replace(self, mode=self.automatic, reason="as found at the start")
            )
        mode = Mode(choice)
        if mode in (Mode.CELLS, Mode.OFF) or mode in (self.graphics or ()):
            return replace(self, mode=mode, reason="as chosen")
        return None


def probe(
    choice: str = "auto",
    *,
    remembered: bool = False,
    web: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Terminal:
    """Decide how pictures are shown. `choice` is the user's `--images`, or, `remembered`, of an earlier day.

    An option is obeyed; a remembered choice only where the terminal says that it can do that, since
    today's terminal may be another one. Raises ValueError when `choice` is none of CHOICES.
    """
    if choice not in CHOICES:
        raise ValueError(f"--images is one of {', '.join(CHOICES)}, not {choice!r}")
    no_color = "NO_COLOR" in environment
    settled = _settled_by(environment)
    automatic = None if settled is None else Mode.OFF if no_color else Mode.CELLS
    if choice in (Mode.CELLS, Mode.OFF):
        return Terminal(Mode(choice), "as chosen" if remembered else "as asked", automatic=automatic)
    if web:
        return Terminal(Mode.CELLS, "in a browser only text cells arrive", graphics=frozenset(), automatic=Mode.CELLS)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Terminal(Mode.CELLS, "no terminal to ask")
    if choice == "auto" and settled is not None:
        return Terminal(automatic or Mode.CELLS, settled, automatic=automatic)
    found = understand(ask())
    if no_color:
        found = replace(found, graphics=(found.graphics or frozenset()) - {Mode.KITTY})
    return _obeying(choice, found, automatic or found.mode, remembered=remembered, no_color=no_color)


def _obeying(choice: str, found: Terminal, automatic: Mode, *, remembered: bool, no_color: bool) -> Terminal:
    """Return what a terminal that answered is used for."""
    found = replace(found, automatic=automatic)
    if choice == "auto":
        return found
    if choice == Mode.KITTY and no_color:
        return replace(found, mode=Mode.CELLS, reason="NO_COLOR takes the colours that carry Kitty's pictures")
    if remembered and choice not in (found.graphics or ()):
        said = f"{choice} was chosen, but this terminal does not say that it does that"
        return replace(found, mode=automatic, reason=said)
    return replace(found, mode=Mode(choice), reason="as chosen" if remembered else "as asked")


def _settled_by(environment: Mapping[str, str]) -> str | None:
    """Return why nothing needs to be asked, None when it does."""
    if "NO_COLOR" in environment:
        return "NO_COLOR is set"
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return "over SSH cells are quicker; --images kitty or sixel asks for more"
    if environment.get("TMUX") or environment.get("TERM", "").startswith(("screen", "tmux")):
        return "inside tmux or screen what the outer terminal can do is not told"
    if environment.get("TERM", "") in ("linux", "dumb", ""):
        return "this terminal has no pictures"
    return None


_QUERY = (
    "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"  # Kitty: would you take a picture?
    "\x1b]11;?\x1b\\"  # the background, for the light or dark theme
    "\x1b[16t"  # the size of a cell
    "\x1b[c"  # device attributes: the answer that always comes, so it is asked last
)
_DA1 = re.compile(r"\x1b\[\?([\d;]*)c")
_CELL = re.compile(r"\x1b\[6;(\d{1,4});(\d{1,4})t")
_BACKGROUND = re.compile(r"\x1b\]11;rgb:([0-9a-fA-F]{2,4})/([0-9a-fA-F]{2,4})/([0-9a-fA-F]{2,4})")


def understand(answer: str) -> Terminal:
    """Read the terminal's answers. Pure."""
    attributes = _DA1.search(answer)
    sixel = attributes is not None and "4" in attributes[1].split(";")
    kitty = "\x1b_Gi=31;OK" in answer
    cell = _CELL.search(answer)
    size = (10, 20)
    if cell is not None and int(cell[1]) > 0 and int(cell[2]) > 0:
        size = (int(cell[2]), int(cell[1]))
    background = _BACKGROUND.search(answer)
    dark = None
    if background is not None:
        red, green, blue = (int(part[:2], 16) for part in background.groups())
        dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128
    # Sixel first: terminals that claim both (WezTerm, Konsole) lack Kitty's placeholders, while the
    # ones that have placeholders (Kitty, Ghostty) do not do sixel.
    if sixel:
        return Terminal(Mode.SIXEL, "the terminal says it does sixel", size, dark, frozenset({Mode.SIXEL}))
    if kitty:
        return Terminal(Mode.KITTY, "the terminal says it does Kitty's graphics", size, dark, frozenset({Mode.KITTY}))
    return Terminal(Mode.CELLS, "the terminal told of no graphics", size, dark, frozenset())


def ask(wait: float = WAIT_SECONDS) -> str:
    """Put the question and return all that came back within `wait` seconds; empty on any trouble."""
    try:
        import select
        import termios
        import tty
    except ImportError:  # not a POSIX system
        return ""
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):
        return ""
    answer = b""
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)
        sys.stdout.write(_QUERY)
        sys.stdout.flush()
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            if not select.select([descriptor], [], [], left)[0]:
                break
            answer += os.read(descriptor, 1024)
            if _DA1.search(answer.decode("latin-1")):
                break
    except OSError:
        return ""
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
    return answer.decode("latin-1")
