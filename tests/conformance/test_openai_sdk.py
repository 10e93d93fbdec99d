"""OpenAI's own client against the sandbox: plain OpenAI, and Azure OpenAI on both of its paths."""

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from PIL import Image

from tests.conformance.conftest import Open, Town

openai = pytest.importorskip("openai")

Client = Any
Connect = Callable[[Town], Client]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    clients: list[Client] = []

    def make(town: Town, **options: Any) -> Client:
        settings = {"api_key": town["OPENAI_API_KEY"], "base_url": town["OPENAI_BASE_URL"], "max_retries": 0, **options}
        clients.append(openai.AsyncOpenAI(**settings))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
async def azure() -> AsyncIterator[Connect]:
    clients: list[Client] = []

    def make(town: Town, **options: Any) -> Client:
        settings = {
            "azure_endpoint": town["AZURE_OPENAI_ENDPOINT"],
            "api_key": town["AZURE_OPENAI_API_KEY"],
            "api_version": "2025-04-01-preview",
            "max_retries": 0,
            **options,
        }
        clients.append(openai.AsyncAzureOpenAI(**settings))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "png")
    return file.getvalue()


def _size(text: str | None) -> tuple[int, int]:
    assert text
    return Image.open(io.BytesIO(base64.b64decode(text))).size


# -- pictures -----------------------------------------------------------------------------------


async def test_generate(town: Town, connect: Connect) -> None:
    made = await connect(town).images.generate(
        model="gpt-image-2.5-sunburst",
        prompt="a red fox",
        n=2,
        size="1536x1024",
        quality="xhigh",
        background="opaque",
        output_format="webp",
        output_compression=80,
        moderation="low",
    )
    assert [_size(picture.b64_json) for picture in made.data] == [(1536, 1024)] * 2
    assert (made.quality, made.size, made.output_format) == ("xhigh", "1536x1024", "webp")
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    assert (town.summary["collected"], town.summary["violations"]) == (1, 0)


async def test_edit_with_several_pictures(town: Town, connect: Connect) -> None:
    made = await connect(town).images.edit(
        model="gpt-image-2", prompt="make it snow", image=[("a.png", _png()), ("b.png", _png())], size="1024x1024"
    )
    assert _size(made.data[0].b64_json) == (1024, 1024)
    assert made.usage.input_tokens_details.image_tokens > 0


async def test_stream_with_partial_pictures(town: Town, connect: Connect) -> None:
    stream = await connect(town).images.generate(
        model="gpt-image-2", prompt="a fox", stream=True, partial_images=2, size="1024x1024", quality="medium"
    )
    events = [event async for event in stream]
    kinds = [event.type for event in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert events[-1].usage.output_tokens == 1756 + 200


async def test_models_with_their_last_days(town: Town, connect: Connect) -> None:
    models = {model.id: model async for model in connect(town).models.list()}
    assert models["gpt-image-2"].shutdown_date is None
    assert "dall-e-3" not in models
    with pytest.raises(openai.NotFoundError) as caught:
        await connect(town).models.retrieve("gpt-image-9")
    assert caught.value.code == "model_not_found"


async def test_dalle_when_history_is_played(open_town: Open, connect: Connect) -> None:
    town = await open_town(historic=True)
    made = await connect(town).images.generate(model="dall-e-3", prompt="a fox", quality="hd", style="natural")
    assert made.data[0].revised_prompt
    assert made.data[0].url.startswith("http://127.0.0.1:")
    assert made.usage is None


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"model": "dall-e-3"}, "BadRequestError", "invalid_value"),
        ({"model": "gpt-image-9"}, "NotFoundError", "model_not_found"),
        ({"response_format": "b64_json"}, "BadRequestError", "unknown_parameter"),
        ({"size": "4096x4096"}, "BadRequestError", "invalid_value"),
        ({"n": 11}, "BadRequestError", "integer_above_max_value"),
        ({"quality": "hd"}, "BadRequestError", "invalid_value"),
        ({"prompt": "x [sandbox:moderate]"}, "BadRequestError", "moderation_blocked"),
        ({"prompt": "x [sandbox:content-moderate]"}, "BadRequestError", "moderation_blocked"),
        ({"prompt": "x [sandbox:quota]"}, "BadRequestError", "billing_hard_limit_reached"),
        ({"prompt": "x [sandbox:429]"}, "RateLimitError", "rate_limit_exceeded"),
        ({"prompt": "x [sandbox:500]"}, "InternalServerError", None),
        ({"prompt": "x [sandbox:error]"}, "InternalServerError", None),
        ({"prompt": "x [sandbox:reset]"}, "APIConnectionError", None),
        ({"prompt": "x [sandbox:refuse]"}, "APIConnectionError", None),
    ],
)
async def test_failures(town: Town, connect: Connect, options: dict[str, Any], error: str, code: str | None) -> None:
    with pytest.raises(getattr(openai, error)) as caught:
        await connect(town).images.generate(**{"model": "gpt-image-2", "prompt": "a fox", **options})
    assert caught.value.code == code
    if isinstance(caught.value, openai.APIStatusError):
        assert caught.value.request_id.startswith("req_")


async def test_moderation_says_at_which_stage(town: Town, connect: Connect) -> None:
    for marker, stage in (("moderate", "input"), ("content-moderate", "output")):
        with pytest.raises(openai.BadRequestError) as caught:
            await connect(town).images.generate(model="gpt-image-2", prompt=f"[sandbox:{marker}]")
        assert caught.value.body["moderation_details"]["moderation_stage"] == stage


async def test_a_wrong_key_and_an_unverified_organization(
    open_town: Open, town: Town, connect: Callable[..., Client]
) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        await connect(town, api_key="sk-wrong").images.generate(model="gpt-image-2", prompt="a fox")
    assert caught.value.code == "invalid_api_key"
    unverified = await open_town(unverified=True)
    with pytest.raises(openai.PermissionDeniedError, match="must be verified"):
        await connect(unverified).images.generate(model="gpt-image-2", prompt="a fox")


async def test_too_many_pictures_at_once_can_never_succeed(open_town: Open, connect: Connect) -> None:
    town = await open_town(images_per_minute=2)
    with pytest.raises(openai.RateLimitError, match="input-images per min: Limit 2") as caught:
        await connect(town).images.generate(model="gpt-image-2", prompt="a fox", n=3)
    assert caught.value.type == "input-images"
    assert float(caught.value.response.headers["retry-after"]) > 0


async def test_the_clients_retries_pay_twice_for_an_answer_that_is_lost(
    town: Town, connect: Callable[..., Client]
) -> None:
    client = connect(town, max_retries=1)
    await client.images.generate(model="gpt-image-2", prompt="[sandbox:reset]", size="1024x1024", quality="low")
    assert town.summary["duplicates_billed"] == 1


# -- chat ---------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}, "why": {"type": "string"}},
    "required": ["score", "why"],
    "additionalProperties": False,
}


def _question(text: str = "Score it. Prompt: a fox") -> dict[str, Any]:
    url = f"data:image/png;base64,{base64.b64encode(_png()).decode()}"
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    return {
        "model": "gpt-5.4-mini",
        "messages": [{"role": "user", "content": parts}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA},
        },
    }


async def test_a_judge(town: Town, connect: Connect) -> None:
    client = connect(town)
    first = await client.chat.completions.create(**_question())
    again = await client.chat.completions.create(**_question())
    verdict = json.loads(first.choices[0].message.content)
    assert set(verdict) == {"score", "why"}
    assert again.choices[0].message.content == first.choices[0].message.content
    assert first.usage.completion_tokens_details.reasoning_tokens == 32


async def test_a_judge_parsed_into_a_class(town: Town, connect: Connect) -> None:
    from pydantic import BaseModel

    class Verdict(BaseModel):
        score: int
        why: str

    question = {**_question(), "response_format": Verdict}
    parsed = await connect(town).chat.completions.parse(**question)
    assert isinstance(parsed.choices[0].message.parsed, Verdict)
    with pytest.raises(openai.LengthFinishReasonError):
        await connect(town).chat.completions.parse(**question, max_completion_tokens=8)
    with pytest.raises(openai.ContentFilterFinishReasonError):
        await connect(town).chat.completions.parse(
            **{**_question("[sandbox:content-moderate]"), "response_format": Verdict}
        )
    declined = await connect(town).chat.completions.parse(
        **{**_question("[sandbox:refuse-answer]"), "response_format": Verdict}
    )
    assert declined.choices[0].message.refusal


async def test_a_streamed_judge(town: Town, connect: Connect) -> None:
    stream = await connect(town).chat.completions.create(**_question(), stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert set(json.loads("".join(pieces))) == {"score", "why"}


async def test_a_judge_without_quota(town: Town, connect: Connect) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await connect(town).chat.completions.create(**_question("[sandbox:quota]"))
    assert caught.value.code == "insufficient_quota"


# -- Azure --------------------------------------------------------------------------------------


async def test_azure_on_the_classic_path(town: Town, azure: Connect) -> None:
    client = azure(town)
    made = await client.images.generate(model=town["AZURE_OPENAI_DEPLOYMENT_NAME"], prompt="a fox", size="1024x1024")
    assert _size(made.data[0].b64_json) == (1024, 1024)
    assert made.data[0].content_filter_results["violence"]["filtered"] is False
    edited = await client.images.edit(model="sandbox-pictures", prompt="snow", image=("a.png", _png()))
    assert edited.data[0].b64_json
    judged = await client.chat.completions.create(**{**_question(), "model": "sandbox-judge"})
    assert set(json.loads(judged.choices[0].message.content)) == {"score", "why"}


async def test_azure_on_the_path_of_v1_with_the_plain_client(town: Town, connect: Callable[..., Client]) -> None:
    client = connect(town, base_url=f"{town['AZURE_OPENAI_ENDPOINT']}/openai/v1/", api_key=town["AZURE_OPENAI_API_KEY"])
    made = await client.images.generate(model="sandbox-pictures", prompt="a fox", size="1024x1024")
    assert made.data[0].b64_json
    assert town.summary["violations"] == 0


@pytest.mark.parametrize(
    ("prompt", "error", "code"),
    [
        ("[sandbox:moderate=content_policy_violation]", "BadRequestError", "content_policy_violation"),
        ("[sandbox:moderate=contentfilter]", "BadRequestError", "contentFilter"),
        ("[sandbox:moderate=content_filter]", "BadRequestError", "content_filter"),
        ("[sandbox:content-moderate=moderation_blocked]", "BadRequestError", "moderation_blocked"),
        ("[sandbox:moderate=forbidden]", "PermissionDeniedError", "Forbidden"),
        ("[sandbox:429]", "RateLimitError", "429"),
        ("[sandbox:500]", "InternalServerError", "ServiceUnavailable"),
    ],
)
async def test_azure_failures(town: Town, azure: Connect, prompt: str, error: str, code: str) -> None:
    with pytest.raises(getattr(openai, error)) as caught:
        await azure(town).images.generate(model="gpt-image-2", prompt=prompt)
    assert caught.value.code == code
    assert caught.value.response.headers["apim-request-id"]


async def test_azure_with_a_wrong_key_and_a_wrong_deployment(town: Town, azure: Callable[..., Client]) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        await azure(town, api_key="wrong").images.generate(model="gpt-image-2", prompt="a fox")
    assert caught.value.code == "401"
    with pytest.raises(openai.NotFoundError) as missing:
        await azure(town).images.generate(model="nobody-deployed-this", prompt="a fox")
    assert missing.value.code == "DeploymentNotFound"
