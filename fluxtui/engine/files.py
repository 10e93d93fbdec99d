"""Batch files as the front ends reach them: they know the engine, not the rooms below it."""

from fluxtui.batchfiles.findings import BatchFileError, Finding, ReadResult
from fluxtui.batchfiles.parameters import parse_axis_values
from fluxtui.batchfiles.reading import read_batch, read_batch_text
from fluxtui.batchfiles.schema import batch_schema

__all__ = [
    "BatchFileError",
    "Finding",
    "ReadResult",
    "batch_schema",
    "parse_axis_values",
    "read_batch",
    "read_batch_text",
]
