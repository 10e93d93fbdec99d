"""Names for new tasks: none twice, a number at the end where one is taken. Pure."""

from collections.abc import Iterable

from fluxtui.domain.text import file_stem

_LONGEST = 200  # characters of a name
_MOST_DIGITS = 6  # a longer number at the end of a name is part of the name


class Names:
    """The names that are taken. What one wish found out is kept for the next: ten thousand are as quick each as one."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._later: dict[tuple[str, int], int] = {}

    def claim(self, wish: str) -> str:
        """Take `wish`, or the next free one with -2, -3 ... behind it; a number at its end counts on."""
        name = wish
        if wish in self._taken:
            stem, number = _counted(wish)
            name = _numbered(stem, self._free(stem, number + 1))
        self._taken.add(name)
        return name

    def _free(self, stem: str, number: int) -> int:
        """Return the first number from `number` on that is free, and let all that were tried lead there."""
        tried = []
        while True:
            later = self._later.get((stem, number))
            if later is None and _numbered(stem, number) not in self._taken:
                break
            tried.append(number)
            number = number + 1 if later is None else later
        for each in (*tried, number):
            self._later[stem, each] = number if each < number else number + 1
        return number


def wish_for(prompt: str) -> str:
    """Return a name made of the first words of a prompt."""
    stem = file_stem(" ".join(prompt[:200].lower().split()[:6]).replace(" ", "-"), limit=48) if prompt.strip() else ""
    return stem or "task"


def _counted(wish: str) -> tuple[str, int]:
    """Return what a name is without the number at its end, and that number; 1 where it has none."""
    stem, dash, digits = wish.rpartition("-")
    counted = bool(dash and stem) and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    if counted and (int(digits) > 1 or digits == "1"):
        return stem, int(digits)
    return wish, int(digits) if counted else 1


def _numbered(stem: str, number: int) -> str:
    return f"{stem[: _LONGEST - 1 - len(str(number))]}-{number}"
