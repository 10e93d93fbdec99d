"""Editing a batch in memory: pure functions from one immutable batch to the next, with undo. No Textual here."""
