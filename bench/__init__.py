"""Measurements. `make bench` runs them all and writes docs/benchmarks.md.

Every figure stands beside a control of the same run.
"""
