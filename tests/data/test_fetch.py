"""Downloads from a local server: whole, resumed, or refused in one line with nothing left that looks whole."""

import dataclasses
import errno
import io
import shutil
import socket
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug import Request, Response

from data import fetch as fetch_module
from data.errors import DataError
from data.fetch import fetch
from data.images import load
from data.sources import IMAGE_SETS

IMAGES = "train-images-idx3-ubyte.gz"


class Server:
    """Serves files, by Range where asked and `ranges` is on; keeps the requests."""

    def __init__(self, httpserver):
        self.url = httpserver.url_for("/sets").rstrip("/")
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, Response] = {}
        self.httpserver = httpserver

    def serve(self, name: str, content: bytes) -> None:
        self.files[name] = content
        self.httpserver.expect_request(f"/sets/{name}").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        name = request.path.rpartition("/")[2]
        wanted = request.headers["Range"]
        self.asked.append((name, wanted))
        if name in self.answers:
            return self.answers[name]
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if self.ranges and start:
            return Response(self.files[name][start:], 206)
        return Response(self.files[name], 200)


@pytest.fixture
def server(httpserver):
    return Server(httpserver)


@pytest.fixture
def mnist_server(server, mnist, place):
    """Serves the small MNIST, which no longer lies in the place."""
    for file in mnist.files:
        server.serve(file.name, (place / "mnist" / file.name).read_bytes())
    shutil.rmtree(place)
    return server


@pytest.fixture
def cifar_server(server, cifar, place, pin, tmp_path, monkeypatch):
    """Serves the archive of the small CIFAR-10, which no longer lies in the place."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.add(place / cifar.folder, cifar.folder)
    archive = pin(tmp_path / "cifar-10-binary.tar.gz", content.getvalue())
    monkeypatch.setitem(IMAGE_SETS, "cifar10", dataclasses.replace(cifar, archive=archive))
    server.serve(archive.name, content.getvalue())
    shutil.rmtree(place)
    return server


def contents(folder):
    """Of every file but the locks."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.name: path.read_bytes() for path in files}


def refused(url: str, name: str = "mnist") -> str:
    with pytest.raises(DataError) as caught:
        fetch(name, progress=False, base_url=url)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_arrive_whole_and_are_used(mnist_server, place):
    assert fetch("mnist", progress=False, base_url=mnist_server.url) == place / "mnist"
    assert contents(place) == mnist_server.files
    assert load("mnist", split="50/10/test").variant == "full"


def test_an_archive_arrives_as_its_files(cifar_server, cifar, place):
    assert fetch("cifar10", progress=False, base_url=cifar_server.url) == place / cifar.folder
    assert set(contents(place)) == {file.name for file in cifar.files}  # and the archive is gone
    assert load("cifar10").variant == "full"


def test_what_is_there_is_not_downloaded_again(mnist_server, mnist, place):
    fetch("mnist", progress=False, base_url=mnist_server.url)
    mnist_server.asked.clear()
    (place / "mnist" / IMAGES).write_bytes(b"damaged")
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert mnist_server.asked == [(IMAGES, "bytes=0-")]
    assert contents(place) == mnist_server.files


def test_a_complete_set_needs_no_network(cifar):
    fetch("cifar10", progress=False, base_url="http://127.0.0.1:9")


def test_the_files_can_be_read_by_others(mnist_server, place):
    fetch("mnist", progress=False, base_url=mnist_server.url)
    plain = place / "plain"
    plain.touch()
    assert (place / "mnist" / IMAGES).stat().st_mode == plain.stat().st_mode


def test_the_bar_is_drawn_on_stderr_and_only_if_wanted(mnist_server, place, capsys):
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert capsys.readouterr() == ("", "")
    shutil.rmtree(place)
    fetch("mnist", progress=True, base_url=mnist_server.url)
    out, err = capsys.readouterr()
    assert out == ""
    assert IMAGES in err
    assert "100%" in err


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_goes_on_where_it_stopped(mnist_server, place, ranges):
    mnist_server.ranges = ranges  # a server that ignores ranges sends everything again
    (place / "mnist").mkdir(parents=True)
    (place / "mnist" / f"{IMAGES}.part").write_bytes(mnist_server.files[IMAGES][:1000])
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert mnist_server.asked[0] == (IMAGES, "bytes=1000-")
    assert contents(place) == mnist_server.files


def test_a_part_that_is_whole_is_taken_as_it_is(mnist_server, place):
    (place / "mnist").mkdir(parents=True)
    (place / "mnist" / f"{IMAGES}.part").write_bytes(mnist_server.files[IMAGES])
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert IMAGES not in [name for name, _ in mnist_server.asked]
    assert contents(place) == mnist_server.files


def test_a_body_that_breaks_off_is_kept_and_resumed(mnist_server, place):
    whole = mnist_server.files[IMAGES]
    broken = Response(iter([whole[:30_000]]), 200)
    broken.headers["Content-Length"] = str(len(whole))
    mnist_server.answers[IMAGES] = broken
    message = refused(mnist_server.url)
    assert f"{IMAGES} could not be downloaded" in message
    assert "run the command again to continue" in message
    ((name, kept),) = contents(place).items()
    assert name == f"{IMAGES}.part"
    assert whole.startswith(kept)
    assert 30_000 - fetch_module._CHUNK < len(kept) <= 30_000
    mnist_server.answers.clear()
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert mnist_server.asked[1] == (IMAGES, f"bytes={len(kept)}-")
    assert contents(place) == mnist_server.files


@pytest.mark.parametrize("wrong", [b"x", b"x" * 100_000], ids=["short", "long"])
def test_a_body_of_another_size_is_not_taken(mnist_server, place, wrong):
    right = mnist_server.files[IMAGES]
    mnist_server.files[IMAGES] = wrong
    assert f"does not send the file: {len(wrong):,} bytes (text/plain), expected" in refused(mnist_server.url)
    assert contents(place) == {}
    mnist_server.files[IMAGES] = right
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert contents(place) == mnist_server.files


def page(size: int, length: bool, status: int = 200, **headers: str) -> Response:
    """What a network sends that asks for a login first: with or without its length."""
    content = (b"<html>Log in, please. " * (1 + size // 20))[:size]
    response = Response(content if length else iter([content]), status, content_type="text/html")
    response.headers.extend({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (page(300, length=True), "300 bytes (text/html)"),
        (page(40_000, length=True), "40,000 bytes (text/html)"),
        (page(300, length=False), "ended after"),
        (page(40_000, length=False), "ended after"),
        (page(10_000_000, length=False), "sends more than the"),
        (page(10_000_000, length=False, status=206), "sends more than the"),
        (page(300, length=True, status=206), "300 bytes (text/html)"),
        (page(300, length=False, status=206, Content_Range="bytes 0-299/300"), "sent bytes 0-299/300, not the bytes"),
        (page(300, length=False, status=206, Content_Range="nonsense"), "sent nonsense, not the bytes"),
    ],
)
def test_a_page_in_the_place_of_a_file_does_not_destroy_what_is_there(mnist_server, place, answer, message):
    """Of the file half was downloaded before."""
    half = mnist_server.files[IMAGES][: mnist_server.files[IMAGES].__len__() // 2]
    (place / "mnist").mkdir(parents=True)
    (place / "mnist" / f"{IMAGES}.part").write_bytes(half)
    mnist_server.answers[IMAGES] = answer
    assert message in refused(mnist_server.url)
    (name, kept), *others = contents(place).items()
    assert (name, others) == (f"{IMAGES}.part", [])
    assert kept.startswith(half)
    assert len(kept) <= len(mnist_server.files[IMAGES])


def test_a_whole_file_that_is_cut_off_does_not_destroy_a_longer_part(mnist_server, place):
    """The server knows no ranges."""
    whole = mnist_server.files[IMAGES]
    (place / "mnist").mkdir(parents=True)
    (place / "mnist" / f"{IMAGES}.part").write_bytes(whole[:20_000])
    for sent, kept in ((5_000, 20_000), (40_000, 40_000)):
        cut = Response(iter([whole[:sent]]), 200)
        cut.headers["Content-Length"] = str(len(whole))
        mnist_server.answers[IMAGES] = cut
        refused(mnist_server.url)
        ((name, part),) = contents(place).items()
        assert name == f"{IMAGES}.part"
        assert whole.startswith(part)
        assert kept - fetch_module._CHUNK < len(part) <= kept


def test_two_fetches_at_once_both_end_well(mnist_server, place):
    """Locks of one process are those of several: each open file has its own."""
    with ThreadPoolExecutor(2) as pool:
        again = [pool.submit(fetch, "mnist", progress=False, base_url=mnist_server.url) for _ in range(2)]
        assert [call.result() for call in again] == [place / "mnist"] * 2
    assert contents(place) == mnist_server.files
    assert len(mnist_server.asked) == len(mnist_server.files), "each file is downloaded once"


def test_a_disk_without_locks_downloads_all_the_same(mnist_server, place, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("portalocker.portalocker.LOCKER", refuse)
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert contents(place) == mnist_server.files


@pytest.mark.parametrize("wrong", [b"x"])
def test_a_wrong_hash_is_refused_and_not_kept(mnist_server, place, wrong):
    right = mnist_server.files[IMAGES]
    mnist_server.files[IMAGES] = wrong * len(right)
    assert f"{IMAGES} does not have the expected sha256" in refused(mnist_server.url)
    assert contents(place) == {}
    mnist_server.files[IMAGES] = right
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert contents(place) == mnist_server.files


def test_a_wrong_part_is_refused_and_not_tried_for_ever(mnist_server, place):
    (place / "mnist").mkdir(parents=True)
    (place / "mnist" / f"{IMAGES}.part").write_bytes(b"z" * 1000)
    assert "does not have the expected sha256" in refused(mnist_server.url)
    fetch("mnist", progress=False, base_url=mnist_server.url)
    assert contents(place) == mnist_server.files


@pytest.mark.parametrize(("status", "words"), [(404, "404 Client Error"), (500, "500 Server Error")])
def test_an_error_of_the_server_is_said(mnist_server, place, status, words):
    mnist_server.answers[IMAGES] = Response("sorry", status)
    message = refused(mnist_server.url)
    assert words in message
    assert IMAGES in message
    assert "by hand" in message
    assert contents(place) == {}


def test_no_connection_is_said(place):
    with socket.socket() as closed:  # bound, and never listens
        closed.bind(("127.0.0.1", 0))
        message = refused(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert f"{IMAGES} could not be downloaded (ConnectionError); check the connection" in message
    assert contents(place) == {}


def test_a_place_that_is_no_folder_is_said(mnist_server, place):
    place.write_text("a file")
    message = refused(mnist_server.url)
    assert "cannot be written" in message
    assert "set GRADLAB_DATA to another folder" in message
    assert place.read_text() == "a file"


def test_a_full_disk_leaves_nothing_that_looks_whole(cifar_server, cifar, place, monkeypatch):
    def fill(source, target):
        target.write(source.read(100))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch_module.shutil, "copyfileobj", fill)
    message = refused(cifar_server.url, "cifar10")
    assert "data_batch_1.bin cannot be written (No space left on device, 61,460 bytes)" in message
    assert set(contents(place)) == {"cifar-10-binary.tar.gz"}  # whole, so that it is not downloaded again


def test_a_full_disk_while_downloading_is_said_and_the_part_is_kept(mnist_server, place, monkeypatch):
    def fill(self, url):
        self.part.write_bytes(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch_module._Resuming, "_continue", fill)
    assert f"{IMAGES} cannot be written (No space left on device" in refused(mnist_server.url)
    assert contents(place) == {f"{IMAGES}.part": b"some"}


def test_there_is_nothing_to_fetch_for_surnames():
    with pytest.raises(DataError, match="all surnames are embedded"):
        fetch("surnames")


def test_an_unknown_set_is_refused():
    with pytest.raises(DataError, match="no image set 'imagenet'; there are mnist and cifar10"):
        fetch("imagenet")
