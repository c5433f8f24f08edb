"""What core may import, and what it must not load."""

import ast
import subprocess
import sys
from pathlib import Path

import core

FOLDER = Path(core.__file__).parent
ALLOWED = {"core", "numpy", "scipy", "threadpoolctl"}


def test_importing_all_of_the_core_loads_no_library_of_the_layers_above():
    modules = sorted(".".join(path.relative_to(FOLDER.parent).with_suffix("").parts) for path in FOLDER.rglob("*.py"))
    assert {"core.trainer", "core.gradcheck.check"} <= set(modules)
    program = (
        "import importlib, sys\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER.parent, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert loaded >= ALLOWED - {"scipy"}
    assert "scipy" not in loaded, "it is slow to load, and a guess at a name needs none of it"
    foreign = {"pydantic", "rich", "typer", "pooch", "tqdm", "plotext", "tomlkit", "textual", "torch", "matplotlib"}
    assert not loaded & (foreign | {"data", "presets", "lab", "tui", "pandas", "sklearn"})


def test_every_import_in_the_core_is_of_the_standard_library_or_allowed():
    imported = set()
    for path in FOLDER.glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name}: a path is a name"
                imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == ALLOWED
