"""What a preset will do, told before it is trained."""

import pytest

from core.schedules import Triangular
from lab.library.plan import plan
from lab.library.questions import questions
from presets.load import load, names


def told(name: str, *changes: str) -> list[tuple[str, str]]:
    return [(block.what, block.detail) for block in plan(load(name, changes)).blocks]


def test_blocks_have_shapes_and_parameters():
    assert told("a2-setting1", "batch_norm=true", "dropout=0.1") == [
        ("32x32x3", "3,072 values"),
        ("dense 50 BN ReLU dropout", f"{3072 * 50 + 50 + 2 * 50:,} parameters"),
        ("dense 10", f"{50 * 10 + 10:,} parameters"),
        ("softmax", "10 classes"),
    ]
    assert told("mnist-cnn")[1:3] == [
        ("conv 5 pool ReLU", f"14x14x16, {5 * 5 * 16 + 16:,} parameters"),
        ("conv 5 pool ReLU", f"7x7x16, {5 * 5 * 16 * 16 + 16:,} parameters"),
    ]


def test_equal_neighbours_are_one_block_and_layers_alone_have_one_too():
    assert told("a3-9layer")[3:5] == [
        ("2 x dense 20 ReLU", f"{30 * 20 + 20 + 20 * 20 + 20:,} parameters"),
        ("4 x dense 10 ReLU", f"{20 * 10 + 10 + 3 * (10 * 10 + 10):,} parameters"),
    ]
    assert [what for what, _ in told("a1-test1")] == ["32x32x3", "dense 10", "softmax"]


@pytest.mark.parametrize(("name", "updates"), [("a2-setting2", 3 * 2 * 800), ("a1-test1", 40 * 100)])
def test_the_length_is_that_of_a_run_on_the_full_data(name, updates):
    planned = plan(load(name))
    assert planned.updates == updates
    assert (planned.etas[0][0], planned.etas[-1][0]) == (0, updates - 1)


def test_the_learning_rate_is_that_of_the_schedule():
    eta = Triangular(1e-5, 0.1, 800)
    assert all(value == eta(t) for t, value in plan(load("a2-setting2")).etas)


@pytest.mark.parametrize("name", names())
def test_every_question_of_a_preset_changes_it_to_one_that_can_be_trained(name):
    preset = load(name)
    asked = questions(preset)
    assert 2 <= len(asked) <= 3
    for question in asked:
        assert question.ask.endswith("?")
        assert load(name, question.change) != preset


def test_a_preset_of_ones_own_has_questions_too(tmp_path):
    own = load("a2-setting1", ["eta=1e-5"]).model_copy(update={"name": "mine"})
    assert [question.change for question in questions(own)] == [("seed=2",)]  # eta cannot fall below the schedule's
    other = load("a2-setting1").model_copy(update={"name": "mine"})
    assert [question.change for question in questions(other)] == [("eta=0.01",), ("seed=2",)]
