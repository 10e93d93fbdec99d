"""The pictures that services hand out: painted in a thread, plain ones of a fixed size, and spoiled ones."""

import asyncio
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from fluxtui.domain.values import JsonObject, digest

if TYPE_CHECKING:
    from fluxtui.sandbox.markers import Markers

_CACHED_BYTES = 16 * 1024 * 1024
_PIECE = b"\x00" * 65_536
HUGE_BYTES = 1024**3
BOMB_SIDE = 20_000

CONTENT_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """Everything a picture depends on. Sides are in pixels, `format` is png, jpeg or webp."""

    model: str
    prompt: str
    seed: int
    width: int
    height: int
    format: str = "png"
    guidance: float | None = None
    steps: int | None = None

    def as_json(self) -> JsonObject:
        return asdict(self)

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.format]


class Pictures:
    """Makes pictures without ever holding up the event loop; keeps the last few."""

    def __init__(self) -> None:
        self._kept: OrderedDict[PictureSpec, bytes] = OrderedDict()
        self._kept_bytes = 0

    async def make(self, spec: PictureSpec, picture_bytes: int | None = None, *, as_jpeg: bool = False) -> bytes:
        """Return the file of a picture; with `picture_bytes` a plain one of exactly that size.

        `as_jpeg` sends a JPEG whatever was asked for, as some services do.
        """
        if as_jpeg:
            spec = replace(spec, format="jpeg")
        if picture_bytes is not None:
            return plain_picture(spec, picture_bytes)
        kept = self._kept.get(spec)
        if kept is not None:
            self._kept.move_to_end(spec)
            return kept
        data = await asyncio.to_thread(_painted, spec)
        self._keep(spec, data)
        return data

    def _keep(self, spec: PictureSpec, data: bytes) -> None:
        if spec in self._kept or len(data) > _CACHED_BYTES // 2:
            return
        self._kept[spec] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > _CACHED_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)


def _painted(spec: PictureSpec) -> bytes:
    from fluxtui.sandbox.painter import paint

    return paint(spec)


def spoiled(markers: "Markers") -> str | None:
    """Return the first marker that replaces the bytes of a picture."""
    return next((name for name in ("html", "huge", "bomb") if name in markers), None)


def endless(head: bytes = b"\x89PNG\r\n\x1a\n", piece: bytes = _PIECE) -> Iterator[bytes]:
    """Yield a gigabyte that begins like a picture."""
    yield head
    for _ in range(HUGE_BYTES // len(piece)):
        yield piece


@lru_cache(maxsize=1)
def bomb() -> bytes:
    """Return a PNG of about 50 KB that unpacks to 20,000 x 20,000 pixels."""
    packer = zlib.compressobj(9)
    row = bytes(BOMB_SIDE // 8 + 1)
    packed = b"".join(packer.compress(row) for _ in range(BOMB_SIDE)) + packer.flush()
    return _png(BOMB_SIDE, BOMB_SIDE, packed, depth=1)


def plain_picture(spec: PictureSpec, size: int) -> bytes:
    """Return a one-coloured picture of `spec`'s sides whose file has exactly `size` bytes (or the least it can).

    The bytes differ between pictures, so that a client that mixes them up is found out.
    """
    mark = digest(spec.as_json()).encode()
    match spec.format:
        case "jpeg":
            return _padded_jpeg(_plain_base(spec.width, spec.height, "jpeg"), size, mark)
        case "webp":
            return _padded_webp(_plain_base(spec.width, spec.height, "webp"), size, mark)
        case _:
            return _padded_png(_plain_base(spec.width, spec.height, "png"), size, mark)


@lru_cache(maxsize=32)
def _plain_base(width: int, height: int, image_format: str) -> bytes:
    if image_format == "png":
        rows = zlib.compress(bytes(width // 8 + 1 + (width % 8 > 0)) * height, 9)
        return _png(width, height, rows, depth=1)
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (width, height), 96).save(file, image_format, quality=50)
    return file.getvalue()


def _png(width: int, height: int, packed: bytes, *, depth: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", packed) + _png_chunk(b"IEND", b"")


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


def _filler(length: int, mark: bytes) -> bytes:
    return (mark * (length // len(mark) + 1))[:length]


def _padded_png(base: bytes, size: int, mark: bytes) -> bytes:
    # A private, ancillary chunk before the end mark: every decoder skips it.
    padding = _png_chunk(b"fxPd", _filler(max(len(mark), size - len(base) - 12), mark))
    return base[:-12] + padding + base[-12:]


def _padded_jpeg(base: bytes, size: int, mark: bytes) -> bytes:
    left = max(len(mark) + 4, size - len(base))
    comments: list[bytes] = []
    while left > 0:
        # A comment takes 4 bytes beside its text; what is left after it must still hold another.
        length = min(left, 65_537)
        if 0 < left - length < 4:
            length -= 4
        comments.append(b"\xff\xfe" + struct.pack(">H", length - 2) + _filler(length - 4, mark))
        left -= length
    return base[:2] + b"".join(comments) + base[2:]


def _padded_webp(base: bytes, size: int, mark: bytes) -> bytes:
    length = max(len(mark), size - len(base) - 8) & ~1
    body = base[8:] + b"fxPd" + struct.pack("<I", length) + _filler(length, mark)
    return b"RIFF" + struct.pack("<I", len(body)) + body
