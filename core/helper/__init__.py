"""A second process that does half of the work of an update: on two cores, two at a time.

What lives there: the memory that both processes see, the side that asks, the side that works, and when it pays to ask.
What must not: what a gradient is, and where it is cut (core/shards.py, core/halves.py). A first reading may skip it:
nothing it does changes a number.
"""
