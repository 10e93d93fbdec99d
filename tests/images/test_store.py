"""The store: what it accepts, how it names, what a crash leaves."""

import base64
import errno
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.problems import ProblemKind
from fluxtui.images import disk
from fluxtui.images.store import DiskProblem, NotAnImage, open_checked, save, save_base64, sweep
from tests.images.pictures import picture, png_header, webp_header

KINDS = [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("GIF", "gif")]


@pytest.mark.parametrize(("kind", "extension"), KINDS)
def test_the_extension_and_the_facts_come_from_the_bytes(tmp_path: Path, kind: str, extension: str) -> None:
    data = picture(kind)
    saved = save(data, tmp_path / "run" / "bfl" / "robot flux-pro-1.1")
    assert saved.path == tmp_path / "run" / "bfl" / f"robot flux-pro-1.1.{extension}"
    assert saved.path.read_bytes() == data
    assert (saved.width, saved.height, saved.size_bytes) == (40, 30, len(data))
    assert saved.sha256 == hashlib.sha256(data).hexdigest()
    assert saved.format.extension == extension
    assert [path.name for path in saved.path.parent.iterdir()] == [saved.path.name]  # no temporary left


def test_the_same_bytes_again_are_the_same_file(tmp_path: Path) -> None:
    first = save(picture(), tmp_path / "robot")
    second = save(picture(), tmp_path / "robot")
    assert second.path == first.path
    assert (first.reused, second.reused) == (False, True)
    assert len(list(tmp_path.iterdir())) == 1


def test_other_bytes_never_overwrite_and_still_do_not_pile_up(tmp_path: Path) -> None:
    first = save(picture(colour="red"), tmp_path / "robot")
    before = first.path.read_bytes()
    second, again = (save(picture(colour="blue"), tmp_path / "robot") for _ in range(2))
    assert second.path.name == "robot-2.png"
    assert again.path == second.path
    assert first.path.read_bytes() == before
    assert save(picture(colour="green"), tmp_path / "robot").path.name == "robot-3.png"


def test_another_format_of_the_same_stem_stands_beside(tmp_path: Path) -> None:
    png, jpeg = save(picture("PNG"), tmp_path / "robot"), save(picture("JPEG"), tmp_path / "robot")
    assert {png.path.name, jpeg.path.name} == {"robot.png", "robot.jpg"}


def test_threads_that_race_for_one_name_all_keep_their_picture(tmp_path: Path) -> None:
    pictures = [picture(size=(10 + index, 10)) for index in range(24)]
    with ThreadPoolExecutor(4) as pool:
        saved = list(pool.map(lambda data: save(data, tmp_path / "new" / "robot"), pictures))
    assert len({item.path for item in saved}) == 24
    assert [item.path.read_bytes() for item in saved] == pictures


def test_without_hard_links_the_name_is_claimed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    first, second = (save(picture(colour=colour), tmp_path / "robot") for colour in ("red", "blue"))
    assert (first.path.name, second.path.name) == ("robot.png", "robot-2.png")
    assert save(picture(colour="red"), tmp_path / "robot").reused
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_a_picture_that_was_cut_off_is_refused(tmp_path: Path, kind: str) -> None:
    data = picture(kind, (300, 200))
    for keep in (len(data) - 3, len(data) // 2, 40, 13):
        with pytest.raises(NotAnImage) as caught:
            save(data[:keep], tmp_path / "robot")
        assert caught.value.problem.kind is ProblemKind.BAD_ANSWER
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "0 bytes"),
        (b'{"error": {"message": "quota\\u001b[31m used up"}}', '{"error": {"message": "quota'),
        (b"<!doctype html><style>p{}</style><h1>502 Bad&nbsp;Gateway</h1>", "502 Bad Gateway"),
        (b"\xef\xbb\xbfservice \x1b[31munavailable\x07", "service unavailable"),
        (b"<svg xmlns='x'><text>no raster</text></svg>", "no raster"),
        (bytes(range(128, 200)), "80 81 82"),
    ],
)
def test_what_came_instead_is_shown_plainly(tmp_path: Path, data: bytes, shown: str) -> None:
    with pytest.raises(NotAnImage) as caught:
        save(data, tmp_path / "robot")
    detail = caught.value.problem.detail or ""
    assert shown in detail
    assert "\x1b" not in str(caught.value)
    assert len(detail) <= 300


@pytest.mark.parametrize("data", [png_header(20_000, 20_000), webp_header(16_000, 16_000)])
def test_a_header_with_too_many_pixels_is_refused_before_decoding(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NotAnImage, match="megapixels"):
        save(data, tmp_path / "bomb")


def test_pixels_below_the_cap_pass_without_a_warning() -> None:
    with open_checked(png_header(9_999, 9_999)) as image:  # above what makes Pillow warn
        assert image.size == (9_999, 9_999)


@given(st.sampled_from([kind for kind, _ in KINDS]), st.binary(max_size=200), st.integers(0, 64))
def test_garbage_behind_a_true_beginning_is_never_another_error(kind: str, tail: bytes, keep: int) -> None:
    try:
        open_checked(picture(kind)[:keep] + tail).close()
    except NotAnImage:
        pass


class TestBase64:
    def test_a_view_into_a_body_is_decoded(self, tmp_path: Path) -> None:
        encoded = base64.b64encode(picture())
        body = b'{"b64_json":"' + encoded + b'"}'
        assert save_base64(memoryview(body)[13:-2], tmp_path / "robot").path.read_bytes() == picture()

    @pytest.mark.parametrize(
        "twist",
        [
            lambda text: b"data:image/png;base64," + text,
            lambda text: text.rstrip(b"="),
            lambda text: text.replace(b"/", b"\\/"),
            lambda text: b"\\r\\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
            lambda text: b"\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + b"\n",
            lambda text: text.replace(b"+", b"-").replace(b"/", b"_"),
        ],
    )
    def test_the_usual_variations_are_understood(self, tmp_path: Path, twist: "object") -> None:
        assert callable(twist)
        data = picture("JPEG", (64, 64)) if tmp_path else b""
        assert save_base64(twist(base64.b64encode(data)), tmp_path / "robot").path.read_bytes() == data

    @pytest.mark.parametrize("text", [b"not base64 at all!", b"<html>Sorry</html>", b"A", "Straße".encode()])
    def test_anything_else_is_a_problem_that_shows_it(self, tmp_path: Path, text: bytes) -> None:
        with pytest.raises(NotAnImage, match="base64"):
            save_base64(text, tmp_path / "robot")

    def test_nothing_is_no_picture(self, tmp_path: Path) -> None:
        with pytest.raises(NotAnImage, match="empty"):
            save_base64(b"", tmp_path / "robot")


class TestDisk:
    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (errno.ENOSPC, "disk is full"),
            (errno.EACCES, "may not write"),
            (errno.EROFS, "read-only"),
            (errno.EDQUOT, "quota"),
            (errno.EIO, "reported an error"),
        ],
    )
    def test_what_the_system_says_becomes_advice(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
    ) -> None:
        def fail(*_: object) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "write", fail)
        with pytest.raises(DiskProblem, match=words) as caught:
            save(picture(), tmp_path / "robot")
        monkeypatch.undo()
        assert caught.value.problem.kind is ProblemKind.DISK
        assert caught.value.problem.advice
        assert caught.value.errno == number
        assert not list(tmp_path.iterdir())

    def test_a_name_beyond_what_the_file_system_takes(self, tmp_path: Path) -> None:
        with pytest.raises(DiskProblem, match="too long"):
            save(picture(), tmp_path / ("x" * 300))
        assert not list(tmp_path.iterdir())

    def test_a_file_where_a_folder_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("in the way")
        with pytest.raises(DiskProblem, match="stands where a folder is needed"):
            save(picture(), tmp_path / "run" / "bfl" / "robot")

    def test_a_short_write_goes_on(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        true_write = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: true_write(descriptor, bytes(data[:7])))
        assert save(picture(), tmp_path / "robot").path.read_bytes() == picture()

    def test_file_and_folder_are_synced_around_the_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        steps: list[str] = []
        true_sync, true_link = os.fsync, Path.hardlink_to

        def sync(descriptor: int) -> None:
            true_sync(descriptor)
            steps.append("folder" if os.path.isdir(f"/dev/fd/{descriptor}") else "file")  # noqa: PTH112

        def link(path: Path, target: Path) -> None:
            steps.append("name")
            true_link(path, target)

        monkeypatch.setattr(os, "fsync", sync)
        monkeypatch.setattr(Path, "hardlink_to", link)
        save(picture(), tmp_path / "robot")
        assert steps == ["file", "name", "folder"]


class TestSweep:
    def test_a_killed_writer_leaves_only_what_the_sweep_takes(self, tmp_path: Path) -> None:
        script = (
            "import os, signal, sys\n"
            "from pathlib import Path\n"
            "from fluxtui.images import disk\n"
            "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
            "disk.write_new(b'x' * 5000, Path(sys.argv[1]), 'robot', 'png')\n"
        )
        folder = tmp_path / "run" / "bfl"
        folder.mkdir(parents=True)
        result = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
        assert result.returncode == -9
        (leftover,) = folder.iterdir()
        assert leftover.name.startswith(".fluxtui-")
        save(picture(), folder / "kept")
        (folder / ".fluxtui-notes.part").write_text("someone else's")
        assert sweep(tmp_path) == 1
        assert {path.name for path in folder.iterdir()} == {"kept.png", ".fluxtui-notes.part"}

    def test_what_is_being_written_now_stays(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        found: list[int] = []
        true_sync = os.fsync

        def sync(descriptor: int) -> None:
            true_sync(descriptor)
            found.append(sweep(tmp_path))

        monkeypatch.setattr(os, "fsync", sync)
        assert save(picture(), tmp_path / "robot").path.exists()
        assert found == [0, 0]

    def test_leftovers_of_an_earlier_process_with_our_pid_go_and_of_living_ones_stay(self, tmp_path: Path) -> None:
        ours = tmp_path / f".fluxtui-{os.getpid()}-00000000-1.part"
        other = tmp_path / f".fluxtui-{os.getppid()}-00000000-1.part"
        for path in (ours, other):
            path.touch()
        assert sweep(tmp_path) == 1
        assert [path.name for path in tmp_path.iterdir()] == [other.name]

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        assert disk.sweep(tmp_path / "nowhere") == 0
