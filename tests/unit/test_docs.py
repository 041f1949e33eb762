"""Whoever reads the docs gets from page to page: each link leads somewhere, and to each page leads one."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("baselines/*.md")})


def prose(page: Path) -> str:
    return re.sub(r"(?ms)^ *```.*?^ *```", "", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """What a page refers to of ours: the file, and the heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if ":" not in target:
            file, _, heading = target.partition("#")
            yield ((page.parent / file).resolve() if file else page), heading


def headings(page: Path) -> set[str]:
    """As GitHub names them."""
    titles = re.findall(r"(?m)^#+ (.*)", prose(page))
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles)
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


def test_every_link_leads_somewhere() -> None:
    found = [(page, *link) for page in PAGES for link in links(page)]
    lost = [(page.name, file.name) for page, file, _ in found if not file.exists()]
    wrong = [
        (page.name, heading)
        for page, file, heading in found
        if heading and file.suffix == ".md" and file.exists() and heading not in headings(file)
    ]
    assert len(found) > 100
    assert not lost
    assert not wrong


def test_to_every_page_of_the_docs_leads_another() -> None:
    led_to = {file for page in PAGES for file, _ in links(page) if file != page}
    assert not {page.name for page in PAGES if page.parent.name == "docs"} - {file.name for file in led_to}
