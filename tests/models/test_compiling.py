import pytest
import torch

from engine.models import compiling
from engine.models.compiling import Compiling


class Doubling(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, noisy, times, return_dict=True):
        assert not return_dict
        return (self.weight * noisy + times[:, None],)


NOISY, TIMES = torch.ones(4, 3), torch.arange(4.0)


@pytest.fixture
def compiled(monkeypatch):
    """Shapes that the compiled form was called with."""
    shapes = []
    monkeypatch.setattr(compiling, "_can", lambda device: True)
    monkeypatch.setattr(compiling, "_LARGE", 1)

    def fake(network, dynamic):
        assert not dynamic

        def call(noisy, *others, return_dict):
            shapes.append(tuple(noisy.shape))
            return network(noisy, *others, return_dict=return_dict)

        return call

    monkeypatch.setattr(torch, "compile", fake)
    return shapes


def test_a_shape_is_compiled_once_it_has_taken_as_long(compiled):
    network = Compiling(Doubling(), "a model")
    plain = network(NOISY, TIMES)[0]
    network.spent((4, 3), 40.0)
    network(NOISY, TIMES)
    assert not compiled
    network.spent((4, 3), 40.0)
    torch.testing.assert_close(network(NOISY, TIMES)[0], plain)
    network(NOISY[:2], TIMES[:2])  # the rest of a batch would have to be compiled anew
    network(NOISY, TIMES)
    assert compiled == [(4, 3), (4, 3)]


@pytest.mark.parametrize("lacks", ["a GPU", "weights"])
def test_small_networks_and_processors_never_compile(compiled, monkeypatch, lacks):
    if lacks == "a GPU":
        monkeypatch.setattr(compiling, "_can", lambda device: device.type == "cuda")
    else:
        monkeypatch.setattr(compiling, "_LARGE", 2)
    network = Compiling(Doubling(), "a model")
    network.spent((4, 3), 1e6)
    network(NOISY, TIMES)
    assert not compiled


def test_without_a_compiler_it_goes_on(compiled, monkeypatch, caplog):
    tries = []

    def broken(network, dynamic):
        def call(*given, **named):
            tries.append(1)
            raise RuntimeError("no C compiler\nand a long trace")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    network = Compiling(Doubling(), "a model")
    network.spent((4, 3), 1e6)
    for _ in range(3):
        torch.testing.assert_close(network(NOISY, TIMES)[0], 2 * NOISY + TIMES[:, None])
    assert len(tries) == 1
    assert "a model goes on without compiling: no C compiler." in caplog.text


def test_memory_that_runs_out_is_no_reason_to_give_up_compiling(compiled, monkeypatch):
    def full(network, dynamic):
        def call(*given, **named):
            raise torch.OutOfMemoryError

        return call

    monkeypatch.setattr(torch, "compile", full)
    network = Compiling(Doubling(), "a model")
    network.spent((4, 3), 1e6)
    with pytest.raises(torch.OutOfMemoryError):
        network(NOISY, TIMES)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: a compiled network was not run")
def test_compiled_on_a_gpu_says_the_same(monkeypatch):
    monkeypatch.setattr(compiling, "_LARGE", 1)
    network = Compiling(Doubling().cuda(), "a model")
    before = network(NOISY.cuda(), TIMES.cuda())[0]
    network.spent((4, 3), 1e6)
    torch.testing.assert_close(network(NOISY.cuda(), TIMES.cuda())[0], before)
    assert network._compiled is not None
    assert not network._fails
