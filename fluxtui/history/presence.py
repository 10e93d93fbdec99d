"""Writing what the runner tells the screens: that it lives, how its lanes do, which wishes it took."""

import time
from collections.abc import Sequence

from fluxtui.domain.values import canonical_json
from fluxtui.history.journal import Transaction
from fluxtui.history.records import LaneRow


def appear(transaction: Transaction, *, pid: int) -> None:
    """Record the runner that holds the lock, and that no lane of a dead one is left."""
    now = time.time()
    transaction.connection.execute(
        "INSERT INTO runner VALUES (1, ?, ?, ?) ON CONFLICT (only) DO UPDATE SET pid = excluded.pid,"
        " started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at",
        (pid, now, now),
    )
    transaction.connection.execute("UPDATE lanes SET in_flight = 0, resume_at = NULL WHERE state <> 'parked'")
    _ = transaction.revision


def disappear(transaction: Transaction) -> None:
    """Forget the runner's row; parked lanes stay, with their reason."""
    transaction.connection.execute("DELETE FROM runner")
    transaction.connection.execute("DELETE FROM lanes WHERE state <> 'parked'")
    transaction.connection.execute("UPDATE lanes SET in_flight = 0")
    _ = transaction.revision


def tell(transaction: Transaction, *, lanes: Sequence[LaneRow]) -> None:
    """Write the runner's heartbeat and the lanes that changed."""
    connection = transaction.connection
    connection.execute("UPDATE runner SET heartbeat_at = ?", (time.time(),))
    connection.executemany(
        "INSERT INTO lanes (key, provider, target, sandbox, state, in_flight, capacity, resume_at, problem, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET state = excluded.state,"
        " in_flight = excluded.in_flight, capacity = excluded.capacity, resume_at = excluded.resume_at,"
        " problem = excluded.problem, updated_at = excluded.updated_at",
        [
            (
                lane.key,
                lane.provider,
                lane.target,
                lane.sandbox,
                lane.state,
                lane.in_flight,
                lane.limit,
                lane.resume_at,
                None if lane.problem is None else canonical_json(lane.problem.as_json()),
                lane.updated_at,
            )
            for lane in lanes
        ],
    )


def take_control(transaction: Transaction, *, control_id: int, outcome: str) -> None:
    """Record that a wish was taken, and what came of it."""
    transaction.connection.execute(
        "UPDATE controls SET taken_at = ?, outcome = ? WHERE id = ?", (time.time(), outcome, control_id)
    )
