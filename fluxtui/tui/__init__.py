"""The cockpit, in Textual."""
