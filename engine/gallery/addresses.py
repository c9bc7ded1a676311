"""Signed addresses: who may see a picture or a gallery is decided where its address is made, not by guessing a hash.

Streamlit's login does not reach routes of our own, so each address carries an HMAC of what it leads to and the user.
Addresses are relative: only a page knows by which name its reader has reached it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import cache
from pathlib import Path
from urllib.parse import quote

from engine.errors import StoreError


def picture_address(home: Path, hash: str, kind: str = "thumb.webp", user: str = "") -> str:
    """Where a picture is: `kind` is thumb.webp or full.webp."""
    return f"pictures/{hash}/{kind}{_signed(home, hash, user)}"


def cells_address(home: Path, fingerprint: str, user: str = "") -> str:
    """Where the cells of a gallery's grid are asked for by their places."""
    return f"galleries/{fingerprint}/pictures{_signed(home, cells_of(fingerprint), user)}"


def cells_of(fingerprint: str) -> str:
    """What the signature of a gallery's cells is of: never what a picture's could be of."""
    return f"gallery {fingerprint}"


def points_address(home: Path, name: str, version: str, user: str = "") -> str:
    """Where the points of the map of this name are; a map made anew has another address, so that caches may keep it."""
    return f"maps/{name}/points.f32{_signed(home, points_of(name), user)}&v={version}"


def points_of(name: str) -> str:
    """What the signature of a map's points is of."""
    return f"map {name}"


def zip_address(home: Path, fingerprint: str, what: str, user: str = "") -> str:
    """Where some pictures of a gallery are as a ZIP; `what` names them and the file, such as set-<id>."""
    return f"galleries/{fingerprint}/{what}.zip{_signed(home, zip_of(fingerprint, what), user)}"


def zip_of(fingerprint: str, what: str) -> str:
    """What the signature of a ZIP is of."""
    return f"zip {fingerprint} {what}"


def signature(home: Path, what: str, user: str = "") -> str:
    """24 hex digits that only this workspace can make for this picture or gallery and user."""
    return hmac.new(_secret(home), f"{what}\0{user}".encode(), hashlib.sha256).hexdigest()[:24]


def is_signed(home: Path, what: str, user: str, said: str) -> bool:
    """Whether `said` is that signature."""
    return hmac.compare_digest(signature(home, what, user).encode(), said.encode("utf-8", "replace"))


def _signed(home: Path, what: str, user: str) -> str:
    return f"?k={signature(home, what, user)}" + (f"&u={quote(user, safe='')}" if user else "")


@cache
def _secret(home: Path) -> bytes:
    path = home / "secret"
    try:
        home.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(secrets.token_bytes(32))
        except FileExistsError:
            pass
        return path.read_bytes()
    except OSError as problem:
        raise StoreError(
            f"{path} cannot be used: {problem.strerror}.", "Set VITRINE_HOME to a folder of yours."
        ) from None
