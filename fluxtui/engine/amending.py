"""More for a run that is there already: further targets, values, repeats or tasks, and only their cells are bought."""

import sqlite3
from dataclasses import dataclass, replace
from functools import partial

from fluxtui.domain.batch import Batch, Target
from fluxtui.domain.frozen import thaw
from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.request import Cell
from fluxtui.engine.plan import Plan, paces, plan
from fluxtui.engine.quote import Quote, quote_cells
from fluxtui.engine.services import Services
from fluxtui.history import amending, queries
from fluxtui.history.journal import Journal


@dataclass(frozen=True, slots=True)
class Amendment:
    """An amended batch worked out for a run. `quote` is of `missing` alone: the cells that would be bought.

    `waiting` are jobs of the run that are queued still: they go on as well. `left_out` pairs targets of
    the run that cannot draw now with the reason; what they lack is not part of this. `unpriced` says that
    the run has a cap and a price is not known.
    """

    run_id: int
    plan: Plan
    missing: tuple[Cell, ...]
    quote: Quote
    waiting: int
    left_out: tuple[tuple[str, str], ...] = ()
    unpriced: bool = False

    @property
    def cells(self) -> int:
        return len(self.plan.cells)

    @property
    def present(self) -> int:
        return len(self.plan.cells) - len(self.missing)


def batch_of_run(connection: sqlite3.Connection, run_id: int) -> Batch:
    """Return the batch that a run was made from, as it was then. Raises FluxtuiError."""
    frozen = queries.frozen_batch(connection, run_id)
    if frozen is None:
        raise _no_such_run(run_id)
    try:
        return thaw(frozen)
    except ValueError as error:
        raise FluxtuiError(
            Problem(
                ProblemKind.NOT_FOUND,
                f"Run {run_id} has no batch that could be read.",
                "It was recorded without one, or by another program.",
                "Its pictures and jobs are as they were; open the batch file itself to run it again.",
            )
        ) from error


def amendment(
    connection: sqlite3.Connection, run_id: int, batch: Batch, services: Services, *, source: str | None = None
) -> Amendment:
    """Work out what a run lacks of `batch`. Reads the whole run: call it in a thread.

    `source` is the file that `batch` came from, if any: relative references are found from its folder.
    Raises FluxtuiError when there is no such run, or for what `plan` refuses.
    """
    row = queries.run(connection, run_id)
    if row is None:
        raise _no_such_run(run_id)
    if not batch.targets:
        batch = replace(batch, targets=batch_of_run(connection, run_id).targets)
    targets, left_out = _usable(batch, row.targets, services)
    worked_out = plan(replace(batch, targets=targets), services, source=source)
    missing = tuple(amending.missing_cells(worked_out.cells, amending.present_cells(connection, run_id)))
    quote = quote_cells(missing, paces(worked_out.batch.targets, services))
    return Amendment(
        run_id,
        worked_out,
        missing,
        quote,
        waiting=row.counts.get(JobState.QUEUED, 0),
        left_out=left_out,
        unpriced=row.cap is not None and not quote.price.known,
    )


def _usable(
    batch: Batch, drawn: tuple[str, ...], services: Services
) -> tuple[tuple[Target, ...], tuple[tuple[str, str], ...]]:
    """Return the targets that can draw now, and those that only drew once. Raises FluxtuiError for a new one."""
    usable: list[Target] = []
    left_out: list[tuple[str, str]] = []
    for target in batch.targets:
        try:
            usable.append(services.resolve(target))
        except FluxtuiError as error:
            if target.name not in drawn:
                raise
            left_out.append((target.name, error.problem.what))
    if not usable:
        raise FluxtuiError(
            Problem(
                ProblemKind.CONFIGURATION,
                "None of the run's targets can draw now, and no other is named.",
                " ".join(what for _, what in left_out),
                "Set what is missing (see .env.example), or name a target that is configured.",
            )
        )
    return tuple(usable), tuple(left_out)


async def amend_run(journal: Journal, wanted: Amendment) -> int:
    """Append what the run lacks and make it ready to go on; returns how many cells were appended.

    What another process has appended since the amendment was worked out is not bought again. Raises
    FluxtuiError when the run is gone, or has a cap that cannot be kept since a price is unknown.
    """
    if wanted.unpriced:
        unknown = ", ".join(line.target for line in wanted.quote.lines if not line.price.known)
        raise FluxtuiError(
            Problem(
                ProblemKind.INVALID_REQUEST,
                f"The price of {unknown} is not known, so the run's spending cap cannot be kept.",
                "",
                "Leave the target out, or lift the cap of the run first.",
            )
        )
    appended = await journal.write(
        partial(amending.amend_run, run_id=wanted.run_id, batch=wanted.plan.batch, cells=wanted.plan.cells)
    )
    if appended is None:
        raise _no_such_run(wanted.run_id)
    return appended


def _no_such_run(run_id: int) -> FluxtuiError:
    return FluxtuiError(
        Problem(ProblemKind.NOT_FOUND, f"There is no run {run_id}.", "It may have been deleted.", "Choose another one.")
    )
