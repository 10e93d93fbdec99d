"""Paints the sandbox's pictures."""

import io

from fluxtui.sandbox.pictures import PictureSpec


def paint(spec: PictureSpec) -> bytes:
    """Return a picture file."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (spec.width, spec.height), (spec.seed % 255, 90, 140)).save(file, spec.format)
    return file.getvalue()
