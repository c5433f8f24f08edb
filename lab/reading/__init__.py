"""Reading the curves: from the numbers of a run to a few sentences that say what happened, and what to try.

Here live the facts that are read, the rules that read them, and the order in which findings are told. What must not:
commands, files, anything that trains. The thresholds of the rules are measured by benchmarks/reading.py.
"""
