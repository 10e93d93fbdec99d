"""Batches as hypothesis draws them: whatever a person or a program could put into one."""

from hypothesis import strategies as st

from fluxtui.domain.batch import PARAMETER_ALIASES, Axis, Batch, Target, Task
from fluxtui.domain.values import JsonObject, JsonValue, canonical_json

_RESERVED = {
    *("name", "id", "prompt", "negative_prompt", "parameters", "context", "references", "extra", "payload"),
    *("title", "scene", "mood", "width", "height"),
    *PARAMETER_ALIASES,
}
_KNOWN = {"size", "steps", "guidance", "seed", "n", "output_format"}

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
tricky = st.sampled_from(
    [
        *("5", "1.0", "1e5", "0x1f", "true", "TRUE", "null", "~", "no", "16:9", "2026-01-01", "=1+1", "[a]", '"q"'),
        *(
            "{x}",
            "# no comment",
            "- item",
            "a: b",
            "a,b;c",
            "line\nbreak",
            "back\\slash",
            "'",
            '"',
            "\x1b[31mred",
            "<<",
        ),
        *(
            "\u2028",
            "\x85",
            "\ufeff",
            "🦊",
            "e\u0301",
            "  padded  ",
            "\r",
            "\t",
            ".inf",
            "0o17",
            "1_000",
            "%",
            "@",
            "`",
        ),
    ]
)
texts = st.one_of(tricky, st.text(characters, min_size=1, max_size=40)).filter(lambda text: bool(text.strip()))
trimmed = texts.map(str.strip)
prompts = st.one_of(texts, st.sampled_from(["a red fox in snow", "ein Fuchs, „rot“; im Schnee"]))
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), floats, texts, st.just("")
)
filled: st.SearchStrategy[JsonValue] = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), floats, texts)
keys = st.one_of(tricky, st.text(characters, max_size=12))


def objects(leaves: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonObject]:
    values: st.SearchStrategy[JsonValue] = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
    )
    return st.dictionaries(keys, values, max_size=3)


names_of_parameters = st.one_of(
    st.sampled_from(["safety_tolerance", "raw", "aspect_ratio", "strength", "quality"]),
    st.text("abcdefghijk_", min_size=4, max_size=12),
).filter(lambda name: name not in _RESERVED and name not in _KNOWN)


def parameters(leaves: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonObject]:
    known: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
        {},
        optional={
            "size": st.sampled_from(["1024x1024", "1x16384", "auto"]),
            "steps": st.integers(1, 1000),
            "guidance": st.one_of(st.integers(0, 100), st.floats(0, 100)),
            "seed": st.integers(-1, 2**63 - 1),
            "n": st.integers(1, 100),
            "output_format": st.sampled_from(["png", "jpeg", "webp"]),
        },
    )
    other = st.dictionaries(names_of_parameters, leaves | st.lists(leaves, max_size=3), max_size=3)
    return st.builds(lambda one, two: {**one, **two}, known, other)


@st.composite
def tasks(draw: st.DrawFn, leaves: st.SearchStrategy[JsonValue] = scalars) -> tuple[Task, ...]:
    names = draw(st.lists(trimmed, min_size=1, max_size=4, unique=True))
    context = st.dictionaries(st.sampled_from(["title", "scene", "mood", "series", "camera"]), texts, max_size=3)
    return tuple(
        Task(
            name=name,
            prompt=draw(prompts),
            negative_prompt=draw(st.none() | texts),
            parameters=draw(parameters(leaves)),
            context=draw(context),
            references=tuple(draw(st.lists(texts, max_size=2))),
            extra=draw(objects(leaves)),
        )
        for name in names
    )


_targets = st.builds(
    Target,
    provider=st.sampled_from(["bfl", "azure-flux", "fal"]),
    model=st.sampled_from(["", "flux-pro-1.1", "owner/name:1"]),
    parameters=parameters(filled),
    label=st.none() | texts,
    fallback=st.lists(st.sampled_from(["bfl/flux-dev", "fal"]), max_size=2).map(tuple),
)
_axes = st.builds(
    Axis,
    name=st.sampled_from(["style", "aspect_ratio", "strength"]),
    values=st.lists(filled, min_size=1, max_size=4, unique_by=canonical_json).map(tuple),
)


@st.composite
def native_batches(draw: st.DrawFn, leaves: st.SearchStrategy[JsonValue] = scalars) -> Batch:
    return Batch(
        name=draw(trimmed),
        tasks=draw(tasks(leaves)),
        targets=tuple(draw(st.lists(_targets, max_size=3, unique_by=lambda target: target.title))),
        axes=tuple(draw(st.lists(_axes, max_size=2, unique_by=lambda axis: axis.name))),
        defaults=draw(parameters(leaves)),
        repeat=draw(st.integers(1, 1000)),
        recipe=draw(st.none() | objects(leaves)),
    )


def plain_batches() -> st.SearchStrategy[Batch]:
    return st.builds(Batch, name=st.just("batch"), tasks=tasks())


no_null = filled
