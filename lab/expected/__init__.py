"""What a run of a preset should look like: mean and spread over seeds of runs on the full data, shipped as CSV files.

Here they are read; lab/reproduce/expect.py makes them. Whoever draws or judges a run beside them lives elsewhere.
"""
