"""The Providers screen through its keys: cards from settings and history, and what is done to lanes from it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input, Static

from fluxtui.domain.jobs import RunState
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.history import presence, wishes
from fluxtui.history.records import CheckRow, LaneRow
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.screens.dialogs.screen import AskScreen, PaperScreen
from fluxtui.tui.screens.providers.health import (
    FACES,
    SPARKS,
    ServiceCard,
    Signs,
    TargetCard,
    cards,
    matching,
    slow,
    spark,
)
from fluxtui.tui.screens.providers.screen import ProvidersScreen
from tests.conditions import until
from tests.tui.fakes.services import AZURE, BFL, FAL
from tests.tui.harness import BAD_KEY, NOW, FakeEngine, Studio, cockpit, run_screen, running
from tests.tui.keys import presses

LANE = "azure-flux/FLUX-1.1-pro"
FLUX2 = "bfl/flux-2-pro"


def lane(target: str, state: str = "ok", **more: object) -> LaneRow:
    row = LaneRow(target, target.partition("/")[0], target, False, state, 0, 8, None, None, NOW)
    return replace(row, **more)  # type: ignore[arg-type]


def tell(studio: Studio, *lanes: LaneRow) -> None:
    studio.journal.write_now(partial(presence.tell, lanes=lanes))


@asynccontextmanager
async def screen(
    workspace: Path, engine: FakeEngine, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Pilot[int], ProvidersScreen]]:
    app = cockpit(workspace, engine)
    async with running(app, size) as pilot:
        await pilot.press("f6")
        await until(lambda: isinstance(app.screen, ProvidersScreen) and app.screen.table.row_count > 0)
        shown = app.screen
        assert isinstance(shown, ProvidersScreen)
        yield pilot, shown


def select(shown: ProvidersScreen, key: str) -> None:
    shown.table.cursor = [card.key for card in shown.table.cards].index(key)


def card_text(shown: ProvidersScreen) -> str:
    """Return what the card says, without its line breaks."""
    return " ".join(str(shown.query_one("#card", Static).content).split())


def state(shown: ProvidersScreen, key: str) -> str:
    return next(card.state for card in shown.table.cards if card.key == key)


def target(shown: ProvidersScreen, key: str) -> TargetCard:
    card = next(card for card in shown.table.cards if card.key == key)
    assert isinstance(card, TargetCard)
    return card


def lines(app: Cockpit) -> list[str]:
    table = app.screen.query_one("#cards")
    return [table.render_line(y).text for y in range(table.size.height)]


# --- what is shown ------------------------------------------------------------------------------


@presses("app.providers")
async def test_without_any_run_the_cards_come_from_the_settings(workspace: Path) -> None:
    async with screen(workspace, FakeEngine()) as (_, shown):
        assert [card.key for card in shown.table.cards] == [
            "azure-flux", LANE, "bfl", FLUX2, "bfl/flux-pro-1.1", "fal",
        ]  # fmt: skip
        assert state(shown, LANE) == "ready"
        await until(lambda: "azure-flux/FLUX-1.1-pro" in card_text(shown))
        assert "$0.04 a picture" in card_text(shown)
        assert "[b]quick[/b]" in card_text(shown)  # text from outside is no markup
        select(shown, "fal")
        await until(lambda: "Set FAL_KEY in .env" in card_text(shown))
        assert any("needs FAL_KEY" in line for line in lines(shown.app))
    assert list(workspace.parent.iterdir()) == []


async def test_the_cursor_begins_on_what_needs_a_person_also_when_the_history_is_read_last(studio: Studio) -> None:
    tell(studio, lane(FLUX2, "parked", problem=BAD_KEY))
    app, go_on = cockpit(studio.workspace), threading.Event()
    async with running(app) as pilot:
        await until(lambda: app.live.history_read)
        busy = asyncio.ensure_future(app.feed.ask(lambda _: go_on.wait(20)))
        await pilot.press("f6")
        await until(lambda: {"signs", "services"} & {work.group for work in app.workers} == {"signs"})
        go_on.set()
        assert await busy
        shown = app.screen
        assert isinstance(shown, ProvidersScreen)
        await until(lambda: shown.table.cards and state(shown, FLUX2) == "parked")
        assert [card.key for card in shown.chosen] == [FLUX2]


async def test_lanes_and_checks_change_the_cards_while_they_are_shown(studio: Studio) -> None:
    studio.new_run()
    async with screen(studio.workspace, FakeEngine()) as (_, shown):
        tell(
            studio,
            lane(LANE, "parked", problem=BAD_KEY),
            lane(
                FLUX2,
                in_flight=3,
                latencies=(2.0, 4.0, 8.0),
                p50=4.0,
                p95=8.0,
                errors={"rate_limited": 2, "timeout": 1},
                headroom=41,
                headroom_limit=50,
                succeeded_at=NOW - 5,
            ),
        )
        await until(lambda: state(shown, LANE) == "parked" and state(shown, FLUX2) == "ok")
        await until(lambda: "The key was not accepted." in card_text(shown))
        assert "press r" in card_text(shown)
        select(shown, FLUX2)
        await until(lambda: "41 of 50 requests left" in card_text(shown))
        for told in (
            "3 in flight, at most 24, 8 at present",
            "p50 4.0 s",
            "rate limited 2, timeout 1",
            "just now",
        ):
            assert told in card_text(shown)
        check = CheckRow("bfl", False, "ok", "the key works", 812.5, NOW - 60, 0.4)
        studio.journal.write_now(partial(presence.keep_checks, checks=[check]))
        await until(lambda: "812.5" in card_text(shown))
        line = next(line for line in lines(shown.app) if "Black Forest Labs" in line)
        assert "key works · 812.5 credits · 1 min ago" in line


async def test_nothing_is_drawn_anew_but_the_lines_that_changed(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.new_run()
    async with screen(studio.workspace, FakeEngine()) as (pilot, shown):
        await pilot.pause()
        drawn: list[object] = []
        monkeypatch.setattr(shown.table, "refresh_row", drawn.append)
        monkeypatch.setattr(shown.table, "refresh", lambda *_, **__: drawn.append("all of it"))
        tell(studio, lane(FLUX2, in_flight=2))
        await until(lambda: target(shown, FLUX2).in_flight == 2)
        assert drawn == [3]


async def test_settings_that_cannot_be_read_are_told_of(workspace: Path) -> None:
    engine = FakeEngine()
    engine.services.problem = FluxtuiError(Problem(ProblemKind.CONFIGURATION, ".env line 3 is broken."))
    app = cockpit(workspace, engine)
    async with running(app) as pilot:
        await pilot.press("f6")
        await until(
            lambda: isinstance(app.screen, ProvidersScreen) and ".env line 3 is broken" in app.screen.table.said
        )
        await until(lambda: ".env line 3" in lines(app)[1])


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_line_fits_at_every_size(studio: Studio, size: tuple[int, int]) -> None:
    studio.new_run()
    tell(studio, lane(LANE, "limited", resume_at=NOW + 12, errors={"rate_limited": 7}, latencies=(1.0, 2.0)))
    async with screen(studio.workspace, FakeEngine(), size) as (_, shown):
        await until(lambda: state(shown, LANE) == "limited")
        line = next(line for line in lines(shown.app) if "limited" in line)
        assert "FLUX-1.1-pro" in line
        assert "goes on in" in line
        assert " 7" in line
        assert len(line) == shown.table.size.width


# --- keys ---------------------------------------------------------------------------------------


@presses("providers.check")
async def test_a_test_asks_the_runner_and_its_answer_is_shown(studio: Studio) -> None:
    studio.new_run()
    engine = FakeEngine()
    async with screen(studio.workspace, engine) as (pilot, shown):
        await pilot.press("t", "t")
        await until(lambda: engine.services.asked == [("check", "azure-flux")])
        assert "asking the service" in card_text(shown)
        assert any("testing" in line for line in lines(shown.app))
        answer = CheckRow("azure-flux", False, "problem", "401: the key is wrong", None, NOW, 0.2)
        studio.journal.write_now(partial(presence.keep_checks, checks=[answer]))
        await until(lambda: state(shown, LANE) == "failing" and "401: the key is wrong" in card_text(shown))
        select(shown, "fal")
        await pilot.press("t")
        assert engine.services.asked == [("check", "azure-flux")]  # there is no key to try


@presses("providers.switch")
async def test_a_target_is_switched_off_and_on(studio: Studio) -> None:
    studio.new_run()
    engine = FakeEngine()
    async with screen(studio.workspace, engine) as (pilot, shown):
        await pilot.press("space")
        await until(lambda: engine.services.asked == [("disable", LANE)])
        assert state(shown, LANE) == "disabled"  # shown at once
        studio.journal.write_now(partial(wishes.enable, lanes=[LANE], enabled=False))
        await until(lambda: "switched off in this workspace" in card_text(shown))
        await pilot.press("space")
        await until(lambda: engine.services.asked[1:] == [("enable", LANE)])


async def test_a_whole_service_is_switched_on_its_own_line(studio: Studio) -> None:
    engine = FakeEngine()
    async with screen(studio.workspace, engine) as (pilot, shown):
        select(shown, "bfl")
        await pilot.press("space")
        await until(lambda: engine.services.asked == [("disable", FLUX2, "bfl/flux-pro-1.1")])


@pytest.mark.parametrize(
    ("answer", "asked"),
    [("g", [("enable", LANE, "go on")]), ("e", [("enable", LANE)]), ("n", []), ("enter", []), ("escape", [])],
)
async def test_enabling_asks_before_waiting_jobs_are_bought(
    studio: Studio, answer: str, asked: list[tuple[str, ...]]
) -> None:
    run_id = studio.new_run()
    studio.set_state(run_id, RunState.PARKED)
    studio.journal.write_now(partial(wishes.enable, lanes=[LANE], enabled=False))
    engine = FakeEngine()
    async with screen(studio.workspace, engine) as (pilot, shown):
        await until(lambda: state(shown, LANE) == "disabled")
        await pilot.press("space")
        await until(lambda: isinstance(shown.app.screen, AskScreen))
        assert "4 pictures, up to $0.16" in str(shown.app.screen.query_one(".body Static", Static).content)
        await pilot.press(answer)
        await until(lambda: shown.app.screen is shown)
        await until(lambda: engine.services.asked == asked)


@presses("providers.reset")
async def test_reset_goes_on_at_once_or_asks_when_that_costs_money(studio: Studio) -> None:
    run_id = studio.new_run()
    tell(studio, lane(LANE, "open", problem=BAD_KEY, resume_at=NOW + 30))
    engine = FakeEngine()
    async with screen(studio.workspace, engine) as (pilot, shown):
        await until(lambda: state(shown, LANE) == "open" and "r tries it now" in card_text(shown))
        await pilot.press("r")
        await until(lambda: engine.services.asked == [("reset", LANE)])
        studio.set_state(run_id, RunState.PARKED)
        await pilot.press("r")
        await until(lambda: isinstance(shown.app.screen, AskScreen))
        await pilot.press("g")
        await until(lambda: engine.services.asked == [("reset", LANE)] * 2)


@presses("providers.faster", "providers.slower", "providers.automatic")
async def test_the_limit_follows_every_key_press(studio: Studio) -> None:
    studio.new_run()
    engine = FakeEngine()
    async with screen(studio.workspace, engine) as (pilot, shown):
        await pilot.press("plus", "plus", "minus", "plus")
        await until(lambda: engine.services.asked == [("limit", LANE, most) for most in (7, 8, 7, 8)])
        assert "at most 8, your limit" in card_text(shown)
        await pilot.press(*["minus"] * 12)
        await until(lambda: len(engine.services.asked) == 16)
        assert target(shown, LANE).limit == 1
        await pilot.press("a")
        await until(lambda: engine.services.asked[-1] == ("limit", LANE, None))
        assert target(shown, LANE).limit == 6


@presses("providers.key")
async def test_which_variables_hold_the_key_is_said_and_never_the_key(workspace: Path) -> None:
    async with screen(workspace, FakeEngine()) as (pilot, shown):
        await pilot.press("K")
        await until(lambda: isinstance(shown.app.screen, PaperScreen))
        said = str(shown.app.screen.query_one(".body Static", Static).content)
        assert "AZURE_FLUX_API_KEY" in said
        assert "not shown · .env, line 3" in said
        await pilot.press("escape")
        await until(lambda: shown.app.screen is shown)
        select(shown, "fal")
        await pilot.press("K")
        await until(lambda: isinstance(shown.app.screen, PaperScreen))
        assert "✗ missing" in str(shown.app.screen.query_one(".body Static", Static).content)


@presses("providers.open")
async def test_a_card_is_opened_large(workspace: Path) -> None:
    async with screen(workspace, FakeEngine(), (80, 24)) as (pilot, shown):
        await pilot.press("enter")
        await until(lambda: isinstance(shown.app.screen, PaperScreen))
        said = str(shown.app.screen.query_one(".body Static", Static).content)
        for told in ("honours    seed, guidance, 2 references", "sizes      256 to 1440 a side", "AZURE_FLUX_ENDPOINT"):
            assert told in said


async def test_a_card_that_is_open_large_follows_what_happens(studio: Studio) -> None:
    studio.new_run()
    tell(studio, lane(FLUX2))
    async with screen(studio.workspace, FakeEngine()) as (pilot, shown):
        select(shown, FLUX2)
        await pilot.press("enter")
        await until(lambda: isinstance(shown.app.screen, PaperScreen))
        paper = shown.app.screen

        def said() -> str:
            return str(paper.query_one(".body Static", Static).content)

        assert "parked" not in said()
        tell(studio, lane(FLUX2, "parked", problem=BAD_KEY))
        await until(lambda: "parked" in said() and BAD_KEY.what in said())
        assert shown.app.screen is paper
        await pilot.press("escape")
        await until(lambda: shown.app.screen is shown)
        tell(studio, lane(FLUX2))
        await until(lambda: state(shown, FLUX2) != "parked")


@presses("providers.filter", "providers.back")
async def test_the_filter_keeps_targets_by_name_service_or_state(studio: Studio) -> None:
    studio.new_run()
    tell(studio, lane(FLUX2, "parked", problem=BAD_KEY))
    async with screen(studio.workspace, FakeEngine()) as (pilot, shown):
        await until(lambda: state(shown, FLUX2) == "parked")
        await pilot.press("slash", *"parked", "enter")
        await until(lambda: [card.key for card in shown.table.cards] == ["bfl", FLUX2])
        assert shown.focused is shown.table
        await pilot.press("escape")
        await until(lambda: shown.table.row_count == 6)
        assert not shown.query_one("#filter", Input).display
        await pilot.press("slash", *"nobody")
        await until(lambda: "No target is like that." in lines(shown.app)[1])


async def test_what_cannot_be_written_is_told_and_taken_back(studio: Studio) -> None:
    engine = FakeEngine()
    async with screen(studio.workspace, engine) as (pilot, shown):
        engine.services.problem = FluxtuiError(Problem(ProblemKind.DISK, "The disk is full."))
        await pilot.press("space")
        await until(lambda: engine.services.asked == [("disable", LANE)])
        await until(lambda: state(shown, LANE) == "ready")


# --- through the real door ----------------------------------------------------------------------


async def test_wishes_outlive_the_cockpit_and_a_second_one_agrees_at_once(studio: Studio) -> None:
    studio.new_run(sandbox=True)
    first = cockpit(studio.workspace)
    first.engine = RealEngine(studio.workspace, sandbox=True)
    second = cockpit(studio.workspace)
    second.engine = RealEngine(studio.workspace, sandbox=True)
    async with running(first) as pilot, running(second) as other:
        for app, hand in ((first, pilot), (second, other)):
            await hand.press("f6")
            await until(lambda app=app: isinstance(app.screen, ProvidersScreen) and app.screen.table.row_count > 0)  # type: ignore[misc]
        here, there = first.screen, second.screen
        assert isinstance(here, ProvidersScreen)
        assert isinstance(there, ProvidersScreen)
        await pilot.press("space", "minus")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await until(lambda: target(there, LANE).wish == wishes.LaneWish(f"sandbox:{LANE}", enabled=False, limit=5))
        assert loop.time() - begun < 2.0  # half a second, and a slow machine
        assert state(here, LANE) == state(there, LANE) == "disabled"
    third = cockpit(studio.workspace)
    third.engine = RealEngine(studio.workspace, sandbox=True)
    async with running(third) as pilot:
        await pilot.press("f6")
        await until(lambda: isinstance(third.screen, ProvidersScreen) and third.screen.table.row_count > 0)
        after = third.screen
        assert isinstance(after, ProvidersScreen)
        await until(lambda: state(after, LANE) == "disabled")


async def test_a_parked_lane_is_let_go_without_a_runner(studio: Studio) -> None:
    tell(studio, lane(LANE, "parked", problem=BAD_KEY))
    door = RealEngine(studio.workspace, sandbox=True).services
    studio.journal.write_now(partial(wishes.pause, lanes=[LANE], paused=True))
    await door.reset([LANE])
    rows = studio.sql("SELECT state, problem FROM lanes")
    assert (rows, studio.sql("SELECT paused FROM lane_wishes")) == ([("idle", None)], [(0,)])


def test_the_real_door_tells_of_every_service_and_no_key(workspace: Path) -> None:
    door = RealEngine(workspace, sandbox=True).services
    services = door.overview()
    assert {"azure-flux", "bfl", "openai", "fal", "replicate", "a1111"} <= {service.id for service in services}
    assert all(service.models and service.state == "ready" for service in services)
    secrets = [fact for service in services for fact in service.keys if fact.secret]
    assert secrets
    assert {fact.value for fact in secrets} <= {"set (not shown)", "not set"}
    assert not workspace.exists()


# --- rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "wish", "check", "expected"),
    [
        (None, None, None, "ready"),
        (None, None, "ok", "ok"),
        (None, None, "problem", "failing"),
        (None, None, "unknown", "ready"),
        (lane(LANE, succeeded_at=NOW - 5), None, "problem", "ok"),  # it drew since it was tested
        (lane(LANE, succeeded_at=NOW - 500), None, "problem", "failing"),
        (lane(LANE, "idle", succeeded_at=NOW - 5), None, None, "ok"),
        (lane(LANE, "idle", succeeded_at=NOW - 9999), None, None, "ready"),
        (lane(LANE, "parked", problem=BAD_KEY), wishes.LaneWish(LANE, enabled=False), None, "parked"),
        (lane(LANE, "open"), wishes.LaneWish(LANE, enabled=False), None, "disabled"),
        (lane(LANE, "ok"), wishes.LaneWish(LANE, paused=True), None, "paused"),
        (lane(LANE, "open"), None, "ok", "open"),
        (lane(LANE, "limited"), None, None, "limited"),
        (lane(LANE, "ok", latencies=(20.0,) * 5), None, "ok", "slow"),
    ],
)
def test_the_state_of_a_target(
    row: LaneRow | None, wish: wishes.LaneWish | None, check: str | None, expected: str
) -> None:
    checks = () if check is None else (CheckRow("azure-flux", False, check, "said", None, NOW - 60),)
    signs = Signs(() if row is None else (row,), checks, () if wish is None else (wish,))
    above, card = cards((AZURE,), signs, sandbox=False, testing=frozenset(), now=NOW)
    assert isinstance(above, ServiceCard)
    assert (card.state, card.state in FACES) == (expected, True)


def test_play_money_and_real_money_are_tested_apart() -> None:
    signs = Signs(checks=(CheckRow("azure-flux", True, "problem", "said", None, NOW),))
    assert cards((AZURE,), signs, sandbox=False, testing=frozenset(), now=NOW)[1].state == "ready"
    assert cards((AZURE,), signs, sandbox=True, testing=frozenset(), now=NOW)[1].state == "failing"


def test_slow_is_twice_as_long_as_usual() -> None:
    assert not slow((30.0,) * 4, 8.0)  # too few to tell
    assert slow((17.0,) * 5, 8.0)
    assert not slow((15.0,) * 5, 8.0)
    assert not slow((0.5,) * 5, 0.1)  # nobody waits for half a second
    assert slow((2.0,) * 10 + (9.0,) * 5, None)
    assert not slow((9.0,) * 15, None)


@given(st.lists(st.floats(0, 1e6), max_size=60), st.integers(-1, 50))
def test_blocks_show_the_newest_at_most(latencies: list[float], width: int) -> None:
    drawn = spark(latencies, width)
    assert len(drawn) <= max(0, min(width, len(latencies)))
    assert set(drawn) <= set(SPARKS)
    if drawn:
        newest = latencies[-width:]
        assert drawn[newest.index(max(newest))] == SPARKS[-1]


@given(st.text(max_size=12))
def test_a_filter_never_leaves_a_target_without_its_service(text: str) -> None:
    every = cards((AZURE, BFL, FAL), Signs(), sandbox=False, testing=frozenset(), now=NOW)
    kept = list(matching(every, text))
    above: set[str] = set()
    for card in kept:
        if isinstance(card, ServiceCard):
            above.add(card.key)
        else:
            assert card.service.key in above


async def test_the_run_screen_says_which_target_is_switched_off(studio: Studio) -> None:
    run_id = studio.new_run()
    tell(studio, lane(LANE, "disabled"))
    studio.journal.write_now(partial(wishes.enable, lanes=[LANE], enabled=False))
    studio.set_state(run_id, RunState.PARKED)
    app = cockpit(studio.workspace)
    async with running(app):
        await until(
            lambda: "is switched off in this workspace" in str(run_screen(app).query_one("#parked", Static).content)
        )
