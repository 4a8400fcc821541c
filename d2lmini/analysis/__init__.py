"""Questions to a network: what it costs, what it looks at, what it gets wrong.

An argument of another type is a TypeError, one that does not fit a ValueError.
"""
