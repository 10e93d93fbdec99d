"""The services as they are configured here: which can be used, and with which models."""

import difflib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.batch import Target
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.engine.rules import OwnRules
from fluxtui.providers import catalog, registry
from fluxtui.providers.base import Provider

if TYPE_CHECKING:
    from fluxtui.settings import Loaded


_IN_THE_SANDBOX = ("azure-flux", "bfl")

_FOR_OTHERS = ("flux-schnell",)
"""Another name for what fal or Replicate draw: beside them it would draw everything twice."""


class ServiceState(StrEnum):
    READY = "ready"
    UNCONFIGURED = "not configured"
    MISCONFIGURED = "misconfigured"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service here: `missing` are the variables that it still needs, `problem` is what is wrong with it."""

    id: str
    title: str
    state: ServiceState
    missing: tuple[str, ...]
    models: tuple[str, ...]
    problem: Problem | None = None


class Services:
    """The configured providers. Make one with `Services.load`; it opens no connection."""

    def __init__(self, loaded: "Loaded", *, sandbox: bool) -> None:
        self.loaded = loaded
        self.sandbox = sandbox
        self._providers: dict[str, Provider] = {}
        self._statuses: dict[str, ServiceStatus] = {}
        self._notes: list[str] = []
        catalog.customise(loaded.catalog)
        core = loaded.core
        self.rules = OwnRules(core.blocked_words, core.max_images_per_request)
        enabled = None if core.enabled_providers is None else frozenset(core.enabled_providers)
        for entry in registry.entries():
            loaded.know(*entry.variables)
            try:
                self._add(entry.id, entry.title, enabled)
            except FluxtuiError as error:  # one that cannot be set up is no reason to stop the others
                status = ServiceStatus(entry.id, entry.title, ServiceState.MISCONFIGURED, (), (), error.problem)
                self._statuses[entry.id] = status
                self._notes.append(error.problem.sentence())
        for variable in (name for judge in registry.judges() for name in judge.variables):
            loaded.know(variable)

    @classmethod
    def load(cls, *, sandbox: bool = False, directory: Path | None = None) -> "Services":
        """Read the settings and set up every provider they configure.

        In the sandbox every service is configured, with made-up keys and addresses. What is wrong
        with one service is kept in its status. Raises SettingsError (a FluxtuiError) for the core.
        """
        from fluxtui import settings

        overrides: dict[str, str] = {}
        if sandbox:
            from fluxtui import sandbox as simulated

            overrides = simulated.environment(simulated.IN_PROCESS)
        return cls(settings.load(overrides, directory), sandbox=sandbox)

    def _add(self, provider_id: str, title: str, enabled: frozenset[str] | None) -> None:
        off = enabled is not None and provider_id not in enabled
        if provider_id == "bfl" and not self.loaded.core.enable_bfl_flux:
            off = True
        if off and not self.sandbox:
            self._statuses[provider_id] = ServiceStatus(provider_id, title, ServiceState.DISABLED, (), ())
            return
        module = registry.load(provider_id)
        settings = self.loaded.section(module.SETTINGS)
        self._notes += getattr(module, "notes", lambda _settings: ())(settings)  # optional for a provider
        missing = module.missing(settings)
        if missing:
            self._statuses[provider_id] = ServiceStatus(provider_id, title, ServiceState.UNCONFIGURED, missing, ())
            return
        provider = module.make(settings)
        self._providers[provider_id] = provider
        self._statuses[provider_id] = ServiceStatus(
            provider_id, title, ServiceState.READY, (), tuple(provider.models())
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the settings, e.g. an address that was corrected."""
        return (*self._notes, *self.loaded.notes)

    def statuses(self) -> list[ServiceStatus]:
        return list(self._statuses.values())

    @property
    def any_ready(self) -> bool:
        return bool(self._providers)

    def ids(self) -> frozenset[str]:
        return frozenset(self._statuses)

    def provider(self, provider_id: str) -> Provider:
        """Return a configured provider. Raises FluxtuiError that says what is missing."""
        found = self._providers.get(provider_id)
        if found is not None:
            return found
        status = self._statuses.get(provider_id)
        if status is None:
            close = difflib.get_close_matches(provider_id, self._statuses, 1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise _usage(
                f"There is no service named {provider_id!r}.",
                f"{hint}The services are {', '.join(sorted(self._statuses))}.",
            )
        if status.state is ServiceState.DISABLED:
            raise _usage(
                f"The service {provider_id} is switched off.",
                "Add it to ENABLED_PROVIDERS (and, for bfl, set ENABLE_BFL_FLUX=true), or choose another target.",
            )
        if status.problem is not None:
            raise FluxtuiError(status.problem)
        raise _usage(
            f"The service {provider_id} is not configured: {', '.join(status.missing)} is not set.",
            "Set it in the environment or in .env (see .env.example), or try the batch with --sandbox.",
        )

    def resolve(self, target: Target) -> Target:
        """Return `target` with its model filled in. Raises FluxtuiError when its service cannot be used."""
        provider = self.provider(target.provider)
        if target.model:
            return target
        models = provider.models()
        return Target(target.provider, models[0] if models else "", target.parameters, target.label, target.fallback)

    def default_targets(self) -> tuple[Target, ...]:
        """Return who draws when neither the batch nor the person says.

        DEFAULT_PROVIDER when it is set; else every configured service with its first model, since
        comparing is what this program is for. In the sandbox everything is configured, so there two
        stand for all. Raises FluxtuiError when nothing is configured.
        """
        chosen = self.loaded.core.default_provider
        if chosen:
            return (self.resolve(Target.parse(chosen)),)
        drawing = [i for i in self._providers if i in _IN_THE_SANDBOX or not self.sandbox]
        if len(drawing) > 1:
            drawing = [i for i in drawing if i not in _FOR_OTHERS]
        targets = tuple(self.resolve(Target(provider_id)) for provider_id in drawing)
        if not targets:
            raise _usage(
                "No service is configured, so nobody can draw.",
                "Set AZURE_FLUX_ENDPOINT and AZURE_FLUX_API_KEY, or BFL_FLUX_API_KEY, in .env (see .env.example),"
                " or try the batch with --sandbox: it needs no key and costs nothing.",
            )
        return targets


def _usage(what: str, advice: str) -> FluxtuiError:
    return FluxtuiError(Problem(ProblemKind.CONFIGURATION, what, "", advice))
