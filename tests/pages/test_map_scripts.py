"""The map's arithmetic: which points have a place, which is nearest, what a drawing covers, what colours codes have."""

import numpy as np

from tests.pages.javascript import ask

FLAT = "const flat = new Float32Array(given.slice().buffer)\n"


def test_points_without_a_place_are_left_out_and_the_rest_keep_theirs():
    flat = np.array([[0, 0], [np.nan, 1], [0.5, -1], [1, np.nan], [-1, 0.25]], "<f4")
    flat[3, 0] = np.nan
    said = ask(
        ["map_points"],
        FLAT
        + """const { count, places, x, y, wide, high, ...points } = new Points(flat)
        return [points.given, count, [...places], [...x], [...y], wide, high]""",
        flat.tobytes(),
    )
    given, count, places, x, y, wide, high = said
    assert (given, count, wide, high) == (5, 3, 1, 1)
    assert sorted(places) == [0, 2, 4]
    np.testing.assert_array_equal(np.stack([x, y], axis=1), flat[places])


def test_any_beginning_of_the_points_is_a_fair_sample():
    flat = np.zeros((10_000, 2), "<f4")
    said = ask(
        ["map_points"],
        FLAT + "const { places } = new Points(flat); return [[...places.slice(0, 1000)], new Set(places).size]",
        flat.tobytes(),
    )
    sample, distinct = said
    assert distinct == 10_000
    by_tenth = np.bincount(np.array(sample) // 1000, minlength=10)
    assert by_tenth.min() > 60  # 100 are expected, with a deviation of 9
    assert by_tenth.max() < 140


def test_the_nearest_point_within_reach_is_found():
    rng = np.random.default_rng(0)
    flat = rng.uniform(-1, 1, (2000, 2)).astype("<f4")
    asked = rng.uniform(-1.2, 1.2, (300, 2)).astype("<f4")
    said = ask(
        ["map_points"],
        FLAT
        + """const points = new Points(flat.slice(0, 4000))
        const found = []
        for (let i = 4000; i < flat.length; i += 2) {
          const at = points.nearest(flat[i], flat[i + 1], 0.05)
          found.push(at < 0 ? -1 : points.places[at])
        }
        return found""",
        np.concatenate([flat, asked]).tobytes(),
    )
    away = np.linalg.norm(asked[:, None] - flat[None], axis=2)
    assert said == [int(row.argmin()) if row.min() < 0.05 else -1 for row in away]
    assert -1 in said
    assert max(said) > 0


DRAW = """
globalThis.ImageData = class { constructor(width, height) {
  Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) }) } }
const painter = new Painter()
painter.resize(20, 10)
painter.clear(pixel([255, 255, 255]))
const at = (x, y) => [...painter.image.data.slice(4 * ((y + EDGE) * painter.width + x + EDGE))].slice(0, 4)
const draw = (flat, codes, how) => painter.draw(new Points(new Float32Array(flat)), new Uint8Array(codes),
  { scale: 10, left: 10, top: 5 }, { radius: 2, alpha: 1, limit: codes.length, most: 9, ...how })
const table = new Int32Array(256).fill(pixel([200, 100, 0]))
const wanted = new Uint8Array(256).fill(1)
"""


def test_a_disc_covers_its_pixels_and_no_others():
    said = ask(
        ["map_points", "map_legend", "map_paint"],
        DRAW
        + """const { count } = draw([0, 0], [0], { table, wanted })
        return [count, at(10, 5), at(12, 5), at(10, 3), at(13, 5), at(10, 9), at(0, 0)]""",
    )
    full, half = [200, 100, 0, 255], [227, 177, 127, 255]
    assert said[0] == 1
    assert said[1] == full
    np.testing.assert_allclose(said[2:4], [half, half], atol=2)  # the border is half covered
    assert said[4:] == [[255] * 4] * 3


def test_see_through_discs_blend_and_faint_ones_are_not_drawn():
    said = ask(
        ["map_points", "map_legend", "map_paint"],
        DRAW
        + """wanted[7] = 0
        const one = draw([0, 0], [0], { table, wanted, radius: 0.7, alpha: 0.5 })
        const once = at(10, 5)
        const two = draw([0, 0, 0, 0], [0, 7], { table, wanted, radius: 0.7, alpha: 0.5 })
        return [one.count, two.count, [...two.seen], once, at(10, 5), at(11, 5)]""",
    )
    assert said[0] == said[1] == len(said[2]) == 1
    np.testing.assert_allclose(said[3], [227, 177, 127, 255], atol=2)
    np.testing.assert_allclose(said[4], [214, 139, 64, 255], atol=3)
    assert said[5] == [255] * 4  # small discs are one pixel


def test_discs_over_the_border_are_cut_and_far_ones_left_out():
    said = ask(
        ["map_points", "map_legend", "map_paint"],
        DRAW
        + """const flat = [1, 0, -1.0625, 0, 0, 50, 3e5, -1e7, -1, 0]
        const { count, drawn, seen } = draw(flat, [0, 0, 0, 0, 0], { table, wanted })
        return [count, drawn, seen.length, at(19, 5), at(0, 5), at(5, 5)]""",
    )
    assert said == [1, 3, 3, [200, 100, 0, 255], [200, 100, 0, 255], [255] * 4]  # in view: the one at -1


def test_codes_have_the_colours_of_the_legend():
    said = ask(
        ["map_legend"],
        """const legend = new Legend({}, () => {})
        legend.dress({ palette: ["#010203", "#040506"], other: "#0a0b0c", none: "#ff00ff" })
        const texts = [0, 1, 2, 254, 255].map((code) => legend.hues[code])
        legend.dress({ ramp: ["#000000", "#646464", "#c8c8c8"], other: "#0a0b0c", none: "#ff00ff" })
        const numbers = [0, 127, 254, 255].map((code) => legend.hues[code])
        Object.assign(legend, { entries: [{ first: 0, last: 0 }, { first: 12, last: 254 }], state: { lit: 1 } })
        const lit = [0, 12, 254, 255].map((code) => legend.lit[code])
        legend.state.lit = -1
        Object.assign(legend, { names: ["a", "b"] })
        const values = [0, 1, 200, 255].map((code) => legend.value(code))
        Object.assign(legend, { scale: ["1", "2", 1, 2] })
        return [texts, numbers, lit, legend.lit.includes(0), [...values, legend.value(127), legend.value(255)]]""",
    )
    texts, numbers, lit, has_dark, values = said
    assert texts == [[1, 2, 3], [4, 5, 6], [10, 11, 12], [10, 11, 12], [255, 0, 255]]
    assert numbers == [[0] * 3, [100] * 3, [200] * 3, [255, 0, 255]]
    assert lit == [0, 1, 1, 0]
    assert not has_dark
    assert values == ["a", "b", "one of the others", "nothing said", "about 1.5", "nothing said"]
