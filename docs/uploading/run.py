"""Write the messages in docs/uploading.md from the catalogues: python docs/uploading/run.py --write."""

import re
import sys
from pathlib import Path

from engage.words import Language, catalogue

PAGE = Path(__file__).parents[1] / "uploading.md"
HEADS: dict[Language, str] = {
    "zh": "| 提示 | 怎么办 |\n|---|---|",
    "en": "| message | what to do |\n|---|---|",
}


def table(lang: Language) -> str:
    """Return a row per message of ingest, placeholders shown as dots."""
    words = catalogue("ingest", lang)
    codes = [key.removesuffix(".what") for key in words if key.endswith(".what")]
    rows = [f"| {_shown(words[f'{code}.what'])} | {_shown(words[f'{code}.remedy'])} |" for code in codes]
    return "\n".join([HEADS[lang], *rows])


def _shown(sentence: str) -> str:
    plain = re.sub(r"(?<!\{)\{\w+\}(?!\})", "…", sentence)
    return re.sub(r"\{+", "{", re.sub(r"\}+", "}", plain)).replace("|", "\\|")


def page() -> str:
    """Return the page with its tables as the catalogues have them now."""
    text = PAGE.read_text(encoding="utf-8")
    for lang in HEADS:
        begin, end = (
            f"<!-- messages {lang}: written by docs/uploading/run.py -->",
            f"<!-- end messages {lang} -->",
        )
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table(lang)}\n{end}{rest.split(end)[1]}"
    return text


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/uploading.md is not what the catalogues say: run with --write")
