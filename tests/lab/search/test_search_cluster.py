"""The same search on a Dask cluster of two worker processes of this machine."""

import os
import signal

import pytest

from lab.errors import LabError
from lab.search.search import begin
from presets.load import load
from tests.lab.conftest import SMALL
from tests.lab.search import bad_trials

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("default")  # the library's own


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers, each a process that its nanny begins again when it dies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster


def search(runs, scheduler=None):
    return begin(load("a2-coarse", [*SMALL, "search.trials=6"]), "mini", runs, 1, scheduler=scheduler)


def table(search):
    return (search.store.path / "trials.csv").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The table of local processes."""
    found = search(tmp_path_factory.mktemp("undisturbed"))
    found.run()
    return table(found)


def test_a_cluster_gives_the_same_table(cluster, undisturbed, tmp_path):
    found = search(tmp_path, cluster.scheduler_address)
    document = found.run()
    assert (document["engine"], document["jobs"]) == ("dask", 2)
    assert table(found) == undisturbed


def test_a_worker_killed_half_way_changes_nothing(cluster, undisturbed, tmp_path):
    found = search(tmp_path, cluster.scheduler_address)
    found.perform = bad_trials.slow
    killed = []

    def kill(row):
        if not killed:
            with distributed.Client(cluster.scheduler_address) as client:
                pids = client.run(os.getpid)
            killed.append(min(pids.values()))
            os.kill(killed[0], signal.SIGKILL)

    document = found.run(kill)
    assert killed
    assert {row["state"] for row in document["trials"]} == {"done"}
    assert table(found) == undisturbed


def test_a_place_without_a_scheduler_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lab.search.workers.CONNECT_SECONDS", 0.5)
    with pytest.raises(LabError, match=r"--scheduler tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        search(tmp_path, "tcp://127.0.0.1:9").run()


def test_a_scheduler_without_workers_is_refused(tmp_path):
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty,
        pytest.raises(LabError, match="the scheduler has no workers yet"),
    ):
        search(tmp_path, empty.scheduler_address).run()
