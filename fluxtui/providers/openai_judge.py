"""A judge over chat completions: OpenAI's models with vision, and servers that are compatible with it.

Wire facts: types of openai 3.52.0. The key and the address are those of the provider `openai`.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel

from fluxtui.domain import verdict as verdicts
from fluxtui.domain.problems import Acceptance, ServiceError
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.domain.verdict import Verdict
from fluxtui.providers import catalog, checking, documents, failures, judging, openai
from fluxtui.providers.base import CheckResult, CheckState
from fluxtui.providers.configuration import own
from fluxtui.providers.judging import Answer, Judgement, Refinement
from fluxtui.providers.openai import KEY_VARIABLE, SERVICE

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

SETTINGS = openai.Settings
missing = openai.missing

_FLAGGED = "invalid_prompt"
"""The code of a prompt that models which think first decline to read; a 400."""


def make_judge(settings: BaseModel, model: str | None = None) -> "OpenAIJudge":
    """Return the judge. Raises TypeError when `settings` are not those of openai."""
    return OpenAIJudge(own(settings, openai.Settings, "openai"), model or catalog.judge("openai").default)


class OpenAIJudge:
    """One chat model that looks at pictures."""

    id: ClassVar[str] = "openai"
    title: ClassVar[str] = SERVICE.title

    def __init__(self, settings: openai.Settings, model: str) -> None:
        self._settings = settings
        self._base, self.notes = openai.api_base(settings.base_url)
        self._model = model.strip()

    @property
    def model(self) -> str:
        return self._model

    async def evaluate(self, image: bytes, mime: str, prompt: str, http: "Http") -> Judgement:
        """Judge a picture. Raises ServiceError."""
        picture: JsonObject = {"url": f"data:{mime};base64,{base64.b64encode(image).decode('ascii')}"}
        content: list[JsonValue] = [
            {"type": "text", "text": judging.question(prompt)},
            {"type": "image_url", "image_url": picture},
        ]
        answer, reply = await self._ask(judging.EVALUATE, content, "verdict", verdicts.schema(), http)
        verdict = judging.verdict_of(answer, reply, SERVICE)
        reply.release()
        return Judgement(verdict, answer.model, judging.bill(self.id, answer, self._model))

    async def refine(self, prompt: str, verdict: Verdict, http: "Http") -> Refinement:
        """Make a better prompt. Raises ServiceError."""
        content: list[JsonValue] = [{"type": "text", "text": judging.request_for_better(prompt, verdict)}]
        answer, reply = await self._ask(judging.REFINE, content, "refinement", judging.REFINED, http)
        better = judging.prompt_of(answer, reply, SERVICE)
        reply.release()
        return Refinement(better, answer.model, judging.bill(self.id, answer, self._model))

    async def check(self, http: "Http") -> CheckResult:
        """Ask for the list of models."""
        if self._settings.api_key is None:
            return checking.unconfigured((KEY_VARIABLE,))
        reply = await checking.ask(http, f"{self._base}/models", openai.headers(self._settings), SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        reply.release()
        return CheckResult(CheckState.OK, f"the key is accepted; it judges with {self._model}")

    async def _ask(
        self, instruction: str, content: list[JsonValue], name: str, schema: JsonObject, http: "Http"
    ) -> "tuple[Answer, Reply]":
        if self._settings.api_key is None:
            raise failures.unconfigured(SERVICE, (KEY_VARIABLE,))
        reply = await http.send(
            "POST",
            f"{self._base}/chat/completions",
            headers=openai.headers(self._settings),
            json={
                "model": self._model,
                "messages": [{"role": "system", "content": instruction}, {"role": "user", "content": content}],
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": name, "strict": True, "schema": schema},
                },
                "max_completion_tokens": judging.ANSWER_TOKENS,
            },
            timeout=judging.TIMEOUT,
            max_bytes=judging.ANSWER_BYTES,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            raise _failed(reply)
        return _answer(reply, self._model), reply


def _failed(reply: "Reply") -> ServiceError:
    explanation = failures.explain(reply)
    if 400 <= reply.status < 500 and (explanation.is_moderation or _FLAGGED in explanation.codes):
        error = judging.declined(SERVICE, reply, ", ".join(explanation.categories), explanation.message)
        return ServiceError(error.problem, acceptance=Acceptance.NO, permanent=True)
    error = failures.failure(reply, SERVICE, submitting=True)
    reply.release()
    return error


def _answer(reply: "Reply", asked: str) -> Answer:
    """Return what a success says. Raises ServiceError for refusals and for what is no answer of this service."""
    body = documents.answer(reply.body)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise failures.bad_answer(reply, SERVICE, "said nothing", submitting=not body)
    refusal, reason = message.get("refusal"), choice.get("finish_reason")
    if isinstance(refusal, str) and refusal:
        raise judging.declined(SERVICE, reply, "", refusal)
    if reason == "content_filter":
        categories = ", ".join(failures.filtered(choice.get("content_filter_results")))
        raise judging.declined(SERVICE, reply, categories or "content_filter")
    text, usage = message.get("content"), body.get("usage")
    return Answer(
        text if isinstance(text, str) else "",
        judging.as_text(body.get("model"), asked),
        judging.count(usage, "prompt_tokens"),
        judging.count(usage, "completion_tokens"),
        reason == "length",
    )
