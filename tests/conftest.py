"""What every test stands on: settings in a folder of its own, no way out to the network, and data only makers have."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest

from engine.settings import Settings

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="module")
def one_thread():
    """Networks so small lose more than they gain by threads; a process of its own computes the same bits with one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def quick_translation(one_thread):
    """One thread, few steps: what comes out is rough, but is made in the same way."""
    del one_thread
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("engine.translation.STEPS", 3)
        patched.setattr("engine.translation.DRAWS", 4)
        patched.setattr("engine.translation.making._MAPS", 16)
        yield


@pytest.fixture
def shared():
    """The makers' folder; mark the test `shared`."""
    return SHARED


@pytest.fixture(autouse=True)
def _closed_sockets(monkeypatch):
    """Nothing but loopback and Unix sockets can be reached."""
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self, address, real=real):
            if self.family != getattr(socket, "AF_UNIX", None) and not _is_loopback(address[0]):
                raise PermissionError(f"tests do not connect to {address[0]}")
            return real(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def pytest_collection_modifyitems(items):
    if not SHARED.is_dir():
        for item in items:
            if item.get_closest_marker("shared"):
                item.add_marker(pytest.mark.skip(reason="../shared is not here"))
