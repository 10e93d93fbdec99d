"""Jobs in groups that fold: which line of a table is a heading, and which a job. Pure.

The lines are one array, so 100,000 of them are a memory copy: a job's id, or for a heading the
negative number of its group counted from one.
"""

from array import array
from collections.abc import Container, Mapping
from dataclasses import dataclass


class Grouping:
    """The groups of a table in order, with the jobs of each."""

    def __init__(self, members: "Mapping[str, array[int]]") -> None:
        self.names = tuple(members)
        self._members = tuple(members.values())
        self._headings = {name: -(index + 1) for index, name in enumerate(self.names)}

    @property
    def job_count(self) -> int:
        return sum(map(len, self._members))

    def lines(self, folded: Container[str] = ()) -> "array[int]":
        """Return headings and jobs, without the jobs of folded groups."""
        found: array[int] = array("q")
        for index, (name, members) in enumerate(zip(self.names, self._members, strict=True)):
            found.append(-(index + 1))
            if name not in folded:
                found.extend(members)
        return found

    def headings(self) -> "array[int]":
        """Return the lines when every group is folded."""
        return array("q", range(-1, -len(self.names) - 1, -1))

    def name_of(self, line: int) -> str:
        """Return the group of a heading."""
        return self.names[-line - 1]

    def heading_of(self, name: str) -> int | None:
        """Return the line of a group's heading, None when there is no such group (any more)."""
        return self._headings.get(name)

    def members(self, name: str) -> "array[int]":
        return self._members[-self._headings[name] - 1]

    def group_of(self, job_id: int) -> str | None:
        """Return the group that a job is in."""
        return next((name for name, members in zip(self.names, self._members, strict=True) if job_id in members), None)


@dataclass(frozen=True, slots=True)
class Grouped:
    """What was read for a table in groups: the groups, and the lines when some of them are folded."""

    grouping: Grouping
    folded: frozenset[str]
    lines: "array[int]"

    @classmethod
    def of(cls, members: "Mapping[str, array[int]]", folded: frozenset[str]) -> "Grouped":
        grouping = Grouping(members)
        return cls(grouping, folded, grouping.lines(folded))


class JobOrder:
    """The lines of a table, flat or in groups. A line is known by its job's id or its group's name."""

    def __init__(self) -> None:
        self.lines: array[int] = array("q")
        self.grouping: Grouping | None = None
        self.folded: set[str] = set()

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def job_count(self) -> int:
        """How many jobs there are, whether their group is folded or not."""
        return len(self.lines) if self.grouping is None else self.grouping.job_count

    def clear(self) -> None:
        self.lines, self.grouping = array("q"), None
        self.folded = set()

    def take(self, reading: "array[int] | Grouped") -> None:
        """Take what was read anew."""
        if isinstance(reading, Grouped):
            self.lines, self.grouping = reading.lines, reading.grouping
            if self.folded != reading.folded:  # folded otherwise while it was being read
                self.lines = self.grouping.lines(self.folded)
        else:
            self.lines, self.grouping = reading, None

    def jobs(self) -> "array[int]":
        """Return every job in order, those of folded groups among them."""
        if self.grouping is None:
            return self.lines
        whole = self.grouping.lines() if self.folded else self.lines
        return array("q", (line for line in whole if line > 0))

    def identity(self, index: int) -> int | str | None:
        """Return the job id or the group's name at `index`, None when there is no such line."""
        if not 0 <= index < len(self.lines):
            return None
        line = self.lines[index]
        return line if line > 0 or self.grouping is None else self.grouping.name_of(line)

    def find(self, identity: int | str | None) -> int | None:
        """Return where a job or a group's heading stands now, None when it is not shown."""
        if isinstance(identity, str):
            identity = None if self.grouping is None else self.grouping.heading_of(identity)
        if identity is None:
            return None
        try:
            return self.lines.index(identity)
        except ValueError:
            return None

    def first_job(self, identity: int | str | None) -> int:
        """Return a job itself, or the first of a group; of none, the first of all. There must be one."""
        if isinstance(identity, str) and self.grouping is not None:
            return self.grouping.members(identity)[0]
        return identity if isinstance(identity, int) else self.jobs()[0]

    def group_at(self, index: int) -> str | None:
        """Return the group that the line at `index` belongs to, None without groups."""
        identity = self.identity(index)
        if self.grouping is None or identity is None:
            return None
        return identity if isinstance(identity, str) else self.grouping.group_of(identity)

    def toggle(self, name: str) -> int | None:
        """Fold a group, or unfold it; returns where its heading stands."""
        at = self.find(name)
        if at is None or self.grouping is None:
            return None
        members = self.grouping.members(name)
        if name in self.folded:
            self.folded.discard(name)
            self.lines[at + 1 : at + 1] = members
        else:
            self.folded.add(name)
            del self.lines[at + 1 : at + 1 + len(members)]
        return at

    def toggle_all(self) -> None:
        """Unfold every group where all are folded, else fold all."""
        if self.grouping is None:
            return
        if self.folded.issuperset(self.grouping.names):
            self.folded = set()
            self.lines = self.grouping.lines()
        else:
            self.folded = set(self.grouping.names)
            self.lines = self.grouping.headings()
