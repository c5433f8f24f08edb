"""Side-by-side measurements, against PyTorch and against the naive methods. Nothing here is imported by the packages.

Speed is measured here and never asserted in a test: machines are shared and noisy, so every comparison is made in
one run, in turns, as a ratio of medians.
"""
