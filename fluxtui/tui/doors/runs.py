"""Runs: starting them, and leaving wishes for the runner."""

from typing import Protocol

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.values import JsonValue
from fluxtui.tui.doors.batches import Quoted
from fluxtui.tui.doors.workshop import Workshop
from fluxtui.tui.work import in_thread


class RunDoor(Protocol):
    def runner_alive(self) -> bool: ...

    def ensure_runner(self) -> None: ...

    async def start(self, quoted: Quoted) -> int:
        """Record the run and return its id; `ensure_runner` then has it taken up."""
        ...

    async def control(self, kind: str, run_id: int | None, **payload: JsonValue) -> None: ...

    async def resume(self, run_id: int) -> None: ...


class Runs:
    """The real door."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def runner_alive(self) -> bool:
        from fluxtui.engine.lock import holder

        return holder(self._workshop.workspace) is not None

    def ensure_runner(self) -> None:
        from fluxtui.engine.launch import ensure_runner

        try:
            ensure_runner(self._workshop.workspace)
        except OSError as error:
            problem = Problem(
                ProblemKind.DISK,
                "The runner could not be started.",
                f"{error.strerror or error}: {self._workshop.workspace}.",
                "Check the permissions of the workspace and the free space; what was asked for is recorded.",
            )
            raise FluxtuiError(problem) from error

    async def start(self, quoted: Quoted) -> int:
        from fluxtui.engine import launch

        if quoted.plan is None:
            raise TypeError("a quote of another engine")
        core = (await in_thread(self._workshop.services)).loaded.core
        options = launch.RunOptions(metadata=core.output_include_metadata, layout=core.output_layout)
        journal = await self._workshop.journal()
        return await launch.start_run(journal, self._workshop.workspace, quoted.plan, options)

    async def control(self, kind: str, run_id: int | None, **payload: JsonValue) -> None:
        await (await self._workshop.journal(existing=True)).control(kind, run_id, **payload)
        await in_thread(self.ensure_runner)

    async def resume(self, run_id: int) -> None:
        from fluxtui.engine.launch import resume_run

        await resume_run(await self._workshop.journal(existing=True), run_id)
        await in_thread(self.ensure_runner)
