"""Pictures that are not what was asked for: black frames of safety checkers, unfinished and enlarged ones."""

import asyncio
import io
import math
from functools import lru_cache

from fluxtui.sandbox.pictures import PictureSpec


async def black_frame(spec: PictureSpec) -> bytes:
    """Return what a safety checker puts in the place of a picture: all black, of the same sides and format."""
    return await asyncio.to_thread(_black, spec.width, spec.height, spec.format)


@lru_cache(maxsize=16)
def _black(width: int, height: int, image_format: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, image_format)
    return file.getvalue()


async def unfinished(picture: bytes) -> bytes:
    """Return a picture as it looks when its work is interrupted half way (a PNG)."""
    return await asyncio.to_thread(_unfinished, picture)


def _unfinished(picture: bytes) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        small = image.convert("RGB").resize((max(1, image.width // 24), max(1, image.height // 24)))
        rough = small.resize(image.size, Image.Resampling.BICUBIC)
        noise = Image.effect_noise(image.size, 90).convert("RGB")
        return _png(Image.blend(rough, noise, 0.45))


async def resized(picture: bytes, width: int, height: int) -> bytes:
    """Return a picture with other sides (a PNG). Raises OSError when it cannot be read."""
    return await asyncio.to_thread(_resized, picture, width, height)


def _resized(picture: bytes, width: int, height: int) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        return _png(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))


async def grid(pictures: list[bytes]) -> bytes:
    """Return pictures of the same sides beside and below each other (a PNG)."""
    return await asyncio.to_thread(_grid, pictures)


def _grid(pictures: list[bytes]) -> bytes:
    from PIL import Image

    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    with Image.open(io.BytesIO(pictures[0])) as first:
        width, height = first.size
    sheet = Image.new("RGB", (width * columns, height * rows))
    for place, picture in enumerate(pictures):
        with Image.open(io.BytesIO(picture)) as image:
            sheet.paste(image.convert("RGB"), (place % columns * width, place // columns * height))
    return _png(sheet)


def _png(image: object) -> bytes:
    from PIL import Image

    assert isinstance(image, Image.Image)
    file = io.BytesIO()
    image.save(file, "png", compress_level=1)
    return file.getvalue()
