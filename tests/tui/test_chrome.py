"""The top line says what matters in every width."""

import pytest

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import usd
from fluxtui.tui.app import Cockpit
from fluxtui.tui.widgets.chrome import MODES, Header
from tests.conditions import until
from tests.tui.harness import AZURE, BFL, BROKEN, FakeEngine, Studio, cockpit, running, shown


def top(app: Cockpit) -> str:
    return app.screen.query_one(Header).text().plain


@pytest.mark.parametrize("width", [60, 80, 110, 120, 200])
async def test_mode_money_doubt_runner_and_sandbox_are_all_there(studio: Studio, width: int) -> None:
    run_id = studio.new_run(sandbox=True)
    for job in studio.send(run_id, AZURE, 2):
        studio.move(job, JobState.IN_DOUBT, BROKEN)
    studio.sql("UPDATE runs SET cap = ? WHERE id = ?", usd("50"), run_id)
    studio.sql("UPDATE jobs SET billed = ? WHERE run_id = ? AND state = 'queued'", usd("3.25"), run_id)
    studio.lane(AZURE)
    studio.lane(BFL)
    app = cockpit(studio.workspace, FakeEngine.made(sandbox=True))
    async with running(app, (width, 24)) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.runner_alive and "in doubt" in top(app))
        for mode in MODES:
            await app.action_go(mode)
            await until(lambda mode=mode: app.current_mode == mode and bool(app.screen.query(Header)))  # type: ignore[misc]
            await pilot.pause()
            line = top(app)
            assert len(line) <= width
            for word in (mode, "? 2 in doubt", "● runner", "sandbox"):
                assert word in line
            assert "of $50.00" in line or width < 110
