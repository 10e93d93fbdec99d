"""Reading what clients ask of the Gemini API: contents, schemas and the rules of generationConfig.

The API reads protocol buffers as JSON: names may be written in camel case or with underscores, unknown ones are
errors, and a response schema in Google's spelling knows fewer words than JSON Schema.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox import gemini_errors as errors
from fluxtui.sandbox.chat import sides_of
from fluxtui.sandbox.desk import RefusedError
from fluxtui.sandbox.gemini_models import GeminiModel, sides
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.messages import SandboxResponse
from fluxtui.sandbox.openai_models import text_tokens

PICTURE_TOKENS = 258
LARGEST_REQUEST = 100 * 1024 * 1024
LEVELS = {"MINIMAL": 0, "LOW": 64, "MEDIUM": 256, "HIGH": 1024, "XHIGH": 2048}
"""Tokens of thought by level; how many they are really varies, that they count against the limit does not."""

_TOP = frozenset(
    (
        *("contents", "systemInstruction", "generationConfig", "safetySettings", "tools", "toolConfig"),
        *("cachedContent", "model", "store", "serviceTier", "labels"),
    )
)
_CONFIG = frozenset(
    (
        *("candidateCount", "stopSequences", "maxOutputTokens", "temperature", "topP", "topK", "responseMimeType"),
        *("responseSchema", "responseJsonSchema", "presencePenalty", "frequencyPenalty", "responseLogprobs"),
        *("logprobs", "responseModalities", "speechConfig", "thinkingConfig", "mediaResolution", "seed"),
        *("imageConfig", "enableEnhancedCivicAnswers"),
    )
)
_SCHEMA = frozenset(
    (
        *("type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties"),
        *("required", "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf"),
        *("propertyOrdering", "default", "items", "minimum", "maximum"),
    )
)
_CATEGORIES = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "CIVIC_INTEGRITY")
_THRESHOLDS = ("OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE")
_MIMES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_MIME_TYPES = ("text/plain", "application/json", "text/x.enum")
_MODALITIES = ("TEXT", "IMAGE")
_HEIF_SIDES = (1024, 1024)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request in the sandbox's terms. `limit` in tokens, None without one; `picture` the sides to draw, or None."""

    model: GeminiModel
    text: str
    pictures: tuple[bytes, ...] = ()
    schema: JsonObject | None = None
    mime: str = "text/plain"
    limit: int | None = None
    thoughts: int = 0
    shows_thoughts: bool = False
    count: int = 1
    picture: tuple[int, int] | None = None
    picture_size: str = "1K"
    with_text: bool = True

    @property
    def prompt_tokens(self) -> int:
        return text_tokens(self.text) + PICTURE_TOKENS * len(self.pictures)

    def identity(self, service: str) -> Identity:
        """Return what makes this request the same job as another."""
        shown: list[JsonValue] = [hashlib.sha256(data).hexdigest() for data in self.pictures]
        variation = digest([*shown, self.schema, self.mime, self.limit, self.count])[:16]
        size = "" if self.picture is None else f"{self.picture[0]}x{self.picture[1]}"
        return Identity(service, self.model.name, self.text, None, size, variation)


def read_request(model: GeminiModel, given: JsonObject) -> Asked:
    """Return what is asked of `model`. Raises RefusedError."""
    body = _known(given, _TOP, "")
    texts, pictures = _contents(body)
    _check_safety(body.get("safetySettings"))
    config = _known(_object(body.get("generationConfig"), "generation_config"), _CONFIG, "generation_config")
    text = "\n".join(texts)
    count = _whole(config, "candidateCount", 1)
    if not 1 <= count <= 8 or (model.draws and count > 1):
        raise RefusedError(errors.invalid(f"Multiple candidates is not enabled for this model: {count}."))
    modalities = _modalities(model, config)
    if "IMAGE" in modalities:
        size, shape = _image_config(model, config)
        return Asked(model, text, tuple(pictures), picture=shape, picture_size=size, with_text="TEXT" in modalities)
    schema, mime = _schema_of(config)
    thinking = _known_thinking(config)
    return Asked(
        model=model,
        text=text,
        pictures=tuple(pictures),
        schema=schema,
        mime=mime,
        limit=_whole(config, "maxOutputTokens", 0) or None,
        thoughts=_thoughts(model, thinking),
        shows_thoughts=bool(thinking.get("includeThoughts")),
        count=count,
    )


# -- the parts of a body ------------------------------------------------------------------------


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _object(value: JsonValue, place: str) -> JsonObject:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RefusedError(errors.invalid(f"Invalid value at '{place}' (type), {value!r}", place))
    return value


def _known(given: JsonObject, names: frozenset[str], place: str) -> JsonObject:
    """Return an object with its names in camel case. Raises RefusedError for one that the API does not know."""
    result: JsonObject = {}
    for name, value in given.items():
        if camel(name) not in names:
            raise RefusedError(errors.unknown_name(name, place))
        result[camel(name)] = value
    return result


def _whole(config: JsonObject, name: str, default: int) -> int:
    value = config.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError(errors.invalid(f"Invalid value at 'generation_config.{name}' (TYPE_INT32), {value!r}"))
    return value


def _contents(body: JsonObject) -> tuple[list[str], list[bytes]]:
    contents = body.get("contents")
    contents = [contents] if isinstance(contents, dict) else contents
    if not isinstance(contents, list) or not contents:
        raise RefusedError(errors.invalid("* GenerateContentRequest.contents: contents is not specified\n"))
    texts: list[str] = []
    pictures: list[bytes] = []
    for number, content in enumerate([body.get("systemInstruction"), *contents]):
        place = f"contents[{number - 1}]" if number else "system_instruction"
        message = _object(content, place)
        if number and message.get("role") not in (None, "user", "model"):
            raise RefusedError(errors.invalid("Please use a valid role: user, model."))
        for part in _parts(message, place, required=number > 0):
            if isinstance(part, str):
                texts.append(part)
            else:
                pictures.append(part)
    return texts, pictures


def _parts(message: JsonObject, place: str, *, required: bool) -> Iterator[str | bytes]:
    """Yield the texts and the pictures of one content."""
    parts = message.get("parts")
    parts = [parts] if isinstance(parts, dict) else parts
    if not isinstance(parts, list) or not parts:
        if required:
            raise RefusedError(
                errors.invalid(f"* GenerateContentRequest.{place}.parts: contents.parts must not be empty.\n")
            )
        return
    for number, part in enumerate(parts):
        where = f"{place}.parts[{number}]"
        match {camel(name): value for name, value in _object(part, where).items()}:
            case {"text": str(text)}:
                yield text
            case {"inlineData": dict(data)}:
                yield _picture({camel(name): value for name, value in data.items()}, where)
            case {"fileData": dict(data)}:
                yield str(data).encode()
            case {"functionCall": _} | {"functionResponse": _} | {"thoughtSignature": _}:
                continue
            case _:
                wanted = "required oneof field 'data' must have one initialized field"
                raise RefusedError(errors.invalid(f"* GenerateContentRequest.{where}.data: {wanted}\n"))


def _picture(data: JsonObject, place: str) -> bytes:
    mime, text = str(data.get("mimeType", "")), str(data.get("data", ""))
    if mime not in _MIMES:
        raise RefusedError(errors.invalid(f"Unsupported MIME type: {mime}"))
    try:
        picture = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        message = (
            f"Invalid value at '{place}.inline_data.data' (TYPE_BYTES), Base64 decoding failed for \"{text[:40]}\""
        )
        raise RefusedError(errors.invalid(message, f"{place}.inline_data.data")) from error
    known = _HEIF_SIDES if mime in ("image/heic", "image/heif") else sides_of(picture, ("PNG", "JPEG", "MPO", "WEBP"))
    if known is None:
        raise RefusedError(
            errors.invalid(
                "Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"
            )
        )
    return picture


def _check_safety(settings: JsonValue) -> None:
    for number, setting in enumerate(settings if isinstance(settings, list) else []):
        place = f"safety_settings[{number}]"
        given = _object(setting, place)
        if str(given.get("category")).removeprefix("HARM_CATEGORY_") not in _CATEGORIES:
            raise RefusedError(_bad_enum(f"{place}.category", given.get("category")))
        if given.get("threshold") not in _THRESHOLDS:
            raise RefusedError(_bad_enum(f"{place}.threshold", given.get("threshold")))


def _bad_enum(place: str, value: JsonValue) -> SandboxResponse:
    return errors.invalid(f"Invalid value at '{place}' (TYPE_ENUM), \"{value}\"", place)


# -- generationConfig ---------------------------------------------------------------------------


def _modalities(model: GeminiModel, config: JsonObject) -> tuple[str, ...]:
    given = config.get("responseModalities")
    names = [str(name).upper() for name in given] if isinstance(given, list) else []
    for name in names:
        if name not in _MODALITIES:
            raise RefusedError(_bad_enum("generation_config.response_modalities[0]", name))
    if not names:
        names = ["TEXT", "IMAGE"] if model.draws else ["TEXT"]
    if "IMAGE" in names and not model.draws:
        message = f"Model models/{model.name} does not support the requested response modalities: image"
        raise RefusedError(errors.invalid(message))
    return tuple(names)


def _image_config(model: GeminiModel, config: JsonObject) -> tuple[str, tuple[int, int]]:
    """Return the size by name and the sides."""
    names = frozenset(("aspectRatio", "imageSize", "personGeneration", "outputMimeType", "outputCompressionQuality"))
    given = _known(_object(config.get("imageConfig"), "image_config"), names, "generation_config.image_config")
    ratio, size = str(given.get("aspectRatio") or "1:1"), str(given.get("imageSize") or "1K")
    if ratio not in model.ratios:
        listed = ", ".join(f"'{one}'" for one in model.ratios)
        raise RefusedError(errors.invalid(f"Invalid value for aspect_ratio: '{ratio}'. Supported values: {listed}."))
    if size not in (model.image_prices or {}):  # a capital K: '1k' is refused
        raise RefusedError(errors.invalid(f"Invalid value for image_size: '{size}' is not supported by {model.name}."))
    return size, sides(ratio, size)


def _schema_of(config: JsonObject) -> tuple[JsonObject | None, str]:
    """Return the schema of the answer as JSON Schema, and its type."""
    mime = str(config.get("responseMimeType") or "text/plain")
    if mime not in _MIME_TYPES:
        allowed = ", ".join(f"`{one}`" for one in _MIME_TYPES)
        raise RefusedError(
            errors.invalid(
                f"* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are {allowed}.\n"
            )
        )
    google, standard = config.get("responseSchema"), config.get("responseJsonSchema")
    if google is not None and standard is not None:
        message = "Only one of response_schema and response_json_schema can be set."
        raise RefusedError(errors.invalid(f"* GenerateContentRequest.generation_config: {message}\n"))
    if (google is not None or standard is not None) and mime == "text/plain":
        message = "Function calling config or response schema requires a response_mime_type of application/json"
        raise RefusedError(errors.invalid(f"* GenerateContentRequest.generation_config.response_schema: {message}\n"))
    if google is not None:
        place = "generation_config.response_schema"
        return _translated(_object(google, place), place), mime
    return (_object(standard, "response_json_schema"), mime) if standard is not None else (None, mime)


def _translated(schema: JsonObject, place: str) -> JsonObject:
    """Return Google's spelling of a schema as JSON Schema. Raises RefusedError for words that it does not know."""
    result = _known(schema, _SCHEMA, place)
    kind = result.get("type")
    if isinstance(kind, str):
        if kind.upper() not in ("OBJECT", "ARRAY", "STRING", "INTEGER", "NUMBER", "BOOLEAN", "NULL"):
            raise RefusedError(_bad_enum(f"{place}.type", kind))
        result["type"] = kind.lower()  # lower case is not documented, and taken all the same
    properties = result.get("properties")
    if isinstance(properties, dict):
        result["properties"] = {
            name: _translated(_object(inner, name), f"{place}.properties[{number}].value")
            for number, (name, inner) in enumerate(properties.items())
        }
    if result.get("type") == "object" and not properties:
        raise RefusedError(
            errors.invalid(f"* GenerateContentRequest.{place}.properties: should be non-empty for OBJECT type\n")
        )
    if result.get("type") == "array" and "items" not in result:
        raise RefusedError(errors.invalid(f"* GenerateContentRequest.{place}.items: missing field.\n"))
    if "items" in result:
        result["items"] = _translated(_object(result["items"], place), f"{place}.items")
    options = result.get("anyOf")
    if isinstance(options, list):
        result["anyOf"] = [_translated(_object(one, place), f"{place}.any_of[{n}]") for n, one in enumerate(options)]
    return result


def _known_thinking(config: JsonObject) -> JsonObject:
    names = frozenset(("includeThoughts", "thinkingBudget", "thinkingLevel"))
    place = "generation_config.thinking_config"
    return _known(_object(config.get("thinkingConfig"), place), names, place)


def _thoughts(model: GeminiModel, thinking: JsonObject) -> int:
    """Return how many tokens are thought before the answer begins."""
    budget, level = thinking.get("thinkingBudget"), thinking.get("thinkingLevel")
    if budget is not None and level is not None:
        raise RefusedError(errors.invalid("You can only set only one of thinking budget and thinking level."))
    if level is not None:
        if model.budget:
            raise RefusedError(errors.invalid("Thinking level is not supported for this model."))
        if str(level).upper() not in LEVELS:
            raise RefusedError(_bad_enum("generation_config.thinking_config.thinking_level", level))
        return LEVELS[str(level).upper()]
    if isinstance(budget, int) and budget >= 0:
        return min(budget, LEVELS["MEDIUM"])
    return LEVELS["MEDIUM"]
