"""The language a text is written in: how likely each is, and in which script.

The likelihoods are those of py3langid, whose model is part of its wheel; it is loaded when the
first text is asked about, since most builds ask about none. Same text, same numbers. Imports
nothing of the package.
"""

import re
from functools import lru_cache
from typing import Protocol, cast

__all__ = ["letters_by_script", "likelihoods"]

_LONGEST = 1500
"""Characters that are looked at: more make nothing surer."""
_SCRIPTS = {
    "Latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": "\u0400-\u052f",
    "Armenian": "\u0530-\u058f",
    "Hebrew": "\u0590-\u05ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff",
    "Devanagari": "\u0900-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Thai": "\u0e00-\u0e7f",
    "Georgian": "\u10a0-\u10ff",
    "Hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Kana": "\u3040-\u30ff",
    "Han": "\u3400-\u4dbf\u4e00-\u9fff",
}
_ALIKE = {script: re.compile(f"[{signs}]") for script, signs in _SCRIPTS.items()}


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


@lru_cache(maxsize=1)
def _identifier() -> _Identifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 (76 MB, 0.5 s)

    return cast("_Identifier", LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))


def likelihoods(text: str) -> dict[str, float]:
    """How likely each language is, best first; they add up to 1."""
    return dict(_identifier().rank(text[:_LONGEST]))


def letters_by_script(text: str) -> dict[str, int]:
    """How many letters of each script the text has, the scripts without any left out."""
    if text.isascii():
        return {"Latin": sum(map(str.isalpha, text))}
    counts = ((script, len(alike.findall(text))) for script, alike in _ALIKE.items())
    return {script: count for script, count in counts if count}
