"""Steering lanes: what people wish for them (kept in the history), resetting one, trying its service."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from fluxtui.domain.batch import Target
from fluxtui.domain.jobs import RunState
from fluxtui.domain.problems import ACCOUNT_PROBLEMS, FluxtuiError
from fluxtui.domain.values import JsonValue
from fluxtui.engine import checks
from fluxtui.history import presence, queries, runs, steering, wishes
from fluxtui.history.records import LaneRow
from fluxtui.history.runs import lane_key
from fluxtui.history.wishes import LaneWish

if TYPE_CHECKING:
    from fluxtui.engine.lane import Lane
    from fluxtui.engine.runner import Runner

log = logging.getLogger(__name__)

_LONGEST_CHECK = 60.0


def lanes_of(payload: Mapping[str, JsonValue]) -> list[str]:
    """Return the lanes that a control names: `lane`, `lanes`, or `target` with `sandbox`."""
    named = payload.get("lanes", payload.get("lane"))
    if isinstance(named, list):
        return [str(key) for key in named]
    if isinstance(named, str) and named:
        return [named]
    target = payload.get("target")
    return [lane_key(target, bool(payload.get("sandbox")))] if isinstance(target, str) and target else []


async def steer(runner: "Runner", kind: str, payload: Mapping[str, JsonValue]) -> str:
    """Keep a wish for lanes, whether or not they are there, and do it."""
    lanes = lanes_of(payload)
    if not lanes:
        return "which lane?"
    match kind:
        case "set_limit":
            limit = payload.get("limit")
            most = limit if isinstance(limit, int) else None
            await runner.journal.write(partial(wishes.limit, lanes=lanes, most=most))
        case "enable_lane" | "disable_lane":
            await runner.journal.write(partial(wishes.enable, lanes=lanes, enabled=kind == "enable_lane"))
        case _:
            await runner.journal.write(partial(wishes.pause, lanes=lanes, paused=kind == "pause_lane"))
    heed(runner)
    if kind == "resume_lane":
        return await reset(runner, lanes)
    if kind == "enable_lane":
        return _going_on(await runner.journal.write(partial(wishes.go_on, lanes=lanes)))
    return "done"


def heed(runner: "Runner") -> None:
    """Do what was wished since the last look; another process may have written it."""
    wished = wishes.lane_wishes(runner.reader)
    if wished == runner.wishes:
        return
    runner.wishes = wished
    for key, lane in runner.lanes.items():
        lane.obey(wished.get(key, LaneWish(key)))


async def reset(runner: "Runner", lanes: Sequence[str]) -> str:
    """Forget what holds lanes back (parked, a circuit, a wait), and go on with the runs that stood still for it.

    Lanes of one account go on together when it was the account's trouble. The settings are read
    anew: a key may have been corrected.
    """
    for sandbox in {key.startswith("sandbox:") for key in lanes}:
        await runner.reload(sandbox)
    together = {*lanes, *_siblings(runner, lanes)}
    for key in sorted(together):
        lane = runner.lanes.get(key)
        if lane is not None:
            renew(runner, lane)
            lane.limit.restart()
            lane.unpark()
            forget = partial(steering.forget_waits, run_ids=list(runner.running(key)), lane=key)
            await runner.journal.write(forget)
            lane.wake()
            continue
        for run_id in runner.running(key):  # its service could not be used: have the run look for it again
            again = partial(runs.set_run_state, run_id=run_id, state=RunState.READY)
            await runner.journal.write(again)
    await runner.journal.write(partial(wishes.forget_parked, lanes=sorted(together)))
    return _going_on(await runner.journal.write(partial(wishes.go_on, lanes=sorted(together))))


def _siblings(runner: "Runner", lanes: Iterable[str]) -> set[str]:
    """Return the lanes that stand still for the same account's trouble as one of `lanes`."""
    troubled = {
        id(lane.account)
        for lane in map(runner.lanes.get, lanes)
        if lane is not None and lane.parked_by is not None and lane.parked_by.kind in ACCOUNT_PROBLEMS
    }
    return {
        key
        for key, lane in runner.lanes.items()
        if id(lane.account) in troubled and lane.parked_by is not None and lane.parked_by.kind in ACCOUNT_PROBLEMS
    }


def _going_on(ready: Sequence[int]) -> str:
    return f"{len(ready)} runs go on" if ready else "done"


def renew(runner: "Runner", lane: "Lane") -> None:
    """Give a lane its provider as the settings say now; the old one where they cannot be used."""
    try:
        provider = runner.services(lane.sandbox).provider(Target.parse(lane.target).provider)
    except FluxtuiError as error:
        log.warning("lane %s keeps its settings: %s", lane.key, error)
        return
    lane.tools = replace(lane.tools, provider=provider)
    for work in lane.works.values():
        work.tools = lane.tools


def prepare(runner: "Runner", key: str, target: str, *, sandbox: bool, concurrency: int | None) -> None:
    """Make a run's lane, or give it its settings anew; `concurrency` is what the run allows at most."""
    lane = runner.lane(key, target, sandbox)
    if lane is None:
        return
    renew(runner, lane)
    if concurrency is not None:
        lane.bearable = concurrency
        if lane.account.limit is not None:
            lane.account.limit = max(lane.account.limit, concurrency)
        lane.obey(lane.wish)


def last_known(runner: "Runner", key: str) -> LaneRow | None:
    """Return how a lane last did, before this runner."""
    return next((row for row in queries.lanes(runner.reader, idle=True) if row.key == key), None)


# --- trying a service ---------------------------------------------------------------------------


def begin_check(runner: "Runner", provider: str, sandbox: bool) -> str:
    """Try a service's credentials beside everything else; what it answers is read from the checks."""
    task = asyncio.create_task(_check(runner, provider, sandbox), name=f"check {provider}")
    runner.errands.add(task)
    task.add_done_callback(runner.errands.discard)
    return "begun"


async def _check(runner: "Runner", provider: str, sandbox: bool) -> None:
    try:
        await runner.reload(sandbox)
        http = runner.connections.http(sandbox=sandbox)
        async with asyncio.timeout(_LONGEST_CHECK):
            row = await checks.check_one(runner.services(sandbox), provider, http)
    except Exception as error:  # a provider from outside may raise anything
        log.exception("the check of %s broke off", provider)
        message = f"The check broke off: {error}" if isinstance(error, FluxtuiError) else _no_end(error)
        row = checks.CheckRow(provider, sandbox, checks.CheckState.PROBLEM.value, message, None, time.time())
    if row is not None:
        await runner.journal.write(partial(presence.keep_checks, checks=[row]))


def _no_end(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_LONGEST_CHECK:.0f} seconds; the network or the service may be down"
    return f"the check broke off with {type(error).__name__}; the runner's log says more"
