"""The engine as the screens see it: one door a part, imported late and called in threads. Tests put others there."""
