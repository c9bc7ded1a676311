"""The program: serves the pages and the pictures, keeps the worker and the live process alive, computes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FIRST_QUESTIONS = ("place", "subject", "colour", "time of day")
sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.concurrency import run_in_threadpool  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from engine import settings  # noqa: E402
from engine.analyses.clusters import Criterion, Params  # noqa: E402
from engine.errors import VitrineError  # noqa: E402
from engine.gallery import load_gallery, recent, shared_gallery  # noqa: E402
from engine.gallery.addresses import cells_of, is_signed, points_of, zip_of  # noqa: E402
from engine.gallery.packing import zipped  # noqa: E402
from engine.gallery.thumbs import full, thumbnail  # noqa: E402
from engine.jobs import live  # noqa: E402
from engine.jobs.asking import make_request  # noqa: E402
from engine.jobs.worker import PARENT  # noqa: E402
from engine.models import profiles  # noqa: E402
from engine.steps import layout  # noqa: E402
from engine.store.runs import Runs  # noqa: E402
from pages.parts import cells, zips  # noqa: E402

_KINDS = {"thumb.webp": thumbnail, "full.webp": full}
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class Child:
    """A process that is started again whenever it is gone; waits longer each time it dies young."""

    def __init__(self, word: str) -> None:
        self._word, self._process, self._wait, self._next = word, None, 0.0, 0.0
        self._began = 0.0

    def keep(self) -> None:
        """Start it, if it is not running and its time has come."""
        now = time.monotonic()
        if self._process and self._process.poll() is None:
            return
        if self._process and now >= self._next:
            young = now - self._began < 5
            self._wait = min(10.0, self._wait + 0.5) if young else 0.0
            self._next = now + self._wait
            self._process = None
        if now >= self._next:
            self._began = now
            environment = os.environ | {PARENT: str(os.getpid())}
            self._process = subprocess.Popen([sys.executable, "-m", "engine", self._word], cwd=ROOT, env=environment)

    def end(self) -> None:
        """Ask it to end, then make it."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(4)
            except subprocess.TimeoutExpired:
                self._process.kill()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """The worker and the live process, from the app's start to its end."""
    children = [Child("work"), Child("live")]

    async def keep() -> None:
        while True:
            for child in children:
                child.keep()
            await asyncio.sleep(0.3)

    tasks = [asyncio.create_task(keep()), asyncio.create_task(run_in_threadpool(first_start))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for child in children:
            await run_in_threadpool(child.end)


def first_start(tries: int = 60) -> None:
    """Open the gallery that ships with the program, where none was opened before, and ask the first questions of it."""
    config = settings.load()
    if recent(config.home):
        return
    for _ in range(tries):
        said = live.ask(config.home, "open", wait=4.0, path=str(profiles.POSTCARDS), labels="folder")
        if said["state"] == "failed":
            return
        if said["state"] == "done":
            gallery = load_gallery(said["fingerprint"], config.home)
            specs = profiles.specs("bundled", config, gallery.root)
            for criterion in FIRST_QUESTIONS:
                request = make_request("clusters", gallery, Params(Criterion(criterion)), specs)
                Runs(config.home).submit(request, background=True)
            return
        time.sleep(0.5)


async def picture(request: Request) -> Response:
    """A thumbnail or the whole picture, by content hash, for who holds a signed address."""
    hash, kind = request.path_params["hash"], request.path_params["kind"]
    user, said = request.query_params.get("u", ""), request.query_params.get("k", "")
    config = settings.load()
    if kind not in _KINDS or not is_signed(config.home, hash, user, said):
        return PlainTextResponse("This address is not signed by this app.", 403)
    try:
        path = await run_in_threadpool(_KINDS[kind], config.home, hash, config.max_pixels)
    except VitrineError as problem:
        return PlainTextResponse(problem.message, 404)
    return FileResponse(path, media_type="image/webp", headers=_FOREVER)


async def grid_cells(request: Request) -> Response:
    """What a grid shows of some pictures of a gallery, by their places in it, for who holds a signed address."""
    fingerprint, query = request.path_params["fingerprint"], request.query_params
    user, home = query.get("u", ""), settings.load().home
    if not is_signed(home, cells_of(fingerprint), user, query.get("k", "")):
        return PlainTextResponse("This address is not signed by this app.", 403)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > cells.LONGEST:
            return PlainTextResponse("This asks for too much.", 413)
    try:
        gallery = await run_in_threadpool(shared_gallery, fingerprint, home)
        pictures = [gallery.pictures[place] for place in cells.places_asked(body, gallery)]
    except VitrineError as problem:
        return PlainTextResponse(problem.message, 404)
    except ValueError:
        return PlainTextResponse(f"A list of at most {cells.MOST:,} places in this gallery is wanted.", 400)
    said = cells.cells(pictures, cells.left_captions(query.get("captions", "")), home, user)
    # ASCII: a file's name may hold halves of characters, which have no UTF-8.
    return Response(json.dumps(said), media_type="application/json", headers={"Cache-Control": "no-store"})


async def map_points(request: Request) -> Response:
    """The points of a map as float32 pairs, for who holds a signed address."""
    name, query, home = request.path_params["name"], request.query_params, settings.load().home
    if not is_signed(home, points_of(name), query.get("u", ""), query.get("k", "")):
        return PlainTextResponse("This address is not signed by this app.", 403)
    path = layout.path_named(home, name)  # only names that a page has signed get here
    if not path.is_file():
        return PlainTextResponse("This map is no longer here.", 404)
    # Said to be encoded, it is sent as it is: gzip takes seconds of eight megabytes, and saves a tenth.
    headers = {**_FOREVER, "Content-Encoding": "identity"}
    points = await run_in_threadpool(path.read_bytes)
    return Response(points, media_type="application/octet-stream", headers=headers)


async def pictures_zip(request: Request) -> Response:
    """The pictures of a set, a core-set or a run as a ZIP, made while it is sent, for who holds a signed address."""
    fingerprint, what = request.path_params["fingerprint"], request.path_params["what"]
    query, home = request.query_params, settings.load().home
    if not is_signed(home, zip_of(fingerprint, what), query.get("u", ""), query.get("k", "")):
        return PlainTextResponse("This address is not signed by this app.", 403)
    try:
        layout = await run_in_threadpool(zips.layout, fingerprint, what, home)
    except VitrineError as problem:
        return PlainTextResponse(problem.message, 404)
    headers = {"Content-Disposition": f'attachment; filename="{what}.zip"', "Cache-Control": "no-store"}
    # Said to be encoded, it is sent as it is: pictures are compressed already.
    return StreamingResponse(
        zipped(layout), media_type="application/zip", headers={**headers, "Content-Encoding": "identity"}
    )


ROUTES = [
    Route("/pictures/{hash}/{kind}", picture, methods=["GET"]),
    Route("/galleries/{fingerprint}/pictures", grid_cells, methods=["POST"]),
    Route("/galleries/{fingerprint}/{what}.zip", pictures_zip, methods=["GET"]),
    Route("/maps/{name}/points.f32", map_points, methods=["GET"]),
]
app = st.App(ROOT / "pages" / "frame.py", lifespan=lifespan, routes=ROUTES)

if __name__ == "__main__":
    app.run()
