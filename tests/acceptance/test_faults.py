"""Servers that fail, refuse, hang, differ, or are none: nothing is lost, and what is missing is said."""

import http.server
import threading
from collections import Counter

import pytest

from engine.models import openai_endpoint
from tests.acceptance.programs import OBJECT, csv_rows, result, rows

pytestmark = pytest.mark.shared

FAULTS = ["--error-rate=.05", "--malformed-rate=.03", "--refusal-rate=.02", "--drop-rate=.01", "--seed=3"]
BAD = ["--error-rate=.05", "--malformed-rate=.15", "--refusal-rate=.15", "--drop-rate=.05", "--seed=3"]
AWKWARD = ["--no-schema", "--no-json-object", "--no-temperature", "--no-seed", "--no-system"]
DIFFERENT = [[flag] for flag in AWKWARD] + [["--wrap", "think"], ["--wrap", "fence"]]
DIFFERENT.append([*AWKWARD, "--wrap", "think"])


@pytest.mark.slow
@pytest.mark.parametrize(("sample", "flags"), [(None, FAULTS), (300, BAD)], ids=["all", "bad"])
def test_faults_cost_only_what_they_hit(serve, place, undisturbed, tmp_path, sample, flags):
    endpoint, out = serve(*flags), tmp_path / "out"
    said = place(endpoint).inside("clusters", *OBJECT, *some(sample), "--out", out).worked()
    faults = endpoint.stats["faults"]
    assert all(faults[name] for name in ("error", "malformed", "refusal", "drop"))
    missing = listed(said)
    assert len(missing) < (10 if flags == FAULTS else 100)
    assert all(missing.values()), "each has a reason"
    clean, found = csv_rows(undisturbed(sample)), csv_rows(out)
    assert {f for f, row in found.items() if row["how"] == "unanswered"} == set(missing)
    assert {f: row for f, row in found.items() if f not in missing} == {
        f: row for f, row in clean.items() if f not in missing
    }
    assert all(found[f]["label"] and not found[f]["cluster"] for f in missing)
    assert {f: row["why"] for f, row in rows(out).items() if row["how"] == "unanswered"} == missing


def test_what_passes_is_tried_again_until_it_has_passed(serve, place, undisturbed, tmp_path):
    endpoint, out = serve("--error-rate=.2", "--drop-rate=.1", "--seed=3"), tmp_path / "out"
    place(endpoint).inside("clusters", *OBJECT, *some(100), "--out", out).worked()
    assert endpoint.stats["faults"]["drop"]
    assert result(out) == result(undisturbed(100))


def test_asking_again_asks_only_for_what_is_missing(serve, place, undisturbed, tmp_path):
    endpoint, out = serve(*BAD), tmp_path / "out"
    home = place(endpoint)
    missing = listed(home.inside("clusters", *OBJECT, *some(100), "--out", out).worked())
    assert missing
    endpoint.close()
    healed = serve(port=int(endpoint.url.rpartition(":")[2].split("/")[0]))
    home.inside("clusters", *OBJECT, *some(100), "--again", "--out", out).worked()
    assert healed.asked[0] == len(missing)
    assert csv_rows(out) == csv_rows(undisturbed(100))


def test_pictures_that_are_always_refused_are_listed(serve, place, undisturbed, tmp_path):
    endpoint, out = serve("--stubborn-rate", ".01"), tmp_path / "out"
    said = place(endpoint).inside("clusters", *OBJECT, *some(300), "--out", out).worked()
    stubborn = {file.removeprefix("images/") for file in endpoint.stats["stubborn"]}
    assert stubborn
    assert listed(said) == dict.fromkeys(stubborn, "the model refused")
    clean, found = csv_rows(undisturbed(300)), csv_rows(out)
    assert {f for f in clean if clean[f] != found[f]} == stubborn


@pytest.mark.parametrize("flags", DIFFERENT, ids=" ".join)
def test_servers_that_differ_change_nothing(serve, place, undisturbed, tmp_path, flags):
    endpoint, out = serve(*flags), tmp_path / "out"
    home = place(endpoint)
    home.inside("clusters", *OBJECT, *some(100), "--out", out).worked()
    assert result(out) == result(undisturbed(100))
    assert endpoint.asked[0] == 100


def test_a_parameter_is_left_out_only_when_it_was_named(serve, place, tmp_path):
    home = place(serve("--no-seed"))
    home.inside("clusters", *OBJECT, *some(20)).worked()
    (profile,) = (home.home / "servers").iterdir()
    assert '"json_schema"' in profile.read_text()


def test_a_prose_model_that_refuses_some_of_its_first_pictures(serve, place, tmp_path):
    endpoint, out = serve("--prose", "--stubborn-rate", ".2"), tmp_path / "out"
    home = place(endpoint)
    said = home.inside("clusters", *OBJECT, *some(60), "--out", out).worked()
    stubborn = {file.removeprefix("images/") for file in endpoint.stats["stubborn"]}
    first = sorted(rows(out))[:8]
    assert stubborn & set(first), "one of the first eight is refused"
    assert set(listed(said)) == stubborn


@pytest.mark.slow
def test_a_rate_limit_loses_nothing(serve, place, undisturbed, tmp_path):
    endpoint, out = serve("--rate-limit", "20"), tmp_path / "out"
    place(endpoint).inside("clusters", *OBJECT, *some(100), "--out", out).worked()
    assert endpoint.stats["faults"]["rate_limit"]
    assert result(out) == result(undisturbed(100))
    assert endpoint.stats["repeated"] == 0


@pytest.mark.slow
def test_the_time_out_holds(serve, place, undisturbed, tmp_path):
    endpoint, out = serve("--hang-rate", ".05", "--seed", "2"), tmp_path / "out"
    place(endpoint, TIMEOUT="2").inside("clusters", *OBJECT, *some(100), "--out", out).worked()
    assert endpoint.stats["faults"]["hang"]
    assert result(out) == result(undisturbed(100))


class Web(http.server.BaseHTTPRequestHandler):
    """A web site that answers everything with a page."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        page = b"<!doctype html><title>Welcome</title><p>{}</p>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST  # noqa: N815

    def log_message(self, format, *args):
        pass


class Files(http.server.SimpleHTTPRequestHandler):
    """`python -m http.server`."""

    def log_message(self, format, *args):
        pass


class Broken(Web):
    """A gateway whose server is down."""

    asked = 0

    def do_POST(self):
        Broken.asked += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_error(502)


@pytest.fixture
def site():
    """Starts a web server of a kind; its address as an endpoint's."""
    started = []

    def start(kind):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  whom it answers may have hung up
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/v1"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def fails(home, *words):
    """The complaint of a command line that has to fail soon, once; said by a process of its own."""
    said = home.vitrine("clusters", *OBJECT, "--k", "10", "--sample", 40, *words)
    assert said.code == 1, said.err
    assert said.seconds < 20
    assert said.out == ""
    complaint = said.complaint
    assert complaint.count(".") >= 2, "what happened, and the mend"
    return complaint


def test_nobody_listens(place):
    complaint = fails(place("http://127.0.0.1:9/v1"))
    assert "Nobody answers at http://127.0.0.1:9/v1" in complaint
    assert "Start the server or correct the address" in complaint


def test_a_wrong_key(serve, place):
    endpoint = serve("--key", "right")
    complaint = fails(place(endpoint, ENDPOINT_KEY="wrong-key-1234"))
    assert "does not accept the key" in complaint
    assert "VITRINE_ENDPOINT_KEY" in complaint
    assert "wrong-key" not in complaint


def test_the_right_key_is_sent_and_kept_nowhere(serve, place):
    home = place(serve("--key", "right-key-1234"), ENDPOINT_KEY="right-key-1234")
    said = home.inside("clusters", *OBJECT, *some(20), "--out", home.home / "out").worked()
    assert "right-key-1234" not in said.out + said.err
    kept = [path for path in home.home.rglob("*") if path.is_file() and b"right-key-1234" in path.read_bytes()]
    assert not kept


def test_an_unknown_model(serve, place):
    complaint = fails(place(serve("--one-model"), VISION_MODEL="llava-999"))
    assert "has no model named 'llava-999'" in complaint


def test_an_unknown_language_model_keeps_the_descriptions(serve, place):
    endpoint = serve("--one-model")
    assert "'gpt-999'" in fails(place(endpoint, CHAT_MODEL="gpt-999"))
    place(endpoint).inside("clusters", *OBJECT, "--k", "10", "--sample", 40).worked()
    assert endpoint.asked[0] == 40


@pytest.mark.parametrize("kind", [Files, Web])
def test_a_server_that_is_none(site, place, kind):
    complaint = fails(place(site(kind)))
    assert "/v1" in complaint
    assert "The address should end in /v1" in complaint


def test_a_gateway_before_a_dead_server(site, place, monkeypatch):
    monkeypatch.setattr(openai_endpoint, "_LONGEST_WAIT", 0.05)
    said = place(site(Broken)).inside("clusters", *OBJECT, *some(300))
    assert said.code == 1
    assert "the server failed (502)" in said.complaint
    assert Broken.asked < 300, "found out before every picture was asked for"


@pytest.mark.slow
def test_a_server_that_never_answers(serve, place):
    endpoint = serve("--hang-rate", "1")
    said = place(endpoint, TIMEOUT="1").inside("clusters", *OBJECT, *some(300))
    assert said.code == 1
    assert "no answer within 1 s" in said.complaint
    assert endpoint.stats["faults"]["hang"] < 150


def some(sample):
    return ["--k", "10", *(["--sample", sample, "--seed", 1] if sample else [])]


def listed(said):
    """Unanswered pictures with their reasons, as stderr lists them; each once."""
    lines = [line.split(": ", 2) for line in said.err.splitlines() if line.startswith("unanswered: ")]
    assert max(Counter(file for _, file, _ in lines).values(), default=1) == 1
    return {file: why for _, file, why in lines}
