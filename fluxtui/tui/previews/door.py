"""The one door to pictures: ask for one at a size, get it when it is ready, newest wish first.

A daemon thread reads the runner's thumbnails and builds what the terminal shows. What was built is
kept, by picture and size. A wish replaces the older one of the same slot, so nobody waits for a
picture that is no longer looked at; and a delivery names its wish, so no stale one is ever shown.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from textual.strip import Strip

from fluxtui.tui.previews.probe import Mode, Terminal

_KEPT = 192
_KEPT_GRAPHICS = 24  # pictures that the terminal itself holds in memory
_LARGEST_PIXELS = 40_000_000
_LARGEST_EDGE = 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """A picture at a size in cells. `cells_only` for small tiles, where half blocks do."""

    path: Path
    columns: int
    rows: int
    cells_only: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture ready to be drawn in `columns` x `rows` cells, at most the wish's.

    With `sixel`, the strips come from `sixel.strips` at drawing time, since they name a position.
    `transmit` goes to the terminal once before, `free` when it is forgotten. `problem` instead of
    all that when there is nothing to show.
    """

    columns: int = 0
    rows: int = 0
    strips: tuple[Strip, ...] = ()
    sixel: str | None = None
    transmit: str | None = None
    free: str | None = None
    problem: str | None = None


Deliver = Callable[[Wish, Shown], object]


class Pictures:
    """Builds pictures off the loop.

    `write` sends raw text to the terminal between frames; only Kitty's protocol needs it.
    """

    def __init__(self, terminal: Terminal, write: Callable[[str], None] = lambda _: None) -> None:
        self.terminal = terminal
        self.turns = 0
        """How often the way of drawing was changed: what was built before is not shown again."""
        self._write = write
        self._built: OrderedDict[Wish, Shown] = OrderedDict()
        self._wishes: OrderedDict[Hashable, tuple[Wish, Deliver]] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ending = False

    @property
    def mode(self) -> Mode:
        return self.terminal.mode

    def ready(self, wish: Wish) -> Shown | None:
        """Return what was built for this wish before, None when it was not."""
        with self._changed:
            shown = self._built.get(wish)
            if shown is not None:
                self._built.move_to_end(wish)
            return shown

    def turn(self, terminal: Terminal) -> None:
        """Draw as `terminal` says from now on; frees what was built for the way before."""
        with self._changed:
            self.terminal = terminal
            self.turns += 1
            self._wishes.clear()
            for shown in self._built.values():
                if shown.free:
                    self._write(shown.free)
            self._built.clear()

    def want(self, slot: Hashable, wish: Wish, deliver: Deliver) -> None:
        """Build `wish` for `slot`; `deliver` is called in the thread (post a message there)."""
        with self._changed:
            self._wishes.pop(slot, None)
            self._wishes[slot] = (wish, deliver)
            if self._thread is None and not self._ending:
                self._thread = threading.Thread(target=self._work, name="previews", daemon=True)
                self._thread.start()
            self._changed.notify()

    def drop(self, slot: Hashable) -> None:
        """Forget the wish of a slot that shows something else now."""
        with self._changed:
            self._wishes.pop(slot, None)

    def close(self) -> None:
        """End the thread and free what the terminal holds."""
        with self._changed:
            self._ending = True
            self._wishes.clear()
            self._changed.notify()
            for shown in self._built.values():
                if shown.free:
                    self._write(shown.free)
            self._built.clear()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._wishes and not self._ending:
                    self._changed.wait()
                if self._ending:
                    return
                _, (wish, deliver) = self._wishes.popitem(last=True)
                shown, turns = self._built.get(wish), self.turns
            if shown is None:
                shown = build(wish, self.terminal)
                if not self._keep(wish, shown, turns):
                    continue
            deliver(wish, shown)

    def _keep(self, wish: Wish, shown: Shown, turns: int) -> bool:
        """Return whether what was built may be shown: not at the end, nor after a turn."""
        with self._changed:
            if self._ending or turns != self.turns:
                return False
            if shown.problem is None:
                if shown.transmit:
                    self._write(shown.transmit)
                self._built[wish] = shown
            graphics = [w for w, s in self._built.items() if s.free or s.sixel]
            oldest = graphics[: max(0, len(graphics) - _KEPT_GRAPHICS)]
            while len(self._built) - len(oldest) > _KEPT:
                oldest.append(next(w for w in self._built if w not in oldest))
            for forgotten in oldest:
                gone = self._built.pop(forgotten)
                if gone.free:
                    self._write(gone.free)
            return True


def build(wish: Wish, terminal: Terminal) -> Shown:
    """Read and build one picture. Never raises: what went wrong is in `problem`."""
    from PIL import Image

    from fluxtui.tui.previews import cells, kitty, sixel

    mode = Mode.CELLS if wish.cells_only and terminal.mode is not Mode.OFF else terminal.mode
    cell = (10, 20) if mode is Mode.CELLS else terminal.cell
    try:
        with Image.open(wish.path) as opened:
            if opened.width * opened.height > _LARGEST_PIXELS:
                return Shown(problem="too large to preview")
            opened.draft("RGB", (_LARGEST_EDGE, _LARGEST_EDGE))
            image = opened.convert("RGB")
    except FileNotFoundError:
        return Shown(problem="the file is not there any more")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return Shown(problem=f"cannot be shown: {type(error).__name__}")
    largest = kitty.LARGEST if mode is Mode.KITTY else 500
    columns, rows = cells.fitted(image.width, image.height, min(wish.columns, largest), min(wish.rows, largest), cell)
    match mode:
        case Mode.KITTY:
            strips, transmit, free = kitty.build(image, columns, rows, cell)
            return Shown(columns, rows, tuple(strips), transmit=transmit, free=free)
        case Mode.SIXEL:
            return Shown(columns, rows, sixel=sixel.build(image, columns, rows, cell))
        case Mode.CELLS:
            return Shown(columns, rows, tuple(cells.strips(image, columns, rows)))
        case Mode.OFF:
            return Shown(problem="pictures are off")
