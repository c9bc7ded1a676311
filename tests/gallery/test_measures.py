import numpy as np
import pytest
from PIL import Image, ImageFilter

from engine.gallery.measures import SIDE, measure


def plain(colour, size=(60, 40)):
    return Image.new("RGB", size, colour)


def halves(left, right):
    picture = plain(left)
    picture.paste(right, (30, 0, 60, 40))
    return picture


def blocks(seed=0, side=240):
    """Squares of random greys, with sharp edges."""
    greys = np.random.default_rng(seed).integers(0, 256, (side // 20, side // 20), dtype=np.uint8)
    return Image.fromarray(greys).resize((side, side), Image.Resampling.NEAREST).convert("RGB")


def with_spot(spot, ground, share):
    """A square of `spot` in the middle that fills `share` of a square of `ground`."""
    picture, half = plain(ground, (200, 200)), round(100 * share**0.5)
    picture.paste(spot, (100 - half, 100 - half, 100 + half, 100 + half))
    return picture


def shares(picture):
    return {c.name: round(c.area, 3) for c in measure(picture).colours}


def test_pure_red():
    m = measure(plain((255, 0, 0)))
    assert m.lightness == pytest.approx(53.24, abs=0.01)  # 116 * 0.2126 ** (1/3) - 16
    assert m.percentiles == pytest.approx([m.lightness] * 7, abs=0.01)
    assert m.contrast == pytest.approx(0, abs=1e-3)
    assert m.colourfulness == pytest.approx(85.53, abs=0.01)  # nothing varies; 0.3 * hypot(255, 255 / 2)
    assert (m.entropy, m.grey) == (0, False)
    assert [(c.name, c.area, c.weight) for c in m.colours] == [("red", 1, 1)]
    assert (m.colour, m.second_colour, m.vividness, m.focus) == ("red", "", "vivid", "plain")


def test_half_black_half_white():
    m = measure(halves("black", "white"))
    assert m.lightness == pytest.approx(50)
    assert m.percentiles == pytest.approx((0, 0, 0, 50, 100, 100, 100))
    assert m.contrast == pytest.approx(50)
    assert (m.colourfulness, m.entropy, m.grey) == (0, 1, True)  # two equal levels: one bit
    assert shares(halves("black", "white")) == {"black": 0.5, "white": 0.5}
    assert (m.colour, m.vividness, m.contrast_word) == ("black and white", "black and white", "high contrast")
    assert (m.brightness, m.lighting) == ("medium", "high contrast")


def test_colourfulness_of_halves_in_opponent_colours():
    # blue | yellow: rg = 0 throughout; yb = -255 | 255, whose mean is 0 and deviation 255
    assert measure(halves((0, 0, 255), (255, 255, 0))).colourfulness == pytest.approx(255)


def test_grey_ramp():
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1))).convert("RGB")
    m = measure(ramp)
    assert m.entropy == pytest.approx(8)  # 256 equal levels
    assert m.percentiles[0] < 1
    assert m.percentiles[6] > 98
    assert m.percentiles[3] == pytest.approx(53.6, abs=0.3)  # L* of grey 127.5
    assert (m.colour, m.grey) == ("black and white", True)


def test_all_white():
    m = measure(plain("white"))
    assert m.lightness == pytest.approx(100)
    assert (m.colour, m.brightness, m.lighting) == ("white", "bright", "bright")
    assert (m.contrast_word, m.focus, m.sharpness, m.colourfulness) == ("low contrast", "plain", 0, 0)


def test_all_black():
    m = measure(plain("black"))
    assert (m.lightness, m.colour, m.brightness, m.lighting) == (0, "black", "dark", "dark")


@pytest.mark.parametrize(("grey", "word"), [(40, "dark"), (90, "dim"), (110, "medium"), (200, "bright")])
def test_brightness(grey, word):
    m = measure(plain((grey,) * 3))  # L* 16, 38, 46, 81
    assert m.brightness == word
    assert m.lighting == {"medium": "even"}.get(word, word)


def test_a_lamp_does_not_make_a_dark_picture_contrasty():
    assert measure(with_spot("white", (20, 20, 20), 0.1)).lighting == "dark"
    assert measure(with_spot("white", (20, 20, 20), 0.5)).lighting == "high contrast"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("crimson red tomato maroon", "red"),
        ("orange darkorange chocolate", "orange"),
        ("saddlebrown sienna", "brown"),
        ("gold yellow khaki", "yellow"),
        ("lime green darkgreen olive forestgreen lightgreen", "green"),
        ("blue navy skyblue cyan royalblue steelblue", "blue"),
        ("purple indigo rebeccapurple darkviolet", "purple"),
        ("pink hotpink deeppink magenta plum", "pink"),
        ("white snow ivory linen", "white"),
        ("black #0a0a0a #101018", "black"),
        ("grey silver dimgrey #707070 lightgrey", "grey"),
        ("beige wheat tan", "beige"),
    ],
)
def test_names_of_colours(words, name):
    assert {word: measure(plain(word)).colour for word in words.split()} == dict.fromkeys(words.split(), name)


def test_a_red_car_on_grey_asphalt_is_red():
    picture = with_spot((200, 30, 30), (120, 120, 120), 0.15)
    m = measure(picture)
    assert (m.colour, m.second_colour) == ("red", "grey")
    assert shares(picture) == {"red": pytest.approx(0.15, abs=0.01), "grey": pytest.approx(0.85, abs=0.01)}
    assert measure(with_spot((200, 30, 30), (120, 120, 120), 0.01)).colour == "grey"


def test_the_middle_counts_more_than_the_rim():
    assert measure(with_spot("red", "blue", 0.4)).colour == "red"
    assert measure(with_spot("blue", "red", 0.4)).colour == "blue"


def test_many_strong_colours_are_colourful():
    picture = plain("red", (120, 80))
    for i, colour in enumerate(("orange", "yellow", "green", "blue", "purple")):
        picture.paste(colour, (20 * (i + 1), 0, 20 * (i + 2), 80))
    assert measure(picture).colour == "colourful"


def test_faint_tints_are_still_grey():
    noise = np.random.default_rng(0).integers(-4, 5, (100, 100, 3)) + 120
    assert measure(Image.fromarray(noise.astype(np.uint8))).grey
    assert not measure(with_spot("red", "grey", 0.05)).grey


def test_vividness():
    words = [measure(plain(c)).vividness for c in ((140, 110, 110), (170, 80, 80), (255, 0, 0))]
    assert words == ["muted", "muted", "vivid"]
    assert measure(halves((60, 60, 120), (120, 120, 60))).vividness == "vivid"  # yb = -60 | 60: 60
    assert measure(halves((70, 70, 110), (110, 110, 70))).vividness == "moderate"  # 40


def test_checkerboard_is_as_sharp_as_can_be():
    squares = np.indices((40, 40)).sum(0) % 2 * np.uint8(255)
    m = measure(Image.fromarray(squares.astype(np.uint8)).convert("RGB"))
    assert m.sharpness == pytest.approx(400**2 / (50**2 + 1))  # L* 0 | 100: a Laplacian of -400 | 400


def test_blur_lowers_sharpness_in_order():
    sharp = blocks()
    found = [measure(sharp.filter(ImageFilter.GaussianBlur(r)) if r else sharp) for r in (0, 1, 3, 8)]
    values = [m.sharpness for m in found]
    assert values == sorted(values, reverse=True)
    assert [found[0].focus, found[3].focus] == ["sharp", "blurred"]


def test_low_contrast_is_not_blur():
    pale = blocks().point([100 + v // 5 for v in range(256)] * 3)
    assert measure(pale).focus == "sharp"
    assert measure(pale).contrast_word == "low contrast"


def test_measures_hardly_depend_on_resolution():
    once = blocks(side=SIDE - 16)
    twice = once.resize((3 * once.width, 3 * once.height), Image.Resampling.NEAREST)
    a, b = measure(once), measure(twice)
    assert b.lightness == pytest.approx(a.lightness, abs=1)
    assert b.contrast == pytest.approx(a.contrast, abs=1)
    assert (a.colour, a.lighting, a.focus, a.aspect_word) == (b.colour, b.lighting, b.focus, b.aspect_word)


@pytest.mark.parametrize(
    ("size", "orientation", "aspect"),
    [
        ((640, 480), "landscape", "4:3"),
        ((480, 640), "portrait", "3:4"),
        ((6000, 4000), "landscape", "3:2"),
        ((640, 427), "landscape", "3:2"),
        ((1920, 1080), "landscape", "16:9"),
        ((1080, 1920), "portrait", "9:16"),
        ((500, 500), "square", "1:1"),
        ((500, 490), "square", "1:1"),
        ((1400, 1000), "landscape", "4:3"),
        ((2000, 1000), "panorama", "2:1"),
        ((2390, 1000), "panorama", "2:1"),
        ((100, 400), "tall panorama", "over 1:3"),
        ((1, 1), "square", "1:1"),
        ((4000, 3), "panorama", "over 3:1"),
        ((3, 4000), "tall panorama", "over 1:3"),
    ],
)
def test_format(size, orientation, aspect):
    m = measure(plain("teal", size))
    assert (m.orientation, m.aspect_word, m.width, m.height) == (orientation, aspect, *size)
    assert m.colour == "blue"


def test_one_pixel():
    m = measure(plain((0, 200, 0), (1, 1)))
    assert (m.colour, m.focus, m.entropy, m.sharpness, m.contrast) == ("green", "plain", 0, 0, 0)


def test_mirrored_and_turned_pictures_measure_the_same():
    picture = halves("red", "navy")
    same, turned = measure(picture), measure(picture.transpose(Image.Transpose.ROTATE_180))
    assert turned.lightness == pytest.approx(same.lightness)
    assert turned.sharpness == pytest.approx(same.sharpness, rel=1e-4)
    for a, b in zip(same.colours, turned.colours, strict=True):
        assert (b.name, b.area, pytest.approx(b.weight)) == (a.name, a.area, a.weight)


def test_burnt():
    """A bright sky that lost one channel, over ground; then white paper around the same ground."""
    ground = (90, 80, 70)
    sky, paper = halves((200, 230, 255), ground), halves("white", ground)
    assert measure(sky).burnt == 0.5
    assert measure(paper).burnt == 0
    paper.paste((255, 240, 200), (0, 0, 3, 40))  # a twentieth of it keeps a colour
    assert measure(paper).burnt == 0.5
    assert measure(halves((200, 230, 249), ground)).burnt == 0


@pytest.mark.parametrize("radius", [1, 2, 4])
def test_blur_tells_a_blurred_picture_from_a_smooth_one(radius):
    """A sharp figure before a smooth sky is not blurred, however much of the picture the sky fills."""
    sky = Image.fromarray(np.tile(np.linspace(90, 230, 240, dtype=np.uint8)[:, None], (1, 240))).convert("RGB")
    sky.paste(blocks(side=60), (90, 150))
    assert measure(sky).blur < 0.15
    assert measure(sky.filter(ImageFilter.GaussianBlur(radius))).blur > measure(sky).blur + 0.1 * radius


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180])
def test_blur_sees_movement_in_either_direction(turn):
    values = np.asarray(blocks(), float)
    moved = Image.fromarray(np.mean([np.roll(values, i, axis=1) for i in range(12)], axis=0).astype(np.uint8))
    assert measure(blocks()).blur < 0.2
    assert measure(moved).blur > 0.4
    assert measure(moved.transpose(turn)).blur == pytest.approx(measure(moved).blur, abs=0.05)


def test_what_is_plain_is_not_blurred():
    assert measure(plain("teal")).blur == 0
    assert measure(plain("teal", (8, 8))).blur == 0
