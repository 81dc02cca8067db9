"""Case file to PDF."""

from __future__ import annotations

from decisions.dossier import CaseFile
from documents.models import Document


def verification_pdf(case: CaseFile) -> bytes:
    raise RuntimeError("not composed yet")


def document_pdf(case: CaseFile, document: Document) -> bytes:
    raise RuntimeError("not composed yet")
