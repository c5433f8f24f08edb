"""Networks, layers, losses and pairs in the styles of the hand-ins: recognised, right ones pass, wrong ones fail."""

import numpy as np
import pytest

from lab.check.student import Check
from lab.check.worker.recognise import recognised
from tests.lab.check.handins import RIGHT, bugs
from tests.lab.check.in_process import InProcess, load

# file: what is recognised in it
FILES = {
    "a1_classifier_class.py": ["Classifier"],
    "a1_hard_coded_sizes.py": ["computeGradients"],
    "a1_loss_by_name.py": ["Classifier"],
    "a1_multiple_bce.py": ["BackwardPass"],
    "a2_class_attributes.py": ["TwoLayerNetwork"],
    "a2_params_dict.py": ["backward_pass"],
    "a2_private_methods.py": ["MLP"],
    "a2_tuples_per_layer.py": ["ANN_two_layer"],
    "a3_batchnorm_class.py": ["Network"],
    "a3_batchnorm_functions.py": ["ComputeGradients"],
    "a3_list_of_dicts.py": ["neuralNetwork"],
    "a3_net_params_bn.py": ["compute_grads"],
    "a3_reversed_lists.py": ["ComputeGradients"],
    "ann_sizes_sigmoid.py": ["ANN"],
    "classes_accumulate.py": ["Dense", "LeakyRelu"],
    "classes_dw.py": ["Linear", "ReLU", "Sigmoid", "Tanh", "SoftmaxCrossEntropy"],
    "classes_grads_beside_dx.py": ["FullyConnected", "BatchNorm", "Dropout"],
    "classes_update_inside.py": ["Dense", "Tanh"],
    "conv_classes.py": ["Conv2D", "MaxPool", "Flatten"],
    "fman45_layers.py": ["fully_connected", "relu", "softmaxloss"],
    "layers_step_in_backward_pass.py": ["Affine", "Relu", "SoftmaxLoss", "Net"],
    "net_modes_and_cache.py": ["Model"],
    "nodes_from_zero.py": ["LinearLayer", "ReLU", "CrossEntropyLoss", "Model"],
}


def checks(text, folder):
    """The reports on everything recognised in a file with this text."""
    worker = InProcess()
    worker.session.namespace = module = load(text, folder)
    names = [found.name for found in recognised(module)]
    return {name: Check("mine.py", "complex", 7, None, 0, None).one(worker, name, 0.0) for name in names}


@pytest.mark.parametrize("file", FILES)
def test_a_right_file_is_recognised_and_passes(tmp_path, file):
    found = checks((RIGHT / file).read_text(), tmp_path)
    assert list(found) == FILES[file]
    for name, report in found.items():
        assert report.passed, (name, report.problem, report.report.findings, [t.verdict for t in report.report.tensors])


def sample(kinds=2):
    """Some mistakes of every file, of different kinds."""
    for file in FILES:
        some = {bug.kind: bug for bug in bugs() if bug.file == file}
        yield from [some[kind] for kind in sorted(some)][:kinds]


@pytest.mark.parametrize(
    "bug", [bug for bug in sample() if bug.tensors != ("y_pred",)], ids=lambda b: f"{b.file} {b.kind}"
)
def test_a_mistake_is_caught(tmp_path, bug):
    found = checks((RIGHT / bug.file).read_text().replace(bug.old, bug.new), tmp_path)
    assert any(not report.passed and not report.problem for report in found.values()), found


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
