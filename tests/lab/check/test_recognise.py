"""What a check does with the state of a student's objects: caches, gradients that add up, parameters moved."""

import numpy as np

from lab.check.student import Check
from lab.check.worker.recognise import recognised
from tests.lab.check.handins import RIGHT
from tests.lab.check.in_process import InProcess, load


def checks(text, folder):
    """The reports on everything recognised in a file with this text."""
    worker = InProcess()
    worker.session.namespace = module = load(text, folder)
    names = [found.name for found in recognised(module)]
    return {name: Check("mine.py", "complex", 7, None, 0, None).one(worker, name, 0.0) for name in names}


def test_a_cache_that_outlives_its_batch_is_caught(tmp_path):
    text = (RIGHT / "a1_classifier_class.py").read_text()
    old = "P = self.evaluate(X)\n        N = X.shape[1]"
    assert text.count(old) == 1
    stale = (
        "if not hasattr(self, 'P'):\n            self.P = self.evaluate(X)\n        P = self.P\n        N = X.shape[1]"
    )
    report = checks(text.replace(old, stale), tmp_path)["Classifier"]
    assert not report.passed
    assert not report.problem


def test_gradients_that_add_up_until_an_update_are_said_to_be_measured_from_zero(tmp_path):
    notes = checks((RIGHT / "classes_accumulate.py").read_text(), tmp_path)["Dense"].report.notes
    assert any("each is measured from zero" in note for note in notes)


def test_parameters_of_a_network_are_moved_and_put_back(tmp_path):
    module = load((RIGHT / "a2_class_attributes.py").read_text(), tmp_path)
    worker = InProcess()
    worker.session.namespace = module
    Check("mine.py", "complex", 7, None, 0, None).one(worker, "TwoLayerNetwork", 0.0)
    thing = worker.session.codes[0].state.thing
    np.testing.assert_array_equal(thing.b1, 0)
