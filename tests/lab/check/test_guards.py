"""What a file must not do to the process that answers."""

import os

import pytest

from lab.check.worker import guards


def test_ending_at_once_ends_a_process_of_the_file_and_not_the_one_that_answers(monkeypatch):
    ended = []
    monkeypatch.setattr(guards, "_EXIT", ended.append)
    with pytest.raises(SystemExit, match="3"):
        guards._exit(3)
    assert not ended
    monkeypatch.setattr(os, "getpid", lambda: guards._PROCESS + 1)
    with pytest.raises(SystemExit):  # _EXIT does not end it here
        guards._exit(4)
    assert ended == [4]
