"""The Settings screen (F9)."""
