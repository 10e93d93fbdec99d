"""The Batch screen (F2)."""
