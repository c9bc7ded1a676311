import pytest

from engine.errors import GalleryError
from engine.gallery.labels import Table, read_table, say

NAMES = ["a.jpg", "cats/1.jpg", "cats/big/2.jpg"]


def labels(policy, names=NAMES, table=None):
    return say(policy, names, table or Table())[0]


def test_folders():
    assert labels("folder") == ["", "cats", "cats"]
    assert labels("last") == ["", "cats", "big"]
    assert labels("none") == ["", "", ""]


@pytest.mark.parametrize("pattern", ["{number}_{label}", "{number}_{label}.png"])
def test_patterns(pattern):
    names = ["x/12_red_car.png", "13_cat.jpg", "x_dog.png"]
    found, metadata = say(pattern, names, Table())
    assert found == ["red_car", "cat", ""]
    assert metadata == [{"number": "12"}, {"number": "13"}, {}]


def test_patterns_name_columns():
    found, metadata = say("{label}-{who}", ["cat-ann.jpg", "x.jpg"], Table())
    assert found == ["cat", ""]
    assert metadata[0] == {"who": "ann"}


@pytest.mark.parametrize("pattern", ["{number}+{label}", "{label}_{label}", "{1x}_{label}", "({label}"])
def test_patterns_that_do_not_fit(pattern):
    with pytest.raises(GalleryError) as said:
        labels(pattern, ["12_cat.jpg"])
    assert said.value.hint


def table(tmp_path, text, name="metadata.csv"):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "file,kind\ncats/1.jpg,feline\na.jpg,letter\n",
        "\ufefffile,kind\ncats/1.jpg,feline\na.jpg,letter\n",
        "path,kind\r\n./cats/1.jpg,feline\r\na.jpg,letter\r\n",
        "file_name,kind\ncats\\1.jpg,feline\n.\\a.jpg,letter\n",
        "kind;file\nfeline;1.jpg\nletter;a.jpg\n",
        "file,kind\n/data/set/1.jpg,feline\nimages/a.jpg,letter\n",
    ],
)
def test_a_column_as_label(tmp_path, text):
    found, metadata = say("kind", NAMES, table(tmp_path, text))
    assert found == ["letter", "feline", ""]
    assert metadata == [{"kind": "letter"}, {"kind": "feline"}, {}]


def test_metadata_comes_with_any_labels(tmp_path):
    found, metadata = say("folder", NAMES, table(tmp_path, 'file,note\na.jpg,"one, two\nthree"\n'))
    assert found == ["", "cats", "cats"]
    assert metadata[0] == {"note": "one, two\nthree"}


def test_base_names_only_where_they_are_one(tmp_path):
    names = ["a/1.jpg", "b/1.jpg", "b/2.jpg"]
    said = table(tmp_path, "file,k\n1.jpg,both\nx/2.jpg,one\nb/2.jpg,exact\n")
    assert labels("k", names, said) == ["", "", "exact"]
    said = table(tmp_path, "file,k\nx/2.jpg,one\ny/2.jpg,other\n1.jpg,both\nb/1.jpg,exact\n")
    assert labels("k", names, said) == ["both", "exact", ""]  # a/1.jpg is the one left that 1.jpg can mean


def test_jsonl(tmp_path):
    text = '{"file_name": "a.jpg", "year": 1999, "tags": ["x"], "gone": null}\n\n{"file_name": "cats/1.jpg"}\n'
    said = table(tmp_path, text, "metadata.jsonl")
    found, metadata = say("year", NAMES, said)
    assert found == ["1999", "", ""]
    assert metadata[0] == {"year": "1999", "tags": '["x"]', "gone": ""}


def test_which_table(tmp_path):
    assert read_table(tmp_path) == Table()
    table(tmp_path, "a,b\n1,2\n", "0.csv")
    assert read_table(tmp_path) == Table()  # names no files: not for us
    assert table(tmp_path, "path,group_name\na.jpg,A\n", "1.csv").name == "1.csv"
    assert table(tmp_path, '{"file_name": "a.jpg"}', "metadata.jsonl").name == "metadata.jsonl"
    assert table(tmp_path, "file\na.jpg\n", "metadata.csv").name == "metadata.csv"


def test_tables_a_folder_down_are_joined(tmp_path):
    for folder, text in (("train", "file_name,kind\n1.jpg,cat\n"), ("test", "file_name,kind\nbig/1.jpg,dog\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "metadata.csv").write_text(text)
    table = read_table(tmp_path)
    assert labels("kind", ["test/big/1.jpg", "train/1.jpg", "train/2.jpg"], table) == ["dog", "cat", ""]
    (tmp_path / "metadata.csv").write_text("file,kind\ntrain/1.jpg,horse\n")  # the one on top is the one
    assert labels("kind", ["train/1.jpg"], read_table(tmp_path)) == ["horse"]


def test_half_a_letter_is_no_text(tmp_path):
    (tmp_path / "metadata.jsonl").write_text('{"file": "a.jpg", "kind": "\\ud800"}')
    assert labels("kind", ["a.jpg"], read_table(tmp_path)) == ["\ufffd"]


def test_columns_that_are_not_there(tmp_path):
    with pytest.raises(GalleryError, match=r"no table.*metadata\.csv"):
        labels("kind")
    with pytest.raises(GalleryError) as said:
        labels("kind", table=table(tmp_path, "file,group,year\na.jpg,A,1\n"))
    assert "group, year" in said.value.hint
    with pytest.raises(GalleryError, match="names none"):
        labels("group", table=table(tmp_path, "file,group\nother.jpg,A\n"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", b"file,kind\n\xff\xfe,x\n"),
        ("metadata.csv", 'file,kind\n"a.jpg,never closed\n'),
        ("metadata.csv", ""),
        ("metadata.csv", "kind\nx\n"),
        ("metadata.jsonl", '{"file": "a.jpg"\n'),
        ("metadata.jsonl", "[1]\n"),
        ("metadata.jsonl", "[" * 5000),
    ],
)
def test_malformed_tables_say_so(tmp_path, name, text):
    said = table(tmp_path, text, name)
    assert said.problem
    assert labels("folder", table=said) == ["", "cats", "cats"]
    with pytest.raises(GalleryError, match="cannot be used"):
        labels("kind", table=said)


def test_rows_of_odd_lengths(tmp_path):
    said = table(tmp_path, "file,a,b\na.jpg,1\ncats/1.jpg,1,2,3,4\n,x,y\n")
    assert list(said.rows.values()) == [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]
