"""Reference pictures of a request: files become data URIs, since providers read no disk."""

import base64
import mimetypes
from dataclasses import replace
from pathlib import Path

from fluxtui.domain.imagefile import sniff
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.request import ImageRequest
from fluxtui.engine.pool import BytePool

LARGEST_REFERENCE = 20 * 1024 * 1024
"""Bytes; the largest that any service takes."""


def is_file(reference: str) -> bool:
    """Return whether `reference` names a local file (not a URL or data URI)."""
    return not reference.startswith(("http://", "https://", "data:"))


def located(references: tuple[str, ...], folder: Path | None) -> tuple[str, ...]:
    """Return `references` with relative paths made absolute from the batch file's folder."""
    base = folder or Path()
    return tuple(str((base / r).absolute()) if is_file(r) else r for r in references)


def problem_with(reference: str) -> Problem | None:
    """Return why a reference cannot be used, None when it can."""
    if not is_file(reference):
        return None
    path = Path(reference)
    try:
        if not path.is_file():
            return _unreadable(path, "There is no such file.")
        if path.stat().st_size > LARGEST_REFERENCE:
            return _unreadable(path, f"It is larger than {LARGEST_REFERENCE // 1024 // 1024} MB.")
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        return _unreadable(path, f"{error.strerror or error}.")
    if sniff(head) is None:
        return _unreadable(path, "It is no PNG, JPEG, WebP or GIF picture.")
    return None


async def loaded(request: ImageRequest, pool: BytePool) -> ImageRequest:
    """Return `request` with its reference files read in. Raises FluxtuiError."""
    if not any(is_file(reference) for reference in request.references):
        return request
    uris = [await pool.run(_data_uri, r) if is_file(r) else r for r in request.references]
    return replace(request, references=tuple(uris))


def _data_uri(reference: str) -> str:
    problem = problem_with(reference)
    if problem is not None:
        raise FluxtuiError(problem)
    kind = mimetypes.guess_type(reference)[0] or "image/png"
    return f"data:{kind};base64,{base64.b64encode(Path(reference).read_bytes()).decode()}"


def _unreadable(path: Path, cause: str) -> Problem:
    return Problem(
        ProblemKind.INVALID_REQUEST,
        f"The reference picture {path} cannot be used.",
        cause,
        "Correct the path in the batch file; paths are relative to the file's folder.",
    )
