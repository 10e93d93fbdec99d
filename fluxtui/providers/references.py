"""Reference pictures in a request: links, data URIs or bare base64. Files were read by the engine."""

import base64
import binascii

from fluxtui.domain.imagefile import sniff


def is_link(reference: str) -> bool:
    return reference.startswith(("http://", "https://"))


def is_loaded(reference: str) -> bool:
    """Return whether `reference` can be sent as it is: a link, a data URI, or base64 of a picture."""
    if is_link(reference) or reference.startswith("data:"):
        return True
    try:
        head = base64.b64decode(reference[:16], validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(reference) >= 32 and sniff(head) is not None


def as_data_uri(reference: str) -> str:
    """Return bare base64 as a data URI, anything else as it is."""
    if is_link(reference) or reference.startswith("data:"):
        return reference
    head = base64.b64decode(reference[:16])
    found = sniff(head)
    return f"data:image/{found.value if found else 'png'};base64,{reference}"


def inlined(reference: str) -> str:
    """Return the bare base64 of a data URI, anything else as it is."""
    if reference.startswith("data:"):
        return reference.partition(",")[2]
    return reference
