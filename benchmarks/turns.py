"""Contestants in processes of their own, asked in turns, so that drift of the machine meets all of them alike."""

import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

Seconds = float
Contestant = Callable[..., Callable[[int], Seconds]]  # from settings to a function: make n updates, say how long


def _serve(pipe: Connection, contestant: Contestant, settings: tuple[Any, ...]) -> None:
    make_updates = contestant(*settings)
    while n := pipe.recv():
        pipe.send(make_updates(n))


def take_turns(
    contestants: dict[str, tuple[Contestant, tuple[Any, ...]]], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Updates per second of each contestant in each of `rounds` rounds of about `seconds`."""
    context = multiprocessing.get_context("spawn")
    pipes = {}
    for name, (contestant, settings) in contestants.items():
        pipe, other = context.Pipe()
        context.Process(target=_serve, args=(other, contestant, settings), daemon=True).start()
        pipes[name] = pipe
    updates = {}
    for name, pipe in pipes.items():  # a first turn warms up and tells how many updates fill a turn
        pipe.send(30)
        pipe.recv()
        pipe.send(50)
        updates[name] = max(20, int(50 * seconds / pipe.recv()))
    rates: dict[str, list[float]] = {name: [] for name in pipes}
    for _ in range(rounds):
        for name, pipe in pipes.items():
            pipe.send(updates[name])
            rates[name].append(updates[name] / pipe.recv())
    for pipe in pipes.values():
        pipe.send(0)
    return rates


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over rounds of ours / theirs, each pair measured moments apart."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def quartiles(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The three quartiles over rounds of ours / theirs."""
    return statistics.quantiles((a / b for a, b in zip(ours, theirs, strict=True)), method="inclusive")
