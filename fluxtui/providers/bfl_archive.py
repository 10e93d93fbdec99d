"""The ZIP that a training is made from, looked into before it is uploaded.

BFL takes 1 to 20 JPG, PNG or WebP pictures of at most one megapixel, and captions in .txt files of the same names.
Archives come from anywhere: nothing is unpacked to disk, and no member is read further than it may be long.
"""

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fluxtui.domain.imagefile import ImageFormat, sniff
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.text import plain

MOST_PICTURES = 20
MOST_PIXELS = 1_048_576
LARGEST_ARCHIVE = 100 * 1024 * 1024
"""Bytes. Twenty pictures of a megapixel each are never that large."""

_LARGEST_MEMBER = 20 * 1024 * 1024
_LARGEST_CAPTION = 16 * 1024
_MOST_MEMBERS = 500
_MOST_FINDINGS = 50
_BEYOND_COUNTING = (0, 0)
_FORMATS = {
    ".jpg": ImageFormat.JPEG,
    ".jpeg": ImageFormat.JPEG,
    ".png": ImageFormat.PNG,
    ".webp": ImageFormat.WEBP,
}


class ArchiveError(FluxtuiError):
    """An archive that no training can be made from; `reasons` are all of them, a sentence each."""

    def __init__(self, name: str, findings: tuple[str, ...]) -> None:
        shown = " ".join(findings[:5]) + (f" And {len(findings) - 5} more." if len(findings) > 5 else "")
        advice = f"A training takes 1 to {MOST_PICTURES} JPG, PNG or WebP pictures of at most 1 megapixel."
        super().__init__(Problem(ProblemKind.INVALID_REQUEST, f"{name} cannot be uploaded.", shown, advice))
        self.reasons = findings


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    width: int
    height: int
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was looked into: its bytes, which are those that are sent, and what is in them."""

    data: bytes = field(repr=False)
    pictures: tuple[Picture, ...]

    @property
    def captions(self) -> int:
        return sum(picture.caption is not None for picture in self.pictures)


def inspected(path: Path) -> Archive:
    """Return the archive at `path`. Blocking. Raises ArchiveError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_ARCHIVE + 1)
    except OSError as error:
        raise ArchiveError(path.name, (f"It cannot be read: {error.strerror}.",)) from error
    return checked(data, path.name)


def checked(data: bytes, name: str = "the archive") -> Archive:
    """Return the archive that `data` is. Blocking. Raises ArchiveError with everything that is wrong."""
    if len(data) > LARGEST_ARCHIVE:
        raise ArchiveError(name, (f"It is larger than {LARGEST_ARCHIVE // 1024**2} MB.",))
    inspection = _Inspection()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inspection.look(archive)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise ArchiveError(name, ("It is no ZIP archive, or a damaged one.",)) from error
    if inspection.findings:
        raise ArchiveError(name, tuple(inspection.findings[:_MOST_FINDINGS]))
    return Archive(data, inspection.result())


class _Inspection:
    """One pass over an archive, which collects what is wrong with it."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self._pictures: dict[str, Picture] = {}
        self._captions: dict[str, str] = {}

    def look(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS:
            self.findings.append(f"It holds {len(members):,} files.")
            return
        wanted = list(self._members(members))
        pictures = [member for member in wanted if _suffix(member.filename) in _FORMATS]
        if not 1 <= len(pictures) <= MOST_PICTURES:
            self.findings.append(f"It holds {len(pictures)} pictures.")
            return
        for member in wanted:
            self._take(archive, member)
        for name in self._captions.keys() - self._pictures.keys():
            self.findings.append(f"{_shown(name)}.txt is a caption without a picture.")

    def _members(self, members: list[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
        seen: set[str] = set()
        for member in members:
            path = PurePosixPath(member.filename.replace("\\", "/"))
            hidden = path.name.startswith(".") or "__MACOSX" in path.parts or path.name in ("Thumbs.db", "desktop.ini")
            if member.is_dir() or hidden:
                continue
            if path.is_absolute() or ".." in path.parts or ":" in member.filename or member.filename in seen:
                self.findings.append(f"{_shown(member.filename)} has a name that no file may have here.")
            elif member.flag_bits & 0x1:
                self.findings.append(f"{_shown(member.filename)} is encrypted.")
            elif _suffix(member.filename) in _FORMATS or _suffix(member.filename) == ".txt":
                yield member
            else:
                self.findings.append(f"{_shown(member.filename)} is neither a JPG, PNG or WebP picture nor a .txt.")
            seen.add(member.filename)

    def _take(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        shown, suffix = _shown(member.filename), _suffix(member.filename)
        limit = _LARGEST_CAPTION if suffix == ".txt" else _LARGEST_MEMBER
        try:
            # What a member says of its own size may be a lie, so the reading itself is bounded.
            with archive.open(member) as file:
                data = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
            self.findings.append(f"{shown} is damaged.")
            return
        if len(data) > limit:
            self.findings.append(f"{shown} is larger than {limit // 1024:,} KB.")
        elif suffix == ".txt":
            self._take_caption(member.filename, data)
        else:
            self._take_picture(member.filename, data)

    def _take_caption(self, name: str, data: bytes) -> None:
        try:
            text = data.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            self.findings.append(f"{_shown(name)} is no text in UTF-8.")
            return
        if not text:
            self.findings.append(f"{_shown(name)} is empty.")
        self._captions[_stem(name)] = text

    def _take_picture(self, name: str, data: bytes) -> None:
        if sniff(data[:12]) is not _FORMATS[_suffix(name)]:
            self.findings.append(f"{_shown(name)} is not what its name says.")
        elif _stem(name) in self._pictures:
            self.findings.append(f"{_shown(name)} shares its name with another picture, and so its caption.")
        elif (sides := _sides(data)) is None:
            self.findings.append(f"{_shown(name)} cannot be decoded.")
        elif sides == _BEYOND_COUNTING:
            self.findings.append(f"{_shown(name)} has very many pixels, more than a megapixel.")
        elif sides[0] * sides[1] > MOST_PIXELS:
            self.findings.append(f"{_shown(name)} has {sides[0]}x{sides[1]} pixels, more than a megapixel.")
        else:
            self._pictures[_stem(name)] = Picture(name, *sides)

    def result(self) -> tuple[Picture, ...]:
        return tuple(
            Picture(picture.name, picture.width, picture.height, self._captions.get(stem))
            for stem, picture in self._pictures.items()
        )


def _sides(data: bytes) -> tuple[int, int] | None:
    """Return the sides of a picture; one of few enough pixels is decoded whole, None when that fails."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                sides: tuple[int, int] = image.size
                if sides[0] * sides[1] <= MOST_PIXELS:
                    image.load()
                return sides
    except Image.DecompressionBombError:
        return _BEYOND_COUNTING
    except (OSError, ValueError, SyntaxError, EOFError, zlib.error):
        return None


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix("")).casefold()


def _shown(name: str) -> str:
    return plain(name, limit=80, newlines=False)
