"""Runs: train a preset, save the run, read it, list it, compare it, show it.

Nothing here knows about searches or checks.
"""
