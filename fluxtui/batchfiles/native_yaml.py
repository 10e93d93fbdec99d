"""The native format in YAML."""

from functools import cache
from typing import TYPE_CHECKING, Any

from fluxtui.batchfiles.findings import ReadResult, Report
from fluxtui.batchfiles.native import check_native, native_mapping
from fluxtui.batchfiles.yamltext import parse, plain_scalar
from fluxtui.domain.batch import Batch
from fluxtui.domain.values import JsonObject

if TYPE_CHECKING:
    import yaml


def read(text: str, file: str, stem: str) -> ReadResult:
    """Read a native batch. Raises BatchFileError."""
    report = Report(file)
    document = parse(text, report)
    if document.breaks:
        # What is missing from the broken end is no mistake of its own.
        remains = check_native(document.value, Report(file), stem)
        report.stop_on_errors(remains if remains.tasks else None)
    report.lines = document.lines
    return report.result(check_native(document.value, report, stem), "native-yaml")


def write(batch: Batch) -> str:
    return dumped(native_mapping(batch))


def dumped(value: JsonObject) -> str:
    """Return a mapping as YAML that `yamltext` reads back the same."""
    import yaml

    return yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=10_000, indent=2)


@cache
def _dumper() -> "type[yaml.SafeDumper]":
    """Return a dumper that quotes every text that `yamltext` would take for something else."""
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def represent_text(dumper: Any, text: str) -> Any:
        style = None
        if not text.isprintable():
            # Line breaks and control characters survive every style only as escapes.
            style = '"'
        elif not text or not isinstance(_meaning(text), str):
            style = '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent_text)
    return Dumper


def _meaning(text: str) -> Any:
    try:
        return plain_scalar(text)
    except ValueError:
        return None
