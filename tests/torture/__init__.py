"""What must never be lost, written elsewhere, hang or end in a traceback: kills, signals, damage and hostile input.

Every test has two sizes: a small one in `make test`, and the whole one in `make torture`. No behaviour is tested here
that has no test of its own elsewhere: this is where unforeseen inputs are tried.
"""
