"""What follows a saved picture: its thumbnail and the facts beside it.

Side steps never lose or rebuy a picture: they begin once the job is done, are remembered as
pending in the database, and a failure is noted and goes no further.
"""

import asyncio
import logging
import sqlite3
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from fluxtui.domain.money import dollars
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.values import JsonObject
from fluxtui.history import queries, transitions
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.records import ImageRow, JobDetail
from fluxtui.history.transitions import SideStepsEnd
from fluxtui.images import metadata, thumbnails

log = logging.getLogger(__name__)

THUMBNAILS = Path(".thumbnails")
"""Where thumbnails live inside a workspace, by the picture's SHA-256."""

_GATHER = 0.05
"""Seconds in which pictures gather: looking after each by itself costs more than its side steps."""

_TROUBLE = 3.0
"""Seconds until they are tried again when the history cannot be written."""

_SHOW_EVERY = 0.25
"""Seconds after which finished thumbnails are recorded, while a page of pictures is worked off."""


class SideSteps:
    """One thread that works off pending pictures, after the pictures themselves."""

    def __init__(self, workspace: Path, journal: Journal, *, thumbnails: bool = True) -> None:
        self.workspace, self.journal, self.thumbnails = workspace, journal, thumbnails
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="side-steps")
        self._more = asyncio.Event()
        self._reader: sqlite3.Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self.idle = asyncio.Event()

    def start(self) -> None:
        self._more.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="side steps")

    def poke(self) -> None:
        """A picture was saved."""
        self.idle.clear()
        self._more.set()

    async def stop(self) -> None:
        """Stop after the picture in hand; what is left stays pending for the next runner."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._executor.shutdown(wait=True, cancel_futures=True)
        if self._reader is not None:
            self._reader.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._more.wait()
            self._more.clear()
            try:
                worked = await loop.run_in_executor(self._executor, self._work_off)
            except (FluxtuiError, sqlite3.Error) as error:  # the history cannot be read or written just now
                log.warning("side steps wait: %s", error)
                self._more.set()
                await asyncio.sleep(_TROUBLE)
                continue
            if worked:
                self._more.set()  # there may be more of them
                await asyncio.sleep(_GATHER)
            elif not self._more.is_set():
                self.idle.set()

    def _work_off(self) -> int:
        """Do a page of pending pictures in this thread; returns how many there were."""
        if self._reader is None:
            self._reader = open_reader(database_path(self.workspace))
        pending = queries.images(self._reader, pending=True)
        ends: list[SideStepsEnd] = []
        written: list[Future[None]] = []
        shown = time.monotonic()
        for image in pending:
            ends.append(self._end(image))
            if time.monotonic() - shown > _SHOW_EVERY:
                written.append(self._write(ends))
                ends, shown = [], time.monotonic()
        if ends:
            written.append(self._write(ends))
        for each in written:
            each.result()
        return len(pending)

    def _end(self, image: ImageRow) -> SideStepsEnd:
        outcome, thumbnail, weight = "done", None, 0
        try:
            thumbnail, weight = self._thumbnail(image)
            self._sidecar(image)
        except FluxtuiError as error:
            log.warning("picture %s: %s", image.path, error)
            outcome = "failed"
        except Exception:  # one picture's trouble must not keep the others, and the run, waiting for ever
            log.exception("picture %s", image.path)
            outcome = "failed"
        return SideStepsEnd(image.id, image.job_id, thumbnail, outcome, weight)

    def _write(self, ends: list[SideStepsEnd]) -> "Future[None]":
        return self.journal.submit(partial(transitions.end_side_steps, ends=ends))

    def _thumbnail(self, image: ImageRow) -> tuple[str | None, int]:
        """Make the thumbnail unless it is there; return its path in the workspace, and its bytes."""
        if not self.thumbnails:
            return None, 0
        relative = THUMBNAILS / image.sha256[:2] / f"{image.sha256}.jpg"
        destination = self.workspace / relative
        if not destination.exists():
            destination.parent.mkdir(parents=True, exist_ok=True)
            thumbnails.make(self.workspace / image.path, destination)
        return relative.as_posix(), destination.stat().st_size

    def _sidecar(self, image: ImageRow) -> None:
        assert self._reader is not None
        wanted = self._reader.execute(
            "SELECT runs.metadata, runs.id, runs.batch FROM jobs JOIN runs ON runs.id = jobs.run_id WHERE jobs.id = ?",
            (image.job_id,),
        ).fetchone()
        if wanted is None or not wanted[0]:
            return
        detail = queries.job_detail(self._reader, image.job_id)
        if detail is None:
            return
        metadata.write_sidecar(self.workspace / image.path, _facts(image, detail, wanted[1], wanted[2]))


def _facts(image: ImageRow, detail: JobDetail, run_id: int, batch: str) -> JsonObject:
    row = detail.row
    return {
        "batch": batch,
        "run": run_id,
        "job": row.id,
        "task": row.task,
        "target": row.target,
        "cell": detail.cell_key,
        "context": dict(detail.context),
        "axis_point": dict(detail.axis_point),
        "request": detail.request.as_json(),
        "seed": image.seed if image.seed is not None else detail.request.seed,
        "prompt_used": image.prompt_used if image.prompt_used is not None else detail.request.prompt,
        "adaptations": [adaptation.as_json() for adaptation in detail.adaptations],
        "attempts": [
            {
                "number": attempt.number,
                "started_at": attempt.started_at,
                "accepted_at": attempt.accepted_at,
                "ended_at": attempt.ended_at,
                "outcome": attempt.outcome,
                "request_id": attempt.request_id,
                "problem": None if attempt.problem is None else attempt.problem.as_json(),
            }
            for attempt in detail.attempts
        ],
        "seconds": row.seconds,
        "cost": {
            "currency": "USD",
            "quoted": dollars(row.quoted),
            "billed": dollars(row.billed),
            "certainty": None if row.certainty is None else row.certainty.value,
        },
        "image": {
            "path": image.path,
            "sha256": image.sha256,
            "width": image.width,
            "height": image.height,
            "format": image.format,
            "bytes": image.size_bytes,
        },
    }
