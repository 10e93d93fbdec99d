"""The first screen of an empty workspace."""
