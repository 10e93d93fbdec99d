"""Gemini as a judge: `generateContent` with a strict schema.

Blocks are answered with 200 here, a bad key with 400, and how long to wait stands in the body alone.
Wire facts: google-genai 3.4.0, ai.google.dev, recorded answers of 2026.
"""

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pydantic import AliasChoices, BaseModel, Field

from fluxtui.domain import verdict as verdicts
from fluxtui.domain.problems import ServiceError
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.domain.verdict import Verdict
from fluxtui.providers import addresses, catalog, checking, documents, failures, judging
from fluxtui.providers.base import CheckResult, CheckState
from fluxtui.providers.configuration import Address, Key, ProviderSettings, key_text, own
from fluxtui.providers.judging import Answer, Judgement, Refinement

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

PUBLIC_API = "https://generativelanguage.googleapis.com"
VERSION = "v1beta"
KEY_VARIABLE = "GEMINI_API_KEY"
URL_VARIABLE = "GEMINI_API_URL"

SERVICE = failures.Service(
    "Gemini",
    KEY_VARIABLE,
    URL_VARIABLE,
    "See to the plan and its billing at aistudio.google.com.",
    # "The model is overloaded": nothing was generated, and only generated tokens are billed.
    unbilled=frozenset({(503, "unavailable")}),
)

_VERSIONED = re.compile(r"/v1(beta|alpha)?\d*(?=/|$)")
_DECLINED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "ESCALATION",
    }
)
"""Finish reasons of withheld answers; others (OTHER, LANGUAGE, MALFORMED_RESPONSE ...) are no refusals."""

_CATEGORIES = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")


class Settings(ProviderSettings):
    """`GEMINI_API_KEY` (or Google's other name for it) and `GEMINI_API_URL`."""

    api_key: Key = Field(None, validation_alias=AliasChoices(KEY_VARIABLE, "GOOGLE_API_KEY"))
    api_url: Address = Field(None, validation_alias=URL_VARIABLE)


SETTINGS = Settings


def make_judge(settings: BaseModel, model: str | None = None) -> "Gemini":
    """Return the judge. Raises TypeError when `settings` are not this module's."""
    return Gemini(own(settings, Settings, "gemini"), model or catalog.judge("gemini").default)


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    return () if isinstance(settings, Settings) and settings.api_key is not None else (KEY_VARIABLE,)


def api_base(text: str | None) -> str:
    """Return the address that `/models/...` follows. Raises ValueError."""
    parts = addresses.pasted(text or PUBLIC_API)
    path = parts.path.rstrip("/")
    version = _VERSIONED.search(path)
    path = path[: version.end()] if version else f"{path}/{VERSION}"
    return f"{parts.scheme}://{parts.netloc}{path}"


class Gemini:
    """One model of Gemini that looks at pictures."""

    id: ClassVar[str] = "gemini"
    title: ClassVar[str] = SERVICE.title

    def __init__(self, settings: Settings, model: str) -> None:
        self._settings = settings
        self._base = api_base(settings.api_url)
        self._model = model.strip().removeprefix("models/")

    @property
    def model(self) -> str:
        return self._model

    async def evaluate(self, image: bytes, mime: str, prompt: str, http: "Http") -> Judgement:
        """Judge a picture. Raises ServiceError."""
        picture: JsonObject = {"mimeType": mime, "data": base64.b64encode(image).decode("ascii")}
        parts: list[JsonValue] = [{"text": judging.question(prompt)}, {"inlineData": picture}]
        answer, reply = await self._ask(judging.EVALUATE, parts, verdicts.schema(), http)
        verdict = judging.verdict_of(answer, reply, SERVICE)
        reply.release()
        return Judgement(verdict, answer.model, judging.bill(self.id, answer, self._model))

    async def refine(self, prompt: str, verdict: Verdict, http: "Http") -> Refinement:
        """Make a better prompt. Raises ServiceError."""
        parts: list[JsonValue] = [{"text": judging.request_for_better(prompt, verdict)}]
        answer, reply = await self._ask(judging.REFINE, parts, judging.REFINED, http)
        better = judging.prompt_of(answer, reply, SERVICE)
        reply.release()
        return Refinement(better, answer.model, judging.bill(self.id, answer, self._model))

    async def check(self, http: "Http") -> CheckResult:
        """Ask what is known about the model."""
        if self._settings.api_key is None:
            return checking.unconfigured((KEY_VARIABLE,))
        reply = await checking.ask(http, f"{self._base}/models?pageSize=1", self._headers(), SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        reply.release()
        return CheckResult(CheckState.OK, f"the key is accepted; it judges with {self._model}")

    async def _ask(
        self, instruction: str, parts: list[JsonValue], schema: JsonObject, http: "Http"
    ) -> "tuple[Answer, Reply]":
        if self._settings.api_key is None:
            raise failures.unconfigured(SERVICE, (KEY_VARIABLE,))
        config: JsonObject = {
            "responseMimeType": "application/json",
            "responseJsonSchema": schema,
            "maxOutputTokens": judging.ANSWER_TOKENS,
        }
        if not self._model.startswith("gemini-2"):  # the older ones know a budget only
            config["thinkingConfig"] = {"thinkingLevel": "LOW"}
        reply = await http.send(
            "POST",
            f"{self._base}/models/{quote(self._model, safe='.-_')}:generateContent",
            headers=self._headers(),
            json={
                "systemInstruction": {"parts": [{"text": instruction}]},
                "contents": [{"role": "user", "parts": parts}],
                "generationConfig": config,
                # It looks at what was drawn elsewhere and draws nothing: as few blocks as the service allows.
                "safetySettings": [
                    {"category": f"HARM_CATEGORY_{name}", "threshold": "BLOCK_NONE"} for name in _CATEGORIES
                ],
            },
            timeout=judging.TIMEOUT,
            max_bytes=judging.ANSWER_BYTES,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            error = failures.failure(reply, SERVICE, submitting=True)
            reply.release()
            raise error
        return _answer(reply, self._model), reply

    def _headers(self) -> dict[str, str]:
        return {"x-goog-api-key": key_text(self._settings.api_key)}


def _answer(reply: "Reply", asked: str) -> Answer:
    """Return what a success says. Raises ServiceError for blocks and for what is no answer of this service."""
    body = documents.answer(reply.body)
    candidates = body.get("candidates")
    candidate = candidates[0] if isinstance(candidates, list) and candidates else None
    if not isinstance(candidate, Mapping):
        raise _blocked(reply, body)
    reason = str(candidate.get("finishReason") or "")
    text = "".join(_texts(candidate.get("content")))
    if reason in _DECLINED or (not text and reason not in ("", "STOP", "MAX_TOKENS")):
        raise judging.declined(SERVICE, reply, reason, judging.as_text(candidate.get("finishMessage"), ""))
    usage = body.get("usageMetadata")
    return Answer(
        text,
        judging.as_text(body.get("modelVersion"), asked),
        judging.count(usage, "promptTokenCount"),
        judging.count(usage, "candidatesTokenCount", "thoughtsTokenCount"),
        reason == "MAX_TOKENS",
    )


def _texts(content: object) -> list[str]:
    parts = content.get("parts") if isinstance(content, Mapping) else None
    return [
        part["text"]
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, Mapping) and isinstance(part.get("text"), str) and not part.get("thought")
    ]


def _blocked(reply: "Reply", body: Mapping[str, Any]) -> ServiceError:
    feedback = body.get("promptFeedback")
    if isinstance(feedback, Mapping) and feedback.get("blockReason"):
        told = judging.as_text(feedback.get("blockReasonMessage"), "")
        return judging.declined(SERVICE, reply, judging.as_text(feedback.get("blockReason"), ""), told)
    return failures.bad_answer(reply, SERVICE, "said nothing", submitting=not body)
