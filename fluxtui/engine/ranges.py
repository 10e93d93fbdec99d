"""What the chosen targets take, parameter by parameter, for editors to say while a value is typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fluxtui.domain.batch import Target
from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine.services import Services
from fluxtui.providers import facts


@dataclass(frozen=True, slots=True)
class TargetRanges:
    """One target. `takes` says in words what it takes for a column of the sheet; what is not there is not sent.

    With `any_parameter`, names that it does not know are passed on; without `known`, nobody can tell.
    """

    target: str
    takes: Mapping[str, str]
    any_parameter: bool = False
    known: bool = True

    def of(self, key: str) -> str:
        """Return what it takes for a column, "" for nothing."""
        if not self.known:
            return "unknown"
        return self.takes.get(key, "passed on as it is" if self.any_parameter else "")


def ranges_of(services: Services, targets: Iterable[Target]) -> tuple[TargetRanges, ...]:
    """Return what each target takes. One that cannot be used here is left out."""
    found = []
    for target in targets:
        try:
            target = services.resolve(target)
            provider = services.provider(target.provider)
        except FluxtuiError:
            continue
        if not isinstance(provider, facts.Describing):
            found.append(TargetRanges(target.title, {}, known=False))
            continue
        known = provider.facts(target.model)
        found.append(TargetRanges(target.title, _takes(known), known.any_parameter))
    return tuple(found)


def _takes(known: ModelFacts) -> dict[str, str]:
    takes = {parameter.name: parameter.words for parameter in known.ranges}
    if known.sizes is not None:
        takes["size"] = known.sizes.words
    takes["n"] = "1 a request, more are sent one by one"
    if known.max_pictures > 1:
        takes["n"] = f"up to {known.max_pictures} a request, more are sent in several"
    if known.abilities is not None:
        if known.abilities.negative_prompt:
            takes["negative_prompt"] = "text"
        if known.abilities.references:
            takes["references"] = f"up to {known.abilities.references}"
    takes["extra"] = "sent as it is"
    return takes
