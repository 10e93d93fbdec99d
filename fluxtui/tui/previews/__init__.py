"""Pictures in the terminal: what it can show, and showing it without ever blocking the screen."""
