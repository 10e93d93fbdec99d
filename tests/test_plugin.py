"""The worked example of a provider from another package: found by its entry point, run by the real engine."""

import asyncio
import base64
import contextlib
import tomllib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.money import usd
from fluxtui.domain.problems import ProblemKind
from fluxtui.engine import overview
from fluxtui.engine.checks import CheckState, check_services
from fluxtui.engine.launch import RunOptions, start_run
from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.plan import plan
from fluxtui.engine.runner import Runner
from fluxtui.engine.services import Services
from fluxtui.history import job_list, queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.providers import registry
from fluxtui.providers.base import Provider
from tests.engine.fakes import picture

PLUGIN = Path(__file__).resolve().parents[1] / "examples" / "plugin"
KEY = "a-key-for-postcards"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `pip install examples/plugin` leaves behind, without an installer."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text("utf-8"))["project"]
    points = project["entry-points"][registry.GROUP]
    about = tmp_path / "site" / "fluxtui_postcard-1.0.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0.0\nSummary: {project['description']}\n"
    )
    lines = "\n".join(f"{name} = {value}" for name, value in points.items())
    (about / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{lines}\n")
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(about.parent))
    monkeypatch.syspath_prepend(str(PLUGIN))
    registry.entries.cache_clear()
    yield
    registry.entries.cache_clear()


@dataclass
class PostOffice:
    """The imaginary service. It counts what it printed."""

    url: str = ""
    printed: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def print(self, request: web.Request) -> web.Response:
        if (denied := self._denied(request)) is not None:
            return denied
        body = await request.json()
        assert body.keys() == {"text", "paper"}
        if "forbidden" in body["text"]:
            error = {"code": "content_policy_violation", "message": "We do not print this."}
            return web.json_response({"error": error}, status=422)
        self.printed.append(body)
        data = picture(len(self.printed), 512)
        return web.json_response({"picture": base64.b64encode(data).decode(), "seed": 7, "cents": 2})

    async def account(self, request: web.Request) -> web.Response:
        return self._denied(request) or web.json_response({"stamps": 12})

    def _denied(self, request: web.Request) -> web.Response | None:
        self.keys.add(request.headers.get("authorization", ""))
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return None
        return web.json_response({"error": {"code": "invalid_api_key", "message": "Who are you?"}}, status=401)


@contextlib.asynccontextmanager
async def open_office() -> AsyncIterator[PostOffice]:
    office = PostOffice()
    app = web.Application()
    app.add_routes([web.post("/v1/postcards", office.print), web.get("/v1/account", office.account)])
    server = web.AppRunner(app)
    await server.setup()
    try:
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        host, port = server.addresses[0]
        office.url = f"http://{host}:{port}"
        yield office
    finally:
        await server.cleanup()


@dataclass
class Shop:
    """A workspace where postcards are ordered."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    @property
    def workspace(self) -> Path:
        return self.folder / "output"

    def services(self, sandbox: bool = False) -> Services:
        return Services.load(sandbox=sandbox, directory=self.folder)

    def settings(self, office: PostOffice, key: str = KEY) -> None:
        self.monkeypatch.setenv("POSTCARD_API_KEY", key)
        self.monkeypatch.setenv("POSTCARD_API_URL", office.url)

    async def order(self, *texts: str) -> int:
        """Plan, record and run a batch to its end; returns the run's id."""
        tasks = tuple(
            Task(f"card-{i}", text, parameters={"size": "800x500", "seed": 1}) for i, text in enumerate(texts)
        )
        planned = plan(Batch("cards", tasks, targets=(Target("postcard"),)), self.services())
        assert planned.quote.price.high == usd("0.02") * len(texts)
        (line,) = planned.quote.lines
        assert line.target == "postcard/classic"
        assert {sentence.split()[0] for sentence, _ in line.adaptations} == {"size", "seed"}
        with Journal(database_path(self.workspace)) as journal:
            run_id = await start_run(journal, self.workspace, planned, RunOptions())
        lock = RunnerLock(self.workspace)
        assert lock.acquire()
        with lock:
            await asyncio.wait_for(Runner(self.workspace, self.services, linger=0.0).run(lock), 30)
        return run_id

    def ended(self, run_id: int) -> tuple[RunState, dict[JobState, int], list[Any], list[Any]]:
        """Return the run's state and counts, its jobs, and the lanes that are left."""
        reader = open_reader(database_path(self.workspace))
        try:
            run = queries.run(reader, run_id)
            details = [queries.job_detail(reader, job_id) for job_id in job_list.job_ids(reader, run_id)]
            lanes = queries.lanes(reader)
        finally:
            reader.close()
        assert run is not None
        return run.state, {state: n for state, n in run.counts.items() if n}, details, lanes


@pytest.fixture
def shop(installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def test_its_package_makes_it_known(shop: Shop) -> None:
    entry = registry.entry("postcard")
    assert (entry.title, entry.description) == ("Postcard", "Postcards, drawn while you wait")
    view = next(view for view in overview.overview(shop.services()) if view.id == "postcard")
    assert (view.state, view.missing) == ("unconfigured", ("POSTCARD_API_KEY",))
    (model,) = view.models
    assert (view.target(model), model.max_pictures, model.sizes) == ("postcard/classic", 1, None)
    shop.monkeypatch.setenv("POSTCARD_API_KEY", KEY)
    assert isinstance(shop.services().provider("postcard"), Provider)


async def test_it_is_quoted_run_and_refused_like_any_other(shop: Shop) -> None:
    async with open_office() as office:
        shop.settings(office)
        run_id = await shop.order("a harbour", "something forbidden", "a lighthouse")
    state, counts, jobs, _ = shop.ended(run_id)
    assert (state, counts) == (RunState.FINISHED, {JobState.DONE: 2, JobState.REFUSED: 1})
    assert sorted(card["text"] for card in office.printed) == ["a harbour", "a lighthouse"]
    assert {card["paper"] for card in office.printed} == {"wide"}
    done = jobs[0]
    assert done.row.billed == usd("0.02")
    assert done.images[0].seed == 7
    assert (shop.workspace / done.images[0].path).read_bytes().startswith(b"\x89PNG")
    # The clerk printed on square paper what was promised wide: that is seen, and told.
    assert [a.given for a in done.adaptations if a.change == "observed"] == ["512x512"]
    assert jobs[1].problem.kind is ProblemKind.MODERATION
    assert "We do not print this." in jobs[1].problem.cause


async def test_a_wrong_key_parks_it_and_leaves_its_jobs_queued(shop: Shop) -> None:
    async with open_office() as office:
        shop.settings(office, key="somebody-elses-key")
        run_id = await shop.order("a harbour", "a lighthouse")
        state, counts, _, lanes = shop.ended(run_id)
        assert (state, counts) == (RunState.PARKED, {JobState.QUEUED: 2})
        (lane,) = lanes
        assert (lane.state, lane.problem.kind) == ("parked", ProblemKind.AUTHENTICATION)
        assert "POSTCARD_API_KEY" in lane.problem.advice
        assert office.printed == []
        views = overview.overview(shop.services(), lanes, matching="postcard")
        assert [(view.state, view.problem) for view in views] == [("parked", lane.problem)]


async def test_its_credentials_are_checked_without_a_postcard(shop: Shop) -> None:
    async with open_office() as office:
        check = partial(check_services, workspace=shop.workspace)
        for key, state in ((KEY, CheckState.OK), ("wrong", CheckState.PROBLEM)):
            shop.settings(office, key)
            result = dict(await check(shop.services()))["postcard"]
            assert result.state is state
        assert office.printed == []
        assert office.keys == {f"Bearer {KEY}", "Bearer wrong"}
