"""SQLite: the database that is the interface between runner and screens."""
