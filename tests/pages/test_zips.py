"""ZIPs of sets and core-sets: links on pages, and the route that they lead to."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

import tests.pages.test_pages as states
from app import pictures_zip
from engine.gallery import sets
from engine.gallery.addresses import zip_address
from pages.parts import zips
from tests.pages.test_diversity import BUNDLED, COLOURS, finished
from tests.planted import answered, gallery_of

page = states.page


@pytest.fixture
def gallery(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    return gallery_of(tmp_path, settings, COLOURS)


async def _whole(request):
    answer = await pictures_zip(request)
    if isinstance(answer, StreamingResponse):
        return answer, b"".join([piece async for piece in answer.body_iterator if isinstance(piece, bytes)])
    return answer, answer.body


def fetched(address):
    """The route's answer to an address, and its whole body."""
    said = urlsplit(address)
    _, fingerprint, what = said.path.removesuffix(".zip").split("/", 2)
    scope = {"type": "http", "method": "GET", "headers": [], "query_string": said.query.encode()}
    return answered(_whole(Request({**scope, "path_params": {"fingerprint": fingerprint, "what": what}})))


def links(test):
    return {e.proto.url.split("/", 3)[3] for e in test.get("link_button")}


def test_a_set_is_fetched_whole(page, gallery, settings):
    made = sets.save(gallery, "<b>few</b>", ["beach/01.png", "city/02.png"], "", settings.home)
    (address,) = links(page("gallery", view="sets"))
    answer, body = fetched(address)
    assert zipfile.ZipFile(io.BytesIO(body)).namelist() == ["beach/01.png", "city/02.png"]
    assert answer.headers["content-disposition"] == f'attachment; filename="set-{made.id}.zip"'
    assert answer.headers["content-encoding"] == "identity"


def test_the_beginning_of_a_core_set_is_fetched(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED, coreset=6)
    test = page("diversity", run=run.id, part="coreset")
    test.number_input(key=f"first_{run.id}").set_value(4).run()
    (address,) = links(test)
    assert len(zipfile.ZipFile(io.BytesIO(fetched(address)[1])).namelist()) == 4


def test_only_signed_addresses_of_what_is_here_are_answered(gallery, settings):
    made = sets.save(gallery, "few", ["beach/01.png"], "", settings.home)
    address = zip_address(settings.home, gallery.fingerprint, zips.of_set(made.id))
    assert fetched(address.replace("k=", "k=0"))[0].status_code == 403
    sets.delete(made.id, settings.home)
    assert fetched(address)[0].status_code == 404
    for what in ("set-../../x", "coreset-ab-1", "anything"):
        assert fetched(zip_address(settings.home, gallery.fingerprint, what))[0].status_code == 404
