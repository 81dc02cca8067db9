"""The table of document types: who issues them, how many sides, what can be read from them, what a record needs.

Ids, names and sides follow USPS PS Form 1583 (June 2024), items 8e and 9g: the type's ``category`` is the form's checkbox.
Types without a category are known to other flows' address lists but are not on the form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

PHOTO_ID = "PHOTO_ID"
PROOF_OF_ADDRESS = "PROOF_OF_ADDRESS"
SELFIE = "SELFIE"
CONTEXT_LABELS = {PHOTO_ID: "Photo ID", PROOF_OF_ADDRESS: "Proof of Address", SELFIE: "Selfie"}

ANY_COUNTRY = "*"
US_TERRITORIES = ("PRI", "GUM", "VIR", "ASM", "MNP")
_US = ("USA", *US_TERRITORIES)

_PERSON = ("person.full_name", "person.surname", "person.given_names", "person.date_of_birth")
_NAME = ("person.full_name", "person.surname", "person.given_names")
_ADDRESS = ("address.full", "address.street", "address.city", "address.state", "address.zip", "address.country")
_DOCUMENT = ("document.number", "document.issuing_entity", "document.expiration_date")


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One kind of document.

    ``sides`` maps ISO 3166-1 alpha-3 codes (or ``*`` for any issuer) to 1 or 2. ``zones`` names what can be read: ``mrz``, ``barcode``
    (AAMVA PDF417), ``viz`` (printed fields), ``address`` (a letter's addressee), ``face``. ``expiry`` is ``required``, ``optional`` or ``never``.
    ``fields`` are the paths a document of this kind carries; ``required`` those without which a record is incomplete.
    """

    id: int
    name: str
    context: str
    kind: str
    category: str | None
    sides: Mapping[str, int]
    zones: frozenset[str]
    expiry: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    max_pages: int = 1
    max_age_days: int | None = None
    has_template: bool = True
    copy_restricted: bool = False
    mrz_formats: tuple[str, ...] = field(default=())

    @property
    def type_label(self) -> str:
        return CONTEXT_LABELS[self.context]

    @property
    def accepts(self) -> tuple[str, ...]:
        return ("image", "pdf") if self.max_pages > 1 else ("image",)

    def sides_in(self, country: str) -> int | None:
        """Number of sides of this type when ``country`` (alpha-3) issues it; None when it does not."""
        return self.sides.get(country, self.sides.get(ANY_COUNTRY))


def _us(sides: int) -> dict[str, int]:
    return dict.fromkeys(_US, sides)


def _zones(*names: str) -> frozenset[str]:
    return frozenset(names)


_CARD_FIELDS = (*_PERSON, *_ADDRESS, *_DOCUMENT, "document.issue_date")
_PLAIN_ID_FIELDS = (*_PERSON, *_DOCUMENT)
_LETTER_FIELDS = (*_NAME, *_ADDRESS, "statement.issuer", "statement.date")
_LETTER_REQUIRED = ("person.full_name", "address.full")

DOCUMENT_TYPES: Mapping[int, DocumentType] = {
    entry.id: entry
    for entry in (
        DocumentType(
            1,
            "Passport",
            PHOTO_ID,
            "passport",
            "passport",
            {ANY_COUNTRY: 1},
            _zones("mrz", "viz", "face"),
            "required",
            _PLAIN_ID_FIELDS,
            ("person.surname", "person.date_of_birth", "document.number", "document.expiration_date"),
            mrz_formats=("TD3",),
        ),
        DocumentType(
            2,
            "Driver License",
            PHOTO_ID,
            "driver_license",
            "state_card",
            _us(2),
            _zones("barcode", "viz", "face"),
            "required",
            _CARD_FIELDS,
            ("person.surname", "person.date_of_birth", "document.number", "document.expiration_date"),
        ),
        DocumentType(
            3,
            "ID Card",
            PHOTO_ID,
            "id_card",
            "state_card",
            _us(2),
            _zones("barcode", "viz", "face"),
            "required",
            _CARD_FIELDS,
            ("person.surname", "person.date_of_birth", "document.number", "document.expiration_date"),
        ),
        DocumentType(
            4,
            "Tribal ID Card",
            PHOTO_ID,
            "tribal_id",
            "state_card",
            {"USA": 2},
            _zones("mrz", "barcode", "viz", "face"),
            "required",
            _PLAIN_ID_FIELDS,
            ("person.full_name", "document.number", "document.expiration_date"),
            has_template=False,
        ),
        DocumentType(
            5,
            "Uniformed Service ID",
            PHOTO_ID,
            "uniformed_service_id",
            "uniformed_service",
            {"USA": 1},
            _zones("viz", "face"),
            "optional",
            _PLAIN_ID_FIELDS,
            ("person.full_name", "document.number"),
            copy_restricted=True,
        ),
        DocumentType(
            6,
            "U.S. Access Card",
            PHOTO_ID,
            "access_card",
            "access_card",
            {"USA": 2},
            _zones("viz", "face"),
            "required",
            _PLAIN_ID_FIELDS,
            ("person.full_name", "document.expiration_date"),
            copy_restricted=True,
        ),
        DocumentType(
            7,
            "U.S. University ID Card",
            PHOTO_ID,
            "university_id",
            "university",
            {"USA": 1},
            _zones("viz", "face"),
            "optional",
            (*_NAME, "document.number", "document.issuing_entity", "document.expiration_date"),
            ("person.full_name", "document.number"),
            has_template=False,
        ),
        DocumentType(
            8,
            "Matricula Consular",
            PHOTO_ID,
            "matricula_consular",
            "matricula",
            {"MEX": 2},
            _zones("mrz", "viz", "face"),
            "required",
            _CARD_FIELDS,
            ("person.full_name", "document.number", "document.expiration_date"),
        ),
        DocumentType(
            9,
            "NEXUS Card",
            PHOTO_ID,
            "nexus",
            "nexus",
            {"USA": 2, "CAN": 2},
            _zones("mrz", "viz", "face"),
            "required",
            _PLAIN_ID_FIELDS,
            ("person.surname", "person.date_of_birth", "document.number", "document.expiration_date"),
            mrz_formats=("TD1",),
        ),
        DocumentType(
            10,
            "Certificate of Naturalization",
            PHOTO_ID,
            "naturalization_certificate",
            "naturalization",
            {"USA": 1},
            _zones("viz", "face"),
            "never",
            (*_PERSON, "document.number", "document.issuing_entity", "document.issue_date"),
            ("person.full_name", "document.number"),
            has_template=False,
            copy_restricted=True,
        ),
        DocumentType(
            11,
            "U.S. Permanent Resident Card",
            PHOTO_ID,
            "permanent_resident_card",
            "permanent_resident",
            {"USA": 2},
            _zones("mrz", "viz", "face"),
            "optional",
            _PLAIN_ID_FIELDS,
            ("person.surname", "person.date_of_birth", "document.number"),
            mrz_formats=("TD1",),
        ),
        DocumentType(
            12,
            "Passport Card",
            PHOTO_ID,
            "passport_card",
            "passport",
            {"USA": 2, "IRL": 2},
            _zones("mrz", "viz", "face"),
            "required",
            _PLAIN_ID_FIELDS,
            ("person.surname", "person.date_of_birth", "document.number", "document.expiration_date"),
            mrz_formats=("TD1",),
        ),
        DocumentType(
            21,
            "Driver License",
            PROOF_OF_ADDRESS,
            "driver_license",
            "state_card",
            _us(2),
            _zones("barcode", "viz"),
            "required",
            _CARD_FIELDS,
            ("person.surname", "address.street", "document.expiration_date"),
        ),
        DocumentType(
            22,
            "ID Card",
            PROOF_OF_ADDRESS,
            "id_card",
            "state_card",
            _us(2),
            _zones("barcode", "viz"),
            "required",
            _CARD_FIELDS,
            ("person.surname", "address.street", "document.expiration_date"),
        ),
        DocumentType(
            23,
            "Tribal ID Card",
            PROOF_OF_ADDRESS,
            "tribal_id",
            "state_card",
            {"USA": 2},
            _zones("mrz", "barcode", "viz"),
            "required",
            _CARD_FIELDS,
            ("person.full_name", "address.full"),
            has_template=False,
        ),
        DocumentType(
            24,
            "Lease",
            PROOF_OF_ADDRESS,
            "lease",
            "lease",
            {ANY_COUNTRY: 1},
            _zones("address"),
            "optional",
            (*_LETTER_FIELDS, "document.expiration_date"),
            _LETTER_REQUIRED,
            max_pages=20,
        ),
        DocumentType(
            25,
            "Home Insurance Policy",
            PROOF_OF_ADDRESS,
            "home_insurance",
            "insurance",
            {ANY_COUNTRY: 1},
            _zones("address"),
            "optional",
            (*_LETTER_FIELDS, "document.number", "document.expiration_date"),
            _LETTER_REQUIRED,
            max_pages=10,
        ),
        DocumentType(
            26,
            "Vehicle Insurance Policy",
            PROOF_OF_ADDRESS,
            "vehicle_insurance",
            "insurance",
            {ANY_COUNTRY: 1},
            _zones("address"),
            "optional",
            (*_LETTER_FIELDS, "document.number", "document.expiration_date"),
            _LETTER_REQUIRED,
            max_pages=10,
        ),
        DocumentType(
            27,
            "Mortgage",
            PROOF_OF_ADDRESS,
            "mortgage",
            "mortgage_or_deed",
            {ANY_COUNTRY: 1},
            _zones("address"),
            "never",
            (*_LETTER_FIELDS, "document.number"),
            _LETTER_REQUIRED,
            max_pages=20,
        ),
        DocumentType(
            28,
            "Deed of Trust",
            PROOF_OF_ADDRESS,
            "deed_of_trust",
            "mortgage_or_deed",
            {ANY_COUNTRY: 1},
            _zones("address"),
            "never",
            (*_LETTER_FIELDS, "document.number"),
            _LETTER_REQUIRED,
            max_pages=20,
        ),
        DocumentType(
            29,
            "Vehicle Registration Card",
            PROOF_OF_ADDRESS,
            "vehicle_registration",
            "vehicle_registration",
            {ANY_COUNTRY: 1},
            _zones("barcode", "address"),
            "required",
            (*_LETTER_FIELDS, "document.number", "document.expiration_date"),
            (*_LETTER_REQUIRED, "document.expiration_date"),
            max_pages=2,
        ),
        DocumentType(
            30,
            "Voter Card",
            PROOF_OF_ADDRESS,
            "voter_card",
            "voter_card",
            {ANY_COUNTRY: 1, "MEX": 2},
            _zones("mrz", "address"),
            "optional",
            (*_LETTER_FIELDS, "document.number"),
            _LETTER_REQUIRED,
            max_pages=2,
        ),
        DocumentType(
            41,
            "Utility Bill",
            PROOF_OF_ADDRESS,
            "utility_bill",
            None,
            {ANY_COUNTRY: 1},
            _zones("address"),
            "never",
            _LETTER_FIELDS,
            (*_LETTER_REQUIRED, "statement.date"),
            max_pages=5,
            max_age_days=90,
        ),
        DocumentType(
            42,
            "Bank Statement",
            PROOF_OF_ADDRESS,
            "bank_statement",
            None,
            {ANY_COUNTRY: 1},
            _zones("address"),
            "never",
            _LETTER_FIELDS,
            (*_LETTER_REQUIRED, "statement.date"),
            max_pages=5,
            max_age_days=90,
        ),
        DocumentType(
            43,
            "Government Letter / Tax Notice",
            PROOF_OF_ADDRESS,
            "government_letter",
            None,
            {ANY_COUNTRY: 1},
            _zones("address"),
            "never",
            _LETTER_FIELDS,
            (*_LETTER_REQUIRED, "statement.date"),
            max_pages=5,
            max_age_days=180,
        ),
        DocumentType(61, "Selfie", SELFIE, "selfie", None, {ANY_COUNTRY: 1}, _zones("face"), "never", (), ()),
    )
}


def document_types(context: str | None = None) -> Iterator[DocumentType]:
    """All types in order of id, or those of one context."""
    return (entry for _, entry in sorted(DOCUMENT_TYPES.items()) if context is None or entry.context == context)
