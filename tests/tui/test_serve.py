"""gradlab serve: the app behind a page on this machine, until ctrl+c."""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.tui.conftest import PATIENCE


def page(port: int) -> str:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}", timeout=PATIENCE) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < end, "nobody answers"
            time.sleep(0.05)


def test_the_app_is_served_on_this_machine_until_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from lab.cli import main; main()", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert "Gradlab" in page(port)
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)
    finally:
        server.kill()
        server.wait()
