"""Measurements: what the runner costs next to the barest loop that does the same job without its promises."""
