"""Settings (F9) by its keys: variables, theme, pictures, keymap, workspaces."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.tui import keymap
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.settings import Report, Variable, explained
from fluxtui.tui.ink import ink_of
from fluxtui.tui.keymap.editing import spoken_keys
from fluxtui.tui.preferences import PreferenceFile, Preferences
from fluxtui.tui.previews.probe import Mode, Terminal
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen
from fluxtui.tui.screens.settings.capture import CaptureScreen
from fluxtui.tui.screens.settings.images import ImagesPane
from fluxtui.tui.screens.settings.keys import KeysPane
from fluxtui.tui.screens.settings.looks import ThemePane
from fluxtui.tui.screens.settings.screen import SettingsScreen
from fluxtui.tui.screens.settings.variables import VariablesPane
from fluxtui.tui.screens.settings.workspaces import WorkspacesPane
from fluxtui.tui.widgets.chrome import Footer, Header
from tests.conditions import until
from tests.tui.fakes import FakeEngine, FakeSettings
from tests.tui.fakes.settings import VARIABLES
from tests.tui.harness import AZURE, NOW, Studio, cockpit, run_screen, running, shown
from tests.tui.keys import presses

SECTIONS = (VariablesPane, ThemePane, ImagesPane, KeysPane, WorkspacesPane)


async def settings_of(app: Cockpit, pilot: Pilot[int]) -> SettingsScreen:
    """Press F9 and wait until the variables are there."""
    await pilot.press("f9")
    await until(lambda: isinstance(app.screen, SettingsScreen) and app.screen.standing)
    screen = app.screen
    assert isinstance(screen, SettingsScreen)
    await until(lambda: screen.variables.variables.row_count > 0)
    await until(lambda: app.focused is screen.sections)
    return screen


async def into(app: Cockpit, pilot: Pilot[int], section: type) -> SettingsScreen:
    """Go into a section by its keys."""
    screen = await settings_of(app, pilot)
    await pilot.press(*["down"] * SECTIONS.index(section), "enter")
    await until(lambda: screen.inside and isinstance(screen.pane, section))
    return screen


def text(app: Cockpit, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def kept(app: Cockpit) -> Preferences:
    return app.preference_file.read()[0]


# --- variables --------------------------------------------------------------------------------------


@presses("app.settings")
async def test_variables_say_their_value_and_where_it_is_from_but_never_a_key(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        screen = await into(app, pilot, VariablesPane)
        rows, ink = screen.variables.variables, ink_of(app)
        lines = ["".join(part for part, _ in rows.draw_row(index, 90, ink)) for index in range(rows.row_count)]
        shown = "\n".join(lines)
        assert "AZURE_FLUX_ENDPOINT" in shown
        assert "https://pictures.services" in shown
        assert ".env, line 2" in shown
        key = next(line for line in lines if "AZURE_FLUX_API_KEY" in line)
        assert "✓ set" in key
        assert ".env, line 3" in key
        assert "– missing" in next(line for line in lines if "BFL_FLUX_API_KEY" in line)
        await until(lambda: "AZURE_FLUX_ENDPOINT" in text(app, "#variable"))
        await pilot.press("down")
        await until(lambda: "set in .env, line 3; it is never shown" in text(app, "#variable"))


@presses("settings.filter", "settings.back", "settings.choose")
async def test_search_narrows_the_variables_and_esc_widens_them(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        screen = await settings_of(app, pilot)
        rows = screen.variables.variables
        every = rows.row_count
        await pilot.press("enter")
        await until(lambda: rows.has_focus)
        await pilot.press("slash", *"bfl")
        await until(lambda: rows.row_count == 2)
        await pilot.press("enter")
        assert rows.has_focus
        assert rows.row_count == 2
        await pilot.press("escape")
        await until(lambda: rows.row_count == every)
        assert rows.has_focus
        await pilot.press("escape")
        await until(lambda: screen.sections.has_focus)
        await pilot.press("slash", *"no such thing")
        await until(lambda: rows.row_count == 0)
        assert "nothing matches" in text(app, "#variable")


@presses("settings.reread")
async def test_r_reads_again_and_trouble_is_told_in_words(studio: Studio) -> None:
    changed = replace(VARIABLES[2], is_set=True, place="fluxtui.toml, line 9", origin="fluxtui.toml")
    unreadable = FluxtuiError(
        Problem(ProblemKind.CONFIGURATION, ".env, line 4, cannot be read.", "A quote is open.", "Close it.")
    )
    reports = [Report(VARIABLES), Report((changed,), ("LOG_LEVLE is no setting: did you mean LOG_LEVEL?",)), unreadable]
    fake = FakeSettings(reports)
    app = cockpit(studio.workspace, FakeEngine(settings=fake))
    async with running(app) as pilot:
        screen = await settings_of(app, pilot)
        assert fake.forgotten == 0
        await pilot.press("r")
        await until(lambda: screen.variables.variables.row_count == 2)
        assert "did you mean LOG_LEVEL?" in text(app, ".trouble")
        await pilot.press("r")
        await until(lambda: ".env, line 4, cannot be read." in text(app, ".trouble"))
        assert "Close it." in text(app, ".trouble")
        assert fake.forgotten == 2  # whoever asks next, the engine included, reads them anew
        assert screen.variables.variables.row_count == 2


async def test_a_choice_made_here_is_told_among_the_variables(studio: Studio) -> None:
    PreferenceFile(studio.workspace.parent / "cockpit.toml").write(theme="flux-dusk")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        screen = await settings_of(app, pilot)
        lines = [line for line in screen.variables.variables.lines if isinstance(line, Variable)]
        theme = next(line for line in lines if line.name == "FLUXTUI_THEME")
        assert (theme.value, theme.place) == ("flux-dusk", "chosen on this screen")


def test_the_page_about_variables_is_understood() -> None:
    page = "# intro\n\n# --- Azure Flux (targets x) ---\n\n# The URL.\n# Second line.\nA_URL=\n\n# Both.\nB=1\nC=2\n"
    assert dict(explained(page)) == {
        "A_URL": ("Azure Flux", "The URL. Second line."),
        "B": ("Azure Flux", "Both."),
        "C": ("Azure Flux", "Both."),
    }


def test_the_real_door_masks_keys_and_explains_every_variable_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fluxtui.tui.doors.door import RealEngine

    (tmp_path / ".env").write_text("# keys\nBFL_FLUX_API_KEY=super-secret-1234\n", "utf-8")
    (tmp_path / "fluxtui.toml").write_text('log_levle = "DEBUG"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    engine = RealEngine(tmp_path / "gallery", sandbox=True, options={"FLUXTUI_THEME": "flux-dusk"})
    report = engine.settings.report()
    assert "super-secret" not in repr(report)
    key = report.find("BFL_FLUX_API_KEY")
    assert key is not None
    assert (key.is_set, key.secret, key.place, key.group) == (True, True, ".env, line 2", "Black Forest Labs")
    theme = report.find("FLUXTUI_THEME")
    assert theme is not None
    assert (theme.value, theme.origin) == ("flux-dusk", "option")
    assert all(variable.help for variable in report.variables)
    assert any("did you mean LOG_LEVEL?" in problem for problem in report.problems)


# --- theme ------------------------------------------------------------------------------------------


async def test_a_theme_is_previewed_at_once_kept_by_enter_and_left_by_esc(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        screen = await into(app, pilot, ThemePane)
        assert app.theme == "flux-night"
        await pilot.press("down", "down")
        third = app.themes[2]
        await until(lambda: app.theme == third)
        assert third in text(app, "#theme-sample")
        assert kept(app).theme is None
        await pilot.press("escape")
        await until(lambda: app.theme == "flux-night")
        assert screen.sections.has_focus
        await pilot.press("enter", "down", "enter")
        await until(lambda: kept(app).theme == "flux-paper")
        await pilot.press("escape")
        assert app.theme == "flux-paper"
        await until(lambda: ("Theme", "Paper") in screen.sections.sections)
        await pilot.press("enter", "down")
        await until(lambda: app.theme == third)
        await pilot.press("f3")
        await until(lambda: app.theme == "flux-paper")  # looked at in passing, and left
    again = cockpit(studio.workspace)
    async with running(again):
        assert again.theme == "flux-paper"


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        (
            {"origin": ".env", "place": ".env, line 3"},
            "FLUXTUI_THEME is set in .env, line 3: it wins at the next start.",
        ),
        ({"origin": "option", "place": "given as an option"}, "--theme was given at this start"),
    ],
)
async def test_what_wins_over_a_theme_is_said(studio: Studio, variable: dict[str, str], words: str) -> None:
    theme = Variable("FLUXTUI_THEME", "flux-ember", True, False, variable["origin"], variable["place"])
    engine = FakeEngine(settings=FakeSettings([Report((theme,))]))
    app = cockpit(studio.workspace, engine, theme="flux-ember")
    async with running(app) as pilot:
        await into(app, pilot, ThemePane)
        assert app.theme == "flux-ember"
        await until(lambda: words in text(app, "#theme-sample"))


async def test_own_themes_weak_ones_and_broken_ones(studio: Studio) -> None:
    folder = studio.workspace.parent / "themes"
    folder.mkdir()
    (folder / "pale.toml").write_text(
        'name = "pale"\ntitle = "Pale"\nbased_on = "flux-night"\n[roles]\nmuted = "#555b66"\n', "utf-8"
    )
    (folder / "broken.toml").write_text('name = "broken"\n[colors]\nprimary = "blue"\n', "utf-8")
    (folder / "worse.toml").write_text("name =", "utf-8")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await until(lambda: len(app._notifications) == 1)  # noqa: SLF001 - one toast for all
        (toast,) = app._notifications  # noqa: SLF001
        assert "broken.toml" in toast.message
        assert "worse.toml" in toast.message
        screen = await into(app, pilot, ThemePane)
        await pilot.press("end")
        await until(lambda: app.theme == "pale")
        assert "your own, pale.toml" in text(app, "#theme-sample")
        assert "muted on cursor has a contrast of" in text(app, "#theme-sample")
        assert "worse.toml" in text(app, "#theme-sample")
        assert screen.looks.themes.current is not None


# --- pictures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_pictures_are_previewed_and_switched_at_once(studio: Studio, size: tuple[int, int]) -> None:
    app = cockpit(studio.workspace)
    async with running(app, size) as pilot:
        screen = await into(app, pilot, ImagesPane)
        images = screen.images
        await pilot.press("down", "down", "down")
        assert images.modes.current == "cells"
        await until(lambda: images.picture.settled and images.picture._shown is not None)  # noqa: SLF001
        await pilot.press("down", "enter")
        await until(lambda: app.pictures.mode is Mode.OFF)
        await until(lambda: kept(app).images == "off")
        await pilot.press("up", "enter")
        await until(lambda: app.pictures.mode is Mode.CELLS)
        await until(lambda: ("Pictures", "cells") in screen.sections.sections)


async def test_other_screens_follow_how_pictures_are_drawn(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        run = run_screen(app)
        assert run.small.display
        for mode, pane in (("end", False), ("up", True)):
            await into(app, pilot, ImagesPane)
            await pilot.press(mode, "enter")
            await until(lambda pane=pane: (app.pictures.mode is not Mode.OFF) is pane)  # type: ignore[misc]
            await pilot.press("escape", "home", "f3")
            await until(lambda pane=pane: app.screen is run and run.small.has_class("-useful") is pane)  # type: ignore[misc]
            assert run.small.display is pane
        await shown(app, pilot)


async def test_a_way_that_the_terminal_does_not_do_is_not_forced(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    app.pictures.terminal = Terminal(Mode.KITTY, "found", graphics=frozenset({Mode.KITTY}), automatic=Mode.KITTY)
    async with running(app) as pilot:
        screen = await into(app, pilot, ImagesPane)
        await pilot.press("down", "down")
        assert screen.images.modes.current == "sixel"
        assert "does not say that it does sixel" in text(app, "#mode-words")
        await pilot.press("enter")
        await until(lambda: len(app._notifications) == 1)  # noqa: SLF001
        assert app.pictures.mode is Mode.KITTY
        assert kept(app).images is None


async def test_a_terminal_that_was_not_asked_is_asked_at_the_next_start(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await into(app, pilot, ImagesPane)
        await pilot.press("down")
        assert "was not asked" in text(app, "#mode-words")
        await pilot.press("enter")
        await until(lambda: kept(app).images == "kitty")
        assert app.pictures.mode is Mode.CELLS


# --- keys -------------------------------------------------------------------------------------------


async def at_key(app: Cockpit, pilot: Pilot[int], key_id: str) -> KeysPane:
    """Go to an action of the keymap by searching its id."""
    screen = await into(app, pilot, KeysPane)
    pane = screen.pane
    assert isinstance(pane, KeysPane)
    await pilot.press("slash", *(name if name != "." else "full_stop" for name in key_id), "enter")
    await until(lambda: pane.key_list.current is not None and pane.key_list.current.id == key_id)
    return pane


async def captured(app: Cockpit, pilot: Pilot[int], opener: str, *keys: str) -> str:
    """Open the question for a key, press some, and return what it says."""
    await pilot.press(opener)
    await until(lambda: isinstance(app.screen, CaptureScreen))
    await pilot.press(*keys)
    return text(app, "#pressed")


def bound(app: Cockpit) -> Mapping[str, str]:
    """Return the keys of the front screen's active actions, by id."""
    found: dict[str, list[str]] = {}
    for key, active in app.screen.active_bindings.items():
        if active.binding.id is not None:
            found.setdefault(active.binding.id, []).append(key)
    return {key_id: ",".join(sorted(keys)) for key_id, keys in found.items()}


@presses("capture.keep", "settings.reset", "dialog.back")
async def test_a_key_is_captured_works_at_once_and_at_the_next_start(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        pane = await at_key(app, pilot, "app.redraw")
        said = await captured(app, pilot, "enter", "ctrl+k")
        assert "the terminal sent  ctrl+k" in said
        assert "it can be had" in said
        await pilot.press("enter")
        await until(lambda: not isinstance(app.screen, CaptureScreen))
        assert bound(app)["app.redraw"] == "ctrl+k"
        await until(lambda: kept(app).keymap == {"app.redraw": "ctrl+k"})
        assert "its own  ctrl+l" in text(app, "#key-words")
        await captured(app, pilot, "enter", "ctrl+x")
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, CaptureScreen))
        assert pane.now.of("app.redraw") == ("ctrl+k",)
    again = cockpit(studio.workspace)
    async with running(again) as pilot:
        assert bound(again)["app.redraw"] == "ctrl+k"
        await at_key(again, pilot, "app.redraw")
        await pilot.press("backspace")
        await until(lambda: kept(again).keymap == {})
        assert bound(again)["app.redraw"] == "ctrl+l"


@presses("settings.add-key", "settings.reset-all")
async def test_more_keys_for_one_action_and_all_back_after_a_question(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        pane = await at_key(app, pilot, "app.redraw")
        await captured(app, pilot, "a", "f8")
        await pilot.press("enter")
        await until(lambda: pane.now.of("app.redraw") == ("ctrl+l", "f8"))
        assert "ctrl+l F8" in spoken_keys(pane.now.of("app.redraw"))
        assert "has F8 already" in await captured(app, pilot, "a", "f8")
        await pilot.press("escape", "R")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("escape", "R")
        await until(lambda: isinstance(app.screen, AskScreen))
        assert kept(app).keymap == {"app.redraw": "ctrl+l,f8"}
        await pilot.press("y")
        await until(lambda: kept(app).keymap == {})
        assert bound(app)["app.redraw"] == "ctrl+l"
        await until(lambda: isinstance(app.screen, SettingsScreen))
        assert pane.field.value == "app.redraw"  # the search stays


async def test_a_taken_key_says_who_has_it_and_changes_hands(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await at_key(app, pilot, "app.redraw")
        said = await captured(app, pilot, "enter", "ctrl+t")
        assert "taken from another action. app: next theme gets ctrl+l for it." in said
        await pilot.press("enter")
        await until(lambda: kept(app).keymap == {"app.redraw": "ctrl+t", "app.theme": "ctrl+l"})
        now = bound(app)
        assert (now["app.redraw"], now["app.theme"]) == ("ctrl+t", "ctrl+l")
        before = app.theme
        await until(lambda: not isinstance(app.screen, CaptureScreen))
        await pilot.press("escape", "escape", "ctrl+l")
        await until(lambda: app.theme != before)


async def test_header_footer_and_help_show_what_is_bound(studio: Studio) -> None:
    PreferenceFile(studio.workspace.parent / "cockpit.toml").write(keymap={"app.history": "f10", "app.palette": "f11"})
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await settings_of(app, pilot)
        header, footer = app.screen.query_one(Header), app.screen.query_one(Footer)
        assert "F10 history" in header.text().plain
        assert "F11 commands" in footer.text().plain
        await pilot.press("f10")
        await until(lambda: app.current_mode == "history")
        app.use_keymap({"app.history": None, "app.palette": "ctrl+k"})
        await until(lambda: "F7 history" in app.screen.query_one(Header).text().plain)
        await until(lambda: "^k commands" in str(app.screen.query_one(Footer).render()))


async def test_keys_that_would_trap_are_refused(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await at_key(app, pilot, "app.redraw")
        assert "tab goes to the next pane" in await captured(app, pilot, "enter", "tab")
        await pilot.press("ctrl+c")
        assert "ctrl+c copies" in text(app, "#pressed")
        await pilot.press("enter")
        assert isinstance(app.screen, CaptureScreen)
        await pilot.press("ctrl+q")  # quits even here
        await until(lambda: app.return_code is not None)
    assert kept(app).keymap == {}


async def test_a_broken_keymap_costs_one_toast_and_only_its_bad_lines(studio: Studio) -> None:
    (studio.workspace.parent / "cockpit.toml").write_text(
        '[keymap]\n"app.redraw" = "ctrl+k"\n"app.redrew" = "ctrl+y"\n"app.theme" = "nonsense key"\n'
        '"app.quit" = "q"\n"run.pause" = "ctrl+q"\n',
        "utf-8",
    )
    app = cockpit(studio.workspace)
    async with running(app):
        await until(lambda: len(app._notifications) == 1)  # noqa: SLF001
        (toast,) = app._notifications  # noqa: SLF001
        for words in (
            "did you mean app.redraw?",
            "app.theme keeps ctrl+t",
            "app.quit keeps ctrl+q",
            "run.pause keeps p",
        ):
            assert words in toast.message
        now = bound(app)
        assert (now["app.redraw"], now["app.theme"], now["app.quit"]) == ("ctrl+k", "ctrl+t", "ctrl+q")


async def test_a_search_in_the_keys_finds_by_key_and_by_word(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        screen = await into(app, pilot, KeysPane)
        pane = screen.pane
        assert isinstance(pane, KeysPane)
        assert sum(isinstance(line, keymap.Key) for line in pane.key_list.lines) == len(keymap.EVERY)
        await pilot.press("slash", *"ctrl+q")
        await until(lambda: pane.key_list.current is not None and pane.key_list.current.id == "app.quit")
        await pilot.press("escape")
        await until(lambda: pane.key_list.row_count > len(keymap.EVERY))


# --- workspaces -------------------------------------------------------------------------------------


@presses("settings.forget")
async def test_workspaces_opened_last_are_listed_with_what_they_hold(studio: Studio, tmp_path: Path) -> None:
    studio.new_run()
    other = Studio(tmp_path / "other")
    other.new_run()
    other.close()
    file = PreferenceFile(studio.workspace.parent / "cockpit.toml")
    file.note_workspace(tmp_path / "gone")
    file.note_workspace(other.workspace)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await until(lambda: kept(app).workspaces[0] == str(studio.workspace))
        screen = await into(app, pilot, WorkspacesPane)
        pane = screen.pane
        assert isinstance(pane, WorkspacesPane)
        await until(lambda: len(pane.workspace_list.facts) == 3)
        assert pane.workspace_list.folders == (studio.workspace, other.workspace, tmp_path / "gone")
        assert pane.workspace_list.facts[other.workspace].last == NOW - 60
        assert "open now" in text(app, "#workspace-words")
        await pilot.press("x")  # the open one stays
        await pilot.press("down")
        assert "1 run" in text(app, "#workspace-words")
        await pilot.press("down")
        await until(lambda: "not there" in text(app, "#workspace-words"))
        await pilot.press("x")
        await until(lambda: len(pane.workspace_list.folders) == 2)
        assert kept(app).workspaces == (str(studio.workspace), str(other.workspace))
        await pilot.press("home", "enter")
        assert app.next_workspace is None
        await pilot.press("down", "enter")
        await until(lambda: app.return_code is not None)
    assert app.next_workspace == other.workspace


@presses("settings.open-folder")
async def test_another_folder_by_its_path_is_made_after_a_question(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await into(app, pilot, WorkspacesPane)
        await pilot.press("o")
        await until(lambda: isinstance(app.screen, LineScreen))
        app.screen.query_one(Input).value = str(tmp_path / "file")
        await pilot.press("enter")
        await until(lambda: "is a file" in text(app, ".wrong"))
        app.screen.query_one(Input).value = str(tmp_path / "new" / "one")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, SettingsScreen))
        assert not (tmp_path / "new").exists()
        await pilot.press("o")
        await until(lambda: isinstance(app.screen, LineScreen))
        app.screen.query_one(Input).value = str(tmp_path / "new" / "one")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("m")
        await until(lambda: app.return_code is not None)
    assert (tmp_path / "new" / "one").is_dir()
    assert app.next_workspace == tmp_path / "new" / "one"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
async def test_every_section_stands_at_every_size(studio: Studio, size: tuple[int, int]) -> None:
    app = cockpit(studio.workspace)
    async with running(app, size) as pilot:
        screen = await settings_of(app, pilot)
        for section in SECTIONS:
            await until(lambda section=section: isinstance(screen.pane, section))  # type: ignore[misc]
            await pilot.press("enter")
            await until(lambda: screen.inside)
            assert screen.pane.rows.body_height >= 2
            await pilot.press("escape", "down")
