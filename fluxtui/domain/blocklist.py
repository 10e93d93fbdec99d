"""The person's own blocked words: found whatever case, width, accent or invisible character they hide in."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
"""Scripts that write words without spaces between them: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


@lru_cache(maxsize=256)  # the same prompt is compared once for each of its cells
def normalised(text: str) -> str:
    """Return `text` as it is compared: NFKC, case folded, without accents and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = (c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf"})
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", "".join(kept)))


def blocked_word(text: str, words: Iterable[str]) -> str | None:
    """Return the first of `words` that stands in `text` as a whole word, None when none does.

    Words (or phrases) have to stand alone, so that `ass` is not found in `glass`; in scripts that
    write without spaces they are found anywhere.
    """
    for word in words:
        prepared = normalised(text)
        wanted = normalised(word).strip()
        if not wanted:
            continue
        if _WITHOUT_SPACES.search(wanted):
            found = wanted in prepared
        else:
            found = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", prepared) is not None
        if found:
            return word
    return None
