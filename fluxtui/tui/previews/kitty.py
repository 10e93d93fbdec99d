"""Pictures by Kitty's graphics protocol: sent once, then placed by placeholder characters.

Built here (in a thread) and written by the app between two frames: textual-image's renderer writes
straight to the terminal from wherever it runs, which could land in the middle of a frame.
Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
"""

import base64
import io
import itertools
import random
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from PIL.Image import Image

_PLACEHOLDER = "\U0010eeee"
_CHUNK = 4096

# The protocol's row and column marks, as far as a window of 198 rows or columns needs them:
# the first combining marks of class 230 in Unicode 6.0 that it names.
_MARKS = (
    "0305 030d 030e 0310 0312 033d 033e 033f 0346 034a 034b 034c 0350 0351 0352 0357 035b 0363 0364 0365 0366"
    " 0367 0368 0369 036a 036b 036c 036d 036e 036f 0483 0484 0485 0486 0487 0592 0593 0594 0595 0597 0598 0599"
    " 059c 059d 059e 059f 05a0 05a1 05a8 05a9 05ab 05ac 05af 05c4 0610 0611 0612 0613 0614 0615 0616 0617 0657"
    " 0658 0659 065a 065b 065d 065e 06d6 06d7 06d8 06d9 06da 06db 06dc 06df 06e0 06e1 06e2 06e4 06e7 06e8 06eb"
    " 06ec 0730 0732 0733 0735 0736 073a 073d 073f 0740 0741 0743 0745 0747 0749 074a 07eb 07ec 07ed 07ee 07ef"
    " 07f0 07f1 07f3 0816 0817 0818 0819 081b 081c 081d 081e 081f 0820 0821 0822 0823 0825 0826 0827 0829 082a"
    " 082b 082c 082d 0951 0953 0954 0f82 0f83 0f86 0f87 135d 135e 135f 17dd 193a 1a17 1a75 1a76 1a77 1a78 1a79"
    " 1a7a 1a7b 1a7c 1b6b 1b6d 1b6e 1b6f 1b70 1b71 1b72 1b73 1cd0 1cd1 1cd2 1cda 1cdb 1ce0 1dc0 1dc1 1dc3 1dc4"
    " 1dc5 1dc6 1dc7 1dc8 1dc9 1dcb 1dcc 1dd1 1dd2 1dd3 1dd4 1dd5 1dd6 1dd7 1dd8 1dd9 1dda 1ddb 1ddc 1ddd 1dde"
    " 1ddf 1de0 1de1 1de2 1de3 1de4 1de5 1de6 1dfe"
)
MARKS = tuple(chr(int(code, 16)) for code in _MARKS.split())
LARGEST = len(MARKS)
"""The most cells a side of a picture may have."""

# 24 bits, because the number travels as a colour; a random start, because other programs in the
# same window number theirs too.
_numbers = itertools.cycle(range(random.randrange(1, 1 << 23), 1 << 24))


def build(image: "Image", columns: int, rows: int, cell: tuple[int, int]) -> tuple[list[Strip], str, str]:
    """Return the strips of placeholders, what shows the picture, and what frees it again."""
    number = next(_numbers)
    scaled = image.resize((columns * cell[0], rows * cell[1]))
    buffer = io.BytesIO()
    scaled.save(buffer, "png", compress_level=1)
    payload = base64.b64encode(buffer.getvalue()).decode("ascii")
    chunks = [payload[i : i + _CHUNK] for i in range(0, len(payload), _CHUNK)]
    parts = []
    for position, chunk in enumerate(chunks):
        more = int(position + 1 < len(chunks))
        head = f"i={number},f=100,q=2,m={more}" if position == 0 else f"m={more},q=2"
        parts.append(f"\x1b_G{head};{chunk}\x1b\\")
    parts.append(f"\x1b_Ga=p,i={number},c={columns},r={rows},U=1,q=2\x1b\\")
    style = Style(color=Color.from_rgb(number >> 16, number >> 8 & 255, number & 255))
    strips = [
        Strip([Segment("".join(f"{_PLACEHOLDER}{MARKS[y]}{MARKS[x]}" for x in range(columns)), style)], columns)
        for y in range(rows)
    ]
    return strips, "".join(parts), f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"
