"""Small JPEG versions of pictures, so that screens never decode the large ones.

Blocking, for a pool thread; Pillow releases the GIL while it decodes and resizes JPEG and PNG.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.text import plain
from fluxtui.images.disk import DiskProblem, replace
from fluxtui.images.store import NotAnImage, open_checked

if TYPE_CHECKING:
    from PIL.Image import Image

EDGE = 512
"""Pixels of the longest edge: enough for a large terminal, 53 ms to make, a few ms to read."""

_QUALITY = 80
_BACKGROUND = (128, 128, 128)  # under transparent parts: neither dark nor light pictures vanish on it


def make(source: Path, destination: Path, edge: int = EDGE) -> None:
    """Write a JPEG of `source` with a longest edge of at most `edge` pixels to `destination`, in one step.

    The picture is turned as its EXIF orientation says, and never enlarged. Raises NotAnImage when it
    cannot be decoded and DiskProblem when a file cannot be read or written.
    """
    replace(small_jpeg(source, edge), destination)


def small_jpeg(source: Path, edge: int = EDGE) -> bytes:
    """Return what `make` would write. Raises NotAnImage and DiskProblem."""
    try:
        data = source.read_bytes()
    except OSError as error:
        raise DiskProblem(error, source, "read") from error
    return _thumbnail(data, edge)


def _thumbnail(data: bytes, edge: int) -> bytes:
    from PIL import ImageOps

    with open_checked(data) as image:
        try:
            image.draft("RGB", (edge, edge))  # a JPEG decodes straight to 1/2, 1/4 or 1/8
            small = _plain_mode(image)
            small.thumbnail((edge, edge))
            small = _flattened(ImageOps.exif_transpose(small))
        except Exception as error:  # hostile bytes make the decoders fail in every way there is
            raise NotAnImage("The picture cannot be decoded", plain(str(error), limit=200)) from error
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY, comment=b"")
    return buffer.getvalue()


def _plain_mode(image: "Image") -> "Image":
    """Return `image` in a mode that scales smoothly and becomes RGB without surprises."""
    if image.mode in {"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"} and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        # 16-bit grey: Pillow would clip, not scale.
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    return image.convert("RGBA")


def _flattened(image: "Image") -> "Image":
    from PIL import Image as Images

    if image.mode not in {"RGBA", "LA"}:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    background = Images.new("RGB", image.size, _BACKGROUND)
    background.paste(colours, mask=colours.getchannel("A"))
    return background
