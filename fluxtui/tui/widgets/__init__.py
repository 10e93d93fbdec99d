"""Reusable parts of the screens. Text from outside reaches them as plain text, never as markup."""
