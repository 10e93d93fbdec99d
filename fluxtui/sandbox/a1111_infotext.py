"""Infotexts: how A1111 writes down what a picture was made with, in its answers and inside the files."""

import io
import re
import struct
import zlib
from dataclasses import dataclass

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.a1111_data import FORGE_VERSION, LORAS, VERSION, Checkpoint, lora_hash

_NETWORK = re.compile(r"<(\w+):([^:>]+)(?::([^>]*))?>")
_PAIR = re.compile(r'\s*([\w ./-]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
_EXIF_FOLDER, _USER_COMMENT = 0x8769, 0x9286
_PNG_HEAD = 33


@dataclass(frozen=True, slots=True)
class Made:
    """What pictures were really made with, which need not be what was asked for."""

    prompt: str
    negative: str
    steps: int
    sampler: str
    scheduler: str
    cfg_scale: float
    width: int
    height: int
    checkpoint: Checkpoint
    forge: bool
    extra: tuple[tuple[str, str], ...] = ()

    def text(self, seed: int) -> str:
        """Return the infotext of one picture."""
        pairs = [
            ("Steps", str(self.steps)),
            ("Sampler", self.sampler),
            ("Schedule type", self.scheduler),
            ("CFG scale", f"{self.cfg_scale:g}" if self.forge else str(self.cfg_scale)),
            ("Seed", str(seed)),
            ("Size", f"{self.width}x{self.height}"),
            ("Model hash", self.checkpoint.hash),
            ("Model", self.checkpoint.name),
            *self.extra,
            ("Version", FORGE_VERSION if self.forge else VERSION),
        ]
        lines = [self.prompt]
        if self.negative:
            lines.append(f"Negative prompt: {self.negative}")
        return "\n".join([*lines, ", ".join(f"{name}: {_quoted(value)}" for name, value in pairs)])


def _quoted(text: str) -> str:
    return f'"{text}"' if any(letter in text for letter in ",:\n") and not text.startswith('"') else text


def lora_hashes(prompt: str) -> str:
    """Return the LoRAs of a prompt's tags that are installed, with their hashes. Others are ignored in silence."""
    names = [name for kind, name, _ in _NETWORK.findall(prompt) if kind.lower() == "lora"]
    return ", ".join(f"{name}: {lora_hash(name)}" for name in dict.fromkeys(names) if name in LORAS)


def with_text(picture: bytes, text: str) -> bytes:
    """Return a picture file with an infotext inside: a chunk of a PNG, Exif of a JPEG; other files stay as they are."""
    if picture.startswith(b"\x89PNG"):
        try:
            chunk = _chunk(b"tEXt", b"parameters\0" + text.encode("latin-1"))
        except UnicodeEncodeError:
            chunk = _chunk(b"iTXt", b"parameters\0\0\0\0\0" + text.encode())
        return picture[:_PNG_HEAD] + chunk + picture[_PNG_HEAD:]
    if picture.startswith(b"\xff\xd8"):
        return picture[:2] + _segment(text) + picture[2:]
    return picture


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


def _segment(text: str) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(_EXIF_FOLDER)[_USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be")
    data = exif.tobytes()
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data if len(data) < 65_534 else b""


def text_of(picture: bytes) -> str:
    """Return the infotext inside a picture, empty without one. Raises OSError when it is no picture."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        found = image.info.get("parameters")
        comment = image.getexif().get_ifd(_EXIF_FOLDER).get(_USER_COMMENT)
    if isinstance(found, str):
        return found
    if isinstance(comment, bytes) and comment.startswith(b"UNICODE\0"):
        return comment[8:].decode("utf-16-be", "replace")
    return ""


def parsed(text: str) -> JsonObject:
    """Return the parameters that an infotext names."""
    *lines, last = text.strip().split("\n") if text.strip() else [""]
    pairs = _PAIR.findall(last)
    if len(pairs) < 3:
        lines, pairs = [*lines, last], []
    prompt, _, negative = "\n".join(lines).partition("\nNegative prompt: ")
    parameters: JsonObject = {"Prompt": prompt.strip(), "Negative prompt": negative.strip()}
    for name, value in pairs:
        sides = re.fullmatch(r"(\d+)x(\d+)", value)
        if sides is not None:
            parameters |= {f"{name.strip()}-1": sides[1], f"{name.strip()}-2": sides[2]}
        else:
            parameters[name.strip()] = value.strip('"')
    return parameters
