"""A batch's recipe by itself, as an editor has it: YAML text, with the checks that a file's recipe goes through."""

from collections.abc import Mapping

from fluxtui.batchfiles import native_yaml
from fluxtui.batchfiles.findings import Report
from fluxtui.batchfiles.native import check_recipe
from fluxtui.batchfiles.yamltext import parse
from fluxtui.domain.values import JsonValue


def recipe_text(recipe: Mapping[str, JsonValue] | None) -> str:
    """Return a recipe as YAML that `parse_recipe` reads back the same; no text for none."""
    return "" if recipe is None else native_yaml.dumped(dict(recipe))


def parse_recipe(text: str) -> dict[str, JsonValue] | None:
    """Read a recipe, None when there is nothing but comments. Raises BatchFileError with the lines of what is wrong."""
    report = Report("recipe")
    document = parse(text, report) if text.strip() else None
    if document is None:
        return None
    report.stop_on_errors()
    # In a file the recipe stands under its name; here it is the whole text.
    report.lines = lambda places: {("recipe", *p): n for p, n in document.lines([p[1:] for p in places]).items()}
    recipe = check_recipe(document.value, report)
    report.stop_on_errors()
    return recipe
