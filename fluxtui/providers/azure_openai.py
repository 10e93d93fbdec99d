"""Azure OpenAI: OpenAI's picture models by the name of their deployment, on the classic path or on that of v1.

Wire facts: `lib/azure.py` of openai 3.52.0, azure-rest-api-specs 2024-10-21, Microsoft's pages on the v1
API. The deployment's name is its owner's choice: which model is behind it says AZURE_OPENAI_MODEL, the
parameter `model` of a target, or the name itself where it holds a model's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, unquote, urlunsplit

from pydantic import BaseModel, Field, field_validator

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import Pending, Refusal, Ticket
from fluxtui.domain.request import Assessment, ImageRequest
from fluxtui.providers import addresses, catalog, checking, facts, failures, openai_images
from fluxtui.providers.base import CheckResult, CheckState, Images, Pace
from fluxtui.providers.catalog import Model
from fluxtui.providers.configuration import Key, ProviderSettings, Text, key_text, own

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

KEY_VARIABLE = "AZURE_OPENAI_API_KEY"
ENDPOINT_VARIABLE = "AZURE_OPENAI_ENDPOINT"
VERSION_VARIABLE = "AZURE_OPENAI_API_VERSION"
DEFAULT_VERSION = "2025-04-01-preview"
"""The first api-version of the classic path that knows the fields of gpt-image."""

_V1_VERSIONS = frozenset({"v1", "preview", "latest"})
_CLASSIC = re.compile(r"^(?P<root>.*?)/openai/deployments/(?P<deployment>[^/]+)(/.*)?$")
_V1 = re.compile(r"^(?P<root>.*?)/openai/v1(/.*)?$")
_PROJECT = re.compile(r"/api/projects(/.*)?$")

SERVICE = failures.Service(
    "Azure OpenAI",
    KEY_VARIABLE,
    ENDPOINT_VARIABLE,
    "Check the subscription in the Azure portal.",
    # "Unavailable" says that the request was not served. A 500 may come after drawing: it stays in doubt.
    unbilled=frozenset({(503, "serviceunavailable"), (503, "service_unavailable"), (503, "server_error")}),
)


class Settings(ProviderSettings):
    """The AZURE_OPENAI_* variables, named as OpenAI's own client and Microsoft's samples name them."""

    endpoint: Text = Field(None, validation_alias=ENDPOINT_VARIABLE)
    api_key: Key = Field(None, validation_alias=KEY_VARIABLE)
    deployment: Text = Field(None, validation_alias="AZURE_OPENAI_DEPLOYMENT_NAME")
    api_version: Text = Field(None, validation_alias=VERSION_VARIABLE)
    model: Text = Field(None, validation_alias="AZURE_OPENAI_MODEL")

    @field_validator("endpoint")
    @classmethod
    def _usable(cls, value: str | None) -> str | None:
        if value is not None:
            endpoint(value, None)
        return value


SETTINGS = Settings


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The configured address. `root` stands before `/openai`; `deployment` is the one it names, if any."""

    root: str
    v1: bool
    version: str | None
    deployment: str | None
    notes: tuple[str, ...] = ()

    def images(self, deployment: str, action: str) -> str:
        """Return where `action` (generations, edits) is asked for."""
        if self.v1:
            return self._versioned(f"{self.root}/openai/v1/images/{action}")
        return self._versioned(f"{self.root}/openai/deployments/{quote(deployment, safe='')}/images/{action}")

    def listing(self) -> str:
        """Return an address that lists models and costs nothing."""
        return self._versioned(f"{self.root}/openai/v1/models" if self.v1 else f"{self.root}/openai/models")

    def _versioned(self, url: str) -> str:
        return url if self.version is None else addresses.with_query(url, "api-version", self.version)


def endpoint(text: str, version: str | None) -> Endpoint:
    """Return what the pasted address means; `version` overrides the one in its query. Raises ValueError.

    The path decides: `/openai/v1` is that of v1, everything else the classic one, on which a bare
    resource is reached too unless the version is one of v1's own words.
    """
    parts = addresses.pasted(text)
    path = parts.path.rstrip("/")
    told: list[str] = []
    base = f"{parts.scheme}://{parts.netloc}"
    if addresses.exposes_keys(base):
        told.append(f"{ENDPOINT_VARIABLE} is not https: the key crosses the network unencrypted")
    chosen = version or addresses.query_value(urlunsplit(parts), "api-version")
    if v1 := _V1.match(path):
        if chosen is not None and chosen not in _V1_VERSIONS:
            told.append(f"{VERSION_VARIABLE} {chosen} belongs to the classic path; on /openai/v1 it is left out")
            chosen = None
        return Endpoint(base + v1["root"], True, None if chosen == "v1" else chosen, None, tuple(told))
    if classic := _CLASSIC.match(path):
        deployment = unquote(classic["deployment"])
        return Endpoint(base + classic["root"], False, chosen or DEFAULT_VERSION, deployment, tuple(told))
    if project := _PROJECT.search(path):
        told.append(f"{ENDPOINT_VARIABLE} names a project; the resource it belongs to is used")
        path = path[: project.start()]
    root = base + path.removesuffix("/openai")
    if chosen in _V1_VERSIONS:
        return Endpoint(root, True, None if chosen == "v1" else chosen, None, tuple(told))
    return Endpoint(root, False, chosen or DEFAULT_VERSION, None, tuple(told))


def make(settings: BaseModel) -> "AzureOpenAI":
    """Return the provider. Raises TypeError when `settings` are not this module's, ValueError without an endpoint."""
    return AzureOpenAI(own(settings, Settings, "azure-openai"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    if not isinstance(settings, Settings):
        return ENDPOINT_VARIABLE, KEY_VARIABLE
    wanted = ((ENDPOINT_VARIABLE, settings.endpoint), (KEY_VARIABLE, settings.api_key))
    return tuple(name for name, value in wanted if value is None)


def notes(settings: BaseModel) -> tuple[str, ...]:
    """Return what the user should know about the settings."""
    if not isinstance(settings, Settings) or settings.endpoint is None:
        return ()
    return endpoint(settings.endpoint, settings.api_version).notes


class AzureOpenAI:
    """`azure-openai/<deployment>`: synchronous, paid by tokens."""

    id: ClassVar[str] = "azure-openai"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        if settings.endpoint is None:
            raise ValueError(f"{ENDPOINT_VARIABLE} is not set")
        self._settings = settings
        self._endpoint = endpoint(settings.endpoint, settings.api_version)
        self._catalog = catalog.service("azure-openai")
        self._default = settings.deployment or self._endpoint.deployment or self._catalog.default

    def models(self) -> Sequence[str]:
        """Return the configured deployment, then the usual names of others; any deployment works as a target."""
        return tuple(dict.fromkeys((self._default, *self._catalog.names())))

    def pace(self, model: str) -> Pace:
        return Pace(in_flight=self._model(model).in_flight)

    def max_count(self, model: str) -> int:
        return self._model(model).max_count

    def facts(self, model: str) -> ModelFacts:
        """Return what the catalog knows of `model`."""
        return facts.of(self._model(model))

    def assess(self, request: ImageRequest) -> Assessment:
        request, model = self._understood(request)
        return openai_images.assess(request, model, self._endpoint.notes)

    async def submit(self, request: ImageRequest, http: "Http") -> Images | Refusal:
        """Send the request; the answer holds the pictures. Raises ServiceError."""
        if names := missing(self._settings):
            raise failures.unconfigured(SERVICE, names)
        request, model = self._understood(request)
        door = openai_images.Door(
            SERVICE,
            self._endpoint.images(request.model, "generations"),
            self._endpoint.images(request.model, "edits"),
            self._headers(),
            request.model if self._endpoint.v1 else None,
        )
        return await openai_images.submit(request, model, door, http)

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Raise ServiceError (`expired`): every answer is complete, so nothing is ever collected."""
        raise failures.nothing_to_collect(SERVICE)

    async def check(self, http: "Http") -> CheckResult:
        """Ask for the resource's list of models; whether a deployment exists shows only when it draws."""
        if names := missing(self._settings):
            return checking.unconfigured(names)
        reply = await checking.ask(http, self._endpoint.listing(), self._headers(), SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        reply.release()
        return CheckResult(CheckState.OK, "the key is accepted (deployments are not checked)")

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Return False: the service has no such call."""
        return False

    def _headers(self) -> dict[str, str]:
        return {"api-key": key_text(self._settings.api_key)}

    def _understood(self, request: ImageRequest) -> tuple[ImageRequest, Model]:
        """Return the request without `model`, which is for us alone, and what is known of its deployment."""
        parameters = dict(request.parameters)
        named = parameters.pop("model", None)
        model = self._model(request.model, named if isinstance(named, str) else None)
        return replace(request, parameters=parameters), model

    def _model(self, deployment: str, named: str | None = None) -> Model:
        """Return the model behind a deployment: as somebody says, else as the deployment's name tells."""
        if named is None and deployment == self._default:
            named = self._settings.model
        known = self._catalog.models
        found = _named(named, tuple(known)) if named is not None else _named(deployment, tuple(known))
        model = known[found] if found is not None else self._catalog.generic
        return replace(model, name=deployment)


def _named(text: str, models: tuple[str, ...]) -> str | None:
    """Return the model whose name `text` is or holds, in any spelling; the longest counts."""
    for separator, apart in (("-", "(?<![a-z0-9]){}(?![a-z0-9])"), ("", "{}(?![0-9])")):
        spelled = _spelling(text, separator)
        held = [name for name in models if re.search(apart.format(_spelling(name, separator)), spelled)]
        if held:
            return max(held, key=len)
    return None


def _spelling(name: str, separator: str) -> str:
    return re.sub(r"[^a-z0-9]+", separator, name.lower()).strip("-")
