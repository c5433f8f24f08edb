"""Data sets as arrays: embedded files, downloads, splits, normalisation.

Here live the places data comes from and the checks that it is what it claims to be. Nothing here knows
of networks, presets or the command line. Imports numpy, and to download pooch and requests.
"""
