"""fluxtui: make pictures in bulk from a terminal, and find out which service makes them best."""

__version__ = "0.1.0"
