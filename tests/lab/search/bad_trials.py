"""Trials that go wrong, for worker processes to import."""

import os
import time

from lab.search.trial import Outcome, Task, perform


def dies(task: Task) -> Outcome:
    """The worker ends while it is at trial 2, whoever tries it."""
    if task.number == 2:
        os._exit(1)
    return perform(task)


def dies_once(task: Task) -> Outcome:
    """The worker ends in the middle of trial 2, if it is the first to try."""
    tried = task.folder.parent / "tried"
    if task.number == 2 and not tried.exists():
        tried.touch()
        perform(Task(task.number, task.preset, task.folder, task.data, until=9))
        os._exit(1)
    return perform(task)


def raises(task: Task) -> Outcome:
    """Something that perform() did not expect."""
    if task.number == 2:
        raise RuntimeError("out of\nluck")
    return perform(task)


def slow(task: Task) -> Outcome:
    """Time enough to do something to the worker."""
    time.sleep(0.5)
    return perform(task)
