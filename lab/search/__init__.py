"""Searches: many trials of a preset side by side, on this machine or on a cluster. One trial is a run of lab.runs."""
