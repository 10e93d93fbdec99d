"""How lanes do: written by the runner, read by screens; and what checks of services told."""

import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.history import migrations, presence, queries
from fluxtui.history.database import open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.records import CheckRow, LaneRow

PROBLEM = Problem(ProblemKind.CREDITS, "No credits are left.")
PLAIN = LaneRow("bfl/one", "bfl", "bfl/one", False, "ok", 2, 8, None, None, 100.0)
WHOLE = LaneRow(
    "openai/two", "openai", "openai/two", False, "open", 0, 6, 130.5, PROBLEM, 101.0,
    p50=2.5, p95=9.25, errors={"server_error": 6, "timeout": 1}, headroom=3, headroom_limit=50,
    succeeded_at=99.0, circuit="half open",
)  # fmt: skip


def test_what_a_lane_tells_is_read_as_it_was(journal: Journal, reader: sqlite3.Connection) -> None:
    journal.write_now(partial(presence.tell, lanes=[WHOLE, PLAIN]))
    assert queries.lanes(reader) == [PLAIN, WHOLE]
    later = replace(WHOLE, errors={}, circuit="closed", headroom=None)
    journal.write_now(partial(presence.tell, lanes=[later]))
    assert queries.lanes(reader) == [PLAIN, later]


def test_lanes_show_the_credits_that_the_last_check_of_their_service_told(
    journal: Journal, reader: sqlite3.Connection
) -> None:
    journal.write_now(partial(presence.tell, lanes=[PLAIN]))
    before = queries.data_version(reader)
    earlier, later = (CheckRow("bfl", False, "ok", f"{left} credits", left, left) for left in (812.5, 7.0))
    play = CheckRow("bfl", True, "ok", "play money", 1_000_000.0, 1.0)
    journal.write_now(partial(presence.keep_checks, checks=[earlier, play]))
    journal.write_now(partial(presence.keep_checks, checks=[later]))
    assert queries.checks(reader) == [later, play]
    assert queries.lanes(reader)[0].credits == 7.0
    assert queries.data_version(reader) != before


def test_a_history_of_the_first_version_is_read_and_keeps_its_lanes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.sqlite3"
    with monkeypatch.context() as then:
        then.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        then.setattr(migrations, "SCHEMA_VERSION", 1)
        Journal(path).open()
    old = sqlite3.connect(path)
    with old:
        old.execute("INSERT INTO lanes VALUES ('bfl/one', 'bfl', 'bfl/one', 0, 'ok', 2, 8, NULL, NULL, 100.0)")
    old.close()
    reader = open_reader(path)
    assert queries.lanes(reader) == [PLAIN]
    reader.close()
