"""Batch files as the front ends reach them: they know the engine, not the rooms below it."""

from fluxtui.batchfiles.findings import BatchFileError, Finding, ReadResult
from fluxtui.batchfiles.reading import read_batch

__all__ = ["BatchFileError", "Finding", "ReadResult", "read_batch"]
