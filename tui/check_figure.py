"""The figure of a gradient check: the relative errors of its tensors."""

from collections.abc import Sequence

from core.gradcheck.check import TensorReport
from lab.drawing.figure import Curve, Figure

MOST = 6  # tensors that can be told apart


def errors_figure(tensors: Sequence[TensorReport]) -> Figure:
    """The errors of each tensor from the smallest to the largest, against the share of its coordinates in per cent, on
    a logarithmic axis, with the tolerance. Of more than MOST tensors those with the largest errors; errors of 0 have
    no place on the axis."""
    checked = [tensor for tensor in tensors if len(tensor.errors) and tensor.errors.max() > 0]
    worst = sorted(checked, key=lambda tensor: -float(tensor.errors.max()))[:MOST]
    curves = tuple(_curve(tensor, k) for k, tensor in enumerate(each for each in checked if each in worst))
    tolerances = sorted({tensor.tolerance for tensor in worst})
    return Figure(
        "relative errors, sorted", curves, (0.0, 100.0), tuple(tolerances), log=True,
        x_title="% of the coordinates", reference_name="tolerance" if tolerances else "",
    )  # fmt: skip


def _curve(tensor: TensorReport, style: int) -> Curve:
    errors = sorted(tensor.errors.tolist())
    return Curve(tuple((100 * (k + 1) / len(errors), error) for k, error in enumerate(errors)), style, tensor.name)
