"""`gradlab watch`: the log that any program writes while it trains, read as it grows and drawn.

Here live the readers of logs (`columns.py`, `text.py`, `events.py`, `reader.py`, `follow.py`), what they have read
(`log.py`, `series.py`) and what it is drawn against. A training of ours must not: its files are read by `lab/runs/`.
"""
