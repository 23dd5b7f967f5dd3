"""What runs in a peer's own environment: each file alone, by that peer's Python.

Reads a question as JSON from stdin and prints what it found, and how long it took, as JSON.
"""
