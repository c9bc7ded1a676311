"""The grid's arithmetic: where lines lie, where keys lead, which ranges are selected, what is asked for and when."""

from tests.pages.javascript import ask

# 4 across: 10 pictures in 3 rows; sections of 5, 0 and 5 in 2, 0 and 2 rows. Cells of 100 and gaps of 6: 106 a row.
PLAN = """
const plain = new Plan({ count: 10, groups: null, size: 100, across: 0 }, 418)
const three = new Plan({ count: 10, groups: [["a", 5], ["b", 0], ["c", 5]], size: 100, across: 4 }, 418)
"""


def test_lines_lie_one_after_the_other():
    said = ask(
        ["grid_plan"],
        PLAN
        + """return [plain, three].map((plan) => [plan.across, plan.side, plan.height, plan.count,
          plan.linesBetween(-100, 1e9).map((line) => [line.row, line.top, line.first, line.end, line.index])])""",
    )
    assert said[0] == [4, 100, 312, 3, [[0, 0, 0, 4, 1], [1, 106, 4, 8, 2], [2, 212, 8, 10, 3]]]
    across, side, height, count, lines = said[1]
    assert (across, side, height, count) == (4, 100, 3 * 38 + 4 * 106 - 6, 7)
    assert lines == [
        [-1, 0, 0, 4, 1],
        [0, 38, 0, 4, 2],
        [1, 144, 4, 5, 3],
        [-1, 250, 5, 5, 4],  # a section without pictures
        [-1, 288, 5, 9, 5],
        [0, 326, 5, 9, 6],
        [1, 432, 9, 10, 7],
    ]


def test_every_window_holds_the_lines_that_meet_it():
    code = """return [plain, three].map((plan) => {
      const all = plan.linesBetween(0, 1e9), wrong = []
      const bottom = (line) => line.top + (line.row < 0 ? TITLE : plan.step)
      for (let from = 0; from < plan.height; from += 5) for (const size of [1, 50, 200]) {
        const met = all.filter((line) => bottom(line) > from && line.top < from + size).map((line) => line.id)
        const got = plan.linesBetween(from, from + size).map((line) => line.id)
        if (String(met) !== String(got)) wrong.push([from, size, met, got])
      }
      const lost = span(0, 9).filter((at) => !all.some((line) => line.id === plan.lineOf(at).id))
      return [wrong, lost]
    })"""
    assert ask(["grid_plan"], PLAN + code) == [[[], []], [[], []]]


def test_keys_keep_their_column_from_section_to_section():
    code = """return [
      [plain, [[0, 1], [3, 1], [5, 1], [6, 1], [9, 1], [9, -1], [1, -1], [0, 9]]],
      [three, [[0, 1], [3, 1], [4, 1], [5, -1], [7, -1], [9, 1], [2, -1], [0, 9], [9, -9]]],
    ].map(([plan, moves]) => moves.map(([at, steps]) => plan.vertically(at, steps)))"""
    plain, sections = ask(["grid_plan"], PLAN + code)
    assert plain == [4, 7, 9, 9, 9, 5, 1, 8]  # below 6 there is none: the last one
    assert sections == [4, 4, 5, 4, 4, 9, 2, 9, 0]


def test_a_million_pictures_are_laid_out_at_once():
    code = """const groups = span(1, 1000).map((i) => [`${i}`, 1000])
    const plan = new Plan({ count: 1e6, groups, size: 100, across: 0 }, 1280)
    const began = performance.now()
    for (let i = 0; i < 1000; i++) plan.linesBetween(i * 9000, i * 9000 + 2000)
    return [plan.lineOf(999_999).first, plan.across, performance.now() - began]"""
    last, across, took = ask(["grid_plan"], code)
    assert last == 1_000_000 - (1000 % across or across)
    assert took < 500  # milliseconds for a thousand windows


def test_ranges_are_extended_from_an_anchor():
    code = """const selection = new Selection(10, 0), said = []
    const told = () => said.push(JSON.stringify(selection.ranges))
    selection.toggle(8); selection.toggle(2); told()
    selection.extend(5); told()
    selection.extend(0); told()
    selection.anchor(9); selection.extend(8); told()
    selection.toggle(1); told()
    selection.fill(1); told()
    selection.fill(0); told()
    return [said, selection.isEmpty, selection.count, selection.turn]"""
    said, empty, count, turn = ask(["grid_selection"], code)
    assert said == [
        "[[2,2],[8,8]]",
        "[[2,5],[8,8]]",
        "[[0,2],[8,8]]",  # the same anchor; 3 to 5 were of the range before
        "[[0,2],[8,9]]",
        "[[0,0],[2,2],[8,9]]",
        "[[0,9]]",
        "[]",
    ]
    assert (empty, count, turn) == (True, 0, 8)


def test_the_later_selection_is_in_force():
    code = """const mine = () => {
      const selection = new Selection(10, 0)
      selection.toggle(1)
      selection.toggle(2)
      return Object.assign(selection, { isUnsent: false })
    }
    const meet = (s, said, isNew) => { s.meet(said, isNew); return [s.ranges.length, s.turn, s.isUnsent] }
    return [
      meet(mine(), { turn: 1, ranges: [] }, false),
      meet(mine(), { turn: 3, ranges: [[4, 4], [6, 7], [9, 9]] }, false),
      meet(mine(), null, true),
      meet(mine(), { turn: 2, ranges: [[1, 2]] }, true),
      meet(new Selection(10, 0), null, true),
    ]"""
    assert ask(["grid_selection"], code) == [
        [1, 2, False],  # on its way: what Python says is older
        [3, 3, False],
        [1, 2, True],  # forgotten there: said again
        [1, 2, False],
        [0, 0, False],
    ]


def test_what_was_passed_over_is_not_waited_for():
    code = """const asked = [], drawn = []
    globalThis.fetch = (url, { body, signal }) => new Promise((resolve, reject) => {
      const places = JSON.parse(body)
      asked.push([places.length, places[0]])
      signal.onabort = () => reject(new Error("aborted"))
      setTimeout(() => resolve({ ok: true, json: () => places.map((place) => ({ name: place })) }), 80)
    })
    const cells = new Cells("here"), then = () => { drawn.push(cells.known.size); load() }
    let first = 0
    const load = () => cells.load(span(first, first + 9), span(first + 10, first + 19), then)
    const later = (time) => new Promise((resolve) => setTimeout(resolve, time))
    load(); load() // the same again is on its way
    for (first = 100; first <= 2000; first += 100) { load(); await later(2) } // dragged over, within 60 ms or so
    first = 2000
    load()
    await later(400)
    return [asked, drawn.length, cells.known.has(2000), cells.known.has(2019), cells.known.has(0)]"""
    asked, draws, here, ahead, passed = ask(["grid_plan", "grid_cells"], code)
    assert asked[0] == [20, 0]
    assert asked[-1] == [20, 2000]
    assert len(asked) <= 4  # of 21 places
    assert (here, ahead, passed) == (True, True, False)
    assert draws <= 4


def test_a_failure_is_tried_again_and_the_oldest_cells_are_forgotten():
    code = """let tries = 0
    globalThis.fetch = async (url, { body }) => {
      if (tries++ === 0) throw new TypeError("no network")
      return { ok: true, json: () => JSON.parse(body).map((place) => ({ name: place })) }
    }
    const cells = new Cells("here")
    const until = async (there) => { while (!there()) await new Promise((resolve) => setTimeout(resolve, 20)) }
    const load = () => cells.load(span(0, 9), [], load)
    load()
    await until(() => cells.known.has(9))
    for (let i = 100; i < 6000; i++) cells.known.set(i, {})
    const more = () => cells.load([...span(0, 9), 9999], [], more)
    more()
    await until(() => cells.known.has(9999))
    await until(() => cells.known.size < 6000)
    return [tries, cells.known.size, cells.known.has(0), cells.known.has(100), cells.known.has(5999)]"""
    assert ask(["grid_plan", "grid_cells"], code) == [3, 2500, True, False, True]
