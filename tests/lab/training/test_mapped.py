"""Where the disk has no room for the mapped data, one line says so, and nothing is left."""

import errno

import numpy as np
import pytest

from lab.errors import DiskError
from tests.lab.training.test_planted import CHANGES, FUNCTIONS


@pytest.mark.parametrize("full_from", [1, 4])
def test_a_full_disk(trained, monkeypatch, tmp_path, full_from):
    folder, written = tmp_path / "temporary", []
    folder.mkdir()
    save = np.save

    def full(path, array):
        written.append(path)
        if len(written) >= full_from:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(path, array)

    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("lab.training.mapped.np.save", full)
    with pytest.raises(DiskError, match=r"temporary.*: No space left on device"):
        trained(FUNCTIONS, "ComputeGradients", "a2-setting1", *CHANGES)
    assert len(written) == full_from
    assert not list(folder.iterdir())
