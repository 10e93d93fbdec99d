"""Read and write batch files; one file a format.

`read_batch` finds out the format by content, checks everything and either returns a `Batch` or raises
`BatchFileError` with all findings at once. `write_batch` writes only what reads back the same.
"""

from fluxtui.batchfiles.detection import FORMATS
from fluxtui.batchfiles.findings import BatchFileError, Finding, ReadResult
from fluxtui.batchfiles.parameters import parse_axis_values
from fluxtui.batchfiles.reading import read_batch, read_batch_text
from fluxtui.batchfiles.schema import batch_schema
from fluxtui.batchfiles.writing import batch_text, write_batch

__all__ = [
    "FORMATS",
    "BatchFileError",
    "Finding",
    "ReadResult",
    "batch_schema",
    "batch_text",
    "parse_axis_values",
    "read_batch",
    "read_batch_text",
    "write_batch",
]
