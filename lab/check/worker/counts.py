"""What arguments for sizes and counts are called: hidden units, classes, passes, the size of a batch."""

from collections.abc import Callable

from .roles import Role, plain, role
from .world import World

HIDDEN = r"m|nhid(den)?|(nodes|units|neurons)(in)?hidden(layer)?|(n|num)?hidden(layer)?(size|dim|units|nodes)?"
INPUTS = (
    r"d|ndim|dims?|(n|num)?visible(size|units)?|(n|num)inputs?(units|nodes|neurons)?|inputs?(layer)?(size|dim|units)|"
    r"(n|num)?features"
)
CLASSES = r"k|(n|num)(of)?(classes|labels)|output(layer)?size"
COUNTS: tuple[tuple[str, Callable[[World], float]], ...] = (
    (r"sparsity\w*|rho", lambda w: 0.1),
    (CLASSES, lambda w: w.sizes[-1]),
    (r"n|nbatch|batchsize", lambda w: len(w.y)),
    (r"l|klayers|(n|num)(of)?layers", lambda w: w.store.depth),
    (INPUTS, lambda w: w.sizes[0]),
    (HIDDEN, lambda w: w.sizes[1] if w.store.depth > 1 else len(w.y)),
)
OF_EXAMPLES = r"(discounted)?(returns?|rewards?)|advantages?|(sample|example)weights?"  # a number for each example
PASSES = r"(n|num|max|train(ing)?)?(epochs?|iter(ation)?s?|steps|updates|passes)"
DIMENSIONS = r"dimensions|(layer|network|net|nn)s?(sizes|dims|dimensions)"
BATCH_SIZE = r"(mini)?(batch|nbatch|batchsize|batchn|bs)"


def is_rate(name: str) -> bool:
    """Is it surely a learning rate, and no slope of a leaky ReLU?"""
    return role(name) is Role.ETA and plain(name) != "alpha"
