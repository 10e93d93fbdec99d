"""Thumbnails: small, upright, opaque, whole."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from fluxtui.images.store import DiskProblem, NotAnImage
from fluxtui.images.thumbnails import make
from tests.images.pictures import picture, png_header


def thumbnail_of(data: bytes, folder: Path, edge: int = 512) -> Image.Image:
    source, destination = folder / "source", folder / "thumbnails" / "1.jpg"
    source.write_bytes(data)
    make(source, destination, edge)
    assert [path.name for path in destination.parent.iterdir()] == ["1.jpg"]
    image = Image.open(BytesIO(destination.read_bytes()))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_longest_edge_is_the_limit(tmp_path: Path, kind: str) -> None:
    assert thumbnail_of(picture(kind, (1600, 800)), tmp_path).size == (512, 256)


def test_small_pictures_are_not_enlarged(tmp_path: Path) -> None:
    assert thumbnail_of(picture(size=(40, 30)), tmp_path).size == (40, 30)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_orientation_is_honoured(tmp_path: Path, kind: str) -> None:
    assert thumbnail_of(picture(kind, (800, 400), orientation=6), tmp_path, 100).size == (50, 100)


def encoded(image: Image.Image, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def test_transparency_lies_on_mid_grey(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (600, 600), (255, 0, 0, 0))
    palette = Image.new("P", (600, 600), 0)
    palette.putpalette([255, 0, 0] * 256)
    for data in (encoded(clear), encoded(clear.convert("LA")), encoded(palette, transparency=0)):
        pixel = thumbnail_of(data, tmp_path).getpixel((10, 10))
        assert isinstance(pixel, tuple)
        assert all(abs(value - 128) <= 3 for value in pixel)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    pixel = thumbnail_of(encoded(Image.new("I;16", (64, 64), 32_768)), tmp_path).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert abs(pixel[0] - 127) <= 3


def test_damage_inside_is_named(tmp_path: Path) -> None:
    data = bytearray(picture("PNG", (300, 300)))
    data[60:90] = bytes(30)
    for broken in (bytes(data), png_header(200, 200), b"hello"):
        with pytest.raises(NotAnImage):
            thumbnail_of(broken, tmp_path)
    assert not (tmp_path / "thumbnails").exists()


def test_a_source_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DiskProblem, match="read"):
        make(tmp_path / "gone.png", tmp_path / "1.jpg")
