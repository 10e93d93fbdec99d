"""Questions and papers over a screen: choices, one line of text, help."""
