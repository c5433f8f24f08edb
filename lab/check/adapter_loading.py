"""How an adapter loads a student's file: Python that makes `student`."""

import os
import sys
from pathlib import Path

PYTHON = """
sys.path[:0] = {paths}
student = importlib.import_module({module!r})
"""
BY_PATH = """
sys.path[:0] = {paths}
spec = importlib.util.spec_from_file_location({module!r}, FILE)
student = importlib.util.module_from_spec(spec)
spec.loader.exec_module(student)
"""
NOTEBOOK = """
# Only imports, functions, classes and constants of the notebook are loaded. If that is not enough, export it,
#     jupyter nbconvert --to script {name}
# and make an adapter of the .py file.
cells = [cell for cell in json.loads(FILE.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
student = types.ModuleType({module!r})
for cell in cells:
    text = re.sub(r"(?m)^(\\s*)[%!].*$", r"\\1pass", "".join(cell["source"]))
    for node in ast.parse(text).body:
        constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if constant or isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
            try:
                exec(compile(ast.Module([node], []), str(FILE), "exec"), vars(student))
            except ImportError as error:
                print(f"{{FILE.name}}: {{error}}")
"""


OCTAVE = r'''

class Octave:
    """The functions of FILE and of its folder, run by Octave; it starts with the first call."""

    process = None
    TEXT = """
    function s = gradlab_text(v)
      if iscell(v)
        s = ['[' strjoin(cellfun(@gradlab_text, v(:)', 'UniformOutput', false), ',') ']'];
      elseif isstruct(v)
        named = cellfun(@(k) [jsonencode(k) ':' gradlab_text(v.(k))], fieldnames(v)', 'UniformOutput', false);
        s = ['{"struct":{' strjoin(named, ',') '}}'];
      elseif ischar(v)
        s = jsonencode(v);
      else
        numbers = {sprintf('%d,', size(v)), strrep(sprintf('%.17g,', double(full(v(:)))), 'Inf', 'Infinity')};
        s = sprintf('{"shape":[%s],"data":[%s]}', numbers{1}(1:end-1), numbers{2}(1:end-1));
      end
    end
    """

    def start(self):
        program = ["octave-cli", "--quiet", "--no-history"]
        self.process = subprocess.Popen(program, stdin=-1, stdout=-1, cwd=FILE.parent, text=True)
        text = FILE.read_text(encoding="utf-8")
        functions = text[re.search(r"(?m)^[ \t]*function\b|\Z", text).start() :]  # a script's stand at its end
        with tempfile.NamedTemporaryFile("w", suffix=".m") as file:
            print("1;", self.TEXT, functions, sep="\n", file=file, flush=True)
            self.ask(f"source('{file.name}'); gradlab_result = {{}};")

    def ask(self, statements):
        tell = r"printf('\ngradlab:%s\n', gradlab_text(gradlab_result));"
        fail = r"catch problem, printf('\ngradlab:%s\n', jsonencode(problem.message)); end, fflush(stdout);"
        print(f"try, {statements} {tell} {fail}", file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("gradlab:"):
                return json.loads(line.removeprefix("gradlab:"))
        raise RuntimeError("Octave has ended")

    def __getattr__(self, name):
        def call(*arguments, results=1):
            if self.process is None:
                self.start()
            given = ", ".join(map(self.written, arguments))
            wanted = f"gradlab_result = cell(1, {results}); [gradlab_result{{:}}]"
            made = self.ask(f"{wanted} = {name}({given});")
            if isinstance(made, str):
                raise RuntimeError(f"{name}: {' '.join(made.split())}")
            made = [self.read(part) for part in made]
            return tuple(made) if results > 1 else made[0]

        return call

    def written(self, value):
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        if isinstance(value, dict):
            return "struct(" + ", ".join(f"'{k}', {{{self.written(part)}}}" for k, part in value.items()) + ")"
        if isinstance(value, (list, tuple)):
            return "{" + ", ".join(map(self.written, value)) + "}"
        array = np.asarray([] if value is None else value, dtype=float)
        shape = array.shape if array.ndim > 1 else (array.size, 1)
        return f"reshape([{' '.join(map(repr, array.ravel('F').tolist()))}], {list(shape)})"

    def read(self, value):
        if isinstance(value, list):
            return [self.read(part) for part in value]
        if isinstance(value, str):
            return value
        if "struct" in value:
            return {k: self.read(part) for k, part in value["struct"].items()}
        return np.array(value["data"], dtype=float).reshape(value["shape"], order="F")


student = Octave()
'''


def loading(file: Path, module: str) -> str:
    """How the file is imported: from where it lies as seen from the folder the adapter is written to."""
    here = os.path.relpath(file, Path.cwd())
    place = f"Path({str(file)!r})" if here.startswith("..") else f"Path(__file__).resolve().parent / {here!r}"
    if file.suffix.lower() == ".m":
        return f"FILE = {place}\n" + OCTAVE
    if file.suffix == ".ipynb":
        return f"FILE = {place}" + NOTEBOOK.format(name=file.name, module=module)
    folders = module.count(".")
    package = ".".join((*(folder.name for folder in reversed(file.parents[:folders])), file.stem))
    paths = "[" + ", ".join(f"str(FILE.parents[{i}])" for i in dict.fromkeys((folders, 0))) + "]"
    plain = "." not in file.stem and file.stem not in {*sys.stdlib_module_names, "numpy", "adapter"}
    return f"FILE = {place}" + (PYTHON if plain else BY_PATH).format(paths=paths, module=package)
