"""OpenAI's picture models, and servers that are compatible with it (`OPENAI_BASE_URL`).

Wire facts: types of openai 3.52.0, developers.openai.com, and logs of 2026.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, Field

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import Pending, Refusal, Ticket
from fluxtui.domain.request import Assessment, ImageRequest
from fluxtui.providers import addresses, catalog, checking, documents, facts, failures, openai_images
from fluxtui.providers.base import CheckResult, CheckState, Images, Pace
from fluxtui.providers.configuration import Address, Key, ProviderSettings, key_text, own

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

PUBLIC_API = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"

_ENDPOINT = re.compile(r"/(images/(generations|edits|variations)|chat/completions|models)$")

SERVICE = failures.Service(
    "OpenAI",
    KEY_VARIABLE,
    URL_VARIABLE,
    "Add credits at platform.openai.com (Settings, Billing).",
    # An overloaded engine has not taken the request. A 500 may come after drawing: it stays in doubt.
    unbilled=frozenset({(503, "server_error")}),
)


class Settings(ProviderSettings):
    """`OPENAI_API_KEY` and `OPENAI_BASE_URL`, as OpenAI's own clients read them."""

    api_key: Key = Field(None, validation_alias=KEY_VARIABLE)
    base_url: Address = Field(None, validation_alias=URL_VARIABLE)


SETTINGS = Settings


def make(settings: BaseModel) -> "OpenAI":
    """Return the provider. Raises TypeError when `settings` are not this module's."""
    return OpenAI(own(settings, Settings, "openai"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    return () if isinstance(settings, Settings) and settings.api_key is not None else (KEY_VARIABLE,)


def notes(settings: BaseModel) -> tuple[str, ...]:
    """Return what the user should know about the settings: an address that was corrected."""
    return api_base(settings.base_url)[1] if isinstance(settings, Settings) else ()


def api_base(text: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the address that paths such as `/images/generations` follow, and what was corrected.

    A bare host gets `/v1`; the address of an endpoint loses it. Raises ValueError.
    """
    if text is None:
        return PUBLIC_API, ()
    parts = addresses.pasted(text)
    told: list[str] = []
    path = parts.path.rstrip("/")
    if endpoint := _ENDPOINT.search(path):
        path = path[: endpoint.start()]
        told.append(f"{URL_VARIABLE} names one endpoint; the API it belongs to is used")
    if not path:
        path = "/v1"
        told.append(f"{URL_VARIABLE} names no path; /v1 is added")
    base = f"{parts.scheme}://{parts.netloc}{path}"
    if addresses.exposes_keys(base):
        told.append(f"{URL_VARIABLE} is not https: the key crosses the network unencrypted")
    return base, tuple(told)


def headers(settings: Settings) -> dict[str, str]:
    return {"authorization": f"Bearer {key_text(settings.api_key)}"}


class OpenAI:
    """`openai/<model>`: synchronous, paid by tokens."""

    id: ClassVar[str] = "openai"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base, self.notes = api_base(settings.base_url)
        self._catalog = catalog.service("openai")

    def models(self) -> Sequence[str]:
        """Return the catalog's models; others work too, with a generic set of parameters."""
        return self._catalog.names()

    def pace(self, model: str) -> Pace:
        return Pace(in_flight=self._catalog.find(model).in_flight)

    def max_count(self, model: str) -> int:
        return self._catalog.find(model).max_count

    def facts(self, model: str) -> ModelFacts:
        """Return what the catalog knows of `model`."""
        return facts.of(self._catalog.find(model))

    def assess(self, request: ImageRequest) -> Assessment:
        return openai_images.assess(request, self._catalog.find(request.model), self.notes)

    async def submit(self, request: ImageRequest, http: "Http") -> Images | Refusal:
        """Send the request; the answer holds the pictures. Raises ServiceError."""
        if self._settings.api_key is None:
            raise failures.unconfigured(SERVICE, (KEY_VARIABLE,))
        door = openai_images.Door(
            SERVICE,
            f"{self._base}/images/generations",
            f"{self._base}/images/edits",
            headers(self._settings),
            request.model,
        )
        return await openai_images.submit(request, self._catalog.find(request.model), door, http)

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Raise ServiceError (`expired`): every answer is complete, so nothing is ever collected."""
        raise failures.nothing_to_collect(SERVICE)

    async def check(self, http: "Http") -> CheckResult:
        """Ask for the list of models."""
        if self._settings.api_key is None:
            return checking.unconfigured((KEY_VARIABLE,))
        reply = await checking.ask(http, f"{self._base}/models", headers(self._settings), SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        data = documents.answer(reply.body).get("data")
        reply.release()
        if not isinstance(data, list):
            return CheckResult(CheckState.UNKNOWN, f"{self.title} answers, but listed no models")
        listed = {item.get("id") for item in data if isinstance(item, dict)}
        known = [name for name in self.models() if name in listed]
        told = f"; it lists {', '.join(known[:6])}" if known else ", but it lists no picture model that is known here"
        return CheckResult(CheckState.OK, f"the key is accepted{told}")

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Return False: the service has no such call."""
        return False
