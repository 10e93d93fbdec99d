"""Adopting a picture for a job in doubt: the person found it (in the service's own gallery, say)."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.history import transitions
from fluxtui.history.transitions import SavedPicture, Transition
from fluxtui.images import layouts, store

if TYPE_CHECKING:
    from fluxtui.engine.runner import Runner

LARGEST = 128 * 1024 * 1024


async def adopt(runner: "Runner", job_id: int, source: Path) -> bool:
    """Copy the picture at `source` into the run as the job's own, and end the job as done.

    Raises FluxtuiError when there is no readable picture there.
    """
    job = await runner.journal.write(partial(transitions.job, job_id=job_id))
    if job is None or job.state is not JobState.IN_DOUBT:
        return False
    data = await runner.pool.run(_read, source)
    stem = runner.workspace / layouts.image_stem(
        job.layout, job.folder, provider=job.provider, task=job.task, stem=job.stem
    )
    saved = await runner.pool.run(store.save, data, stem)
    picture = SavedPicture(
        path=saved.path.relative_to(runner.workspace).as_posix(),
        sha256=saved.sha256,
        size_bytes=saved.size_bytes,
        width=saved.width,
        height=saved.height,
        format=saved.format.value,
        details={"adopted_from": source.name},
    )
    step = Transition(job_id, JobState.IN_DOUBT, JobState.DONE, pictures=(picture,))
    done = await runner.journal.write(partial(transitions.apply, step=step))
    runner.saved(job)
    return done


def _read(source: Path) -> bytes:
    path = source.expanduser()
    try:
        if path.stat().st_size > LARGEST:
            raise _unusable(path, f"It is larger than {LARGEST // 1024 // 1024} MB.")
        return path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"{error.strerror or error}.") from error


def _unusable(path: Path, cause: str) -> FluxtuiError:
    return FluxtuiError(
        Problem(
            ProblemKind.INVALID_REQUEST,
            f"{path} cannot be adopted.",
            cause,
            "Give the path of the picture that the service made for this job.",
        )
    )
