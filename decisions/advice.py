"""What the applicant can do better about a document before it is submitted."""

from __future__ import annotations

from decisions.models import Check, Fix, Outcome
from verifications.models import Verification


def to_upload_again(verification: Verification) -> dict[str, list[str]]:
    """By document, the sentences of the rules that a better picture, or another document, would satisfy. Rules that compare documents come later."""
    rows = Check.objects.filter(
        verification=verification, current=True, fix=Fix.REUPLOAD, outcome__in=(Outcome.ERROR, Outcome.WARNING), cross_document=False,
        document__superseded_at__isnull=True,
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for document, message in rows.order_by("pk").values_list("document_id", "message"):
        found.setdefault(document, []).append(message)
    return {pk: list(dict.fromkeys(messages)) for pk, messages in found.items()}
