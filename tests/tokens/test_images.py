"""Images cost what the providers' pages say, and their sizes are read from their first bytes."""

from base64 import b64encode
from collections.abc import Callable
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import ImagePart
from pipeline.tokens.images import gemini_image, image_size, openai_image

EXIF = b"\xff\xe1" + pack(">H", 2 + 600) + bytes(600)


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", width, height) + bytes(9)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + pack("<HH", width, height) + bytes(3)


def jpeg(width: int, height: int, before: bytes = EXIF, frame: int = 0xC2) -> bytes:
    tables = b"\xff\xdb" + pack(">H", 2 + 65) + bytes(65)
    header = bytes([0xFF, frame]) + pack(">HBHH", 17, 8, height, width) + bytes(10)
    return b"\xff\xd8" + before + tables + b"\xff\xff" + header + b"\xff\xd9"


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF" + pack("<I", 4 + 8 + len(body)) + b"WEBP" + kind + pack("<I", len(body)) + body


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a" + pack("<HH", width | 0x4000, height))


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + pack("<I", width - 1 | height - 1 << 14) + bytes(8))


def extended(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", bytes(4) + sides)


Maker = Callable[[int, int], bytes]
MAKERS: list[Maker] = [png, gif, jpeg, lossy, lossless, extended]
SIDES = st.integers(1, 9_000)


@pytest.mark.parametrize("make", MAKERS)
@given(width=SIDES, height=SIDES)
def test_sizes_are_read(make: Maker, width: int, height: int) -> None:
    assert image_size(make(width, height)) == (width, height)


@given(st.binary(max_size=60), st.sampled_from(MAKERS), st.integers(0, 60))
def test_other_bytes_have_no_size_and_raise_nothing(data: bytes, make: Maker, cut: int) -> None:
    for one in (data, make(90, 60)[:cut], make(90, 60)[:cut] + data):
        size = image_size(one)
        assert size is None or min(size) > 0


def of(data: bytes, detail: str | None = None) -> ImagePart:
    return ImagePart(mime_type="image/png", data=b64encode(data).decode(), detail=detail)


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [
        (1024, 1024, 765),  # both from OpenAI's guide
        (2048, 4096, 1105),
        (128, 64, 255),  # nothing is scaled up
        (512, 512, 255),
        (513, 512, 425),
        (2049, 513, 1445),  # both as OpenAI's API was seen to bill them
        (2050, 513, 765),
        (8000, 1, 765),
    ],
)
def test_openai_bills_squares_of_512(width: int, height: int, tokens: int) -> None:
    assert openai_image(of(png(width, height))) == tokens
    assert openai_image(of(png(width, height), "high")) == tokens
    assert openai_image(of(png(width, height), "low")) == 85


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(384, 384, 258), (600, 400, 258), (769, 768, 516), (1536, 1537, 258 * 6)],
)
def test_gemini_bills_squares_of_768(width: int, height: int, tokens: int) -> None:
    assert gemini_image(of(png(width, height))) == tokens


@pytest.mark.parametrize(
    "image",
    [ImagePart(url="gs://bucket/a.png"), ImagePart(data="!"), ImagePart(data="AAAA"), ImagePart()],
)
def test_an_image_of_unknown_size_counts_as_one_of_1024(image: ImagePart) -> None:
    assert (openai_image(image), gemini_image(image)) == (765, 1032)


def test_a_size_that_comes_late_in_a_file_is_found() -> None:
    long = b"".join(b"\xff\xe1" + pack(">H", 0xFFFF) + bytes(0xFFFD) for _ in range(3))
    assert openai_image(of(jpeg(512, 512, before=long))) == 255
