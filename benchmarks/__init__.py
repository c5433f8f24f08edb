"""Measurements: speed beside PyTorch and the naive methods, and how well curves are read. No package imports this.

Speed is measured here and never asserted in a test: machines are shared and noisy, so every comparison is made in
one run, in turns, as a ratio of medians.
"""
