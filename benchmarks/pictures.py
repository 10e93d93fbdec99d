"""The two pictures that the loopback server delivers: real PNG files of 1024x1024 pixels, always the same."""

import io
import random
from functools import cache

EDGE = 1024
"""Pixels of a side; the requests ask for this size, so that nothing has to be noted as different."""


@cache
def tiny() -> bytes:
    """Return a PNG of about 7 KB: a gradient with a patch of noise."""
    from PIL import Image

    picture = Image.linear_gradient("L").resize((EDGE, EDGE))
    edge = 53
    picture.paste(Image.frombytes("L", (edge, edge), random.Random(1).randbytes(edge * edge)), (200, 200))
    return _png(picture)


@cache
def large() -> bytes:
    """Return a PNG of about 1.4 MB: noise of seven levels, which compresses about as well as a photograph."""
    from PIL import Image

    levels = bytes(byte * 7 // 256 * 18 for byte in range(256))
    noise = random.Random(2).randbytes(EDGE * EDGE * 3).translate(levels)
    return _png(Image.frombytes("RGB", (EDGE, EDGE), noise))


def _png(picture: object) -> bytes:
    from PIL import Image

    assert isinstance(picture, Image.Image)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
