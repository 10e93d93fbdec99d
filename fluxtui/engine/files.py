"""Batch files as the front ends reach them: they know the engine, not the rooms below it."""

from fluxtui.batchfiles.findings import BatchFileError, Finding, ReadResult
from fluxtui.batchfiles.parameters import KNOWN_PARAMETERS, WrongValueError, format_cell, parse_axis_values, parse_cell
from fluxtui.batchfiles.reading import read_batch, read_batch_text
from fluxtui.batchfiles.recipes import parse_recipe, recipe_text
from fluxtui.batchfiles.saving import (
    FileChangedError,
    Opened,
    Stamp,
    digest_of,
    format_for,
    losses,
    open_batch,
    save_batch,
    stamp_of,
    without_losses,
    writable,
)
from fluxtui.batchfiles.schema import batch_schema
from fluxtui.batchfiles.single import CheckedTask, check_fields, task_errors
from fluxtui.batchfiles.writing import SUFFIXES, batch_text

__all__ = [
    "KNOWN_PARAMETERS",
    "SUFFIXES",
    "BatchFileError",
    "CheckedTask",
    "FileChangedError",
    "Finding",
    "Opened",
    "ReadResult",
    "Stamp",
    "WrongValueError",
    "batch_schema",
    "batch_text",
    "check_fields",
    "digest_of",
    "format_cell",
    "format_for",
    "losses",
    "open_batch",
    "parse_axis_values",
    "parse_cell",
    "parse_recipe",
    "read_batch",
    "read_batch_text",
    "recipe_text",
    "save_batch",
    "stamp_of",
    "task_errors",
    "without_losses",
    "writable",
]
