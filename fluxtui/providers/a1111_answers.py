"""What Automatic1111 and Forge answer: pictures, the facts in `info`, and the fallbacks that only these show.

An unknown sampler, scheduler, checkpoint or LoRA fails nothing there: something else is used, and HTTP 200 sent.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fluxtui.domain.jobs import Bill, ImageFacts
from fluxtui.domain.money import ZERO
from fluxtui.domain.request import Adaptation, Change
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.providers import a1111_errors, documents
from fluxtui.providers.base import EncodedImage, Images

if TYPE_CHECKING:
    from fluxtui.providers.http import Reply

_PICTURES = frozenset({"images", "image"})
_LONGEST_TEXT = 4000
_SCHEDULE = re.compile(r"\bSchedule type: ([^,\n]+)")
_LORA_HASHES = re.compile(r'\bLora hashes: "([^"]*)"')
_LORA_TAG = re.compile(r"<lora:([^:<>]+)(?::[^<>]*)?>")
_TITLE = re.compile(r"^(.*?)(?: \[([0-9a-f]{6,64})\])?$", re.IGNORECASE | re.DOTALL)
_HASH = re.compile(r"[0-9a-f]{10}|[0-9a-f]{64}", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(safetensors|ckpt|pt|gguf)$", re.IGNORECASE)

# A sampler's own scheduler is written down as "Automatic" (sd_samplers.get_sampler_and_scheduler).
_OWN_SCHEDULER: Mapping[str, str] = {
    **dict.fromkeys(("DPM++ 2M", "DPM++ SDE", "DPM++ 2S a", "DPM2", "DPM2 a", "Restart"), "karras"),
    **dict.fromkeys(("DPM++ 2M SDE", "DPM++ 2M SDE Heun", "DPM++ 3M SDE"), "exponential"),
}


@dataclass(frozen=True, slots=True)
class Info:
    """`info` of an answer, which is JSON inside a string: what the pictures were really made with."""

    values: Mapping[str, Any]

    @classmethod
    def read(cls, value: object) -> "Info":
        """Read it, whatever it is. An interrupted or patched server may send something else."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                value = None
        return cls(value if isinstance(value, dict) else {})

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def items(self, name: str) -> list[Any]:
        value = self.values.get(name)
        return value if isinstance(value, list) else []

    @property
    def first(self) -> int:
        """Where the pictures begin: a grid may stand before them."""
        index = self.values.get("index_of_first_image")
        return index if isinstance(index, int) and index > 0 else 0

    @property
    def infotext(self) -> str:
        """The infotext of the first picture, in which the last line holds the parameters."""
        texts = [text for text in self.items("infotexts")[self.first :] if isinstance(text, str)]
        return texts[0] if texts else ""

    @property
    def parameters(self) -> str:
        return self.infotext.rpartition("\n")[2]

    def facts(self, index: int) -> ImageFacts:
        seeds, prompts, texts = self.items("all_seeds"), self.items("all_prompts"), self.items("infotexts")
        seed = seeds[index] if index < len(seeds) else None
        prompt = prompts[index] if index < len(prompts) else self.values.get("prompt")
        text = texts[index + self.first] if index + self.first < len(texts) else None
        details: dict[str, JsonValue] = {
            name: value[:200]
            for name in ("sd_model_name", "sd_model_hash", "sampler_name")
            if (value := self.text(name))
        }
        if isinstance(text, str):
            details["infotext"] = text[:_LONGEST_TEXT]
        return ImageFacts(
            seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
            prompt if isinstance(prompt, str) and prompt else None,
            details,
        )


def images(reply: "Reply", sent: JsonObject, lost: tuple[Adaptation, ...]) -> Images:
    """Return the pictures of a txt2img answer. Raises ServiceError when it holds none.

    `sent` is the payload and `lost` what of the request did not get into it.
    """
    body = documents.answer(reply.body, _PICTURES)
    if not body:
        raise a1111_errors.no_api(reply)
    listed, info = body.get("images"), Info.read(body.get("info"))
    pictures = [bare(value) for value in listed] if isinstance(listed, list) else []
    asked = _whole(sent.get("batch_size")) * _whole(sent.get("n_iter"))
    first = info.first if info.first < len(pictures) else 0
    count = len(info.items("all_seeds")) or asked
    found = [EncodedImage(p, info.facts(i)) for i, p in enumerate(pictures[first : first + count]) if p is not None]
    if not found:
        raise a1111_errors.no_picture(reply)
    adaptations = (*lost, *observed(info, sent))
    if len(found) < asked:
        reason = "fewer pictures came back: somebody interrupted the machine"
        adaptations = (*adaptations, Adaptation("n", Change.OBSERVED, asked, len(found), reason))
    return Images(tuple(found), Bill(ZERO), adaptations, reply)


def picture(reply: "Reply") -> Images:
    """Return the one picture of an extras answer. Raises ServiceError when it holds none."""
    body = documents.answer(reply.body, _PICTURES)
    if not body:
        raise a1111_errors.no_api(reply)
    data = bare(body.get("image"))
    if data is None:
        raise a1111_errors.no_picture(reply)
    return Images((EncodedImage(data),), Bill(ZERO), reply=reply)


def bare(value: object) -> bytes | memoryview | None:
    """Return base64 without the head of a data URI, which forks put before it."""
    data = documents.picture_bytes(value)
    if data is None or bytes(data[:5]) != b"data:":
        return data
    comma = bytes(data[:200]).find(b",")
    return data[comma + 1 :] if comma >= 0 else None


def observed(info: Info, sent: JsonObject) -> tuple[Adaptation, ...]:
    """Return where the machine silently used something else than it was asked for."""
    settings = sent.get("override_settings")
    checkpoint = settings.get("sd_model_checkpoint") if isinstance(settings, dict) else None
    found = [
        *_other_checkpoint(info, checkpoint),
        *_other_sampler(info, sent.get("sampler_name"), sent.get("scheduler")),
        *_missing_loras(info, sent),
    ]
    return tuple(found)


def _other_checkpoint(info: Info, asked: JsonValue) -> list[Adaptation]:
    used, known_hash = info.text("sd_model_name"), info.text("sd_model_hash").lower()
    if not isinstance(asked, str) or not used or _is_checkpoint(asked.strip(), used, known_hash):
        return []
    told = f"{used} [{known_hash}]" if known_hash else used
    return [Adaptation("checkpoint", Change.OBSERVED, asked, told, "there is no such one: the loaded one was used")]


def _is_checkpoint(asked: str, used: str, known_hash: str) -> bool:
    """Return whether any of a checkpoint's aliases is meant: title, name, file, short hash, full hash."""
    match = _TITLE.match(asked)
    name, told_hash = (match[1], match[2]) if match else (asked, None)
    if told_hash and known_hash and not _same_hash(told_hash.lower(), known_hash):
        return False
    if _HASH.fullmatch(name) and known_hash and _same_hash(name.lower(), known_hash):
        return True
    plain = re.split(r"[/\\]", _SUFFIX.sub("", name.strip()))[-1].casefold()
    # A checkpoint in a folder is named folder_name in lists and name in answers.
    return plain == re.split(r"[/\\]", _SUFFIX.sub("", used.strip()))[-1].casefold() or plain.endswith(
        f"_{used.casefold()}"
    )


def _same_hash(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _other_sampler(info: Info, sampler: JsonValue, scheduler: JsonValue) -> list[Adaptation]:
    used, schedule = info.text("sampler_name"), _SCHEDULE.search(info.parameters)
    shown = schedule[1].strip() if schedule else ""
    result = []
    asked_schedule = scheduler if isinstance(scheduler, str) else ""
    if isinstance(sampler, str) and used:
        # The last word of a sampler's name may be a scheduler: "DPM++ 2M Karras".
        wanted, own = _plain(sampler), _plain(used)
        rest = wanted.removeprefix(own) if wanted.startswith(own) else None
        if rest and rest in (_plain(shown), _plain(_OWN_SCHEDULER.get(used, ""))):
            asked_schedule = ""  # and it was honoured
        elif wanted != own:
            result.append(Adaptation("sampler", Change.OBSERVED, sampler, used, "there is no such sampler"))
    if asked_schedule and shown and not _is_schedule(asked_schedule, shown, used):
        result.append(
            Adaptation("scheduler", Change.OBSERVED, asked_schedule, shown, "the machine used another scheduler")
        )
    return result


def _is_schedule(asked: str, shown: str, sampler: str) -> bool:
    wanted = _plain(asked)
    return wanted == _plain(shown) or (_plain(shown) == "automatic" and wanted == _OWN_SCHEDULER.get(sampler))


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def _missing_loras(info: Info, sent: JsonObject) -> list[Adaptation]:
    """Return the LoRAs that the picture's record does not list; an unknown one is ignored in silence."""
    asked = list(dict.fromkeys(_LORA_TAG.findall(str(sent.get("prompt", "")))))
    if not asked or not info.parameters:
        return []
    hashes = _LORA_HASHES.search(info.parameters)
    used = {pair.partition(":")[0].strip() for pair in hashes[1].split(",")} if hashes else set()
    missing = [name for name in asked if name.replace(",", "") not in used]
    if not missing:
        return []
    given = ", ".join(name for name in asked if name not in missing) or "none"
    reason = f"the picture's record does not list {', '.join(missing)}: not installed there, it seems"
    return [Adaptation("loras", Change.OBSERVED, ", ".join(asked), given, reason)]


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) and value > 0 else 1
