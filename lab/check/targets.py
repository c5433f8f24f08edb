"""How what is to be checked is written: FILE, FILE:NAME, FOLDER; and the layers that --against knows."""

import re
from pathlib import Path

FILE = re.compile(r"(?P<path>.+\.(py|ipynb|m)):(?P<name>\w+(\.\w+)*)")  # how NAME in a file is written
WHOLE = re.compile(r"(?P<path>.+\.(py|ipynb|m)):?")  # how a file is written, for everything in it
AGAINST = ("dense", "relu", "batchnorm", "softmax", "conv2d", "maxpool")  # the layers of lab.check.against


def is_folder(target: str) -> bool:
    """Is a folder of hand-ins meant? A preset's name means the preset; with a slash behind it, the folder."""
    from presets.load import names

    return Path(target).is_dir() and target not in names()
