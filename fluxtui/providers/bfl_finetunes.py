"""The finetunes of an account at Black Forest Labs: list, details, deletion, and the training that was.

Wire facts: api.bfl.ai/openapi.json (2026-04) for the list, details and deletion; the API's description at
api.us1.bfl.ai and BFL's own sample script for training, which closed on 2025-10-31. Compatible servers may have it.
"""

import base64
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.text import plain
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.providers import bfl_finetuned, documents, failures
from fluxtui.providers.bfl import PUBLIC_API, SERVICE, BlackForestLabs
from fluxtui.providers.bfl_archive import Archive

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

TRAINING_API = "https://api.us1.bfl.ai"
TRAINING_CLOSED = date(2025, 10, 31)
MODES = ("general", "character", "style", "product")
PRIORITIES = ("speed", "quality", "high_res_only")
KINDS = ("full", "lora")
RANKS = (16, 32)

_ANSWER_BYTES = 4 * 1024 * 1024
_TIMEOUT = 60.0
_UPLOAD_TIMEOUT = 600.0  # up to 134 MB of base64
_MOST_LISTED = 10_000


class FinetuneState(StrEnum):
    TRAINED = "trained"
    TRAINING = "training"
    REFUSED = "refused"
    UNCLEAR = "unclear"  # the service says "Error", which it also does while a training waits in its queue


@dataclass(frozen=True, slots=True)
class Finetune:
    """One finetune; `progress` is 0..1 where the service tells, `details` are whatever it keeps about it."""

    id: str
    state: FinetuneState
    progress: float | None = None
    message: str = ""
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Training:
    """What is trained. `learning_rate` None: the service's own, by the kind."""

    archive: Archive
    comment: str
    mode: str
    trigger_word: str = "TOK"
    iterations: int = 300
    learning_rate: float | None = None
    captioning: bool = True
    priority: str = "quality"
    kind: str = "full"
    lora_rank: int = 32

    def wrong(self) -> tuple[str, ...]:
        """Return what the service would refuse, a sentence each."""
        rate = self.learning_rate
        checks = (
            (bool(self.comment.strip()), "The comment is empty: it is what the finetune is called."),
            (self.mode in MODES, f"The mode is one of {', '.join(MODES)}."),
            (bool(self.trigger_word.strip()), "The trigger word is empty."),
            (100 <= self.iterations <= 1000, "The iterations are 100 to 1000."),
            (rate is None or 1e-6 <= rate <= 5e-3, "The learning rate is 0.000001 to 0.005."),
            (self.priority in PRIORITIES, f"The priority is one of {', '.join(PRIORITIES)}."),
            (self.kind in KINDS, f"The type is one of {', '.join(KINDS)}."),
            (self.lora_rank in RANKS, "The rank of a LoRA is 16 or 32."),
        )
        return tuple(sentence for fine, sentence in checks if not fine)

    def payload(self) -> JsonObject:
        """Return the body of the request; blocks for some milliseconds a megabyte."""
        body: JsonObject = {
            "file_data": base64.b64encode(self.archive.data).decode("ascii"),
            "finetune_comment": self.comment,
            "mode": self.mode,
            "trigger_word": self.trigger_word,
            "iterations": self.iterations,
            "captioning": self.captioning,
            "priority": self.priority,
            "finetune_type": self.kind,
            "lora_rank": self.lora_rank,
        }
        return body if self.learning_rate is None else {**body, "learning_rate": self.learning_rate}


class Finetunes:
    """The calls about finetunes, with the account of a provider."""

    def __init__(self, service: BlackForestLabs) -> None:
        self._service = service
        # Trainings lived on a host of their own; a gateway or a compatible server has everything in one place.
        self._training = TRAINING_API if service.base == PUBLIC_API else service.base

    async def ids(self, http: "Http") -> tuple[str, ...]:
        """Return the ids of the account's finetunes. Raises ServiceError."""
        reply = await self._send("GET", f"{self._service.base}/v1/my_finetunes", http)
        body = _success(reply)
        listed = body.get("finetunes")
        if not isinstance(listed, list):
            raise failures.bad_answer(reply, SERVICE, "listed no finetunes", submitting=False)
        reply.release()
        # The description leaves the items' type open: strings were seen.
        ids = [item.get("finetune_id", item.get("id")) if isinstance(item, dict) else item for item in listed]
        return tuple(dict.fromkeys(plain(i, limit=400, newlines=False) for i in ids if isinstance(i, str) and i))[
            :_MOST_LISTED
        ]

    async def details(self, finetune: str, http: "Http") -> JsonObject:
        """Return what the service keeps about a finetune. Raises ServiceError, kind `not_found`."""
        _require_id(finetune)
        url = f"{self._service.base}/v1/finetune_details?finetune_id={quote(finetune, safe='')}"
        reply = await self._send("GET", url, http)
        if reply.status == 404:
            raise _unknown(reply, finetune)
        found = _success(reply).get("finetune_details")
        reply.release()
        return found if isinstance(found, dict) else {}

    async def find(self, finetune: str, http: "Http") -> Finetune:
        """Return one finetune with its state. Raises ServiceError, kind `not_found`."""
        details: JsonObject | None
        missing: ServiceError | None = None
        try:
            details = await self.details(finetune, http)
        except ServiceError as error:
            if error.problem.kind is not ProblemKind.NOT_FOUND:
                raise
            details, missing = None, error
        state = await self._state(finetune, http, exists=details is not None)
        if missing is not None and (state is None or state.state is FinetuneState.UNCLEAR):
            raise missing
        if state is None:
            state = Finetune(finetune, FinetuneState.UNCLEAR)
        return Finetune(finetune, state.state, state.progress, state.message, details or {})

    async def delete(self, finetune: str, http: "Http") -> str:
        """Delete a finetune for good and return what the service says. Raises ServiceError, kind `not_found`."""
        _require_id(finetune)
        body: JsonObject = {"finetune_id": finetune}
        reply = await self._send("POST", f"{self._service.base}/v1/delete_finetune", http, body)
        if reply.status == 404:
            raise _unknown(reply, finetune)
        told = _success(reply)
        reply.release()
        message = told.get("message")
        return plain(message, limit=300) if isinstance(message, str) and message else "deleted"

    async def train(self, training: Training, payload: JsonObject, http: "Http") -> str:
        """Begin a training and return the finetune's id. `payload` is `training.payload()`, made off the event loop.

        Raises ServiceError; with acceptance MAYBE the training may have begun, and the list tells.
        """
        if wrong := training.wrong():
            problem = Problem(ProblemKind.INVALID_REQUEST, "The training cannot begin.", " ".join(wrong))
            raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
        reply = await self._send("POST", f"{self._training}/v1/finetune", http, payload, timeout=_UPLOAD_TIMEOUT)
        if reply.status in (404, 405, 410):
            raise _closed(reply)
        body = _success(reply, submitting=True)
        finetune = body.get("finetune_id", body.get("id"))
        if not isinstance(finetune, str) or not finetune:
            raise failures.bad_answer(reply, SERVICE, "named no finetune", submitting=True)
        reply.release()
        return finetune

    async def _state(self, finetune: str, http: "Http", *, exists: bool) -> Finetune | None:
        """Return how far a training is; None when nothing can be told. Raises ServiceError for a wrong key."""
        url = f"{self._training}/v1/get_result?id={quote(finetune, safe='')}"
        try:
            reply = await self._send("GET", url, http)
        except ServiceError:
            return Finetune(finetune, FinetuneState.UNCLEAR, message="its training could not be asked for")
        body = documents.answer(reply.body)
        reply.release()
        status, progress = body.get("status"), body.get("progress")
        share = min(max(float(progress), 0.0), 1.0) if isinstance(progress, int | float) else None
        match status:
            case "Ready":
                return Finetune(finetune, FinetuneState.TRAINED)
            case "Task not found":
                # The task is forgotten some time after its end, the finetune is not.
                return Finetune(finetune, FinetuneState.TRAINED) if exists else None
            case "Request Moderated" | "Content Moderated":
                return Finetune(finetune, FinetuneState.REFUSED, message=str(status))
            case "Error" | "Failed":
                said = "the service says Error, which it also does while a training waits in its queue"
                return Finetune(finetune, FinetuneState.UNCLEAR, message=said)
            case str():
                return Finetune(finetune, FinetuneState.TRAINING, share)
        if reply.status == 404 and exists:
            return Finetune(finetune, FinetuneState.TRAINED)
        return None

    async def _send(
        self, method: str, url: str, http: "Http", body: JsonValue = None, timeout: float = _TIMEOUT
    ) -> "Reply":
        return await http.send(
            method,
            url,
            headers=self._service.headers(url),
            json=body,
            timeout=timeout,
            max_bytes=_ANSWER_BYTES,
            paid=True,  # whatever fails here was not "accepted before"
        )


def _success(reply: "Reply", *, submitting: bool = False) -> dict[str, Any]:
    """Return the object of a success. Raises ServiceError; a refused training is one too."""
    if not 200 <= reply.status < 300:
        error = failures.failure(reply, SERVICE, submitting=True)
        reply.release()
        raise error
    body = documents.answer(reply.body)
    if not body:
        raise failures.bad_answer(reply, SERVICE, "sent no JSON object", submitting=submitting)
    return body


def _require_id(finetune: str) -> None:
    if not bfl_finetuned.is_id(finetune):
        problem = Problem(
            ProblemKind.INVALID_REQUEST,
            f"{finetune[:100]!r} is no id of a finetune.",
            advice="`fluxtui finetunes` lists them.",
        )
        raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True)


def _unknown(reply: "Reply", finetune: str) -> ServiceError:
    problem = Problem(
        ProblemKind.NOT_FOUND,
        f"There is no finetune {finetune}, or it belongs to another account.",
        advice="`fluxtui finetunes` lists those of this account.",
        request_id=reply.request_id,
        http_status=reply.status,
        detail=reply.text(300) or None,
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)


def _closed(reply: "Reply") -> ServiceError:
    problem = Problem(
        ProblemKind.UNSUPPORTED,
        f"{SERVICE.title} trains no finetunes any more: the call was closed on {TRAINING_CLOSED}.",
        "A LoRA for FLUX.2 [klein] can be uploaded in its dashboard (Customization, Finetunes).",
        "Draw with it as bfl/finetune:ID and finetune_endpoint=flux-2-klein-9b-finetuned.",
        reply.request_id,
        reply.status,
        reply.text(300) or None,
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
