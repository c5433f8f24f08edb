"""Training loops in MATLAB: watched in the functions that they call, or, if nothing is seen there, called with more and
more updates of a single batch."""

import re
import shutil

import numpy as np
import pytest

from lab.check.worker.mfile import load_m
from lab.own_loop.fit import trained, watched
from lab.own_loop.judge import judge
from lab.own_loop.plan import one_batch, small, whole
from tests.lab.check.in_process import InProcess
from tests.lab.own_loop.programs import dataset, preset

OCTAVE = shutil.which("octave-cli") or shutil.which("octave")
LOOP = """
function [{returns}] = {name}(X, Y, GDparams, W, b, lambda)
  n = size(X, 2); costs = []; t = 0;
  for epoch = 1:GDparams.n_epochs
    order = randperm(n);
    for j = 1:floor(n / GDparams.n_batch)
      inds = order((j - 1) * GDparams.n_batch + 1 : j * GDparams.n_batch);
      cycle = floor(t / (2 * GDparams.n_s));
      u = t - 2 * cycle * GDparams.n_s;
      eta = GDparams.eta_min + min(u, 2 * GDparams.n_s - u) / GDparams.n_s * (GDparams.eta_max - GDparams.eta_min);
      [gW, gb] = ComputeGradients(X(:, inds), Y(:, inds), W, b, lambda);
      for i = 1:numel(W)
        W{{i}} = W{{i}} - eta * gW{{i}};
        b{{i}} = b{{i}} - {rate} * gb{{i}};
      end
      t = t + 1;
    end
    costs(end + 1) = ComputeCost(X, Y, W, b, lambda);
    fprintf('epoch %d cost: %.6f\\n', epoch, costs(end));
  end
end
"""
REST = """
function [P, H] = Evaluate(X, W, b)
  H = max(0, W{1} * X + b{1});
  e = exp(W{2} * H + b{2});
  P = e ./ sum(e);
end
function J = ComputeCost(X, Y, W, b, lambda)
  J = -sum(log(sum(Y .* Evaluate(X, W, b)))) / size(X, 2) + lambda * (sum(W{1}(:) .^ 2) + sum(W{2}(:) .^ 2));
end
function [gW, gb] = ComputeGradients(X, Y, W, b, lambda)
  [P, H] = Evaluate(X, W, b);
  G = (P - Y) / size(X, 2);
  D = (W{2}' * G) .* (H > 0);
  gW = {D * X' + 2 * lambda * W{1}, G * H' + 2 * lambda * W{2}};
  gb = {sum(D, 2), sum(G, 2)};
end
"""
LOOPS = {"Right": "eta", "Never": "0", "Twice": "2 * eta"}  # what b is moved by
BUGS = {  # in the loop -> what is found, and the update
    ("randperm(n)", "1:n"): ("not-shuffled", 5),
    ("floor(n / GDparams.n_batch)", "floor(n / GDparams.n_batch) - 1"): ("batches-per-epoch", 4),
    ("Y(:, inds)", "Y(:, 1:numel(inds))"): ("labels", 1),
    ("ComputeGradients(X(:, inds)", "ComputeGradients(2 * X(:, inds)"): ("normalised-otherwise", 5),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    path = tmp_path_factory.mktemp("matlab") / "assignment.m"
    every = [LOOP.format(name=name, rate=rate, returns="W, b, costs") for name, rate in LOOPS.items()]
    every += [every[0].replace("Right", f"Bug{i}").replace(old, new) for i, (old, new) in enumerate(BUGS)]
    path.write_text("1;\n" + "".join([*every, LOOP.format(name="Prints", rate="eta", returns="costs"), REST]))
    worker = InProcess()
    worker.session.namespace = load_m(path).namespace
    return worker


pytestmark = pytest.mark.skipif(OCTAVE is None, reason="Octave is not installed")
SETTINGS = preset(("a2-setting1", "lambda=0.01"))


def looked_at(asked, name):
    plan = one_batch(SETTINGS, dataset())
    trace = watched(asked, name, plan, calls=True)
    return trace, *judge(plan, trace, stratified=False)


def seen(asked, name):
    plan = small(SETTINGS, dataset())
    trace = watched(asked, name, plan)
    return trace, *judge(plan, trace, stratified=False)


@pytest.mark.parametrize("name", ["Right", "Prints"])
def test_a_right_loop_is_seen_with_its_batches_and_agrees(asked, name):
    trace, compared, findings = seen(asked, name)
    assert (len(compared.steps), compared.first, findings) == (12, None, [])
    assert sorted(np.concatenate([step.update.usage.index for step in compared.steps[:4]])) == [*range(80)]
    assert {name for usage in trace.usages for name, _ in usage.returned} == {"ComputeCost", "Evaluate"}


@pytest.mark.parametrize("number", range(len(BUGS)))
def test_mistakes_with_batches_are_seen(asked, number):
    *_, findings = seen(asked, f"Bug{number}")
    wrong = [f for f in findings if f.wrong]
    assert (wrong[0].key, wrong[0].update) == [*BUGS.values()][number]


def test_a_loop_is_as_it_was_after_it_was_watched(asked):
    seen(asked, "Right")
    events, _ = asked.session.namespace.Right.octave.call("gradlab_all_seen", outputs=2)
    looked_at(asked, "Right")
    assert len(asked.session.namespace.Right.octave.call("gradlab_all_seen", outputs=2)[0]) == len(events)


def test_functions_in_files_of_their_own_are_watched(tmp_path):
    pieces = re.split(r"^(?=function)", LOOP.format(name="Right", rate="eta", returns="W, b, costs") + REST, flags=re.M)
    for piece in pieces[1:]:
        name = re.match(r"function.*= (\w+)", piece)[1]
        (tmp_path / f"{name}.m").write_text(piece)
    worker = InProcess()
    worker.session.namespace = load_m(tmp_path / "Right.m").namespace
    _, compared, findings = seen(worker, "Right")
    assert (len(compared.steps), compared.first, findings) == (12, None, [])


def test_a_right_loop_agrees_in_every_update(asked):
    _, compared, findings = looked_at(asked, "Right")
    assert (len(compared.steps), compared.first) == (6, None)
    assert [f.key for f in findings] == ["not-watched"]


@pytest.mark.parametrize(("name", "key"), [("Never", "never-updated"), ("Twice", "eta-twice")])
def test_a_mistake_is_named_with_its_first_update_and_tensor(asked, name, key):
    *_, findings = looked_at(asked, name)
    wrong = [f for f in findings if f.wrong]
    assert (wrong[0].key, wrong[0].update, wrong[0].tensors[0]) == (key, 1, "b[0]")


def test_all_data_are_trained_with_and_what_it_returns_is_kept(asked):
    trace, *_ = looked_at(asked, "Right")
    plan = whole(SETTINGS, dataset())
    series, end = trained(asked, trace, plan)
    assert list(series) == ["costs"]
    assert len(series["costs"]) == plan.settings["epochs"]
    assert {name: value.shape for name, value in end.theta.items()} == {n: v.shape for n, v in plan.start.items()}


def test_of_a_loop_that_returns_no_parameters_the_losses_are_kept(asked):
    trace, compared, findings = looked_at(asked, "Prints")
    assert not compared.steps
    assert [f.key for f in findings if f.key == "not-watched"]
    series, end = trained(asked, trace, whole(SETTINGS, dataset()))
    assert (list(series), end) == (["costs"], None)
