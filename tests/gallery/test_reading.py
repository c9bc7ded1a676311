import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.errors import GalleryError
from engine.gallery.reading import Unreadable, measure, read_picture

SIZE = (48, 32)


def ramp(mode="RGB"):
    """Dark left, light right, a red upper half."""
    values = np.zeros((32, 48, 3), np.uint8)
    values[:] = np.linspace(0, 255, 48, dtype=np.uint8)[None, :, None]
    values[:16, :, 1:] //= 2
    return Image.fromarray(values).convert(mode)


def packed(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


@pytest.fixture
def put(tmp_path):
    def write(data, name="x.jpg"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def reason(path, **options):
    with pytest.raises(Unreadable) as said:
        measure(path, **options)
    with pytest.raises(Unreadable) as again:
        read_picture(path, **options)
    assert said.value.reason == again.value.reason
    assert isinstance(said.value, GalleryError)
    return said.value.reason


@pytest.mark.parametrize(
    ("mode", "format"),
    [
        ("RGB", "JPEG"),
        ("L", "JPEG"),
        ("CMYK", "JPEG"),
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("1", "PNG"),
        ("P", "GIF"),
        ("RGBA", "WEBP"),
        ("RGB", "BMP"),
        ("RGB", "TIFF"),
        ("CMYK", "TIFF"),
        ("LAB", "TIFF"),
        ("F", "TIFF"),
        ("I", "TIFF"),
        ("RGB", "AVIF"),
    ],
)
def test_every_kind_becomes_rgb(put, mode, format):
    path = put(packed(ramp(mode) if mode != "LAB" else Image.new("LAB", SIZE, (200, 128, 128)), format))
    picture = read_picture(path)
    assert (picture.mode, picture.size) == ("RGB", SIZE)
    assert measure(path)[1:] == SIZE
    dark, light = np.asarray(picture)[:, :8].mean(), np.asarray(picture)[:, -8:].mean()
    assert dark + 80 < light if mode != "LAB" else light > 150


@pytest.mark.parametrize("top", [255, 4095, 65535])
def test_16_bit_is_scaled_by_its_own_full_scale(put, top):
    grey = np.linspace(0, top, 48 * 32).astype(np.uint16).reshape(32, 48)
    values = np.asarray(read_picture(put(packed(Image.fromarray(grey), "PNG"))))
    assert values.min() == 0
    assert values.max() == 255
    assert abs(values.mean() - 127.5) < 1


def test_floats_with_holes_are_shown(put):
    values = np.linspace(-3, 9, 48 * 32, dtype=np.float32).reshape(32, 48)
    values[0, 0] = np.nan
    shown = np.asarray(read_picture(put(packed(Image.fromarray(values), "TIFF"))))
    assert (shown.min(), shown.max()) == (0, 255)


def test_what_is_transparent_is_white(put):
    clear = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    white = ((255, 255),) * 3
    assert read_picture(put(packed(clear, "PNG"))).getextrema() == white
    palette = Image.new("RGB", SIZE, "red").convert("P", palette=Image.Palette.ADAPTIVE)
    assert read_picture(put(packed(palette, "PNG", transparency=palette.getpixel((0, 0))))).getextrema() == white


def test_colours_are_as_the_profile_means_them(put):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = np.asarray(read_picture(put(packed(ramp(), "PNG"))), int)
    same = np.asarray(read_picture(put(packed(ramp(), "PNG", icc_profile=srgb))), int)
    assert np.abs(plain - same).max() <= 2
    swapped = srgb.replace(b"rXYZ", b"hXYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"hXYZ", b"gXYZ", 1)
    red = Image.new("RGB", SIZE, (255, 0, 0))
    for mode in ("RGB", "RGBA"):  # its red light is where sRGB's green is
        shown = read_picture(put(packed(red.convert(mode), "PNG", icc_profile=swapped))).getpixel((9, 9))
        assert shown[1] > 240  # type: ignore[index]
        assert shown[0] < 60  # type: ignore[index]
    for broken in (b"no profile", lab):  # broken, and of another kind of picture: passed over
        assert np.array_equal(np.asarray(read_picture(put(packed(ramp(), "PNG", icc_profile=broken)))), plain)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_pictures_are_turned_upright(put, orientation, format):
    # orientation 6 means: turn right by 90 degrees; the lower left corner of what is stored becomes the upper left
    corners = {1: (0, 0), 2: (-1, 0), 3: (-1, -1), 4: (0, -1), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    stored = np.zeros((32, 48, 3), np.uint8)
    column, row = corners[orientation]
    stored[(slice(0, 8) if row == 0 else slice(-8, None)), (slice(0, 8) if column == 0 else slice(-8, None))] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = put(packed(Image.fromarray(stored), format, exif=exif))
    picture = read_picture(path)
    assert picture.size == (SIZE if orientation < 5 else SIZE[::-1])
    assert measure(path)[1:] == picture.size
    shown = np.asarray(picture)
    assert shown[1:6, 1:6].mean() > 200
    assert shown[-6:, -6:].mean() < 50


def test_broken_exif_is_no_reason_to_refuse(put):
    path = put(packed(ramp(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 20))
    assert measure(path)[1:] == read_picture(path).size == SIZE


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_truncated(put, format, part):
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    data = packed(noise, format)
    assert reason(put(data[: int(len(data) * part)])) == "truncated"


def test_a_flipped_byte_in_a_png_is_damage(put):
    data = bytearray(packed(ramp(), "PNG"))
    data[data.index(b"IDAT") + 12] ^= 1
    assert reason(put(bytes(data))) == "damaged"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"BMW is a car, not a bitmap", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40), "HEIC needs pillow-heif"),
    ],
)
def test_what_is_no_picture(put, data, expected):
    assert reason(put(data)) == expected


def test_too_many_pixels_is_seen_in_the_header(put):
    assert reason(put(packed(ramp(), "PNG")), max_pixels=48 * 32 - 1) == "too many pixels"
    assert measure(put(packed(ramp(), "PNG")), max_pixels=48 * 32)[1:] == SIZE
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    idat = b"IDAT" + zlib.compress(bytes(1000))
    bomb += struct.pack(">I", len(idat) - 4) + idat + struct.pack(">I", zlib.crc32(idat))
    assert reason(put(bomb)) == "too many pixels"


def test_what_cannot_be_opened(tmp_path, monkeypatch):
    assert reason(tmp_path / "none.jpg") == "vanished"
    (tmp_path / "link.jpg").symlink_to("nowhere.jpg")
    assert reason(tmp_path / "link.jpg") == "broken link"
    assert reason(tmp_path) == "not a file"
    denied = tmp_path / "denied.jpg"
    denied.write_bytes(b"x")
    monkeypatch.setattr(type(denied), "read_bytes", lambda self: (_ for _ in ()).throw(PermissionError(13, "denied")))
    assert reason(denied) == "no permission"


def test_first_frame_of_what_moves(put):
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "blue")]
    for format in ("GIF", "WEBP", "TIFF", "PNG"):
        picture = read_picture(put(packed(frames[0], format, save_all=True, append_images=frames[1:])))
        assert picture.getpixel((5, 5))[0] > 200  # type: ignore[index]


def test_enough_pixels_are_left(put):
    path = put(packed(Image.new("RGB", (2000, 1000)), "JPEG"))
    assert read_picture(path, enough=500).size == (500, 250)
    assert read_picture(path, enough=501).size == (1000, 500)
    assert read_picture(path).size == (2000, 1000)


def test_a_name_that_is_no_text_can_be_said(tmp_path):
    path = tmp_path / "\udcff.jpg"
    path.write_bytes(b"")
    with pytest.raises(Unreadable) as said:
        measure(path)
    assert str(said.value).encode() == b"?.jpg cannot be read: empty."
