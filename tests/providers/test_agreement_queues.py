"""What fal.ai, Replicate and flux-schnell say beforehand is what the simulated services then really do."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui import sandbox
from fluxtui.domain.jobs import Pending, Refusal
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import catalog, registry
from fluxtui.providers.base import Accepted, CheckState, EncodedImage, Images, Provider
from fluxtui.providers.http import Http, open_client
from fluxtui.sandbox.faults import Faults
from tests.providers.drawing import draw

MODELS = [(service, model) for service in ("fal", "replicate") for model in catalog.service(service).names()]
VIA = [("flux-schnell fal", ""), ("flux-schnell replicate", "")]
OTHERS = [("fal", "fal-ai/aura-flow"), ("fal", "somebody/else/new")]


def provider_of(name: str, **more: str) -> Provider:
    provider_id, _, via = name.partition(" ")
    module = registry.load(provider_id)
    variables = {**sandbox.environment(sandbox.IN_PROCESS), **more}
    if via:
        variables["FLUX_SCHNELL_VIA"] = via
    return module.make(module.SETTINGS.model_validate(variables))


# --- the property ---

VALUES = st.one_of(
    st.booleans(),
    st.integers(-2, 30),
    st.floats(-1, 30).map(lambda number: round(number, 2)),
    st.sampled_from(["3", "none", "v1", "square", "16:9", "7:9", "0.25", "odd"]),
)
NAMES = [
    "safety_tolerance", "enhance_prompt", "raw", "image_prompt_strength", "aspect_ratio", "image_size", "acceleration",
    "enable_safety_checker", "safety_checker_version", "expand_prompt", "go_fast", "megapixels", "output_quality",
    "prompt_upsampling", "prompt_strength", "disable_safety_checker", "sync_mode", "odd",
]  # fmt: skip
REQUESTS = st.builds(
    ImageRequest,
    model=st.just(""),
    prompt=st.just("a fox"),
    negative_prompt=st.none() | st.just("blur"),
    size=st.none() | st.builds(Size, st.integers(1, 2000), st.integers(1, 2000)),
    steps=st.none() | st.integers(-1, 60),
    guidance=st.none() | st.floats(0, 40).map(lambda number: round(number, 2)),
    seed=st.none() | st.integers(0, 2**32),
    count=st.integers(1, 4),
    output_format=st.none() | st.sampled_from(["png", "jpg", "jpeg", "webp"]),
    parameters=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from([*MODELS, *VIA]), REQUESTS)
def test_what_was_assessed_is_what_was_done(choice: tuple[str, str], request: ImageRequest) -> None:
    provider = provider_of(choice[0])
    request = replace(request, model=choice[1])
    assessment = provider.assess(request)
    drawn = asyncio.run(draw(provider, request))
    if assessment.impossible is not None:
        assert isinstance(drawn.answer, ServiceError)
        assert drawn.answer.acceptance is Acceptance.NO
        assert drawn.ledger.submissions == []
        return
    assert isinstance(drawn.answer, Images), drawn.answer
    (submission,) = drawn.ledger.submissions
    adapted = {adaptation.parameter: adaptation for adaptation in assessment.adaptations}
    assert len(drawn.pictures) == min(request.count, provider.max_count(request.model))
    assert ("n" in adapted) == (request.count > provider.max_count(request.model))
    assert "seed" not in adapted
    assert drawn.answer.adaptations == ()
    for size, image_format, facts in drawn.pictures:
        assert assessment.expected_size in (None, size)
        if request.size is not None and "size" not in adapted and "aspect_ratio" not in adapted:
            assert size == request.size
        if request.output_format is not None:
            expected = adapted["output_format"].given if "output_format" in adapted else request.output_format
            assert image_format == str(expected).replace("jpg", "jpeg")
        assert request.seed in (None, facts.seed)
        assert facts.seed is not None
    assert assessment.price.known
    assert assessment.price.low <= submission.cost_micros <= assessment.price.high
    if drawn.answer.bill is not None:
        assert drawn.answer.bill.amount == submission.cost_micros
    assert drawn.ledger.summary()["violations"] == 0


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(OTHERS), REQUESTS)
def test_models_that_nobody_knows_are_passed_on(choice: tuple[str, str], request: ImageRequest) -> None:
    parameters = {name: request.parameters[name] for name in ("odd", "raw") if name in request.parameters}
    steps = max(1, request.steps) if request.steps is not None else None
    request = replace(request, model=choice[1], parameters=parameters, steps=steps, count=1)
    provider = provider_of(choice[0])
    assessment = provider.assess(request)
    assert not assessment.price.known
    assert any("not in the catalog" in note for note in assessment.notes)
    drawn = asyncio.run(draw(provider, request))
    assert isinstance(drawn.answer, Images), drawn.answer
    ((size, _, facts),) = drawn.pictures
    assert request.size in (None, size)
    assert request.seed in (None, facts.seed)


# --- how it ends ---

CASES = [("fal", "fal-ai/flux/dev"), ("replicate", "black-forest-labs/flux-dev"), *VIA]
cases = pytest.mark.parametrize(("name", "model"), CASES)


@cases
async def test_checking_and_violations(name: str, model: str) -> None:
    simulated = sandbox.Sandbox(faults=Faults.none())
    client = open_client(sandbox.transport(simulated))
    assert (await provider_of(name).check(Http(client))).state is CheckState.OK
    keys = {"FAL_AI_API_KEY": "canary:wrong", "REPLICATE_API_TOKEN": "canary-wrong"}
    wrong = await provider_of(name, **keys).check(Http(client))
    assert wrong.state is CheckState.PROBLEM
    assert "canary" not in wrong.message
    assert simulated.ledger.submissions == []
    await client.aclose()


@cases
@pytest.mark.parametrize("marker", ["moderate", "content-moderate"])
async def test_refusals(name: str, model: str, marker: str) -> None:
    drawn = await draw(provider_of(name), ImageRequest(model, f"a fox [sandbox:{marker}]"))
    assert isinstance(drawn.answer, Refusal)
    assert drawn.answer.problem.kind is ProblemKind.MODERATION
    (submission,) = drawn.ledger.submissions
    billed = submission.cost_micros if submission.outcome == "billed-moderated" else 0
    assert (drawn.answer.bill.amount if drawn.answer.bill else 0) == billed


async def test_some_black_frames_cost_only_themselves() -> None:
    request = ImageRequest("fal-ai/flux/schnell", "a fox [sandbox:content-moderate=1]", count=3)
    drawn = await draw(provider_of("fal"), request)
    assert isinstance(drawn.answer, Images)
    assert len(drawn.pictures) == 2
    (said,) = drawn.answer.adaptations
    assert (said.parameter, said.change, said.asked, said.given) == ("n", Change.OBSERVED, 3, 2)


@cases
@pytest.mark.parametrize(
    ("marker", "faults", "kind", "acceptance"),
    [
        ("429", {}, ProblemKind.RATE_LIMITED, Acceptance.NO),
        ("refuse", {}, ProblemKind.NETWORK, Acceptance.NO),
        ("reset", {}, ProblemKind.NETWORK, Acceptance.MAYBE),
        ("", {"rate_5xx_after": 1.0}, ProblemKind.SERVER_ERROR, Acceptance.MAYBE),
        ("", {"credits": 0.0}, ProblemKind.CREDITS, Acceptance.NO),
        ("", {"key": "another:key"}, ProblemKind.AUTHENTICATION, Acceptance.NO),
    ],
)
async def test_submissions_that_fail(
    name: str, model: str, marker: str, faults: dict[str, Any], kind: ProblemKind, acceptance: Acceptance
) -> None:
    drawn = await draw(provider_of(name), ImageRequest(model, f"a fox [sandbox:{marker}]"), **faults)
    assert isinstance(drawn.answer, ServiceError)
    assert (drawn.answer.problem.kind, drawn.answer.acceptance) == (kind, acceptance)
    accepted = any(submission.accepted for submission in drawn.ledger.submissions)
    assert accepted == (acceptance is Acceptance.MAYBE)


@cases
async def test_server_errors_prove_what_they_prove(name: str, model: str) -> None:
    for number in range(8):
        drawn = await draw(provider_of(name), ImageRequest(model, "a fox [sandbox:500]", seed=number))
        assert isinstance(drawn.answer, ServiceError)
        assert drawn.answer.problem.kind is ProblemKind.SERVER_ERROR
        proved = "fal" in name and drawn.answer.problem.http_status == 503
        assert drawn.answer.acceptance is (Acceptance.NO if proved else Acceptance.MAYBE)


@cases
async def test_work_that_fails_costs_nothing_for_certain_at_fal(name: str, model: str) -> None:
    for number in range(8):
        drawn = await draw(provider_of(name), ImageRequest(model, "a fox [sandbox:error]", seed=number))
        assert isinstance(drawn.answer, ServiceError)
        assert (drawn.answer.problem.kind, drawn.answer.permanent) == (ProblemKind.SERVER_ERROR, True)
        assert drawn.answer.acceptance is (Acceptance.NO if "fal" in name else Acceptance.YES)
        assert drawn.ledger.billed_micros() == 0


@cases
async def test_success_without_a_picture(name: str, model: str) -> None:
    drawn = await draw(provider_of(name), ImageRequest(model, "a fox [sandbox:no-image]"))
    assert isinstance(drawn.answer, ServiceError)
    assert (drawn.answer.problem.kind, drawn.answer.permanent) == (ProblemKind.BAD_ANSWER, True)


@pytest.mark.parametrize(
    ("name", "model"), [("fal", "fal-ai/flux/nonsense"), ("replicate", "stability-ai/sdxl"), ("fal", "fal-ai/nobody")]
)
async def test_models_that_do_not_exist(name: str, model: str) -> None:
    drawn = await draw(provider_of(name), ImageRequest(model, "a fox"))
    assert isinstance(drawn.answer, ServiceError)
    assert (drawn.answer.problem.kind, drawn.answer.permanent) == (ProblemKind.NOT_FOUND, True)
    assert drawn.answer.acceptance is Acceptance.NO


@cases
async def test_cancelling_stops_what_waits(name: str, model: str) -> None:
    simulated = sandbox.Sandbox(faults=Faults.none())
    client = open_client(sandbox.transport(simulated))
    http, provider = Http(client), provider_of(name)
    answer = await provider.submit(ImageRequest(model, "a fox [sandbox:slow=60]"), http)
    assert isinstance(answer, Accepted)
    assert isinstance(await provider.collect(answer.ticket, http), Pending)
    assert await provider.cancel(answer.ticket, http)
    with pytest.raises(ServiceError) as caught:
        await provider.collect(answer.ticket, http)
    assert caught.value.permanent
    assert not await provider.cancel(answer.ticket, http) or "replicate" in name
    assert simulated.ledger.billed_micros() == 0
    await client.aclose()


async def test_pictures_inside_the_answer_are_never_downloaded() -> None:
    request = ImageRequest("fal-ai/flux/dev", "a fox", parameters={"sync_mode": True}, count=2)
    drawn = await draw(provider_of("fal"), request)
    assert isinstance(drawn.answer, Images)
    assert all(isinstance(item, EncodedImage) for item in drawn.answer.items)
    assert len(drawn.pictures) == 2


async def test_an_answer_without_end_is_given_up_for_good() -> None:
    request = ImageRequest("fal-ai/flux/dev", "a fox [sandbox:huge]", parameters={"sync_mode": True})
    drawn = await draw(provider_of("fal"), request)
    assert isinstance(drawn.answer, ServiceError)
    assert (drawn.answer.problem.kind, drawn.answer.permanent) == (ProblemKind.BAD_ANSWER, True)


@pytest.mark.parametrize(("name", "model"), [("replicate", "stability-ai/sdxl")])
async def test_a_model_by_its_version(name: str, model: str) -> None:
    from fluxtui.sandbox.replicate_models import MODELS as THEIRS

    request = ImageRequest(f"{model}:{THEIRS[model].version}", "a fox", size=Size(640, 512), seed=4, guidance=7.5)
    drawn = await draw(provider_of(name), request)
    ((size, _, facts),) = drawn.pictures
    assert (size, facts.seed) == (Size(640, 512), 4)
