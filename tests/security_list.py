"""The ASVS list as a page, and what a named test or place of evidence is.

``python tests/security_list.py`` writes docs/asvs.md anew from docs/asvs.yaml.
"""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE, DATA = ROOT / "docs" / "asvs.md", ROOT / "docs" / "asvs.yaml"
Line = tuple[str, str, str, list[str]]
MEANING = {
    "tested": "a test fails when it stops being so",
    "kept": "it is so by what the evidence shows; no test of its own",
    "yours": "whoever runs the service sees to it; the page named says what to do",
    "none": "there is nothing of the kind here, for the reason given",
    "open": "it is not so; the reason, and what stands in its place",
}
CHAPTERS = {
    1: "Architecture", 2: "Authentication", 3: "Sessions", 4: "Access", 5: "Input and output", 6: "Stored cryptography", 7: "Errors and logs",
    8: "Data",
    9: "Communication", 10: "Malicious code", 11: "Business logic", 12: "Files", 13: "API", 14: "Configuration",
}  # fmt: skip


@cache
def lines() -> dict[str, Line]:
    """By requirement: what is asked, how it stands, why, evidence."""
    return {str(number): tuple(entry) for number, entry in yaml.safe_load(DATA.read_text(encoding="utf-8")).items()}  # type: ignore[misc]


@cache
def tests_of(path: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def is_test(name: str) -> bool:
    """Whether ``file::name`` below tests/ is a test that exists."""
    file, _, test = name.partition("::")
    return (ROOT / "tests" / file).is_file() and test in tests_of(ROOT / "tests" / file)


def page() -> str:
    found = lines()
    counted = Counter(entry[1] for entry in found.values())
    parts = [
        "# OWASP ASVS 4.0.3, level 2",
        "",
        "Every requirement of the [Application Security Verification "
        "Standard](https://owasp.org/www-project-application-security-verification-standard/) that applies at "
        "level 2, by its number, in our own words: the standard's text is the reference. Made from `docs/asvs.yaml` by `make "
        "fix`; the suite sees that each line has a test or a "
        "reason, and that the tests exist. Names of tests are below `tests/`. See also the [threat model](threat-model.md).",
        "",
        "| how it stands | lines | meaning |",
        "|---|---:|---|",
        *(f"| {status} | {counted[status]} | {meaning} |" for status, meaning in MEANING.items()),
        "",
    ]
    for chapter, title in CHAPTERS.items():
        parts += [f"## V{chapter} {title}", "", "| | asked | stands | how, or why not | evidence |", "|---|---|---|---|---|"]
        for number, (asked, status, why, evidence) in found.items():
            if number.startswith(f"V{chapter}."):
                parts.append(f"| {number[1:]} | {asked} | {status} | {why or '–'} | {', '.join(f'`{entry}`' for entry in evidence) or '–'} |")
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
