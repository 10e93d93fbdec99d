"""The Run screen (F3)."""
