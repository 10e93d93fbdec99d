"""What the catalog knows of a model, as people and screens want it. Pure."""

from typing import Protocol, runtime_checkable

from fluxtui.domain.facts import Abilities, ModelFacts, ParameterFacts, SizeFacts, SizeForm
from fluxtui.domain.request import ImageRequest
from fluxtui.domain.size import LARGEST_SIDE, Size
from fluxtui.providers import catalog, sizes, translation
from fluxtui.providers.catalog import Model, Parameter, SizeRule

A_PROMPT = "a lighthouse on a cliff at dusk"
"""Where prices depend on the prompt's length: a short one."""

_MOST_NAMED = 4


@runtime_checkable
class Describing(Protocol):
    """A provider that can say more of its models than how to draw with them. Providers need not."""

    def facts(self, model: str) -> ModelFacts:
        """Return what is known of `model`. Pure; no network."""
        ...


def of(model: Model) -> ModelFacts:
    """Return the facts of a model of the catalog."""
    size = model.size.default if model.size.form in ("sides", "text", "object") else None
    assessment = translation.assess(ImageRequest(model.name, A_PROMPT, size=size), model)
    names = model.parameters
    return ModelFacts(
        model=model.name,
        max_pictures=model.max_count,
        price=assessment.price,
        seconds=model.seconds,
        sizes=of_size(model.size),
        abilities=Abilities(
            seed=model.open or "seed" in names,
            negative_prompt=model.takes_negative_prompt,
            steps=model.open or "steps" in names,
            guidance=model.open or "guidance" in names,
            references=model.references.most,
            count=model.max_count > 1,
        ),
        parameters=tuple(names),
        deprecated=model.deprecated,
        retired=model.retired,
        note=model.note,
        ranges=tuple(of_parameter(parameter) for parameter in names.values()),
        any_parameter=model.open,
    )


def of_parameter(parameter: Parameter) -> ParameterFacts:
    """Return what a model takes for a parameter, in words and as data."""
    low, high = parameter.low, parameter.high
    match parameter.kind:
        case "choice":
            words = _listed(list(parameter.choices)) if parameter.choices else "one of its words"
        case "boolean":
            words = "true or false"
        case "integer" | "number":
            words = _limits(low, high) or ("a whole number" if parameter.kind == "integer" else "a number")
        case "string":
            words = "text"
        case "loras":
            words = "names and weights"
        case "json":
            words = "JSON"
    if parameter.default is not None and parameter.kind not in ("loras", "json"):
        words += f", usually {str(parameter.default).lower() if parameter.kind == 'boolean' else parameter.default}"
    if parameter.required:
        words += ", needed"
    return ParameterFacts(
        parameter.name, words, low, high, parameter.choices, parameter.default, required=parameter.required
    )


def _limits(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else ""


def of_service(provider_id: str) -> tuple[ModelFacts, ...]:
    """Return the facts of all models that the catalog has for a provider, by any of its routes; of each name once."""
    known: dict[str, ModelFacts] = {}
    for service_id in catalog.ids_named(provider_id):
        service = catalog.service(service_id)
        for name in service.names():
            known.setdefault(name, of(service.models[name]))
    return tuple(known.values())


def of_size(rule: SizeRule) -> SizeFacts:
    """Return a rule of the catalog in words and as data."""
    in_pixels = rule.form in ("sides", "text", "object")
    form: SizeForm = "fixed" if rule.form == "none" else "shapes" if rule.form == "ratio" else "pixels"
    if in_pixels and rule.choices:
        return of_list(rule.choices, rule.default)
    return SizeFacts(
        words=_words(rule),
        form=form,
        multiple=rule.multiple,
        low=rule.low if in_pixels and rule.low > 1 else None,
        high=rule.high if in_pixels and rule.high < LARGEST_SIDE else None,
        min_pixels=rule.min_pixels,
        max_pixels=rule.max_pixels,
        steepest=rule.steepest,
        ratios=rule.ratios,
        any_ratio=rule.any_ratio,
        resolutions=tuple(rule.resolutions),
        default=rule.default,
    )


def of_list(choices: tuple[Size, ...], default: Size | None) -> SizeFacts:
    """Return the facts of a model that makes only these sizes."""
    return SizeFacts(_listed([str(choice) for choice in choices]), "list", choices=choices, default=default)


def _words(rule: SizeRule) -> str:
    if rule.form == "none":
        return rule.reason
    if rule.form == "ratio":
        named = [ratio for ratio in rule.ratios if sizes.parse_ratio(ratio)]
        ordered = sorted(named, key=_quotient)
        shapes = _listed(named) if len(named) <= _MOST_NAMED else f"{ordered[-1]} to {ordered[0]}"
        shapes += ", any between" if rule.any_ratio else f" ({len(named)} shapes)"
        resolutions = f"; {', '.join(rule.resolutions)}" if rule.resolutions else ""
        unit = " megapixels" if rule.resolution_wire == "megapixels" and rule.resolutions else ""
        return f"{shapes}{resolutions}{unit}"
    parts = []
    if rule.low > 1 and rule.high < LARGEST_SIDE:
        parts.append(f"sides of {rule.low} to {rule.high}")
    elif rule.high < LARGEST_SIDE:
        parts.append(f"sides up to {rule.high}")
    if rule.multiple > 1:
        parts.append(f"multiples of {rule.multiple}")
    if rule.max_pixels is not None:
        least = f"{rule.min_pixels / 1_000_000:.2f} to" if rule.min_pixels is not None else "at most"
        parts.append(f"{least} {rule.max_pixels / 1_000_000:.1f} million pixels")
    if rule.steepest is not None:
        parts.append(f"at most {rule.steepest:g}:1")
    return ", ".join(parts) or "any size"


def _quotient(ratio: str) -> float:
    width, height = sizes.parse_ratio(ratio) or (1, 1)
    return width / height


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
