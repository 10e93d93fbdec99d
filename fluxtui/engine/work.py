"""The life of one job on the network: submit, collect, fetch, save; each step journalled.

The order is the promise about money: `sending` is on disk before the first byte leaves (the claim),
the ticket before the first poll, the picture before `done`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from fluxtui.domain.jobs import Bill, ImageFacts, JobState, Pending, Refusal, Ticket
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import ACCOUNT_PROBLEMS, Acceptance, FluxtuiError, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Change
from fluxtui.domain.values import JsonValue
from fluxtui.engine import references
from fluxtui.engine.health import Health
from fluxtui.engine.pool import BytePool
from fluxtui.engine.resend import MOST_ATTEMPTS, Decision, backoff, decide
from fluxtui.history import transitions
from fluxtui.history.database import HistoryError
from fluxtui.history.journal import Journal
from fluxtui.history.transitions import ClaimedJob, SavedPicture, Transition
from fluxtui.images import layouts, store
from fluxtui.images.disk import DiskProblem
from fluxtui.providers.base import Accepted, EncodedImage, Images, LinkedImage, Pace, Provider

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

T = TypeVar("T")

log = logging.getLogger(__name__)

_MOST_FETCHES = 5
_DISK_PAUSE = 3.0
_LARGEST_PICTURE = 128 * 1024 * 1024
_DOWNLOAD_TIMEOUT = 120.0
_FORGIVEN_404 = 2
"""Times that a service may not know its own ticket: a cluster can be slower to learn than to accept."""

_SLOWEST_POLL = 4.0
"""Polls slow down to this multiple of the pace's interval."""


class LaneDoor(Protocol):
    """What a job's work tells its lane."""

    health: Health

    def accepted(self) -> None: ...
    def judged(self, decision: Decision) -> None: ...
    def park(self, problem: Problem) -> None: ...
    async def unparked(self) -> None: ...
    def disk_trouble(self, problem: Problem | None) -> None: ...
    def saved(self, job: ClaimedJob) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every job of a lane works with."""

    workspace: Path
    journal: Journal
    pool: BytePool
    provider: Provider
    http: "Http"


class Work:
    """One job under way.

    `interruptible` while cancelling its task loses nothing; `blocked` while it can do nothing until
    its lane is unparked; `unwanted` when it is not to be sent again, should it not have been accepted.
    """

    def __init__(self, job: ClaimedJob, tools: Tools, lane: LaneDoor) -> None:
        self.job = job
        self.tools = tools
        self.lane = lane
        self.interruptible = False
        self.blocked = False
        self.unwanted = False
        self.first_poll = asyncio.Event()
        self._fetches = 0
        self._unknown = 0
        self._state = job.state
        self._cancel = asyncio.Event()
        self._pause: asyncio.Future[None] | None = None
        self._pace: Pace = tools.provider.pace(job.request.model)

    @property
    def sending(self) -> bool:
        """Whether the service has not answered the submission yet."""
        return self._state is JobState.SENDING

    def cancel(self) -> None:
        """Ask for the job's end; it ends at once while waiting, else as soon as its ticket is there."""
        self.unwanted = True
        self._cancel.set()
        self._end_pause()

    async def run(self) -> None:
        """Live the job to its end, from wherever it stands."""
        ticket = self.job.ticket
        try:
            if self._state is JobState.SENDING:
                await self._submit()
            elif ticket is not None and "delivery" in ticket.data:
                await self._finish(_delivery(ticket), None)
            elif ticket is not None:
                await self._collect(ticket)
        except Exception as error:
            log.exception("job %d broke off while it was %s", self.job.id, self._state)
            defect = _defect(self.tools.provider, error)
            if self._state in (JobState.WAITING, JobState.FETCHING):
                await self._lost(defect)
            elif self._state is JobState.SENDING:
                await self._record(JobState.IN_DOUBT, problem=defect, acceptance=Acceptance.MAYBE)
            raise
        finally:
            self.first_poll.set()

    # --- sending ---

    async def _submit(self) -> None:
        job, provider = self.job, self.tools.provider
        try:
            request = await references.loaded(job.request, self.tools.pool)
            answer = await provider.submit(request, self.tools.http)
        except ServiceError as error:
            await self._submission_failed(error)
            return
        except FluxtuiError as error:  # a reference that cannot be read: nothing was sent
            await self._record(JobState.FAILED, problem=error.problem)
            return
        except Exception as error:  # a provider from outside may raise anything, after sending
            log.exception("provider %s failed on job %d", provider.id, job.id)
            await self._submission_failed(ServiceError(_defect(provider, error), acceptance=Acceptance.MAYBE))
            return
        self.lane.accepted()
        match answer:
            case Accepted(ticket, bill):
                await self._record(JobState.WAITING, ticket=ticket, billed=_amount(bill))
                await self._collect(ticket)
            case Refusal(problem, bill):
                await self._record(JobState.REFUSED, problem=problem, billed=_amount(bill))
            case Images() as images:
                await self._finish(images, None)

    async def _submission_failed(self, error: ServiceError) -> None:
        job = self.job
        decision = decide(
            error,
            attempts=job.attempts,
            throttled=job.throttled,
            resend_is_free=self.tools.provider.resend_is_free,
        )
        self.lane.judged(decision)
        requeued = decision.after is JobState.QUEUED
        await self._record(
            JobState.CANCELLED if requeued and self.unwanted else decision.after,
            problem=decision.problem,
            not_before=time.time() + decision.wait if requeued and decision.wait and not self.unwanted else None,
            acceptance=error.acceptance,
            request_id=error.problem.request_id,
            throttled=decision.throttled or decision.park,
        )
        if decision.after is JobState.IN_DOUBT and not (self.unwanted and job.in_doubt == "resend"):
            await follow_policy(self.tools.journal, job)

    # --- waiting ---

    async def _collect(self, ticket: Ticket) -> None:
        """Poll until the service has an answer, the work is lost, or nobody wants it any more."""
        pace, interval, failures = self._pace, self._pace.first_poll, 0
        if self.job.state is not JobState.SENDING:
            interval = 0.0  # taken up after a crash: signed links may be about to expire
        deadline = time.monotonic() + pace.collect_for
        while True:
            self.interruptible = True
            # However long the service would have us wait, it is asked while that may still help.
            if await self._cancelled_within(min(interval, max(deadline - time.monotonic(), pace.poll_interval))):
                await self._abandon(ticket)
                return
            interval = min(max(interval * 1.3, pace.poll_interval), pace.poll_interval * _SLOWEST_POLL)
            try:
                answer = await self.tools.provider.collect(ticket, self.tools.http)
            except ServiceError as error:
                failures += 1
                if await self._collecting_failed(error, overdue=time.monotonic() > deadline):
                    return
                interval = max(backoff(failures), error.retry_after or 0.0, pace.poll_interval)
                continue
            finally:
                self.first_poll.set()
            failures = 0
            match answer:
                case Images() as images:
                    self.interruptible = False
                    if await self._finish(images, ticket):
                        return
                case Refusal(problem, bill):
                    await self._record(JobState.REFUSED, problem=problem, billed=_amount(bill))
                    return
                case Pending(poll_after=poll_after):
                    if time.monotonic() > deadline:
                        await self._lost(_overdue(pace))
                        return
                    interval = poll_after if poll_after is not None else interval

    async def _collecting_failed(self, error: ServiceError, *, overdue: bool) -> bool:
        """Judge a failed poll; True when the job has ended."""
        problem = error.problem
        if problem.kind in ACCOUNT_PROBLEMS:
            self.lane.health.troubled(problem.kind)
            self.lane.park(problem)
            await self._unparked()
            return False
        if problem.kind is ProblemKind.EXPIRED:
            self._unknown += 1
            forgiven = self._unknown <= _FORGIVEN_404
        else:
            forgiven = not error.permanent
        if overdue or not forgiven:
            unbilled = error.permanent and error.acceptance is Acceptance.NO
            await self._lost(problem, Acceptance.NO if unbilled else Acceptance.YES)
            return True
        self.lane.health.troubled(problem.kind)
        return False

    async def _unparked(self) -> None:
        """Wait until a person has seen to the lane, or wants this job no more."""
        self.blocked = True
        waits = {asyncio.ensure_future(self.lane.unparked()), asyncio.ensure_future(self._cancel.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self.blocked = False

    async def _lost(self, problem: Problem, acceptance: Acceptance = Acceptance.YES) -> None:
        """The work was accepted, so it may be billed; what came of it is out of reach. The ticket is kept.

        With NO the service has ended it and bills nothing: then a retry draws anew.
        """
        await self._record(JobState.FAILED, problem=problem, acceptance=acceptance)

    async def _cancelled_within(self, seconds: float) -> bool:
        if seconds > 0 and not self._cancel.is_set():
            # A bare timer: wait_for would make a task for every poll of every job.
            loop = asyncio.get_running_loop()
            self._pause = loop.create_future()
            timer = loop.call_later(seconds, self._end_pause)
            try:
                await self._pause
            finally:
                timer.cancel()
        return self._cancel.is_set()

    def _end_pause(self) -> None:
        if self._pause is not None and not self._pause.done():
            self._pause.set_result(None)

    async def _abandon(self, ticket: Ticket) -> None:
        self.interruptible = False
        try:
            await self.tools.provider.cancel(ticket, self.tools.http)
        except ServiceError as error:
            log.info("job %d: the service did not cancel it: %s", self.job.id, error)
        await self._record(JobState.CANCELLED, acceptance=Acceptance.YES)

    # --- fetching and saving ---

    async def _finish(self, images: Images, ticket: Ticket | None) -> bool:
        """Bring the pictures home and end the job; False when they must be asked for again."""
        try:
            return await self._save_all(images, ticket)
        finally:
            if images.reply is not None:
                images.reply.release()

    async def _save_all(self, images: Images, ticket: Ticket | None) -> bool:
        linked = any(isinstance(item, LinkedImage) for item in images.items)
        if linked and self._state is not JobState.FETCHING:
            await self._record(JobState.FETCHING, ticket=None if ticket else _delivery_ticket(images))
        while True:
            self._fetches += 1
            try:
                pictures = await self._pictures(images)
            except (ServiceError, store.NotAnImage) as error:
                if not linked or self._fetches >= _MOST_FETCHES or not _may_fetch_again(error):
                    await self._record(JobState.FAILED, problem=error.problem, acceptance=Acceptance.YES)
                    return True
                if ticket is not None:
                    await self._record(JobState.WAITING, problem=error.problem)
                    return False  # a fresh link comes with the next poll
                await asyncio.sleep(backoff(self._fetches))
                continue
            await self._record(
                JobState.DONE,
                billed=_amount(images.bill),
                pictures=pictures,
                adaptations=(*images.adaptations, *self._observed(pictures)),
            )
            self.lane.saved(self.job)
            return True

    async def _pictures(self, images: Images) -> tuple[SavedPicture, ...]:
        saved = []
        for ordinal, item in enumerate(images.items):
            stem = self.tools.workspace / layouts.image_stem(
                self.job.layout,
                self.job.folder,
                provider=self.job.provider,
                task=self.job.task,
                stem=self.job.stem,
                ordinal=ordinal,
                count=len(images.items),
            )
            if isinstance(item, EncodedImage):
                picture = await self._store(store.Unsaved(item.base64, stem, encoded=True))
            else:
                reply = await self.tools.http.download(item.url, max_bytes=_LARGEST_PICTURE, timeout=_DOWNLOAD_TIMEOUT)
                try:
                    picture = await self._store(store.Unsaved(reply.body, stem))
                finally:
                    reply.release()
            saved.append(_facts(picture, item.facts, self.tools.workspace))
        return tuple(saved)

    async def _store(self, picture: store.Unsaved) -> store.SavedImage:
        """Save, however long the disk is full: the bytes are paid for and exist nowhere else."""
        return await self._until_disk_heals(lambda: self.tools.pool.save(picture))

    def _observed(self, pictures: tuple[SavedPicture, ...]) -> tuple[Adaptation, ...]:
        """Return what the answer shows was not honoured, beyond what was foreseen."""
        request = self.job.request
        try:
            foreseen = self.tools.provider.assess(request)
        except Exception:  # a provider from outside may raise anything; the picture is safe, and stays so
            log.exception("provider %s cannot say what it foresaw for job %d", self.tools.provider.id, self.job.id)
            return ()
        found = []
        for picture in pictures[:1]:
            size = f"{picture.width}x{picture.height}"
            expected = foreseen.expected_size
            if expected is not None and size != str(expected):
                found.append(
                    Adaptation("size", Change.OBSERVED, str(expected), size, "the picture came back in this size")
                )
            asked = request.output_format
            if (
                asked
                and asked.lower().replace("jpg", "jpeg") != picture.format
                and not _was_foreseen(foreseen.adaptations, "output_format")
            ):
                found.append(
                    Adaptation("output_format", Change.OBSERVED, asked, picture.format, "the bytes that came are this")
                )
        return tuple(found)

    # --- the journal ---

    async def _record(
        self,
        after: JobState,
        *,
        ticket: Ticket | None = None,
        problem: Problem | None = None,
        not_before: float | None = None,
        billed: Micros | None = None,
        acceptance: Acceptance = Acceptance.NO,
        request_id: str | None = None,
        throttled: bool = False,
        adaptations: tuple[Adaptation, ...] = (),
        pictures: tuple[SavedPicture, ...] = (),
    ) -> None:
        step = Transition(
            job_id=self.job.id,
            before=self._state,
            after=after,
            ticket=ticket,
            problem=problem,
            not_before=not_before,
            billed=billed,
            acceptance=acceptance,
            request_id=request_id,
            throttled=throttled,
            adaptations=adaptations,
            pictures=pictures,
        )
        self.interruptible = False
        if problem is not None:
            self.lane.health.troubled(problem.kind)
        write = partial(transitions.apply, step=step)
        if not await self._until_disk_heals(lambda: self.tools.journal.write(write)):
            log.warning("job %d was no longer %s when it became %s", self.job.id, self._state, after)
        self._state = after

    async def _until_disk_heals(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Await `attempt`, again and again while the disk refuses; meanwhile the lanes send nothing new."""
        troubled = False
        try:
            while True:
                try:
                    return await attempt()
                except (DiskProblem, HistoryError) as error:
                    if error.problem.kind is not ProblemKind.DISK:
                        raise
                    troubled = True
                    self.lane.disk_trouble(error.problem)
                    await asyncio.sleep(_DISK_PAUSE)
        finally:
            if troubled:  # also when it ends otherwise: the lanes wait for this word
                self.lane.disk_trouble(None)


def _delivery_ticket(images: Images) -> Ticket:
    """A ticket for pictures that a synchronous answer only linked to: the links themselves."""
    links: list[JsonValue] = [
        {"url": item.url, "seed": item.facts.seed, "prompt_used": item.facts.prompt_used, "expires_at": item.expires_at}
        for item in images.items
        if isinstance(item, LinkedImage)
    ]
    return Ticket({"delivery": links})


def _delivery(ticket: Ticket) -> Images:
    links = ticket.data["delivery"]
    items = []
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict):
            seed, prompt, expires = link.get("seed"), link.get("prompt_used"), link.get("expires_at")
            facts = ImageFacts(seed if isinstance(seed, int) else None, prompt if isinstance(prompt, str) else None)
            items.append(
                LinkedImage(str(link["url"]), facts, float(expires) if isinstance(expires, int | float) else None)
            )
    return Images(tuple(items))


def _facts(picture: store.SavedImage, facts: ImageFacts, workspace: Path) -> SavedPicture:
    return SavedPicture(
        path=picture.path.relative_to(workspace).as_posix(),
        sha256=picture.sha256,
        size_bytes=picture.size_bytes,
        width=picture.width,
        height=picture.height,
        format=picture.format.value,
        seed=facts.seed,
        prompt_used=facts.prompt_used,
        details=facts.details,
    )


def _amount(bill: Bill | None) -> Micros | None:
    return None if bill is None else bill.amount


def _may_fetch_again(error: FluxtuiError) -> bool:
    return not (isinstance(error, ServiceError) and error.permanent)


def _was_foreseen(adaptations: tuple[Adaptation, ...], parameter: str) -> bool:
    return any(adaptation.parameter == parameter for adaptation in adaptations)


def _overdue(pace: Pace) -> Problem:
    return Problem(
        ProblemKind.TIMEOUT,
        f"The service accepted the job but had no picture after {pace.collect_for:.0f} seconds.",
        "It may be overloaded, or it may have lost the job.",
        "Retry the job: it first asks again for the work that was accepted, and pays nothing twice.",
    )


def _defect(provider: Provider, error: Exception) -> Problem:
    return Problem(
        ProblemKind.INTERNAL,
        f"The provider {provider.id} broke off with {type(error).__name__}.",
        "This is a mistake in the provider's code; the request may have been sent before it happened.",
        "Please report it with the log file; whether to pay again is for you to choose.",
    )


async def follow_policy(journal: Journal, job: ClaimedJob) -> None:
    """Do with a job in doubt what the run's owner chose beforehand; `leave` leaves it to a person."""
    after = {"resend": JobState.QUEUED, "abandon": JobState.CANCELLED}.get(job.in_doubt)
    if after is JobState.QUEUED and job.attempts >= MOST_ATTEMPTS:
        return  # paid for often enough without a picture: ask the person after all
    if after is not None:
        await journal.write(partial(transitions.apply, step=Transition(job.id, JobState.IN_DOUBT, after)))
