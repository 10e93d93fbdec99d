"""What the benchmarks measure with: a terminal that is read right, and figures that are counted right."""

import math

from benchmarks.figures import percentile, ratio, spread
from benchmarks.grid import FRAME_BEGIN, FRAME_END, Grid


def test_a_grid_shows_what_a_terminal_would() -> None:
    grid = Grid(12, 3)
    assert grid.feed(f"{FRAME_BEGIN}\x1b[2;3Hone\x1b[48;2;255;0;0m 雨x\x1b[0m{FRAME_END}") == 1
    assert grid.lines() == [" " * 12, "  one 雨x   ", " " * 12]
    assert grid.line_on("48;2;255;0;0") == "  one 雨x   "
    assert grid.line_with("e") == " 雨x   "
    assert grid.line_with("z") is None
    grid.feed("\x1b[2;3HTWO\x1b]0;a title\x07\r\nthree")
    assert grid.lines()[1:] == ["  TWO 雨x   ", "three       "]
    grid.feed("\x1b[2J")
    assert grid.lines() == [" " * 12] * 3


def test_sequences_and_frames_may_come_in_pieces() -> None:
    grid, whole = Grid(10, 1), f"{FRAME_BEGIN}\x1b[1;2H\x1b[38;5;9mred\x1b[39m{FRAME_END}"
    assert [grid.feed(letter) for letter in whole] == [0] * (len(whole) - 1) + [1]
    assert grid.lines() == [" red      "]


def test_figures() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert percentile([7.0], 0.99) == 7
    assert math.isnan(percentile([], 0.5))
    assert spread([0.0104, 0.25]) == "10.4 / 250 / 250"
    assert ratio(2.0, 5.0) == "**2.5**"
    assert ratio(2.0, math.nan) == "-"
