"""A service that is scripted by the test and keeps its own count of what it accepted."""

import asyncio
import io
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.domain.jobs import Bill, ImageFacts, Pending, Refusal, Ticket
from fluxtui.domain.money import Micros, Price, usd
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Assessment, Change, ImageRequest
from fluxtui.engine.connections import Connections
from fluxtui.engine.launch import RunOptions, start_run
from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.plan import plan
from fluxtui.engine.rules import OwnRules
from fluxtui.engine.runner import Runner
from fluxtui.engine.services import Services, ServiceState, ServiceStatus
from fluxtui.history import job_list, queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.records import JobDetail, RunRow
from fluxtui.providers.base import Accepted, CheckResult, CheckState, EncodedImage, Images, LinkedImage, Pace, Provider

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

Answer = Accepted | Images | Refusal | Pending


@cache
def picture(colour: int = 0, edge: int = 64) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (edge, edge), (colour % 256, 90, 160)).save(file, "PNG")
    return file.getvalue()


def error(
    kind: ProblemKind,
    acceptance: Acceptance = Acceptance.NO,
    *,
    permanent: bool = False,
    retry_after: float | None = None,
) -> ServiceError:
    return ServiceError(
        Problem(kind, f"It said {kind}."), acceptance=acceptance, permanent=permanent, retry_after=retry_after
    )


class FakeReply:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def release(self) -> None:
        pass


class FakeHttp:
    """Delivers pictures by URL; `failures` are raised first, one a download."""

    def __init__(self) -> None:
        self.failures: list[ServiceError] = []
        self.bodies: dict[str, bytes] = {}
        self.downloads: Counter[str] = Counter()

    def heard_by(self, listener: object) -> "FakeHttp":
        return self

    async def download(self, url: str, *, max_bytes: int, timeout: float) -> FakeReply:
        self.downloads[url] += 1
        if self.failures:
            raise self.failures.pop(0)
        return FakeReply(self.bodies.get(url, picture(len(url))))


class FakeProvider:
    """Accepts everything with a ticket, answers the second poll; scripts by prompt change that.

    A script is a list of what each submission does: an exception to raise, an answer, or a
    callable that makes one.
    """

    id: ClassVar[str] = "fake"
    title: ClassVar[str] = "A scripted service"
    resend_is_free: bool = False

    def __init__(self) -> None:
        self.submissions: dict[str, list[object]] = defaultdict(list)
        self.polls: dict[str, list[object]] = defaultdict(list)
        self.sent: list[str] = []
        self.accepted: Counter[str] = Counter()
        self.collected: Counter[str] = Counter()
        self.cancelled: list[str] = []
        self.price = Price.exactly(usd("0.04"))
        self.in_flight = self.most_in_flight = 0
        self.most = 4
        self.broke: frozenset[str] = frozenset()
        self.gate: Callable[[], Awaitable[object]] | None = None

    def models(self) -> Sequence[str]:
        return ("one", "two")

    def max_count(self, model: str) -> int:
        return 1

    def pace(self, model: str) -> Pace:
        return Pace(in_flight=self.most, first_poll=0.001, poll_interval=0.001, collect_for=5.0)

    def assess(self, request: ImageRequest) -> Assessment:
        if request.parameters.get("impossible"):
            return Assessment(self.price, impossible=Problem(ProblemKind.UNSUPPORTED, "It cannot do that."))
        dropped = (
            (Adaptation("negative_prompt", Change.DROPPED, request.negative_prompt, None, "no such field"),)
            if request.negative_prompt
            else ()
        )
        return Assessment(self.price, dropped, seconds=2.0)

    async def submit(self, request: ImageRequest, http: "Http") -> Accepted | Images | Refusal:
        self.sent.append(request.prompt)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.gate is not None:
                await self.gate()
            await asyncio.sleep(0)
            if request.model in self.broke:
                raise error(ProblemKind.CREDITS)
            script = self.submissions[request.prompt]
            if script:
                outcome = script.pop(0)
                if isinstance(outcome, Exception):
                    if isinstance(outcome, ServiceError) and outcome.acceptance is not Acceptance.NO:
                        self.accepted[request.prompt] += 1
                    raise outcome
                answer = cast("Answer", outcome() if callable(outcome) else outcome)
                assert not isinstance(answer, Pending)
                if not isinstance(answer, Refusal):
                    self.accepted[request.prompt] += 1
                return answer
            self.accepted[request.prompt] += 1
            return Accepted(Ticket({"prompt": request.prompt}))
        finally:
            self.in_flight -= 1

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        prompt = str(ticket.data["prompt"])
        await asyncio.sleep(0)
        script = self.polls[prompt]
        if script:
            outcome = script.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return cast("Pending | Images | Refusal", outcome)
        self.collected[prompt] += 1
        return linked(prompt)

    async def check(self, http: "Http") -> CheckResult:
        return CheckResult(CheckState.OK, "it answers")

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        self.cancelled.append(str(ticket.data["prompt"]))
        return True


def linked(name: str, bill: Micros | None = None) -> Images:
    image = LinkedImage(f"https://delivery.test/{name}", ImageFacts(seed=11, prompt_used=f"{name}, finely"))
    return Images((image,), bill=None if bill is None else Bill(bill))


def encoded(data: bytes | None = None) -> Images:
    import base64

    return Images((EncodedImage(base64.b64encode(data if data is not None else picture())),))


class FakeServices(Services):
    """Services with one scripted provider; reads no settings."""

    def __init__(self, provider: FakeProvider | None) -> None:
        self.sandbox = False
        self.rules = OwnRules()
        state = ServiceState.UNCONFIGURED if provider is None else ServiceState.READY
        self._providers = {} if provider is None else {"fake": cast("Provider", provider)}
        self._statuses = {"fake": ServiceStatus("fake", "Scripted", state, ("FAKE_KEY",), ("one", "two"))}

    def default_targets(self) -> tuple[Target, ...]:
        return (Target("fake", "one"),)


class FakeConnections(Connections):
    def __init__(self, http: FakeHttp) -> None:
        self._http = http

    def http(self, *, sandbox: bool) -> "Http":
        return cast("Http", self._http)

    async def close(self) -> None:
        pass


class Studio:
    """A workspace with a scripted service: start runs, run the runner, look at what became of them."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.provider = FakeProvider()
        self.http = FakeHttp()
        self.configured = True
        self.rules = OwnRules()

    def services(self, sandbox: bool = False) -> FakeServices:
        services = FakeServices(self.provider if self.configured else None)
        services.rules = self.rules
        return services

    def batch(self, *names: str, **fields: object) -> Batch:
        tasks = tuple(Task(name, name) for name in names)
        return Batch("studio", tasks, **fields)  # type: ignore[arg-type]

    async def start(self, *names: str, batch: Batch | None = None, **options: object) -> int:
        planned = plan(batch or self.batch(*names), self.services())
        with Journal(database_path(self.workspace)) as journal:
            chosen = RunOptions(**options)  # type: ignore[arg-type]
            return await start_run(journal, self.workspace, planned, chosen)

    def runner(self) -> Runner:
        return Runner(
            self.workspace, self.services, linger=0.0, thumbnails=True, connections=FakeConnections(self.http)
        )

    async def work(self) -> None:
        """Be the runner until nothing is left to do."""
        lock = RunnerLock(self.workspace)
        assert lock.acquire()
        with lock:
            await asyncio.wait_for(self.runner().run(lock), 30)

    async def control(self, kind: str, run_id: int | None = None, **payload: object) -> None:
        with Journal(database_path(self.workspace)) as journal:
            await journal.control(kind, run_id, **payload)  # type: ignore[arg-type]

    def write(self, operation: Callable[..., object], **arguments: object) -> None:
        with Journal(database_path(self.workspace)) as journal:
            journal.write_now(partial(operation, **arguments))

    def run_row(self, run_id: int) -> RunRow:
        reader = open_reader(database_path(self.workspace))
        try:
            row = queries.run(reader, run_id)
        finally:
            reader.close()
        assert row is not None
        return row

    def jobs(self, run_id: int) -> dict[str, JobDetail]:
        """Return the jobs of a run by the name of their task."""
        reader = open_reader(database_path(self.workspace))
        try:
            details = [queries.job_detail(reader, job_id) for job_id in job_list.job_ids(reader, run_id)]
        finally:
            reader.close()
        return {detail.row.task: detail for detail in details if detail is not None}

    def wishes_taken(self) -> bool:
        """Return whether the runner has taken every control."""
        reader = open_reader(database_path(self.workspace))
        try:
            return not queries.open_controls(reader)
        finally:
            reader.close()
