"""The Providers screen (F6)."""
