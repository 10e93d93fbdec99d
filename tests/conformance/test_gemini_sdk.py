"""Google's own client against the sandbox's Gemini."""

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from PIL import Image

from tests.conformance.conftest import Open, Town

genai = pytest.importorskip("google.genai")

# The client subclasses aiohttp's session, which aiohttp discourages.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

Client = Any
Connect = Callable[..., Client]
JUDGE = "gemini-3.8-flash"


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    clients: list[Client] = []

    def make(town: Town, **options: Any) -> Client:
        http = genai.types.HttpOptions(base_url=town["GEMINI_API_URL"])
        settings = {"api_key": town["GEMINI_API_KEY"], "http_options": http, **options}
        clients.append(genai.Client(**settings))
        return clients[-1].aio

    yield make
    for client in clients:
        await client.aio.aclose()
        client.close()


def _picture() -> Any:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "png")
    return genai.types.Part.from_bytes(data=file.getvalue(), mime_type="image/png")


def _config(**options: Any) -> Any:
    return genai.types.GenerateContentConfig(**options)


SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}, "why": {"type": "string"}},
    "required": ["score", "why"],
}


async def test_a_judge_with_googles_schema(town: Town, connect: Connect) -> None:
    from pydantic import BaseModel

    class Verdict(BaseModel):
        score: int
        why: str

    config = _config(
        response_mime_type="application/json",
        response_schema=Verdict,
        system_instruction="You judge pictures.",
        thinking_config=genai.types.ThinkingConfig(thinking_level="LOW"),
        max_output_tokens=2048,
    )
    answer = await connect(town).models.generate_content(
        model="gemini-3.7-flash", contents=[_picture(), "Prompt: a fox"], config=config
    )
    assert isinstance(answer.parsed, Verdict)
    assert answer.model_version == JUDGE
    assert answer.usage_metadata.thoughts_token_count == 64
    assert town.summary["violations"] == 0


async def test_a_judge_with_a_standard_schema(town: Town, connect: Connect) -> None:
    config = _config(response_mime_type="application/json", response_json_schema=SCHEMA)
    client = connect(town)
    answers = [
        await client.models.generate_content(model=JUDGE, contents=[_picture(), "Prompt: a fox"], config=config)
        for _ in range(2)
    ]
    assert set(json.loads(answers[0].text)) == {"score", "why"}
    assert answers[0].text == answers[1].text


async def test_a_picture(town: Town, connect: Connect) -> None:
    config = _config(
        response_modalities=["IMAGE"], image_config=genai.types.ImageConfig(aspect_ratio="16:9", image_size="1K")
    )
    answer = await connect(town).models.generate_content(
        model="gemini-nano-banana-2.1", contents="a red fox", config=config
    )
    (part,) = answer.candidates[0].content.parts
    assert Image.open(io.BytesIO(part.inline_data.data)).size == (1376, 768)
    assert town.summary["collected"] == 1


async def test_a_stream(town: Town, connect: Connect) -> None:
    stream = await connect(town).models.generate_content_stream(model=JUDGE, contents="Judge it. Prompt: a fox")
    pieces = [piece.text or "" async for piece in stream]
    assert len(pieces) == 2
    assert "".join(pieces)


async def test_models(town: Town, connect: Connect) -> None:
    names = [model.name async for model in await connect(town).models.list(config={"page_size": 5})]
    assert f"models/{JUDGE}" in names
    assert (await connect(town).models.get(model=JUDGE)).supported_actions
    counted = await connect(town).models.count_tokens(model=JUDGE, contents="x" * 40)
    assert counted.total_tokens == 10


async def test_blocks_are_no_errors(town: Town, connect: Connect) -> None:
    client = connect(town)
    blocked = await client.models.generate_content(model=JUDGE, contents="[sandbox:moderate]")
    assert blocked.candidates is None
    assert blocked.prompt_feedback.block_reason.name == "PROHIBITED_CONTENT"
    withheld = await client.models.generate_content(model=JUDGE, contents="[sandbox:content-moderate]")
    assert withheld.candidates[0].finish_reason.name == "SAFETY"
    assert withheld.text is None
    silent = await client.models.generate_content(model="gemini-nano-banana-2.1", contents="[sandbox:no-image]")
    assert silent.candidates[0].finish_reason.name == "STOP"
    assert all(part.inline_data is None for part in silent.candidates[0].content.parts)


async def test_an_answer_that_is_cut_off(town: Town, connect: Connect) -> None:
    client = connect(town)
    config = _config(response_mime_type="application/json", response_json_schema=SCHEMA)
    cut = await client.models.generate_content(model=JUDGE, contents="[sandbox:truncate]", config=config)
    assert cut.candidates[0].finish_reason.name == "MAX_TOKENS"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(cut.text)
    thinking = genai.types.ThinkingConfig(thinking_level="LOW")
    tiny = _config(max_output_tokens=16, thinking_config=thinking)
    empty = await client.models.generate_content(model=JUDGE, contents="Prompt: a fox", config=tiny)
    assert empty.candidates[0].finish_reason.name == "MAX_TOKENS"
    assert empty.text is None


@pytest.mark.parametrize(
    ("text", "error", "code", "status"),
    [
        ("[sandbox:429]", "ClientError", 429, "RESOURCE_EXHAUSTED"),
        ("[sandbox:quota]", "ClientError", 429, "RESOURCE_EXHAUSTED"),
        ("[sandbox:500]", "ServerError", 503, "UNAVAILABLE"),
        ("[sandbox:error]", "ServerError", 500, "INTERNAL"),
    ],
)
async def test_failures(town: Town, connect: Connect, text: str, error: str, code: int, status: str) -> None:
    with pytest.raises(getattr(genai.errors, error)) as caught:
        await connect(town).models.generate_content(model=JUDGE, contents=text)
    assert (caught.value.code, caught.value.status) == (code, status)


async def test_the_wait_stands_in_the_details(open_town: Open, connect: Connect) -> None:
    town = await open_town(retry_after=31.0)
    with pytest.raises(genai.errors.ClientError) as caught:
        await connect(town).models.generate_content(model=JUDGE, contents="[sandbox:429]")
    details = caught.value.details["error"]["details"]
    assert [detail["retryDelay"] for detail in details if "retryDelay" in detail] == ["31s"]


async def test_requests_a_minute(open_town: Open, connect: Connect) -> None:
    town = await open_town(rpm=1)
    client = connect(town)
    await client.models.generate_content(model=JUDGE, contents="one")
    with pytest.raises(genai.errors.ClientError) as caught:
        await client.models.generate_content(model=JUDGE, contents="two")
    assert caught.value.code == 429


async def test_a_wrong_key_is_a_400(town: Town, connect: Connect) -> None:
    with pytest.raises(genai.errors.ClientError, match="API key not valid") as caught:
        await connect(town, api_key="wrong").models.generate_content(model=JUDGE, contents="x")
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("model", ["gemini-9", "gemini-2.5-flash"])
async def test_models_that_are_gone(town: Town, connect: Connect, model: str) -> None:
    with pytest.raises(genai.errors.ClientError) as caught:
        await connect(town).models.generate_content(model=model, contents="x")
    assert caught.value.code == 404


async def test_a_picture_that_is_none(town: Town, connect: Connect) -> None:
    part = genai.types.Part.from_bytes(data=base64.b64decode("AAAA"), mime_type="image/png")
    with pytest.raises(genai.errors.ClientError, match="input image"):
        await connect(town).models.generate_content(model=JUDGE, contents=[part, "x"])
