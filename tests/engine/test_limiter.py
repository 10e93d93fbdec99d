from hypothesis import given
from hypothesis import strategies as st

from fluxtui.engine.limiter import FIRST, AdaptiveLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_begins_small_and_doubles_while_the_service_accepts() -> None:
    limit = AdaptiveLimit(64, Clock())
    assert limit.value == FIRST
    for _ in range(FIRST):
        limit.accepted()
    assert limit.value == 2 * FIRST


def test_a_complaint_halves_and_pauses_and_the_way_back_is_slow() -> None:
    clock = Clock()
    limit = AdaptiveLimit(64, clock)
    for _ in range(60):
        limit.accepted()
    limit.throttled(5.0)
    assert (limit.value, limit.waits) == (32, 5.0)
    clock.now += 6
    for _ in range(32):
        limit.accepted()
    assert (limit.value, limit.waits) == (32, 0.0) or limit.value == 33


def test_requests_that_were_under_way_together_cut_once() -> None:
    limit = AdaptiveLimit(64, Clock())
    for _ in range(60):
        limit.accepted()
    for _ in range(20):
        limit.throttled(1.0)
    assert limit.value == 32


def test_a_person_may_lower_what_is_allowed_at_once() -> None:
    limit = AdaptiveLimit(64, Clock())
    for _ in range(60):
        limit.accepted()
    limit.allow(3)
    assert limit.value == 3


@given(st.lists(st.sampled_from(["accepted", "throttled", "tick"]), max_size=200), st.integers(1, 300))
def test_it_is_never_below_one_nor_above_what_is_allowed(events: list[str], maximum: int) -> None:
    clock = Clock()
    limit = AdaptiveLimit(maximum, clock)
    for event in events:
        if event == "accepted":
            limit.accepted()
        elif event == "throttled":
            limit.throttled(0.5)
        else:
            clock.now += 2
        assert 1 <= limit.value <= maximum
