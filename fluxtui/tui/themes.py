"""Theme files: data in `themes/*.toml`, read once at start. A broken one never stops the program."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from textual.theme import Theme

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.text import plain
from fluxtui.tui.contrast import AA, contrast
from fluxtui.tui.preferences import spelled

DARK = "flux-night"
LIGHT = "flux-paper"

COLORS = (
    "primary", "secondary", "accent", "foreground", "background", "surface", "panel", "success", "warning", "error",
)  # fmt: skip
ROLES = ("muted", "faint", "rule", "cursor", "cursor-away")
STATES = tuple(state.value.replace("_", "-") for state in JobState)


GROUNDS = ("background", "surface", "panel", "cursor", "cursor-away")
"""What text stands on."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LARGEST_FILE = 64 * 1024  # bytes
_FIELDS = ("name", "title", "dark", "based_on", "colors", "roles", "states")


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """One theme as its file says. Colours are `#rrggbb`; `own` is the file's name when it is a person's own."""

    name: str
    title: str
    dark: bool
    colors: dict[str, str]
    roles: dict[str, str]
    states: dict[str, str]
    own: str | None = None

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
            # Where the cursor has no colour of its own, our lists have a mark, and Textual's are reversed.
            "block-cursor-text-style": "reverse" if self.roles["cursor"] == c["background"] else "none",
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

    def in_sixteen(self) -> "ThemeFile":
        """Return the theme for a terminal of 16 colours, where only light or dark is left of it.

        Left to themselves, most of a theme's colours would become the same grey there.
        """
        colors, roles, states = _SIXTEEN_DARK if self.dark else _SIXTEEN_LIGHT
        return replace(
            self,
            colors=_numbered(COLORS, colors),
            roles=_numbered(ROLES, roles),
            states=_numbered(STATES, states),
        )


# The 16 colours as Rich knows them: an exact one of them is passed on as its number.
_SIXTEEN = (
    "#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa",
    "#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff",
)  # fmt: skip
# Numbers in the order of COLORS, ROLES and STATES. On white only black, red, blue, magenta and the
# dark grey can be read on every terminal, so there one colour serves states of one kind. The cursor has
# the background's colour, since on no other of the 16 can all states be read in every palette.
_SIXTEEN_DARK = ((14, 10, 13, 15, 0, 0, 0, 10, 11, 9), (7, 8, 8, 0, 0), (7, 14, 14, 14, 10, 13, 9, 11, 7))
_SIXTEEN_LIGHT = ((4, 4, 5, 0, 15, 15, 15, 0, 5, 1), (8, 7, 8, 15, 15), (8, 4, 4, 4, 0, 1, 1, 5, 8))


def _numbered(names: tuple[str, ...], numbers: tuple[int, ...]) -> dict[str, str]:
    return {name: _SIXTEEN[number] for name, number in zip(names, numbers, strict=True)}


def contrasts(theme: ThemeFile) -> dict[str, tuple[float, str]]:
    """Return each text colour's least contrast, and the ground where it has it."""
    colors = theme.colors | theme.roles
    texts = {name: theme.colors[name] for name in COLORS if name not in GROUNDS} | {"muted": theme.roles["muted"]}
    texts |= {f"state {name}": color for name, color in theme.states.items()}
    return {name: min((contrast(color, colors[ground]), ground) for ground in GROUNDS) for name, color in texts.items()}


def weaknesses(theme: ThemeFile) -> list[str]:
    """Return one sentence for each text colour that is hard to read somewhere, with its worst place."""
    return [
        f"{name} on {ground} has a contrast of {ratio:.1f}; {AA} or more reads well."
        for name, (ratio, ground) in contrasts(theme).items()
        if ratio < AA
    ]


class ThemeProblem(ValueError):  # noqa: N818 - named like the problems it is shown with
    """A theme file that cannot be used; the message says what would be right."""


def parse(text: str, name: str, bases: Mapping[str, ThemeFile] = MappingProxyType({})) -> ThemeFile:
    """Read one theme file; `bases` are the themes that it may begin from with `based_on`.

    Raises ThemeProblem naming the file and what is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ThemeProblem(f"{name} is not valid TOML: {error}.") from error
    _known(data, _FIELDS, name, "")
    own = data.get("name")
    if not isinstance(own, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", own):
        raise ThemeProblem(f'{name}: name must be lower-case letters, digits and hyphens, such as "my-night".')
    base = _base(data, name, bases)
    dark = data.get("dark", True if base is None else base.dark)
    if not isinstance(dark, bool):
        raise ThemeProblem(f"{name}: dark must be true or false, without quotes.")
    return ThemeFile(
        name=own,
        title=plain(str(data.get("title", own)), limit=40, newlines=False),
        dark=dark,
        colors=_section(data, "colors", COLORS, name, None if base is None else base.colors),
        roles=_section(data, "roles", ROLES, name, None if base is None else base.roles),
        states=_section(data, "states", STATES, name, None if base is None else base.states),
    )


def _base(data: dict[str, object], name: str, bases: Mapping[str, ThemeFile]) -> ThemeFile | None:
    wanted = data.get("based_on")
    if wanted is None:
        return None
    if not isinstance(wanted, str) or wanted not in bases:
        raise ThemeProblem(
            f"{name}: based_on must be one of {', '.join(bases) or 'the themes that come with fluxtui'}."
        )
    return bases[wanted]


def _known(table: dict[str, object], wanted: tuple[str, ...], name: str, section: str) -> None:
    for key in table:
        if key not in wanted:
            near = get_close_matches(key, wanted, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(wanted)}."
            raise ThemeProblem(f"{name}: {section}{plain(key, limit=40, newlines=False)} is not known; {hint}")


def _section(
    data: dict[str, object], section: str, wanted: tuple[str, ...], name: str, base: dict[str, str] | None
) -> dict[str, str]:
    table = data.get(section, {} if base else None)
    if not isinstance(table, dict):
        raise ThemeProblem(f'{name}: the section [{section}] is missing; based_on = "{DARK}" would fill it.')
    _known(table, wanted, name, f"[{section}] ")
    found: dict[str, str] = {}
    for key in wanted:
        value = table.get(key, base and base[key])
        if not isinstance(value, str) or not _COLOR.fullmatch(value):
            now = "" if value is None else f", not {plain(str(value), limit=30, newlines=False)!r}"
            raise ThemeProblem(f"{name}: [{section}] {key} must be a colour such as #7cb7ff{now}.")
        found[key] = value.lower()
    return found


def load_themes(folder: Path, bases: Mapping[str, ThemeFile] | None = None) -> tuple[list[ThemeFile], list[str]]:
    """Return the usable themes of a folder and one sentence for each that is not. Never raises.

    `bases` are the themes that a person's own may begin from; None for the themes that come with the program.
    """
    themes: dict[str, ThemeFile] = {}
    problems: list[str] = []
    try:
        files = sorted(folder.glob("*.toml"))
    except OSError as error:
        return [], [f"{folder}: {error.strerror or error}."]
    for file in files:
        try:
            theme = parse(_text_of(file), file.name, bases or {})
        except OSError as error:
            problems.append(f"{file.name}: {error.strerror or error}.")
            continue
        except (ThemeProblem, UnicodeDecodeError) as error:
            problems.append(str(error) if isinstance(error, ThemeProblem) else f"{file.name} is not UTF-8 text.")
            continue
        if theme.name in themes:
            problems.append(f"{file.name}: another file is named {theme.name} already; give it a name of its own.")
            continue
        themes[theme.name] = theme if bases is None else replace(theme, own=file.name)
    return list(themes.values()), problems


def _text_of(file: Path) -> str:
    with file.open("rb") as opened:
        data = opened.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise ThemeProblem(f"{file.name} is larger than {_LARGEST_FILE // 1024} KiB and no theme.")
    return data.decode("utf-8-sig")


def every_theme(own: Path) -> tuple[list[ThemeFile], list[str]]:
    """Return the themes that come with the program and those in the folder `own`, and what is wrong with any.

    One of a person's own takes the place of ours with the same name. Never empty.
    """
    try:
        ours, problems = load_themes(themes_folder())
    except FluxtuiError as error:
        ours, problems = [], [error.problem.what]
    bases = {theme.name: theme for theme in ours or [FALLBACK]}
    theirs, more = load_themes(own, bases)
    problems += [f"{spelled(own)}/{sentence}" for sentence in more]
    every = bases | {theme.name: theme for theme in theirs}
    return sorted(every.values(), key=_place), problems


def _place(theme: ThemeFile) -> tuple[bool, bool, bool, str]:
    """The two defaults first, then dark ones, light ones, and a person's own."""
    return theme.name not in (DARK, LIGHT), theme.own is not None, not theme.dark, theme.name


def themes_folder() -> Path:
    """Return where the shipped themes are, in a checkout and in an installed wheel. Raises FluxtuiError."""
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
