"""The route that gives a grid its cells, and the captions that pages leave for it."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from app import grid_cells
from engine.gallery.addresses import cells_address, is_signed
from pages.parts import cells
from pages.parts.cells import MOST, leave_captions, left_captions
from tests.planted import answered, gallery_of, many


@pytest.fixture
def gallery(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    return gallery_of(tmp_path, settings, {"red/b\udcff.png": "red", **many(5)})


def ask(address, body, more="") -> tuple[int, Any]:
    """Status and what is answered."""
    split = urlsplit(address)
    asked = [body] if isinstance(body, bytes) else [json.dumps(body).encode()]

    async def receive():
        return {"type": "http.request", "body": asked.pop(0), "more_body": bool(asked)}

    scope = {
        "type": "http",
        "method": "POST",
        "headers": [],
        "path_params": {"fingerprint": split.path.split("/")[1]},
        "query_string": (split.query + more).encode(),
    }
    answer = answered(grid_cells(Request(scope, receive)))
    text = bytes(answer.body).decode()
    return answer.status_code, json.loads(text) if answer.status_code == 200 else text


def test_cells_come_in_the_order_asked(gallery, settings):
    home = settings.home
    status, found = ask(cells_address(home, gallery.fingerprint, "me@here"), [5, 0, 5])
    assert status == 200
    assert [cell["name"] for cell in found] == ["red/b\udcff.png", "000.png", "red/b\udcff.png"]
    assert [cell["label"] for cell in found] == ["red", "", "red"]
    assert found[1]["alt"] == "000.png"
    url = urlsplit(found[1]["url"])
    assert url.path == f"pictures/{gallery.pictures[0].hash}/thumb.webp"
    key, user = (part.partition("=")[2] for part in url.query.split("&"))
    assert user == "me%40here"
    assert is_signed(home, gallery.pictures[0].hash, "me@here", key)


def test_only_signed_addresses_are_answered(gallery, settings):
    address = cells_address(settings.home, gallery.fingerprint)
    assert ask(address, [0])[0] == 200
    for wrong in (address + "&u=you", address[:-1] + "x", address.replace("?k=", "?q="), "galleries/x/pictures?k=1"):
        assert ask(wrong, [0])[0] == 403, wrong
    assert ask(cells_address(settings.home, "0" * 32), [0])[0] == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"[", b"{}", b"3", [-1], [6], [0.5], [True], ["0"], [None], [[0]], [2**70], [0] * (MOST + 1), b"[" * 9000],
    ids=lambda body: str(body)[:12],
)  # fmt: skip
def test_what_is_no_list_of_places_is_refused(gallery, settings, body):
    status, said = ask(cells_address(settings.home, gallery.fingerprint), body)
    assert (status, said) == (400, "A list of at most 1,000 places in this gallery is wanted.")


def test_a_request_is_read_only_so_far(gallery, settings):
    assert ask(cells_address(settings.home, gallery.fingerprint), b"[0" + b" " * cells.LONGEST + b"]")[0] == 413


def test_captions_are_found_by_the_name_they_were_left_under(gallery, settings):
    address = cells_address(settings.home, gallery.fingerprint)
    name = leave_captions({"000.png": "a <b>dog</b>"})
    assert ask(address, [0, 1], f"&captions={name}")[1][0]["alt"] == "000.png · a <b>dog</b>"
    assert ask(address, [0, 1], f"&captions={name}")[1][1]["alt"] == "001.png"
    assert ask(address, [0], "&captions=nobody")[1][0]["alt"] == "000.png"
    assert leave_captions({"000.png": "a <b>dog</b>"}) == name
    assert leave_captions({"000.png": "a cat"}) != name
    assert leave_captions({"001.png": "a <b>dog</b>"}) != name
    assert leave_captions({}) == ""


def test_old_captions_are_forgotten():
    first = leave_captions({"first": "1"})
    names = [leave_captions({"other": str(i)}) for i in range(30)]
    assert left_captions(first) == {}
    assert left_captions(names[-1]) == {"other": "29"}
