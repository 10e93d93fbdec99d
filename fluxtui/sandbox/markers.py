"""Markers in a prompt that make the sandbox misbehave for that one picture: `[sandbox:NAME]`, `[sandbox:NAME=VALUE]`.

| marker | what happens |
|---|---|
| `moderate` | the prompt is refused |
| `content-moderate` | the finished picture is refused |
| `error` | the work fails |
| `slow`, `slow=5` | the picture takes `Faults.slow` (or so many) seconds |
| `429`, `429=3`, `429=always` | the first (three, all) submissions of this job are answered 429 |
| `500`, `500=3`, `500=always` | the same with a server error that accepts nothing |
| `refuse`, `refuse=3` ... | the same with a connection that is refused |
| `reset`, `reset=3` ... | accepted and billed, and the connection is cut before the answer |
| `no-image` | success without a picture |
| `html` | a web page where the picture should be |
| `huge` | a picture that does not end (a gigabyte) |
| `bomb` | a small file that unpacks to 400 megapixels |
| `cut` | the first download breaks half way |
| `jpeg` | a JPEG whatever format was asked for |
| `quota`, `quota=3` ... | the first submissions of this job find the money or the day's quota spent |
| `truncate` | a judge's answer is cut off as if its tokens had run out |
| `refuse-answer` | a judge declines to answer |

`moderate=SPELLING` and `content-moderate=SPELLING` choose between the ways in which a service says no, where it has
several: an error code at OpenAI and Azure OpenAI, a block or finish reason at Gemini.
"""

import math
import re

_MARKER = re.compile(r"\[sandbox:\s*([a-z0-9-]+)\s*(?:=\s*([a-z0-9._-]+)\s*)?\]", re.IGNORECASE)


class Markers:
    """The markers of one prompt."""

    __slots__ = ("_found",)

    def __init__(self, prompt: str) -> None:
        self._found: dict[str, str] = {}
        if "[sandbox:" in prompt.lower():
            self._found = {name.lower(): value.lower() for name, value in _MARKER.findall(prompt)}

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def times(self, name: str) -> float:
        """Return how many tries a marker spoils: 0 without it, 1 by default, infinite for `always`."""
        if name not in self._found:
            return 0
        value = self._found[name]
        if value == "always":
            return math.inf
        return int(value) if value.isdigit() else 1

    def value(self, name: str) -> str:
        """Return what was written behind a marker, in lower case; empty without it."""
        return self._found.get(name, "")

    def seconds(self, name: str, default: float) -> float | None:
        """Return the seconds that a marker asks for (`default` without a value), None without the marker."""
        if name not in self._found:
            return None
        try:
            return max(0.0, float(self._found[name]))
        except ValueError:
            return default


def without_markers(prompt: str) -> str:
    """Return the prompt as it should be painted."""
    return _MARKER.sub(" ", prompt).strip()
