"""A denoiser is asked in the words that it was trained with."""

from __future__ import annotations

import pytest

from engine.errors import ModelError, SettingsError
from engine.models.roles import ModelSpec
from engine.models.templates import FILE, Template, template_of, write_template


def test_the_folder_says_which(tmp_path):
    assert not template_of(ModelSpec("diffusion", "somebody/model")).is_known
    write_template(Template("a portrait of {}, frontal", "a portrait"), tmp_path)
    told = template_of(ModelSpec("diffusion", str(tmp_path)))
    assert (told.of("a {} b"), told.null, told.is_known) == ("a portrait of a {} b, frontal", "a portrait", True)
    assert template_of(ModelSpec("diffusion", "assets/models/diffusion")) == Template(is_known=True)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"label": "no place", "null": ""}', '{"label": "{} {}", "null": ""}']
)
def test_what_is_no_template_is_said(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ModelError, match="is no template"):
        template_of(ModelSpec("diffusion", str(tmp_path)))
    with pytest.raises(SettingsError):
        Template("no place")
