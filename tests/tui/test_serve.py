"""gradlab serve: the app behind a page on this machine, for that page alone, until ctrl+c."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.processes import children, left
from tests.tui.conftest import PATIENCE


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """A served app that answers, and the address that it prints."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-u", "-c", "from lab.cli import main; main()", "serve", "--port", str(port)]
    env = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, cwd=folder, env=env, text=True, **out)
    try:
        said = next(filter(None, (re.search(r"http://localhost:\d+/\S+/", line) for line in process.stdout)))
        until_it_listens(port)
        yield process, said[0]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def until_it_listens(port: int) -> None:
    """The address is printed a moment before the port is open."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("localhost", port), PATIENCE).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < end, "nobody answers"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[tuple[subprocess.Popen, str]]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


def asked(address: str, **headers: str) -> tuple[int, str]:
    """Status and text of the answer."""

    async def ask() -> tuple[int, str]:
        async with aiohttp.ClientSession() as client, client.get(address, headers=headers) as answer:
            return answer.status, await answer.text()

    return asyncio.run(ask())


def first_bytes(address: str, **headers: str) -> int | bytes:
    """The first bytes that the app sends over the websocket, or the status with which it is refused."""

    async def connect() -> int | bytes:
        async with aiohttp.ClientSession() as client:
            try:
                async with client.ws_connect(f"{address}ws?width=80&height=24", headers=headers) as socket:
                    return (await socket.receive(PATIENCE)).data
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    return asyncio.run(connect())


def origin(address: str) -> str:
    return "/".join(address.split("/")[:3])


def test_the_page_is_at_the_address_that_is_printed(server):
    status, text = asked(server[1])
    assert status == 200
    assert "Gradlab" in text
    assert f"{server[1].replace('http', 'ws')}ws" in text


def test_the_page_can_drive_the_app(server):
    assert isinstance(first_bytes(server[1], Origin=origin(server[1])), bytes)


@pytest.mark.parametrize("path", ["", "ws", "static/js/textual.js", "wrong/", "wrong/ws", "../ws"])
def test_without_the_token_nothing_is_served(server, path):
    assert asked(f"{origin(server[1])}/{path}")[0] == 403


@pytest.mark.parametrize("foreign", ["http://evil.example", "null", "", "http://127.0.0.1:1", "https://localhost"])
def test_a_page_of_another_origin_is_refused(server, foreign):
    assert first_bytes(server[1], Origin=foreign) == 403
    assert asked(server[1], Origin=foreign)[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:1", "127.0.0.1"])
def test_a_name_that_points_at_this_machine_is_refused(server, host):
    """DNS rebinding: the browser takes our server for the foreign page's own."""
    assert first_bytes(server[1], Host=host) == 403
    assert asked(server[1], Host=host)[0] == 403


def test_it_listens_on_this_machine_alone(server):
    port = int(re.search(r":(\d+)/", server[1])[1])
    bound = [
        line.split()[1].rpartition(":")[0]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].rpartition(":")[2], 16) == port
    ]
    assert bound
    assert set(bound) <= {"0100007F", "00000000000000000000000001000000"}


def test_ctrl_c_ends_it(tmp_path):
    with serving(tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) in (0, 130)


def test_an_app_ends_with_a_server_that_is_killed(tmp_path):
    async def kill_while_connected(process: subprocess.Popen, address: str) -> list[int]:
        page = f"{address}ws?width=80&height=24"
        async with aiohttp.ClientSession() as client, client.ws_connect(page, origin=origin(address)) as socket:
            await socket.receive(PATIENCE)
            apps = [app for shell in children(process.pid) for app in children(shell)]
            process.kill()
            return apps

    with serving(tmp_path) as (process, address):
        apps = asyncio.run(kill_while_connected(process, address))
    assert apps
    assert not left(apps)
