"""The catalog: what each model takes, costs and how long it lives. Data is in `catalog/<service>.toml`.

Reading it checks its spelling, so that a wrong entry fails in the first test and not in a batch.
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from importlib import resources
from typing import Any, Literal

from fluxtui.domain.money import ZERO, Micros, usd
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonValue

Kind = Literal["integer", "number", "boolean", "string", "choice", "loras", "json"]
Form = Literal["sides", "text", "object", "ratio", "none"]

_SOON = timedelta(days=120)
"""An announced end is told this long before it; earlier it would only be noise."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model. `wire` is the service's name for it; `default` is the service's own.

    `as_text`: a number that this service wants as a string. `instead` maps values that other models
    have to the nearest of this one. `needs` are values of other parameters (by wire name) without which
    it means nothing, or without which those of its own values do that `needs_for` names;
    `with_references`: it counts only beside reference pictures.
    """

    name: str
    kind: Kind
    wire: str
    low: float | None = None
    high: float | None = None
    default: JsonValue = None
    choices: tuple[str, ...] = ()
    required: bool = False
    as_text: bool = False
    instead: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs_for: tuple[str, ...] = ()
    with_references: bool = False


@dataclass(frozen=True, slots=True)
class SizeRule:
    """Which sizes a model makes and how they are said.

    `sides`: two whole numbers; `text`: "WxH"; `object`: both sides in one object, or one of the `presets`;
    `ratio`: a shape such as 16:9, and with `resolutions` also a class of pixels; `none`: it cannot be
    chosen. `choices`: the only sizes there are. `wire`: the field of a text or object, `resolution_wire`
    that of a class of pixels. `steepest`: the largest quotient of the sides. `automatic`: with reference
    pictures and no size asked, the service takes theirs.
    """

    form: Form = "none"
    wire: str = "size"
    choices: tuple[Size, ...] = ()
    presets: Mapping[str, Size] = field(default_factory=dict)
    multiple: int = 1
    rounding: Literal["nearest", "down"] = "nearest"
    low: int = 1
    high: int = 16_384
    min_pixels: int | None = None
    max_pixels: int | None = None
    default: Size | None = None
    automatic: bool = False
    required: bool = False
    ratios: tuple[str, ...] = ()
    any_ratio: bool = False
    steepest: float | None = None
    resolutions: Mapping[str, int] = field(default_factory=dict)
    resolution_wire: str = "resolution"
    square_only: frozenset[str] = frozenset()
    reason: str = "the service decides the size"


@dataclass(frozen=True, slots=True)
class References:
    """Where reference pictures go: one field each, or all in one list. `most` bounds a list.

    `data_uri`: pictures are sent as data URIs, where other services want bare base64.
    """

    fields: tuple[str, ...] = ()
    required: int = 0
    urls: bool = False
    in_list: bool = False
    data_uri: bool = False
    most: int = 0
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """What tokens cost, in US dollars per million, and how many of them a picture is.

    `factors` by quality go into the formula of the models that take any size; `counts` by quality are
    the tokens of a square and of an oblong picture of the others. `sizes` are those that the service
    chooses from when none is asked, `reference` the least and the most tokens of a reference picture.
    """

    text: float
    image: float
    output: float
    output_text: float = 0.0
    factors: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sizes: tuple[Size, ...] = ()
    reference: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class PriceRule:
    """What one picture costs, in micros; `values` (low, high) by a parameter's value where it depends on one.

    By several parameters: `parameter`, `otherwise` and the keys of `values` hold them joined by commas.

    By megapixels: `first` for the first one, `further` for each further one started, `input` for each
    one of reference pictures, of which a request may hold `budget` together with the output.
    """

    source: str
    date: str
    flat: Micros | None = None
    first: Micros | None = None
    further: Micros = ZERO
    input: Micros = ZERO
    budget: int = 0
    parameter: str | None = None
    otherwise: str = ""
    values: Mapping[str, tuple[Micros, Micros]] = field(default_factory=dict)
    tokens: TokenPrices | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one service. `open`: parameters it does not list are passed on all the same.

    `count` is the field for the number of pictures, None where a request makes one and cannot say so;
    `longest_prompt` counts characters.
    """

    service: str
    name: str
    endpoint: str
    parameters: Mapping[str, Parameter]
    size: SizeRule
    references: References
    constants: Mapping[str, JsonValue]
    price: PriceRule | None
    seconds: float | None
    in_flight: int
    max_count: int
    count: str | None
    longest_prompt: int | None
    takes_prompt: bool
    takes_negative_prompt: bool
    strict: bool
    open: bool
    note: str | None
    deprecated: date | None
    retired: date | None

    def is_retired(self, today: date | None = None) -> bool:
        return self.retired is not None and self.retired <= (today or date.today())

    def life(self, today: date | None = None) -> tuple[str, ...]:
        """Return what there is to know before money is spent: retirement, and what to do instead."""
        today = today or date.today()
        because = f": {self.note}" if self.note else ""
        if self.retired is not None and self.is_retired(today):
            return (f"{self.name} was retired on {self.retired}{because}",)
        if self.retired is not None and self.retired - today <= _SOON:
            return (f"{self.name} will be retired on {self.retired}{because}",)
        if self.deprecated is not None:
            return (f"{self.name} is deprecated since {self.deprecated}{because}",)
        return (f"{self.name}: {self.note}",) if self.note else ()


@dataclass(frozen=True, slots=True)
class ServiceCatalog:
    """All models of a service; `generic` describes one that the catalog does not know."""

    id: str
    title: str
    default: str
    models: Mapping[str, Model]
    generic: Model

    def find(self, name: str) -> Model:
        """Return the model, made from the generic one when it is not listed."""
        known = self.models.get(name)
        return known if known is not None else replace(self.generic, name=name, endpoint=name)

    def names(self) -> tuple[str, ...]:
        """Return the default model, the current ones, the deprecated ones, the retired ones."""

        def order(name: str) -> tuple[bool, bool, bool]:
            model = self.models[name]
            return name != self.default, model.is_retired(), model.deprecated is not None

        return tuple(sorted(self.models, key=order))


@functools.cache
def service(service_id: str) -> ServiceCatalog:
    """Return a service's part of the catalog. Raises KeyError when there is none."""
    data = _data()
    shapes = data["shapes"]
    entry = data["services"][service_id]
    entry = {**entry, "models": {**entry["models"], **_own_models(service_id, entry)}}
    models = {name: _model(service_id, name, _whole(table, shapes)) for name, table in entry["models"].items()}
    generic = _model(service_id, "", _whole({"shape": entry["generic"]}, shapes))
    return ServiceCatalog(service_id, entry["title"], entry["default"], models, generic)


def customise(tables: Mapping[str, object]) -> None:
    """Lay a person's own models and prices over the catalog, for this process.

    `tables` is `[catalog]` of fluxtui.toml: by service, by model, the fields that this folder's
    README.md explains; `price` may be a number of dollars a picture. Raises FluxtuiError that
    names the entry that cannot be used; the catalog is then as it was.
    """
    before = dict(_own)
    _own.clear()
    _own.update({str(name): models for name, models in tables.items() if isinstance(models, dict)})
    service.cache_clear()
    try:
        strange = [name for name in tables if name not in _own or not ids_named(name)]
        if strange:
            raise ValueError(f"catalog: there is no service {strange[0]!r}")
        for name in _own:
            for service_id in ids_named(name):
                service(service_id)
    except (ValueError, TypeError, KeyError) as error:
        _own.clear()
        _own.update(before)
        service.cache_clear()
        raise FluxtuiError(
            Problem(
                ProblemKind.CONFIGURATION,
                "A [catalog] entry of fluxtui.toml cannot be used.",
                str(error),
                'Entries are written [catalog.bfl."flux-pro-1.1"] with fields such as price = 0.05.',
            )
        ) from error


_own: dict[str, Mapping[str, Any]] = {}


def ids_named(name: str) -> list[str]:
    """Return the catalog's services that a person means by `name`: one may have several routes."""
    return [i for i in service_ids() if i == name or i.rpartition("-")[0] == name]


def _own_models(service_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    names = [name for name in _own if service_id in ids_named(name)]
    result = {}
    for name, table in ((n, t) for service_name in names for n, t in _own[service_name].items()):
        if not isinstance(table, dict):
            raise ValueError(f"catalog: {service_id}/{name} is no table")
        own = dict(table)
        if isinstance(own.get("price"), int | float):
            own["price"] = {"flat": own["price"], "source": "fluxtui.toml", "date": date.today().isoformat()}
        result[name] = {**entry["models"].get(name, {"shape": entry["generic"]}), **own}
    return result


def service_ids() -> tuple[str, ...]:
    return tuple(_data()["services"])


@functools.cache
def _data() -> dict[str, Any]:
    """Return the files of the folder as one. Raises ValueError when a shape or service stands in two of them."""
    data: dict[str, Any] = {"shapes": {}, "services": {}, "judges": {}}
    folder = resources.files("fluxtui.providers").joinpath("catalog")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        for kind, tables in tomllib.loads(file.read_text("utf-8")).items():
            if twice := sorted(data[kind].keys() & tables.keys()):
                raise ValueError(f"catalog: {file.name} repeats {kind} {twice}")
            data[kind].update(tables)
    return data


@dataclass(frozen=True, slots=True)
class JudgeModel:
    """One model that judges. Prices in US dollars per million tokens, None where nobody published them."""

    input: float | None = None
    output: float | None = None
    source: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class JudgeCatalog:
    """The models of a judge; others work too."""

    title: str
    default: str
    models: Mapping[str, JudgeModel]


@functools.cache
def judge(judge_id: str) -> JudgeCatalog:
    """Return a judge's part of the catalog. Raises KeyError when there is none."""
    entry = _data()["judges"][judge_id]
    models = {name: JudgeModel(**table) for name, table in entry["models"].items()}
    return JudgeCatalog(entry["title"], entry["default"], models)


def _whole(table: Mapping[str, Any], shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `table` laid over the shapes it starts from; parameters are joined, other tables replaced."""
    own = dict(table)
    base = own.pop("shape", None)
    if base is None:
        return own
    start = _whole(shapes[base], shapes)
    parameters = {**start.get("parameters", {}), **own.get("parameters", {})}
    return {**start, **own, "parameters": parameters}


def _model(service_id: str, name: str, table: dict[str, Any]) -> Model:
    table = dict(table)
    table.pop("source", None)
    model = Model(
        service=service_id,
        name=name,
        endpoint=table.pop("endpoint", name),
        parameters={key: _parameter(key, value) for key, value in table.pop("parameters", {}).items()},
        size=_size(table.pop("size", {"form": "none"})),
        references=_references(table.pop("references", {})),
        constants=table.pop("constants", {}),
        price=_price(table.pop("price", {"unknown": True})),
        seconds=table.pop("seconds", None),
        in_flight=table.pop("in_flight", 8),
        max_count=table.pop("max_count", 1),
        count=table.pop("count", None),
        longest_prompt=table.pop("longest_prompt", None),
        takes_prompt=table.pop("prompt", True),
        takes_negative_prompt=table.pop("negative_prompt", False),
        strict=table.pop("strict", False),
        open=table.pop("open", False),
        note=table.pop("note", None),
        deprecated=_date(table.pop("deprecated", None)),
        retired=_date(table.pop("retired", None)),
    )
    if table:
        raise ValueError(f"catalog: {service_id}/{name} has unknown entries {sorted(table)}")
    return model


def _parameter(name: str, table: Mapping[str, Any]) -> Parameter:
    choices = tuple(table.get("choices", ()))
    values = {**table, "choices": choices, "kind": "choice" if choices else table["type"]}
    values.pop("type", None)
    values["needs"] = {wire: tuple(allowed) for wire, allowed in table.get("needs", {}).items()}
    values["needs_for"] = tuple(table.get("needs_for", ()))
    return Parameter(name=name, **{"wire": name, **values})


def _size(table: Mapping[str, Any]) -> SizeRule:
    values = dict(table)
    converters = (("default", Size.parse), ("choices", _sizes), ("ratios", tuple), ("square_only", frozenset))
    for key, convert in converters:
        if key in values:
            values[key] = convert(values[key])
    if "presets" in values:
        values["presets"] = {name: Size.parse(size) for name, size in values["presets"].items()}
    return SizeRule(**values)


def _sizes(texts: list[str]) -> tuple[Size, ...]:
    return tuple(Size.parse(text) for text in texts)


def _references(table: Mapping[str, Any]) -> References:
    values = dict(table)
    values["fields"] = tuple(values.get("fields", ()))
    values["in_list"] = values.pop("list", False)
    values.setdefault("most", len(values["fields"]))
    return References(**values)


def _price(table: Mapping[str, Any]) -> PriceRule | None:
    values = dict(table)
    if values.pop("unknown", False):
        return None
    for key in ("flat", "first", "further", "input"):
        if key in values:
            values[key] = usd(values[key])
    if "values" in values:
        values["values"] = {key: _range(amount) for key, amount in values["values"].items()}
    if "tokens" in values:
        values["tokens"] = _tokens(values["tokens"])
    return PriceRule(**values)


def _tokens(table: Mapping[str, Any]) -> TokenPrices:
    values = dict(table)
    values["counts"] = {quality: (square, oblong) for quality, (square, oblong) in table.get("counts", {}).items()}
    values["sizes"] = _sizes(table.get("sizes", []))
    values["reference"] = tuple(table.get("reference", (0, 0)))
    return TokenPrices(**values)


def _range(amount: float | list[float]) -> tuple[Micros, Micros]:
    low, high = amount if isinstance(amount, list) else (amount, amount)
    return usd(low), usd(high)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
