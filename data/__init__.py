"""Data sets as arrays: embedded files, downloads, splits, normalisation.

The sources of the data and the checks of their content live here. Nothing here knows about networks, presets or the
command line. Imports numpy and, for downloads, pooch and requests.
"""
