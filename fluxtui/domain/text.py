"""Text from outside is hostile: prompts, file names, errors of services, metadata."""

import re
import unicodedata

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC strings
    r"|\x1b[ -/]*[0-~]?"  # other escapes, and a lone ESC
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one 8-bit character
)
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SAFE_SIGNS = frozenset("_.+=@ -")
_LARGEST_STEM = 200  # bytes; file systems stop at 255, and suffix, extension and `-2` come on top
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)


def plain(text: str, *, limit: int | None = None, newlines: bool = True) -> str:
    """Return `text` without escape sequences, control characters and bidirectional overrides.

    `limit` caps the number of characters (an ellipsis marks the cut); without `newlines`, line
    breaks and tabs become single spaces.
    """
    if text.isascii() and text.isprintable():
        kept = text  # nearly all of it, and asked for with every line that is drawn
    else:
        text = _ESCAPES.sub("", text)
        if not newlines:
            text = re.sub(r"[\r\n\t\u2028\u2029]+", " ", text)
        kept = "".join(character for character in text if character in "\n\t" or not _is_control(character))
    if limit is not None and len(kept) > limit:
        return kept[: max(limit - 1, 0)] + "…"
    return kept


def _is_control(character: str) -> bool:
    # Cf holds the bidirectional overrides that can make a line lie; the joiners that emoji and
    # several scripts need are kept.
    category = unicodedata.category(character)
    return category in {"Cc", "Cs", "Co"} or (category == "Cf" and character not in "\u200c\u200d\u200e\u200f")


def file_stem(name: str, *, limit: int = 80) -> str:
    """Return `name` as a safe file name without extension: never empty, hidden, reserved or a path.

    At most `limit` characters and 200 bytes of UTF-8, since file systems count bytes. A safe name
    comes back as it is.
    """
    text = unicodedata.normalize("NFC", _VARIATION.sub("", plain(name, newlines=False)))
    kept: list[str] = []
    for character in text:
        # A combining mark (the vowels of Devanagari or Thai are some) belongs to the letter before it.
        marks_a_letter = bool(kept) and kept[-1] not in _SAFE_SIGNS and unicodedata.category(character)[0] == "M"
        kept.append(character if character.isalnum() or character in _SAFE_SIGNS or marks_a_letter else "-")
    text = _cut(re.sub(r"[ -]{2,}", "-", "".join(kept)).strip(" .-"), limit)
    if text.lower().split(".")[0].strip() in _RESERVED:
        text = _cut(f"_{text}", limit)
    return text or "unnamed"


def _cut(text: str, limit: int) -> str:
    # A character cut in half by the byte limit is dropped whole.
    return text[:limit].encode()[:_LARGEST_STEM].decode(errors="ignore").rstrip(" .-")


def unique_stem(wish: str, taken: set[str]) -> str:
    """Return `wish`, or with -2, -3 ... where it is taken; file systems may not tell cases apart."""
    stem, number = wish, 1
    while stem.casefold() in taken:
        number += 1
        stem = f"{wish}-{number}"
    taken.add(stem.casefold())
    return stem


def byte_size(count: int) -> str:
    """Return a number of bytes as people read it: `0 B`, `812 B`, `1.4 MB`, `23 GB`."""
    size, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    for larger in units:
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if unit != "B" and size < 9.95 else f"{size:.0f} {unit}"
