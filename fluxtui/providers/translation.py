"""One translation of a request for one model: what is sent, and how that departs from what was asked.

The assessment and the payload come from the same pass over the catalog, so they cannot disagree. The
user's `extra` goes last and verbatim; whatever it overrides is no longer reported as adapted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from fluxtui.domain.batch import PARAMETER_ALIASES
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Assessment, Change, ImageRequest
from fluxtui.domain.size import LARGEST_SIDE, Size
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.providers import prices, sizes
from fluxtui.providers.catalog import Model, Parameter
from fluxtui.providers.references import as_data_uri, inlined, is_link, is_loaded
from fluxtui.providers.values import WrongValueError, fitted


@dataclass(frozen=True, slots=True)
class Translation:
    """`payload` is what is sent, whole; nothing is sent when there is an `impossible`."""

    model: Model
    payload: JsonObject
    adaptations: tuple[Adaptation, ...]
    impossible: Problem | None
    expected_size: Size | None
    references: int

    @property
    def count(self) -> int:
        """How many pictures the payload asks for."""
        said = self.payload.get(self.model.count) if self.model.count is not None else None
        return said if isinstance(said, int) and said > 0 else 1

    def ready(self) -> JsonObject:
        """Return the payload. Raises ServiceError (acceptance NO) when the request cannot be sent."""
        if self.impossible is not None:
            raise ServiceError(self.impossible, acceptance=Acceptance.NO, permanent=True)
        return self.payload


def translate(request: ImageRequest, model: Model) -> Translation:
    """Return what `model` is sent for `request`. Pure."""
    return _Translator(request, model).translation()


def assess(request: ImageRequest, model: Model, notes: Iterable[str] = ()) -> Assessment:
    """Return the answer of a provider about `request`: derived from what would be sent, nothing else."""
    translation = translate(request, model)
    return Assessment(
        price=prices.price(model, translation.payload, translation.expected_size, translation.references),
        adaptations=translation.adaptations,
        impossible=translation.impossible,
        expected_size=translation.expected_size,
        notes=(*model.life(), *notes),
        seconds=model.seconds,
    )


@dataclass(slots=True)
class _Translator:
    request: ImageRequest
    model: Model
    payload: JsonObject = field(default_factory=dict)
    noted: list[tuple[Adaptation, frozenset[str]]] = field(default_factory=list)
    impossible: Problem | None = None
    asked: dict[str, JsonValue] = field(default_factory=dict)

    def translation(self) -> Translation:
        model, extra = self.model, self.request.extra
        self.asked = self._asked()
        self._prompts()
        self.payload.update(model.constants)
        self._count()
        self._size()
        for name in tuple(self.asked):
            self._parameter(name, self.asked[name])
        self._references()
        self._dependent()
        self.payload.update(extra)
        expected = self._expected()
        self._required()
        return Translation(
            model, self.payload, self._remaining(expected), self.impossible, expected, self._count_references()
        )

    def _asked(self) -> dict[str, JsonValue]:
        """Return every parameter that was asked for, by this project's names."""
        request = self.request
        asked = {PARAMETER_ALIASES.get(name, name): value for name, value in request.parameters.items()}
        for name in ("steps", "guidance", "seed", "output_format"):
            if (value := getattr(request, name)) is not None:
                asked[name] = value
        return {name: value for name, value in asked.items() if value is not None}

    def _note(self, name: str, change: Change, asked: JsonValue, given: JsonValue, reason: str, *wires: str) -> None:
        self.noted.append((Adaptation(name, change, asked, given, reason), frozenset(wires or (name,))))

    def _drop(self, name: str, asked: JsonValue, reason: str, *wires: str) -> None:
        self._note(name, Change.DROPPED, asked, None, reason, *wires)

    def _cannot(self, kind: ProblemKind, what: str, advice: str) -> None:
        if self.impossible is None:
            self.impossible = Problem(kind, what, advice=advice)

    def _count(self) -> None:
        asked, model = self.request.count, self.model
        if asked > model.max_count:
            self._note("n", Change.CLAMPED, asked, model.max_count, "pictures of one request", model.count or "n")
        if model.count is not None and min(asked, model.max_count) > 1:
            self.payload[model.count] = min(asked, model.max_count)

    # --- prompt, parameters ---

    def _prompts(self) -> None:
        request, model = self.request, self.model
        if model.takes_prompt:
            self.payload["prompt"] = request.prompt
            length = len(request.prompt)
            if model.longest_prompt is not None and length > model.longest_prompt:
                what = f"The prompt has {length:,} characters; {model.name} takes {model.longest_prompt:,}."
                self._cannot(ProblemKind.INVALID_REQUEST, what, "Shorten it.")
        elif request.prompt:
            self._drop("prompt", request.prompt, f"{model.name} takes none")
        if request.negative_prompt and model.takes_negative_prompt:
            self.payload["negative_prompt"] = request.negative_prompt
        elif request.negative_prompt:
            self._drop("negative_prompt", request.negative_prompt, f"{model.name} has none")

    def _parameter(self, name: str, value: JsonValue) -> None:
        parameter = self.model.parameters.get(name)
        if parameter is None:
            if self.model.open or (name in self.model.references.fields and isinstance(value, str)):
                self.payload[name] = value
            else:
                self._drop(name, value, f"{self.model.name or 'this model'} has no such parameter")
            return
        try:
            result = fitted(parameter, value)
        except WrongValueError as error:
            if parameter.wire not in self.request.extra:
                self._cannot(ProblemKind.INVALID_REQUEST, f"{self.model.name}: {error}.", "Correct the parameter.")
            return
        self.payload[parameter.wire] = result.value
        if result.change is not None:
            self._note(name, result.change, value, result.value, result.reason, parameter.wire)

    def _dependent(self) -> None:
        """Take out what means nothing beside the other parameters, where the service would refuse it."""
        for parameter in self.model.parameters.values():
            value = self.payload.get(parameter.wire)
            if value is None or (parameter.needs_for and value not in parameter.needs_for):
                continue
            reason = self._lacking(parameter)
            if reason:
                del self.payload[parameter.wire]
                self.noted = [(said, wires) for said, wires in self.noted if said.parameter != parameter.name]
                self._drop(parameter.name, value, reason, parameter.wire)

    def _lacking(self, parameter: Parameter) -> str:
        """Return why `parameter` means nothing in this request, empty when it does."""
        if parameter.with_references and not self._count_references():
            return "only with reference pictures"
        for wire, allowed in parameter.needs.items():
            known = (p for p in self.model.parameters.values() if p.wire == wire)
            default = next((p.default for p in known), None)
            said = {**self.payload, **self.request.extra}.get(wire, default)
            if said not in allowed:
                return f"only with {wire} {' or '.join(allowed)}"
        return ""

    def _required(self) -> None:
        model, payload = self.model, self.payload
        for parameter in model.parameters.values():
            if parameter.required and payload.get(parameter.wire) is None:
                self._cannot(
                    ProblemKind.INVALID_REQUEST,
                    f"{model.name} needs the parameter {parameter.name}.",
                    "Add it to the task's parameters.",
                )
        if model.size.required and not (payload.get("width") and payload.get("height")):
            self._cannot(
                ProblemKind.INVALID_REQUEST, f"{model.name} needs a size.", "Add `size`, for example 1536x1024."
            )
        needed = model.references.fields[: model.references.required]
        if any(not payload.get(name) for name in needed):
            what = "a reference picture" if len(needed) == 1 else f"{len(needed)} reference pictures"
            self._cannot(
                ProblemKind.INVALID_REQUEST,
                f"{model.name} needs {what} ({', '.join(needed)}).",
                "Add `references` to the task, in this order.",
            )

    # --- size ---

    def _size(self) -> None:
        rule = self.model.size
        size = self.request.size or self._sides() or self._chosen()
        ratio = None if self.model.open else self.asked.pop("aspect_ratio", None)
        match rule.form:
            case "none":
                if size is not None:
                    self._drop("size", str(size), rule.reason, "width", "height", "size")
                if ratio is not None:
                    self._drop("aspect_ratio", ratio, rule.reason)
            case "ratio":
                self._shape(size, ratio)
            case _ if rule.form == "object" and rule.wire in self.payload:
                pass  # a preset says it
            case _:
                self._pixels(size, ratio)

    def _sides(self) -> Size | None:
        """Take width and height, where a batch gives them one by one."""
        width, height = self.asked.get("width"), self.asked.get("height")
        if self.request.size is None and isinstance(width, int) and isinstance(height, int):
            try:
                size = Size(width, height)
            except ValueError:
                return None
            del self.asked["width"], self.asked["height"]
            return size
        return None

    def _chosen(self) -> Size | None:
        """Take the service's own word for a size: the name of a preset, or both sides in an object."""
        rule = self.model.size
        if (
            rule.form != "object"
            or (given := self.asked.pop(rule.wire, None)) is None
            or rule.wire in self.request.extra
        ):
            return None
        if isinstance(given, str):
            if given.strip().lower() in rule.presets or (self.model.open and "x" not in given.lower()):
                self.payload[rule.wire] = given.strip().lower()
                return None
            try:
                return Size.parse(given)
            except ValueError:
                pass
        if isinstance(given, dict):
            width, height = given.get("width"), given.get("height")
            if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
                return Size(min(width, LARGEST_SIDE), min(height, LARGEST_SIDE))
        names = ", ".join(rule.presets) or "WxH"
        what = f"{self.model.name}: {rule.wire} has to be a size or one of {names}."
        self._cannot(ProblemKind.INVALID_REQUEST, what, "Correct the parameter.")
        return None

    def _pixels(self, size: Size | None, ratio: JsonValue) -> None:
        rule = self.model.size
        wires = ("width", "height") if rule.form == "sides" else (rule.wire,)
        terms = sizes.parse_ratio(ratio) if isinstance(ratio, str) else None
        if ratio is not None and (size is not None or terms is None):
            self._drop("aspect_ratio", ratio, "the size says it" if terms else "it is written 16:9")
        elif terms is not None:
            wanted = sizes.sized(terms, rule.default.pixels if rule.default else 1_048_576)
            given, _, _ = sizes.fit(wanted, rule)
            reason = f"{self.model.name} takes pixels"
            self._note("aspect_ratio", Change.REWRITTEN, ratio, str(given), reason, "aspect_ratio")
            self._put_pixels(given)
        if size is not None:
            given, change, reason = sizes.fit(size, rule)
            if change is not None:
                self._note("size", change, str(size), str(given), reason, *wires)
            self._put_pixels(given)

    def _put_pixels(self, size: Size) -> None:
        rule = self.model.size
        if rule.form == "sides":
            self.payload["width"], self.payload["height"] = size.width, size.height
        elif rule.form == "object":
            self.payload[rule.wire] = {"width": size.width, "height": size.height}
        else:
            self.payload[rule.wire] = str(size)

    def _shape(self, size: Size | None, ratio: JsonValue) -> None:
        rule = self.model.size
        given: str | None = None
        if ratio is not None:
            terms = sizes.parse_ratio(ratio) if isinstance(ratio, str) else None
            if isinstance(ratio, str) and ratio.strip() in rule.ratios:
                given = ratio.strip()
            elif terms is None:
                self._drop("aspect_ratio", ratio, "it is written 16:9")
            else:
                given = sizes.shape(*terms, rule)
                if sizes.parse_ratio(given) != terms:
                    reason = f"shapes that {self.model.name} has"
                    self._note("aspect_ratio", Change.BUCKETED, ratio, given, reason)
        self._resolution(size)
        if size is not None and given is not None:
            self._drop("size", str(size), "aspect_ratio says the shape", "width", "height")
        elif size is not None:
            given = sizes.shape(size.width, size.height, rule)
            told = f"{given} at {self.payload[rule.resolution_wire]}" if rule.resolution_wire in self.payload else given
            if rule.resolution_wire == "megapixels":
                told += " megapixel"  # 0.25 or 1
            reason = f"{self.model.name} takes a shape and chooses the pixels"
            self._note("size", Change.REWRITTEN, str(size), told, reason, "aspect_ratio")
        if given is not None:
            self.payload["aspect_ratio"] = given

    def _resolution(self, size: Size | None) -> None:
        rule = self.model.size
        if not rule.resolutions:
            return
        wire = rule.resolution_wire
        asked = self.asked.pop(wire, None)
        if isinstance(asked, int | float) and not isinstance(asked, bool):
            asked = f"{asked:g}"
        if asked is None:
            if size is not None:
                self.payload[wire] = sizes.resolution(size, rule)
        elif isinstance(asked, str) and asked.strip().lower() in rule.resolutions:
            self.payload[wire] = asked.strip().lower()
        elif wire not in self.request.extra:
            self._cannot(
                ProblemKind.INVALID_REQUEST,
                f"{self.model.name}: {wire} has to be one of {', '.join(rule.resolutions)}.",
                "Correct the parameter.",
            )

    # --- references ---

    def _references(self) -> None:
        rule, given = self.model.references, self.request.references
        if not given:
            return
        if rule.most == 0:
            if rule.instead:
                what = f"{self.model.name} takes no reference pictures at this address."
                self._cannot(ProblemKind.UNSUPPORTED, what, f"To use them, {rule.instead}.")
            else:
                self._drop("references", len(given), f"{self.model.name} draws from text only", "image")
            return
        if len(given) > rule.most:
            self._note("references", Change.CLAMPED, len(given), rule.most, "the most it takes")
        taken = given[: rule.most]
        if not rule.urls and any(is_link(reference) for reference in taken):
            self._cannot(
                ProblemKind.UNSUPPORTED,
                f"{self.model.name} takes reference pictures as files, not as links.",
                "Download the picture and name the file in the task.",
            )
        spelled = as_data_uri if rule.data_uri else inlined
        values: list[JsonValue] = [spelled(reference) for reference in taken]
        if rule.in_list:
            self.payload[rule.fields[0]] = values
        else:
            self.payload.update(zip(rule.fields, values, strict=False))

    def _count_references(self) -> int:
        present = [self.payload.get(name) for name in self.model.references.fields]
        return sum(len(value) if isinstance(value, list) else 1 for value in present if value)

    # --- what came of it ---

    def _expected(self) -> Size | None:
        """Return what the picture will measure, by the final payload; None when the service decides."""
        rule, payload = self.model.size, self.payload
        if rule.form not in ("sides", "text", "object"):
            return None
        said = [payload.get(name) for name in ("width", "height", rule.wire)]
        if rule.form == "object":
            named = said[2]
            said = [named.get("width"), named.get("height"), None] if isinstance(named, dict) else [None, None, named]
        try:
            if rule.form == "object" and isinstance(said[2], str):
                return rule.presets.get(said[2])
            if rule.form == "text" and isinstance(said[2], str):
                return Size.parse(said[2])
            if rule.form != "text" and isinstance(said[0], int) and isinstance(said[1], int):
                return Size(said[0], said[1])
        except ValueError:
            return None  # what `extra` says is no size, such as 0x0 for "automatic"
        if any(value is not None for value in said) or (rule.automatic and self._count_references()):
            return None
        return rule.default

    def _remaining(self, expected: Size | None) -> tuple[Adaptation, ...]:
        """Return the adaptations that still hold after `extra` had the last word."""
        remaining = []
        for adaptation, wires in self.noted:
            overridden = wires & self.request.extra.keys()
            if not overridden:
                remaining.append(adaptation)
            elif adaptation.parameter == "size" and overridden != wires and adaptation.change is not Change.DROPPED:
                remaining.append(replace(adaptation, given=str(expected) if expected else None))
        return tuple(remaining)


def unloaded(request: ImageRequest) -> ServiceError | None:
    """Return the error for a reference that nobody has read from disk, None when all are at hand."""
    if all(is_loaded(reference) for reference in request.references):
        return None
    problem = Problem(
        ProblemKind.INVALID_REQUEST,
        "A reference picture is neither a link nor picture data.",
        "Files are read before a request is sent; this one was not.",
        "Check the task's `references`.",
    )
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
