"""Bytes on disk: the atomic store, layouts, thumbnails, metadata beside pictures."""
