"""How long a service asks to wait: headers in seconds, milliseconds or as a date, and its wording."""

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

QUOTA_WAIT = 3600.0
"""Seconds. Who is asked to wait this long is not too fast: the quota is used up (Azure says 86400)."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT = r"(milliseconds?|ms|seconds?|secs?|minutes?|mins?|hours?|days?|[smhd])(?![a-z])"
_AMOUNT = rf"(?<![\d.])(\d{{1,9}}(?:\.\d{{1,12}})?)\s*{_UNIT}"
_AMOUNTS = re.compile(_AMOUNT, re.IGNORECASE)
_WORDING = re.compile(rf"(?:retry|try again|resets?)\s+(?:after|in)\s+~?((?:{_AMOUNT}[\s,]*)+)", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], message: str = "") -> float | None:
    """Return the seconds to wait, None when the service does not say. `headers` in lower case."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    if (value := headers.get("retry-after")) is not None:
        seconds = _number(value)
        if seconds is None:
            seconds = _until(value, headers.get("date"))
        if seconds is not None:
            return seconds
    wording = _WORDING.search(message)
    return None if wording is None else amount(wording[1])


def amount(text: str) -> float | None:
    """Return the seconds of a duration in words: `31s`, `6m0s`, `2 hours`; None when it is none."""
    found = _AMOUNTS.findall(text)
    return sum(float(number) * _unit(unit) for number, unit in found) if found else None


def _unit(name: str) -> float:
    name = name.lower()
    return _UNITS["ms"] if name.startswith(("ms", "milli")) else _UNITS[name[0]]


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _until(date: str, now: str | None) -> float | None:
    """Return the seconds until an HTTP date, by the service's own clock when it tells the time."""
    try:
        then = parsedate_to_datetime(date).timestamp()
        here = parsedate_to_datetime(now).timestamp() if now else time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, then - here)
