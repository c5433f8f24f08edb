"""Numbers of the reports that are in no preset, by report, and the misprints of the reports."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slip:
    """A wrong statement in a report that is not a number to measure."""

    report: str
    printed: str
    right: str
    why: str


# a2

BEST_LAMBDAS = {  # tables 1 and 2: lambda, validation accuracy
    "a2-coarse": ((0.002179, 0.5258), (0.00202, 0.5240), (4.89e-05, 0.5224), (0.004074, 0.5206), (0.00029, 0.5204)),
    "a2-fine": ((0.000649, 0.5254), (0.001479, 0.5242), (0.000701, 0.5228)),
}
LOWEST_ACCURACY = {"a2-coarse": 0.4376, "a2-fine": 0.514}

# a3

SANITY = {  # section 1: overfit 100 images
    "a3-sanity": (),
    "a3-sanity lambda=0.01": ("lambda=0.01",),
    "a3-sanity BN": ("batch_norm=true",),
    "a3-sanity BN lambda=0.01": ("batch_norm=true", "lambda=0.01"),
}
SENSITIVITY = (  # section 5: batch normalisation, sigma, reported, independent; in the order of the grid
    ("BN", "1e-1", 0.5484, 0.5278),
    ("BN", "1e-3", 0.5397, 0.5361),
    ("BN", "1e-4", 0.5426, 0.5341),
    ("no BN", "1e-1", 0.5341, 0.5249),
    ("no BN", "1e-3", 0.5271, 0.4982),
    ("no BN", "1e-4", 0.0998, 0.1000),
)

# names; its table 1 stands beside its check, in lab.check.as_reported

EFFICIENCY = (  # section v: seconds on the author's machine
    ("dense", "before", 50.5),
    ("sparse", "sparse MX built on the way", 48.0),
    ("precomputed", "sparse MX, building not counted", 17.0),
)
FRIENDS = (  # table 2: whose name, the class that won, its probability
    ("Malmberg", "German", 0.6860),
    ("Baltatzis", "Greek", 0.8776),
    ("Karlsson", "Dutch", 0.5116),
    ("Zhao", "Chinese", 0.9601),
    ("Selmer", "German", 0.6215),
    ("Singh", "Irish", 0.3080),
)

# fman45

PARAMETERS = {  # of every layer that has some: as printed, and right
    "mnist-cnn": ((416, 416), (6_416, 6_416), (7_850, 7_850)),
    "cifar-cnn-better": ((1_216, 1_216), (12_832, 12_832), (9_284, 9_248), (20_490, 20_490)),
}
TOTALS = {"mnist-cnn": (14_682, 14_682), "cifar-cnn-better": (43_822, 43_786)}
SWAPPED = "Two digits are swapped: 3 x 3 x 32 x 32 + 32 = 9,248."
FIGURE_9 = np.array(  # rows are true classes
    [
        [566, 48, 65, 32, 52, 19, 9, 12, 133, 64],
        [25, 670, 2, 12, 14, 8, 7, 4, 63, 195],
        [67, 22, 379, 107, 150, 137, 56, 20, 24, 38],
        [11, 29, 56, 405, 100, 242, 66, 33, 18, 40],
        [24, 18, 117, 76, 528, 78, 48, 72, 13, 26],
        [8, 11, 52, 195, 79, 550, 24, 44, 19, 18],
        [11, 28, 64, 113, 143, 46, 540, 13, 9, 33],
        [12, 7, 32, 74, 132, 112, 8, 573, 6, 44],
        [99, 84, 8, 19, 18, 16, 1, 7, 676, 72],
        [44, 130, 4, 19, 18, 12, 6, 19, 42, 706],
    ]
)
TABLE_2 = (  # precision and recall as printed
    (0.3849, 0.67397, 0.6528, 0.70588, 0.6399, 0.5711, 0.4508, 0.7189, 0.4278, 0.4865),
    (0.4050, 0.6760, 0.5660, 0.5400, 0.6700, 0.7060, 0.5500, 0.5730, 0.52800, 0.3790),
)
TABLE_2_ORDER = (3, 8, 0, 6, 1, 9, 5, 7, 4, 2)  # the classes they are of

# More than one report

RANGES = {  # accuracies that others reached: lowest, highest
    "names-imbalanced": (0.250, 0.286),
    "names-balanced": (0.437, 0.463),
    "mnist-cnn": (0.9705, 0.9821),
    "cifar-cnn": (0.34, 0.55),
    "cifar-cnn-better": (0.35, 0.56),
}
SLIPS = (
    Slip("a1", "table 1: loss 1.8668 and 1.9292 (tests 3, 4)", "cost", "The penalty is included."),
    Slip("a2", "tables 1 and 2: test set accuracy", "validation accuracy", "Lambda is chosen by it."),
    Slip("a2", "fine search: l_min = -2.39, l_max = -4.31", "-4.31 to -2.39", "The ends are swapped."),
    Slip(
        "a2",
        "figures 1 and 2: eps = 0.1",
        "eps = 1e-6",
        "With 0.1 any difference below 1e-7 passes, however small the gradient is.",
    ),
    Slip(
        "a3",
        "section 4.2: more than a 15 % increase",
        "7.4 points",
        "0.4489 to 0.5224, which is 16 % of 0.4489.",
    ),
    Slip(
        "fman45",
        "parameters of the dense layer on digits: (748 + 1) 10 = 7,850",
        "(784 + 1) 10 = 7,850",
        "Two digits are swapped, in the formula only.",
    ),
    Slip(
        "fman45",
        "table 2: classes 1 to 10",
        "cat, ship, airplane, frog, automobile, truck, dog, horse, deer, bird",
        "The numbers are those of figure 9, in this order.",
    ),
)
