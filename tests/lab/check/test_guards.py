"""What a file must not do to the process that answers."""

import os
import sys

import pytest

from lab.check.worker import guards


def test_ending_at_once_ends_a_process_of_the_file_and_not_the_one_that_answers(monkeypatch):
    ended = []
    monkeypatch.setattr(guards, "_EXIT", ended.append)
    monkeypatch.setattr(sys, "addaudithook", lambda hook: None)  # it would stay
    monkeypatch.setattr("builtins.open", open)
    monkeypatch.setattr("builtins.input", input)
    monkeypatch.setattr("argparse.ArgumentParser.parse_args", None)
    monkeypatch.setattr(os, "_exit", None)
    guards.Guard(print)
    with pytest.raises(SystemExit, match="3"):
        os._exit(3)
    assert not ended
    monkeypatch.setattr(os, "getpid", lambda: 0)
    with pytest.raises(SystemExit):  # _EXIT does not end it here
        os._exit(4)
    assert ended == [4]
