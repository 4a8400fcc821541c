"""Questions to a network: what it costs, what it looks at, what it gets wrong."""
