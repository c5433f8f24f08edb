"""Presets from names and files, changed by key=value; every refusal says which key, which value and what is allowed."""

import re
import tomllib
from pathlib import Path

import pytest

from presets.errors import PresetError
from presets.keys import known_keys, resolve
from presets.load import FOLDER, load, names, parse
from presets.toml import dump

MINIMAL = 'title = "t"\n[optimiser]\nkind = "sgd"\neta = 0.1\n[training]\nupdates = 10\n'


@pytest.mark.parametrize("name", names())
def test_every_preset_survives_being_written_out_and_read_again(name):
    preset = load(name)
    assert parse(tomllib.loads(dump(preset)), name, origin=name) == preset


@pytest.mark.parametrize("name", names())
def test_every_preset_says_what_it_reproduces(name):
    reference = load(name).reference
    assert name.startswith({"fman45": ("mnist-", "cifar-")}.get(reference.report, reference.report))
    assert reference.where


def test_all_assignments_of_the_reports_are_there():
    a1 = {f"a1-test{i}" for i in (1, 2, 3, 4)}
    a2 = {"a2-setting1", "a2-setting2", "a2-final"}
    a3 = {"a3-sanity", "a3-2layer", "a3-3layer", "a3-9layer", "a3-3layer-bn", "a3-9layer-bn"}
    fman45 = {"mnist-cnn", "cifar-cnn", "cifar-cnn-better"}
    assert a1 | a2 | a3 | fman45 | {"a3-3layer-best", "a3-9layer-best"} <= set(names())


@pytest.mark.parametrize(
    ("name", "key", "number"),
    [
        ("a1-test1", "test.loss", 6.4767),
        ("a1-test4", "test.cost", 1.9292),  # the report's "loss" includes the penalty here
        ("a2-setting1", "test.accuracy", 0.4588),
        ("a2-final", "test.accuracy", 0.5133),
        ("a3-3layer-bn", "test.accuracy", 0.5361),
        ("a3-9layer-best", "test.accuracy", 0.5224),
    ],
)
def test_reported_numbers_are_those_of_the_reports(name, key, number):
    assert load(name).reference.reported[key] == number


def test_settings_are_those_of_the_reports():
    a1, a2, a3 = load("a1-test3"), load("a2-final"), load("a3-9layer-best")
    assert (a1.loss.lambda_, a1.optimiser.eta, a1.training.epochs, a1.network.sigma) == (0.1, 0.001, 40, 0.01)
    assert (a2.loss.lambda_, a2.schedule.n_s, a2.training.cycles, a2.data.split) == (
        0.000648717,
        980,
        3,
        "49000/1000/test",
    )
    assert (a2.schedule.eta_min, a2.optimiser.eta, a2.network.hidden) == (1e-5, 0.1, [50])
    assert a3.network.hidden == [50, 30, 20, 20, 10, 10, 10, 10]
    assert (a3.network.batch_norm, a3.loss.lambda_, a3.schedule.n_s) == (True, 0.0048, 2250)


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        ("optimiser.eta=0.01", "optimiser.eta", 0.01),
        ("eta=.01", "optimiser.eta", 0.01),
        ("eta=1", "optimiser.eta", 1.0),
        ("lambda=1e-3", "loss.lambda_", 1e-3),
        ("hidden=[50, 30]", "network.hidden", [50, 30]),
        ("hidden=50,30", "network.hidden", [50, 30]),
        ("hidden=70", "network.hidden", [70]),
        ("hidden=", "network.hidden", []),
        ("convolutions=[]", "network.convolutions", []),
        ("batch_norm=true", "network.batch_norm", True),
        ("initialiser=xavier", "network.initialiser", "xavier"),
        ("seed=7", "seed", 7),
        ("split=100/50/test", "data.split", "100/50/test"),
        (" eta = 0.5 ", "optimiser.eta", 0.5),
    ],
)
def test_a_change_reaches_its_setting(change, path, value):
    preset = load("a2-setting1", [change])
    for part in path.split("."):
        preset = getattr(preset, part)
    assert preset == value
    assert type(preset) is type(value)


def test_the_last_change_of_a_setting_counts():
    assert load("a2-setting1", ["eta=0.5", "eta=0.2"]).optimiser.eta == 0.2


def test_a_length_given_by_change_replaces_the_one_of_the_preset():
    training = load("a2-setting1", ["updates=30"]).training
    assert (training.updates, training.epochs, training.cycles) == (30, None, None)


def test_another_kind_of_optimiser_keeps_eta_and_drops_what_it_does_not_know():
    momentum = load("a2-setting1", ["optimiser.kind=momentum", "rho=0.5"])
    assert (momentum.optimiser.kind, momentum.optimiser.eta, momentum.optimiser.rho) == ("momentum", 0.1, 0.5)
    sgd = load("a2-setting1", ["optimiser.kind=momentum", "rho=0.5", "optimiser.kind=sgd"])
    assert sgd.optimiser == load("a2-setting1").optimiser


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("eta=-1", "optimiser.eta = -1: must be greater than 0"),
        ("eta=fast", "optimiser.eta = 'fast': must be a valid number"),
        ("eta=true", "optimiser.eta = True: must be a valid number"),
        ("eta=nan", "optimiser.eta = nan: must be a finite number"),
        ("eta=inf", "optimiser.eta = inf: must be a finite number"),
        ("batch=1.5", "training.batch = 1.5: must be a valid integer"),
        ("batch=0", "training.batch = 0: must be greater than 0"),
        ("hidden=[50,0]", "network.hidden.1 = 0: must be greater than or equal to 1"),
        ("convolutions=[{filters=0,size=3}]", "network.convolutions.0.filters = 0: must be greater than or equal to 1"),
        ("convolutions=[{filter=2,size=3}]", "network.convolutions.0.filter is not a setting; did you mean filters?"),
        ("dropout=1", "network.dropout = 1: must be less than 1"),
        ("initialiser=hee", "network.initialiser = 'hee': must be 'he', 'xavier' or 'normal'"),
        ("split=half", "data.split = 'half': must be 'batch1/batch2/test' or 'N/M/test'"),
        ("optimiser.kind=adm", "optimiser.kind = 'adm': must be one of 'sgd', 'momentum'"),
        ("sigma=0.1", "network.sigma is for the initialiser 'normal', not for 'he'"),
        ("initialiser=normal", "the initialiser 'normal' needs network.sigma"),
        ("schedule.kind=constant", "training.cycles needs schedule.kind = 'triangular'"),
        ("eta_min=1", "schedule.eta_min = 1 is larger than optimiser.eta = 0.1"),
        ("rho=0.5", "optimiser.rho is not a setting"),
        ("etta=1", "there is no setting etta; did you mean optimiser.eta"),
        ("zzz=1", "there is no setting zzz; there are seed, data.set"),
        ("kind=sgd", "kind can mean optimiser.kind or schedule.kind"),
        ("reference.report=a1", "there is no setting reference.report"),
        ("eta", "-s eta: write it as key=value"),
        ("=3", "write it as key=value"),
        ("seed=-1", "seed = -1: must be greater than or equal to 0"),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_one_line(change, message):
    with pytest.raises(PresetError) as refusal:
        load("a2-setting1", [change])
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_no_line_after_a_value_is_lost():
    with pytest.raises(PresetError, match="must be a valid number"):
        load("a2-setting1", ["eta=0.1\nfoo=3"])


def test_batch_normalisation_of_one_example_is_refused():
    with pytest.raises(PresetError, match=r"training\.batch = 1: batch normalisation needs at least 2"):
        load("a3-3layer-bn", ["batch=1"])


def test_a_key_without_a_value_takes_the_setting_back_to_its_default(tmp_path):
    path = tmp_path / "wide.toml"
    path.write_text(MINIMAL + "[network]\ninitialiser = 'normal'\nsigma = 0.1\n")
    preset = load(str(path), ["initialiser=he", "sigma="])
    assert (preset.network.initialiser, preset.network.sigma) == ("he", None)
    with pytest.raises(PresetError, match=r"optimiser\.eta is missing"):
        load("a2-setting1", ["eta="])


def test_a_refusal_names_the_keys_that_are_wrong():
    with pytest.raises(PresetError) as refusal:
        load("a2-setting1", ["eta=-1", "hidden=[50,0]", "n_s="])
    assert refusal.value.keys == {"optimiser.eta", "network.hidden.1", "schedule.n_s"}


def test_an_unknown_preset_is_refused_with_the_nearest_name():
    with pytest.raises(PresetError, match=r"there is no preset a2-seting1; did you mean a2-setting1\?"):
        load("a2-seting1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("eta = = 1", "is not valid TOML: Invalid value (at line 1, column 7)"),
        (f"seed = {'9' * 5000}", "is not valid TOML: "),
        (f"hidden = {'[' * 5000}", "is not valid TOML: "),
        (MINIMAL.replace("eta = 0.1", "eta = -2"), "optimiser.eta = -2: must be greater than 0"),
        (MINIMAL.replace("eta = 0.1", "etta = 2"), "optimiser.etta is not a setting; did you mean eta?"),
        (MINIMAL.replace('title = "t"', "titel = 3"), "titel is not a setting; did you mean title?"),
        (MINIMAL.replace("eta = 0.1", ""), "optimiser.eta is missing"),
        (MINIMAL.replace('kind = "sgd"', ""), "optimiser.kind is missing"),
        (MINIMAL.replace("updates = 10", "updates = 10\nepochs = 2"), "give the length of the run as one of"),
        (MINIMAL.replace("updates = 10", ""), "give the length of the run as one of"),
        ('optimiser = "sgd"', "optimiser"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_name_in_one_line(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(PresetError) as refusal:
        load(str(path), ["seed=2"])
    assert str(refusal.value).startswith(str(path))
    assert message in str(refusal.value)
    assert "with seed=2" not in str(refusal.value)  # the change is not to blame
    assert "\n" not in str(refusal.value)


def test_of_several_kinds_a_value_may_be_of_each_is_named_once():
    with pytest.raises(PresetError) as refusal:
        load("names-best", ["convolutions=[{filters=2,size='x'}]"])
    text = "network.convolutions.0.size = 'x': must be a valid integer, or must be a valid list"
    assert str(refusal.value).endswith(f": {text}")
    assert refusal.value.keys == {"network.convolutions.0.size"}


def test_files_that_cannot_be_read_are_refused_by_name(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.toml").mkdir()
    for name, message in [("none", "there is no such file"), ("binary", "is not UTF-8"), ("folder", "cannot be read")]:
        with pytest.raises(PresetError, match=f"{name}.toml: {message}"):
            load(str(tmp_path / f"{name}.toml"))


def test_a_file_is_a_preset_named_after_it(tmp_path):
    path = tmp_path / "größe.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    preset = load(str(path))
    assert (preset.name, preset.seed, preset.training.batch) == ("größe", 1, 100)


def test_every_setting_can_be_named_in_full_and_has_a_title():
    for name, key in known_keys().items():
        assert resolve(name) == name
        assert key.title or name.endswith(".kind")


def test_shipped_files_hold_settings_and_not_their_own_name():
    for path in FOLDER.glob("*.toml"):
        assert "name" not in tomllib.loads(path.read_text())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"x.y" = 1', '"x.y" is not a setting'),
        ('"" = 1', '"" is not a setting'),
        ('[data]\n"x.y" = 1', 'data."x.y" is not a setting'),
        ('[network]\n"hidden layers" = 1', 'network."hidden layers" is not a setting; did you mean hidden?'),
        ('[optimiser]\nkind = "sgd"\n"a b" = 1', 'optimiser."a b" is not a setting'),
        ('[[search.vary]]\nkey = "optimiser.eta"\n"x.y" = 1', 'search.vary.0."x.y" is not a setting'),
    ],
)
def test_a_key_of_any_letters_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(PresetError) as caught:
        load(str(path))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("file", "name"),
    [("mine.toml", "mine"), ("a2-final.toml", "a2-final-changed"), ("preset.toml", "a2-final-changed")],
)
def test_a_preset_of_ours_that_was_written_out_and_changed_is_not_ours(tmp_path, file, name):
    """Its numbers are not to stand beside those that the report reports of other settings."""
    path = tmp_path / file
    ours = load("a2-final")
    path.write_text(dump(ours))
    assert load(str(path)) == ours
    path.write_text(re.sub(r"(?m)^batch = \d+", "batch = 50", dump(ours)))
    changed = load(str(path))
    assert (changed.name, changed.reference, changed.training.batch) == (name, None, 50)


def test_a_preset_of_somebody_keeps_its_name_and_its_reference(tmp_path):
    path = tmp_path / "course.toml"
    path.write_text(dump(load("a2-final", ["batch=50"]).model_copy(update={"name": "course-2"})))
    assert (load(str(path)).name, load(str(path)).reference) == ("course-2", load("a2-final").reference)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no file without an end")
def test_a_file_without_an_end_is_refused(tmp_path):
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    with pytest.raises(PresetError, match="is larger than 1,048,576 bytes"):
        load(str(tmp_path / "endless.toml"))


def test_windows_line_ends_and_a_mark_are_read_and_latin_1_is_told(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + dump(load("a2-final")).replace("\n", "\r\n").encode())
    assert load(str(path)) == load("a2-final")
    path.write_bytes('title = "Übung"'.encode("latin-1"))
    with pytest.raises(PresetError, match=r"mine.toml: is not UTF-8 text \(byte 9\)"):
        load(str(path))
