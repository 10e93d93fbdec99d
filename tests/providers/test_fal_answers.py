"""fal.ai: pictures and black frames, three kinds of failures, and which of them are final."""

import base64
from typing import Any

import pytest

from fluxtui.domain.jobs import Bill, Pending, Refusal
from fluxtui.domain.money import Micros, usd
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Change
from fluxtui.providers.base import EncodedImage, Images, LinkedImage

from .fal_shapes import BLACK, COMPLETED, ID, LOCKED, PICTURE, QUEUED, RESULT, queue, service, ticket
from .wire import Wire, answering


async def collected(wire: Wire, **more: Any) -> Pending | Images | Refusal:
    return await service().collect(ticket(**more), wire.http)


async def collecting_fails(wire: Wire, **more: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await collected(wire, **more)
    return caught.value


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        ({**QUEUED, "queue_position": 2}, "queued, 2 before it"),
        ({"status": "IN_PROGRESS", "logs": None}, "IN_PROGRESS"),
        ({"status": "SOMETHING_NEW"}, "SOMETHING_NEW"),
    ],
)
async def test_work_under_way(body: dict[str, Any], stage: str) -> None:
    assert await collected(queue(body)) == Pending(None, stage)


async def test_finished_pictures() -> None:
    wire = queue(COMPLETED, RESULT, x_fal_billable_units="2")
    answer = await collected(wire)
    assert isinstance(answer, Images)
    assert [item.url for item in answer.items if isinstance(item, LinkedImage)] == [
        "https://v3.fal.media/files/rabbit/abc123.png",
        "https://v3.fal.media/files/rabbit/def456.png",
    ]
    assert {item.facts.seed for item in answer.items} == {1763412345}
    assert answer.items[0].facts.details == {"duration": 0.3713}
    assert answer.bill == Bill(usd("0.006"))
    assert (answer.adaptations, answer.reply) == ((), None)
    assert [request.url.path.rpartition("/")[2] for request in wire.requests] == ["status", ID]


async def test_all_black_frames_are_a_refusal_and_charged() -> None:
    answer = await collected(queue(COMPLETED, BLACK))
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION
    assert answer.bill == Bill(Micros(6000))
    billed = await collected(queue(COMPLETED, BLACK, x_fal_billable_units="3"))
    assert isinstance(billed, Refusal)
    assert billed.bill == Bill(Micros(9000))


async def test_good_pictures_among_black_frames_are_kept() -> None:
    answer = await collected(queue(COMPLETED, {**RESULT, "has_nsfw_concepts": [True, False]}))
    assert isinstance(answer, Images)
    (item,) = answer.items
    assert isinstance(item, LinkedImage)
    assert "def456" in item.url
    assert answer.adaptations == (Adaptation("n", Change.OBSERVED, 2, 1, "the safety checker blacked out 1"),)


async def test_fewer_pictures_than_asked_for_are_told() -> None:
    answer = await collected(queue(COMPLETED, {"images": [PICTURE], "seed": None}))
    assert isinstance(answer, Images)
    assert [adaptation.given for adaptation in answer.adaptations] == [1]
    assert answer.bill is None


@pytest.mark.parametrize("length", [30, 9000])
async def test_pictures_inside_the_answer_need_no_network(length: int) -> None:
    data = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * (length // 256)
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    answer = await collected(queue(COMPLETED, {"images": [{"url": uri}], "seed": 2**64 - 1}), count=1)
    assert isinstance(answer, Images)
    (item,) = answer.items
    assert isinstance(item, EncodedImage)
    assert base64.b64decode(bytes(item.base64)) == data
    assert item.facts.seed == 2**64 - 1
    assert answer.reply is not None
    answer.reply.release()


async def test_other_models_have_one_image_or_bare_links() -> None:
    for result in ({"image": PICTURE}, {"images": [PICTURE["url"]]}):
        answer = await collected(queue(COMPLETED, result), count=1)
        assert isinstance(answer, Images)
        assert isinstance(answer.items[0], LinkedImage)


@pytest.mark.parametrize("result", [{"images": []}, {"video": {"url": "https://x.example/v.mp4"}}, {"images": [{}]}])
async def test_a_result_without_a_picture_stays_so(result: dict[str, Any]) -> None:
    error = await collecting_fails(queue(COMPLETED, result))
    assert (error.problem.kind, error.permanent) == (ProblemKind.BAD_ANSWER, True)
    assert error.acceptance is Acceptance.YES


POLICY = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}
NO_MEDIA = {"detail": [{"loc": ["body"], "msg": "No media was generated.", "type": "no_media_generated"}]}


@pytest.mark.parametrize("body", [POLICY, NO_MEDIA])
async def test_what_its_filter_withholds_is_a_refusal(body: dict[str, Any]) -> None:
    answer = await collected(queue(COMPLETED, body, 422))
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION


def model_error(kind: str, **more: Any) -> dict[str, Any]:
    return {"detail": [{"loc": ["body", "num_inference_steps"], "msg": "too many", "type": kind, **more}]}


@pytest.mark.parametrize(
    ("status", "body", "kind", "acceptance"),
    [
        (422, model_error("less_than_equal"), ProblemKind.INVALID_REQUEST, Acceptance.YES),
        (422, model_error("file_download_error"), ProblemKind.INVALID_REQUEST, Acceptance.YES),
        (400, model_error("downstream_service_error"), ProblemKind.SERVER_ERROR, Acceptance.YES),
        (500, model_error("internal_server_error"), ProblemKind.SERVER_ERROR, Acceptance.NO),
        (504, model_error("generation_timeout"), ProblemKind.TIMEOUT, Acceptance.NO),
        (503, {"detail": "x", "error_type": "runner_disconnected"}, ProblemKind.SERVER_ERROR, Acceptance.NO),
        (404, {"detail": "Path /nonsense not found"}, ProblemKind.NOT_FOUND, Acceptance.NO),
    ],
)
async def test_the_models_own_failure_is_final(
    status: int, body: dict[str, Any], kind: ProblemKind, acceptance: Acceptance
) -> None:
    error = await collecting_fails(queue(COMPLETED, body, status))
    assert (error.problem.kind, error.acceptance, error.permanent) == (kind, acceptance, True)
    if kind is ProblemKind.INVALID_REQUEST:
        assert "num_inference_steps" in error.problem.what


@pytest.mark.parametrize(
    ("kind", "problem", "acceptance"),
    [
        ("request_timeout", ProblemKind.TIMEOUT, Acceptance.NO),
        ("runner_disconnected", ProblemKind.SERVER_ERROR, Acceptance.NO),
        ("client_cancelled", ProblemKind.SERVER_ERROR, Acceptance.NO),
        ("bad_request", ProblemKind.INVALID_REQUEST, Acceptance.YES),
        (None, ProblemKind.SERVER_ERROR, Acceptance.YES),
    ],
)
async def test_completed_may_mean_failed(kind: str | None, problem: ProblemKind, acceptance: Acceptance) -> None:
    wire = queue({**COMPLETED, "error": "It broke", "error_type": kind})
    error = await collecting_fails(wire)
    assert (error.problem.kind, error.acceptance, error.permanent) == (problem, acceptance, True)
    assert error.problem.cause == "It broke"
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind", "permanent"),
    [
        (503, {"detail": "Service Unavailable"}, ProblemKind.SERVER_ERROR, False),
        (502, b"<html>nginx</html>", ProblemKind.SERVER_ERROR, False),
        (429, {"detail": "slow down"}, ProblemKind.RATE_LIMITED, False),
        (401, {"detail": "no"}, ProblemKind.AUTHENTICATION, False),
        (403, {"detail": LOCKED}, ProblemKind.CREDITS, False),
        (404, {"detail": "Request not found"}, ProblemKind.EXPIRED, True),
        (200, b"<html>", ProblemKind.BAD_ANSWER, False),
    ],
)
async def test_what_stands_before_the_queue_is_not_final(
    status: int, body: Any, kind: ProblemKind, permanent: bool
) -> None:
    for wire in (queue(COMPLETED, body, status), answering(status, body)):
        error = await collecting_fails(wire)
        assert (error.problem.kind, error.permanent, error.acceptance) == (kind, permanent, Acceptance.YES)


async def test_a_result_that_is_not_there_yet() -> None:
    answer = await collected(queue(COMPLETED, {"detail": "Request is still in progress"}, 400))
    assert isinstance(answer, Pending)
