"""What a measured process says about itself, as one line of JSON on standard output."""

import json
import resource
import sys
from dataclasses import asdict, dataclass

POLL = 0.05
"""Seconds before the first poll and at least between polls, on both sides: short, so that the client is
measured and not the waiting that a service asks for."""

SLOWER = 1.3
"""Each further poll waits this much longer, as the runner's do."""


@dataclass(frozen=True, slots=True)
class Side:
    """One measured process. `seconds` from the first request to the last picture; the rest is the process's own."""

    jobs: int
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return self.jobs / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU a job, in user mode and in the kernel."""
        return 1000 * self.cpu_seconds / self.jobs


def cpu() -> float:
    """Return the CPU seconds that this process has used, all threads, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_rss_mb() -> float:
    """Return the most memory that this process ever had resident, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def report(side: Side) -> None:
    print(json.dumps(asdict(side)), flush=True)


def read(line: str) -> Side:
    """Return what another process reported. Raises ValueError when it reported nothing."""
    return Side(**json.loads(line))
