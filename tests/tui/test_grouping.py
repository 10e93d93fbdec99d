"""Groups that fold: whatever is folded and read anew, every job is there once and the cursor's line is found."""

from array import array

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fluxtui.tui.grouping import Grouped, Grouping, JobOrder

NAMES = st.lists(st.text(max_size=3), min_size=1, max_size=6, unique=True)
SIZES = st.lists(st.integers(1, 5), min_size=6, max_size=6)


def members(names: list[str], sizes: list[int]) -> dict[str, "array[int]"]:
    found: dict[str, array[int]] = {}
    first = 1
    for name, size in zip(names, sizes, strict=False):
        found[name] = array("q", range(first, first + size))
        first += size
    return found


@given(NAMES, SIZES, st.data())
def test_lines_hold_every_heading_and_every_job_of_open_groups_once(
    names: list[str], sizes: list[int], data: st.DataObject
) -> None:
    groups = members(names, sizes)
    folded = data.draw(st.sets(st.sampled_from(names)))
    grouping = Grouping(groups)
    lines = list(grouping.lines(folded))
    assert len(lines) == len(set(lines))
    assert [grouping.name_of(line) for line in lines if line < 0] == names
    wanted = [job for name in names if name not in folded for job in groups[name]]
    assert [line for line in lines if line > 0] == wanted
    for name, jobs in groups.items():
        assert all(grouping.group_of(job) == name for job in jobs)
        if name not in folded:
            at = lines.index(grouping.heading_of(name) or 0)
            assert lines[at + 1 : at + 1 + len(jobs)] == list(jobs)


class Folding(RuleBasedStateMachine):
    """A person folds and unfolds while the order is read again and again."""

    @initialize(names=NAMES, sizes=SIZES)
    def begin(self, names: list[str], sizes: list[int]) -> None:
        self.order = JobOrder()
        self.groups = members(names, sizes)
        self.order.take(self.read(frozenset()))

    def read(self, folded: frozenset[str]) -> Grouped:
        return Grouped.of(self.groups, folded)

    @rule(data=st.data())
    def toggle(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.groups)))
        at = self.order.toggle(name)
        assert at is not None
        assert self.order.identity(at) == name

    @rule()
    def toggle_all(self) -> None:
        self.order.toggle_all()

    @rule(data=st.data())
    def read_anew(self, data: st.DataObject) -> None:
        """What is read was asked for with other folds: those of now count."""
        before = {name for name in self.groups if name in self.order.folded}
        asked = data.draw(st.frozensets(st.sampled_from(sorted(self.groups))))
        self.order.take(self.read(asked))
        assert {name for name in self.groups if name in self.order.folded} == before

    @rule(data=st.data())
    def a_job_goes_to_another_group(self, data: st.DataObject) -> None:
        source = data.draw(st.sampled_from(sorted(self.groups)))
        target = data.draw(st.sampled_from(sorted(self.groups)))
        if len(self.groups[source]) > 1:
            self.groups[target].append(self.groups[source].pop())
        self.order.take(self.read(frozenset(self.order.folded)))

    @invariant()
    def every_job_is_there_once(self) -> None:
        jobs = [job for jobs in self.groups.values() for job in jobs]
        assert list(self.order.jobs()) == jobs
        assert self.order.job_count == len(jobs)
        shown = [job for name, jobs in self.groups.items() if name not in self.order.folded for job in jobs]
        assert [line for line in self.order.lines if line > 0] == shown

    @invariant()
    def every_line_is_found_by_what_it_is(self) -> None:
        for index in range(len(self.order)):
            assert self.order.find(self.order.identity(index)) == index
            name = self.order.group_at(index)
            assert name in self.groups
            assert self.order.first_job(name) == self.groups[name][0]


TestFolding = Folding.TestCase


def test_a_flat_order_has_no_groups() -> None:
    order = JobOrder()
    order.take(array("q", [3, 1, 2]))
    assert list(order.jobs()) == [3, 1, 2]
    assert order.group_at(0) is None
    assert order.toggle("a") is None
    order.toggle_all()
    assert order.find(1) == 1
    assert order.find(9) is None
    assert order.identity(3) is None
