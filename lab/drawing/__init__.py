"""Curves in a terminal, for commands and the app alike: what is drawn, how it looks, and the cells it becomes.

Here live figures, axes and dots. What a run or a search is must not be known here.
"""
