"""Pictures as answers name them: a link to fetch, or a data URI that holds the picture itself."""

from typing import Any

from fluxtui.domain.jobs import ImageFacts
from fluxtui.providers import addresses
from fluxtui.providers.base import EncodedImage, LinkedImage

_LONGEST_HEAD = 200
"""Characters before the comma of a data URI; longer ones are none."""


def named_picture(name: Any, facts: ImageFacts, expires_at: float | None = None) -> EncodedImage | LinkedImage | None:
    """Return the picture behind a link or data URI, None for anything else.

    `name` is text, or what `documents.parse` made of a long one; the base64 of a data URI is not copied.
    """
    if isinstance(name, str):
        if not name.startswith("data:"):
            return LinkedImage(name, facts, expires_at) if addresses.is_web(name) else None
        name = name.encode("ascii", "replace")
    if not isinstance(name, bytes | memoryview):
        return None
    head, comma, _ = bytes(name[:_LONGEST_HEAD]).partition(b",")
    if not head.startswith(b"data:"):
        return named_picture(bytes(name).decode("utf-8", "replace"), facts, expires_at)
    if not comma or not head.lower().endswith(b";base64"):
        return None
    encoded = memoryview(name)[len(head) + 1 :]
    return EncodedImage(encoded, facts) if len(encoded) else None
