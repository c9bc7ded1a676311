import sys
from dataclasses import asdict, replace

import pytest

from engine.errors import SettingsError
from engine.models import BACKENDS, load
from engine.models.profiles import specs
from engine.models.roles import ROLES, ModelSpec
from engine.settings import Endpoint, Settings

END = Endpoint("http://ann:pw@h:8000/v1?token=t", "key", "seer", "talker")


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path, endpoint=END)


def written(tmp_path, text):
    path = tmp_path / "models.toml"
    path.write_text(text)
    return str(path)


def test_the_endpoint_fills_vision_and_chat(settings):
    found = specs("endpoint", settings)
    assert {role: spec.name for role, spec in found.items()} == {"vision": "seer", "chat": "talker"}
    assert {spec.backend for spec in found.values()} == {"openai_endpoint"}


def test_specs_hold_no_secret(settings):
    for spec in specs("endpoint", settings).values():
        assert asdict(spec)["options"] == {"url": "http://h:8000/v1"}
        assert not any(secret in str(asdict(spec)) for secret in ("ann", "pw", "token", "key"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": ""}, "No endpoint is connected"),
        ({"url": "h:8000/v1"}, "is no web address"),
        ({"url": "ftp://h/v1"}, "is no web address"),
        ({"url": "http://"}, "is no web address"),
        ({"url": "http://h:99999/v1"}, "is no web address"),
        ({"url": "ann:pw@h/v1"}, "is no web address"),
        ({"vision_model": ""}, "No model is named for: vision"),
        ({"vision_model": "", "chat_model": ""}, "No model is named for: vision, chat"),
    ],
)
def test_endpoints_that_cannot_be_asked(settings, change, message):
    with pytest.raises(SettingsError, match=message) as said:
        specs("endpoint", replace(settings, endpoint=replace(END, **change)))
    assert said.value.hint
    assert "pw" not in str(said.value)


def test_a_file_names_a_model_a_role(settings, tmp_path):
    text = (
        '[vision]\nbackend = "fake"\nname = "a"\n'
        '[chat]\nbackend = "fake"\nname = "b"\nrevision = "2"\noptions = {x = 1}'
    )
    assert specs(written(tmp_path, text), settings) == {
        "vision": ModelSpec("fake", "a"),
        "chat": ModelSpec("fake", "b", "2", {"x": 1}),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no model"),
        ("[vision", "cannot be read"),
        ('[seer]\nbackend = "fake"\nname = "a"', "'seer' is no role"),
        ('vision = "fake"', "'vision' is no role"),
        ('[vision]\nname = "a"', "needs backend and name"),
        ('[vision]\nbackend = "fake"\nname = 3', "needs backend and name"),
        ('[vision]\nbackend = "fake"\nname = "a"\nsize = 3', "unknown words"),
        ('[vision]\nbackend = "magic"\nname = "a"', "no back-end 'magic'"),
        ('[matcher]\nbackend = "fake"\nname = "a"', "cannot play the role 'matcher'"),
    ],
)
def test_files_that_say_nonsense(settings, tmp_path, text, message):
    with pytest.raises(SettingsError, match=message) as said:
        specs(written(tmp_path, text), settings)
    assert said.value.hint


def test_a_file_that_is_not_there(settings, tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        specs(str(tmp_path / "none.toml"), settings)


@pytest.mark.parametrize("profile", ["magic", "models.json"])
def test_unknown_profiles(settings, profile):
    with pytest.raises(SettingsError, match="no model profile"):
        specs(profile, settings)


def test_the_table_of_back_ends_names_modules_and_roles():
    for module, roles in BACKENDS.values():
        assert module.startswith("engine.models.")
        assert set(roles) <= set(ROLES)
        assert roles


def test_load_checks_before_it_imports(settings, monkeypatch):
    monkeypatch.setitem(BACKENDS, "heavy", ("engine.models.not_there", ("vision",)))
    for role, spec in (("chat", ModelSpec("heavy", "x")), ("vision", ModelSpec("magic", "x"))):
        with pytest.raises(SettingsError):
            load(role, spec, settings)
    assert "engine.models.not_there" not in sys.modules
    assert load("chat", ModelSpec("fake", "x"), settings).spec.name == "x"
