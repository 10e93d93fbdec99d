"""The History screen (F7)."""
