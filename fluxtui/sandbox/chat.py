"""Chat completions with pictures: what OpenAI and Azure OpenAI offer a judge. The answers are made up by `judging`.

A prompt that is judged may hold markers; they work on the judge's request too.
"""

import base64
import binascii
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox import openai_errors as errors
from fluxtui.sandbox.desk import Order, RefusedError
from fluxtui.sandbox.judging import Brief, answer, plain_answer
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.openai_models import ChatModel, picture_tokens, text_tokens

_KNOWN = frozenset(
    (
        *("model", "messages", "max_completion_tokens", "max_tokens", "n", "stop", "stream", "stream_options"),
        *("temperature", "top_p", "seed", "response_format", "reasoning_effort", "verbosity", "store", "metadata"),
        *("user", "safety_identifier", "prompt_cache_key", "service_tier", "presence_penalty", "frequency_penalty"),
        *("logit_bias", "logprobs", "top_logprobs", "modalities", "tools", "tool_choice", "parallel_tool_calls"),
    )
)
_REASONING = {"none": 0, "minimal": 0, "low": 32, "medium": 128, "high": 512, "xhigh": 1024}
_FORMATS = ("PNG", "JPEG", "MPO", "GIF", "WEBP")
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a chat model. `limit` in tokens, None without one."""

    model: ChatModel
    name: str
    text: str
    pictures: tuple[bytes, ...]
    picture_tokens: int
    schema: JsonObject | None
    as_json: bool
    limit: int | None
    reasoning_tokens: int
    count: int
    stream: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer to a request. `finish` is stop, length or content_filter."""

    content: str | None
    finish: str
    refusal: str | None = None
    tokens: int = field(default=0)


def read_chat(model: ChatModel, name: str, body: JsonObject) -> Asked:
    """Return what is asked; `name` is the model's, or the deployment's. Raises RefusedError."""
    for key in body:
        if key not in _KNOWN:
            raise RefusedError(
                errors.error(400, errors.INVALID, None, f"Unrecognized request argument supplied: {key}")
            )
    _check_reasoning(model, body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedError(errors.missing("messages"))
    texts: list[str] = []
    pictures: list[bytes] = []
    tokens = 0
    for number, message in enumerate(messages):
        for kind, content in _parts(message, f"messages[{number}]"):
            if kind == "text":
                texts.append(content)
            else:
                data, cost = _picture(content)
                pictures.append(data)
                tokens += cost
    text = "\n".join(texts)
    schema, as_json = _format(body.get("response_format"), text)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    count = body.get("n") or 1
    effort = str(body.get("reasoning_effort") or "low")
    return Asked(
        model=model,
        name=name,
        text=text,
        pictures=tuple(pictures),
        picture_tokens=tokens,
        schema=schema,
        as_json=as_json,
        limit=limit if isinstance(limit, int) else None,
        reasoning_tokens=_REASONING.get(effort, 32) if model.reasoning else 0,
        count=count if isinstance(count, int) and 1 <= count <= 8 else 1,
        stream=bool(body.get("stream")),
    )


def _check_reasoning(model: ChatModel, body: JsonObject) -> None:
    """Refuse what the models that think first do not take."""
    if not model.reasoning:
        return
    if "max_tokens" in body:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise RefusedError(errors.error(400, errors.INVALID, "unsupported_parameter", message, "max_tokens"))
    for name in ("temperature", "top_p"):
        value = body.get(name)
        if value is not None and value != 1:
            message = (
                f"Unsupported value: '{name}' does not support {value} with this model. Only the default (1) value is "
                "supported."
            )
            raise RefusedError(errors.error(400, errors.INVALID, "unsupported_value", message, name))


def _parts(message: JsonValue, where: str) -> Iterator[tuple[str, str]]:
    """Yield the texts and the pictures (as URLs) of a message."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise RefusedError(errors.missing(f"{where}.role"))
    content = message.get("content")
    if isinstance(content, str):
        yield "text", content
        return
    if not isinstance(content, list):
        raise RefusedError(errors.invalid_type(f"{where}.content", "one of a string or array of objects", content))
    for number, part in enumerate(content):
        place = f"{where}.content[{number}]"
        match part:
            case {"type": "text", "text": str(text)}:
                yield "text", text
            case {"type": "image_url", "image_url": {"url": str(url)}}:
                yield "picture", url
            case {"type": "image_url"}:
                raise RefusedError(errors.invalid_type(f"{place}.image_url", "an object", str(part)))
            case _:
                kind = str(part.get("type")) if isinstance(part, dict) else ""
                choices = ("text", "image_url", "input_audio", "refusal", "audio", "file")
                raise RefusedError(errors.invalid_choice(place, kind, choices))


def _picture(url: str) -> tuple[bytes, int]:
    """Return the bytes of a picture and its tokens. A web address stands for itself: nothing is ever fetched."""
    if url.startswith(("http://", "https://")):
        return url.encode(), 1024
    head, _, text = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        message = f"Invalid image URL: '{url[:60]}'. Expected a base64-encoded data URL with an image MIME type."
        raise RefusedError(errors.error(400, errors.INVALID, "invalid_image_url", message))
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "Invalid base64 image_url."
        raise RefusedError(errors.error(400, errors.INVALID, "invalid_base64", message)) from error
    sides = sides_of(data, _FORMATS)
    if sides is None:
        raise RefusedError(errors.unsupported_picture())
    return data, picture_tokens(*sides)


def sides_of(data: bytes, formats: tuple[str, ...]) -> tuple[int, int] | None:
    """Return the sides of a picture, None for what is none of these formats."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            return (image.width, image.height) if image.format in formats else None
    except (UnidentifiedImageError, ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return None


# -- response formats ---------------------------------------------------------------------------


def _format(given: JsonValue, text: str) -> tuple[JsonObject | None, bool]:
    """Return the schema that the answer must fit, and whether it is to be JSON at all."""
    match given:
        case None | {"type": "text"}:
            return None, False
        case {"type": "json_object"}:
            if "json" not in text.lower():
                message = (
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
                    "'json_object'."
                )
                raise RefusedError(errors.error(400, errors.INVALID, None, message, "messages"))
            return None, True
        case {"type": "json_schema", "json_schema": {"name": str(name), "schema": dict(schema), **rest}}:
            if rest.get("strict"):
                _check_strict(name, schema, ())
            return schema, True
        case {"type": "json_schema"}:
            raise RefusedError(errors.missing("response_format.json_schema"))
        case dict():
            kind = str(given.get("type"))
            choices = ("json_object", "json_schema", "text")
            raise RefusedError(errors.invalid_choice("response_format.type", kind, choices))
        case _:
            raise RefusedError(errors.invalid_type("response_format", "an object", given))


def _check_strict(name: str, schema: Mapping[str, Any], place: tuple[str, ...]) -> None:
    """Refuse a schema that strict answers cannot follow: every object closed, every property required."""
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties") or {}
        if schema.get("additionalProperties") is not False:
            raise RefusedError(
                _bad_schema(name, place, "'additionalProperties' is required to be supplied and to be false.")
            )
        left_out = [key for key in properties if key not in (schema.get("required") or [])]
        if left_out:
            reason = (
                "'required' is required to be supplied and to be an array including every key in properties. Missing "
                f"'{left_out[0]}'."
            )
            raise RefusedError(_bad_schema(name, place, reason))
    for key in ("properties", "$defs", "definitions"):
        members = schema.get(key)
        for member, inner in members.items() if isinstance(members, Mapping) else ():
            if isinstance(inner, Mapping):
                _check_strict(name, inner, (*place, key, str(member)))
    for key in ("items", "anyOf"):
        below = schema.get(key)
        for inner in below if isinstance(below, list) else [below]:
            if isinstance(inner, Mapping):
                _check_strict(name, inner, (*place, key))


def _bad_schema(name: str, place: tuple[str, ...], reason: str) -> Any:
    message = f"Invalid schema for response_format '{name}': In context={place!r}, {reason}"
    return errors.error(400, errors.INVALID, None, message, "response_format")


# -- answers ------------------------------------------------------------------------------------


def replies(asked: Asked, *, filtered: bool = False) -> list[Reply]:
    """Return the answers. `filtered`: the service withholds them."""
    return [_reply(asked, number, filtered=filtered) for number in range(asked.count)]


def _reply(asked: Asked, number: int, *, filtered: bool) -> Reply:
    markers = Markers(asked.text)
    if filtered:
        return Reply("", "content_filter", tokens=asked.reasoning_tokens)
    if "refuse-answer" in markers:
        return Reply(None, "stop", REFUSAL, text_tokens(REFUSAL) + asked.reasoning_tokens)
    brief = Brief(asked.text, asked.pictures, f"{asked.name}/{number}" if number else asked.name)
    if asked.schema is not None:
        text = json.dumps(answer(brief, asked.schema), ensure_ascii=False)
    elif asked.as_json:
        score: JsonObject = {"score": round(10 * brief.merit), "reason": plain_answer(brief)}
        text = json.dumps(score, ensure_ascii=False)
    else:
        text = plain_answer(brief)
    return _within_limit(asked, text, cut="truncate" in markers)


def _within_limit(asked: Asked, text: str, *, cut: bool) -> Reply:
    """Return the answer as far as its tokens reach; thinking comes first and may use them all up."""
    tokens = text_tokens(text)
    room = tokens if asked.limit is None else max(0, asked.limit - asked.reasoning_tokens)
    room = min(room, tokens // 2) if cut else room
    if room >= tokens:
        return Reply(text, "stop", tokens=tokens + asked.reasoning_tokens)
    kept = text.encode()[: 4 * room].decode("utf-8", "ignore")
    used = asked.reasoning_tokens if asked.limit is None else min(asked.reasoning_tokens, asked.limit)
    return Reply(kept, "length", tokens=room + used)


def usage(asked: Asked, given: list[Reply]) -> JsonObject:
    """Return the tokens that are billed."""
    inputs = text_tokens(asked.text) + asked.picture_tokens
    outputs = sum(reply.tokens for reply in given)
    return {
        "prompt_tokens": inputs,
        "completion_tokens": outputs,
        "total_tokens": inputs + outputs,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": asked.reasoning_tokens * len(given), "audio_tokens": 0},
    }


def order_of(asked: Asked, service: str, key: str, version: str = "") -> Order:
    """Return the order for an answer."""
    shown = [hashlib.sha256(data).hexdigest() for data in asked.pictures]
    variation: list[JsonValue] = [*shown, asked.schema, asked.limit, asked.count]
    identity = Identity(service, asked.name, asked.text, None, "", digest(variation)[:16])
    counted = usage(asked, replies(asked))
    inputs, outputs = counted["prompt_tokens"], counted["completion_tokens"]
    assert isinstance(inputs, int)
    assert isinstance(outputs, int)
    cost = inputs * asked.model.input_price + outputs * asked.model.output_price
    return Order(identity, key, round(cost), version=version)


def completion(
    asked: Asked, given: list[Reply], completion_id: str, created: int, findings: JsonObject | None = None
) -> JsonObject:
    """Return the body of an answer; `findings` are added to every choice."""
    choices: list[JsonValue] = [
        {
            "index": number,
            "message": {"role": "assistant", "content": reply.content, "refusal": reply.refusal, "annotations": []},
            "logprobs": None,
            "finish_reason": reply.finish,
            **(findings or {}),
        }
        for number, reply in enumerate(given)
    ]
    return {
        "id": completion_id,
        "object": "chat.completion",
        "created": created,
        "model": asked.model.name,
        "choices": choices,
        "usage": usage(asked, given),
        "service_tier": "default",
        "system_fingerprint": None,
    }


def chunks(asked: Asked, given: list[Reply], completion_id: str, created: int) -> Iterator[bytes]:
    """Yield the events of a streamed answer."""
    head: JsonObject = {
        "id": completion_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": asked.model.name,
    }
    for number, reply in enumerate(given):
        text = reply.content or reply.refusal or ""
        name = "content" if reply.refusal is None else "refusal"
        pieces: list[JsonObject] = [{"role": "assistant", "content": ""}]
        pieces += [{name: text[start : start + 40]} for start in range(0, len(text), 40)]
        for delta in pieces:
            yield _chunk({**head, "choices": [{"index": number, "delta": delta, "finish_reason": None}]})
        yield _chunk({**head, "choices": [{"index": number, "delta": {}, "finish_reason": reply.finish}]})
    yield b"data: [DONE]\n\n"


def _chunk(data: JsonObject) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
