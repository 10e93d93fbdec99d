"""The keymap in Settings (F9): by pressing the keys that are to be."""

from collections.abc import Mapping

from textual.pilot import Pilot

from fluxtui.tui import keymap
from fluxtui.tui.app import Cockpit
from fluxtui.tui.keymap.editing import spoken_keys
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.screens.dialogs.screen import AskScreen
from fluxtui.tui.screens.settings.capture import CaptureScreen
from fluxtui.tui.screens.settings.keys import KeysPane
from fluxtui.tui.screens.settings.screen import SettingsScreen
from fluxtui.tui.widgets.chrome import Footer, Header
from tests.conditions import until
from tests.tui.harness import Studio, cockpit, running
from tests.tui.keys import presses
from tests.tui.settings_walk import into, kept, settings_of, text


async def at_key(app: Cockpit, pilot: Pilot[int], key_id: str) -> KeysPane:
    """Go to an action of the keymap by searching its id."""
    screen = await into(app, pilot, KeysPane)
    pane = screen.pane
    assert isinstance(pane, KeysPane)
    await pilot.press("slash", *(name if name != "." else "full_stop" for name in key_id), "enter")
    await until(lambda: pane.listing.current is not None and pane.listing.current.id == key_id)
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


async def test_keys_of_the_whole_cockpit_rest_while_one_is_asked_for(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await at_key(app, pilot, "app.redraw")
        assert "go to: run has only F3: give it another key first." in await captured(app, pilot, "a", "f3")
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, CaptureScreen)
        assert "app: commands has only ctrl+p" in text(app, "#pressed")
        await pilot.press("escape", "f3")
        await until(lambda: app.current_mode == "run")


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
        assert sum(isinstance(line, keymap.Key) for line in pane.listing.lines) == len(keymap.EVERY)
        await pilot.press("slash", *"ctrl+q")
        await until(lambda: pane.listing.current is not None and pane.listing.current.id == "app.quit")
        await pilot.press("escape")
        await until(lambda: pane.listing.row_count > len(keymap.EVERY))
