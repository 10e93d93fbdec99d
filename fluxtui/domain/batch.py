"""What a batch file says: tasks, targets, axes, defaults. Immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fluxtui.domain.values import JsonObject, JsonValue

PARAMETER_ALIASES: Mapping[str, str] = {
    "guidance_scale": "guidance",
    "cfg_scale": "guidance",
    "cfg": "guidance",
    "num_inference_steps": "steps",
    "num_images": "n",
    "num_outputs": "n",
    "format": "output_format",
}
"""Other tools' names of parameters and the one used here."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to draw.

    `parameters` use the names of this project: size ("WxH"), steps, guidance, seed, n,
    output_format, quality ... `extra` is merged verbatim, last, into what is sent; its entries
    named after a provider (see `extra_for`) reach that provider only.
    """

    name: str
    prompt: str
    negative_prompt: str | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    extra: Mapping[str, JsonValue] = field(default_factory=dict)

    def as_json(self) -> JsonObject:
        return {
            "name": self.name,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "parameters": dict(self.parameters),
            "context": dict(self.context),
            "references": list(self.references),
            "extra": dict(self.extra),
        }


@dataclass(frozen=True, slots=True)
class Target:
    """Who draws: a provider and one of its models, `provider/model`.

    A provider with one model only has an empty `model`, and its name stands alone.
    """

    provider: str
    model: str = ""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    label: str | None = None
    fallback: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `provider/model` (the model may hold slashes). Raises ValueError when empty."""
        provider, _, model = text.strip().partition("/")
        provider = provider.strip().lower().replace("_", "-")
        if not provider:
            raise ValueError("a target is written provider/model, for example bfl/flux-pro-1.1")
        return cls(provider, model.strip())

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}" if self.model else self.provider

    @property
    def title(self) -> str:
        return self.label or self.name

    def as_json(self) -> JsonObject:
        return {
            "target": self.name,
            "parameters": dict(self.parameters),
            "label": self.label,
            "fallback": list(self.fallback),
        }


@dataclass(frozen=True, slots=True)
class Axis:
    """A swept parameter and its values in order."""

    name: str
    values: tuple[JsonValue, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch file's content. `name` is the file's stem unless the file names itself."""

    name: str
    tasks: tuple[Task, ...]
    targets: tuple[Target, ...] = ()
    axes: tuple[Axis, ...] = ()
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)
    repeat: int = 1
    recipe: Mapping[str, JsonValue] | None = None

    def with_targets(self, targets: tuple[Target, ...]) -> "Batch":
        return replace(self, targets=targets)


EXTRA_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "azure-flux": ("azure", "azure_flux", "azure-flux"),
    "bfl": ("bfl", "bfl_flux"),
    "fal": ("fal", "fal_ai", "fal-ai"),
}
"""The keys in `extra` that hold fields for one provider only; others use their own id."""


def extra_for(extra: Mapping[str, JsonValue], provider: str, providers: frozenset[str]) -> JsonObject:
    """Return the part of `extra` that goes to `provider`: the general fields, then its own.

    `providers` are the ids of all known providers, so that another one's part is left out.
    """
    sections = {key: p for p in providers | {provider} for key in EXTRA_SPELLINGS.get(p, (p, p.replace("-", "_")))}
    result: JsonObject = {}
    own: JsonObject = {}
    for key, value in extra.items():
        if key in sections and isinstance(value, dict):
            if sections[key] == provider:
                own.update(value)
        else:
            result[key] = value
    return {**result, **own}
