"""What a terminal would show: the few sequences that Textual's programs write, applied to a grid of cells."""

import re
from functools import lru_cache

from rich.cells import cell_len

FRAME_BEGIN, FRAME_END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronised update: a terminal shows what stands between the two at once."""

_TOKEN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-Z\\a-~]"
    r"|[\x00-\x1a\x1c-\x1f\x7f]"
    r"|[^\x00-\x1f\x7f]+",
    re.DOTALL,
)


@lru_cache(maxsize=4096)
def _cells(character: str) -> int:
    return cell_len(character)


class Grid:
    """The cells of a terminal and their backgrounds. Feed it text as it comes."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._rest = ""
        self._x = self._y = 0
        self._background = ""
        self._clear()

    def _clear(self) -> None:
        self._text = [[" "] * self.width for _ in range(self.height)]
        self._backgrounds = [[""] * self.width for _ in range(self.height)]

    def lines(self) -> list[str]:
        return ["".join(row) for row in self._text]

    def line_with(self, mark: str) -> str | None:
        """Return what follows `mark` in the first line that has it, None when none has."""
        for row in self._text:
            if mark in row:
                return "".join(row[row.index(mark) + 1 :])
        return None

    def line_on(self, background: str) -> str | None:
        """Return the first line with a cell on this background (the parameters of its SGR, as `48;2;255;0;0`)."""
        for text, backgrounds in zip(self._text, self._backgrounds, strict=True):
            if background in backgrounds:
                return "".join(text)
        return None

    def feed(self, text: str) -> int:
        """Apply text; returns how many frames ended in it."""
        self._rest += text
        position = frames = 0
        while position < len(self._rest):
            found = _TOKEN.match(self._rest, position)
            if found is None:
                break  # the rest of a sequence is still to come
            token = found[0]
            position = found.end()
            if token[0] not in "\x1b\r\n\b":
                if token[0] >= " ":
                    self._put(token)
            elif token == FRAME_END:
                frames += 1
            else:
                self._obey(token)
        self._rest = self._rest[position:]
        return frames

    def _put(self, text: str) -> None:
        if not 0 <= self._y < self.height:
            return
        row, backgrounds = self._text[self._y], self._backgrounds[self._y]
        if text.isascii():
            end = min(self._x + len(text), self.width)
            row[self._x : end] = text[: end - self._x]
            backgrounds[self._x : end] = [self._background] * (end - self._x)
            self._x += len(text)
            return
        for character in text:
            size = _cells(character)
            for x in range(self._x, min(self._x + size, self.width)):
                row[x] = character if x == self._x else ""
                backgrounds[x] = self._background
            self._x += size

    def _obey(self, token: str) -> None:
        match token[-1]:
            case "\r":
                self._x = 0
            case "\n":
                self._y += 1
            case "\b":
                self._x = max(0, self._x - 1)
            case "H" | "f" if token.startswith("\x1b["):
                line, _, column = token[2:-1].partition(";")
                self._y, self._x = int(line or 1) - 1, int(column or 1) - 1
            case "m" if token.startswith("\x1b["):
                self._style(token[2:-1])
            case "J":
                self._clear()
            case "h" if token == "\x1b[?1049h":
                self._clear()

    def _style(self, parameters: str) -> None:
        parts = parameters.split(";")
        position = 0
        while position < len(parts):
            part = parts[position]
            taken = 1
            if part in ("38", "48"):
                taken = 5 if parts[position + 1 : position + 2] == ["2"] else 3
            if part == "48" or (part.isdigit() and (40 <= int(part) <= 47 or 100 <= int(part) <= 107)):
                self._background = ";".join(parts[position : position + taken])
            elif part in ("", "0", "49"):
                self._background = ""
            position += taken
