"""Pictures for tests, made on the spot."""

from io import BytesIO

from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (40, 30), colour: str = "orange", *, orientation: int | None = None
) -> bytes:
    buffer = BytesIO()
    image = Image.new("RGB", size, colour)
    if orientation is None:
        image.save(buffer, kind)
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(buffer, kind, exif=exif)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header announces `width` x `height` and whose few bytes hold nothing of it."""
    import struct
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    """A VP8X WebP that announces a canvas and holds no picture."""
    body = b"\x00" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + len(body).to_bytes(4, "little") + body
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk
