"""Figures with their peers, measured on demand: ``python -m benchmarks.AREA [NAME...] [--quick]``.

One module for each area. Goals stand in goals.toml, and nowhere else. These are no tests: nothing
in the suite waits for a clock.
"""
