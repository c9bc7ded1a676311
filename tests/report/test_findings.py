"""Every kind of finding of every analysis, as a picture and as a section of a report; all their words are hostile."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from engine.analyses import ANALYSES, MAKINGS
from engine.analyses.structure import edits
from engine.analyses.structure.slices import slices
from engine.analyses.structure.telling import values_of
from engine.report import clusters, differences, diversity, findings, finetuning, structure, translation, typicality
from engine.report.document import report
from engine.report.finding import Bar, Card, Cards, Chart, Curve, Finding, Pictures, Row, Shade, Shown, Table
from engine.report.letters import fitted, width, wrapped
from engine.report.methods import METHODS
from engine.report.sheet import sheet
from tests.report.sources import HOSTILE, LABELS, hostile_gallery, sources


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from engine.settings import Settings

    root = tmp_path_factory.mktemp("report")
    settings = Settings(home=root / "home")
    return sources(hostile_gallery(root, settings), settings)


def _slice(source):
    result = source.result
    values = {d.name: values_of(result, d.name) for d in result.dimensions}
    return slices([row.file for row in result.rows], values, source.wrong)[0]


EVERY = {
    "clusters": {
        "overview": clusters.overview,
        "cluster": lambda s: clusters.cluster(s, s.result.clusters[0].name),
        "confusion": clusters.confusion,
        "review": clusters.review,
        "unassigned": clusters.unassigned,
    },
    "structure": {
        "tree": structure.tree,
        "cross": lambda s: structure.cross(s, "label", s.result.dimensions[0].name),
        "failing": structure.failing,
        "slice": lambda s: structure.one_slice(s, _slice(s)),
        "missing": lambda s: structure.missing(s, "label", s.result.dimensions[0].name),
    },
    "differences": {
        "overview": lambda s: differences.overview(s, s.result.comparisons[0]),
        "statement": lambda s: differences.statement(s, s.result.comparisons[0], s.result.comparisons[0].findings[0]),
    },
    "typicality": {
        "wall": lambda s: typicality.wall(s, LABELS[0]),
        "elements": lambda s: typicality.elements(s, LABELS[0]),
        "localisation": typicality.localisation,
    },
    "diversity": {
        "score": diversity.score,
        "spectrum": diversity.spectrum,
        "duplicates": diversity.duplicates,
        "coreset": diversity.coreset,
        "axes": diversity.axes,
    },
    "finetuning": {"learned": finetuning.learned},
    "translation": {"pairs": lambda s: translation.pairs(s, "<b>snow"), "parallels": translation.parallels},
}
KINDS = [(name, kind) for name, kinds in EVERY.items() for kind in kinds]


def test_every_kind_of_every_analysis_is_here():
    known = {name: set(findings(name).KINDS) for name in ANALYSES | MAKINGS}
    assert {name: set(kinds) for name, kinds in EVERY.items()} == known
    assert known.keys() == METHODS.keys()


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_has_a_share_picture(made, name, kind, theme):
    source = made[name]
    found = EVERY[name][kind](source)
    assert found.kind == f"{name}/{kind}"
    assert found.told
    images = [Image.open(io.BytesIO(sheet(found, source.about(), theme, some))) for some in (True, False)]
    assert [(i.format, i.width) for i in images] == [("PNG", 1920)] * 2
    assert images[0].convert("RGB").getpixel((2, 2)) == {"light": (251, 250, 248), "dark": (20, 23, 26)}[theme]
    assert 400 < images[1].height <= images[0].height
    assert min(len(i.convert("RGB").getcolors(1 << 20) or "") for i in images) > 20, "nothing is drawn"


@pytest.mark.parametrize("name", ANALYSES | MAKINGS)
def test_every_kind_has_a_section_of_a_report(made, name):
    """But a single slice, whose pictures stand in the section of all of them."""
    kinds = {f.kind.partition("/")[2] for f in findings(name).sections(made[name])}
    assert kinds == set(EVERY[name]) - {"slice"}


def test_what_nobody_laid_beside_a_run_has_no_section(made):
    bare = replace(made["structure"], wrong={}), replace(made["typicality"], boxes={"no such.png": []})
    kinds = {f.kind for source in bare for f in findings(source.request.analysis).sections(source)}
    assert not kinds & {"structure/failing", "typicality/localisation"}


def test_a_statement_that_may_be_chance_is_truer_of_no_side(made):
    one = made["differences"].result.comparisons[0]
    said = lambda low, high: differences.statement(  # noqa: E731
        made["differences"], one, replace(one.findings[0], auroc=0.6, low=low, high=high)
    ).lines[0]
    assert said(0.55, 0.65).startswith("Truer of ")
    assert said(0.45, 0.75) == "No reliable difference: AUROC 0.60 [0.45, 0.75]"


def test_pictures_that_were_made_are_there_and_marked(made):
    """In the folder of their run, under no name of their own."""
    seen = Elements(report([made["translation"]]))
    alts = [attributes["alt"] for tag, attributes in seen.found if tag == "img"]
    assert sum("synthetic" in alt for alt in alts) == 4 * 2 + 4 * 2
    assert "judges its own work" in "".join(seen.said)


class Elements(HTMLParser):
    """What a parser makes of a document: its elements with their attributes, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.found, self.said = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.said.append(data)


OURS = {
    "a", "article", "b", "body", "caption", "details", "div", "figcaption", "figure", "footer", "h1", "h2", "h3",
    "head", "header", "html", "img", "li", "main", "meta", "nav", "p", "polygon", "polyline", "pre", "rect", "section",
    "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr", "ul",
}  # fmt: skip
THEIRS = {  # attributes that a text can be in, or that name what is ours
    "alt", "title", "aria-label", "class", "id", "href", "style", "dir", "src", "width", "height", "loading", "rel",
    "lang", "charset", "content", "name", "http-equiv", "scope", "role", "viewbox", "xmlns", "x", "y", "rx", "points",
    "text-anchor",
}  # fmt: skip


def test_a_report_of_all_renders_nothing_of_theirs(made):
    text = report(list(made.values()))
    seen = Elements(text)
    assert {tag for tag, _ in seen.found} <= OURS
    assert {name for _, attributes in seen.found for name in attributes} <= THEIRS
    for tag, attributes in seen.found:
        assert attributes.get("href", "#")[0] == "#" or attributes["href"].startswith("https://arxiv.org/abs/")
        if tag == "img":
            assert attributes["src"].startswith("data:image/webp;base64,")
            assert attributes["alt"]
        for name, value in attributes.items():
            assert "evil" not in (value or "") or name in ("alt", "title", "aria-label"), (tag, name)
    words = "".join(seen.said)
    assert "<script>window.hurt=1</script>" in words  # it is shown as it was written
    assert "{{7*7}}" in words
    assert "49 & 雪" not in words
    assert not set("\u202e\u202c") & set(text)
    text.encode()  # names that are no text became question marks


def test_a_report_says_price_doubt_method_models_date_and_prompts(made):
    source = made["clusters"]
    words = " ".join("".join(Elements(report([source])).said).split())
    for wanted in (
        "Kwon et al., ICLR 2024", "95 %", "56 vision and", "tokens", source.models, source.date, source.run,
        "Changes by hand (2)", "with 2 changes by hand", "You look at one picture with one question in mind",
        "2 pictures fit no cluster",
    ):  # fmt: skip
        assert wanted in words, wanted
    assert "the <b>middle</b>" in words


def test_names_and_pictures_can_be_left_out(made):
    source = made["clusters"]
    bare = report([source], pictures=False, names=False)
    assert "<img" not in bare
    assert source.gallery.title not in "".join(Elements(bare).said)
    assert "svg onload" not in report([source], names=False)
    assert source.gallery.title not in source.about(names=False)


def cards_of(finding):
    (cards,) = [part for part in finding.parts if isinstance(part, Cards)]
    return cards.cards


def test_what_is_shared_has_a_persons_changes(made):
    names = [card.title for card in cards_of(clusters.overview(made["clusters"]))]
    assert names[0] != "red"
    assert HOSTILE.split()[0] in " ".join(names)
    assert names[-1] == "unassigned"
    rows = cards_of(structure.tree(made["structure"]))[0].rows
    assert {row.name for row in rows} == {"blue", "green", "red <img src=x onerror=window.hurt=1>"}
    assert edits.apply(made["structure"].result, []).result == made["structure"].result


def test_words_fit_where_they_are_written():
    for words in ("word " * 80, "x" * 500, "雪" * 200, HOSTILE, "\udce4", ""):
        assert width(fitted(words, 15, 200), 15) <= 200
        lines = wrapped(words, 15, 200, most=3)
        assert len(lines) <= 3
        assert all(width(line, 15) <= 200 for line in lines)
    assert wrapped("one two", 15, 400) == ["one two"]
    assert "\n" not in "".join(wrapped("one\ntwo\r\nthree", 15, 400))


def test_odd_figures_are_drawn():
    shade, bar = Shade(float("nan"), ""), Bar(7.0, "x" * 300, low=-3.0, high=9.0)
    parts = [
        Table(("", "a" * 200), [(HOSTILE, bar), ("", shade), ("x", "y")], "t", "n"),
        Table([str(i) for i in range(40)], [[str(i) for i in range(40)]] * 60),
        Table((), ()),
        Cards([Card(HOSTILE, "w" * 200, 2.0, [Row("r" * 100, bar)] * 30, note="n" * 900)] * 60),
        Cards([]),
        Chart("", "x", "y", [Curve("one", [1], [0.0])], log_x=True, log_y=True),
        Chart("", "x", "y", [Curve("flat" * 50, [1, 2], [3, 3]), Curve("gap", [1, 2], [float("nan"), 2])]),
        Pictures("t", [Shown(Image.new("RGB", (1, 900))), Shown(Image.new("LA", (900, 1)))], 5000),
        Pictures("none", []),
    ]
    for theme in ("light", "dark"):
        assert sheet(Finding("odd/odd", "", ["l" * 3000] * 9, parts), "about " * 300, theme).startswith(b"\x89PNG")
