"""Help (F1), the keys of a screen (?), and the tour."""
