"""Outcomes: severities, worst wins, order never matters, a raising rule never rejects."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.evidence import Case, DocumentEvidence, Evidence
from decisions.policy import APPROVED, DOUBLE_CHECK, REJECTED, judge, outcome_of, settle
from decisions.rules import registry
from decisions.rules.registry import Finding
from documents.types import DOCUMENT_TYPES

OUTCOMES = st.lists(st.sampled_from(["pass", "warning", "error", "not_applicable"]), max_size=12)


@pytest.mark.parametrize(
    ("verdict", "severity", "expected"),
    [
        ("pass", "error", "pass"), ("unclear", "error", "warning"), ("unclear", "warning", "warning"), ("fail", "error", "error"), ("fail",
        "warning", "warning"),
        ("not_applicable", "error", "not_applicable"),
    ],
)  # fmt: skip
def test_severity_weighs_fails_only(verdict: registry.Verdict, severity: str, expected: str) -> None:
    assert outcome_of(Finding(verdict), severity) == expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["pass", "not_applicable"], APPROVED), (["pass", "warning"], DOUBLE_CHECK), (["warning", "error", "pass"], REJECTED), (["error"],
        REJECTED), ([], APPROVED),
    ],
)  # fmt: skip
def test_the_worst_outcome_wins(outcomes: list[str], expected: int) -> None:
    assert judge(outcomes) == expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([APPROVED, APPROVED], APPROVED), ([APPROVED, REJECTED], REJECTED), ([REJECTED, DOUBLE_CHECK], DOUBLE_CHECK), ([APPROVED, DOUBLE_CHECK],
        DOUBLE_CHECK), ([], DOUBLE_CHECK),
    ],
)  # fmt: skip
def test_doubt_goes_before_rejection(statuses: list[int], expected: int) -> None:
    assert settle(statuses) == expected


@given(OUTCOMES, st.randoms())
def test_order_never_matters_to_a_document(outcomes: list[str], random: object) -> None:
    shuffled = outcomes[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(shuffled) == judge(outcomes)


@given(st.lists(st.sampled_from([APPROVED, REJECTED, DOUBLE_CHECK]), max_size=5), st.randoms())
def test_order_never_matters_to_a_verification(statuses: list[int], random: object) -> None:
    shuffled = statuses[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert settle(shuffled) == settle(statuses)


@given(st.sampled_from(sorted(registry.load())), st.sampled_from(sorted(DOCUMENT_TYPES)))
def test_a_raising_rule_never_rejects(rule_id: str, type_id: int) -> None:
    class Broken:
        """Evidence that raises whatever is asked of it, naming what nobody may log."""

        def __getattr__(self, name: str) -> object:
            raise ValueError("CANARY-NAME")

    kind = DOCUMENT_TYPES[type_id]
    document = DocumentEvidence(
        "doc_1", kind.context, kind, "USA", True, fields=Broken(), by_reader=Broken(), aamva=Broken(), quality=Broken(), image_hashes=Broken()
    )  # type: ignore[arg-type]
    evidence = Evidence(Case("usps1583", date(2026, 6, 15), Broken(), (document,)), document)  # type: ignore[arg-type]
    finding = registry.evaluate(rule_id, evidence)
    assert finding.verdict != "fail" or rule_id == "usps_address_id_accepted"
    assert "CANARY" not in repr(finding)
