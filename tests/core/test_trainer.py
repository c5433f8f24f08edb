"""The training loop: updates as written out by hand, requests, divergence, states."""

import io
import math
import pickle
import queue
import threading
from contextlib import suppress

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from core.batches import Batches
from core.layers import BatchNorm, Dense, Dropout, ReLU
from core.network import Network
from core.objective import Objective
from core.optimisers import SGD, AdaGrad, Adam, Momentum, MovingAverage, Nesterov
from core.schedules import Constant, Triangular
from core.streams import stream
from core.trainer import DivergedError, Snapshot, Trainer

OPTIMISERS = [SGD, Momentum, MovingAverage, Nesterov, AdaGrad, Adam]
PATIENCE = 20  # seconds until a test that waits for another thread fails
A_MOMENT = 0.05  # seconds in which a thread that ought to stand still would have moved
SCHEDULE = Triangular(0.01, 0.2, 3)


def data(n=23, d=6, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)).astype(np.float32), rng.integers(0, classes, n)


def build(
    optimiser=None,
    batch_norm=False,
    dropout=False,
    seed=0,
    schedule=SCHEDULE,
    updates=11,
    evaluate_every=4,
    split=None,
    width=5,
    batch=5,
    lambda_=0.01,
):
    rng = stream(seed, "dropout")
    middle = [*([BatchNorm()] if batch_norm else []), ReLU(), *([Dropout(0.3, rng)] if dropout else [])]
    x, y = split or data()
    network = Network([Dense(width), *middle, Dense(3)], x.shape[1:], np.float32)
    network.initialise(stream(seed, "init"))
    return Trainer(
        Objective(network, lambda_),
        Batches(x, y, batch, stream(seed, "order")),
        optimiser or SGD(),
        schedule,
        updates,
        evaluate_every,
        {"training": (x, y), "validation": data(9, x.shape[1], seed=1)},
        {"dropout": rng} if dropout else {},
    )


def bits(arrays):
    return {name: (array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()}


# What a run computes and reports


def test_a_run_is_gradient_descent_as_one_would_write_it_out():
    trainer = build()
    batches = build().batches
    W1, b1, W2, b2 = (tensor.value.astype(float) for tensor in trainer.network.tensors.values())
    rates = [SCHEDULE(t) for t in range(11)]
    run = trainer.run()
    next(run)
    for eta, snapshot in zip(rates, run, strict=True):
        x, y = next(batches)
        h = np.maximum(x @ W1 + b1, 0)
        p = scipy.special.softmax(h @ W2 + b2, axis=1)
        assert snapshot.batch_loss == pytest.approx(-np.log(p[range(5), y]).mean(), rel=1e-4)
        g = (p - np.eye(3)[y]) / 5
        dh = g @ W2.T * (h > 0)
        W2 -= eta * (h.T @ g + 2 * 0.01 * W2)
        b2 -= eta * g.sum(axis=0)
        W1 -= eta * (x.T @ dh + 2 * 0.01 * W1)
        b1 -= eta * dh.sum(axis=0)
        for tensor, expected in zip(trainer.network.tensors.values(), (W1, b1, W2, b2), strict=True):
            np.testing.assert_allclose(tensor.value, expected, rtol=1e-4, atol=1e-5)


@given(updates=st.integers(0, 12), every=st.integers(1, 15))
def test_snapshots_come_at_update_0_and_after_every_update(updates, every):
    trainer = build(updates=updates, evaluate_every=every)
    assert not trainer.done or updates == 0
    snapshots = list(trainer.run())
    assert [s.update for s in snapshots] == list(range(updates + 1))
    assert [s.epoch for s in snapshots] == [k / 4 for k in range(updates + 1)]  # 23 examples: 4 batches of 5
    assert [s.eta for s in snapshots] == [SCHEDULE(max(0, k - 1)) for k in range(updates + 1)]
    assert [s.update for s in snapshots if s.evaluations] == [
        k for k in range(updates + 1) if k % every == 0 or k == updates
    ]
    assert [s.update for s in snapshots if math.isnan(s.batch_loss)] == [0]
    assert trainer.done
    assert list(trainer.run()) == [] or updates == 0


def test_an_evaluation_is_of_the_parameters_after_the_update():
    trainer = build(batch_norm=True, dropout=True, evaluate_every=3)
    for snapshot in trainer.run():
        if snapshot.evaluations:
            expected = {name: trainer.objective.evaluate(x, y) for name, (x, y) in trainer.monitored.items()}
            assert snapshot.evaluations == expected
            assert set(expected) == {"training", "validation"}
            assert expected["training"] != expected["validation"]


def test_how_often_is_evaluated_changes_nothing():
    ends = [build(Adam(), True, True, evaluate_every=every) for every in (1, 100)]
    for trainer in ends:
        assert len(list(trainer.run())) == 12
    assert bits(ends[0].state()) == bits(ends[1].state())


def test_training_reduces_the_loss_it_reports():
    x, y = data(60)
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    trainer = build(Momentum(), split=(x, y), updates=300, evaluate_every=300, schedule=Constant(0.05), lambda_=0.0)
    first, *_, last = trainer.run()
    assert last.evaluations["training"].loss < 0.3 * first.evaluations["training"].loss
    assert last.evaluations["training"].accuracy > 0.95


def test_a_snapshot_cannot_be_changed():
    snapshot = next(build().run())
    with pytest.raises(AttributeError):
        snapshot.update = 7


# Stopping and going on


def through_a_file(state):
    """As a checkpoint would: without pickle."""
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


def stop_at(trainer, update):
    """Run until this update; the snapshots seen."""
    seen = []
    for snapshot in trainer.run():
        seen.append(snapshot)
        if snapshot.update == update:
            trainer.stop()
    return seen


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize(("batch_norm", "dropout"), [(False, False), (True, False), (False, True), (True, True)])
def test_stopped_at_any_update_and_taken_up_a_run_ends_as_if_uninterrupted(optimiser, batch_norm, dropout):
    whole = build(optimiser(weight_decay=0.01), batch_norm, dropout)
    snapshots = list(whole.run())
    end = bits(whole.state())
    for update in range(12):
        first = build(optimiser(weight_decay=0.01), batch_norm, dropout)
        seen = stop_at(first, update)
        assert first.update == update
        assert repr(seen) == repr(snapshots[: update + 1])
        state = through_a_file(first.state())
        second = build(optimiser(weight_decay=0.01), batch_norm, dropout, seed=99)
        second.restore(state)
        assert bits(second.state()) == bits(state)
        assert second.done == (update == 11)
        rest = list(second.run())
        assert repr(rest) == repr(snapshots[0 if update == 0 else update + 1 :])
        assert bits(second.state()) == end


@given(
    optimiser=st.sampled_from(OPTIMISERS),
    batch=st.integers(1, 23),
    updates=st.integers(1, 20),
    stops=st.lists(st.integers(0, 20), max_size=4),
)
def test_any_number_of_interruptions_changes_nothing(optimiser, batch, updates, stops):
    settings = {"batch_norm": True, "dropout": True, "batch": batch, "updates": updates}
    whole = build(optimiser(), **settings)
    assert len(list(whole.run())) == updates + 1
    state = build(optimiser(), **settings).state()
    for update in [*sorted(stops), updates]:
        part = build(optimiser(), seed=5, **settings)
        part.restore(state)
        stop_at(part, update)
        state = part.state()
    assert bits(state) == bits(whole.state())


def test_a_state_is_a_copy_that_training_on_does_not_touch():
    trainer = build(Adam(), True, True)
    run = trainer.run()
    for _ in range(3):
        next(run)
    state = trainer.state()
    before = bits(state)
    for _ in range(3):
        next(run)
    assert bits(state) == before
    assert bits(trainer.state()) != before
    other = build(Adam(), True, True)
    other.restore(state)
    list(other.run())
    assert bits(state) == before, "and one restored from it does not either"


def test_a_learning_rate_set_by_hand_survives_a_checkpoint_and_so_does_its_absence():
    trainer = build()
    assert trainer.eta == 0.01
    trainer.set_eta(0.125)
    other = build()
    other.restore(trainer.state())
    assert [s.eta for s in other.run()] == [0.125] * 12
    trainer.set_eta(None)
    other = build()
    other.set_eta(0.5)
    other.restore(trainer.state())
    assert other.eta == 0.01


def test_a_state_of_another_network_is_refused():
    with pytest.raises(ValueError, match="theta"):
        build(width=6).restore(build(width=5).state())


def test_a_state_with_a_stream_too_many_is_refused():
    with pytest.raises((ValueError, KeyError)):
        build(dropout=False).restore(build(dropout=True).state())


def test_a_state_with_something_missing_is_refused():
    state = build(batch_norm=True).state()
    assert len(state) == 6
    for name in state:
        with pytest.raises(KeyError):
            build(batch_norm=True).restore({key: array for key, array in state.items() if key != name})


@pytest.mark.parametrize(
    ("saved", "built"),
    [
        (Adam, Momentum),
        (AdaGrad, Adam),
        (Momentum, SGD),
        (Momentum, AdaGrad),
        (SGD, Adam),
    ],
)
def test_a_state_of_another_optimiser_is_refused(saved, built):
    trainer = build(saved())
    assert len(list(trainer.run())) == 12
    with pytest.raises((ValueError, KeyError)):
        build(built()).restore(trainer.state())


def test_a_state_without_the_dropout_stream_is_refused():
    state = build(dropout=True).state()
    with pytest.raises((ValueError, KeyError)):
        build(dropout=True).restore({k: v for k, v in state.items() if k != "generator.dropout"})


# Requests, from the thread that runs


def test_stop_ends_the_run_before_the_next_update():
    trainer = build()
    assert [s.update for s in stop_at(trainer, 4)] == [0, 1, 2, 3, 4]
    assert not trainer.done
    assert trainer.update == 4


def test_a_run_that_is_no_longer_asked_for_snapshots_makes_no_updates():
    trainer = build()
    run = trainer.run()
    assert [next(run).update for _ in range(3)] == [0, 1, 2]
    run.close()
    assert trainer.update == 2


def test_a_learning_rate_set_between_updates_holds_from_the_next_one_on():
    trainer = build()
    theta = {}
    rates = {}
    for snapshot in trainer.run():
        rates[snapshot.update] = snapshot.eta
        theta[snapshot.update] = trainer.network.theta.copy()
        if snapshot.update == 3:
            trainer.set_eta(0.0)
        if snapshot.update == 5:
            trainer.set_eta(None)
    assert rates == {0: 0.01} | {k: 0.0 if k in (4, 5) else SCHEDULE(k - 1) for k in range(1, 12)}
    np.testing.assert_array_equal(theta[5], theta[3])
    assert (theta[6] != theta[5]).any()


# Requests, from another thread


class Driven:
    """A trainer run by a thread of its own, which hands over every snapshot. `react` is called there with each."""

    def __init__(self, trainer, react=lambda snapshot: None):
        self.trainer = trainer
        self._snapshots: queue.Queue[Snapshot | None] = queue.Queue()

        def work():
            for snapshot in trainer.run():
                react(snapshot)
                self._snapshots.put(snapshot)
            self._snapshots.put(None)

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def next(self):
        """The number of the next update, None when the run has ended."""
        snapshot = self._snapshots.get(timeout=PATIENCE)
        return snapshot and snapshot.update

    def next_snapshot(self):
        return self._snapshots.get(timeout=PATIENCE)

    def waits(self):
        try:
            self._snapshots.get(timeout=A_MOMENT)
        except queue.Empty:
            return self._thread.is_alive()
        return False

    def end(self):
        self.trainer.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "stop() ends the run"


@pytest.fixture
def drive():
    driven = []

    def start(trainer, react=lambda snapshot: None):
        driven.append(Driven(trainer, react))
        return driven[-1]

    yield start
    for one in driven:
        one.end()


def test_a_paused_trainer_waits_and_makes_one_update_a_step(drive):
    trainer = build()
    trainer.pause()
    run = drive(trainer)
    assert run.next() == 0
    for update in (1, 2, 3):
        assert run.waits()
        trainer.step()
        assert run.next() == update
    assert run.waits()
    trainer.resume()
    assert [run.next() for _ in range(9)] == [4, 5, 6, 7, 8, 9, 10, 11, None]


def test_pause_holds_before_the_next_update_until_resume(drive):
    trainer = build()
    run = drive(trainer, react=lambda s: trainer.pause() if s.update in (3, 5) else None)
    assert [run.next() for _ in range(4)] == [0, 1, 2, 3]
    assert run.waits()
    assert trainer.update == 3
    trainer.resume()
    assert [run.next() for _ in range(2)] == [4, 5]
    assert run.waits()
    trainer.resume()
    assert [run.next() for _ in range(7)] == [6, 7, 8, 9, 10, 11, None]


def test_a_step_asked_for_while_running_is_the_last_before_a_pause(drive):
    trainer = build()
    run = drive(trainer, react=lambda s: trainer.step() if s.update == 2 else None)
    assert [run.next() for _ in range(4)] == [0, 1, 2, 3]
    assert run.waits()


def test_resume_takes_back_a_step(drive):
    trainer = build()
    trainer.pause()
    trainer.step()
    trainer.resume()
    run = drive(trainer)
    assert [run.next() for _ in range(13)] == [*range(12), None]


def test_stop_wakes_a_paused_trainer_without_another_update(drive):
    trainer = build()
    trainer.pause()
    run = drive(trainer)
    assert run.next() == 0
    assert run.waits()
    trainer.stop()
    assert run.next() is None
    assert trainer.update == 0


def test_a_running_trainer_stops_when_another_thread_asks(drive):
    trainer = build(updates=10**9, evaluate_every=10**9)
    run = drive(trainer)
    for update in range(20):
        assert run.next() == update
    run.end()
    last = 19
    while (update := run.next()) is not None:
        assert update == last + 1
        last = update
    assert trainer.update == last < 10**9


def test_a_learning_rate_set_from_another_thread_holds_for_the_next_step(drive):
    trainer = build()
    trainer.pause()
    run = drive(trainer)
    assert run.next() == 0
    for update, (eta, expected) in enumerate([(0.5, 0.5), (0.25, 0.25), (None, SCHEDULE(2))], start=1):
        trainer.set_eta(eta)
        trainer.step()
        snapshot = run.next_snapshot()
        assert (snapshot.update, snapshot.eta) == (update, expected)


def test_pausing_and_stepping_change_nothing_in_the_result(drive):
    whole = build(Adam(), True, True)
    assert len(list(whole.run())) == 12
    trainer = build(Adam(), True, True)
    trainer.pause()
    run = drive(trainer)
    assert run.next() == 0
    for update in range(1, 12):
        trainer.step()
        assert run.next() == update
    assert run.next() is None
    assert bits(trainer.state()) == bits(whole.state())


# Divergence. NumPy's warnings are errors in these tests: none may come out.


def run_until_it_diverges(trainer, look):
    """The error, and what `look` saw at every snapshot before it."""
    seen = []

    def run():
        for snapshot in trainer.run():
            seen.append(look(snapshot))

    with pytest.raises(DivergedError) as caught:
        run()
    return caught.value, seen


@pytest.mark.parametrize(("eta", "lambda_"), [(1e3, 0.01), (1e10, 0.0), (1e25, 0.01)])
def test_a_diverging_run_stops_before_the_update_whose_loss_is_not_finite(eta, lambda_):
    settings = {"schedule": Constant(eta), "lambda_": lambda_, "updates": 200, "evaluate_every": 1000}
    trainer = build(**settings)
    error, seen = run_until_it_diverges(trainer, lambda snapshot: (snapshot, trainer.network.theta.copy()))
    assert error.update == len(seen) == seen[-1][0].update + 1
    assert f"update {error.update}" in str(error)
    assert trainer.update == error.update - 1
    assert all(math.isfinite(snapshot.batch_loss) for snapshot, _ in seen[1:])
    np.testing.assert_array_equal(trainer.network.theta, seen[-1][1])
    assert np.isfinite(trainer.network.theta).all()

    # an independent look at the loss of that update
    other = build(**settings)
    other.network.theta[...] = trainer.network.theta
    for _ in range(error.update):
        x, y = next(other.batches)
    with np.errstate(all="ignore"):
        assert not np.isfinite(other.objective.cost(x, y))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_no_warning_leaks_from_updates_however_large_the_learning_rate(optimiser, batch_norm):
    for eta in (1e3, 1e10, 1e20, 1e30, 1e38):
        trainer = build(optimiser(), batch_norm, schedule=Constant(eta), updates=20, evaluate_every=1000)
        trainer.monitored = {}
        with suppress(DivergedError):
            assert len(list(trainer.run())) == 21
        assert trainer.update > 0


def test_an_evaluation_that_overflows_is_seen_without_a_warning_and_then_is_a_divergence():
    with pytest.raises(DivergedError, match=r"at update 1$"):
        list(build(schedule=Constant(1e25), evaluate_every=1, updates=1).run())
    run = build(schedule=Constant(1e25), evaluate_every=1, updates=1).run()
    next(run)
    assert not math.isfinite(next(run).evaluations["training"].loss)


@pytest.mark.parametrize("eta", [1e10, 1e25])
def test_after_divergence_network_and_optimiser_are_as_before_the_update(eta):
    trainer = build(Momentum(), batch_norm=True, schedule=Constant(eta), updates=200, evaluate_every=1000)
    _, states = run_until_it_diverges(trainer, lambda snapshot: bits(trainer.state()))
    after = bits(trainer.state())
    compared = [name for name in after if name.startswith(("network.", "optimiser."))]
    assert len(compared) == 3  # theta, running statistics, v
    assert all(after[name] == states[-1][name] for name in compared)


def test_a_divergence_reaches_another_process_with_its_message():
    error = DivergedError(7)
    copy = pickle.loads(pickle.dumps(error))
    assert copy.update == 7
    assert str(copy) == str(error)


def test_a_question_is_answered_between_updates_by_the_training_thread(drive):
    trainer = build()
    seen = []

    def ask():
        seen.append((trainer.update, threading.current_thread()))

    run = drive(trainer, react=lambda s: trainer.ask(ask) if s.update in (0, 4) else None)
    assert [run.next() for _ in range(13)] == [*range(12), None]
    assert [update for update, _ in seen] == [0, 4]
    assert threading.main_thread() not in {thread for _, thread in seen}


def test_a_paused_trainer_answers_questions_and_stays_paused(drive):
    trainer = build()
    trainer.pause()
    run = drive(trainer)
    assert run.next() == 0
    answered = threading.Event()
    trainer.ask(answered.set)
    assert answered.wait(PATIENCE)
    assert run.waits()
    trainer.step()
    assert run.next() == 1
    assert run.waits()
