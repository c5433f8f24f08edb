"""`gradlab explain`: what a setting does, in words and in curves of recorded runs.

The texts (`texts.py`) and the curves (`effects.py`; record.py makes them) live here. What a setting may be must not:
that is said once, in presets/schema.py.
"""
