"""Signed addresses of pictures: who may see a picture is decided where its address is made, not by guessing a hash.

Streamlit's login does not reach routes of our own, so each address carries an HMAC of hash and user.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import cache
from pathlib import Path

from engine.errors import StoreError


def signature(home: Path, hash: str, user: str = "") -> str:
    """24 hex digits that only this workspace can make for this picture and user."""
    return hmac.new(_secret(home), f"{hash}\0{user}".encode(), hashlib.sha256).hexdigest()[:24]


def is_signed(home: Path, hash: str, user: str, said: str) -> bool:
    """Whether `said` is that signature."""
    return hmac.compare_digest(signature(home, hash, user).encode(), said.encode("utf-8", "replace"))


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
