"""Do right programs of many styles train as the preset does? Each is trained like a2-setting1 on the full data, and its
test accuracy stands beside the mean over seeds of the preset. Run it with: python -m benchmarks.own_code_styles
"""

import sys
import tempfile
from pathlib import Path

from lab.machine import tune_blas

tune_blas()  # as the command line does, before NumPy is imported

from lab.expected.curves import expected  # noqa: E402
from lab.training import code_run  # noqa: E402
from presets.load import load  # noqa: E402

RIGHT = Path(__file__).parent.parent / "tests/lab/check/handins/right"
PRESET, POINTS = "a2-setting1", 1.5
PROGRAMS = (  # file, name, style
    ("a2_lists.py", "ComputeGradients", "lists, columns"),
    ("a2_cost_from_forward.py", "compute_gradients", "lists, columns"),
    ("a2_numpy_matrix_loops.py", "ComputeGradients", "lists, a loop over examples"),
    ("a2_matrix_objects.py", "compute_gradients", "np.matrix"),
    ("a3_reversed_lists.py", "ComputeGradients", "lists, last layer first"),
    ("a2_index_dicts.py", "Backward2LayerPass", "dicts with numbers as keys"),
    ("a2_params_dict.py", "backward_pass", "a dict W1, b1"),
    ("a2_network_dict.py", "BackwardPass", "a dict that the file makes"),
    ("a3_net_params_bn.py", "compute_grads", "a dict of lists, with a flag"),
    ("a2_flat_interleaved.py", "ComputeGradients", "a flat list"),
    ("a2_grouped_tuple.py", "compute_gradients", "tuples"),
    ("a2_grads_and_loss.py", "loss_and_gradients", "loss and gradients together"),
    ("colab_export.py", "gradients", "a notebook exported as a script"),
    ("a2_tuples_per_layer.py", "ANN_two_layer", "a class, tuples"),
    ("a2_class_attributes.py", "TwoLayerNetwork", "a class, attributes W1, b1"),
    ("a2_labels_inside.py", "TwoLayerNeuralNetwork", "a class, labels inside"),
    ("a2_private_methods.py", "MLP", "a class, private methods"),
    ("a2_dropout_flag.py", "Net", "a class, dropout off"),
    ("a3_k_layer_class.py", "KLayer", "a class, dicts"),
    ("a3_batchnorm_class.py", "Network", "a class, batch normalisation off"),
    ("a3_list_of_dicts.py", "neuralNetwork", "a class, a list of dicts"),
    ("batchnorm_eps.py", "DeepNet", "a class, any depth"),
    ("net_of_layers.py", "Network", "layers as objects"),
    ("layers_with_penalty.py", "Net", "layers as objects, with their penalty"),
    ("closures.py", "make_network", "functions in a function"),
    ("cs_neural_net.py", "TwoLayerNet", "CS231n's loss(X, y, reg)"),
)


def main() -> None:
    """Train all, print the table."""
    usual = expected(PRESET)
    assert usual is not None
    mean = 100 * usual.finals["test.accuracy"].mean
    print("| program | style | test accuracy | from the mean | first updates |\n| --- | --- | --- | --- | --- |")
    outside = 0
    with tempfile.TemporaryDirectory() as folder:
        for file, name, style in PROGRAMS:
            accuracy, agreed = trained(RIGHT / file, name, Path(folder))
            outside += abs(accuracy - mean) > POINTS
            print(f"| `{file}` | {style} | {accuracy:.2f} % | {accuracy - mean:+.2f} | {agreed} |", flush=True)
    print(f"{len(PROGRAMS)} programs; the preset: {mean:.2f} %; further than {POINTS} points from it: {outside}")


def trained(file: Path, name: str, runs: Path) -> tuple[float, str]:
    """Its test accuracy in per cent, and how its first updates compare."""
    sys.argv = [file.name]
    preset = load(PRESET, ["training.evaluate_every=1000"])
    run = code_run.start(file, name, preset, "full", runs, 1)
    result = run.go(lambda snapshot: None)
    agreement = result["code"]["agreement"]
    alike = f"{agreement['updates']} agree" if agreement["parts_at"] is None else f"part at {agreement['parts_at']}"
    return 100 * (result["final"]["test"]["accuracy"] or 0.0), alike


if __name__ == "__main__":
    main()
