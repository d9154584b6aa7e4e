"""Thumbnails: the six modes of PocketBase, made by Pillow on a worker.

``WxH`` fills the box and crops from the centre, ``WxHt`` from the top, ``WxHb`` from the bottom, ``WxHf`` fits inside
it, ``0xH`` and ``Wx0`` keep the proportions. The first frame of an animation counts, and a photograph is turned
upright.
"""

import io
import re
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from pbe.errors import PbeError

SIZE = re.compile(r"(\d{1,9})x(\d{1,9})([tbf]?)", re.ASCII)
SIZE_DEFAULT = "100x100"
SOURCE_KINDS = frozenset({"image/png", "image/jpg", "image/jpeg", "image/gif", "image/webp"})
PIXELS_MAX = 64_000_000
"""Of the source and of the thumb: a small file can claim to be an image of any size."""
JPEG_QUALITY = 95
_FORMATS = {"image/jpeg": "JPEG", "image/gif": "GIF"}
_TOP = {"": 0.5, "t": 0.0, "b": 1.0}


class ThumbError(PbeError):
    """No thumb can be made of this file in this size."""


def make(path: Path, kind: str, size: str) -> tuple[bytes, str]:
    """The thumb's bytes and their type, of an image file of type `kind`; blocks, so on a worker only.

    JPEG and GIF stay what they are, everything else becomes PNG, WebP too.
    """
    match = SIZE.fullmatch(size)
    width, height, mode = (int(match[1]), int(match[2]), match[3]) if match else (0, 0, "")
    if not width and not height:
        raise ThumbError("make a thumb", size, hint="no such size")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("PNG", "JPEG", "GIF", "WEBP")) as image:
                return _encode(_scaled(image, width, height, mode), kind)
    except ThumbError:
        raise
    except Exception as error:
        # Decoders raise whatever a broken file makes them raise.
        raise ThumbError("make a thumb", path.name, hint=repr(error)) from error


def _scaled(source: Image.Image, width: int, height: int, mode: str) -> Image.Image:
    _check_pixels(*source.size)
    fit = mode == "f" and width and height
    if source.format == "JPEG" and width and height and not fit:
        # Decodes at a half, quarter or eighth where that is still larger than the thumb.
        source.draft("RGB", (width * 2, height * 2))
    image: Image.Image = ImageOps.exif_transpose(source)
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGBA" if image.mode in ("P", "LA", "PA") or "transparency" in image.info else "RGB")
    if fit:
        return _fitted(image, width, height)
    if not width or not height:
        wide, high = image.size
        width = width or max(1, int(height * wide / high + 0.5))
        height = height or max(1, int(width * high / wide + 0.5))
        return _resized(image, width, height)
    return _filled(image, width, height, _TOP[mode])


def _fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """Inside the box; an image that is inside already stays as it is."""
    wide, high = image.size
    if wide <= width and high <= height:
        return image
    ratio = wide / high
    if ratio > width / height:
        return _resized(image, width, max(1, int(width / ratio)))
    return _resized(image, max(1, int(height * ratio)), height)


def _filled(image: Image.Image, width: int, height: int, top: float) -> Image.Image:
    """The whole box, cut where the proportions differ; `top` says from where on the long side."""
    _check_pixels(width, height)
    wide, high = image.size
    if wide / high < width / height:
        part = wide * height / width
        at = (high - part) * top
        box = (0.0, at, float(wide), at + part)
    else:
        part = high * width / height
        at = (wide - part) * 0.5
        box = (at, 0.0, at + part, float(high))
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    _check_pixels(width, height)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def _check_pixels(width: int, height: int) -> None:
    if width * height > PIXELS_MAX:
        raise ThumbError("make a thumb", f"{width}x{height}", hint=f"more than {PIXELS_MAX} pixels")


def _encode(image: Image.Image, kind: str) -> tuple[bytes, str]:
    out = io.BytesIO()
    form = _FORMATS.get(kind, "PNG")
    if form == "JPEG":
        image.convert("RGB").save(out, form, quality=JPEG_QUALITY)
    else:
        image.save(out, form)
    return out.getvalue(), kind if kind in _FORMATS else "image/png"
