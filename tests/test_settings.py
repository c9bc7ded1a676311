import os
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import SettingsError
from engine.settings import Endpoint, Prices, Settings, is_loopback, load, public_url, save_endpoint


@pytest.fixture
def here(tmp_path):
    (tmp_path / "here" / ".streamlit").mkdir(parents=True)
    return tmp_path / "here"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def loaded(home, here, **variables):
    return load({"VITRINE_HOME": str(home), **variables}, here)


def test_defaults(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    settings = load({}, here)
    assert settings.home == here / ".vitrine"
    assert settings.endpoint == Endpoint("", "", "", "", 32, 60.0)
    assert settings.roots is None
    assert not settings.prices.known


def test_precedence(home, here):
    """Variables, then the file here, then the file in the workspace, then defaults: table by table, word by word."""
    (home / "vitrine.toml").write_text(
        'models = "home.toml"\ndevice = "cpu"\n[endpoint]\nurl = "http://home/v1"\nvision_model = "home"\n'
        'chat_model = "home"\nconcurrency = 3\n[prices]\ninput_per_million = 1\noutput_per_million = 2\n'
    )
    (here / "vitrine.toml").write_text(
        'models = "here.toml"\n[endpoint]\nvision_model = "here"\nchat_model = "here"\n'
        "[prices]\ninput_per_million = 5.5"
    )
    settings = loaded(home, here, VITRINE_CHAT_MODEL="env")
    assert settings.endpoint == Endpoint("http://home/v1", "", "here", "env", 3, 60.0)
    assert (settings.models, settings.device) == ("here.toml", "cpu")
    assert settings.prices == Prices(5.5, 2.0)
    assert loaded(home, here, VITRINE_MODELS="env.toml", VITRINE_CONCURRENCY="").models == "env.toml"


def test_paths_are_absolute(here, monkeypatch):
    monkeypatch.chdir(here)
    assert load({"VITRINE_HOME": "work"}, here).home == here / "work"
    assert load({"VITRINE_HOME": "~/work"}, here).home == Path.home() / "work"


def test_the_key_comes_from_the_environment_or_secrets(home, here):
    (here / ".streamlit" / "secrets.toml").write_text('VITRINE_ENDPOINT_KEY = "from-secrets"')
    (home / "vitrine.toml").write_text('[endpoint]\nkey = "from-file"')
    assert loaded(home, here).endpoint.key == "from-secrets"
    settings = loaded(home, here, VITRINE_ENDPOINT_KEY="from-env")
    assert settings.endpoint.key == "from-env"
    assert "from-env" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CONCURRENCY", v) for v in ("0", "-1", "many", "nan", "inf", "1e999")]
    + [("TIMEOUT", v) for v in ("0", "0.5", "soon")]
    + [("MAX_PIXELS", "0")],
)
def test_numbers_that_are_none(home, here, variable, value):
    with pytest.raises(SettingsError) as said:
        loaded(home, here, **{f"VITRINE_{variable}": value})
    assert f"VITRINE_{variable} is {value!r}" in said.value.message
    assert said.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "url = ",
        'endpoint = "http://h/v1"',
        "prices = 3",
        "[prices]\ninput_per_million = -1",
        "[prices]\ninput_per_million = true",
        '[prices]\ninput_per_million = "0.1"',
        "[prices]\noutput_per_million = nan",
        "[endpoint]\nconcurrency = 0",
        "roots = 5",
        "roots = [5]",
        'roots = [""]',
    ],
)
def test_files_that_say_nonsense(home, here, text):
    (home / "vitrine.toml").write_text(text)
    with pytest.raises(SettingsError) as said:
        loaded(home, here)
    assert said.value.hint


def test_a_file_that_is_no_text(home, here):
    (home / "vitrine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"vitrine\.toml cannot be read"):
        loaded(home, here)


def test_roots(home, here, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    joined = os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "link"), "~/x"])
    assert loaded(home, here, VITRINE_ROOTS=joined).roots == (tmp_path / "a", tmp_path / "a", Path.home() / "x")
    (home / "vitrine.toml").write_text(f'roots = ["{tmp_path}/a", "{tmp_path}"]')
    assert loaded(home, here).roots == (tmp_path / "a", tmp_path)
    assert loaded(home, here, VITRINE_ROOTS="/x").roots == (Path("/x"),)


def test_one_root_is_one_folder_not_its_letters(home, here, tmp_path):
    (home / "vitrine.toml").write_text(f'roots = "{tmp_path}"')
    assert loaded(home, here).roots == (tmp_path,)


ODD = [
    'a"b',
    "a\\b",
    "a\nb\tc",
    "ä 漢 😀",
    "\x00\x1f\x7f\u2028\u200b",
    "\U000e0001",
    "",
    " ",
    "'''",
    "# no comment",
    "[x]",
]


@pytest.mark.parametrize("name", ODD)
def test_the_endpoint_is_kept_whatever_its_letters(home, here, name):
    end = Endpoint("http://h:1/v1", "secret-key", name, f"{name}2", 7, 12.5)
    kept = save_endpoint(Settings(home, endpoint=Endpoint(key="secret-key")), end, Prices(0.15, None))
    settings = loaded(home, here)
    assert settings.endpoint == replace(end, key="")
    assert settings.prices == Prices(0.15, None)
    assert kept.endpoint == end
    assert "secret-key" not in (home / "vitrine.toml").read_text()
    assert (home / "vitrine.toml").stat().st_mode & 0o077 == 0


def test_lone_surrogates_do_not_lock_the_settings(home, here):
    save_endpoint(Settings(home), Endpoint("http://h/v1", "", "a\udcffb", "c"), Prices())
    assert loaded(home, here).endpoint.vision_model == "a\ufffdb"


def test_saving_keeps_what_else_the_file_says(home, here):
    said = {
        "models": "endpoint",
        "device": "cuda:1",
        "roots": ["/a", 'b"'],
        "max_pixels": 5,
        "an odd key": True,
        "prices": {"input_per_million": 1.0, "output_per_million": 2.0},
        "a.b": {"c d": 1.5},
    }
    (home / "vitrine.toml").write_text(
        'device = "cuda:1"\nroots = ["/a", "b\\""]\nmax_pixels = 5\n"an odd key" = true\n'
        '["a.b"]\n"c d" = 1.5\n[endpoint]\nkey = "typed here"\n'
    )
    save_endpoint(loaded(home, here), Endpoint("http://h/v1/", "", "v", "c"), Prices(1, 2))
    found = tomllib.loads((home / "vitrine.toml").read_text())
    endpoint = {"url": "http://h/v1", "vision_model": "v", "chat_model": "c", "concurrency": 32, "timeout": 60.0}
    assert found == said | {"endpoint": endpoint}


def test_a_workspace_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        save_endpoint(Settings(tmp_path / "file" / "home"), Endpoint(), Prices())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/v1", "http://h/v1"),
        ("http://h/v1/", "http://h/v1"),
        ("https://user:pass@h:8/v1?key=abc#x", "https://h:8/v1"),
        ("https://user@h/v1", "https://h/v1"),
        ("http://u:p@ss@h/v1", "http://h/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://HOST/V1", "http://host/V1"),
        ("http://h:0/v1", "http://h:0/v1"),
        ("", ""),
        ("user:pass@h/v1", ""),
        ("h:8000/v1", ""),
        ("http://", ""),
        ("http:///v1", ""),
        ("http://u:p@h:99999/v1", ""),
        ("http://u:p@h:port/v1", ""),
        ("http://[::1/v1", ""),
    ],
)
def test_public_urls(url, shown):
    assert public_url(url) == shown


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://localhost/v1", True),
        ("http://u:p@[::1]:1/v1", True),
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("http://127.evil.com/v1", False),
        ("http://localhost.evil.com/v1", False),
        ("http://127.0.0.1@evil.com/v1", False),
        ("http://example.com/127.0.0.1", False),
        ("0.0.0.0", False),
        ("192.168.0.1", False),
        ("", False),
        ("http://[::1/v1", False),
    ],
)
def test_what_stays_on_this_machine(url, here):
    assert is_loopback(url) is here


def test_money():
    # 2,000,000 tokens at 0.15 a million and 500,000 at 0.60: .30 + .30
    assert Prices(0.15, 0.60).money(2e6, 5e5) == pytest.approx(0.6)
    assert Prices(0.15, None).money(1, 1) is None
    assert Prices(0, 0).money(1e9, 1e9) == 0
