"""Prints the figures of the model cards from the shipped weights: `python -m assets.make.evaluate_models`."""

import argparse
import sys
import time
from collections.abc import Callable

import torch

from . import examine_coca, examine_copies, examine_diffusion
from .pictures import HELD_OUT, N_HELD_OUT, N_TUNING, TUNING, painted

_TUNED_AT, _HELD_OUT = 600, 300


def coca() -> None:
    """Zero-shot and captions, and how long they take."""
    examinee = examine_coca.Examinee()
    for name, (pictures, truth) in (
        ("held out, 128 px", examine_coca.held_out()),
        ("gallery's originals, 256 px", examine_coca.shipped()),
    ):
        for kind, shares in examine_coca.figures(examinee, pictures, truth).items():
            _say(f"{name}, {len(truth)} pictures, {kind}: " + ", ".join(f"{k} {v:.3f}" for k, v in shares.items()))
    x = examinee.prepared(examine_coca.held_out(200)[0])
    for kind, work in (("embed", lambda: examinee.embed(x)), ("describe", lambda: examinee.describe(x))):
        began = time.process_time()
        work()
        _say(f"{kind}: {(time.process_time() - began) / len(x) * 1000:.2f} ms a picture on one thread")


def copies() -> None:
    """Edits, thresholds, the gallery's planted pairs and the judged ones."""
    detector = examine_copies.load()
    for name, (auc, recall) in examine_copies.edits(detector, HELD_OUT, _HELD_OUT).items():
        _say(f"{name}: AUC {auc:.5f}, recall {recall:.3f} where .1 % of random pairs pass")
    often, rarely = examine_copies.thresholds(detector, TUNING, _TUNED_AT)
    _say(f"thresholds on {_TUNED_AT} tuning pictures: {often:.3f} passes .1 % of random pairs, {rarely:.3f} .001 %")
    for threshold in (often, examine_copies.DEFAULT_THRESHOLD):
        there, found, false = examine_copies.planted(detector, threshold)
        _say(f"gallery at {threshold:.3f}: {found} of {there} planted pairs, {false} false")
    for kind, auroc in examine_copies.judged(detector).items():
        _say(f"ciFAIR pairs against random pairs, {kind}: AUROC {auroc:.4f}")


def diffusion() -> None:
    """Autoencoder, places and localisation."""
    pipeline, pictures = examine_diffusion.load(), painted(HELD_OUT, N_HELD_OUT)
    others = painted(TUNING, N_TUNING).pixels
    learned, linear = examine_diffusion.autoencoder(pipeline, pictures.pixels[:500], others)
    _say(f"autoencoder {learned:.2f} dB, as many principal components of patches {linear:.2f} dB")
    right, localised = examine_diffusion.places(pipeline, pictures.pixels[:150], pictures.scenes[:150])
    _say(f"place by largest T, 16 draws, 150 pictures: {right:.3f}")
    for name, (share, error) in localised.items():
        _say(f"T in an element above T at the same place elsewhere, {name}: {share:.3f} ± {error:.3f}")


_PARTS: dict[str, Callable[[], None]] = {"coca": coca, "copies": copies, "diffusion": diffusion}


def main() -> None:
    """Evaluate all models, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", choices=[*_PARTS, []], help="all that are shipped unless named")
    torch.set_num_threads(1)
    shipped = ["coca", "copies", *(["diffusion"] if examine_diffusion.FOLDER.exists() else [])]
    for name in parser.parse_args().models or shipped:
        _say(f"-- {name}")
        _PARTS[name]()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
