"""What a file offers to be checked, without running it."""

import pytest

from lab.check.targets import names_in
from lab.check.template import template
from lab.errors import LabError


def test_functions_classes_and_pairs_are_offered_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(template() + "\nraise SystemExit('run')\n\ndef _hidden(): ...\n\ndef alone_forward(x): ...\n")
    assert names_in(path) == ["my_network", "Dense", "relu", "alone_forward"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"def f(:\n", "mine.py, line 1: "),
        (b"x = 1\n", "has no function and no class to check"),
        (b"\x00", "mine.py"),
        (b"# \xff\n", "mine.py"),
        (None, "mine.py: No such file or directory"),
    ],
)
def test_what_offers_nothing_is_refused(tmp_path, content, message):
    path = tmp_path / "mine.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LabError, match=message):
        names_in(path)
