"""Pictures on disk: checked by their bytes, named after them, written so that a kill loses nothing.

Every function blocks and is meant for a pool of two threads. What costs is decoding base64, hashing,
writing and syncing; hashing, writing and syncing release the GIL, and nothing else is done to the bytes.
"""

import html
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.imagefile import ImageFormat, is_complete, sniff
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.text import plain
from fluxtui.images.disk import DiskProblem, NewFile, Written, sweep, write_all

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = [
    "LARGEST_PIXELS",
    "DiskProblem",
    "NotAnImage",
    "SavedImage",
    "Unsaved",
    "open_checked",
    "save",
    "save_all",
    "save_base64",
    "sweep",
]

LARGEST_PIXELS = 100_000_000
"""A header that announces more pixels is rejected before anything is decoded (a decompression bomb)."""

_EXCERPT = 300  # characters of an answer that is no picture, as shown


@dataclass(frozen=True, slots=True)
class SavedImage:
    """A picture on disk. `reused`: the same bytes were there already, nothing was written."""

    path: Path
    sha256: str
    size_bytes: int
    width: int
    height: int
    format: ImageFormat
    reused: bool = False


class NotAnImage(FluxtuiError):  # noqa: N818 - the name says what was found
    """What came is no complete, readable picture. The problem's detail shows what it was."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(
            Problem(
                ProblemKind.BAD_ANSWER,
                "The service sent something that is no usable picture",
                cause,
                "Look at what came back, then retry the job; it may have been billed",
                detail=detail,
            )
        )


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A picture in memory: its bytes, or base64 text in a view into a reply's body."""

    data: bytes | memoryview
    path_without_extension: Path
    encoded: bool = False


def save(data: bytes, path_without_extension: Path) -> SavedImage:
    """Store one picture as `save_all` does. Raises NotAnImage and DiskProblem."""
    return _only(save_all([Unsaved(data, path_without_extension)]))


def save_base64(text: bytes | memoryview, path_without_extension: Path) -> SavedImage:
    """Decode one picture and store it as `save_all` does. Raises NotAnImage and DiskProblem."""
    return _only(save_all([Unsaved(text, path_without_extension, encoded=True)]))


def save_all(pictures: Sequence[Unsaved]) -> list[SavedImage | NotAnImage | DiskProblem]:
    """Check pictures, store them durably under the extension their bytes ask for; return the facts of each.

    The same bytes under the same name are stored once; other bytes under a taken name get `-2`,
    `-3` ... appended. Folders are made as needed. One that cannot be stored takes no other with it.

    In base64, line breaks, JSON's escaped slashes and line breaks, the URL-safe alphabet, missing
    padding and a `data:` prefix are understood.
    """
    checked = [_checked(picture) for picture in pictures]
    outcomes = iter(write_all([item.file for item in checked if isinstance(item, _Checked)]))
    return [item.saved(next(outcomes)) if isinstance(item, _Checked) else item for item in checked]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A picture that may be written."""

    file: NewFile
    format: ImageFormat
    width: int
    height: int
    digest: str

    def saved(self, outcome: Written | DiskProblem) -> SavedImage | DiskProblem:
        if isinstance(outcome, DiskProblem):
            return outcome
        size = len(self.file.data)
        return SavedImage(outcome.path, self.digest, size, self.width, self.height, self.format, outcome.reused)


def _checked(picture: Unsaved) -> _Checked | NotAnImage:
    try:
        data = _decoded(picture.data) if picture.encoded else bytes(picture.data)
        image_format, width, height = _examine(data)
    except NotAnImage as error:
        return error
    path = picture.path_without_extension
    file = NewFile(data, path.parent, path.name, image_format.extension)
    return _Checked(file, image_format, width, height, sha256(data).hexdigest())


def _only(outcomes: list[SavedImage | NotAnImage | DiskProblem]) -> SavedImage:
    (outcome,) = outcomes
    if isinstance(outcome, SavedImage):
        return outcome
    raise outcome


def open_checked(data: bytes) -> "ImageFile":
    """Return the opened, undecoded picture. Raises NotAnImage, also when it has too many pixels."""
    image_format = sniff(data[:12])
    if image_format is None:
        raise NotAnImage(*_what_it_is(data))
    if image_format is ImageFormat.WEBP:
        # Pillow's WebP reader makes room for the whole picture when it opens it: look first.
        _check_pixels(*_webp_size(data))
    try:
        image = _reader(image_format)(BytesIO(data))
    except Exception as error:  # hostile bytes make the readers fail in every way there is
        raise NotAnImage(
            f"The bytes begin like a {image_format.value.upper()} file but cannot be read as one",
            f"{plain(str(error), limit=200)} ({len(data)} bytes)",
        ) from error
    try:
        _check_pixels(*image.size)
    except NotAnImage:
        image.close()
        raise
    return image


def _examine(data: bytes) -> tuple[ImageFormat, int, int]:
    with open_checked(data) as image:
        width, height = image.size
    image_format = sniff(data[:12])
    if image_format is None or not is_complete(data, image_format):
        raise NotAnImage(
            "The picture is cut off: its end is missing",
            f"{str(image_format).upper()} of {width}x{height} pixels, {len(data)} bytes arrived",
        )
    return image_format, width, height


def _reader(image_format: ImageFormat) -> "type[ImageFile]":
    # The plug-ins themselves, not Image.open: that tries readers of dozens of other formats, and its
    # own size check is a process-wide setting that warns on stderr.
    match image_format:
        case ImageFormat.PNG:
            from PIL.PngImagePlugin import PngImageFile

            return PngImageFile
        case ImageFormat.JPEG:
            from PIL.JpegImagePlugin import JpegImageFile

            return JpegImageFile
        case ImageFormat.WEBP:
            from PIL.WebPImagePlugin import WebPImageFile

            return WebPImageFile
        case ImageFormat.GIF:
            from PIL.GifImagePlugin import GifImageFile

            return GifImageFile


def _check_pixels(width: int, height: int) -> None:
    if width * height > LARGEST_PIXELS:
        raise NotAnImage(
            f"It announces {width}x{height} pixels, more than {LARGEST_PIXELS // 1_000_000} megapixels",
            "Not decoded: a small file with so many pixels is usually an attack or a defect",
        )


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return the canvas of a WebP file. Source: RFC 9649, sections 2.5 to 2.7; (0, 0) when unreadable."""
    kind, body = data[12:16], data[20:32]
    try:
        if kind == b"VP8X":
            return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        if kind == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        width, height = struct.unpack("<HH", body[6:10])
    except struct.error:
        return 0, 0
    return width & 0x3FFF, height & 0x3FFF


def _decoded(text: bytes | memoryview) -> bytes:
    import pybase64

    try:
        # Strict decoding of a view is the fast path: one pass, no copy of the text.
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        pass
    tolerated = bytes(text)
    if tolerated[:5].lower() == b"data:":
        tolerated = tolerated.partition(b",")[2]
    for escape in (b"\\/", b"\\n", b"\\r"):
        tolerated = tolerated.replace(escape, b"/" if escape == b"\\/" else b"")
    tolerated = tolerated.translate(bytes.maketrans(b"-_", b"+/"), b" \t\r\n").rstrip(b"=")
    try:
        return pybase64.b64decode(tolerated + b"=" * (-len(tolerated) % 4), validate=True)
    except ValueError as error:
        raise NotAnImage("It is no base64 text", _excerpt(bytes(text[:4096]))) from error


def _what_it_is(data: bytes) -> tuple[str, str]:
    """Return a cause and an excerpt for bytes that are no picture."""
    if not data:
        return "The answer was empty", "0 bytes"
    head = data[:4096]
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if start.startswith((b"<svg", b"<?xml")):
        return "It is XML or SVG text, not one of PNG, JPEG, WebP and GIF", _excerpt(head)
    if start.startswith(b"<"):
        return "It is an HTML page, often one of a proxy or a login", _excerpt(head)
    if start.startswith((b"{", b"[")):
        return "It is JSON where a picture was promised", _excerpt(head)
    if _is_text(head):
        return "It is text where a picture was promised", _excerpt(head)
    return (
        "The bytes are not PNG, JPEG, WebP or GIF",
        f"{len(data)} bytes that begin with {head[:16].hex(' ')}",
    )


def _is_text(head: bytes) -> bool:
    # The excerpt may end inside a character, hence no strict decoding.
    text = head.decode("utf-8", "replace")
    odd = sum(1 for character in text if character == "\ufffd" or (character < " " and character not in "\t\r\n\x1b"))
    return odd * 10 <= len(text)


def _excerpt(head: bytes) -> str:
    text = head.decode("utf-8", "replace")
    if "<" in text:
        text = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)|<[^>]{0,500}>", " ", text)
        text = html.unescape(text)
    return " ".join(plain(text, newlines=False).split())[:_EXCERPT] or f"{len(head)} bytes without text"
