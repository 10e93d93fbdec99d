"""The native format in JSON."""

import json

from fluxtui.batchfiles.findings import ReadResult, Report
from fluxtui.batchfiles.jsontext import JsonDocument
from fluxtui.batchfiles.native import check_native, native_mapping
from fluxtui.domain.batch import Batch


def read(document: JsonDocument, file: str, stem: str) -> ReadResult:
    """Read a native batch. Raises BatchFileError."""
    report = Report(file, document.lines)
    document.report_repeats(report)
    return report.result(check_native(document.value, report, stem), "native-json")


def write(batch: Batch) -> str:
    return json.dumps(native_mapping(batch), ensure_ascii=False, indent=2) + "\n"
