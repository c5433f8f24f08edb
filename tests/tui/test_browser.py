"""The page of gradlab serve in a real browser: a surname is typed, a training watched, the window resized.

Left out where no Chromium is installed. The browser is steered by its DevTools protocol over a websocket.
"""

import asyncio
import base64
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.names.model import shipped
from lab.names.neighbours import neighbours
from tests.tui.conftest import PATIENCE
from tests.tui.test_serve import serving

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: the page is not tried in a browser")
SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
ESCAPE = {"key": "Escape", "windowsVirtualKeyCode": 27}


class Cells:
    """What stands in the terminal of the page: the app sends pieces of lines, each with its place."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, str]] = {}
        self._row = self._column = 0

    def feed(self, drawn: str) -> None:
        text, *rest = SEQUENCE.split(drawn)
        self._write(text)
        for place, kind, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            if kind == "H":
                self._row, self._column = (int(each or 1) for each in (place or "1;1").split(";"))
            self._write(text)

    def _write(self, text: str) -> None:
        for character in filter(str.isprintable, text):
            self._rows.setdefault(self._row, {})[self._column] = character
            self._column += 1

    def __str__(self) -> str:
        return "\n".join("".join(row.get(k, " ") for k in range(max(row) + 1)) for _, row in sorted(self._rows.items()))


class Page:
    """A page in a browser, and the terminal that it shows."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.cells = Cells()
        self._socket, self._numbers = socket, itertools.count(1)
        self._answers: dict[int, asyncio.Future[None]] = {}

    async def call(self, method: str, **parameters: Any) -> None:
        """Until the browser has done it: a key that is pressed before the terminal has the focus goes nowhere."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        await asyncio.wait_for(self._answers[number], PATIENCE)

    async def listen(self) -> None:
        """Take the answers of the browser, and what the app draws."""
        async for message in self._socket:
            event = json.loads(message.data)
            if "id" in event:
                self._answers[event["id"]].set_result(None)
            elif event["method"] == "Network.webSocketFrameReceived" and event["params"]["response"]["opcode"] == 2:
                drawn = base64.b64decode(event["params"]["response"]["payloadData"])
                self.cells.feed(drawn.decode(errors="replace"))

    async def type(self, text: str) -> None:
        for character in text:
            await self.press(text=character, key=character, windowsVirtualKeyCode=ord(character.upper()))

    async def press(self, text: str = "", **key: Any) -> None:
        await self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def until(self, *texts: str) -> None:
        """Wait until all of these stand in the terminal."""
        for _ in range(PATIENCE * 20):
            if all(text in str(self.cells) for text in texts):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"the page never showed {texts}, but:\n{self.cells}")


async def in_browser(address: str, profile: Path, act: Callable[[Page], Awaitable[None]]) -> None:
    """Open the address in a new browser, and act there."""
    command = [f"{CHROMIUM}", "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    command += [f"--user-data-dir={profile}", "--window-size=1000,700", "about:blank"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert browser.stderr
    with closing(browser.stderr):
        try:
            said = next(filter(None, (re.search(r"ws://([\w.:]+)/", line) for line in browser.stderr)))
            async with aiohttp.ClientSession() as client:
                async with client.put(f"http://{said[1]}/json/new?about:blank") as answer:
                    target = (await answer.json())["webSocketDebuggerUrl"]
                async with client.ws_connect(target, max_msg_size=0) as socket, asyncio.TaskGroup() as tasks:
                    page = Page(socket)
                    listening = tasks.create_task(page.listen())
                    await page.call("Network.enable")
                    await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
                    await page.call("Page.navigate", url=address)
                    await act(page)
                    listening.cancel()
        finally:
            browser.kill()
            browser.wait()


def test_the_app_is_used_in_a_browser(tmp_path):
    model = shipped()
    likely, (alike,) = model.probabilities(["karlsson"]).max(), neighbours(model.origin).nearest("karlsson", 1)

    async def use(page: Page) -> None:
        await page.until("a2-setting1", "Quit")
        await page.call("Runtime.evaluate", expression="document.querySelector('.xterm-helper-textarea').focus()")
        await page.type("5")
        await page.until("Guesses are about names", "names-plus")  # the model is there
        await page.type("karlsson")
        await page.until("karlsson", f"{likely:.4f}", alike.name)  # a probability, and a training name like it
        await page.press(**ESCAPE)
        await page.until("q Quit")  # outside the field
        await page.type("2")
        await page.until("no run yet")
        await page.type("r")
        await page.until("running", "validation")
        assert "initialiser" not in str(page.cells)
        await page.call("Emulation.setDeviceMetricsOverride", width=1500, height=900, deviceScaleFactor=1, mobile=False)
        await page.until("initialiser", "running")  # where it is wide, the form stands beside the run

    with serving(tmp_path) as (_, address):
        asyncio.run(in_browser(address, tmp_path / "profile", use))
