"""Runs, checks, searches and the command line, on runs of a moment and the embedded data."""
