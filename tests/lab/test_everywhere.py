"""Where POSIX is not: commands and the app without the modules, functions and signals that Windows lacks.

A process takes them away from itself. What cannot be tried so is what Windows has instead.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TAKE_AWAY = """
import asyncio, concurrent.futures, multiprocessing.resource_tracker, multiprocessing.popen_spawn_posix, os, shutil
import signal, subprocess, sys, tempfile, types
import platformdirs  # it knows every system, and asks which one this is

for name in ("fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "syslog", "posix_ipc"):
    sys.modules[name] = None  # an import of it is an ImportError
for name in ("killpg", "setpriority", "getuid", "geteuid", "getgid", "fork", "forkpty", "setsid", "getpgid", "setpgid",
             "mkfifo", "nice", "chown", "lchown", "O_NONBLOCK", "O_NOFOLLOW", "O_DIRECTORY", "sched_getaffinity",
             "getloadavg", "openpty", "wait3", "wait4", "getpgrp", "tcgetpgrp"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGALRM", "SIGTSTP", "SIGSTOP", "SIGCONT", "SIGWINCH", "SIGUSR1", "SIGUSR2",
             "SIGCHLD", "SIGPIPE", "SIGQUIT", "SIGTTIN", "SIGTTOU", "setitimer", "alarm", "ITIMER_REAL", "pause",
             "siginterrupt",
             "pthread_kill", "sigwait"):
    if hasattr(signal, name):
        delattr(signal, name)

def unknown(*_, **__):
    raise NotImplementedError

subprocess.Popen.kill = lambda process: process.send_signal(9)  # which Windows has in its own way
asyncio.BaseEventLoop.add_signal_handler = asyncio.SelectorEventLoop.add_signal_handler = unknown
locks = types.ModuleType("portalocker")  # it knows both systems, and takes fcntl on this one
locks.LOCK_SH, locks.LOCK_EX, locks.LOCK_NB = 1, 2, 4
locks.LockException = type("LockException", (Exception,), {})
locks.AlreadyLocked = type("AlreadyLocked", (locks.LockException,), {})
locks.lock = lambda file, flags: None
sys.modules["portalocker"] = locks
"""

COMMANDS = """
import io
from lab.cli import main

def gradlab(*words):
    sys.argv = ["gradlab", *words]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        assert end.code == 0, (words, end.code)

SMALL = ["set=mnist", "split=60/20/test", "hidden=4", "batch=10", "evaluate_every=3", "n_s=10"]
small = [word for each in SMALL for word in ("-s", each)]
gradlab("--version")
gradlab("presets")
gradlab("presets", "a2-final")
gradlab("data", "list")
gradlab("run", "a2-setting1", "--data", "mini", *small, "-s", "updates=6")
gradlab("run", "a2-setting1", "--data", "mini", *small, "-s", "updates=3")
gradlab("runs")
names = sorted(os.listdir("runs"))
gradlab("runs", names[0])
gradlab("compare", *names)
gradlab("names", "Zhao", "Müller")
gradlab("check", "net.py")
gradlab("check", "a2-setting1", "--method", "directional")
gradlab("report", names[0], "--out", "report")
gradlab("search", "a2-coarse", "--data", "mini", *small, "-s", "cycles=1", "--trials", "2", "--jobs", "1")
print("every command is done")
"""

APP = """
from pathlib import Path
from presets.load import load
from presets.toml import dump
from tui.app import GradlabApp

async def use():
    app = GradlabApp(Path("app-runs"), "mine.toml")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause(0.5)
        await pilot.press("r")
        for _ in range(600):
            await pilot.pause(0.05)
            if app.training is not None and app.training.ended:
                break
        for key in "123456":
            await pilot.press(key)
            await pilot.pause(0.1)
    assert app.training.phase == "done", (app.training.phase, app.training.error)

changes = ["set=mnist", "split=60/20/test", "hidden=4", "batch=10", "evaluate_every=3", "n_s=10", "updates=6"]
Path("mine.toml").write_text(dump(load("a2-setting1", changes)), encoding="utf-8")
asyncio.run(use())
print("the app is done")
"""

NET = """
import numpy as np

class Net:
    def __init__(self):
        self.params = {"w": np.array([2.0, 3.0])}
    def loss(self):
        return float((self.params["w"] ** 2).sum())
    def grads(self):
        return {"w": 2 * self.params["w"]}
"""


def without_posix(program: str, folder: Path) -> str:
    """What a process prints that does without, on a console of Western Windows."""
    (folder / "net.py").write_text(NET)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "cp1252",
        "GRADLAB_DATA": str(folder / "no-data"),
        "GRADLAB_RUNS": "runs",
        "TEXTUAL_DRIVER": "textual.drivers.headless_driver:HeadlessDriver",  # its own one it takes by the system
    }
    text = f"{TAKE_AWAY}\nif __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in program.splitlines())
    (folder / "program.py").write_text(text, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "program.py"], cwd=folder, env=environment, capture_output=True, timeout=300, check=False
    )
    out = ended.stdout.decode("cp1252")
    assert ended.returncode == 0, out[-2000:] + ended.stderr.decode("cp1252")[-4000:]
    return out


def test_commands_need_nothing_that_only_posix_has(tmp_path):
    assert "every command is done" in without_posix(COMMANDS, tmp_path)


def test_the_app_needs_nothing_that_only_posix_has(tmp_path):
    assert "the app is done" in without_posix(APP, tmp_path)
