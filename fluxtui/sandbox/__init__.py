"""Every provider's API, simulated faithfully, with faults on demand."""
