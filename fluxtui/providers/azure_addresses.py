"""FLUX on Microsoft Foundry: what the address from the portal says, and the addresses made from it."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from fluxtui.providers import addresses, catalog
from fluxtui.providers.catalog import Model

DEFAULT_VERSION = "2024-12-01-preview"
PROVIDER_VERSION = "preview"
"""The documented api-version of the provider route, for addresses that this program composes itself."""

_DEPLOYMENT = re.compile(r"(?<=/deployments/)[^/]+")
_PROVIDER = re.compile(r"^(?P<prefix>.*?/providers/[^/]+/v1)(?:/(?P<segment>[^/]+))?$")
_RESOURCE_DOMAINS = (
    "services.ai.azure.com",
    "cognitiveservices.azure.com",
    "openai.azure.com",
    "api.cognitive.microsoft.com",
)


class Route(StrEnum):
    """The two protocols that FLUX deployments speak."""

    IMAGE = "image"  # /openai/deployments/NAME/images/generations
    PROVIDER = "provider"  # /providers/blackforestlabs/v1/SEGMENT


@dataclass(frozen=True, slots=True)
class Call:
    """Where a request for one deployment goes. `in_body`: the deployment is named there, as `model`."""

    url: str
    model: Model
    in_body: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The configured address: its route, what it names, and how other deployments are reached.

    `root` is what stands before `/openai` or `/providers`; `path` is the whole path as given.
    """

    route: Route
    root: str
    path: str
    version: str
    deployment: str | None
    segment: str | None
    notes: tuple[str, ...] = ()

    @property
    def catalog(self) -> catalog.ServiceCatalog:
        return catalog.service(f"azure-flux-{self.route.value}")

    def model(self, deployment: str) -> Model:
        """Return what is known about a deployment, whose name its owner chose freely.

        By its name, by the segment of the configured address, or by a model's name inside it.
        """
        known = self.catalog
        if deployment in known.models:
            return known.models[deployment]
        by_segment = [model for model in known.models.values() if model.endpoint == self.segment]
        spelled = _spelling(deployment)
        by_name = [model for name, model in known.models.items() if _spelling(name) in spelled]
        if found := by_segment or by_name:
            model = found[0]
            return _renamed(model, deployment, model.endpoint)
        return _renamed(known.generic, deployment, self.segment or _spelling(deployment))

    def call(self, deployment: str) -> Call:
        """Return where a request for `deployment` goes."""
        model = self.model(deployment)
        if self.route is Route.PROVIDER:
            listed = deployment in self.catalog.models
            segment = model.endpoint if listed or not self.segment else self.segment
            path, in_body = f"{self.path}/{quote(segment, safe='')}", True
        elif _DEPLOYMENT.search(self.path):
            path, in_body = _DEPLOYMENT.sub(lambda _: quote(deployment, safe=""), self.path, count=1), False
        else:
            path, in_body = self.path, True
        return Call(self._with_version(f"{self.root}{path}"), model, in_body)

    def listing(self) -> str:
        """Return an address that lists models and costs nothing."""
        return self._with_version(f"{self.root}/openai/models")

    def operation(self, task: str) -> str:
        """Return where an operation is asked for when its answer named no address."""
        return self._with_version(f"{self.root}/openai/operations/images/{quote(task, safe='')}")

    def takes_key(self, url: str) -> bool:
        """Return whether the key may go to `url`: this address's origin, or the same resource at Azure."""
        if addresses.same_origin(url, self.root):
            return True
        ours, theirs = _resource(self.root), _resource(url)
        return ours is not None and ours == theirs and addresses.origin(url)[0] == "https"

    def _with_version(self, url: str) -> str:
        return addresses.with_query(url, "api-version", self.version)


def endpoint(text: str, version: str | None) -> Endpoint:
    """Return what the pasted address means. `version` overrides the one in its query. Raises ValueError."""
    parts = addresses.pasted(text)
    path = parts.path.rstrip("/")
    base = f"{parts.scheme}://{parts.netloc}"
    told: list[str] = []
    if addresses.exposes_keys(base):
        told.append("AZURE_FLUX_ENDPOINT is not https: the key crosses the network unencrypted")
    chosen = version or addresses.query_value(urlunsplit(parts), "api-version")
    if provider := _PROVIDER.match(path):
        prefix, segment = provider["prefix"], provider["segment"]
        root, rest = _split(prefix, "/providers/")
        known = catalog.service("azure-flux-provider").models
        listed = [name for name, model in known.items() if model.endpoint == segment]
        return Endpoint(
            Route.PROVIDER,
            base + root,
            rest,
            chosen or DEFAULT_VERSION,
            listed[0] if listed else None,
            unquote(segment) if segment else None,
            tuple(told),
        )
    if "/images/" in f"{path}/":
        root, rest = _split(path, "/openai/")
        named = _DEPLOYMENT.search(path)
        found = unquote(named[0]) if named else None
        return Endpoint(Route.IMAGE, base + root, rest, chosen or DEFAULT_VERSION, found, None, tuple(told))
    if path not in ("", "/openai", "/openai/v1", "/models", "/api/projects"):
        told.append("AZURE_FLUX_ENDPOINT names no image route; the resource's provider route is used")
    return Endpoint(
        Route.PROVIDER, base, "/providers/blackforestlabs/v1", chosen or PROVIDER_VERSION, None, None, tuple(told)
    )


def _split(path: str, marker: str) -> tuple[str, str]:
    """Return what stands before `marker` and the rest from there on."""
    at = path.find(marker)
    return (path[:at], path[at:]) if at >= 0 else ("", path)


def _spelling(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _renamed(model: Model, name: str, segment: str) -> Model:
    return replace(model, name=name, endpoint=segment)


def _resource(url: str) -> str | None:
    """Return the name of the Azure resource that `url` belongs to, None for any other host."""
    host = urlsplit(url).hostname or ""
    name, _, domain = host.partition(".")
    return name if domain in _RESOURCE_DOMAINS else None
