"""Paints the sandbox's pictures: a scene chosen by the words of the prompt, in the hand of the model.

The same model, prompt, seed and size give the same bytes. Pillow is imported only when something is painted.
"""

import io
from typing import TYPE_CHECKING

from fluxtui.sandbox.markers import without_markers

if TYPE_CHECKING:
    from PIL.Image import Image

    from fluxtui.sandbox.pictures import PictureSpec


def paint(spec: "PictureSpec") -> bytes:
    """Return the picture as a file of the format that was asked for. Blocks: call it in a thread."""
    picture = paint_image(spec)
    file = io.BytesIO()
    match spec.format:
        case "jpeg":
            picture.save(file, "jpeg", quality=88)
        case "webp":
            picture.save(file, "webp", quality=82, method=0)
        case _:
            picture.save(file, "png", compress_level=1)
    return file.getvalue()


def paint_image(spec: "PictureSpec") -> "Image":
    """Return the picture as an RGB image of exactly the sides that were asked for."""
    from fluxtui.sandbox.painter.finishes import finish
    from fluxtui.sandbox.painter.hands import hand_of
    from fluxtui.sandbox.painter.scenes import choose_scene
    from fluxtui.sandbox.painter.stage import Stage

    prompt = without_markers(spec.prompt)
    hand = hand_of(spec.model)
    stage = Stage.set_up(spec.model, prompt, spec.seed, spec.width, spec.height, hand, spec.steps)
    choose_scene(stage)(stage)
    return finish(stage, hand, (spec.width, spec.height), spec.guidance)
