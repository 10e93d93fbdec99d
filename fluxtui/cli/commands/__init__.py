"""One module a command; each is imported when it is called, and imports what is heavy later still."""
