"""Recognising picture files by their bytes, since services do not always send what was asked."""

from enum import StrEnum


class ImageFormat(StrEnum):
    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"

    @property
    def extension(self) -> str:
        return "jpg" if self is ImageFormat.JPEG else self.value


def sniff(head: bytes) -> ImageFormat | None:
    """Return the format that the first 12 bytes announce, None for anything else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageFormat.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if head.startswith((b"GIF87a", b"GIF89a")):
        return ImageFormat.GIF
    return None


def is_complete(data: bytes, image_format: ImageFormat) -> bool:
    """Return whether the file ends as its format ends: a cut download does not."""
    match image_format:
        case ImageFormat.PNG:
            return b"IEND\xaeB`\x82" in data[-64:]  # the closing chunk and its checksum, always the same
        case ImageFormat.JPEG:
            return b"\xff\xd9" in data[-1024:]
        case ImageFormat.WEBP:
            return len(data) >= 8 + int.from_bytes(data[4:8], "little")
        case ImageFormat.GIF:
            return data.rstrip(b"\x00").endswith(b"\x3b")
