"""Accepted work that its service ended without a bill."""

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import usd
from fluxtui.domain.problems import Acceptance, ProblemKind
from tests.engine.fakes import Studio, error


async def test_retrying_work_that_ended_unbilled_draws_anew(studio: Studio) -> None:
    studio.provider.polls["fox"] = [error(ProblemKind.SERVER_ERROR, Acceptance.NO, permanent=True)]
    run_id = await studio.start("fox")
    await studio.work()
    row = studio.jobs(run_id)["fox"].row
    assert (row.state, row.uncertain, row.billed) == (JobState.FAILED, 0, 0)
    await studio.control("retry", run_id, jobs=[row.id])
    await studio.work()
    row = studio.jobs(run_id)["fox"].row
    assert (row.state, row.uncertain, row.billed) == (JobState.DONE, 0, usd("0.04"))
    assert studio.provider.accepted["fox"] == 2
