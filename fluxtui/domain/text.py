"""Text from outside is hostile: prompts, file names, errors of services, metadata."""

import re
import unicodedata

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC strings
    r"|\x1b[ -/]*[0-~]?"  # other escapes, and a lone ESC
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one 8-bit character
)
_UNSAFE = re.compile(r"[^\w.+=@ -]+", re.UNICODE)
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)


def plain(text: str, *, limit: int | None = None, newlines: bool = True) -> str:
    """Return `text` without escape sequences, control characters and bidirectional overrides.

    `limit` caps the number of characters (an ellipsis marks the cut); without `newlines`, line
    breaks and tabs become single spaces.
    """
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

    At most `limit` characters and 200 bytes of UTF-8, since file systems count bytes.
    """
    text = unicodedata.normalize("NFC", plain(name, newlines=False))
    text = _UNSAFE.sub("-", text).strip(" .-")
    text = re.sub(r"[ -]{2,}", "-", text)[:limit].rstrip(" .-")
    while len(text.encode()) > 200:
        text = text[:-1]
    if not text or text.lower().split(".")[0] in _RESERVED:
        return f"_{text}" if text else "unnamed"
    return text
