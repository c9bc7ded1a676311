"""Settings: VITRINE_* variables first, then ./vitrine.toml, then vitrine.toml in the workspace, then defaults.

Keys come from the environment or .streamlit/secrets.toml only. They are never written, shown, or part of a name.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from engine.errors import SettingsError

DEVICES = re.compile(r"auto|cpu|cuda(:\d+(,\d+)*)?")


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server and how to ask it. `timeout` is in seconds, one request's."""

    url: str = ""
    key: str = field(default="", repr=False)
    vision_model: str = ""
    chat_model: str = ""
    concurrency: int = 32
    timeout: float = 60.0


@dataclass(frozen=True)
class Prices:
    """Money per million tokens; None where nobody said."""

    input_per_million: float | None = None
    output_per_million: float | None = None

    @property
    def known(self) -> bool:
        """Whether money can be counted at all."""
        return self.input_per_million is not None and self.output_per_million is not None

    def money(self, tokens_in: float, tokens_out: float) -> float | None:
        """What so many tokens cost, or None where no prices are set."""
        if self.input_per_million is None or self.output_per_million is None:
            return None
        return (tokens_in * self.input_per_million + tokens_out * self.output_per_million) / 1e6


@dataclass(frozen=True)
class Settings:
    """All that a person can set. Paths are absolute."""

    home: Path
    models: str = ""  # a profile, or a TOML file; empty: the endpoint if one is connected, else bundled
    endpoint: Endpoint = field(default_factory=Endpoint)
    prices: Prices = field(default_factory=Prices)
    device: str = "auto"
    roots: tuple[Path, ...] | None = None  # None: every folder, allowed only while bound to loopback
    max_pixels: int = 200_000_000


def load(environ: Mapping[str, str] | None = None, here: Path | None = None) -> Settings:
    """Read the settings in force.

    Args:
        environ: variables to read instead of the process's own (tests).
        here: the folder whose vitrine.toml and .streamlit/secrets.toml count; the current one by default.

    Raises:
        SettingsError: a file that is no TOML, or a value of the wrong kind.
    """
    env = os.environ if environ is None else environ
    here = here or Path.cwd()
    home = Path(env.get("VITRINE_HOME") or Path.home() / ".vitrine").expanduser().absolute()
    said = _merged(_read(home / "vitrine.toml"), _read(here / "vitrine.toml"))
    end, price = said.get("endpoint", {}), said.get("prices", {})
    secrets = _read(here / ".streamlit" / "secrets.toml")

    def pick(variable: str, value: object) -> str:
        return env.get(f"VITRINE_{variable}") or ("" if value is None else str(value))

    roots = pick("ROOTS", os.pathsep.join(_folders(said.get("roots"))))
    return Settings(
        home=home,
        models=pick("MODELS", said.get("models")),
        endpoint=Endpoint(
            url=pick("ENDPOINT_URL", end.get("url")).rstrip("/"),
            key=env.get("VITRINE_ENDPOINT_KEY") or str(secrets.get("VITRINE_ENDPOINT_KEY", "")),
            vision_model=pick("VISION_MODEL", end.get("vision_model")),
            chat_model=pick("CHAT_MODEL", end.get("chat_model")),
            concurrency=int(_number("VITRINE_CONCURRENCY", pick("CONCURRENCY", end.get("concurrency")), 32, least=1)),
            timeout=float(_number("VITRINE_TIMEOUT", pick("TIMEOUT", end.get("timeout")), 60, least=1)),
        ),
        prices=Prices(_price(price, "input_per_million"), _price(price, "output_per_million")),
        device=pick("DEVICE", said.get("device")) or "auto",
        roots=tuple(Path(r).expanduser().resolve() for r in roots.split(os.pathsep) if r) or None,
        max_pixels=int(_number("VITRINE_MAX_PIXELS", pick("MAX_PIXELS", said.get("max_pixels")), 200_000_000, least=1)),
    )


def save_endpoint(settings: Settings, endpoint: Endpoint, prices: Prices) -> Settings:
    """Write the endpoint and prices (never the key) to the workspace's vitrine.toml, keeping what else it says.

    The file is for its owner's eyes only, as the URL may hold a user and a password.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    said = _read(settings.home / "vitrine.toml")
    said["models"] = "endpoint"
    said["endpoint"] = {
        "url": endpoint.url.rstrip("/"),
        "vision_model": endpoint.vision_model,
        "chat_model": endpoint.chat_model,
        "concurrency": endpoint.concurrency,
        "timeout": endpoint.timeout,
    }
    kept = {"input_per_million": prices.input_per_million, "output_per_million": prices.output_per_million}
    said["prices"] = {name: value for name, value in kept.items() if value is not None}
    _write(settings.home, said)
    return replace(settings, models="endpoint", endpoint=replace(endpoint, key=settings.endpoint.key), prices=prices)


def save_profile(settings: Settings, profile: str) -> None:
    """Write which profile answers to the workspace's vitrine.toml, keeping what else it says.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    said = _read(settings.home / "vitrine.toml")
    _write(settings.home, {**said, "models": profile})


def public_url(url: str) -> str:
    """A URL less its user, password, query and fragment: fit to be shown, stored and named by.

    Empty where it is no URL with a host: nobody knows then which part of it is a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port out of range, brackets that do not close
        return ""
    if not parts.scheme or not host:
        return ""
    if ":" in host:
        host = f"[{host}]"
    return urlunsplit((parts.scheme, host if port is None else f"{host}:{port}", parts.path.rstrip("/"), "", ""))


def is_loopback(url_or_host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    host = url_or_host.strip("[]")
    try:
        if "//" in url_or_host:
            host = urlsplit(url_or_host).hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise SettingsError(f"{path} cannot be read: {problem}.", "Mend or remove the file.") from problem


def _write(home: Path, said: dict) -> None:
    path = home / "vitrine.toml"
    beside = path.with_suffix(".new")
    try:
        home.mkdir(parents=True, exist_ok=True)
        beside.touch(0o600)
        beside.write_text(_toml(said), "utf-8")
        beside.replace(path)
    except OSError as problem:
        hint = "Make room on the disk, or set VITRINE_HOME to a folder you may write to."
        raise SettingsError(f"{path} cannot be written: {problem.strerror or problem}.", hint) from problem


def _merged(under: dict, over: dict) -> dict:
    both = {**under, **over}
    for table in ("endpoint", "prices"):
        for part in (under, over):
            if not isinstance(part.get(table, {}), dict):
                raise SettingsError(f"[{table}] in vitrine.toml must be a table.", f"Write it as [{table}].")
        both[table] = {**under.get(table, {}), **over.get(table, {})}
    return both


def _number(name: str, text: str, default: float, least: float) -> float:
    try:
        value = float(text or default)
    except ValueError:
        value = least - 1
    if not value >= least or value == float("inf"):
        raise SettingsError(f"{name} is {text!r}, which is no number of at least {least:g}.", f"Try {default:g}.")
    return value


def _folders(roots: object) -> list[str]:
    """What vitrine.toml says of roots: one folder or a list of them."""
    listed = [roots] if isinstance(roots, str) else roots or []
    if not isinstance(listed, list) or not all(isinstance(root, str) and root for root in listed):
        raise SettingsError(f"roots in vitrine.toml is {roots!r}.", 'Write it as roots = ["/data/pictures"].')
    return listed


def _price(table: dict, name: str) -> float | None:
    value = table.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise SettingsError(f"prices.{name} is {value!r}.", "Give money per million tokens, such as 0.15.")
    return float(value)


def _toml(tables: dict) -> str:
    """The little TOML that settings need: strings, numbers, lists of strings, one level of tables."""

    def letter(c: str) -> str:
        if c.isprintable():
            return c
        return "\ufffd" if "\ud800" <= c <= "\udfff" else f"\\U{ord(c):08x}"  # TOML has no lone surrogates

    def name(of: str) -> str:
        return of if re.fullmatch(r"[A-Za-z0-9_-]+", of) else value(of)

    def value(of: object) -> str:
        if isinstance(of, bool):
            return str(of).lower()
        if isinstance(of, int | float):
            return repr(of)
        if isinstance(of, list):
            return "[" + ", ".join(value(v) for v in of) + "]"
        escaped = str(of).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(map(letter, escaped)) + '"'

    plain = [f"{name(k)} = {value(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    for title, table in tables.items():
        if isinstance(table, dict):
            plain += ["", f"[{name(title)}]", *(f"{name(k)} = {value(v)}" for k, v in table.items())]
    return "\n".join(plain).strip() + "\n"
