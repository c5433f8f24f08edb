"""Everything the five reports report, measured again and judged: values, tables of their numbers, and measures.

The numbers are in tables, and how each is measured in measures; values puts the two together. Trainings run on the
workers of lab.search.
"""
