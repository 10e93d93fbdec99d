"""The live quote is the plan's to the letter, asks again only what changed, and says what is wrong by row."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.values import JsonObject
from fluxtui.engine import plan as planning
from fluxtui.engine.live_quote import Pricer, Severity
from fluxtui.engine.services import Services

AZURE, BFL, OPENAI = "azure-flux/FLUX-1.1-pro", "bfl/flux-pro-1.1", "openai/gpt-image-2.5-flare"


@pytest.fixture(scope="module")
def services() -> Services:
    return Services.load(sandbox=True)


values: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from(["1024x1024", "1000x1000", "auto", "4096x64"]),
        "steps": st.integers(1, 60),
        "n": st.integers(1, 12),
        "quality": st.sampled_from(["high", "low"]),
        "seed": st.integers(0, 3),
    },
)
drawn_tasks = st.lists(
    st.tuples(st.sampled_from(["a fox", "a fox in {style}", "x" * 40_000]), st.none() | st.just("blur"), values),
    min_size=1,
    max_size=3,
).map(lambda items: tuple(Task(f"t{n}", p, negative, parameters=v) for n, (p, negative, v) in enumerate(items)))
targets = st.lists(
    st.one_of(
        st.sampled_from([AZURE, BFL, OPENAI]).map(Target.parse),
        st.just(replace(Target.parse(BFL), label="twice", parameters={"steps": 4})),
        st.just(replace(Target.parse(AZURE), fallback=(BFL,))),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
axes = st.lists(
    st.sampled_from([Axis("seed", (1, 2, 3)), Axis("style", ("anime", "manga")), Axis("guidance", (2.5, 5))]),
    max_size=2,
    unique_by=lambda axis: axis.name,
).map(tuple)
batches = st.builds(
    Batch, st.just("b"), drawn_tasks, targets, axes, values.filter(lambda v: "n" not in v), st.integers(1, 3)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(batches, min_size=1, max_size=3), st.data())
def test_it_is_the_quote_of_the_plan(services: Services, drawn: list[Batch], data: st.DataObject) -> None:
    pricer = Pricer(services)
    for batch in drawn:
        kept = data.draw(st.booleans())
        batch = replace(batch, tasks=(*drawn[0].tasks[:1], *batch.tasks[1:])) if kept else batch
        live = pricer.quote(batch)
        assert live is not None
        assert live.quote == planning.plan(batch, services).quote


def test_a_keystroke_asks_about_one_task(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch("b", tuple(Task(f"t{n}", "a fox") for n in range(50)), (Target.parse(AZURE), Target.parse(BFL)))
    pricer = Pricer(services)
    pricer.quote(batch)
    asked: list[str] = []
    whole = planning.assessed

    def counted(*arguments: object) -> object:
        asked.append("")
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(planning, "assessed", counted)
    pricer.quote(replace(batch, tasks=(replace(batch.tasks[0], prompt="a fox!"), *batch.tasks[1:])))
    assert len(asked) == 2
    pricer.quote(replace(batch, repeat=3))
    assert len(asked) == 2
    pricer.quote(replace(batch, targets=(*batch.targets, Target.parse(OPENAI))))
    assert len(asked) == 52


def test_what_is_wrong_in_a_row_spoils_that_row_only(services: Services) -> None:
    tasks = (
        Task("good", "a fox"),
        Task("wrong", "a fox", parameters={"steps": "many"}),
        Task("empty", ""),
        Task("negative", "a fox", "blur"),
    )
    live = Pricer(services).quote(Batch("b", tasks, (Target.parse(BFL),)))
    assert live is not None
    assert live.wrong_rows == (1, 2)
    assert live.worst(0) is None
    assert live.worst(3) is Severity.ADAPTED
    assert any("steps" in note.sentence for note in live.of_row(1))
    assert "the prompt is empty" in live.of_row(2)[0].sentence.lower()
    ignored = next(notice for notice in live.notices if notice.severity is Severity.ADAPTED)
    assert ignored.rows == (3,)
    assert live.notices[0].severity is Severity.WRONG


def test_what_concerns_no_row_is_the_problem(services: Services) -> None:
    batch = Batch("b", (Task("t", "a fox"),), (Target.parse("nobody/model"),))
    live = Pricer(services).quote(batch)
    assert live is not None
    assert live.problem is not None
    assert "nobody" in live.problem.what
    large = Batch("b", (Task("t", "a fox"),), (Target.parse(BFL),), (Axis("seed", tuple(range(2000))),), repeat=1000)
    many = Pricer(services).quote(large)
    assert many is not None
    assert many.problem is not None
    assert "2,000,000" in many.problem.what


def test_it_stops_when_it_is_told_to(services: Services) -> None:
    batch = Batch("b", (Task("t", "a fox"),), (Target.parse(BFL),))
    assert Pricer(services).quote(batch, stopped=lambda: True) is None


def test_a_reference_that_appears_is_seen_after_a_while(services: Services, tmp_path: Path) -> None:
    now = [0.0]
    pricer = Pricer(services, clock=lambda: now[0])
    batch = Batch("b", (Task("t", "a fox", references=("fox.png",)),), (Target.parse("bfl/flux-2-pro"),))
    source = str(tmp_path / "batch.yaml")
    first = pricer.quote(batch, source=source)
    assert first is not None
    assert first.worst(0) is Severity.IMPOSSIBLE
    (tmp_path / "fox.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 20)
    now[0] = 10
    later = pricer.quote(batch, source=source)
    assert later is not None
    assert later.worst(0) is not Severity.IMPOSSIBLE
