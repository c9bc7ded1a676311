"""Tables that say which picture is in which set."""

from __future__ import annotations

import pytest

from engine.analyses.differences.pairs import read_pairs
from engine.errors import GalleryError


@pytest.fixture
def read(tmp_path):
    def done(text, name="PAIRS.csv"):
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(data)
        return read_pairs(tmp_path / name)

    return done


def test_names_are_below_the_folder_that_holds_all(read, tmp_path):
    found = read("file,set\nv1/a/1.png,old\nv1/2.png,old\nv2/1.png,new\n")
    assert found.root == tmp_path
    assert found.sets == {"old": ("v1/a/1.png", "v1/2.png"), "new": ("v2/1.png",)}
    found = read("file,set\nall/v1/1.png,old\nall/v2/1.png,new\nall/v2/1.png,new\n")
    assert (found.root, found.sets) == (tmp_path / "all", {"old": ("v1/1.png",), "new": ("v2/1.png",)})


def test_a_single_set_in_one_folder_or_none(read, tmp_path):
    assert read("file,set\none/1.png,A\none/2.png,A\n").root == tmp_path / "one"
    found = read("path,group\n1.png,A\n2.png,A\n")
    assert (found.root, found.sets) == (tmp_path, {"A": ("1.png", "2.png")})


def test_a_name_leads_where_it_leads(read, tmp_path):
    found = read(f"file,set\n../there/./1.png,A\n{tmp_path}/2.png,B\n")
    assert found.root == tmp_path.parent
    assert found.sets == {"A": ("there/1.png",), "B": (f"{tmp_path.name}/2.png",)}


def test_a_mark_of_bytes_spaces_and_names_that_are_no_text(read):
    assert read("\ufefffile,set\n1.png , A b \n").sets == {"A b": ("1.png",)}
    (name,) = read(b"file,set\n\xff.png,A\n").sets["A"]
    assert name.encode("utf-8", "surrogateescape") == b"\xff.png"
    assert read('file,set\n"a\nb.png","<b>"\n').sets == {"<b>": ("a\nb.png",)}


def test_rows_that_say_too_little_are_passed_over(read):
    assert read("file,set\n1.png\n,A\n2.png,\n3.png,B,more\n\n").sets == {"B": ("3.png",)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no column file or path"),
        ("file,set\n", "no column file or path"),
        ("name,set\n1.png,A\n", "no column file or path"),
        ("file,side\n1.png,A\n", "no column set, group_name or group"),
        ("file,set\n,A\n1.png,\n", "names no picture"),
        ("file,set\n/1.png,A\n/somewhere/2.png,B\n", "no common folder"),
        ("file,set\n" + "x" * 200_000 + ",A\n", "cannot be read"),
    ],
)
def test_tables_that_are_none(read, text, why):
    with pytest.raises(GalleryError, match=why):
        read(text)


def test_no_file(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(GalleryError, match="cannot be read"):
            read_pairs(path)
