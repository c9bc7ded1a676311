import numpy as np
import pytest

from engine.errors import Stopped, StoreError
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps import layout as module
from engine.steps.layout import FEW, layout, load, pca, save, scaled, spread
from engine.steps.neighbours import neighbours

SPEC = ModelSpec("clip", "tiny", "1")


def groups(n, d=16, k=3, seed=0):
    """`n` vectors in `k` groups far apart, taking turns; and whose each is."""
    rng = np.random.default_rng(seed)
    of = np.arange(n) % k
    return (10 * rng.normal(size=(k, d))[of] + rng.normal(size=(n, d))).astype(np.float32), of


def parted(points, of):
    """How many times farther apart the groups' centres are than their own points, at least."""
    centres = np.array([points[of == g].mean(axis=0) for g in np.unique(of)])
    within = max(np.linalg.norm(points[of == g] - centres[g], axis=1).mean() for g in np.unique(of))
    away = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    return away[away > 0].min() / within


# --- Components ---


def test_components_are_directions_of_greatest_spread():
    # (-3, 0), (-1, 1), (1, -1), (3, 0): x spreads most, y next, nothing third.
    vectors = np.array([[-3, 0, 5], [-1, 1, 5], [1, -1, 5], [3, 0, 5]], np.float32)
    found = pca(vectors, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.abs(found[:, 0]), [3, 1, 1, 3], atol=0.4)
    np.testing.assert_allclose(found[:, 2], 0)  # what there is none of
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-5)
    far = lambda rows: np.linalg.norm(rows[:, None] - rows[None], axis=2)  # noqa: E731
    np.testing.assert_allclose(far(found), far(vectors), atol=1e-5)  # turned, not bent


@pytest.mark.parametrize("n", [10, 200])  # fewer rows than columns, and more
def test_components_do_not_depend_on_the_order_or_the_kind_of_number(n):
    vectors, _ = groups(n, 40)
    order = np.random.default_rng(1).permutation(n)
    found = pca(vectors, 5)
    np.testing.assert_allclose(pca(vectors[order], 5), found[order], atol=1e-3)
    np.testing.assert_allclose(pca(vectors.astype(np.float64), 5), found, atol=1e-3)
    assert (np.diff(found.var(axis=0)) <= 1e-3).all()  # the greatest first


def test_a_common_offset_makes_no_components_out_of_rounding():
    assert not pca(np.full((50, 8), 0.1, np.float32), 2).any()


# --- Points ---


def test_points_fill_the_square_and_keep_their_shape():
    points = scaled(np.array([[10, 10], [14, 11], [12, 12.0]]))  # 4 wide, 2 high
    np.testing.assert_allclose(points, [[-1, -0.5], [1, 0], [0, 0.5]])
    assert points.dtype == np.float32


@pytest.mark.parametrize("method", module.METHODS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, FEW - 1])
def test_few_pictures_lie_where_their_components_say(n, method):
    points = layout(groups(n)[0], method=method)
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()
    assert (np.abs(points) <= 1).all()
    if n == 2:
        np.testing.assert_allclose(np.abs(points[:, 0]), [1, 1])  # apart


@pytest.mark.parametrize("n", [1, 5, 40])
def test_copies_of_one_picture_lie_in_one_point(n):
    assert not layout(np.full((n, 6), 0.3, np.float32)).any()
    assert not layout(np.zeros((n, 6), np.float32)).any()


def test_one_column_is_enough():
    points = layout(np.arange(8, dtype=np.float32)[:, None])
    np.testing.assert_allclose(np.abs(np.diff(points[:, 0])), 2 / 7, atol=1e-6)


@pytest.mark.slow
def test_umap_parts_groups_and_gives_the_same_picture_again():
    vectors, of = groups(90)
    points = layout(vectors, seed=3)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    assert np.abs(points).max() == 1
    assert parted(points, of) > 3
    np.testing.assert_array_equal(layout(vectors, seed=3), points)
    assert not np.array_equal(layout(vectors, seed=4), points)

    # Half of them copies of one, and a line of numbers: still a picture.
    vectors[:45] = vectors[0]
    assert np.isfinite(layout(vectors)).all()
    assert np.isfinite(layout(np.arange(30, dtype=np.float32)[:, None])).all()

    # A part is laid out, the rest placed among it: each beside its own group.
    vectors, of = groups(400, seed=1)
    points = layout(vectors, drawn=100)
    assert np.isfinite(points).all()
    assert parted(points, of) > 3
    np.testing.assert_array_equal(layout(vectors, drawn=100), points)


@pytest.mark.slow
def test_umap_tells_how_far_it_is_and_can_be_stopped():
    seen = []
    progress = Progress(lambda p: seen.append((p.step, p.done, p.total)), every=0)
    layout(groups(60)[0], progress=progress)
    assert {"finding neighbours", "laying out the map"} <= {step for step, _, _ in seen}
    rounds = [done for step, done, _ in seen if step == "laying out the map"]
    assert rounds == sorted(rounds)

    progress = Progress(stop=lambda: "Enough." if progress.step == "laying out the map" else "")
    with pytest.raises(Stopped, match="Enough"):
        layout(groups(3000)[0], progress=progress)


# --- Neighbours ---


def exact(rows, among, k):
    away = ((rows[:, None].astype(float) - among[None]) ** 2).sum(axis=2)
    if rows is among:
        np.fill_diagonal(away, np.inf)
    return np.argsort(away, axis=1)[:, :k], np.sqrt(np.sort(away, axis=1)[:, :k])


def test_few_rows_neighbours_are_exact_and_never_themselves():
    rows = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
    which, far = neighbours(rows, None, 7)
    true, away = exact(rows, rows, 7)
    np.testing.assert_array_equal(which, true)
    np.testing.assert_allclose(far, away, atol=1e-5)
    which, far = neighbours(rows[:20], rows[100:], 3)
    np.testing.assert_array_equal(which, exact(rows[:20], rows[100:], 3)[0])


def test_of_many_rows_nearly_all_neighbours_are_found(monkeypatch):
    monkeypatch.setattr("engine.steps.neighbours._EXACT", 500)
    monkeypatch.setattr("engine.steps.neighbours._A_CELL", 40)
    rows, _ = groups(3000, 12, 30)
    which, far = neighbours(rows, None, 10)
    true, _ = exact(rows, rows, 10)
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(which, true, strict=True)]) > 0.95
    assert not (which == np.arange(3000)[:, None]).any()
    assert (np.diff(far, axis=1) >= 0).all()
    np.testing.assert_array_equal(neighbours(rows, None, 10)[0], which)


def test_copies_and_loners_among_many_have_neighbours_too(monkeypatch):
    monkeypatch.setattr("engine.steps.neighbours._EXACT", 500)
    monkeypatch.setattr("engine.steps.neighbours._A_CELL", 40)
    monkeypatch.setattr("engine.steps.neighbours._CROWD", 300)
    rows, _ = groups(1000, 4)
    rows[:500] = rows[0]
    rows[999] = 1e4
    which, far = neighbours(rows, None, 10)
    assert np.isfinite(far).all()
    assert not far[:500].any()
    assert all(len(set(row)) == 10 for row in which)


# --- Keeping ---


def test_a_map_is_kept_by_gallery_model_and_method(tmp_path):
    points = spread(np.array([[0.5, -1], [1, 0.25]], np.float32), np.array([0, 2]), 3)
    save(tmp_path, "f" * 32, SPEC, "umap", points)
    np.testing.assert_array_equal(load(tmp_path, "f" * 32, SPEC, "umap"), [[0.5, -1], [np.nan, np.nan], [1, 0.25]])
    for other in (
        ("e" * 32, SPEC, "umap"),
        ("f" * 32, SPEC, "pca"),
        ("f" * 32, ModelSpec("clip", "tiny", "2"), "umap"),
    ):
        assert load(tmp_path, *other) is None
    assert [p.suffix for p in (tmp_path / "maps").iterdir()] == [".f32"]  # nothing is left beside


def test_a_workspace_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "maps").write_text("in the way")
    with pytest.raises(StoreError, match="map cannot be kept"):
        save(tmp_path, "f" * 32, SPEC, "pca", np.zeros((1, 2), np.float32))
