"""Rules on images in parts as OpenAI writes them. Imports `format`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.formats.format import Limits, Problem, Rule, Source

__all__ = ["image_rules", "images_within"]

_Message = dict[str, Any]


def image_rules(limits: Limits) -> Mapping[str, Rule]:
    """The rules that the limits of a format make, with their pages."""
    rules: dict[str, Rule] = {}
    if limits.max_images is not None:
        says = f"An example has {limits.max_images} images at most"
        rules["images"] = Rule(says, "split the example", _page(limits, "max_images"))
    if limits.max_image_bytes is not None:
        says = f"An image has {limits.max_image_bytes:,} bytes at most"
        fix = "make the image smaller"
        rules["image-bytes"] = Rule(says, fix, _page(limits, "max_image_bytes"))
    return rules


def _page(limits: Limits, name: str) -> Source:
    return limits.sources[name]


def images_within(
    messages: Sequence[_Message], limits: Limits, at: str = "/messages"
) -> Iterator[Problem]:
    """`images` and `image-bytes`: how many there are, and how large those in the line are."""
    seen = 0
    for number, message in enumerate(messages):
        if not isinstance(message.get("content"), list):
            continue
        for place, part in enumerate(message["content"]):
            if part["type"] != "image_url":
                continue
            seen += 1
            pointer = f"{at}/{number}/content/{place}"
            if limits.max_images is not None and seen == limits.max_images + 1:
                said = f"is image number {seen}; {limits.max_images} are taken in one example"
                yield Problem("images", pointer, said)
            size = _bytes_of(part["image_url"]["url"])
            if limits.max_image_bytes is not None and size > limits.max_image_bytes:
                said = f"has {size:,} bytes; {limits.max_image_bytes:,} are taken"
                yield Problem("image-bytes", f"{pointer}/image_url/url", said)


def _bytes_of(url: str) -> int:
    """Bytes of a data URL's image, to within the padding; 0 for an address."""
    return len(url) * 3 // 4 if url.startswith("data:") else 0
