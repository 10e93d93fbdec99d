"""How well one colour reads on another: the contrast of WCAG 2.1. Pure."""

AA = 4.5
"""The least contrast of text that WCAG's level AA asks for."""


def luminance(color: str) -> float:
    """Return the relative luminance of `#rrggbb`, 0 to 1. Source: WCAG 2.1, "relative luminance"."""
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    """Return the contrast ratio of two colours `#rrggbb`, 1 to 21. Source: WCAG 2.1, "contrast ratio"."""
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)
