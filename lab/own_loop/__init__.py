"""Code with a training loop of its own (`gradlab run FILE --like PRESET --fit NAME`): called with a preset's data and
settings, watched while it trains, and its updates held against the preset's plan.

The watching itself happens in the process of the file (lab/check/worker/tracing.py). Nothing here runs a student's
code, and nothing here paints but view.py.
"""
