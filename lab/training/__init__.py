"""`gradlab run`: a preset, or a student's own code in the place of the preset's network.

What a run is, on the disk and in memory, stands in lab/runs; how a student's code is read, in lab/check.
"""
