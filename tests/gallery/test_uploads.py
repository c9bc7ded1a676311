import errno
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import GalleryError
from engine.gallery import open_folder, uploads
from engine.gallery.uploads import allowed, import_archive, import_files
from engine.settings import Settings


def png(colour: str | tuple[int, int, int] = "red"):
    out = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(out, "PNG")
    return out.getvalue()


def zipped(*files, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out


def tarred(*files, mode="w:gz"):
    """Files are (name, bytes) or a TarInfo."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for file in files:
            if isinstance(file, tarfile.TarInfo):
                archive.addfile(file)
            else:
                info = tarfile.TarInfo(file[0])
                info.size = len(file[1])
                archive.addfile(info, io.BytesIO(file[1]))
    return out


def special(name, kind, to=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def linked(name, to):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info, to


def names(folder: Path):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def refused(settings, archive, words="", name="evil.zip"):
    """Refused in one sentence that starts with the name, and nothing is left anywhere."""
    before = sorted(settings.home.parent.rglob("*"))
    with pytest.raises(GalleryError) as said:
        import_archive(archive, name, settings)
    after = [p for p in sorted(settings.home.parent.rglob("*")) if p not in (settings.home, settings.home / "uploads")]
    assert after == [p for p in before if p not in (settings.home, settings.home / "uploads")]
    message = said.value.message
    assert message.startswith(f"{name} was not imported: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert words in message
    assert said.value.hint
    return message


@pytest.mark.parametrize("mode", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_archives_become_folders(settings, mode):
    files = [("cats/1.png", png()), ("dogs/2.PNG", png("blue")), ("metadata.csv", b"file\n"), ("run.sh", b"rm -rf /")]
    files += [("cats/._1.png", b"x"), ("__MACOSX/._2.png", b"x"), (".hidden.csv", b"x")]
    archive = zipped(*files) if mode == "zip" else tarred(*files, mode=mode)
    folder = import_archive(archive, "My photos.tar.gz", settings)
    assert folder.parent == settings.home / "uploads"
    assert folder.name.startswith("My-photos-")
    assert names(folder) == ["cats/1.png", "dogs/2.PNG", "metadata.csv"]
    assert (folder / "cats/1.png").read_bytes() == png()
    assert import_archive(archive, "My photos.tar.gz", settings) == folder  # the same content
    assert list(folder.parent.iterdir()) == [folder]
    assert [p.label for p in open_folder(folder, settings).pictures] == ["cats", "dogs"]


def test_an_archive_may_be_a_file(settings, tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(("a.png", png())).getvalue())
    assert names(import_archive(path, path.name, settings)) == ["a.png"]
    with pytest.raises(GalleryError):
        import_archive(tmp_path / "none.zip", "none.zip", settings)


def test_the_folder_around_everything_is_left_out(settings):
    folder = import_archive(zipped(("set/", b""), ("set/cats/1.png", png()), ("set/dogs/1.png", png())), "x", settings)
    assert names(folder) == ["cats/1.png", "dogs/1.png"]
    folder = import_archive(zipped(("set/1.png", png()), ("metadata.csv", b"file\n")), "x", settings)
    assert names(folder) == ["metadata.csv", "set/1.png"]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        "a/../../evil.png",
        "..\\evil.png",
        "/etc/evil.png",
        "\\\\server\\evil.png",
        "C:\\evil.png",
        "c:evil.png",
        "../evil.txt",
        "a/..",
        "../",
    ],
)
def test_names_that_lead_out_are_refused(settings, name):
    refused(settings, zipped(("fine.png", png()), (name, png())), "outside its folder")
    refused(settings, tarred(("fine.png", png()), (name, png())), "outside its folder")
    with pytest.raises(GalleryError, match="outside its folder"):
        import_files([("fine.png", io.BytesIO(png())), (name, io.BytesIO(png()))], "x", settings)
    assert list((settings.home / "uploads").iterdir()) == []


def test_odd_names_are_refused_or_cleaned(settings):
    nul = zipped(("aXb.png", png())).getvalue().replace(b"aXb.png", b"a\0b.png")
    refused(settings, io.BytesIO(nul), "name cannot be used")
    refused(settings, zipped(("x" * 300 + ".png", png())), "too long")
    refused(settings, zipped(("d/" * 60 + "x.png", png())), "too long")
    refused(settings, zipped(("a\tb.png", png()), ("a\nb.png", png())), "two of its files")
    refused(settings, zipped(("a.png", png()), ("a.png/b.png", png())), "cannot be written")
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("a.png", png()), ("a.png", png("blue")))
    refused(settings, twice, "two of its files")
    odd = [("a\x1b[31m.png", png()), ("<b>&.png", png()), ("名前 ☂.png", png()), ("./x//y.png", png())]
    folder = import_archive(zipped(*odd), "../../<script>.zip", settings)
    assert folder.parent == settings.home / "uploads"
    assert names(folder) == ["<b>&.png", "a_[31m.png", "x/y.png", "名前 ☂.png"]


def test_zip_names_in_utf8_without_the_flag(settings):
    data = zipped(("__.png", png())).getvalue().replace(b"__.png", "é.png".encode())
    assert names(import_archive(io.BytesIO(data), "x", settings)) == ["é.png"]


@pytest.mark.parametrize("to", ["/etc/passwd", "a.png"])
def test_links_and_devices_are_refused(settings, to):
    refused(settings, zipped(("a.png", png()), linked("b.png", to)), "link or device")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        refused(settings, tarred(("a.png", png()), special("b.png", kind, to)), "link or device")


@pytest.mark.parametrize("name", ["zeros.png", "zeros.bin"])
@pytest.mark.parametrize("container", ["zip", "tar"])
def test_a_flood_of_zeros_is_refused(settings, monkeypatch, name, container):
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 1 << 20)
    zeros = bytes(3 << 20)
    packed = zipped((name, zeros), compression=zipfile.ZIP_DEFLATED) if container == "zip" else tarred((name, zeros))
    refused(settings, packed, "unpacks to more than 1 MiB")


def test_a_header_that_lies_does_not_help(settings, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 1 << 20)
    true, lie = struct.pack("<I", 3 << 20), struct.pack("<I", 1000)
    data = zipped(("zeros.png", bytes(3 << 20)), compression=zipfile.ZIP_DEFLATED).getvalue().replace(true, lie)
    refused(settings, io.BytesIO(data))
    with pytest.raises(GalleryError, match="unpacks to more than 1 MiB"):
        import_files([("zeros.png", io.BytesIO(bytes(3 << 20)))], "x", settings)


def test_limits_of_the_whole(settings, monkeypatch):
    files = [(f"{i}.png", bytes(100_000)) for i in range(20)]
    monkeypatch.setattr(uploads, "MAX_FILES", 19)
    refused(settings, zipped(*files), "more than 19 files")
    monkeypatch.setattr(uploads, "MAX_FILES", 20)
    monkeypatch.setattr(uploads, "MAX_BYTES", 1_900_000)
    refused(settings, zipped(*files), "unpacks to more than")
    monkeypatch.setattr(uploads, "MAX_BYTES", 3_000_000)
    monkeypatch.setattr(uploads, "RATIO_FROM", 1_000_000)
    refused(settings, zipped(*files, compression=zipfile.ZIP_DEFLATED), "100 times its size")
    refused(settings, tarred(*files), "100 times its size")
    assert len(names(import_archive(zipped(*files), "x", settings))) == 20


def test_encrypted_zips_are_refused(settings):
    data = bytearray(zipped(("a.png", png())).getvalue())
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(magic) + at] |= 1
    refused(settings, io.BytesIO(data), "password")


@pytest.mark.parametrize("make", [zipped, tarred])
def test_broken_archives_are_refused(settings, make):
    data = make(*((f"{i}.png", png((i, 0, 0))) for i in range(50))).getvalue()
    for cut in (3, len(data) // 3, len(data) - 40):
        refused(settings, io.BytesIO(data[:cut]), "broken")
    torn = bytearray(data)
    torn[len(data) // 2 : len(data) // 2 + 40] = b"\xaa" * 40
    refused(settings, io.BytesIO(torn), "broken")


def test_forged_tar_headers_are_refused(settings):
    info = special("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    info.size = 1 << 33
    refused(settings, io.BytesIO(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240)), "broken")


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\5\6" + bytes(18), png()])
def test_what_is_no_archive(settings, data):
    refused(settings, io.BytesIO(data))


def test_an_archive_without_pictures(settings):
    refused(settings, zipped(("a.txt", b"x"), ("metadata.csv", b"file\n")), "no picture")


def test_a_full_disk_leaves_nothing(settings, monkeypatch):
    def full(self, name, open_):
        (self.path / "half.png").write_bytes(b"x")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(uploads._Folder, "_write", full)
    refused(settings, zipped(("a.png", png())), "the disk is full")


def test_dropped_folders(settings):
    files = [(f"drop/cats/{i}.png", io.BytesIO(png((i, 0, 0)))) for i in range(3)]
    files.append(("drop/metadata.jsonl", io.BytesIO(b"{}")))
    folder = import_files(files, "drop", settings)
    assert names(folder) == ["cats/0.png", "cats/1.png", "cats/2.png", "metadata.jsonl"]
    assert import_files(files, "drop", settings) == folder  # files stay open, and are read from their start


def test_which_folders_may_be_opened(tmp_path):
    home = tmp_path / "home"
    free = Settings(home=home)
    bound = Settings(home=home, roots=(tmp_path / "data",))
    inside, beside = tmp_path / "data" / "x", tmp_path / "data-not"
    inside.mkdir(parents=True)
    beside.mkdir()
    (tmp_path / "data" / "link").symlink_to(beside)
    for address in ("127.0.0.1", "localhost", "::1"):
        assert allowed(beside, free, address) == beside
        assert allowed(inside, bound, address) == inside
    for address in ("", "0.0.0.0", "192.168.1.5", "example.org"):
        with pytest.raises(GalleryError) as said:
            allowed(inside, free, address)
        assert "VITRINE_ROOTS" in said.value.hint
        assert allowed(str(inside), bound, address) == inside
        assert allowed(home / "uploads" / "x", free, address) == home / "uploads" / "x"
    ways_out = [
        beside,
        tmp_path,
        inside / ".." / ".." / "data-not",
        tmp_path / "data" / "link",
        home / "uploads" / "..",
    ]
    for out in ways_out:
        with pytest.raises(GalleryError) as said:
            allowed(out, bound, "127.0.0.1")
        assert "VITRINE_ROOTS" in said.value.hint
        assert str(out) not in said.value.message
    for wrong in ("", "  ", "a\0b", "~nobody-of-this-name/x"):
        with pytest.raises(GalleryError):
            allowed(wrong, free, "127.0.0.1")
