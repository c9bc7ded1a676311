"""The pictures that the README shows: there, light, of all five analyses, each one in the README."""

from PIL import Image

from assets.make.shares import SHARES, WIDE
from engine.analyses import ANALYSES
from tests.planted import ROOT

PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())


def test_every_share_is_there_and_in_the_readme():
    assert [path.stem for path in PICTURES] == sorted(SHARES)
    readme = (ROOT / "README.md").read_text()
    assert all(f"docs/pictures/{path.name}" in readme for path in PICTURES)
    assert {"clusters" if of in ("place", "time") else of for of, _, _ in SHARES.values()} == set(ANALYSES)
    assert {theme for _, theme, _ in SHARES.values()} == {"light", "dark"}


def test_they_are_light():
    assert sum(path.stat().st_size for path in PICTURES) < 2_000_000
    assert {Image.open(path).width for path in PICTURES} == {WIDE}
