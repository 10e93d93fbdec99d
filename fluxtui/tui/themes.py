"""Theme files: data in `themes/*.toml`, read once at start. A broken one never stops the program."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from textual.theme import Theme

from fluxtui.domain.jobs import JobState
from fluxtui.domain.text import plain

DARK = "flux-night"
LIGHT = "flux-paper"

COLORS = (
    "primary", "secondary", "accent", "foreground", "background", "surface", "panel", "success", "warning", "error",
)  # fmt: skip
ROLES = ("muted", "faint", "rule", "cursor", "cursor-away")
STATES = tuple(state.value.replace("_", "-") for state in JobState)

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """One theme as its file says. Colours are `#rrggbb`."""

    name: str
    title: str
    dark: bool
    colors: dict[str, str]
    roles: dict[str, str]
    states: dict[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """The style-sheet variables that this theme adds to Textual's own."""
        return {**self.roles, **{f"state-{name}": color for name, color in self.states.items()}}

    def textual(self) -> Theme:
        c = self.colors
        extra = {
            **self.variables,
            "border": c["primary"],
            "block-cursor-background": self.roles["cursor"],
            "block-cursor-foreground": c["foreground"],
            "block-cursor-text-style": "none",
            "input-cursor-background": c["primary"],
            "scrollbar": self.roles["faint"],
            "scrollbar-hover": self.roles["muted"],
            "scrollbar-active": c["primary"],
            "scrollbar-background": c["background"],
            "scrollbar-background-hover": c["background"],
            "scrollbar-background-active": c["background"],
            "scrollbar-corner-color": c["background"],
        }
        return Theme(
            name=self.name,
            dark=self.dark,
            primary=c["primary"],
            secondary=c["secondary"],
            accent=c["accent"],
            foreground=c["foreground"],
            background=c["background"],
            surface=c["surface"],
            panel=c["panel"],
            success=c["success"],
            warning=c["warning"],
            error=c["error"],
            variables=extra,
        )


class ThemeProblem(ValueError):  # noqa: N818 - named like the problems it is shown with
    """A theme file that cannot be used; the message says what would be right."""


def parse(text: str, name: str) -> ThemeFile:
    """Read one theme file. Raises ThemeProblem naming the file and what is wrong."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ThemeProblem(f"{name}: {error}") from error
    own = data.get("name")
    if not isinstance(own, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", own):
        raise ThemeProblem(f"{name}: `name` must be lower-case letters, digits and hyphens")
    title = data.get("title", own)
    return ThemeFile(
        name=own,
        title=plain(str(title), limit=40, newlines=False),
        dark=data.get("dark") is not False,
        colors=_section(data, "colors", COLORS, name),
        roles=_section(data, "roles", ROLES, name),
        states=_section(data, "states", STATES, name),
    )


def _section(data: dict[str, object], section: str, wanted: tuple[str, ...], name: str) -> dict[str, str]:
    table = data.get(section)
    if not isinstance(table, dict):
        raise ThemeProblem(f"{name}: the section [{section}] is missing")
    found: dict[str, str] = {}
    for key in wanted:
        value = table.get(key)
        if not isinstance(value, str) or not _COLOR.fullmatch(value):
            raise ThemeProblem(f"{name}: [{section}] {key} must be a colour such as #7cb7ff")
        found[key] = value.lower()
    return found


def load_themes(folder: Path) -> tuple[list[ThemeFile], list[str]]:
    """Return the usable themes of a folder and one sentence for each that is not. Never raises."""
    themes: list[ThemeFile] = []
    problems: list[str] = []
    try:
        files = sorted(folder.glob("*.toml"))
    except OSError as error:
        return [], [f"{folder}: {error.strerror or error}"]
    for file in files:
        try:
            themes.append(parse(file.read_text(encoding="utf-8"), file.name))
        except (ThemeProblem, OSError, UnicodeDecodeError) as error:
            problems.append(str(error))
    return themes, problems


def themes_folder() -> Path:
    """Return where the shipped themes are, in a checkout and in an installed wheel."""
    from fluxtui.resources import themes_folder as shipped

    return shipped()


FALLBACK = ThemeFile(
    name="flux-plain",
    title="Plain",
    dark=True,
    colors={
        "primary": "#7cb7ff", "secondary": "#5fd3c4", "accent": "#c9a7ff", "foreground": "#dde2ee",
        "background": "#0f1218", "surface": "#141821", "panel": "#1c212d",
        "success": "#7fd88f", "warning": "#f0b95a", "error": "#ff7f88",
    },
    roles={
        "muted": "#8f98ae", "faint": "#4b5468", "rule": "#2b3242", "cursor": "#243049", "cursor-away": "#1b212e",
    },
    states={
        "queued": "#8f98ae", "sending": "#6fd6e8", "waiting": "#7cb7ff", "fetching": "#5fd3c4", "done": "#7fd88f",
        "refused": "#e79ad8", "failed": "#ff7f88", "in-doubt": "#f0b95a", "cancelled": "#9299ab",
    },
)  # fmt: skip
"""What is shown when no theme file can be read; also the style sheet's defaults."""
