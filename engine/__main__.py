"""The command line: `python -m engine clusters FOLDER --criterion mood`. Figures go to stdout, the rest to stderr.

Exit codes: 0 done, 1 the run failed (one line says why and what to do), 2 wrong words, 130 stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

from engine import settings
from engine.errors import SettingsError, VitrineError
from engine.gallery import Gallery, sets
from engine.jobs.asking import chosen, estimate, leaves_for, make_request
from engine.jobs.execute import execute, read_result
from engine.jobs.preparing import WHAT
from engine.models import profiles
from engine.progress import Progress
from engine.settings import Settings
from engine.store.runs import ACTIVE, Request, Run, Runs, Status


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command; returns its exit code."""
    said = _parser().parse_args(words)
    try:
        return said.do(said)
    except SettingsError as problem:
        _say(f"vitrine: {problem}")
        return 2
    except VitrineError as problem:
        _say(f"vitrine: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


def _clusters(said: argparse.Namespace) -> int:
    from engine.analyses.clusters import Criterion, Params

    criterion = Criterion(said.criterion.strip(), said.look_at.strip(), said.ignore.strip())
    params = Params(criterion, said.k, _names(said.keep), _names(said.avoid))
    return _run("clusters", params, said, _print_clusters)


def _run(name: str, params: Any, said: argparse.Namespace, show: Any) -> int:  # noqa: ANN401
    """Open, price, ask, show, write: the same for every analysis."""
    config = settings.load()
    if said.out and Path(said.out).resolve() == Path(said.folder).resolve():
        raise SettingsError("--out is FOLDER itself: its tables would be read as labels.", "Name another folder.")
    if said.device:
        config = replace(config, device=said.device)
    specs = profiles.specs(said.models or config.models, config, said.folder)  # before a long scan
    if roles := profiles.strangers(specs, said.folder):
        _say(f"note: {', '.join(roles)}: a bundled model, which knows only Postcards; of other pictures it guesses")
    gallery = _opened(said, config)
    part = sets.find(gallery, said.set, config.home) if said.set else None
    request = make_request(name, gallery, params, specs, said.seed, said.sample, part)
    if said.dry_run:
        price = estimate(request, gallery, params, config)
        print(json.dumps(_price(price, config), indent=2) if said.json else _price_line(price, config))
        return 0
    run = Runs(config.home).submit(request, said.budget, said.again)
    said.opened = run.status.state == "done"
    if not said.opened:
        _say_what_moves(request, gallery)
    status = _carried_out(run, config)
    if status.state != "done":
        _say(f"vitrine: {status.error} {status.hint}".strip())
        return 130 if status.state == "stopped" else 1
    result = read_result(run)
    show(run, status, result, said)
    if said.out:
        from engine.store.export import export

        export(run, result, Path(said.out))
    if getattr(said, "copy", False):
        _copy_coreset(gallery, result.coreset.files, Path(said.out) / "coreset")
    return 0


def _opened(said: argparse.Namespace, config: Settings) -> Gallery:
    """The gallery of a folder, or of an archive unpacked into the workspace; what could not be read is said."""
    from engine.gallery import open_folder, uploads

    folder = Path(said.folder)
    if folder.is_file() and folder.suffix.lower() in (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz"):
        folder = uploads.import_archive(folder, folder.name, config)
    gallery = open_folder(folder, config, said.labels, _scanning())
    for unread in gallery.unread:
        _say(f"not read: {unread.name}: {unread.reason}")
    return gallery


def _say_what_moves(request: Request, gallery: Gallery) -> None:
    """What will leave this machine, and what will be fetched to it."""
    if host := leaves_for(request.models):
        _say(f"{len(chosen(gallery, request.members))} pictures will be sent to {host}")
    for w in profiles.to_fetch(request.models):
        _say(f"{w.spec.name} is not on this machine: {w.gigabytes:g} GB will be fetched to {profiles.hub_cache()}")


def _carried_out(run: Run, config: Settings) -> Status:
    """The run's status after it ended, by us or by whoever holds it already."""

    def stop(*_: object) -> None:
        (run.path / "cancel").touch()

    first = True
    while True:
        with run.hold() as got:
            if got and (run.status.state == "done" or (not first and run.status.state not in ACTIVE)):
                return run.status
            if got:
                before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
                try:
                    return execute(run, config, _watching())
                finally:
                    for name, handler in before.items():
                        signal.signal(name, handler)
        if first:
            _say(f"run {run.id} is being carried out by process {run.status.pid}; waiting for it")
            first = False
        time.sleep(0.3)


def _print_clusters(run: Run, status: Status, result: Any, said: argparse.Namespace) -> None:  # noqa: ANN401
    for note in (*status.notes, *result.notes):
        _say(f"note: {note}")
    for row in result.rows:
        if row.how == "unanswered":
            _say(f"unanswered: {row.file}: {row.why}")
    if said.json:
        print(json.dumps({"run": run.id, "status": asdict(status), "result": asdict(result)}))
        return
    n = len(result.rows)
    width = max([10, *(len(c.name) for c in result.clusters)])
    print(f"{len(result.clusters)} clusters of {n} pictures by {result.criterion.name!r}")
    for c in result.clusters:
        shown = ", ".join(list(c.labels)[:6])
        print(f"  {c.name:<{width}}  {c.size:>6}  {c.size / n:>6.1%}  {shown}")
    for how in ("unassigned", "unanswered"):
        if count := sum(r.how == how for r in result.rows):
            print(f"  {how:<{width}}  {count:>6}  {count / n:>6.1%}")
    if result.missing:
        print(f"perhaps missing: {', '.join(f'{label} ({k})' for label, k in result.missing.items())}")
    if a := result.agreement:
        print(
            f"agreement with the labels: {a.accuracy:.3f} [{a.low:.3f}, {a.high:.3f}]  NMI {a.nmi:.3f}  ARI {a.ari:.3f}"
        )
    print(f"to review: {len(result.review)} pictures ({len(result.review) / n:.1%})")
    known, vision = status.known, status.asked.get("describe", 0)
    questions = f"{vision} vision, {sum(status.asked.values()) - vision} chat questions"
    print(
        f"asked: {f'0 vision, 0 chat questions · answered before for {questions}' if said.opened else questions}"
        f" · from the store: {sum(known.values())} answers · {status.tokens_in + status.tokens_out:,} tokens"
        + (f" · {status.money:.4g} money" if status.money is not None else "")
        + f" · {status.seconds:.1f} s"
    )
    print(f"run {run.id}" + (f", revision {status.revision}" if status.revision > 1 else ""))


def _diversity(said: argparse.Namespace) -> int:
    from engine.analyses.diversity import Params, files

    params = Params(
        threshold=said.threshold,
        by=said.by,
        at=said.at,
        coreset=said.coreset,
        method=said.method,
        balanced=said.balanced,
        weights=said.weights,
        pinned=_lines(said.pin),
        left_out=_lines(said.leave_out),
    )
    of_vectors = Path(said.folder).suffix in files.SUFFIXES
    if said.copy and (of_vectors or not said.coreset or not said.out):
        raise SettingsError("--copy copies a core-set's pictures.", "Give a folder of pictures, --coreset and --out.")
    if said.copy and Path(said.out).resolve().is_relative_to(Path(said.folder).resolve()):
        raise SettingsError("--out lies in FOLDER: copies would be read as its pictures.", "Name another folder.")
    return _diversity_of_vectors(params, said) if of_vectors else _run("diversity", params, said, _print_diversity)


def _copy_coreset(gallery: Gallery, names: Sequence[str], to: Path) -> None:
    from engine.gallery.packing import copy_pictures

    chosen = [gallery.by_name[name] for name in names]
    left_out = copy_pictures(chosen, to)
    for unread in left_out:
        _say(f"not copied: {unread.name}: {unread.reason}")
    _say(f"{len(chosen) - len(left_out)} pictures copied to {to}")


def _diversity_of_vectors(params: Any, said: argparse.Namespace) -> int:  # noqa: ANN401
    """Vectors from a file: nothing is embedded, and no run is kept."""
    from engine.analyses.diversity import files, of_vectors
    from engine.store.export import write

    if said.set or said.sample is not None:
        raise SettingsError("--set and --sample are of pictures.", "Give the folder, or a file of fewer vectors.")
    vectors, names = files.read_vectors(Path(said.folder))
    if said.dry_run:
        what = {"vectors": len(vectors), "numbers": vectors.shape[1:] and vectors.shape[1]}
        print(json.dumps(what) if said.json else f"{what['vectors']:,} vectors of {what['numbers']:,} numbers")
        return 0
    result = of_vectors(vectors, params, names, said.seed, Progress(_watching()))
    _print_result(result, said, {})
    if said.out:
        write("diversity", result, Path(said.out))
    return 0


def _print_diversity(run: Run, status: Status, result: Any, said: argparse.Namespace) -> None:  # noqa: ANN401
    for note in status.notes:
        _say(f"note: {note}")
    _print_result(result, said, {"run": run.id, "status": asdict(status)})
    if not said.json:
        asked, known = sum(status.asked.values()), sum(status.known.values())
        print(f"vectors: {0 if said.opened else asked:,} computed, {known:,} known · {status.seconds:.1f} s")
        print(f"run {run.id}")


def _print_result(result: Any, said: argparse.Namespace, more: dict[str, Any]) -> None:  # noqa: ANN401
    from engine.analyses.diversity.words import lines

    for note in result.notes:
        _say(f"note: {note}")
    for unread in result.unread:
        _say(f"not read: {unread.name}: {unread.reason}")
    print(json.dumps({**more, "result": asdict(result)}) if said.json else "\n".join(lines(result)))


def _lines(path: str) -> tuple[str, ...]:
    """Names of pictures from a file, a line each; none without a file."""
    if not path:
        return ()
    try:
        text = Path(path).read_text("utf-8", errors="surrogateescape")
    except OSError as problem:
        raise SettingsError(f"{path} cannot be read: {problem.strerror}.", "Give a text file, a name a line.") from None
    return tuple(line for line in text.splitlines() if line.strip())


def _list_runs(said: argparse.Namespace) -> int:
    for run, status in Runs(settings.load().home).all():
        if run.is_damaged:
            print(f"{run.id}  {'damaged':<11}  request.json cannot be read: ask the same again")
            continue
        request = run.request
        what = request.params.get("criterion", {}).get("name", "")
        if status.state == "running" and not run.is_held:
            status.state, status.error = "interrupted", "Ask it again to go on."
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.queued))
        if said.json:
            print(json.dumps({"run": run.id, **asdict(status)}))
        else:
            print(f"{run.id}  {when}  {status.state:<11}  {request.analysis:<12} {what:<24} {status.error}".rstrip())
    return 0


def _export(said: argparse.Namespace) -> int:
    from engine.store.export import export

    run = Runs(settings.load().home).get(said.run)
    for path in export(run, read_result(run), Path(said.to)):
        print(path)
    return 0


def _work(said: argparse.Namespace) -> int:
    from engine.jobs.worker import Ending, work

    del said
    work(settings.load, Ending())
    return 0


def _live(said: argparse.Namespace) -> int:
    from engine.jobs.live import serve
    from engine.jobs.worker import Ending

    del said
    serve(settings.load, Ending())
    return 0


def _warm(said: argparse.Namespace) -> int:
    from engine.gallery import load_gallery
    from engine.jobs.preparing import prepare
    from engine.jobs.worker import Ending

    config, ending = settings.load(), Ending("Ended: it goes on when it is asked for again.")
    os.nice(10)  # runs, and who looks at pages, go first
    config = replace(config, device=said.device or config.device)
    known = re.fullmatch(r"[0-9a-f]{32}", said.folder) and not Path(said.folder).exists()
    gallery = load_gallery(said.folder, config.home) if known else _opened(said, config)
    specs = profiles.specs(said.models or config.models, config, gallery.root)
    for what in [said.only] if said.only else WHAT:
        progress = Progress(_as_json if said.json else _watching(), ending)
        prepare(gallery, what, specs, config, progress)
        for note in progress.notes:
            _say(f"note: {note}")
    return 0


def _as_json(progress: Progress) -> None:
    print(json.dumps({"step": progress.step, "done": progress.done, "total": progress.total}), flush=True)


def _price(price: Any, config: Settings) -> dict[str, Any]:  # noqa: ANN401
    return {
        "pictures": price.pictures,
        "questions": {r.role: r.questions for r in price.roles},
        "known": sum(r.known for r in price.roles),
        "tokens": round(price.tokens),
        "money": price.money(config.prices),
        "seconds": round(price.seconds, 1),
    }


def _price_line(price: Any, config: Settings) -> str:  # noqa: ANN401
    by_role = ", ".join(f"{'about ' * (r.role == 'chat')}{r.questions:,} {r.role}" for r in price.roles)
    money = price.money(config.prices)
    if {r.role for r in price.roles} <= {"matcher", "embedder"}:
        needed, known = sum(r.questions for r in price.roles), sum(r.known for r in price.roles)
        return (
            f"{needed:,} of {price.pictures:,} pictures need a vector ({known:,} known) · about {price.seconds:,.0f} s"
        )
    return (
        f"{price.pictures:,} pictures: {by_role} questions ({sum(r.known for r in price.roles):,} known already)"
        f" · about {price.tokens:,.0f} tokens"
        + (f" · about {money:.4g} money" if money is not None else "")
        + f" · about {price.seconds:,.0f} s"
        + ("" if all(r.measured for r in price.roles) else " (not yet measured here)")
    )


def _scanning() -> Any:  # noqa: ANN401
    shown = [0.0]

    def count(done: int, total: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - shown[0] > 0.3:
            shown[0] = time.monotonic()
            _say(f"\rreading {done:,} of {total:,} files \033[K", end="\r")

    return count


def _watching() -> Any:  # noqa: ANN401
    shown, step = [0.0], [""]

    def watch(progress: Progress) -> None:
        if not sys.stderr.isatty():
            if progress.step != step[0]:
                step[0] = progress.step
                _say(f"{progress.step} ({progress.total:,})" if progress.total else progress.step)
            return
        if time.monotonic() - shown[0] > 0.3:
            shown[0] = time.monotonic()
            left = f" · {progress.seconds_left:,.0f} s left" if progress.seconds_left else ""
            _say(
                f"{progress.step} {progress.done:,} of {progress.total:,} · {progress.rate:.1f}/s{left}\033[K", end="\r"
            )

    return watch


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _say(text: str, end: str = "\n") -> None:
    print(text.encode("utf-8", "replace").decode(), end=end, file=sys.stderr, flush=True)


def _money(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of money")
    return value


def _device(text: str) -> str:
    if text and not settings.DEVICES.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no device; use auto, cpu, cuda, cuda:0 or cuda:0,1")
    return text


def _folder(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


class _Parser(argparse.ArgumentParser):
    def __init__(self, **words: Any) -> None:  # noqa: ANN401
        super().__init__(**words, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        _say(f"vitrine: {message}. See {self.prog} --help.")
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    top = _Parser(prog="python -m engine", description="Shows what is in a set of images.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    common = _Parser(add_help=False)
    common.add_argument("--models", default="", help="bundled, local, endpoint, or a TOML file with a table a role")
    common.add_argument("--labels", default="folder", help="folder, last, none, a column, or a pattern with {label}")
    common.add_argument("--budget", type=_money, help="stop when so much money is spent (needs prices)")
    common.add_argument("--again", action="store_true", help="ask again for what stayed unanswered")
    common.add_argument("--device", type=_device, default="", help="auto, cpu, cuda, cuda:N or cuda:N,M")
    common.add_argument("--set", default="", help="a saved set's name, or COLUMN=VALUE such as label=beach")
    common.add_argument("--sample", type=int, help="so many pictures at random")
    common.add_argument("--seed", type=int, default=0)
    common.add_argument("--out", default="", help="write result.json and CSV tables into this folder")
    common.add_argument("--json", action="store_true", help="print the whole result as JSON")
    common.add_argument("--dry-run", action="store_true", help="print the estimate and end")

    clusters = commands.add_parser("clusters", parents=[common], help="named clusters for a criterion")
    clusters.add_argument("folder", metavar="FOLDER", type=_folder)
    clusters.add_argument("--criterion", required=True, help="what to group by, such as mood")
    clusters.add_argument("--k", default="auto", help="auto, a number, or a range such as 5-12")
    clusters.add_argument("--look-at", default="", help="what in the picture counts")
    clusters.add_argument("--ignore", default="", help="what must not count")
    clusters.add_argument("--keep", default="", help="cluster names that must be there, with commas")
    clusters.add_argument("--avoid", default="", help="cluster names that must not")
    clusters.set_defaults(do=_clusters)

    diversity = commands.add_parser("diversity", parents=[common], help="how diverse a set is, duplicates, a core-set")
    diversity.add_argument("folder", metavar="FOLDER|VECTORS.npy|.parquet", type=_folder)
    diversity.add_argument("--by", default="", help="a column, such as label: its values are compared at equal size")
    diversity.add_argument("--at", type=int, help="so many pictures of each part; by default as many as the smallest")
    diversity.add_argument("--threshold", type=float, help="cosine of duplicates; by default as the model's card says")
    diversity.add_argument("--coreset", type=int, default=0, metavar="M", help="choose M pictures that stand for all")
    diversity.add_argument("--method", default="facility location", help="facility location, k-center or spectrum")
    diversity.add_argument("--balanced", action="store_true", help="as many of each label in the core-set")
    diversity.add_argument("--weights", default="", help="a column of numbers: a picture of weight 2 counts as two")
    diversity.add_argument("--pin", default="", metavar="FILE", help="names, a line each, that must be in the core-set")
    diversity.add_argument("--leave-out", default="", metavar="FILE", help="names, a line each, that must not")
    diversity.add_argument("--copy", action="store_true", help="copy the core-set's pictures into DIR/coreset")
    diversity.set_defaults(do=_diversity)

    runs = commands.add_parser("runs", help="list every run")
    runs.add_argument("--json", action="store_true")
    runs.set_defaults(do=_list_runs)
    out = commands.add_parser("export", help="write a run's result and tables into a folder")
    out.add_argument("run", metavar="RUN")
    out.add_argument("--to", required=True, metavar="DIR")
    out.set_defaults(do=_export)
    warm = commands.add_parser("warm", help="make thumbnails, measures, vectors and the map of a gallery ahead")
    warm.add_argument("folder", metavar="FOLDER", type=_folder)
    warm.add_argument("--models", default="", help="bundled, local, endpoint, or a TOML file with a table a role")
    warm.add_argument("--labels", default="folder", help="folder, last, none, a column, or a pattern with {label}")
    warm.add_argument("--device", type=_device, default="", help="auto, cpu, cuda, cuda:N or cuda:N,M")
    warm.add_argument("--only", choices=WHAT, default="", help="just one of them")
    warm.add_argument("--json", action="store_true", help="progress as JSON lines on stdout")
    warm.set_defaults(do=_warm)
    commands.add_parser("work", help="carry out queued runs until told to end").set_defaults(do=_work)
    commands.add_parser("live", help="answer small questions of the pages").set_defaults(do=_live)
    return top


if __name__ == "__main__":
    sys.exit(main())
