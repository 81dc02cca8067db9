"""The security pages against what there is: each line has a test that exists, or a reason."""

from __future__ import annotations

import re
from pathlib import Path

from security_list import MEANING, PAGE, is_test, lines, page

ROOT = Path(__file__).resolve().parent.parent
# How many requirements of each section apply at level 2, from the standard's own table (4.0.3).
SECTIONS = {
    "1.1": 7, "1.2": 4, "1.4": 3, "1.5": 4, "1.6": 4, "1.7": 2, "1.8": 2, "1.9": 2, "1.10": 1, "1.11": 2, "1.12": 1, "1.14": 6, "2.1": 12,
    "2.2": 3, "2.3": 3, "2.4": 5, "2.5": 7, "2.6": 3, "2.7": 6, "2.8": 7, "2.9": 3, "2.10": 4, "3.1": 1, "3.2": 4, "3.3": 4, "3.4": 5,
    "3.5": 3, "3.7": 1, "4.1": 4, "4.2": 2, "4.3": 3, "5.1": 5, "5.2": 8, "5.3": 10, "5.4": 3, "5.5": 4, "6.1": 3, "6.2": 6, "6.3": 2,
    "6.4": 2, "7.1": 4, "7.2": 2, "7.3": 3, "7.4": 3, "8.1": 4, "8.2": 3, "8.3": 8, "9.1": 3, "9.2": 4, "10.2": 2, "10.3": 3, "11.1": 8,
    "12.1": 3, "12.2": 1, "12.3": 6, "12.4": 2, "12.5": 2, "12.6": 1, "13.1": 4, "13.2": 5, "13.3": 2, "13.4": 2, "14.1": 4, "14.2": 6,
    "14.3": 2, "14.4": 7, "14.5": 4,
}  # fmt: skip
THREATS = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")


def test_every_requirement_of_level_2_has_its_line() -> None:
    found: dict[str, int] = {}
    for number in lines():
        section = number[1:].rpartition(".")[0]
        found[section] = found.get(section, 0) + 1
    assert found == SECTIONS
    assert sum(found.values()) == 259


def test_each_line_has_a_test_or_a_reason() -> None:
    for number, (asked, status, why, evidence) in lines().items():
        assert asked, number
        assert status in MEANING, number
        assert [entry for entry in evidence if not (is_test(entry) if "::" in entry else (ROOT / entry).exists())] == [], number
        if status == "tested":
            assert any("::" in entry for entry in evidence), number
        elif status == "kept":
            assert evidence, number
        elif status in ("open", "yours"):
            assert why, number
        else:
            assert why or asked.startswith("No "), number


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make fix writes it anew"


def _threats() -> list[list[str]]:
    table = THREATS.partition("<!-- threats -->")[2].partition("<!-- end of threats -->")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.strip().splitlines()[2:]]


def test_every_mitigation_has_a_test_that_exists() -> None:
    rows = _threats()
    assert len(rows) > 50
    for flow, kind, threat, mitigation, tests in rows:
        named = re.findall(r"`([^`]+)`", tests)
        assert threat, flow
        assert mitigation, threat
        assert kind in set("STRIDE"), threat
        assert named, threat
        assert [name for name in named if not is_test(name)] == [], threat


def test_every_numbered_flow_has_threats_and_every_kind_is_looked_at() -> None:
    numbered = set(re.findall(r"^\| (\d+) \| [^|]+ \| [^|]+ \|$", THREATS, re.M))
    rows = _threats()
    assert {row[0] for row in rows} == numbered
    assert {row[1] for row in rows} == set("STRIDE")
