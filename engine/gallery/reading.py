"""Bytes of a file to an upright RGB picture, or a plain word saying why not.

Every trouble a file can make ends here as Unreadable. Nothing of Pillow's state is changed after import, so any
number of threads may read at once.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import stat
import struct
import warnings
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from engine.errors import GalleryError

SUFFIXES = frozenset(
    ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "svg", "heic", "heif")
)
MAX_PIXELS = 200_000_000
MAX_BYTES = 2 << 30  # a file is read into memory whole
NO_HEIC = "HEIC needs pillow-heif"
FLEETING = frozenset(  # reasons that may be gone next time though the file is the same
    {"no permission", "vanished", "broken link", "cannot be read", "not enough memory", "too many pixels", NO_HEIC}
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FOREIGN = (  # what Pillow and its codecs are known to raise on bad files, besides MemoryError
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)

Image.init()  # here and not on first use: loading plug-ins is not safe in threads
# We count pixels from the header against our own limit; Pillow's stays far above it, for tiles within a file.
Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, 1 << 29)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # odd EXIF is no news to a person
if find_spec("pillow_heif"):
    importlib.import_module("pillow_heif").register_heif_opener()
_WANTED = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")  # others run foreign programs, as EPS does
_FORMATS = [name for name in _WANTED if name in Image.OPEN]


def looks_like_picture(name: str) -> bool:
    """Whether a file of this name is meant to be a picture and is not hidden; the content may say otherwise."""
    return name.rpartition(".")[2].lower() in SUFFIXES and not name.startswith(".")


class Unreadable(GalleryError):  # noqa: N818 - a word people and callers share
    """A file that is no picture we can read; `reason` says why in plain words."""

    def __init__(self, name: str, reason: str) -> None:
        shown = name.encode("utf-8", "replace").decode()  # names may hold bytes that are no text
        super().__init__(f"{shown} cannot be read: {reason}.", retryable=reason in FLEETING)
        self.reason = reason


def read_picture(path: Path, max_pixels: int = MAX_PIXELS, enough: int = 0) -> Image.Image:
    """The first frame or page as RGB in sRGB, upright, on white where it is transparent.

    Args:
        path: the file.
        max_pixels: the most pixels it may have.
        enough: 0 for the whole picture; else a JPEG may come smaller, its longer side still at least so many pixels.

    Raises:
        Unreadable: with the reason.
    """
    data = _bytes(path)
    try:
        image = _open(data, max_pixels)
        if enough:
            ratio = enough / max(image.size)
            image.draft(None, (max(1, int(image.width * ratio)), max(1, int(image.height * ratio))))
        image.load()
        turn = _TURNS.get(_orientation(image))
        rgb = _to_rgb(image)
        return rgb.transpose(turn) if turn is not None else rgb
    except (*_FOREIGN, MemoryError, Image.DecompressionBombError) as problem:
        raise Unreadable(path.name, _reason(problem, data)) from problem


def measure(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[str, int, int]:
    """Sha256 (hex) of the bytes, and the shown width and height; decodes it all, so that bad files are noticed.

    Raises:
        Unreadable: with the reason.
    """
    data = _bytes(path)
    try:
        image = _open(data, max_pixels)
        width, height = image.size
        image.draft("L", (1, 1))  # a JPEG at an eighth: all its bytes are still decoded
        image.load()
        if _orientation(image) >= 5:
            width, height = height, width
    except (*_FOREIGN, MemoryError, Image.DecompressionBombError) as problem:
        raise Unreadable(path.name, _reason(problem, data)) from problem
    return hashlib.sha256(data).hexdigest(), width, height


class _PixelError(ValueError):
    """The header says more than the limit."""


def _bytes(path: Path) -> bytes:
    """The file's bytes, read once."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(path.name, "not a file")  # opening a pipe would wait for ever
        if about.st_size > MAX_BYTES:
            raise Unreadable(path.name, "too large a file")
        data = path.read_bytes()
    except FileNotFoundError as problem:
        raise Unreadable(path.name, "broken link" if path.is_symlink() else "vanished") from problem
    except PermissionError as problem:
        raise Unreadable(path.name, "no permission") from problem
    except (OSError, ValueError) as problem:
        raise Unreadable(path.name, "cannot be read") from problem
    except MemoryError as problem:
        raise Unreadable(path.name, "not enough memory") from problem
    if not data:
        raise Unreadable(path.name, "empty")
    return data


def _open(data: bytes, max_pixels: int) -> Image.Image:
    """The picture with its header read and its pixel count checked, not yet decoded."""
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    if image.width * image.height > max_pixels:
        raise _PixelError
    if image.format == "PNG":
        Image.open(io.BytesIO(data), formats=["PNG"]).verify()  # decoding alone does not look at every checksum
    return image


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; call it after load, when Pillow has turned what it turns itself (TIFF)."""
    try:
        value = image.getexif().get(0x0112, 1)
    except _FOREIGN:
        return 1  # a picture with broken EXIF is still a picture
    return value if isinstance(value, int) and value in _TURNS else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode[0] in "IF":
        return _eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        grey = image.mode in ("LA", "La")  # stays grey, or its profile would no longer fit
        image = _on_white(image)
        image = image.convert("L") if grey else image
    elif image.mode not in ("RGB", "L", "CMYK", "LAB"):
        image = image.convert("RGB")
    return _to_srgb(image, profile)


def _on_white(image: Image.Image) -> Image.Image:
    over = image.convert("RGBA")
    white = Image.new("RGBA", over.size, "white")
    return Image.alpha_composite(white, over).convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as the profile means them; a profile that is broken or of another kind of picture is passed over."""
    if not profile and image.mode != "LAB":
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
        turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        turned = None
    return turned if turned is not None else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float grey to 8 bits.

    Scaled by the least of the usual full scales (1 for floats, 255, 4095, 65535) that holds the brightest pixel, so
    that 12-bit scans are not black and 16-bit ones not white; beyond those, from the darkest to the brightest.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
    low, high = float(values.min()), float(values.max())
    scales = (1.0, 255.0, 4095.0, 65535.0) if image.mode == "F" else (255.0, 4095.0, 65535.0)
    full = next((s for s in scales if high <= s), None) if low >= 0 else None
    if full is None:
        values -= low
        full = max(high - low, 1e-9)
    return Image.fromarray(np.rint(values * (255 / full)).astype(np.uint8))


def _reason(problem: BaseException, data: bytes) -> str:
    """A plain word for what went wrong."""
    if isinstance(problem, _PixelError | Image.DecompressionBombError):
        return "too many pixels"
    if isinstance(problem, MemoryError):
        return "not enough memory"
    if "HEIF" not in _FORMATS and data[4:11] in (b"ftyphei", b"ftyphev", b"ftypmif", b"ftypmsf"):
        return NO_HEIC
    early = _ends_early(data)
    if early is None:
        return "not an image"
    return "truncated" if early or "truncated" in str(problem).lower() else "damaged"


def _ends_early(data: bytes) -> bool | None:
    """Whether the file ends before its own format says it should; None where the format is none of ours."""
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data
    if data.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd9" not in data
    if data.startswith(b"GIF8"):
        return not data.rstrip(b"\0").endswith(b";")
    end = _said_end(data)
    return None if end is None else end > len(data)


def _said_end(data: bytes) -> int | None:
    """Where a WebP, BMP, TIFF, AVIF or HEIC file ends by its own account, at least; None where it is none of them."""
    order = "big" if data[:1] == b"M" else "little"
    if data.startswith(b"RIFF") and data[8:12] in (b"WEBP", b""):
        return max(12, int.from_bytes(data[4:8], order) + 8)
    if data.startswith(b"BM") and data[6:10] == bytes(4):
        return int.from_bytes(data[2:6], order)
    if data.startswith((b"II*\0", b"MM\0*")):
        return int.from_bytes(data[4:8], order) + 2  # the first page's tags, often at the end
    if data[4:10] in (b"ftypav", b"ftyphe", b"ftypmi", b"ftypms"):
        return _boxes_end(data)
    return None


def _boxes_end(data: bytes) -> int:
    """Where the last top-level box ends."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:  # a 64-bit length follows
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8:  # 0: to the end of the file
            return len(data)
        at += length
    return at if at >= len(data) else len(data) + 1
