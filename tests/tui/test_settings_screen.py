"""Settings (F9) by its keys: variables, theme, pictures."""

from dataclasses import replace
from pathlib import Path

import pytest

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.tui.doors.settings import Report, Variable, explained
from fluxtui.tui.ink import ink_of
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.previews.probe import Mode, Terminal
from fluxtui.tui.screens.settings.images import ImagesPane
from fluxtui.tui.screens.settings.looks import ThemePane
from fluxtui.tui.screens.settings.variables import VariablesPane
from tests.conditions import until
from tests.tui.fakes import FakeEngine, FakeSettings
from tests.tui.fakes.settings import VARIABLES
from tests.tui.harness import AZURE, Studio, cockpit, run_screen, running, shown
from tests.tui.keys import presses
from tests.tui.settings_walk import SECTIONS, into, kept, settings_of, text

# --- variables --------------------------------------------------------------------------------------


@presses("app.settings")
async def test_variables_say_their_value_and_where_it_is_from_but_never_a_key(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        screen = await into(app, pilot, VariablesPane)
        rows = screen.variables.variables
        ink = ink_of(rows.app)
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
    reports: list[Report | FluxtuiError] = [
        Report(VARIABLES),
        Report((changed,), ("LOG_LEVLE is no setting: did you mean LOG_LEVEL?",)),
        unreadable,
    ]
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


async def test_a_theme_file_that_is_changed_shows_at_r(studio: Studio) -> None:
    file = studio.workspace.parent / "themes" / "mine.toml"
    file.parent.mkdir()
    file.write_text('name = "mine"\nbased_on = "flux-night"\n', "utf-8")
    app = cockpit(studio.workspace, theme="mine")
    async with running(app) as pilot:
        screen = await into(app, pilot, ThemePane)
        rows = screen.looks.themes
        red, _, blue = ink_of(rows.app).rgb("primary")
        assert red < blue
        file.write_text('name = "mine"\nbased_on = "flux-night"\n[colors]\nprimary = "#ffd27c"\n', "utf-8")
        await pilot.press("r")
        await until(lambda: ink_of(rows.app).rgb("primary")[0] > ink_of(rows.app).rgb("primary")[2])
        file.unlink()
        await pilot.press("r")
        await until(lambda: app.theme == "flux-night")
        assert screen.looks.themes.row_count == len(app.theme_files)


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
            await until(lambda pane=pane: app.screen is run and run.small.display is pane)  # type: ignore[misc]
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
