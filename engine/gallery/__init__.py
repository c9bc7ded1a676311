"""Galleries: folders, archives and uploads become an ordered, fingerprinted list of pictures.

gallery = engine.gallery.open_folder(Path("photos"), settings)
again = engine.gallery.load_gallery(gallery.fingerprint, settings.home)
"""

from __future__ import annotations

from engine.gallery.index import find_picture
from engine.gallery.pictures import Gallery, Picture, Unread
from engine.gallery.reading import Unreadable, read_picture
from engine.gallery.scan import open_folder
from engine.gallery.shelf import GalleryCard, load_gallery, recent, shared_gallery

__all__ = [
    "Gallery",
    "GalleryCard",
    "Picture",
    "Unread",
    "Unreadable",
    "find_picture",
    "load_gallery",
    "open_folder",
    "read_picture",
    "recent",
    "shared_gallery",
]
