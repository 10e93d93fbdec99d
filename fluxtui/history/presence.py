"""Writing what the runner tells the screens: that it lives, how its lanes do, which wishes it took."""

import time
from collections.abc import Sequence

from fluxtui.domain.values import canonical_json
from fluxtui.history.journal import Transaction
from fluxtui.history.records import CheckRow, LaneRow


def appear(transaction: Transaction, *, pid: int) -> None:
    """Record the runner that holds the lock, and that no lane of a dead one is left."""
    now = time.time()
    transaction.connection.execute(
        "INSERT INTO runner VALUES (1, ?, ?, ?) ON CONFLICT (only) DO UPDATE SET pid = excluded.pid,"
        " started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at",
        (pid, now, now),
    )
    transaction.connection.execute(_AT_REST)
    _ = transaction.revision


def disappear(transaction: Transaction) -> None:
    """Forget the runner's row; its lanes are idle, but for those that stand still, which keep their reason."""
    transaction.connection.execute("DELETE FROM runner")
    transaction.connection.execute(_AT_REST)
    transaction.connection.execute("UPDATE lanes SET in_flight = 0")
    _ = transaction.revision


_AT_REST = (
    "UPDATE lanes SET state = 'idle', in_flight = 0, resume_at = NULL, problem = NULL, circuit = 'closed'"
    " WHERE state NOT IN ('parked', 'disabled')"
)


def tell(transaction: Transaction, *, lanes: Sequence[LaneRow]) -> None:
    """Write the runner's heartbeat and the lanes that changed."""
    connection = transaction.connection
    connection.execute("UPDATE runner SET heartbeat_at = ?", (time.time(),))
    connection.executemany(_WRITE_LANE, [_lane(lane) for lane in lanes])


_LANE_COLUMNS = (
    "key", "provider", "target", "sandbox", "state", "in_flight", "capacity", "resume_at", "problem", "updated_at",
    "p50", "p95", "errors", "headroom", "headroom_limit", "succeeded_at", "circuit", "latencies",
)  # fmt: skip
_WRITE_LANE = (
    f"INSERT INTO lanes ({', '.join(_LANE_COLUMNS)}) VALUES ({', '.join('?' * len(_LANE_COLUMNS))})"
    f" ON CONFLICT (key) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _LANE_COLUMNS[4:])}"
)


def _lane(lane: LaneRow) -> tuple[object, ...]:
    """Return a lane's values in the order of `_LANE_COLUMNS`."""
    return (
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
        lane.p50,
        lane.p95,
        canonical_json(dict(lane.errors)),
        lane.headroom,
        lane.headroom_limit,
        lane.succeeded_at,
        lane.circuit,
        canonical_json(list(lane.latencies)),
    )


def keep_checks(transaction: Transaction, *, checks: Sequence[CheckRow]) -> None:
    """Write what checks of services told, in place of what earlier ones did; lanes show the credits."""
    transaction.connection.executemany(
        "INSERT OR REPLACE INTO checks (provider, sandbox, state, message, credits, checked_at, seconds)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(c.provider, c.sandbox, c.state, c.message, c.credits, c.checked_at, c.seconds) for c in checks],
    )
    _ = transaction.revision


def take_control(transaction: Transaction, *, control_id: int, outcome: str) -> None:
    """Record that a wish was taken, and what came of it."""
    transaction.connection.execute(
        "UPDATE controls SET taken_at = ?, outcome = ? WHERE id = ?", (time.time(), outcome, control_id)
    )
