"""The mathematics: layers, losses, initialisers, optimisers, schedules, batches, trainer, metrics.

Everything here works on NumPy arrays in memory. It reads and writes no file, knows no file format,
prints nothing, and imports only numpy, scipy and threadpoolctl. A student can read it in an afternoon.
"""
