"""Programs as students write them train as Gradlab's own network does: the same numbers, from the same seed."""

from pathlib import Path

import numpy as np
import pytest

from tests.lab.training.in_process import losses, reference

RIGHT = Path(__file__).parent.parent / "check/handins/right"
ONE_LAYER = ["n_s=4", "updates=8"]
TWO_LAYERS = ["n_s=4", "hidden=6", "updates=8"]
THREE_LAYERS = ["n_s=4", "hidden=[7,6]", "updates=8"]


@pytest.mark.parametrize(
    ("file", "name", "preset", "changes"),
    [
        ("a1_no_cost", "get_gradients", "a1-test3", ["updates=8"]),  # columns, no cost
        ("a1_rows_wide_w", "grad", "a1-test3", ["updates=8"]),  # rows, W (m, d)
        ("a1_loss_by_name", "Classifier", "a1-test3", ["updates=8"]),  # a class
        ("a2_lists", "ComputeGradients", "a2-setting1", TWO_LAYERS),  # lists, columns
        ("a2_network_dict", "BackwardPass", "a2-setting1", TWO_LAYERS),  # a dict that the file makes
        ("a2_class_attributes", "TwoLayerNetwork", "a2-setting1", TWO_LAYERS),  # attributes
        ("a2_dropout_flag", "Net", "a2-setting1", TWO_LAYERS),  # dropout that is switched off
        ("cs_neural_net", "TwoLayerNet", "a2-setting1", TWO_LAYERS),  # loss(X, y, reg), rows, integer labels
        ("a3_k_layer_class", "KLayer", "a3-3layer", THREE_LAYERS),  # dicts in an object
        ("a3_batchnorm_class", "Network", "a3-3layer", THREE_LAYERS),  # batch normalisation switched off
        ("a3_net_params_bn", "compute_grads", "a3-3layer", THREE_LAYERS),  # a dict with a flag
        ("closures", "make_network", "a2-setting1", TWO_LAYERS),  # functions that share their parameters
    ],
)
def test_trains_as_gradlabs_own_network(trained, monkeypatch, file, name, preset, changes):
    monkeypatch.setattr("sys.argv", ["mine.py", "--lamda", "0.1"])
    text = (RIGHT / f"{file}.py").read_text(encoding="utf-8")
    preset, dataset, trainer = trained(text, name, preset, *changes)
    np.testing.assert_allclose(losses(trainer), losses(reference(preset, dataset)), rtol=1e-9)
    document = trainer.agreement.document()
    assert document["sentence"] == "Updates 1 to 8 agree with Gradlab's own network. So does its evaluation."
    assert document["parts_at"] is None
