"""Runs: train a preset, keep the run on the disk, read it back, list it, compare it, show it.

Nothing here knows of searches or checks.
"""
