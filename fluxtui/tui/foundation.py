"""What the cockpit's app stands on: what the person chose, and the themes and keys that come of it."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.text import plain
from fluxtui.tui import keymap, themes
from fluxtui.tui.ink import forget_inks
from fluxtui.tui.keymap import editing
from fluxtui.tui.preferences import Change, PreferenceFile, Preferences
from fluxtui.tui.speaking import Speaking
from fluxtui.tui.themes import ThemeFile
from fluxtui.tui.work import begin, in_thread

_OWN = {key.id: key.keys for key in reversed(keymap.EVERY)}
_TOLD = 6  # troubles of a person's own files that one toast names


class Foundation(Speaking):
    """An app with theme files and the person's preferences loaded.

    `theme` is what an option or a variable says and wins over the preference; `dark` is what the
    terminal told, for who has neither.
    """

    def __init__(self, preferences: PreferenceFile, theme: str | None, *, dark: bool) -> None:
        super().__init__()
        self.preference_file = preferences
        self.preferences = Preferences()
        self.theme_files: dict[str, ThemeFile] = {}
        self.theme_problems: tuple[str, ...] = ()
        self.chosen_theme = themes.DARK
        self.bound: Mapping[str, str] = {}
        self._wanted_theme = theme
        self.keys_rest = False
        self._writer = ThreadPoolExecutor(1, "preferences")  # one after the other, and none lost at the end
        self._dark = dark
        self._clash_told = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK.variables

    @property
    def themes(self) -> tuple[str, ...]:
        """The names of the themes: the two defaults, ours, the person's own."""
        return tuple(self.theme_files)

    def on_load(self) -> None:
        wrong = self._take_themes(*themes.every_theme(self._theme_folder))
        self.preferences, more = self.preference_file.read()
        self.bound, bad_keys = editing.checked(keymap.EVERY, self.preferences.keymap)
        self.set_keymap(dict(self.bound))
        problems = [*wrong, *more, *bad_keys]
        usual = themes.DARK if self._dark else themes.LIGHT
        wanted = self._wanted_theme or self.preferences.theme or usual
        if wanted not in self.theme_files:
            problems.append(f"There is no theme named {wanted}; there are {', '.join(self.themes)}.")
            wanted = usual if usual in self.theme_files else self.themes[0]
        self.theme = self.chosen_theme = wanted
        if problems:
            self.call_after_refresh(self._tell_all, problems)

    @property
    def _theme_folder(self) -> Path:
        return self.preference_file.path.parent / "themes"

    def _take_themes(self, found: list[ThemeFile], wrong: list[str]) -> list[str]:
        self.theme_files, self.theme_problems = {theme.name: theme for theme in found}, tuple(wrong)
        for theme in found:
            self.register_theme((theme.in_sixteen() if self.few_colors else theme).textual())
        return wrong

    async def reread_themes(self) -> None:
        """Read the theme files again; what was changed in them shows at once."""
        self._take_themes(*await in_thread(themes.every_theme, self._theme_folder))
        forget_inks()
        if self.chosen_theme not in self.theme_files:
            self.chosen_theme = self.themes[0]
        if self.theme in self.theme_files:
            self.mutate_reactive(App.theme)
        else:
            self.theme = self.chosen_theme

    @property
    def few_colors(self) -> bool:
        """Whether the terminal has 16 colours, which leave of a theme only whether it is light or dark."""
        return self.console.color_system == "standard"

    def _tell_all(self, problems: list[str]) -> None:
        """Say in one toast all that is wrong with the person's own files."""
        shown = [plain(problem, limit=300, newlines=False) for problem in problems[:_TOLD]]
        if len(problems) > _TOLD:
            shown.append(f"and {len(problems) - _TOLD} more")
        self.notify("\n".join(shown), severity="warning", timeout=12.0, markup=False)

    def on_unmount(self) -> None:
        self._writer.shutdown(wait=False)  # what was chosen before is still written

    def action_next_theme(self) -> None:
        here = self.themes.index(self.theme) if self.theme in self.themes else -1
        self.use_theme(self.themes[(here + 1) % len(self.themes)])

    def use_theme(self, name: str) -> None:
        """Show a theme and keep it. `theme` alone shows one in passing."""
        self.theme = self.chosen_theme = name
        self.prefer(theme=name)

    def bound_key(self, key_id: str) -> str:
        """Return the first key of an action, as people write it."""
        return editing.spoken(editing.split(self.bound.get(key_id, _OWN[key_id]))[0])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # While a new key is asked for, any can be pressed, the cockpit's own too; quitting always works.
        return not self.keys_rest or action == "leave"

    def get_key_display(self, binding: Binding) -> str:
        return binding.key_display or editing.spoken(binding.key).replace("ctrl+", "^")

    def use_keymap(self, changes: Mapping[str, str | None]) -> None:
        """Bind keys anew and keep them: comma-separated keys by id, None for an action's own. At once, everywhere."""
        self.prefer(keymap=changes)
        self._clash_told = False
        self.bound, _ = editing.checked(keymap.EVERY, self.preferences.keymap)
        self.set_keymap(dict(self.bound))

    def prefer(self, **changes: Change) -> None:
        """Keep a choice (a field of `Preferences`) for this and the next start."""
        self.preferences = self.preferences.changed(changes)
        begin(self, partial(self.keep, partial(self.preference_file.write, **changes)), group="choices")

    async def keep(self, write: Callable[[], None]) -> None:
        """Run a write of the preference file, after those before it; say so when it fails."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, write)
        except FluxtuiError as error:
            self.tell_problem(error.problem)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say once that keys of the user's keymap collide."""
        if not self._clash_told:
            self._clash_told = True
            names = ", ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
            self.tell(f"Some keys of your keymap collide: {names}.", severity="warning")
