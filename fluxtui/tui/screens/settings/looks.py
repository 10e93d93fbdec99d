"""Theme: the one under the cursor is on at once, over the whole cockpit; Enter keeps it."""

import math
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.jobs import JobState
from fluxtui.tui import faces, themes
from fluxtui.tui.doors.settings import Variable
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.settings.pane import SettingsPane, wins
from fluxtui.tui.themes import ThemeFile
from fluxtui.tui.widgets.rows import Rows

_SAMPLE = {
    JobState.DONE: 9, JobState.REFUSED: 1, JobState.FAILED: 2, JobState.IN_DOUBT: 1,
    JobState.WAITING: 3, JobState.CANCELLED: 1, JobState.QUEUED: 4,
}  # fmt: skip


class ThemeList(Rows):
    """The themes: ours, then the person's own."""

    HELP = "The theme under the cursor is on at once. Enter keeps it, esc takes the one before."

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.files: tuple[ThemeFile, ...] = ()
        self.kept = ""

    @property
    def row_count(self) -> int:
        return len(self.files)

    @property
    def current(self) -> ThemeFile | None:
        return self.files[self.cursor] if self.files else None

    def show(self, files: tuple[ThemeFile, ...], kept: str) -> None:
        self.files, self.kept = files, kept
        self.set_reactive(Rows.cursor, next((at for at, file in enumerate(files) if file.name == kept), 0))
        self.rows_changed()
        self.reveal()

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        file = self.files[index]
        kept = file.name == self.kept
        return [
            ("✓ " if kept else "  ", ink("success")),
            (fit(file.title, width - 12), ink("foreground", bold=kept)),
            (fit("dark" if file.dark else "light", 6), ink("muted")),
            (fit("own" if file.own else "", 4), ink("secondary")),
        ]


class ThemePane(SettingsPane):
    """Themes, and what states, money and warnings look like in them."""

    TITLE = "Theme"
    WORDS: ClassVar[dict[str, str]] = {"settings.choose": "keep"}

    def __init__(self) -> None:
        super().__init__(id="looks")
        self._variable: Variable | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(classes="halves"):
            with Container(classes="pane list") as pane:
                pane.border_title = Content("theme")
                yield ThemeList(id="theme-list")
            with VerticalScroll(classes="pane detail", can_focus=False) as pane:
                pane.border_title = Content("how it looks")
                yield Static("", id="theme-sample", markup=False)

    @property
    def themes(self) -> ThemeList:
        return self.query_one(ThemeList)

    def on_mount(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Show the themes that there are now, the cursor on the kept one."""
        app = self.app
        self.themes.show(tuple(app.theme_files.values()), app.chosen_theme)
        self.query_one(".list").border_subtitle = Content(f" {len(app.theme_files)} themes ")
        self._describe()

    def overridden(self, variable: Variable | None) -> None:
        self._variable = variable
        self._describe()

    def summary(self) -> str:
        file = self.app.theme_files.get(self.app.chosen_theme)
        return "" if file is None else file.title

    def enter(self) -> None:
        self.renew()
        super().enter()

    def leave(self) -> None:
        """Take the kept theme again."""
        if self.app.theme != self.app.chosen_theme:
            self.app.theme = self.app.chosen_theme
        if self.is_mounted and self.query(ThemeList):
            self.renew()

    def choose(self) -> None:
        file = self.themes.current
        if file is not None:
            self.app.use_theme(file.name)
            self.themes.kept = file.name
            self.themes.refresh()
            self._describe()

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        file = self.themes.current
        if file is not None and self.themes.has_focus:
            self.app.theme = file.name
            self._describe()

    def _describe(self) -> None:
        file = self.themes.current
        if file is not None:
            facts = theme_facts(file, self.app.few_colors, self.app.theme_problems, wins(self._variable, "--theme"))
            self.describe("#theme-sample", sample() + Content("\n\n") + facts)


def sample() -> Content:
    """Return a small cockpit in words: a head, a bar, every state, what needs the eye."""
    head = Content.assemble(
        ("market ", "bold"), ("· run 12 ", "$muted"), ("● ", "$success"), "runner ", ("$0.71  ", "$muted"),
        (" sandbox ", "bold $background on $accent"),
    )  # fmt: skip
    bar = Content("").join(Content.styled(part.glyph * part.cells, f"${part.color}") for part in faces.bar(_SAMPLE, 42))
    lines = [head, bar, Content("")]
    for number, (state, glyph) in enumerate(faces.GLYPHS.items()):
        line = Content.assemble(
            ("▌" if number in (1, 3) else " ", "$primary" if number == 1 else "$faint"),
            (f"{glyph} {state.label:<11}", f"${faces.color_of(state)}"),
            f"{'tram-in-the-rain':<18}",
            (f"{'bfl':<5}", "$muted"),
            (f"{8.1 if number else '—':>5} ", "$muted"),
        )
        # The cursor in the pane that has the focus, and in one that has not.
        ground = {1: "on $cursor", 3: "on $cursor-away"}.get(number)
        lines.append(line if ground is None else line.stylize_before(ground))
    lines += [
        Content(""),
        Content.assemble(("▲ ", "$warning"), "the seed is ignored"),
        Content.assemble(("✗ ", "$error"), "the key was not accepted"),
        Content.assemble(("ctrl+p", "bold $primary"), (" commands  ", "$muted"), ("a second voice", "$secondary")),
    ]
    return Content("\n").join(lines)


def theme_facts(file: ThemeFile, few: bool, problems: tuple[str, ...], override: Content | None) -> Content:
    """Return what is to be said about a theme: where it is from, how well it reads, what wins over it."""
    lines = [Content.styled(f"{file.name}  {f'your own, {file.own}' if file.own else 'comes with fluxtui'}", "$muted")]
    weak = themes.weaknesses(file)
    if weak:
        lines += [Content.assemble(("▲ ", "$warning"), sentence) for sentence in weak[:6]]
        if len(weak) > 6:
            lines.append(Content.styled(f"  and {len(weak) - 6} more", "$muted"))
    else:
        least = min(ratio for ratio, _ in themes.contrasts(file).values())
        said = f"every text has a contrast of {math.floor(least * 10) / 10:.1f} to 1 or more"
        lines.append(Content.assemble(("✓ ", "$success"), (said, "$muted")))
    if few:
        lines.append(
            Content.assemble(("▲ ", "$warning"), "This terminal has 16 colours: light or dark is all that shows.")
        )
    if override is not None:
        lines.append(override)
    lines += [Content.assemble(("✗ ", "$error"), faces.one_line(problem, 300)) for problem in problems]
    return Content("\n").join(lines)
