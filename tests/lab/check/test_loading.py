"""Students' files load, whatever their top level does, and what was left out is said."""

import contextlib
import io
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from lab.check.worker.python2 import modern
from lab.check.worker.text import SourceText

GRADIENTS = """
def softmax_loss(X, Y, W, lam):
    P = X @ W
    return P

class Net:
    def loss(self):
        return 1.0
"""
INSTALLED = [
    p
    for p in ("pandas", "cv2", "torch", "tensorflow", "numba", "cupy")
    if __import__("importlib.util").util.find_spec(p)
]


# What the top level does


@dataclass(frozen=True)
class Obstacle:
    """Lines above the definitions, and what the note says of them."""

    lines: str
    note: str


OBSTACLES = [
    Obstacle("X = np.load('cifar.npy')", "cifar.npy"),
    Obstacle("X = np.loadtxt('data/batch_1.txt', delimiter=',')", "data/batch_1.txt"),
    Obstacle("X = open('data_batch_1', 'rb').read()", "reads data_batch_1, which is not there"),
    Obstacle("with open('names.csv') as f:\n    X = f.read()", "reads names.csv, which is not there"),
    Obstacle("import pickle\nX = pickle.load(open('a.pkl', 'rb'))", "reads a.pkl, which is not there"),
    Obstacle("import os\nfor f in os.listdir('images'):\n    X = f", "images"),
    Obstacle("import os\nos.chdir('/content/drive/MyDrive')\nX = 1", "/content/drive/MyDrive"),
    Obstacle("X = int(input('hidden units? '))", "line 3 (asks for input)"),
    Obstacle("X = raw_input('name')", "raw_input"),
    Obstacle("import sys\nX = sys.stdin.readline()[0]", "IndexError"),
    Obstacle("import sys\nif len(sys.argv) < 2:\n    print('usage')\n    sys.exit(1)", "ends the program"),
    Obstacle("exit()", "ends the program"),
    Obstacle("quit(3)", "ends the program"),
    Obstacle("import os\nos._exit(0)", "ends the program"),
    Obstacle("raise SystemExit('done')", "ends the program"),
    Obstacle("raise KeyboardInterrupt", "KeyboardInterrupt"),
    Obstacle("import sys\nX = sys.argv[1]", "IndexError"),
    Obstacle("import subprocess\nsubprocess.run(['pip', 'install', 'tqdm'])", "starts a process"),
    Obstacle("import os\nos.system('clear')", "starts a process"),
    Obstacle("import multiprocessing as m\nX = m.Pool(2).map(abs, [1, 2])", "starts a process"),
    Obstacle("import urllib.request\nurllib.request.urlretrieve('http://localhost:9/x', 'x')", "downloads something"),
    Obstacle("import socket\nX = socket.create_connection(('localhost', 9))", "opens a connection"),
    Obstacle("np.save('weights.npy', np.ones(3))", "writes a file"),
    Obstacle("open('log.txt', 'a').write('x')", "writes a file"),
    Obstacle("import os\nos.makedirs('figures')", "makes a folder"),
    Obstacle("import pathlib\npathlib.Path('figures').mkdir()", "makes a folder"),
    Obstacle("import shutil\nshutil.rmtree('.')", "deletes"),
    Obstacle("X = 1 / 0", "ZeroDivisionError"),
    Obstacle("assert np.ones(3).shape == (4,)", "AssertionError"),
    Obstacle("X = undefined_name", "undefined_name"),
    Obstacle("X = np.ones((2, 3)) @ np.ones((2, 3))", "ValueError"),
    Obstacle("def deep(n):\n    return deep(n + 1)\nX = deep(0)", "RecursionError"),
    Obstacle("class Bad(Exception):\n    def __str__(self):\n        raise ValueError\nraise Bad", "Bad"),
]


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda o: o.lines.replace("\n", "; ")[-40:])
def test_a_statement_that_fails_is_left_out_and_named(loader, write, obstacle):
    path = write({"net.py": f"\nimport numpy as np\n{obstacle.lines}\n{GRADIENTS}"})
    answer = loader(path, "softmax_loss(np.ones((2, 3)), 0, np.ones((3, 1)), 0).tolist()", "Net().loss()")
    assert answer.values == ("[[3.0], [3.0]]", "1.0")
    assert obstacle.note in answer.note
    assert {p.name for p in path.parent.iterdir()} == {"net.py"}


@pytest.mark.parametrize(
    "lines",
    [
        "while 1 < 2:\n    pass",
        "while 1 < 2:\n    try:\n        sum(range(100))\n    except:\n        pass",
        "import time\nwhile 1 < 2:\n    try:\n        time.sleep(0.01)\n    except BaseException:\n        continue",
        "while 1 < 2:\n    try:\n        n = int(input())\n        break\n    except:\n        print('again')",
        "for epoch in range(10**9):\n    W = np.ones((30, 30)) @ np.ones((30, 30))",
        "import time\ntime.sleep(60)",
        "def train():\n    while 1:\n        for i in range(100):\n            yield i\nX = [x for x in train()]",
        "class Trainer:\n    def __init__(self):\n        while 1<2:\n            self.x = np.exp(1.0)\nX = Trainer()",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
        "while 1 < 2:\n    print('epoch')",
    ],
    ids=lambda lines: lines.replace("\n", "; ")[-40:],
)
def test_what_takes_too_long_is_interrupted(loader, write, lines):
    after = "\n\nimport math\nlam = math.sqrt(4.0)\nprint('late')\nmath.sqrt(-1)\n\ndef late(x):\n    return lam * x\n"
    path = write({"net.py": f"import numpy as np\n{lines}\n{GRADIENTS}{after}"})
    answer = loader(path, "Net().loss()", "late(3)", patience=0.2)
    assert answer.values == ("1.0", "6.0")
    assert "takes longer than 0.2 s" in answer.note
    assert "only imports, definitions and what is quick to compute were run" in answer.note
    assert answer.seconds < 3
    assert "late" not in answer.prints


def test_arguments_that_must_be_given_are_not_and_the_others_have_their_defaults(loader, write):
    code = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("--lam", type=float, required=True)
parser.add_argument("--eta", type=float, default=0.5)
args = parser.parse_args()
eta, lam = args.eta, args.lam

def penalty(W):
    return lam * W
"""
    answer = loader(write({"net.py": code}), "eta", "penalty(3)")
    assert answer.values == ("0.5", "NotHereError: uses lam, and a check gives the file no arguments")
    assert answer.notes == ()


def test_without_patience_only_imports_definitions_and_constants_are_run(loader, write):
    code = (
        "import itertools\nlam = 2 * 1e-3\nsizes = [3, -1]\n"
        "X = sum(itertools.count())\nprint('hello')\nfor i in sizes: pass"
    )
    answer = loader(write({"net.py": code + GRADIENTS}), "Net().loss()", "lam", "sizes", "X", patience=0)
    assert answer.values[:3] == ("1.0", "0.002", "[3, -1]")
    assert answer.values[3] == "NameError: X is not there: line 4 is left out (only definitions and constants are run)"
    assert "only imports, definitions and constants were run" in answer.note


def test_the_time_that_imports_of_installed_packages_take_does_not_count(loader, write):
    path = write(
        {
            "net.py": "import slow\nX = 3\nfor i in range(2):\n    X += i",
            "site-packages/slow.py": "import time\ntime.sleep(0.4)",
        }
    )
    path.write_text("import sys\nsys.path.append('site-packages')\n" + path.read_text())
    assert loader(path, "X", patience=0.3).value == "4"


def test_a_few_slow_statements_after_the_time_is_over_do_not_add_up(loader, write):
    slow = "".join(f"a{i} = [j for j in range(10**9)]\n" for i in range(40))
    answer = loader(write({"net.py": slow + GRADIENTS}), "Net().loss()", patience=0.2)
    assert answer.value == "1.0"
    assert answer.seconds < 8  # 40 of them, if each had its time


def test_what_needs_something_left_out_says_so(loader, write):
    path = write({"net.py": "import numpy as np\nX = np.load('x.npy')\nmean = X.mean()\n\ndef f():\n    return mean\n"})
    answer = loader(path, "f()")
    assert answer.value == "NameError: mean is not there: line 3 is left out (needs X)"
    assert "line 2 (reads x.npy, which is not there) and 1 more statement" in answer.note


@pytest.mark.parametrize(
    "definition",
    [
        "def f(W, x=X):\n    return W",
        "def f(W, *, x=X['a']):\n    return W",
        "@np.vectorise\ndef f(W):\n    return W",
        "def f(W: Tensor) -> Missing:\n    return W",
    ],
)
def test_a_function_whose_defaults_or_decorators_fail_is_kept(loader, write, definition):
    assert loader(write({"net.py": f"import numpy as np\nX = open('x')\n{definition}\n"}), "f(3)").value == "3"


@pytest.mark.parametrize(
    "main",
    [
        'if __name__ == "__main__":',
        "if __name__ == '__main__' :",
        "if '__main__' == __name__:",
        "if (__name__ == '__main__'):",
    ],
)
def test_the_main_block_never_runs_but_its_constants_are_known(loader, write, main):
    code = f"""
def cost(J, W):
    return J + lam * W

def helper():
    return eta

{main}
    print("running")
    lam = 0.5
    eta = 2 * 1e-3
    data = open("x")
    unused = 3

    def inner():
        return 1
"""
    answer = loader(write({"net.py": code}), "cost(1, 2)", "helper()")
    assert answer.values == ("2.0", "0.002")
    assert answer.names.isdisjoint({"data", "unused"})
    assert answer.prints == ""


def test_what_the_file_sets_for_all_code_is_undone(loader, write):
    code = """
import numpy as np, warnings, sys, io
warnings.simplefilter("error")
np.seterr(all="raise")
sys.stdout = io.StringIO()

def f():
    warnings.warn("careful")
    print("hello")
    return np.exp(-1000.0) + np.exp(1000.0)
"""
    answer = loader(write({"net.py": code}), "f()")
    assert answer.value.endswith("inf") or answer.value == "np.float64(inf)"
    assert "hello" in answer.prints


def test_threads_that_the_file_starts_end(loader, write):
    code = """
import threading, time
count = [0]

def work():
    while True:
        count[0] += 1

threading.Thread(target=work).start()

def alive():
    time.sleep(0.1)
    before = count[0]
    time.sleep(0.05)
    return count[0] - before
"""
    assert loader(write({"net.py": code}), "alive()").value == "0"


def test_future_imports_hold_for_all_of_the_file(loader, write):
    code = "from __future__ import annotations\nx = 1\n\ndef f(a: Nothing) -> Missing:\n    return a\n"
    answer = loader(write({"net.py": code}), "f(3)", "f.__annotations__['a']")
    assert (answer.values, answer.notes) == (("3", "'Nothing'"), ())


@pytest.mark.parametrize("name", ["random", "secrets", "numbers", "difflib", "hmac"])
def test_a_module_of_theirs_called_as_one_of_pythons_is_for_their_imports_only(loader, write, name):
    code = f"import numpy as np\nr = np.random.default_rng(3).normal()\nimport difflib, {name}\nx = {name}.mine\n"
    answer = loader(write({"net.py": code, f"{name}.py": "mine = 7"}), "r", "np.linalg.norm([3, 4])")
    assert answer.values[0].startswith("2.04091912") or answer.values[0] == "np.float64(2.0409191213172673)"
    assert "5.0" in answer.values[1]


def test_the_file_knows_its_name_its_folder_and_no_arguments(loader, write):
    code = "import sys, os\na = [sys.argv, __file__, os.getcwd(), sys.path[0]]\n"
    path = write({"deep/net.py": code})
    assert loader(path, "a").value == repr([[str(path)], str(path), str(path.parent), str(path.parent)])


@pytest.mark.parametrize("name", ["__main__.py", "my net (2).py", "v1.2.py", "numpy.py", "json.py", "ä.py", "class.py"])
def test_a_file_may_have_any_name(loader, write, name):
    answer = loader(write({name: f"import json\nlam = json.loads('2')\n{GRADIENTS}"}), "Net().loss()", "lam", "Net")
    assert answer.values[:2] == ("1.0", "2") if name != "json.py" else ("1.0",)
    assert answer.wheres[2] == "line 8"


def test_where_functions_methods_and_classes_begin(loader, write):
    code = """
import functools

def plain(f):
    @functools.wraps(f)
    def inner(*a):
        return f(*a)
    return inner

def a():
    pass

@plain
def b():
    pass

class C:
    def m(self):
        pass

d = lambda x: x
"""
    answer = loader(write({"net.py": code}), "a", "b", "C", "C.m", "C().m", "d", "len", "3", "functools.wraps")
    assert answer.wheres == ("line 10", "line 13", "line 17", "line 18", "line 18", "line 21", "", "", "")


# Packages


@pytest.mark.parametrize(
    ("lines", "package"),
    [
        ("import nothere_a as pd\ndf = pd.read_csv('x.csv')", "nothere_a"),
        ("from nothere_b import thing, other as o\nthing(1)", "nothere_b"),
        ("import nothere_c.sub.deep as s\ns.run()", "nothere_c"),
        ("from nothere_d.sub import *", "nothere_d"),
        (
            (
                "from nothere_e.layers import Layer\nclass L(Layer):\n"
                "    def __init__(self):\n        super().__init__()\nL()"
            ),
            "nothere_e",
        ),
        (
            (
                "from nothere_f import jit\n@jit(nopython=True)\ndef g(x):\n"
                "    return x\n@jit\ndef h(x):\n    return x\nassert g(3) + h(1) == 4"
            ),
            "nothere_f",
        ),
        ("import nothere_g\nfig, (a, b) = nothere_g.subplots(1, 2)\nfor i in a.flat:\n    i.plot()", "nothere_g"),
        ("import nothere_h\nwith nothere_h.no_grad() as g:\n    g.x = 3", "nothere_h"),
        (
            "import nothere_i\nassert not isinstance(3, nothere_i.Tensor)\ndef f(x: nothere_i.Tensor | int = 3): pass",
            "nothere_i",
        ),
        ("import nothere_j\ndevice = nothere_j.device('gpu' if nothere_j.cuda.is_available() else 'cpu')", "nothere_j"),
        ("import nothere_k\nprint(nothere_k.__version__, f'{nothere_k.pi:.3f}')", "nothere_k"),
        ("import importlib\nm = importlib.import_module('nothere_l')", "nothere_l"),
        (
            "from nothere_m import trange, bar\nassert [i for i in trange(3)] == list(bar([0, 1, 2])) == [0, 1, 2]",
            "nothere_m",
        ),
        ("import nothere_n\nnothere_n.rc['a'] = 3\na, *b = nothere_n.f()\ndel a", "nothere_n"),
    ],
)
def test_a_package_that_is_not_installed_is_stood_in_for(loader, write, lines, package):
    answer = loader(write({"net.py": f"{lines}\n{GRADIENTS}"}), "Net().loss()")
    assert answer.value == "1.0"
    assert answer.notes == (f"{package} is not installed: what the file does with it is left out",)


@pytest.mark.parametrize(
    "needs",
    [
        "nothere.f(x) + 1",
        "2 * nothere.pi",
        "np.exp(nothere.array(x))",
        "np.asarray(nothere.array(x))",
        "np.ones(3) @ nothere.W",
        "float(nothere.f(x))",
        "x[nothere.index(x)]",
        "1 if nothere.f(x) > 0 else 2",
        "-nothere.f(x)",
        "len(nothere.data)",
        "np.zeros(nothere.n)",
        "x if nothere.f(x) else 0",
        "range(nothere.n)",
    ],
)
def test_code_that_needs_the_package_says_so(loader, write, needs):
    path = write({"net.py": f"import numpy as np\nimport nothere\nx = np.ones(3)\ndef f():\n    return {needs}\n"})
    answer = loader(path, "f()")
    assert answer.value.startswith("NotHereError: uses nothere.")
    assert answer.value.endswith(", and nothere is not installed")


def test_a_star_import_of_nothing_gives_the_names_the_file_uses(loader, write):
    path = write({"net.py": "from mylayers import *\n\ndef f():\n    return affine(3) + 1\n"})
    assert loader(path, "f()").value == "NotHereError: uses mylayers.affine(), and mylayers is not installed"


@pytest.mark.parametrize(
    "handled",
    [
        "try:\n    import nothere\n    fast = True\nexcept ImportError:\n    fast = False",
        "try:\n    import nothere\n    fast = True\nexcept ModuleNotFoundError as e:\n    fast = False",
        "try:\n    from nothere import x\n    fast = True\nexcept (ValueError, ImportError):\n    fast = False",
        "try:\n    from nothere.sub import x\n    fast = True\nexcept:\n    fast = False",
        (
            "from contextlib import suppress\nfast = False\n"
            "with suppress(ImportError):\n    import nothere\n    fast = True"
        ),
        "import importlib.util\nfast = importlib.util.find_spec('nothere') is not None",
    ],
)
def test_a_file_that_expects_a_package_to_be_missing_is_told_the_truth(loader, write, handled):
    assert loader(write({"net.py": handled}), "fast").value == "False"


@pytest.mark.parametrize(
    "plots",
    [
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('a.png')\nplt.show()",
        (
            "import matplotlib\nmatplotlib.use('TkAgg')\n"
            "from matplotlib import pyplot as plt\nfig, ax = plt.subplots()\nplt.pause(100)"
        ),
        "from pylab import *\nx = linspace(0, 1)\nplot(x, exp(x))\nshow()",
        "import matplotlib.pyplot as plt\nfig, axes = plt.subplots(2, 5)\nfor ax in axes.ravel():\n    ax.imshow(3)",
        (
            "from tqdm import tqdm\nassert [x for x in tqdm([1, 2], desc='d')] == [1, 2]\n"
            "with tqdm(total=3) as bar:\n    bar.update()"
        ),
        "from IPython.display import clear_output\nclear_output()",
        "from google.colab import drive\ndrive.mount('/content')",
        "import tkinter as tk\nroot = tk.Tk()\nroot.mainloop()",
    ],
)
def test_plots_and_progress_are_left_out_even_where_they_are_installed(loader, write, plots):
    path = write({"net.py": plots + GRADIENTS})
    answer = loader(path, "Net().loss()")
    assert answer.value == "1.0"
    assert "left out when" not in answer.note
    assert answer.prints == ""
    assert {p.name for p in path.parent.iterdir()} == {"net.py"}


def test_an_own_module_called_like_a_plotting_package_is_theirs(loader, write):
    path = write({"net.py": "from tqdm import bar\nx = bar()", "tqdm.py": "def bar():\n    return 7"})
    assert loader(path, "x").value == "7"


def test_installed_packages_are_not_stood_in_for(loader, write):
    path = write({"net.py": "import scipy.special\nx = scipy.special.expit(0.0)"})
    answer = loader(path, "float(x)")
    assert (answer.value, answer.notes) == ("0.5", ())


def test_an_import_of_what_an_installed_package_has_no_longer(loader, write):
    path = write({"net.py": "from scipy import imread, linalg\n\ndef f():\n    return imread('x') + 1\n"})
    answer = loader(path, "f()", "linalg.__name__")
    assert answer.values[0].startswith(
        "NotHereError: uses scipy.imread(), and the scipy that is installed has no scipy.imread"
    )
    assert answer.values[1] == "'scipy.linalg'"


@pytest.mark.parametrize("name", ["core", "data", "presets", "lab", "tui"])
def test_the_student_sees_their_own_folders_and_never_gradlab(loader, write, name):
    theirs = write({"net.py": f"import {name}\nfrom {name}.layers import x", f"{name}/layers.py": "x = 5"})
    assert loader(theirs, "x").value == "5"
    none = write({"a/other.py": f"import {name}.layers\n\ndef f():\n    return {name}.layers.x + 1"})
    none.parent.parent.joinpath(name, "layers.py").unlink()
    assert loader(none, "f()").value == f"NotHereError: uses {name}.layers.x, and {name} is not installed"


# Their own modules


def test_their_own_modules_are_loaded_with_the_same_care(loader, write):
    path = write(
        {
            "net.py": "from layers import affine\nimport utils\n\ndef f():\n    return affine(utils.lam)",
            "layers.py": "import numpy as np\nX = np.load('x.npy')\n\ndef affine(x):\n    return x + 1",
            "utils.py": "import nothere\nlam = 2\nwhile True:\n    pass",
        }
    )
    answer = loader(path, "f()", patience=0.2)
    assert answer.value == "3"
    assert "layers.py, line 2 (reads x.npy, which is not there)" in answer.note
    assert "utils.py, line 3 (does not end)" in answer.note


def test_their_own_module_that_cannot_be_read(loader, write):
    path = write(
        {
            "net.py": f"from utils import lam\n{GRADIENTS}\ndef f():\n    return 2 * lam",
            "utils.py": "print 'x'; exec 'x'",
        }
    )
    answer = loader(path, "Net().loss()", "f()")
    assert answer.values[0] == "1.0"
    assert "uses utils.lam, and it cannot be imported: utils.py: Python 2" in answer.values[1]


RELATIVE = {
    "cs231n/classifiers/fc_net.py": """
        from ..layers import *
        from ..layer_utils import both
        from . import shared

        def f():
            return affine(both(shared.x))
        """,
    "cs231n/layers.py": """
        def affine(x):
            return x + 1
        """,
    "cs231n/layer_utils.py": """
        from .layers import *
        from cs231n.layers import affine as again

        def both(x):
            return 10 * again(x)
        """,
    "cs231n/classifiers/shared.py": "x = 2",
}


@pytest.mark.parametrize("inits", [(), ("cs231n",), ("cs231n/classifiers",), ("cs231n", "cs231n/classifiers")])
def test_a_file_with_relative_imports_is_loaded_as_a_member_of_its_package(loader, write, inits):
    path = write({**RELATIVE, **{f"{folder}/__init__.py": "" for folder in inits}})
    answer = loader(path, "f()", "f.__module__", "f")
    assert answer.values[:2] == ("31", "'cs231n.classifiers.fc_net'")
    assert answer.wheres[2] == "line 6"
    assert answer.notes == ()


def test_a_package_that_imports_the_file_itself(loader, write):
    inits = {
        "cs231n/__init__.py": "from .classifiers.fc_net import *",
        "cs231n/classifiers/__init__.py": "import nothere\nopen('x')",
    }
    answer = loader(write({**RELATIVE, **inits}), "f()")
    assert answer.value == "31"
    assert "__init__.py, line 2 (reads x, which is not there)" in answer.note


def test_folders_whose_names_are_no_names(loader, write):
    path = write(
        {"hw 2/my-net/net.py": "from ..v1_0 import x\nfrom . import y", "hw 2/v1_0.py": "x = 1", "hw 2/my-net/y.py": ""}
    )
    assert loader(path, "x").value == "1"


def test_a_relative_import_of_what_is_not_there(loader, write):
    path = write({"pkg/net.py": "from .layers import affine\n\ndef f():\n    return affine(2) + 1"})
    assert (
        loader(path, "f()").value
        == "NotHereError: uses pkg.layers.affine(), and there is no pkg.layers among the files"
    )


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("layers.py", "layers"),  # the folder above
        ("src/utils/layers.py", "layers"),  # below
        ("src/layers/__init__.py", "layers"),
        ("src/layers/part.py", "layers"),
        ("lib/layers.py", "layers"),  # beside, in a project
        ("mytorch/nn/layers.py", "mytorch.nn.layers"),  # a package that has packages only
    ],
)
def test_their_own_modules_in_other_folders_are_found(loader, write, place, what):
    path = write({"src/net.py": f"import {what}\nx = 1", place: "y = 3", "README.md": "", "requirements.txt": ""})
    answer = loader(path, f"{what}.__name__")
    assert answer.value == repr(what)
    assert "not installed" not in answer.note


def test_modules_beside_are_not_taken_from_other_hand_ins(loader, write):
    path = write({"alice/net.py": "import layers", "bob/layers.py": "x = 1", "eve/layers.py": "x = 2"})
    assert loader(path).notes == ("layers is not installed: what the file does with it is left out",)
    write({"alice/deep/net.py": "import layers", "layers.py": "x = 3"})
    assert "not installed" not in loader(path).note
    assert "not installed" in loader(path, root=path.parent).note


def test_a_folder_above_that_only_has_the_name_of_a_package_is_not_taken_for_it(loader, write):
    path = write({"hw/net.py": "import plotlib_x", "plotlib_x/other.py": "x = 1"})
    assert loader(path).notes == ("plotlib_x is not installed: what the file does with it is left out",)
    write({"requirements.txt": ""})
    assert loader(path).notes == ("plotlib_x is taken from ..",)


def test_packages_named_from_the_top_of_the_project(loader, write):
    path = write(
        {
            "proj/part/net.py": "from proj.part.layers import x\nfrom proj.util import y",
            "proj/part/layers.py": "x = 1",
            "proj/util.py": "y = 2",
        }
    )
    assert loader(path, "x + y").value == "3"


# Old names


def test_names_of_python_2_that_do_no_harm(loader, write):
    path = write({"net.py": "x = [i for i in xrange(3)]\ny = reduce(lambda a, b: a + b, x)\nz = unicode(y)"})
    answer = loader(path, "x", "y", "z")
    assert answer.values == ("[0, 1, 2]", "3", "'3'")
    assert "Python 2: xrange, line 1, is read as range" in answer.notes


@pytest.mark.parametrize(
    "line",
    [
        "from past.builtins import xrange",
        "from six.moves import xrange",
        "from past.builtins import *",
        "from future.utils import iteritems\nfrom builtins import range\nxrange = range",
        "import six\nxrange = six.moves.xrange if hasattr(six.moves, 'xrange') else range",
    ],
)
def test_helpers_for_python_2_and_3_give_the_names_of_python_3(loader, write, line):
    answer = loader(write({"net.py": f"{line}\nx = [i for i in xrange(2, 5)]"}), "x")
    assert answer.value == "[2, 3, 4]"
    assert "not installed" not in answer.note


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="NumPy 1 has these names")
def test_names_of_numpy_1(loader, write):
    path = write(
        {
            "net.py": "import numpy as np\nx = np.ones(2).astype(np.float)\n"
            "y = np.product([2, 3]) + np.int(1)\nz = np.Inf"
        }
    )
    answer = loader(path, "x.dtype.name", "int(y)", "z")
    assert answer.values == ("'float64'", "7", "inf")
    assert "np.float (line 2), np.product (line 3)" in answer.note


# Text


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfx = '\xc3\xa5'\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe5'\n",
        b"x = '\xe5'  # f\xf6rsta\n",
        b"\x0cx = '\xc3\xa5'\r\n\x0c\r\ny = 1\r\n",
        b"\rx = '\xc3\xa5'\ry = 1",
        "x = 'å'\n".encode("utf-16"),
        b"# vim: set fileencoding=nonsense :\nx = '\xc3\xa5'",
    ],
)
def test_encodings_and_line_ends(loader, write, data):
    answer = loader(write({"net.py": data}), "x")
    assert answer.error == ""
    assert "x" in answer.names


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "net.py is empty"),
        (b" \n\n\t\n", "net.py is empty"),
        (b"x = 1\ny = \0\n", "net.py holds NUL bytes, in line 2: it is damaged, or no text"),
        (b"PK\x03\x04rest", "net.py is a zip archive or an office document, not a file of code"),
        (b"%PDF-1.5", "net.py is a PDF, not a file of code"),
        (b"\n<!DOCTYPE html><html>", "net.py is a web page, not a file of code"),
        (b"(" * 10_000, "net.py: this is not Python (too many nested parentheses), line 1"),
        (b"x = " + b"-" * 200_000 + b"1", "net.py is nested too deeply to be read"),
        (b"\xff\xfe\x00", "net.py is damaged: it begins as UTF-16 and is none"),
        (b"#" + b"x" * 20_000_001, "net.py has 20 MB: a file of code has at most 20 MB"),
    ],
    ids=lambda v: v[:12] if isinstance(v, bytes) else "",
)
def test_what_is_no_code_is_said_in_a_sentence(loader, write, data, error):
    assert loader(write({"net.py": data})).error.startswith(error)


def test_folders_pipes_and_files_that_are_not_there(loader, tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "link.py").symlink_to(tmp_path / "nowhere.py")
    assert loader(tmp_path / "folder.py").error == "folder.py is a folder, not a file"
    assert loader(tmp_path / "pipe.py").error == "pipe.py is a pipe or a device, not a file"
    assert loader(tmp_path / "link.py").error.startswith("there is no file")
    assert loader(tmp_path / "none.py").error == f"there is no file {tmp_path / 'none.py'}"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("print 'hello'; exec 'x'", "Python 2: print without parentheses"),
        ("exec 'x = 1'", "Python 2: exec without parentheses"),
        ("raise ValueError, 'x', y", "Python 2: raise with a comma"),
        ("if a <> b: pass", "Python 2: <> in place of !="),
        ("x = `3`", "Python 2: backquotes in place of repr()"),
        ("x = 0777", "Python 2: an octal number without o"),
        ("x = 10L", "Python 2: a long number with L"),
        ("x = ur'abc'", "Python 2: a string with ur in front"),
        ("def f(a, (b, c)): pass", "Python 2: a parameter that is a tuple"),
        ("f = lambda (a, b): a", "Python 2: a parameter that is a tuple"),
        ("<<<<<<< HEAD", "a merge conflict is not resolved: line 3 begins with <<<<<<<"),
        ("=======", "a merge conflict is not resolved: line 3 begins with ======="),
        (">>>>>>> branch", "a merge conflict is not resolved: line 3 begins with >>>>>>>"),
        ("x = (1, 2", "this is not Python"),
        ("def f(x)", "this is not Python (expected ':')"),
        ("return 3", "this is not Python ('return' outside function)"),
        ("x = “a”", "this is not Python"),
        ("print(f'x {x}'", "this is not Python"),
    ],
)
def test_syntax_errors_say_what_and_where(loader, write, line, what):
    answer = loader(write({"net.py": f"import os\n\n{line}\nx = 1\n"}))
    assert answer.error.startswith(f"net.py: {what}")
    assert "line 3" in answer.error


def test_python_2s_except_and_tabs(loader, write):
    assert (
        "Python 2: except with a comma"
        in loader(write({"a.py": "try:\n    x\nexcept ValueError, e:\n    exec 'x'"})).error
    )
    mixed = "def f():\n    if 1:\n\treturn `1`\n      \treturn 2\n        x = 1\n"
    assert "b.py: tabs and spaces are mixed" in loader(write({"b.py": mixed})).error


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads them")
@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("print(f'{d['a']}')", "an f-string"),
        ('print(f"{d["a"]}: {d["b"]:.3f}")', "an f-string"),
        ('x = f"loss {np.mean(losses["train"])}"', "an f-string"),
        ("x = f'{chr(10).join(a)} {\"\\n\".join(b)}'", "an f-string"),
        ("def f[T](x: T): return x", "type parameters"),
        ("type V = list[int]", "a type statement"),
    ],
)
def test_syntax_of_later_pythons_is_named(loader, write, line, what):
    assert f"Python 3.12 or later: {what}" in loader(write({"net.py": f"d = 1\n{line}\n"})).error


def test_lines_of_a_notebook_in_a_python_file(loader, write):
    code = "%matplotlib inline\n!pip install numpy\nimport numpy as np\n    \nif 1:\n    %timeit x\n    y = 2\n"
    answer = loader(write({"net.py": code + GRADIENTS}), "Net", "y")
    assert answer.wheres[0] == "line 13"
    assert "lines of a notebook" in answer.note
    exported = "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().system('ls')\ndisplay(3)\nx = 1"
    assert loader(write({"e.py": exported}), "x").notes == ()


def test_the_text_of_functions_can_be_looked_at_whatever_the_encoding(loader, write):
    path = write({"net.py": "import inspect\n# \xe5\n\ndef f():\n    return 1  # \xf6\n".encode("latin-1")})
    assert loader(path, "inspect.getsource(f)").value == repr("def f():\n    return 1  # ö\n")


PYTHON_2 = {
    "print": ("print 'a %d' % 3", "a 3\n"),
    "several": ("print 'a', [1, 2]; print 3 # end", "a [1, 2]\n3\n"),
    "over two lines": ("print 'a', \\\n    (1,\n 2)", "a (1, 2)\n"),
    "in a suite": ("for i in xrange(2): print i,", "0\n1\n"),
    "with brackets": ("print 'b'\nprint ('c')", "b\nc\n"),
    "except": ("try:\n    raise ValueError, 'bad'\nexcept ValueError, e:\n    print e", "bad\n"),
    "several exceptions": ("try:\n    {}['x']\nexcept (KeyError, IOError), e:\n    print 'no', e", "no 'x'\n"),
    "tabs": ("if True:\n        a = 1\n\tprint a", "1\n"),
    "a word in a text": ("print 'print x' # print y\nx = {'print': 1}", "print x\n"),
}


@pytest.mark.parametrize("style", PYTHON_2)
def test_statements_of_python_2_run(loader, write, style):
    text, printed = PYTHON_2[style]
    answer = loader(write({"net.py": f"{text}\nlam = 0.5"}), "lam")
    assert answer.value == "0.5"
    assert any(note.startswith("Python 2, from line ") for note in answer.notes)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(modern(SourceText(text)).text, {"xrange": range})
    assert out.getvalue() == printed
