"""Pictures: how they are drawn, with one drawn that way, and what the terminal told at the start."""

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from fluxtui.tui.doors.settings import Variable
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.previews import sixel
from fluxtui.tui.previews.door import Pictures
from fluxtui.tui.previews.probe import CHOICES, Mode, Terminal
from fluxtui.tui.screens.settings.pane import SettingsPane, wins
from fluxtui.tui.widgets.picture import Picture
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread

SAMPLE = Path(__file__).resolve().parents[2] / "previews" / "sample.jpg"

_WORDS = {
    "auto": "what the terminal does best",
    "kitty": "Kitty's graphics: every pixel",
    "sixel": "sixels: every pixel",
    "cells": "coloured half blocks, everywhere",
    "off": "no pictures",
}


class ModeList(Rows):
    """The ways of drawing pictures."""

    HELP = "How pictures are drawn. The sample beside it is drawn the way under the cursor; Enter keeps that way."

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.kept = "auto"

    @property
    def row_count(self) -> int:
        return len(CHOICES)

    @property
    def current(self) -> str:
        return CHOICES[self.cursor]

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        choice = CHOICES[index]
        kept = choice == self.kept
        return [
            ("✓ " if kept else "  ", ink("success")),
            (fit(choice, 7), ink("foreground", bold=kept)),
            (fit(_WORDS[choice], width - 9), ink("muted")),
        ]


class ImagesPane(SettingsPane):
    """Image modes."""

    TITLE = "Pictures"
    WORDS: ClassVar[dict[str, str]] = {"settings.choose": "keep"}

    def __init__(self) -> None:
        super().__init__(id="images")
        self._variable: Variable | None = None
        self._own: Pictures | None = None

    def compose(self) -> ComposeResult:
        # Pictures of its own, so that looking at another way changes no other screen.
        self._own = Pictures(self.app.pictures.terminal, self.app.write_raw)
        with Horizontal(classes="halves"):
            with Container(classes="pane list") as pane:
                pane.border_title = Content("pictures")
                yield ModeList(id="mode-list")
            with Vertical(classes="pane detail") as pane:
                pane.border_title = Content("one drawn that way")
                yield Picture(self._own, id="sample-picture")
                yield Static("", id="mode-words", markup=False)

    @property
    def modes(self) -> ModeList:
        return self.query_one(ModeList)

    @property
    def picture(self) -> Picture:
        return self.query_one(Picture)

    def on_mount(self) -> None:
        self.modes.kept = self.app.preferences.images or "auto"
        self.modes.cursor = CHOICES.index(self.modes.kept)
        self._look()

    def on_unmount(self) -> None:
        if self._own is not None:
            self._own.close()

    def overridden(self, variable: Variable | None) -> None:
        self._variable = variable
        self._describe()

    def summary(self) -> str:
        mode = self.app.pictures.mode.value
        chosen = self.app.preferences.images or "auto"
        return mode if chosen == mode else f"{chosen}: {mode}"

    def leave(self) -> None:
        if self.is_mounted and self.query(ModeList):
            self.modes.cursor = CHOICES.index(self.modes.kept)

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._look()

    def _look(self) -> None:
        """Draw the sample the way under the cursor, if this terminal can do that now."""
        self._describe()
        turned = self.app.pictures.terminal.turned(self.modes.current)
        if turned is None:
            self.picture.show(None, "cannot be shown now")
        elif turned.mode is Mode.OFF:
            self.picture.show(None, "pictures are off")
        else:
            begin(self, partial(self._draw, turned), group="sample", exclusive=True)

    async def _draw(self, terminal: Terminal) -> None:
        if terminal.mode is Mode.SIXEL:
            await in_thread(sixel.prepare)
        if self._own is not None and self.is_attached:
            self._own.turn(terminal)
            self.picture.show(SAMPLE)
            self.picture.renew()

    def choose(self) -> None:
        choice, terminal = self.modes.current, self.app.pictures.terminal
        refused = impossible(choice, terminal)
        if refused:
            self.app.tell(refused, severity="warning")
            return
        self.modes.kept = choice
        self.modes.refresh()
        self.app.prefer(images=choice)
        turned = terminal.turned(choice)
        if turned is None:
            self.app.tell(f"{choice} is kept. At the next start the terminal is asked, and it is used if it can be.")
        else:
            begin(self, partial(self._use, turned), group="mode", exclusive=True)

    async def _use(self, terminal: Terminal) -> None:
        if terminal.mode is Mode.SIXEL:
            await in_thread(sixel.prepare)
        if terminal.mode is not self.app.pictures.mode:
            self.app.pictures.turn(terminal)
        self._describe()

    def _describe(self) -> None:
        terminal = self.app.pictures.terminal
        override = wins(self._variable, "--images")
        self.describe("#mode-words", mode_words(self.modes.current, terminal, override))


def impossible(choice: str, terminal: Terminal) -> str:
    """Return why a way of drawing cannot be had here, nothing when it can or may be."""
    if choice in (Mode.KITTY, Mode.SIXEL) and terminal.graphics is not None and choice not in terminal.graphics:
        return f"This terminal does not say that it does {choice}; `fluxtui --images {choice}` would force it."
    return ""


def mode_words(choice: str, terminal: Terminal, override: Content | None) -> Content:
    """Return what is to be said about a way of drawing on this terminal."""
    lines: list[Content] = []
    refused = impossible(choice, terminal)
    if refused:
        lines.append(Content.assemble(("▲ ", "$warning"), refused))
    elif terminal.turned(choice) is None:
        lines.append(
            Content.assemble(("▲ ", "$warning"), "The terminal was not asked; a choice holds from the next start.")
        )
    width, height = terminal.cell
    said = "nothing: it was not asked"
    if terminal.graphics is not None:
        said = " and ".join(sorted(terminal.graphics)) or "no graphics"
    rows = [
        ("drawn now", f"{terminal.mode}, {terminal.reason}"),
        ("terminal", f"told of {said}" if terminal.graphics is not None else said),
        ("a cell", f"{width} × {height} pixels"),
    ]
    lines += [Content.assemble((f"{label:<11}", "$muted"), words) for label, words in rows]
    if override is not None:
        lines.append(override)
    return Content("\n").join(lines)
