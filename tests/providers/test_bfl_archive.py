"""Archives for trainings: what is taken, everything that is wrong at once, and those that mean harm."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from fluxtui.providers.bfl_archive import ArchiveError, checked, inspected


def picture(width: int = 64, height: int = 64, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "tan").save(out, kind)
    return out.getvalue()


def archive(**files: bytes) -> bytes:
    return named({name.replace("__", "."): data for name, data in files.items()})


def named(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


def findings(data: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        checked(data, "fox.zip")
    assert "fox.zip" in caught.value.problem.what
    return " ".join(caught.value.reasons)


def crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def png_of(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large, and holds next to nothing."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(99)))]
    chunks = [struct.pack(">I", len(data)) + name + data + crc(name + data) for name, data in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_pictures_and_captions() -> None:
    data = named(
        {
            "set/a.png": picture(),
            "set/a.txt": "a fox".encode("utf-8-sig"),
            "b.JPG": picture(kind="JPEG"),
            "c.webp": picture(1024, 1024, "WEBP"),
            "__MACOSX/set/._a.png": b"x",
            "set/.DS_Store": b"x",
        }
    )
    found = checked(data)
    assert found.data == data
    assert [(one.name, one.caption) for one in found.pictures] == [
        ("set/a.png", "a fox"),
        ("b.JPG", None),
        ("c.webp", None),
    ]
    assert found.captions == 1
    assert (found.pictures[2].width, found.pictures[2].height) == (1024, 1024)


def test_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "fox.zip"
    with pytest.raises(ArchiveError):
        inspected(path)
    path.write_bytes(archive(a__png=picture()))
    assert len(inspected(path).pictures) == 1


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = findings(
        named(
            {
                "a.png": picture(),
                "b.png": b"GIF89a" + bytes(50),
                "c.png": picture()[:60],
                "d.png": picture(2000, 1000),
                "e.txt": b"of nothing",
                "f.gif": b"GIF89a",
                "a.txt": b"\xff\xfe\xfa",
                "a.jpg": picture(kind="JPEG"),
            }
        )
    )
    for part in (
        "b.png is not",
        "c.png cannot",
        "d.png has 2000x1000",
        "e.txt is a caption",
        "f.gif",
        "a.txt",
        "a.jpg",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "0 pictures"),
        ({"a.txt": b"x"}, "0 pictures"),
        ({f"{i}.png": picture() for i in range(21)}, "21 pictures"),
        ({"a.png": picture(), "a.txt": b"  "}, "empty"),
        ({"../a.png": picture()}, "name"),
        ({"/a.png": picture()}, "name"),
        ({"a.png": png_of(60_000, 60_000)}, "megapixel"),
        ({"a.png": png_of(5000, 5000)}, "megapixel"),
        ({"a.png": picture(), "a.txt": b"x" * 20_000}, "larger"),
        ({"a.png": picture(), **{f"{i}.txt": b"x" for i in range(600)}}, "601 files"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(files: dict[str, bytes], told: str) -> None:
    assert told in findings(named(files))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = named({"a.png": picture(), "b.png": bytes(200 * 1024 * 1024)})
    assert len(bomb) < 1_000_000
    assert "b.png is larger" in findings(bomb)
    # The same when the archive lies about the size.
    lying = bomb.replace(struct.pack("<I", 200 * 1024 * 1024), struct.pack("<I", 1000))
    assert "b.png" in findings(lying)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"no archive", named({"a.png": picture()})[:-30]],
    ids=["empty", "only a signature", "words", "cut off"],  # an archive holds the time it was made
)
def test_what_is_no_archive(data: bytes) -> None:
    assert "no ZIP" in findings(data)


def test_a_damaged_member() -> None:
    data = bytearray(named({"a.png": picture()}))
    data[45] ^= 0xFF
    assert "a.png" in findings(bytes(data))


def test_an_encrypted_member() -> None:
    data = bytearray(archive(a__png=picture()))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in findings(bytes(data))
