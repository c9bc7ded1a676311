"""Endpoints that end with their test, workspaces, and undisturbed runs to compare with."""

import pytest

from tests.acceptance.programs import OBJECT, Endpoint, Place


@pytest.fixture
def serve():
    """Starts replay endpoints with the given flags."""
    started = []

    def start(*flags, port=0):
        started.append(Endpoint(*flags, port=port))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.close()


@pytest.fixture
def place(tmp_path):
    """Makes a workspace that asks an endpoint."""

    def make(endpoint=None, name="home", **variables):
        url = endpoint if isinstance(endpoint, str) else endpoint.url if endpoint else ""
        return Place(tmp_path / name, url, {f"VITRINE_{key}": value for key, value in variables.items()})

    return make


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The undisturbed run over 1,000 pictures in 10 clusters: its endpoint, its workspace, folder, how it ended."""
    endpoint, root = Endpoint(), tmp_path_factory.mktemp("whole")
    home = Place(root / "home", endpoint.url)
    said = home.vitrine("clusters", *OBJECT, "--k", "10", "--out", root / "out")
    yield endpoint, home, root / "out", said
    endpoint.close()


@pytest.fixture(scope="session")
def undisturbed(whole):
    """Makes the folder of an undisturbed run over a sample, or over everything; asked once a size."""
    _, home, out, _ = whole
    made = {None: out}

    def folder(sample=None):
        if sample not in made:
            made[sample] = out.with_name(f"out{sample}")
            home.inside("clusters", *sampled(sample), "--out", made[sample]).worked()
        return made[sample]

    return folder


def sampled(sample):
    return [*OBJECT, "--k", "10", "--sample", sample, "--seed", 1]
