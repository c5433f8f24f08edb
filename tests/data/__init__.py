"""Data sets: files in the official layouts made on the spot, and downloads from a server of this machine."""
