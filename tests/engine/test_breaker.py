from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.problems import ProblemKind
from fluxtui.engine.breaker import FIRST_REST, LONGEST_REST, MOST_IN_A_ROW, Breaker, Circuit
from tests.engine.test_limiter import Clock


def _opened() -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(MOST_IN_A_ROW):
        breaker.failed(ProblemKind.SERVER_ERROR)
    return breaker, clock


def test_it_opens_after_several_troubles_in_a_row_and_sends_nothing() -> None:
    breaker, _ = _opened()
    assert (breaker.state, breaker.room(0), breaker.waits) == (Circuit.OPEN, 0, FIRST_REST)


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = Breaker(Clock())
    for _ in range(5 * MOST_IN_A_ROW):
        breaker.failed(ProblemKind.NETWORK)
        breaker.succeeded()
    assert breaker.state is Circuit.CLOSED


def test_after_its_rest_it_lets_one_probe_through() -> None:
    breaker, clock = _opened()
    clock.now += FIRST_REST
    assert (breaker.state, breaker.room(0), breaker.room(1)) == (Circuit.HALF_OPEN, 1, 0)
    breaker.succeeded()
    assert breaker.state is Circuit.CLOSED


def test_a_probe_that_fails_opens_it_for_twice_as_long() -> None:
    breaker, clock = _opened()
    clock.now += FIRST_REST
    assert breaker.failed(ProblemKind.NETWORK)
    assert breaker.waits == 2 * FIRST_REST


def test_answers_that_blame_the_request_are_no_trouble() -> None:
    breaker = Breaker(Clock())
    for _ in range(50):
        breaker.failed(ProblemKind.INVALID_REQUEST)
        breaker.failed(ProblemKind.RATE_LIMITED)
    assert breaker.state is Circuit.CLOSED


@given(st.lists(st.sampled_from(["ok", *sorted(ProblemKind)]) | st.floats(0, 400)))
def test_it_always_lets_somebody_through_in_the_end(events: list[str | float]) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for event in events:
        if isinstance(event, float):
            clock.now += event
        elif event == "ok":
            breaker.succeeded()
        else:
            breaker.failed(ProblemKind(event))
        assert breaker.waits <= LONGEST_REST
    clock.now += LONGEST_REST
    assert breaker.room(0) >= 1
