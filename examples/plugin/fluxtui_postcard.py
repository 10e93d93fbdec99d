"""Postcard, an imaginary service: one request, one answer with the picture inside.

POST /v1/postcards   {"text": ..., "paper": "square" | "wide" | "tall"}   with Authorization: Bearer KEY
200 {"picture": BASE64, "seed": 7, "cents": 2}      401 wrong key      422 {"error": {"code", "message"}}
GET  /v1/account     {"stamps": 12}
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, Field

from fluxtui.domain.jobs import Bill, ImageFacts, Pending, Refusal, Ticket
from fluxtui.domain.money import Price, usd
from fluxtui.domain.request import Adaptation, Assessment, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject
from fluxtui.providers import checking, documents, failures
from fluxtui.providers.base import Accepted, CheckResult, CheckState, EncodedImage, Images, Pace
from fluxtui.providers.configuration import Key, Text, key_text

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

SERVICE = failures.Service("Postcard", "POSTCARD_API_KEY", "POSTCARD_API_URL", "Buy stamps.")
PAPERS = {"square": Size(512, 512), "wide": Size(768, 512), "tall": Size(512, 768)}
PRICE = Price.exactly(usd("0.02"))


class Settings(BaseModel):
    """The variables, read from the environment, `.env` or fluxtui.toml like those of any other service."""

    api_key: Key = Field(None, validation_alias="POSTCARD_API_KEY")
    api_url: Text = Field("https://postcard.example", validation_alias="POSTCARD_API_URL")


SETTINGS = Settings


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    return () if isinstance(settings, Settings) and settings.api_key is not None else ("POSTCARD_API_KEY",)


def make(settings: BaseModel) -> "Postcard":
    """Return the provider."""
    if not isinstance(settings, Settings):
        raise TypeError("these are not the settings of postcard")
    return Postcard(settings)


class Postcard:
    """`postcard/classic`."""

    id: ClassVar[str] = "postcard"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self._base = (settings.api_url or "").rstrip("/")
        self._headers = {"authorization": f"Bearer {key_text(settings.api_key)}"}

    def models(self) -> Sequence[str]:
        return ("classic",)

    def pace(self, model: str) -> Pace:
        return Pace(in_flight=2)

    def max_count(self, model: str) -> int:
        return 1

    def assess(self, request: ImageRequest) -> Assessment:
        """Return what will be honoured. Derived from what is sent, so that the two cannot disagree."""
        size = PAPERS.get(str(_payload(request)["paper"]))
        changes = []
        if size is not None and request.size not in (None, size):
            reason = f"it prints {', '.join(str(paper) for paper in PAPERS.values())}"
            changes.append(Adaptation("size", Change.BUCKETED, str(request.size), str(size), reason))
        asked = {name: getattr(request, name) for name in ("negative_prompt", "steps", "guidance", "seed")}
        for name, value in {**asked, **request.parameters}.items():
            if value is not None:
                changes.append(Adaptation(name, Change.DROPPED, value, None, "Postcard has no such parameter"))
        if request.references:
            dropped = Adaptation("references", Change.DROPPED, len(request.references), None, "it draws from text only")
            changes.append(dropped)
        if request.output_format not in (None, "png"):
            changes.append(Adaptation("output_format", Change.BUCKETED, request.output_format, "png", "png only"))
        return Assessment(PRICE, tuple(changes), expected_size=size, seconds=1.0)

    async def submit(self, request: ImageRequest, http: "Http") -> Accepted | Images | Refusal:
        """Send the request. Every failure says whether it may have been accepted: `Http` and `failures` see to it."""
        reply = await http.send(
            "POST",
            f"{self._base}/v1/postcards",
            headers=self._headers,
            json=_payload(request),
            timeout=120,
            max_bytes=32 * 1024 * 1024,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            return failures.rejected(reply, SERVICE, submitting=True)
        body = documents.answer(reply.body, frozenset({"picture"}))
        picture, seed, cents = documents.picture_bytes(body.get("picture")), body.get("seed"), body.get("cents")
        if picture is None:
            raise failures.bad_answer(reply, SERVICE, "sent no picture", submitting=True)
        facts = ImageFacts(seed if isinstance(seed, int) else None)
        bill = Bill(usd(cents / 100)) if isinstance(cents, int) else None
        return Images((EncodedImage(picture, facts),), bill, reply=reply)

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """There are no tickets here."""
        raise failures.nothing_to_collect(SERVICE)

    async def check(self, http: "Http") -> CheckResult:
        reply = await checking.ask(http, f"{self._base}/v1/account", self._headers, SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        stamps = documents.answer(reply.body).get("stamps")
        reply.release()
        return CheckResult(CheckState.OK, f"{stamps} stamps", credits=stamps if isinstance(stamps, int) else None)

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        return False


def _payload(request: ImageRequest) -> JsonObject:
    """Return what is sent: the paper nearest to the size that was asked for; `extra` has the last word."""
    size = (request.size or PAPERS["square"]).nearest(tuple(PAPERS.values()))
    paper = next(name for name, sides in PAPERS.items() if sides == size)
    return {"text": request.prompt, "paper": paper, **request.extra}
