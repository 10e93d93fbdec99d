"""The screens that have a mode of their own. Each is imported when it is first shown: the first paint pays for one."""

from collections.abc import Callable, Mapping

from fluxtui.tui.screens.base import CockpitScreen


def _batch() -> CockpitScreen:
    from fluxtui.tui.screens.batch.screen import BatchScreen

    return BatchScreen()


def _run() -> CockpitScreen:
    from fluxtui.tui.screens.run.screen import RunScreen

    return RunScreen()


def _providers() -> CockpitScreen:
    from fluxtui.tui.screens.providers.screen import ProvidersScreen

    return ProvidersScreen()


def _history() -> CockpitScreen:
    from fluxtui.tui.screens.history.screen import HistoryScreen

    return HistoryScreen()


def _settings() -> CockpitScreen:
    from fluxtui.tui.screens.settings.screen import SettingsScreen

    return SettingsScreen()


def _welcome() -> CockpitScreen:
    from fluxtui.tui.screens.welcome.screen import WelcomeScreen

    return WelcomeScreen()


MODES: Mapping[str, Callable[[], CockpitScreen]] = {
    "batch": _batch,
    "run": _run,
    "providers": _providers,
    "history": _history,
    "settings": _settings,
    "welcome": _welcome,
}
