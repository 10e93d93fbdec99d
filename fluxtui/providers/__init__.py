"""Talk to one service each: the protocol, the shared HTTP client, the catalog, one module a service."""
