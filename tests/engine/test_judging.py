"""Asking a judge: a bounded copy is sent, nothing is paid twice, and a paid verdict is never lost."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from fluxtui import sandbox as simulated
from fluxtui.domain.problems import Acceptance, FluxtuiError, ProblemKind, ServiceError
from fluxtui.domain.verdict import CRITERIA
from fluxtui.engine.judging import EDGE, JUDGES, PATIENCE, Opinion, judge_for, judge_picture
from fluxtui.engine.services import Services
from fluxtui.sandbox.faults import Faults

GOOD = {
    "overall": 7.5,
    "adherence": 8,
    "criteria": dict.fromkeys(CRITERIA, 7),
    "strengths": [],
    "problems": [],
    "suggestion": "",
}
Answer = httpx.Response | Exception


def said(value: Any) -> httpx.Response:
    parts = [{"text": json.dumps(value)}]
    body = {
        "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 100},
        "modelVersion": "gemini-3.8-flash",
    }
    return httpx.Response(200, json=body)


def failed(status: int, name: str, *details: dict[str, Any]) -> httpx.Response:
    error = {"code": status, "message": name, "status": name, "details": list(details)}
    return httpx.Response(status, json={"error": error})


SLOW_DOWN = failed(
    429, "RESOURCE_EXHAUSTED", {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "31s"}
)
OVERLOADED = failed(503, "UNAVAILABLE")


class Scripted:
    """A service that answers in order; `slept` are the waits that its client took."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def judged(self, picture: Path, *, refine: bool = False) -> Opinion:
        judge = judge_for(Services.load(sandbox=True), "gemini")
        transport = httpx.MockTransport(self)
        return await judge_picture(
            picture, "a fox", judge, sandbox=True, refine=refine, transport=transport, sleep=self.sleep
        )


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "fox.png"
    Image.new("RGBA", (1600, 800), (200, 90, 20, 128)).save(path)
    return path


async def test_the_copy_that_is_sent_is_small(picture: Path) -> None:
    service = Scripted(said(GOOD))
    opinion = await service.judged(picture)
    assert (opinion.judge, opinion.model, opinion.cost) == ("gemini", "gemini-3.8-flash", 1125)
    assert opinion.verdict.overall == 7.5
    body = json.loads(service.requests[0].content)
    data = base64.b64decode(body["contents"][0]["parts"][1]["inlineData"]["data"])
    sent = Image.open(io.BytesIO(data))
    assert (sent.format, sent.size) == ("JPEG", (EDGE, EDGE // 2))


async def test_what_was_never_accepted_is_asked_again(picture: Path) -> None:
    service = Scripted(SLOW_DOWN, OVERLOADED, httpx.ConnectError("refused"), said(GOOD))
    assert (await service.judged(picture)).verdict.overall == 7.5
    assert len(service.requests) == 4
    assert service.slept[0] == 31


@pytest.mark.parametrize(
    ("answer", "kind", "acceptance"),
    [
        (httpx.ReadTimeout("slow"), ProblemKind.TIMEOUT, Acceptance.MAYBE),
        (failed(500, "INTERNAL"), ProblemKind.SERVER_ERROR, Acceptance.MAYBE),
        (said("nonsense"), ProblemKind.BAD_ANSWER, Acceptance.YES),
        (said({**GOOD, "overall": 99}), ProblemKind.BAD_ANSWER, Acceptance.YES),
        (httpx.Response(200, json={"promptFeedback": {"blockReason": "SAFETY"}}), ProblemKind.MODERATION,
         Acceptance.YES),
        (failed(403, "PERMISSION_DENIED"), ProblemKind.AUTHENTICATION, Acceptance.NO),
        (failed(404, "NOT_FOUND"), ProblemKind.NOT_FOUND, Acceptance.NO),
    ],
)  # fmt: skip
async def test_what_may_have_been_paid_is_asked_once(
    picture: Path, answer: Answer, kind: ProblemKind, acceptance: Acceptance
) -> None:
    service = Scripted(answer)
    with pytest.raises(ServiceError) as caught:
        await service.judged(picture)
    assert (caught.value.problem.kind, caught.value.acceptance) == (kind, acceptance)
    assert len(service.requests) == 1
    assert not service.slept


async def test_patience_ends(picture: Path) -> None:
    for answer, most in ((SLOW_DOWN, PATIENCE / 31 + 1), (OVERLOADED, 5)):
        service = Scripted(answer)
        with pytest.raises(ServiceError):
            await service.judged(picture)
        assert 1 < len(service.requests) <= most
        assert sum(service.slept) <= PATIENCE


async def test_a_verdict_outlives_its_better_prompt(picture: Path) -> None:
    service = Scripted(said(GOOD), said({"prompt": "a red fox"}))
    opinion = await service.judged(picture, refine=True)
    assert (opinion.refined, opinion.problem, opinion.cost) == ("a red fox", None, 2250)
    lost = await Scripted(said(GOOD), httpx.ReadTimeout("slow")).judged(picture, refine=True)
    assert lost.verdict.overall == 7.5
    assert (lost.refined, lost.cost) == (None, None)
    assert lost.problem is not None
    assert lost.problem.kind is ProblemKind.TIMEOUT
    refused = await Scripted(said(GOOD), failed(404, "NOT_FOUND")).judged(picture, refine=True)
    assert (refused.refined, refused.cost) == (None, 1125)


@pytest.mark.parametrize("content", [b"", b"no picture", None])
async def test_what_is_no_picture_is_never_sent(tmp_path: Path, content: bytes | None) -> None:
    path, service = tmp_path / "x.png", Scripted(said(GOOD))
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FluxtuiError) as caught:
        await service.judged(path)
    assert "no picture that can be judged" in caught.value.problem.what
    assert not service.requests


@pytest.mark.parametrize("judge_id", JUDGES)
async def test_both_judges_in_the_sandbox(picture: Path, judge_id: str) -> None:
    judge = judge_for(Services.load(sandbox=True), judge_id)

    async def judged(prompt: str, refine: bool = False) -> Opinion:
        transport = simulated.transport(simulated.Sandbox(faults=Faults.none()))
        return await judge_picture(picture, prompt, judge, sandbox=True, refine=refine, transport=transport)

    opinion = await judged("a fox", refine=True)
    assert 0 <= opinion.verdict.overall <= 10
    assert opinion.refined
    assert opinion.refined.startswith("a fox")
    assert (await judged("a fox")).verdict == opinion.verdict
    for marker, kind in (
        ("moderate", ProblemKind.MODERATION),
        ("content-moderate", ProblemKind.MODERATION),
        ("refuse-answer", ProblemKind.MODERATION if judge_id == "openai" else ProblemKind.BAD_ANSWER),
        ("truncate", ProblemKind.BAD_ANSWER),
        ("html", ProblemKind.BAD_ANSWER),
        ("quota", ProblemKind.QUOTA),
    ):
        with pytest.raises(ServiceError) as caught:
            await judged(f"a fox [sandbox:{marker}]")
        assert caught.value.problem.kind is kind, marker


async def test_the_sandbox_needs_nothing_else(picture: Path) -> None:
    opinion = await judge_picture(picture, "a fox", judge_for(Services.load(sandbox=True)), sandbox=True)
    assert opinion.judge == "gemini"
    assert [path.name for path in picture.parent.iterdir()] == ["fox.png"]


def test_who_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FluxtuiError) as caught:
        judge_for(Services.load())
    assert "GEMINI_API_KEY or OPENAI_API_KEY" in caught.value.problem.what
    monkeypatch.setenv("OPENAI_API_KEY", "sk-12345678")
    found = judge_for(Services.load(), model="my-model")
    assert (found.id, found.model) == ("openai", "my-model")
    with pytest.raises(FluxtuiError) as caught:
        judge_for(Services.load(), "gemini")
    assert "GEMINI_API_KEY has to be set" in caught.value.problem.what
    monkeypatch.setenv("GEMINI_API_KEY", "AI-12345678")
    assert judge_for(Services.load()).id == "gemini"
