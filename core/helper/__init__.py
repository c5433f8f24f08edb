"""A second process that computes the second shard of every batch: on two cores, two at a time.

What lives there: the memory that both processes see, the side that asks and the side that works. What must not: what a
gradient is (core/shards.py). A first reading may skip it: nothing it does changes a number.
"""
