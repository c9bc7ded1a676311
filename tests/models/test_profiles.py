"""Profiles by a TOML file: which server is meant, and who may see the key."""

import pytest

from engine.errors import SettingsError
from engine.models import load
from engine.models.profiles import specs
from engine.settings import Endpoint, Settings


def read(tmp_path, text, url="", key="k"):
    path = tmp_path / "models.toml"
    path.write_text('[vision]\nbackend = "openai_endpoint"\nname = "eye"\n' + text)
    settings = Settings(tmp_path / "home", endpoint=Endpoint(url, key))
    return specs(str(path), settings)["vision"], settings


def test_the_server_it_names_is_the_one_that_is_asked(tmp_path):
    spec, settings = read(tmp_path, 'options = { url = "http://a/v1" }', "http://b/v1?token=t")
    asked = load("vision", spec, settings)
    assert (asked._endpoint.url, asked._endpoint.key) == ("http://a/v1", "")  # the key is for b
    spec, settings = read(tmp_path, 'options = { url = "http://a/v1" }')
    assert load("vision", spec, settings)._endpoint.key == "k"  # there is no other server it could be for


def test_without_a_server_it_is_the_connected_one(tmp_path):
    spec, settings = read(tmp_path, "", "http://user:secret@b/v1?token=t")
    assert spec.options == {"url": "http://b/v1"}
    assert load("vision", spec, settings)._endpoint == settings.endpoint
    with pytest.raises(SettingsError, match="names no server"):
        read(tmp_path, "")


@pytest.mark.parametrize("options", ['"x"', "{ since = 2020-01-01 }", "{ max_side = 0 }", '{ max_side = "big" }'])
def test_options_of_another_kind(tmp_path, options):
    with pytest.raises(SettingsError):
        read(tmp_path, f"options = {options}", "http://b/v1")
