"""The app in a browser: textual-serve starts one for every visitor, on this machine only.

Whoever reaches the app can run files through Check. So only the page that we serve may talk to it: the address holds a
secret token, and Host and Origin must be our own. A web page that is open in the same browser knows no token and sends
another Origin; a name that somebody points at 127.0.0.1 (DNS rebinding) sends another Host.
"""

import secrets
import shlex
from collections.abc import Sequence

from lab.errors import LabError

try:
    from aiohttp import web
    from aiohttp.typedefs import Handler
    from textual_serve.server import Server
except ModuleNotFoundError:
    raise LabError("gradlab serve needs textual-serve: pip install 'gradlab[web]'") from None


class GuardedServer(Server):
    """textual-serve's server below http://localhost:<port>/<token>/; anything else is refused with 403."""

    def __init__(self, command: str, port: int) -> None:
        super().__init__(command, host="localhost", port=port, title="Gradlab")
        self.token = secrets.token_urlsafe(16)

    @property
    def address(self) -> str:
        """What to open in the browser."""
        return f"{self.public_url}/{self.token}/"

    async def _make_app(self) -> web.Application:
        guarded = web.Application(middlewares=[self._only_our_page])
        guarded.add_subapp(f"/{self.token}", await super()._make_app())
        return guarded

    @web.middleware
    async def _only_our_page(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        token = request.path.split("/")[1]
        if (
            f"{request.scheme}://{request.host}" != self.public_url
            or request.headers.get("Origin", self.public_url) != self.public_url
            or not secrets.compare_digest(token.encode(), self.token.encode())
        ):
            raise web.HTTPForbidden(text="Open the address that gradlab serve printed.")
        response = await handler(request)
        if not response.prepared:
            response.headers["Referrer-Policy"] = "no-referrer"  # the address holds the token
        return response

    async def on_startup(self, app: web.Application) -> None:
        """Say where the app is. The token is in the address, so show it to nobody."""
        self.console.print(f"Gradlab is at {self.address}", highlight=False, soft_wrap=True)
        self.console.print("Only this machine can open it, and only with this address. ctrl+c ends it.")


def main(port: int, arguments: Sequence[str], python: str) -> None:
    """Serve the app below http://localhost:<port> until ctrl+c."""
    GuardedServer(shlex.join([python, "-m", "tui", *arguments]), port).serve()
