"""Updates that are made together, in the process of the student's code, are those that are made one by one."""

import numpy as np
import pytest

from lab.check.trained import TrainedCodeError
from tests.lab.training.in_process import losses, reference
from tests.lab.training.test_planted import FUNCTIONS

CHANGES = ["n_s=4", "hidden=6", "updates=8"]


@pytest.mark.parametrize("kind", ["momentum", "moving-average", "nesterov", "adagrad", "adam"])
def test_the_rules_are_those_of_the_presets(trained, kind):
    changes = [*CHANGES, f"optimiser.kind={kind}", "optimiser.weight_decay=0.1"]
    preset, dataset, trainer = trained(FUNCTIONS, "ComputeGradients", "a2-setting1", *changes)
    np.testing.assert_allclose(losses(trainer), losses(reference(preset, dataset)), rtol=1e-9)
    assert trainer.agreement.parts_at is None


def snapshots(trainer, together, stop_after=None):
    """What the run yields when every question asks for this many updates."""
    trainer.agreement.wanted = False
    seen = []
    for snapshot in trainer.run():
        trainer._together = together
        seen.append(snapshot)
        if snapshot.update == stop_after:
            trainer.stop()
    return seen


def test_no_number_depends_on_how_many_are_made_together(trained):
    def made():
        return trained(FUNCTIONS, "ComputeGradients", "a2-setting1", "hidden=6", "updates=20", "optimiser.kind=adam")[2]

    alone, several, before, after = made(), made(), made(), made()
    one_by_one = snapshots(alone, 1)
    assert snapshots(several, 3)[1:] == one_by_one[1:]
    assert [s.update for s in one_by_one] == list(range(21))
    np.testing.assert_array_equal(several.network.theta, alone.network.theta)
    first = snapshots(before, 3, stop_after=11)
    after.restore(before.state())
    assert [*first, *snapshots(after, 2)][1:] == one_by_one[1:]
    np.testing.assert_array_equal(after.network.theta, alone.network.theta)


@pytest.mark.parametrize("made", [5, 8])
def test_code_that_raises_among_them_keeps_those_before_it(trained, made):
    count = "    seen.append(X.shape[1] == 20)\n"  # two more before the first update: it is tried with a batch
    fails = f"    if sum(seen) == {made + 3}:\n        raise ValueError\n"
    text = "seen = []\n" + FUNCTIONS.replace("    gW2 = G @", f"{count}{fails}    gW2 = G @")
    *_, trainer = trained(text, "ComputeGradients", "a2-setting1", "hidden=6", "updates=40")
    trainer.evaluate_every = 100
    with pytest.raises(TrainedCodeError, match="ValueError"):
        snapshots(trainer, 8)
    assert trainer.update == int(trainer.batches.state()["position"]) == made


def test_a_batch_is_handed_over_and_not_copied(trained):
    """A copy of the columns costs as much as the update."""
    seen = "    handed.append(X.flags.owndata)\n    n = X.shape[1]"
    text = FUNCTIONS.replace("    n = X.shape[1]", seen) + "\nhanded = []\n"
    *_, trainer = trained(text, "ComputeGradients", "a2-setting1", *CHANGES)
    losses(trainer)
    handed = trainer.code._worker.session.namespace.handed
    assert not any(handed[-8:])


IN_PLACE = "    W[0] -= 0\n    P -= Y\n    G = P\n"


@pytest.mark.parametrize("when", ["always", "if len(late) > 6"])
def test_code_may_write_to_what_it_is_given(trained, when):
    """To its parameters, which are the lab's own as long as it does not, and to P, of which the loss is made."""
    writes = (
        IN_PLACE if when == "always" else f"    late.append(0)\n    {when}:\n        W[0] -= 0\n    P -= Y\n    G = P\n"
    )
    assert "    G = P - Y\n" in FUNCTIONS
    text = "late = []\n" + FUNCTIONS.replace("    G = P - Y\n", writes)
    preset, dataset, trainer = trained(text, "ComputeGradients", "a2-setting1", *CHANGES)
    kept = losses(trainer)
    np.testing.assert_allclose(kept, losses(reference(preset, dataset)), rtol=1e-9)
    assert trainer.agreement.parts_at is None
    training = trainer.code._worker.session.training
    assert training.views is None


def test_code_that_only_reads_its_parameters_is_given_those_of_the_lab(trained):
    *_, trainer = trained(FUNCTIONS, "ComputeGradients", "a2-setting1", *CHANGES)
    losses(trainer)
    assert trainer.code._worker.session.training.views is not None
