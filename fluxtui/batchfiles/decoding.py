"""From a path to text: sizes, kinds of files and encodings, each with its own clear error."""

import codecs
import os
import stat
from pathlib import Path

from fluxtui.batchfiles.findings import BatchFileError, one_finding

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes. 100,000 tasks with long prompts fit several times over."""

_OTHER_FILES = (
    (b"PK\x03\x04", "a spreadsheet or an archive", "Save it as CSV, or unpack it"),
    (b"\x1f\x8b", "a compressed file", "Unpack it"),
    (b"%PDF", "a PDF", "Copy the prompts into a text file, one a line"),
    (b"\x89PNG", "a picture", "Give the batch file"),
    (b"\xff\xd8\xff", "a picture", "Give the batch file"),
    (b"SQLite format 3", "a database", "Give the batch file"),
)


def read_bytes(path: Path, file: str) -> bytes:
    """Return the bytes of a regular file of at most LARGEST_FILE bytes. Raises BatchFileError."""
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            facts = os.fstat(descriptor)
            _expect_regular(facts.st_mode, file)
            if facts.st_size > LARGEST_FILE:
                raise _too_large(file, facts.st_size)
            with open(descriptor, "rb", closefd=False) as stream:
                data = stream.read(LARGEST_FILE + 1)
        finally:
            os.close(descriptor)
    except IsADirectoryError:
        raise one_finding(file, "this is a folder", "Give the batch file inside it") from None
    except FileNotFoundError:
        raise one_finding(file, "there is no such file", "Check the path and the spelling") from None
    except PermissionError:
        raise one_finding(file, "the file may not be read", "Allow reading it, or copy it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise one_finding(file, f"the file cannot be read: {reason}", "Check the path") from error
    if len(data) > LARGEST_FILE:
        raise _too_large(file, len(data))
    return data


def _expect_regular(mode: int, file: str) -> None:
    if stat.S_ISDIR(mode):
        raise one_finding(file, "this is a folder", "Give the batch file inside it")
    if stat.S_ISFIFO(mode):
        raise one_finding(file, "this is a pipe", "Save what it delivers to a file, and give that")
    if not stat.S_ISREG(mode):
        raise one_finding(file, "this is no regular file", "Give the batch file")


def _too_large(file: str, size: int) -> BatchFileError:
    limit = LARGEST_FILE // (1024 * 1024)
    return one_finding(
        file,
        f"the file has {size / (1024 * 1024):,.1f} MiB; at most {limit} MiB are read",
        "Split it into several batches",
    )


def decode(data: bytes, file: str) -> str:
    """Return the text of `data`: UTF-8, or UTF-16 when a byte order mark says so. Raises BatchFileError."""
    if len(data) > LARGEST_FILE:
        raise _too_large(file, len(data))
    for magic, what, advice in _OTHER_FILES:
        if data.startswith(magic):
            raise one_finding(file, f"this is {what}, not a batch file", advice)
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise one_finding(file, "the file is in UTF-32", "Save it as UTF-8")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        if encoding == "utf-8-sig" and b"\x00" in data:
            raise _with_nul(data, file)
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _badly_encoded(data, file, encoding, error) from error
    if "\x00" in text:
        raise one_finding(
            file, "the file holds NUL characters", "Remove them", line=text.count("\n", 0, text.index("\x00")) + 1
        )
    return text


def _with_nul(data: bytes, file: str) -> BatchFileError:
    position = data.index(b"\x00")
    head = data[:2000]
    if max(head[::2].count(0), head[1::2].count(0)) * 3 >= len(head) // 2:
        return one_finding(file, "the file looks like UTF-16 without a byte order mark", "Save it as UTF-8", line=1)
    line = data.count(b"\n", 0, position) + 1
    return one_finding(file, "the file holds NUL bytes, so it is no text", "Give a text file in UTF-8", line=line)


def _badly_encoded(data: bytes, file: str, encoding: str, error: UnicodeDecodeError) -> BatchFileError:
    if encoding == "utf-16":
        return one_finding(file, "the file starts as UTF-16 and then is not", "Save it as UTF-8")
    # The offset counts from after the byte order mark, when there is one.
    start = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
    line = data.count(b"\n", 0, start) + 1
    column = start - data.rfind(b"\n", 0, start)
    guess = data[start : start + 1].decode("cp1252", "replace")
    looks = f"; in Windows-1252 or Latin-1 it would be {guess}" if guess.isprintable() and guess != "\ufffd" else ""
    return one_finding(
        file,
        f"the file is not UTF-8: byte 0x{data[start]:02x} at column {column}{looks}",
        "Save it as UTF-8 (editors offer it as an encoding)",
        line=line,
    )
