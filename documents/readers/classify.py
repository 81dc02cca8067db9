"""What kind of document is this, who issued it, which side is shown? Judged from what was read, never from what was declared.

``kind`` is a ``DocumentType.kind``, or ``visa``, ``national_id``, ``invoice``, ``receipt`` for common papers that are
not in the table; '' when nothing speaks for any.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from documents.engines.base import Face, TextLine
from documents.fields import country_code, fold
from documents.readers.aamva import Card
from documents.readers.mrz import Zone
from documents.readers.states import STATE_CODES
from flows.countries import COUNTRIES

_WORDS: dict[str, tuple[tuple[str, float], ...]] = {
    "passport": ((r"\bPASSPORT\b|PASSEPORT\b|PASAPORTE\b|REISEPASS\b", 1.6), (r"PASSPORT N[O0]\b|PASSPORT NUMBER", 0.8)),
    "passport_card": ((r"PASSPORT CARD", 4.0),),
    "driver_license": (
        (r"DRIVER'?S?.{0,3}LICEN[SC]E|DRIVING LICEN[CS]E|PERMIS DE CONDUIRE|LICENCIA DE CONDUCIR|FUHRERSCHEIN|OPERATOR LICENSE", 3.0),
        (r"\bDLN?\b|\bLIC ?#|\b4D\b", 0.5), (r"\bCLASS\b", 0.4), (r"\bREST(R|RICTIONS)?\b", 0.4), (r"\bDONOR\b", 0.3), (r"\bHGT\b|\bEYES\b", 0.4),
    ),
    "id_card": (
        (r"IDENTIFICATION CARD|\bID CARD\b|IDENTITY CARD|NON.?DRIVER", 2.6), (r"\bHGT\b|\bEYES\b", 0.3), (r"\bDONOR\b", 0.2),
        (r"NOT A DRIVER'?S? LICENSE|NOT FOR DRIVING", 3.0),
    ),
    "national_id": ((r"CARTE NATIONALE D.?IDENTITE|DOCUMENTO NACIONAL|PERSONALAUSWEIS|CARTA D.?IDENTITA|IDENTITY CARD|CARTE D.?IDENTITE", 2.4),),
    "tribal_id": ((r"\bTRIBAL\b|\bTRIBE\b", 2.2), (r"\bENROLL?MENT\b", 1.0), (r"\bNATION\b", 0.5)),
    "uniformed_service_id": ((r"UNIFORMED SERVICES?|ARMED FORCES|GENEVA CONVENTION", 2.6), (r"\bDOD ID\b|\bRANK\b|PAY GRADE|\bSPONSOR\b", 0.8)),
    "access_card": ((r"\bUSACCESS\b|\bPIV\b|UNITED STATES GOVERNMENT", 2.2), (r"\bAGENCY\b|\bAFFILIATION\b|\bCONTRACTOR\b|\bEMPLOYEE\b", 0.7)),
    "university_id": ((r"\bUNIVERSITY\b|\bCOLLEGE\b", 1.6), (r"\bSTUDENT\b|\bFACULTY\b|\bCAMPUS\b", 1.6)),
    "matricula_consular": ((r"MATRICULA CONSULAR|CONSULAR ID", 4.0), (r"RELACIONES EXTERIORES|\bCONSULADO\b", 1.0)),
    "nexus": ((r"\bNEXUS\b", 3.2),),
    "naturalization_certificate": ((r"CERTIFICATE OF NATURALI[ZS]ATION", 4.0), (r"\bNATURALI[ZS]ATION\b", 1.2)),
    "permanent_resident_card": ((r"PERMANENT RESIDENT|RESIDENT ALIEN", 3.4), (r"USCIS", 0.8)),
    "lease": (
        (r"LEASE AGREEMENT|RENTAL AGREEMENT|RESIDENTIAL LEASE|TENANCY AGREEMENT", 3.0), (r"\bTENANT\b|\bLESSEE\b", 0.8),
        (r"\bLANDLORD\b|\bLESSOR\b", 0.8), (r"\bPREMISES\b|MONTHLY RENT", 0.5),
    ),
    "home_insurance": (
        (r"HOME ?OWNER'?S?|RENTER'?S? (POLICY|INSURANCE)|DWELLING|HOME INSURANCE|PROPERTY INSURANCE", 2.2), (r"\bPOLICY\b", 0.7),
        (r"\bINSURED\b|\bPREMIUM\b", 0.5),
    ),
    "vehicle_insurance": (
        (r"AUTO(MOBILE)? (POLICY|INSURANCE)|VEHICLE INSURANCE|MOTOR INSURANCE|CAR INSURANCE", 2.4), (r"\bPOLICY\b", 0.6), (r"\bINSURED\b", 0.4),
        (r"\bVIN\b|GARAG(ED|ING)", 0.6), (r"COLLISION|LIABILITY", 0.3),
    ),
    "mortgage": ((r"MORTGAGE STATEMENT|\bMORTGAGE\b", 2.0), (r"\bESCROW\b|\bLENDER\b|\bBORROWER\b|LOAN NUMBER", 0.7), (r"PRINCIPAL BALANCE", 0.6)),
    "deed_of_trust": ((r"DEED OF TRUST", 4.0), (r"\bTRUSTOR\b|\bGRANTOR\b|\bTRUSTEE\b", 0.8)),
    "vehicle_registration": ((r"VEHICLE REGISTRATION|REGISTRATION CARD|CERTIFICATE OF REGISTRATION", 2.8),
        (r"\bPLATE\b|\bVIN\b|LICENSE NO", 0.7), (r"\bMAKE\b|\bMODEL\b", 0.4)),
    "voter_card": ((r"VOTER (REGISTRATION|IDENTIFICATION|CARD|ID|INFORMATION)|CREDENCIAL PARA VOTAR", 3.4), (r"\bPRECINCT\b|POLLING", 0.8)),
    "utility_bill": (
        (r"\bELECTRIC(ITY)?\b|\bWATER\b|\bSEWER\b|NATURAL GAS|\bUTILIT(Y|IES)\b|\bENERGY\b|ELECTRICITE|\bENERGIE\b|\bPOWER\b", 1.3),
        (r"\bKWH\b|\bTHERMS?\b|\bMETER\b|\bCCF\b|COMPTEUR", 1.3), (r"AMOUNT DUE|TOTAL DUE|DUE DATE|\bFACTURE\b|BILL DATE|BILLING PERIOD", 0.7),
        (r"\bBILL\b", 0.5), (r"\bINTERNET\b|\bBROADBAND\b|\bTELECOM\b|\bWIRELESS\b|FREEBOX|\bCABLE\b|SERVICE ADDRESS", 0.9),
    ),
    "bank_statement": (
        (r"BANK STATEMENT|ACCOUNT STATEMENT|STATEMENT OF ACCOUNT|RELEVE DE COMPTE|CONSOLIDATED STATEMENT|STATEMENT PERIOD", 2.0),
        (r"\bBANK\b|\bBANQUE\b|CREDIT UNION", 0.9),
        (r"(BEGINNING|ENDING|OPENING|CLOSING|PREVIOUS) BALANCE|\bDEPOSITS?\b|\bWITHDRAWALS?\b", 0.9), (r"\bCHECKING\b|\bSAVINGS\b", 0.8),
    ),
    "government_letter": (
        (r"INTERNAL REVENUE|SOCIAL SECURITY ADMINISTRATION|DEPARTMENT OF (THE )?[A-Z]+|TAX (NOTICE|ASSESSMENT|BILL)|AVIS D.IMPOT|"
        r"COUNTY (TREASURER|ASSESSOR)", 1.8),
        (r"NOTICE (DATE|OF|NUMBER)|\bNOTICE\b", 0.7), (r"\bTAX(PAYER)?\b", 0.6), (r"\bBENEFITS?\b", 0.4),
    ),
    "invoice": ((r"\bINVOICE\b|\bFACTURE\b", 1.5), (r"BILL TO|SHIP TO|INVOICE (NUMBER|NO|#|DATE)", 1.2), (r"SUBTOTAL|UNIT PRICE|QUANTITY|"
    r"\bQTY\b", 0.8)),
    "receipt": ((r"\bRECEIPT\b", 2.0), (r"CARD PAYMENT|THANK YOU FOR VISITING", 0.8)),
}  # fmt: skip
_CARDS = (
    "driver_license",
    "id_card",
    "national_id",
    "tribal_id",
    "uniformed_service_id",
    "access_card",
    "university_id",
    "matricula_consular",
    "nexus",
    "permanent_resident_card",
    "passport_card",
)
_PAPER = (
    "lease",
    "home_insurance",
    "vehicle_insurance",
    "mortgage",
    "deed_of_trust",
    "utility_bill",
    "bank_statement",
    "government_letter",
    "invoice",
    "receipt",
)
LEAST_SCORE = 0.9
_STATE_WORDS = {name.replace(" ", ""): code for name, code in STATE_CODES.items()}


@dataclass(frozen=True, slots=True)
class Classification:
    """``confidence`` 0..1 of ``kind``; ``country`` alpha-3 or ''; ``state`` two letters or ''; ``candidates`` the best kinds with
    their confidence."""

    kind: str
    country: str
    state: str
    side: str
    confidence: float
    candidates: tuple[tuple[str, float], ...]

    def as_json(self) -> dict[str, Any]:
        candidates = [{"type": kind, "confidence": confidence} for kind, confidence in self.candidates]
        return {
            "type": self.kind or None, "country": self.country or None, "state": self.state or None, "side": self.side or None,
            "confidence": self.confidence, "candidates": candidates,
        }  # fmt: skip


def classify(
    lines: Sequence[TextLine], zone: Zone | None, card: Card | None, faces: Sequence[Face], size: tuple[int, int], *, barcodes: int = 0
) -> Classification:
    """The document of one page, ``size`` its width and height in pixels."""
    text = fold(" \n ".join(line.text for line in lines)).replace("’", "'").replace("`", "'")
    state = _state(lines, card)
    scores = {kind: sum(weight for pattern, weight in patterns if re.search(pattern, text)) for kind, patterns in _WORDS.items()}
    _weigh_shape(scores, bool(faces), len(text), size)
    for kind, weight in _machine_evidence(zone, card):
        scores[kind] = scores.get(kind, 0.0) + weight
    if state and faces:
        scores["driver_license"] += 0.6 * (scores["driver_license"] > 0)
        scores["id_card"] += 0.6 * (scores["id_card"] > 0)
    if scores["driver_license"] > 2.5 and re.search(r"NOT A DRIVER|NOT FOR DRIVING", text):
        scores["driver_license"] -= 3.0
    if faces and len(text) < 12 and zone is None and card is None and not barcodes:
        scores["selfie"] = 2.0
    ranked = sorted(((score, kind) for kind, score in scores.items() if score > 0.3), reverse=True)[:4]
    total = sum(math.exp(min(score, 8.0)) for score, _ in ranked) + 1.0
    candidates = tuple((kind, round(math.exp(min(score, 8.0)) / total, 3)) for score, kind in ranked)
    sure = bool(ranked) and ranked[0][0] >= LEAST_SCORE
    kind = ranked[0][1] if sure else ""
    return Classification(
        kind, _country(text, zone, card, state), state, _side(kind, zone, card, faces, barcodes), candidates[0][1] if sure else 0.0, candidates
    )


def _weigh_shape(scores: dict[str, float], face: bool, length: int, size: tuple[int, int]) -> None:
    """A card shows a face and little text, a letter, which is taller than wide, the contrary."""
    letter = size[1] > 1.15 * size[0] and length > 600 and not face
    for kind in _CARDS:
        scores[kind] *= 0.3 if letter else 1.0
        scores[kind] *= 1.0 if face or kind in ("passport_card", "nexus") else 0.8
        scores[kind] *= 0.25 if length > 1500 else 0.5 if length > 1000 else 1.0
    for kind in _PAPER:
        scores[kind] *= 0.6 if face and length < 700 else 1.0
    if scores["utility_bill"] >= 1.3:
        scores["invoice"] *= 0.6


def _machine_evidence(zone: Zone | None, card: Card | None) -> list[tuple[str, float]]:
    evidence: list[tuple[str, float]] = []
    if card is not None:
        evidence.append(("id_card" if card.document_type == "ID" else "driver_license", 6.0))
    if zone is None:
        return evidence
    code, issuer = zone.lines[0][:2], zone.lines[0][2:5]
    if zone.format == "TD3":
        evidence.append(("passport", 6.0))
    elif zone.format.startswith("MRV"):
        evidence.append(("visa", 6.0))
    elif zone.format == "FRA2013":
        evidence.append(("driver_license", 6.0))
    elif code == "IP" or (code[0] == "P" and zone.format == "TD1"):
        evidence.append(("passport_card", 6.0))
    elif issuer == "USA" and code in ("C1", "C2", "CA", "AC", "CI"):
        evidence.append(("permanent_resident_card", 6.0))
    elif issuer in ("USA", "CAN") and code == "IN":
        evidence.append(("nexus", 5.0))
    else:
        evidence.append(("national_id", 5.0))
    return evidence


def _state(lines: Sequence[TextLine], card: Card | None) -> str:
    """The state whose name is printed largest, as issuers do on top of a licence; the barcode's issuer goes before."""
    if card is not None and card.issuing_state:
        return card.issuing_state
    best, size = "", 0.0
    for line in lines:
        text = fold(line.text).replace(" ", "")
        height = math.dist(line.polygon[0], line.polygon[3])
        if re.search(r"^\d|\d{4}", text) or height < 0.6 * size:
            continue
        for name, code in _STATE_WORDS.items():
            weight = height + 0.5 * len(name)
            if name in text and len(text) <= len(name) + 26 and weight > size:
                best, size = code, weight
    return best


def _country(text: str, zone: Zone | None, card: Card | None, state: str) -> str:
    if zone is not None and (issuer := country_code(zone.lines[0][2:5])):
        return issuer
    if card is not None and card.country:
        return card.country
    if "ESTADOS UNIDOS MEXICANOS" in text:
        return "MEX"
    if state or re.search(r"\bUSA\b|UNITED STATES", text):
        return "USA"
    head = " ".join(text.split("\n")[:12]) if "\n" in text else text[:400]
    return next((code for code, entry in COUNTRIES.items() if len(entry.name) > 3 and re.search(rf"\b{re.escape(fold(entry.name))}\b", head)), "")


def _side(kind: str, zone: Zone | None, card: Card | None, faces: Sequence[Face], barcodes: int) -> str:
    if faces:
        return "front"
    if card is not None or (zone is not None and zone.format == "TD1") or (barcodes and kind in _CARDS):
        return "back"
    return "front" if kind else ""
