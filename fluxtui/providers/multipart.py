"""Forms with files (multipart/form-data, RFC 7578), written whole so that their length is known beforehand."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from fluxtui.providers.http import Content


@dataclass(frozen=True, slots=True)
class File:
    """One file of a form."""

    field: str
    name: str
    type: str
    data: bytes


def form(fields: Iterable[tuple[str, str]], files: Iterable[File]) -> Content:
    """Return the form. Copies every byte of the files: call it in a thread when they are large."""
    boundary = secrets.token_hex(16)  # nobody can put it into a file beforehand
    parts: list[bytes] = []
    for name, value in fields:
        parts += [_head(boundary, name), b"\r\n", value.encode("utf-8", "replace"), b"\r\n"]
    for file in files:
        head = f'; filename="{_quoted(file.name)}"\r\nContent-Type: {file.type}'.encode()
        parts += [_head(boundary, file.field)[:-2], head, b"\r\n\r\n", file.data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return Content(f"multipart/form-data; boundary={boundary}", b"".join(parts))


def _head(boundary: str, name: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n'.encode()


def _quoted(text: str) -> str:
    """Return a name as browsers write it: quotes and line breaks percent-encoded."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
