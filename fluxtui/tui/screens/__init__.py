"""One folder a screen: `screen.py` and its style sheet `screen.tcss`."""
