from urllib.parse import parse_qs, urlsplit

from engine.gallery.addresses import cells_address, cells_of, is_signed, picture_address, signature, zip_address, zip_of

HASH, FINGERPRINT = "ab" * 32, "cd" * 16


def parts(address):
    split = urlsplit(address)
    return split.path, {name: values[0] for name, values in parse_qs(split.query).items()}


def test_a_signature_is_of_one_thing_and_one_user(settings):
    home = settings.home
    path, said = parts(picture_address(home, HASH, "full.webp", "a+b@example.org"))
    assert path == f"pictures/{HASH}/full.webp"
    assert said["u"] == "a+b@example.org"
    assert is_signed(home, HASH, said["u"], said["k"])
    assert not is_signed(home, HASH, "", said["k"])
    assert not is_signed(home, "ab" * 31 + "cd", said["u"], said["k"])
    assert not is_signed(home, HASH, said["u"], "\udcff")


def test_who_may_see_one_picture_may_not_list_a_gallery(settings):
    home = settings.home
    path, said = parts(cells_address(home, FINGERPRINT))
    assert path == f"galleries/{FINGERPRINT}/pictures"
    assert is_signed(home, cells_of(FINGERPRINT), "", said["k"])
    assert not is_signed(home, cells_of(FINGERPRINT), "", signature(home, FINGERPRINT))


def test_a_zip_has_a_signature_of_its_own(settings):
    home = settings.home
    path, said = parts(zip_address(home, FINGERPRINT, "set-1"))
    assert path == f"galleries/{FINGERPRINT}/set-1.zip"
    assert is_signed(home, zip_of(FINGERPRINT, "set-1"), "", said["k"])
    assert not is_signed(home, zip_of(FINGERPRINT, "set-2"), "", said["k"])
    assert not is_signed(home, cells_of(FINGERPRINT), "", said["k"])
