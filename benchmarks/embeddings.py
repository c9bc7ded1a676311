"""Vectors of pictures: the bare forward pass, our whole way from files to the store, and a plain DataLoader's loop.

Three models, each on the same pictures in all ways, in turns within one run: the bundled CoCa on its postcards, a
ViT-B-32 of open_clip and a ResNet-50 of SSCD's shape, both with random weights, on JPEGs of 640 x 480. The bare pass
has its tensors ready; on a processor it runs as torch does by default and with one thread a batch, and the faster
counts.

Where decoding needs the very cores that the network computes on, no way from files can be faster than the network's
share of the processor time of both. Beside other work on the same cores, trust the processor times.

    python -m benchmarks.embeddings [--rounds 3]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import open_clip
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from engine.gallery import Picture, open_folder
from engine.models import load
from engine.models.batches import ON_PROCESSOR
from engine.models.profiles import POSTCARDS, ROOT
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.embeddings import embed

GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if GPU else "cpu")
BATCH = 128 if GPU else 32  # of the bare pass and the plain loop
COCA = ROOT / "assets" / "models" / "coca"
WAYS = BARE, THREADS, OURS, PLAIN = "bare", "bare, a thread a batch", "ours", "DataLoader"
DECODE = "decode"


@dataclass(frozen=True)
class Files(Dataset):
    """Pictures as a DataLoader wants them."""

    pictures: Sequence[Picture]
    prepare: Callable[[Image.Image], torch.Tensor]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, place: int) -> torch.Tensor:
        with Image.open(self.pictures[place].path) as image:
            return self.prepare(image.convert("RGB"))


@dataclass
class Contest:
    """One model on some pictures, in every way."""

    name: str
    role: str
    spec: ModelSpec
    network: str  # the model's method or attribute that is the forward pass
    prepare: Any  # as the model's authors publish it
    pictures: Sequence[Picture]
    wall: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # seconds of each round, by way
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.model = load(self.role, self.spec, Settings(home=Path("/nonexistent")))
        self.forward = getattr(self.model._model, self.network)
        self.dtype = next(self.model._model.parameters()).dtype
        files = Files(self.pictures, self.prepare)
        self.loader = DataLoader(files, BATCH, num_workers=os.cpu_count() or 1, persistent_workers=True, pin_memory=GPU)
        self.ready = torch.cat(list(self.loader)).to(DEVICE, self.dtype)  # starts its processes, too

    def round(self) -> None:
        """Every way once."""
        for way, work in zip(WAYS, (self.bare, self.threads, self.ours, self.plain), strict=True):
            if way != THREADS or not GPU:
                self.time(way, work)
        with one_thread():
            self.time(DECODE, lambda: [self.model._prepared(picture) for picture in self.pictures])

    def time(self, way: str, work: Callable[[], object]) -> None:
        """Note what it takes, with all that a GPU still has to do and what the DataLoader's processes did."""
        began, cpu = time.perf_counter(), processor_seconds()
        work()
        if GPU:
            torch.cuda.synchronize()
        self.wall[way].append(time.perf_counter() - began)
        self.cpu[way].append(processor_seconds() - cpu)

    @torch.inference_mode()
    def bare(self) -> None:
        """The network on ready tensors."""
        for batch in self.ready.split(BATCH):
            self.forward(batch)

    def threads(self) -> None:
        """The same with our batches, as many at once as there are cores."""

        @torch.inference_mode()
        def one(batch: torch.Tensor) -> None:
            self.forward(batch)

        with one_thread() as cores, ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(one, self.ready.split(ON_PROCESSOR)))

    def ours(self) -> None:
        """From files to a new workspace's store."""
        with tempfile.TemporaryDirectory() as home:
            settings = Settings(home=Path(home))
            found = embed(self.pictures, self.spec, settings, Progress(), self.role, lambda *_: self.model)
        assert len(found.places) == len(self.pictures)

    @torch.inference_mode()
    def plain(self) -> None:
        """The loop that everybody writes."""
        for batch in self.loader:
            self.forward(batch.to(DEVICE, self.dtype, non_blocking=True)).float().cpu()

    def speeds(self) -> str:
        """Pictures a second, of the best round."""
        speed = {way: len(self.pictures) / min(took) for way, took in self.wall.items()}
        bare = max(speed[BARE], speed.get(THREADS, 0))
        told = [f"{speed[way]:,.1f}" if way in speed else "" for way in WAYS]
        return row(self.name, len(self.pictures), *told, *(f"{speed[way] / bare:.0%}" for way in (OURS, PLAIN)))

    def costs(self) -> str:
        """Processor milliseconds a picture, of the least round."""
        cost = {way: 1000 * min(took) / len(self.pictures) for way, took in self.cpu.items()}
        bare = min(cost[way] for way in (BARE, THREADS) if way in cost)
        told = [f"{cost[way]:,.1f}" if way in cost else "" for way in (*WAYS, DECODE)]
        shares = bare / cost[OURS], bare / cost[PLAIN], bare / (bare + cost[DECODE])
        return row(self.name, *told, *(f"{share:.0%}" for share in shares))


def row(*cells: object) -> str:
    """A line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def processor_seconds() -> float:
    """Of the whole program so far, children included."""
    children = [Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split() for child in active_children()]
    ticks = sum(int(n) for stat in children for n in stat[11:13])  # user, system
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def one_thread() -> Iterator[int]:
    """One thread an operation; yields how many there were."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def vit(folder: Path) -> Path:
    """A random ViT-B-32 as open_clip saves one, with the bundled tokenizer."""
    config = open_clip.get_model_config("ViT-B-32")
    assert config
    config["text_cfg"] |= {"hf_tokenizer_name": "postcards", "context_length": 24, "vocab_size": 722}
    normal = {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD}
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(COCA / name, folder)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": normal}))
    model = open_clip.create_model(f"local-dir:{folder}")
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def resnet(path: Path) -> Path:
    """A random ResNet-50 with 512 outputs, as TorchScript."""
    model = torchvision.models.resnet50(num_classes=512).eval()
    torch.jit.trace(model, torch.zeros(1, 3, 64, 64)).save(str(path))  # type: ignore[union-attr]
    return path


def photos(folder: Path, n: int) -> Sequence[Picture]:
    """JPEGs of 640 x 480 with the postcards' content."""
    folder.mkdir()
    cards = sorted(POSTCARDS.rglob("*.webp"))
    for i in range(n):
        with Image.open(cards[i % len(cards)]) as image:
            image.convert("RGB").resize((640, 480)).save(folder / f"{i:05}.jpg", quality=90 - i // len(cards))
    return open_folder(folder, Settings(home=folder.parent / "home")).pictures


def contests(scratch: Path) -> Iterator[Contest]:
    """The three."""
    postcards = open_folder(POSTCARDS, Settings(home=scratch / "home")).pictures
    prepare = lambda folder: open_clip.create_model_and_transforms(f"local-dir:{folder}")[2]  # noqa: E731
    coca = ModelSpec("clip", str(COCA))
    yield Contest("CoCa, bundled", "matcher", coca, "encode_image", prepare(COCA), postcards)
    shown = photos(scratch / "photos", 2048 if GPU else 32)
    folder = vit(scratch / "vit")
    yield Contest("ViT-B-32", "matcher", ModelSpec("clip", str(folder)), "encode_image", prepare(folder), shown)
    path = resnet(scratch / "resnet.pt")
    embedder = ModelSpec("sscd", str(path), options={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    published = Compose([Resize((320, 320)), ToTensor(), Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
    yield Contest("ResNet-50, 320 px", "embedder", embedder, "forward", published, shown if GPU else shown[:16])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    machine = torch.cuda.get_device_name() if GPU else platform.machine()
    busy = f"{os.getloadavg()[0]:.1f} processes at work before"
    print(f"{time.strftime('%Y-%m-%d')} · {machine}, {os.cpu_count()} cores, {busy} · torch {torch.__version__}\n")
    costs = []
    print(row("pictures a second", "pictures", *WAYS, "ours/bare", "DataLoader/bare"))
    print("|---|" + "---|" * 7)
    with tempfile.TemporaryDirectory() as scratch:
        for contest in contests(Path(scratch)):
            for _ in range(rounds):
                contest.round()
            print(contest.speeds(), flush=True)
            costs.append(contest.costs())
            del contest.loader  # and its processes
    if not GPU:
        print("\n" + row("processor ms a picture", *WAYS, DECODE, "bare/ours", "bare/DataLoader", "at best"))
        print("|---|" + "---|" * 8)
        print("\n".join(costs))


if __name__ == "__main__":
    main()
