"""The slider between a picture and what it became, asked without a browser: what it says, and what stays as it was."""

from tests.pages.javascript import PARTS, ask

# As much of a page as the script touches.
PAGE = """
const set = new Map()
class Element {
  constructor(tag) { Object.assign(this, { tag, inside: [], style: { setProperty: (n, v) => (this[n] = v) } }) }
  append(...more) { this.inside.push(...more) }
  replaceChildren(...more) { this.inside = more }
  get all() { return this.inside.flatMap((one) => [one, ...one.all]) }
  querySelector(what) {
    const kind = what.replace(".", "")
    return this.all.find((one) => (what[0] === "." ? one.className === kind : one.tag === what))
  }
}
globalThis.document = { createElement: (tag) => new Element(tag) }
const made0 = (tag, name, ...inside) => Object.assign(new Element(tag), { className: name, inside })
const root = made0("div", "pairs", made0("label", "all", made0("span", ""), made0("input", "")), made0("div", "wall"))
const parent = made0("div", "", root)
const pair = (i) => ({ before: `b${i}`, after: `a${i}`, ratio: 2, name: `<b>${i}</b>`, left: "beach",
                       right: "city, synthetic", lines: ["T 1", "T 2"] })
const show = (...numbers) => draw({ parentElement: parent, data: { pairs: numbers.map(pair), side: 200 } })
const wall = () => root.querySelector(".wall").inside
const slider = (i) => wall()[i].querySelector("input")
"""


def asked(code):
    script = (PARTS / "before_after.js").read_text()
    assert script.count("export default function (") == 1
    return ask([], script.replace("export default function (", "function draw(") + PAGE + code)


def test_a_slider_says_where_it_is_and_moves_the_edge():
    said = asked(
        """show(1)
        const frame = wall()[0].querySelector(".frame")
        const begins = [slider(0).value, slider(0).ariaValueText, frame["--at"], frame.style.aspectRatio]
        slider(0).value = 20
        slider(0).oninput()
        const alone = root.querySelector(".all").hidden
        return [begins, slider(0).ariaValueText, frame["--at"], slider(0).ariaLabel, alone]"""
    )
    begins, words, edge, label, alone = said
    assert begins == [50, "50 % beach, 50 % city, synthetic", "50%", 2]
    assert (words, edge) == ("20 % beach, 80 % city, synthetic", "20%")
    assert (label, alone) == ("<b>1</b>: beach to city, synthetic", True)


def test_texts_are_texts_and_both_pictures_have_words():
    said = asked(
        """show(1)
        const images = wall()[0].all.filter((one) => one.tag === "img").map((one) => [one.src, one.alt])
        const texts = wall()[0].all.map((one) => one.textContent).filter(Boolean)
        return [images, texts, wall()[0].all.some((one) => "innerHTML" in one)]"""
    )
    images, texts, markup = said
    assert images == [["b1", "<b>1</b>"], ["a1", "<b>1</b>, city, synthetic"]]
    assert texts == ["beach", "city, synthetic", "<b>1</b>", "T 1", "T 2"]
    assert not markup


def test_more_pictures_leave_the_first_as_they_were_and_one_slider_moves_all():
    said = asked(
        """show(1)
        const first = wall()[0]
        slider(0).value = 10
        slider(0).oninput()
        show(1, 2)
        const after = [wall()[0] === first, slider(0).value, slider(1).value, root.querySelector(".all").hidden]
        root.querySelector(".all").querySelector("input").oninput({ target: { value: 0 } })
        return [after, slider(0).value, slider(1).value]"""
    )
    assert said == [[True, 10, 50, False], 0, 0]
