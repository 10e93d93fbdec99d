"""Pictures: what the terminal's answers mean, fitting, half blocks, and that only what is wanted is delivered."""

import io
import queue
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fluxtui.tui.previews import cells, kitty, sixel
from fluxtui.tui.previews.door import Pictures, Shown, Wish, build
from fluxtui.tui.previews.probe import Mode, Terminal, probe, understand
from tests.conditions import wait_until
from tests.tui.harness import paint

CELLS = Terminal(Mode.CELLS, "a test")


@pytest.mark.parametrize(
    ("answer", "mode", "cell", "dark"),
    [
        ("", Mode.CELLS, (10, 20), None),
        ("\x1b[?62;4;22c", Mode.SIXEL, (10, 20), None),
        ("\x1b[?62;22c", Mode.CELLS, (10, 20), None),
        ("\x1b_Gi=31;OK\x1b\\\x1b[?62c", Mode.KITTY, (10, 20), None),
        ("\x1b_Gi=31;ENOTSUP\x1b\\\x1b[?62c", Mode.CELLS, (10, 20), None),
        ("\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;4c", Mode.SIXEL, (9, 18), None),
        ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?1c", Mode.CELLS, (10, 20), False),
        ("\x1b]11;rgb:1111/1212/1818\x07\x1b[6;0;0t\x1b[?1c", Mode.CELLS, (10, 20), True),
    ],
)
def test_what_a_terminal_answers(answer: str, mode: Mode, cell: tuple[int, int], dark: bool | None) -> None:
    found = understand(answer)
    assert (found.mode, found.cell, found.dark) == (mode, cell, dark)


def test_choices_that_need_no_question() -> None:
    assert probe("cells").mode is Mode.CELLS
    assert probe("off").mode is Mode.OFF
    assert probe("kitty", web=True).mode is Mode.CELLS
    with pytest.raises(ValueError, match="auto, kitty, sixel, cells, off"):
        probe("best")


def test_no_terminal_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fluxtui.tui.previews.probe.ask", lambda: pytest.fail("it was asked"))
    assert probe("auto", environment={"TERM": "xterm-kitty"}).mode is Mode.CELLS


KITTY = "\x1b_Gi=31;OK\x1b\\\x1b[?62c"
SIXEL = "\x1b[?62;4;22c"
NOTHING = "\x1b[?62;22c"
PLAIN = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("choice", "remembered", "answer", "environment", "mode"),
    [
        ("auto", False, SIXEL, PLAIN, Mode.SIXEL),
        ("auto", False, KITTY, PLAIN | {"TMUX": "1"}, Mode.CELLS),
        ("kitty", False, NOTHING, PLAIN, Mode.KITTY),  # an option is obeyed
        ("kitty", True, NOTHING, PLAIN, Mode.CELLS),  # a choice of another day is not forced
        ("kitty", True, SIXEL, PLAIN, Mode.SIXEL),
        ("kitty", True, KITTY, PLAIN, Mode.KITTY),
        ("kitty", True, KITTY, PLAIN | {"SSH_TTY": "/dev/pts/1"}, Mode.KITTY),
        ("sixel", True, NOTHING, PLAIN | {"TMUX": "1"}, Mode.CELLS),
        ("kitty", False, KITTY, PLAIN | {"NO_COLOR": "1"}, Mode.CELLS),
        ("kitty", True, KITTY, PLAIN | {"NO_COLOR": "1"}, Mode.CELLS),
        ("auto", False, KITTY, PLAIN | {"NO_COLOR": "1"}, Mode.OFF),
        ("cells", True, KITTY, PLAIN, Mode.CELLS),
        ("off", True, KITTY, PLAIN, Mode.OFF),
    ],
)
def test_what_is_chosen_on_which_terminal(
    choice: str,
    remembered: bool,
    answer: str,
    environment: dict[str, str],
    mode: Mode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    monkeypatch.setattr("fluxtui.tui.previews.probe.ask", lambda: answer)
    assert probe(choice, remembered=remembered, environment=environment).mode is mode


def test_a_terminal_turns_to_what_it_said_and_to_nothing_else() -> None:
    found = understand(KITTY)
    assert found.turned("kitty") is not None
    assert found.turned("sixel") is None
    assert found.turned("auto") is None  # nobody found out what is best
    for mode in (Mode.CELLS, Mode.OFF):
        turned = Terminal(Mode.KITTY, "a test", (9, 18), automatic=Mode.KITTY).turned(mode.value)
        assert turned is not None
        assert (turned.mode, turned.cell) == (mode, (9, 18))
        again = turned.turned("auto")
        assert again is not None
        assert again.mode is Mode.KITTY


def test_after_a_turn_nothing_of_the_way_before_is_shown_or_kept(tmp_path: Path) -> None:
    paint(tmp_path / "one.jpg", 1)
    wish, written = Wish(tmp_path / "one.jpg", 12, 6), list[str]()
    pictures = Pictures(Terminal(Mode.KITTY, "a test", graphics=frozenset({Mode.KITTY})), written.append)
    pictures.want("slot", wish, lambda *_: None)
    wait_until(lambda: pictures.ready(wish))
    pictures.turn(CELLS)
    assert pictures.ready(wish) is None
    assert "a=d" in written[-1]
    delivered: queue.SimpleQueue[Shown] = queue.SimpleQueue()
    pictures.want("slot", wish, lambda _, shown: delivered.put(shown))
    assert delivered.get(timeout=5).transmit is None
    pictures.close()


@given(
    st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 300), st.integers(1, 120),
    st.tuples(st.integers(4, 30), st.integers(8, 60)),
)  # fmt: skip
def test_a_picture_fits_its_room_and_touches_a_side(
    width: int, height: int, columns: int, rows: int, cell: tuple[int, int]
) -> None:
    across, down = cells.fitted(width, height, columns, rows, cell)
    assert 1 <= across <= columns
    assert 1 <= down <= rows
    assert across == columns or down == rows


def test_half_blocks_show_two_pixels_a_character() -> None:
    image = Image.new("RGB", (4, 4), (255, 0, 0))
    image.paste((0, 0, 255), (0, 2, 4, 4))
    lines = cells.strips(image, 4, 2)
    assert [line.text for line in lines] == ["▀▀▀▀", "▀▀▀▀"]
    top, bottom = (next(iter(line)).style for line in lines)
    assert top is not None
    assert bottom is not None
    assert top.color is not None
    assert top.color.get_truecolor() == (255, 0, 0)
    assert bottom.bgcolor is not None
    assert bottom.bgcolor.get_truecolor() == (0, 0, 255)


def test_kitty_sends_once_and_places_by_marks(tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 48), (10, 200, 30))
    strips, transmit, free = kitty.build(image, 8, 3, (10, 20))
    number = transmit.partition("i=")[2].partition(",")[0]
    assert 0 < int(number) < 1 << 24
    assert f"a=p,i={number},c=8,r=3,U=1" in transmit
    assert free == f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"
    assert len(strips) == 3
    assert strips[1].text.count("\U0010eeee") == 8
    assert all(len(part) < 4200 for part in transmit.split("\x1b\\"))


def test_sixel_is_encoded_without_asking_the_terminal() -> None:
    sixel.prepare()
    data = sixel.build(Image.new("RGB", (40, 40), (200, 30, 30)), 4, 2, (10, 20))
    assert data.startswith("\x1bP")
    lines = sixel.strips(data, 4, 2, 5, 6)
    assert len(lines) == 2
    assert "\x1b[7;6H" in lines[-1].text


def test_a_missing_or_broken_picture_is_words(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nonsense")
    for name in ("missing.jpg", "broken.jpg"):
        shown = build(Wish(tmp_path / name, 10, 10), CELLS)
        assert shown.problem


def test_only_the_newest_wish_of_a_slot_is_built(tmp_path: Path) -> None:
    for number in range(20):
        paint(tmp_path / f"{number}.jpg", number)
    delivered: queue.SimpleQueue[tuple[Wish, Shown]] = queue.SimpleQueue()
    pictures = Pictures(CELLS)
    wishes = [Wish(tmp_path / f"{number}.jpg", 20, 10) for number in range(20)]
    for wish in wishes:
        pictures.want("slot", wish, lambda w, s: delivered.put((w, s)))
    wait_until(lambda: pictures.ready(wishes[-1]))
    seen = [delivered.get(timeout=5)]
    while seen[-1][0] != wishes[-1]:
        seen.append(delivered.get(timeout=5))
    assert len(seen) < len(wishes)
    assert seen[-1][1].problem is None
    pictures.close()


def test_graphics_that_are_forgotten_are_freed_in_the_terminal(tmp_path: Path) -> None:
    written: list[str] = []
    pictures = Pictures(Terminal(Mode.KITTY, "a test"), written.append)
    wishes = []
    for number in range(30):
        paint(tmp_path / f"{number}.jpg", number)
        wishes.append(Wish(tmp_path / f"{number}.jpg", 6, 3))
        pictures.want(number, wishes[-1], lambda *_: None)
    wait_until(lambda: sum("a=p" in text for text in written) == 30)
    wait_until(lambda: sum("a=d" in text for text in written) == 6)
    pictures.close()
    assert sum("a=d" in text for text in written) == 30
