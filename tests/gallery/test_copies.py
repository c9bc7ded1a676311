import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy import fft

from engine.gallery import copies
from engine.gallery.copies import near_copies, perceptual_hashes, sketch
from tests.planted import ROOT


def random_hashes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 1 << 64, n, dtype=np.uint64)


def random_sketches(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 256), dtype=np.uint8)


def with_bits_turned(hash, n, rng):
    for bit in rng.choice(64, n, replace=False):
        hash ^= np.uint64(1) << np.uint64(bit)
    return hash


def groups_of(named):
    return {frozenset(np.flatnonzero(named == name).tolist()) for name in set(named.tolist())}


@pytest.fixture
def card():
    return Image.open(ROOT / "assets" / "postcards" / "beach" / "beach_001.webp").convert("RGB")


def test_the_hash_is_that_of_imagehash(card):
    """Its phash: DCT by scipy of 32 x 32 grey levels, the 64 lowest against their median, row by row."""
    grey = np.asarray(card.convert("L").resize((32, 32), Image.Resampling.LANCZOS))
    low = np.asarray(fft.dct(fft.dct(grey.astype(float), axis=0), axis=1))[:8, :8]
    bits = "".join("01"[int(bit)] for bit in (low > np.median(low)).ravel())
    assert perceptual_hashes(card)[0] == int(bits, 2)


def test_the_second_hash_is_that_of_the_mirrored_picture(card):
    own, mirrored = perceptual_hashes(card)
    assert perceptual_hashes(ImageOps.mirror(card)) == (mirrored, own)
    assert own != mirrored


def test_two_halves():
    picture = Image.new("L", (64, 64), 0)
    picture.paste(200, (32, 0, 64, 64))
    halves = sketch(picture).reshape(16, 16)
    assert (halves[:, :8] == 0).all()
    assert (halves[:, 8:] == 200).all()


def test_likeness():
    one = random_sketches(1)
    assert copies.likeness(one, one) == pytest.approx(1)
    assert copies.likeness(one, one // 2 + 20) == pytest.approx(1, abs=1e-3)  # darker, paler: the same picture
    assert copies.likeness(one, one.reshape(16, 16)[:, ::-1].reshape(1, 256)) == pytest.approx(1)
    assert abs(copies.likeness(one, random_sketches(1, 1))) < 0.3
    assert copies.likeness(one, np.full_like(one, 7)) == 0


def test_every_pair_within_reach_is_found():
    """Against all pairs one by one: 150 originals, each with a copy of which 0 to 14 bits differ."""
    rng = np.random.default_rng(1)
    hashes, sketches = random_hashes(150), random_sketches(150)
    turned = [with_bits_turned(hash, i % 15, rng) for i, hash in enumerate(hashes)]
    hashes, sketches = np.concatenate([hashes, turned]), np.concatenate([sketches, sketches])
    named = near_copies(hashes, random_hashes(300, 2), sketches)
    assert groups_of(named) == {
        *(frozenset((i, i + 150)) for i in range(150) if i % 15 <= copies.REACH),
        *(frozenset((j,)) for i in range(150) if i % 15 > copies.REACH for j in (i, i + 150)),
    }


def test_few_pictures_in_the_same_words_are_compared_like_many(monkeypatch):
    """In portions of three pairs, and judged two at a time."""
    rng = np.random.default_rng(3)
    base, one = random_hashes(1)[0], random_sketches(1)
    hashes = np.array([with_bits_turned(base, n, rng) for n in (0, 0, 1, 2, 3, 4)])
    expected = near_copies(hashes, random_hashes(6, 4), np.repeat(one, 6, axis=0))
    assert groups_of(expected) == {frozenset(range(6))}
    monkeypatch.setattr(copies, "_AT_ONCE", 3)
    monkeypatch.setattr(copies, "_JUDGED", 2)
    assert near_copies(hashes, random_hashes(6, 4), np.repeat(one, 6, axis=0)).tolist() == expected.tolist()


def test_the_sketch_decides():
    """Ten pictures of one hash: four of one sketch, four of another, two that are like none."""
    two = random_sketches(4)
    sketches = np.concatenate([two[[0, 0, 0, 0, 1, 1, 1, 1]], two[2:]])
    hashes = np.full(10, 12345, np.uint64)
    assert groups_of(near_copies(hashes, random_hashes(10), sketches)) == {
        frozenset(range(4)),
        frozenset(range(4, 8)),
        frozenset((8,)),
        frozenset((9,)),
    }


def test_plain_sketches_are_compared_with_nothing():
    sketches = 100 + random_sketches(50) % 4
    assert len(set(near_copies(np.zeros(50, np.uint64), np.zeros(50, np.uint64), sketches).tolist())) == 50


def test_mirrored_copies_are_found_and_a_symmetrical_picture_is_not_its_own():
    sketches = random_sketches(3)
    sketches[1] = sketches[0].reshape(16, 16)[:, ::-1].ravel()
    hashes = random_hashes(3)
    named = near_copies(hashes, hashes[[1, 0, 2]], sketches)
    assert groups_of(named) == {frozenset((0, 1)), frozenset((2,))}


def test_order_does_not_matter():
    rng = np.random.default_rng(5)
    hashes, sketches = random_hashes(60), random_sketches(60)
    hashes[30:] = [with_bits_turned(hash, 4, rng) for hash in hashes[:30]]
    sketches[30:] = sketches[:30]
    order = rng.permutation(60)
    back = groups_of(near_copies(hashes[order], random_hashes(60, 6), sketches[order]))
    assert {frozenset(order[list(group)].tolist()) for group in back} == {frozenset((i, i + 30)) for i in range(30)}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few(n):
    assert near_copies(random_hashes(n), random_hashes(n, 1), random_sketches(n)).tolist() == list(range(n))
