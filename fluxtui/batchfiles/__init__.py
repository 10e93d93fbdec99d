"""Read and write batch files; one file a format."""
