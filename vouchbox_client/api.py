"""Typed client of the Vouchbox API. Made from docs/openapi.json by `manage.py openapi`: do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast

from vouchbox_client.transport import Transport, quote


class AuditPlaceAnswer(TypedDict):
    hash: str
    number: int

class ChangeAnswer(TypedDict):
    """``before`` and ``after`` are the document's statuses."""

    after: DocumentStatus
    after_label: str
    before: DocumentStatus
    before_label: str
    document: str
    rules: list[RuleChangeAnswer]

class CheckAnswer(TypedDict):
    created_at: str
    document_id: str
    evidence: EvidenceAnswer
    fix: FixEnum
    group: GroupEnum
    id: str
    message: str
    outcome: Outcome
    reason_code: str | None
    rule: str
    rule_version: int

class CheckEnvelope(TypedDict):
    data: CheckAnswer

class CheckListEnvelope(TypedDict):
    data: list[CheckAnswer]

class ComparisonRequestRequest(TypedDict):
    reference_document_id: str

class ConsentAnswer(TypedDict):
    """What a person agreed to on the capture page: when, from where, and which version of the flow's text."""

    at: str
    flow_version: str
    ip: str
    version: str

ContextType: TypeAlias = Literal["PHOTO_ID", "PROOF_OF_ADDRESS", "SELFIE"]

class CountryAnswer(TypedDict):
    iso2: str
    iso3: str
    name: str

CountryCode: TypeAlias = Literal["ABW", "AFG", "AGO", "AIA", "ALA", "ALB", "AND", "ARE", "ARG", "ARM", "ASM", "ATA", "ATF", "ATG", "AUS", "AUT", "AZE", "BDI", "BEL", "BEN", "BES", "BFA", "BGD", "BGR", "BHR", "BHS", "BIH", "BLM", "BLR", "BLZ", "BMU", "BOL", "BRA", "BRB", "BRN", "BTN", "BVT", "BWA", "CAF", "CAN", "CCK", "CHE", "CHL", "CHN", "CIV", "CMR", "COD", "COG", "COK", "COL", "COM", "CPV", "CRI", "CUB", "CUW", "CXR", "CYM", "CYP", "CZE", "DEU", "DJI", "DMA", "DNK", "DOM", "DZA", "ECU", "EGY", "ERI", "ESH", "ESP", "EST", "ETH", "FIN", "FJI", "FLK", "FRA", "FRO", "FSM", "GAB", "GBR", "GEO", "GGY", "GHA", "GIB", "GIN", "GLP", "GMB", "GNB", "GNQ", "GRC", "GRD", "GRL", "GTM", "GUF", "GUM", "GUY", "HKG", "HMD", "HND", "HRV", "HTI", "HUN", "IDN", "IMN", "IND", "IOT", "IRL", "IRN", "IRQ", "ISL", "ISR", "ITA", "JAM", "JEY", "JOR", "JPN", "KAZ", "KEN", "KGZ", "KHM", "KIR", "KNA", "KOR", "KWT", "LAO", "LBN", "LBR", "LBY", "LCA", "LIE", "LKA", "LSO", "LTU", "LUX", "LVA", "MAC", "MAF", "MAR", "MCO", "MDA", "MDG", "MDV", "MEX", "MHL", "MKD", "MLI", "MLT", "MMR", "MNE", "MNG", "MNP", "MOZ", "MRT", "MSR", "MTQ", "MUS", "MWI", "MYS", "MYT", "NAM", "NCL", "NER", "NFK", "NGA", "NIC", "NIU", "NLD", "NOR", "NPL", "NRU", "NZL", "OMN", "PAK", "PAN", "PCN", "PER", "PHL", "PLW", "PNG", "POL", "PRI", "PRK", "PRT", "PRY", "PSE", "PYF", "QAT", "REU", "ROU", "RUS", "RWA", "SAU", "SDN", "SEN", "SGP", "SGS", "SHN", "SJM", "SLB", "SLE", "SLV", "SMR", "SOM", "SPM", "SRB", "SSD", "STP", "SUR", "SVK", "SVN", "SWE", "SWZ", "SXM", "SYC", "SYR", "TCA", "TCD", "TGO", "THA", "TJK", "TKL", "TKM", "TLS", "TON", "TTO", "TUN", "TUR", "TUV", "TWN", "TZA", "UGA", "UKR", "UMI", "URY", "USA", "UZB", "VAT", "VCT", "VEN", "VGB", "VIR", "VNM", "VUT", "WLF", "WSM", "YEM", "ZAF", "ZMB", "ZWE"]

class DecisionAnswer(TypedDict):
    created_at: str
    decided_by: str | None
    document_id: str
    fix: FixEnum
    id: str
    message: str | None
    note: str | None
    reasons: list[str]
    status: DecisionStatus
    status_label: str
    updated_at: str
    validation_workflow: ValidationWorkflowEnum

class DecisionCreationRequest(TypedDict):
    document: str
    note: NotRequired[str | None]
    reasons: NotRequired[list[str] | None]
    status: DecisionCreationStatusEnum

DecisionCreationStatusEnum: TypeAlias = Literal[3, 4, 5]

class DecisionDetailAnswer(TypedDict):
    """In lists of documents without ``checks``."""

    checks: NotRequired[list[CheckAnswer]]
    created_at: str
    decided_by: str | None
    document_id: str
    fix: FixEnum
    id: str
    message: str | None
    note: str | None
    reasons: list[str]
    status: DecisionStatus
    status_label: str
    updated_at: str
    validation_workflow: ValidationWorkflowEnum

class DecisionDetailPage(TypedDict):
    data: list[DecisionDetailAnswer]
    links: LinksAnswer
    meta: MetaAnswer

DecisionStatus: TypeAlias = Literal[3, 4, 5]

class DeliveryAnswer(TypedDict):
    attempts: int
    created_at: str
    delivered_at: str | None
    event_id: str
    event_type: str
    id: str
    last_error: str | None
    last_status_code: int | None
    next_attempt_at: str | None
    status: DeliveryAnswerStatusEnum

DeliveryAnswerStatusEnum: TypeAlias = Literal["pending", "delivered", "failed", "exhausted"]

class DeliveryEnvelope(TypedDict):
    data: DeliveryAnswer

class DeliveryPage(TypedDict):
    data: list[DeliveryAnswer]
    links: LinksAnswer
    meta: MetaAnswer

DialectEnum: TypeAlias = Literal["verifa", "persona"]

DisabledReasonEnum: TypeAlias = Literal["gone", "too_many_failures"]

class DocumentAnswer(TypedDict):
    checks: list[CheckAnswer]
    country: CountryAnswer
    created_at: str
    decisions: list[DecisionDetailAnswer]
    document_type: DocumentTypeRefAnswer
    draft: bool
    extracted_data: list[Any] | dict[str, Any]
    id: str
    status: DocumentStatus
    status_label: str
    updated_at: str
    url_back: str | None
    url_front: str | None
    verification_id: str

class DocumentContentChangeRequest(TypedDict):
    back_side_data: NotRequired[str]
    context_type: NotRequired[ContextType]
    country: NotRequired[CountryCode]
    front_side_data: NotRequired[str]
    type: NotRequired[int]

class DocumentContentRequest(TypedDict):
    back_side_data: NotRequired[str | None]
    context_type: ContextType
    country: CountryCode
    front_side_data: NotRequired[str | None]
    type: int

class DocumentCreationRequest(TypedDict):
    document: DocumentContentRequest
    draft: NotRequired[bool]
    verification: str

class DocumentEnvelope(TypedDict):
    data: DocumentAnswer

class DocumentPage(TypedDict):
    data: list[DocumentAnswer]
    links: LinksAnswer
    meta: MetaAnswer

DocumentStatus: TypeAlias = Literal[1, 2, 3, 4, 5, 6, 7]

class DocumentTypeAnswer(TypedDict):
    accepts: list[str]
    context_type: ContextType
    countries: list[TypeCountryAnswer]
    id: int
    max_pages: int
    name: str
    type_label: str

class DocumentTypeListEnvelope(TypedDict):
    data: list[DocumentTypeAnswer]

class DocumentTypeRefAnswer(TypedDict):
    id: int
    name: str
    type_label: str

class DocumentUpdateRequest(TypedDict):
    document: NotRequired[DocumentContentChangeRequest]
    status: NotRequired[DocumentUpdateStatusEnum]
    verification: str

DocumentUpdateStatusEnum: TypeAlias = Literal[1, 2, 3, 4, 5, 6, 7]

class EngineAnswer(TypedDict):
    name: str
    version: str

EnvironmentEnum: TypeAlias = Literal["live", "sandbox"]

Error = TypedDict(
    "Error",
    {
        "code": "str",
        "errors": "NotRequired[dict[str, list[str]]]",
        "from": "NotRequired[str]",
        "message": "str",
        "missing": "NotRequired[list[str]]",
        "request_id": "str",
        "to": "NotRequired[str]",
        "versions": "NotRequired[list[str]]",
    },
)

class EventAnswer(TypedDict):
    """Exactly what a webhook is sent."""

    data: EventDataAnswer
    id: str
    timestamp: str
    type: TypeEnum

class EventDataAnswer(TypedDict):
    """``status`` is the document's where there is a ``document_id``."""

    days: NotRequired[int]
    decision_id: NotRequired[str]
    document_id: NotRequired[str]
    document_type: NotRequired[int]
    external_ref: str | None
    flow: str
    message_id: NotRequired[str]
    reasons: NotRequired[list[str]]
    sequence: int
    status: int
    status_label: str
    verification_id: str

class EventPage(TypedDict):
    data: list[EventAnswer]
    links: LinksAnswer
    meta: MetaAnswer

EventsEnum: TypeAlias = Literal["*", "verification.created", "verification.submitted", "verification.finished", "verification.review_required", "verification.canceled", "verification.expired", "verification.held", "verification.resumed", "verification.resubmission_requested", "verification.message_added", "verification.redacted", "document.uploaded", "document.extracted", "document.extraction_failed", "document.canceled", "document.deleted", "document.redacted", "document.expiring", "decision.made"]

class EvidenceAnswer(TypedDict):
    """``normalised`` tells what the values became before they were compared."""

    computed: Any
    expected: Any
    inputs: list[EvidenceInputAnswer] | None
    normalised: list[NormalisedAnswer]
    threshold: Any

class EvidenceInputAnswer(TypedDict):
    """``box`` is x, y, width and height in pixels of the upright page."""

    box: list[int] | None
    confidence: float | None
    document: str | None
    page: int | None
    path: str
    reader: str
    side: str
    value: str

class ExpectedAddress(TypedDict):
    city: NotRequired[str | None]
    country: NotRequired[str | None]
    postal_code: NotRequired[str | None]
    state: NotRequired[str | None]
    street: NotRequired[str | None]
    street2: NotRequired[str | None]

class ExpectedAddressRequest(TypedDict):
    city: NotRequired[str | None]
    country: NotRequired[str | None]
    postal_code: NotRequired[str | None]
    state: NotRequired[str | None]
    street: NotRequired[str | None]
    street2: NotRequired[str | None]

class ExpectedData(TypedDict):
    address: NotRequired[ExpectedAddress | None]
    documents: NotRequired[ExpectedDocuments | None]
    person: NotRequired[ExpectedPerson | None]
    witness: NotRequired[ExpectedWitness | None]

class ExpectedDataRequest(TypedDict):
    address: NotRequired[ExpectedAddressRequest | None]
    documents: NotRequired[ExpectedDocumentsRequest | None]
    person: NotRequired[ExpectedPersonRequest | None]
    witness: NotRequired[ExpectedWitnessRequest | None]

class ExpectedDocument(TypedDict):
    country: NotRequired[CountryCode | None]
    number: NotRequired[str | None]
    type: NotRequired[int | None]

class ExpectedDocumentRequest(TypedDict):
    country: NotRequired[CountryCode | None]
    number: NotRequired[str | None]
    type: NotRequired[int | None]

class ExpectedDocuments(TypedDict):
    photo_id: NotRequired[ExpectedDocument | None]
    proof_of_address: NotRequired[ExpectedDocument | None]

class ExpectedDocumentsRequest(TypedDict):
    photo_id: NotRequired[ExpectedDocumentRequest | None]
    proof_of_address: NotRequired[ExpectedDocumentRequest | None]

class ExpectedPerson(TypedDict):
    date_of_birth: NotRequired[str | None]
    email: NotRequired[str | None]
    first_name: NotRequired[str | None]
    last_name: NotRequired[str | None]
    middle_name: NotRequired[str | None]
    phone: NotRequired[str | None]
    protected: NotRequired[bool | None]

class ExpectedPersonRequest(TypedDict):
    date_of_birth: NotRequired[str | None]
    email: NotRequired[str | None]
    first_name: NotRequired[str | None]
    last_name: NotRequired[str | None]
    middle_name: NotRequired[str | None]
    phone: NotRequired[str | None]
    protected: NotRequired[bool | None]

class ExpectedWitness(TypedDict):
    """Who witnessed the signature (PS Form 1583 item 14). ``commission_…`` for a notary."""

    commission_expires_on: NotRequired[str | None]
    commission_jurisdiction: NotRequired[str | None]
    commission_number: NotRequired[str | None]
    kind: NotRequired[ExpectedWitnessKindEnum | NullEnum]
    mode: NotRequired[ModeEnum | NullEnum]
    name: NotRequired[str | None]
    seal_image_sha256: NotRequired[str | None]
    session_ref: NotRequired[str | None]
    signed_at: NotRequired[str | None]
    title: NotRequired[str | None]

ExpectedWitnessKindEnum: TypeAlias = Literal["cmra_owner", "cmra_manager", "cmra_employee", "notary"]

class ExpectedWitnessRequest(TypedDict):
    """Who witnessed the signature (PS Form 1583 item 14). ``commission_…`` for a notary."""

    commission_expires_on: NotRequired[str | None]
    commission_jurisdiction: NotRequired[str | None]
    commission_number: NotRequired[str | None]
    kind: NotRequired[ExpectedWitnessKindEnum | NullEnum]
    mode: NotRequired[ModeEnum | NullEnum]
    name: NotRequired[str | None]
    seal_image_sha256: NotRequired[str | None]
    session_ref: NotRequired[str | None]
    signed_at: NotRequired[str | None]
    title: NotRequired[str | None]

class ExportAnswer(TypedDict):
    created_at: str
    created_by: str
    done: int
    due_on: str
    expires_at: str
    finished_at: str | None
    flow: str
    id: str
    include_protected: bool
    quarter: str
    signed_off_at: str | None
    signed_off_by: str | None
    size: int
    state: StateEnum
    total: int

class ExportCreationRequest(TypedDict):
    include_protected: NotRequired[bool]
    quarter: str

class ExportEnvelope(TypedDict):
    data: ExportAnswer

class ExportPage(TypedDict):
    data: list[ExportAnswer]
    links: LinksAnswer
    meta: MetaAnswer

ExtractOnEnum: TypeAlias = Literal["upload", "submit"]

class ExtractedFieldsAnswer(TypedDict):
    extracted_data: list[Any] | dict[str, Any]
    fields: dict[str, FieldAnswer]

class ExtractedFieldsEnvelope(TypedDict):
    data: ExtractedFieldsAnswer

class ExtractionAnswer(TypedDict):
    comparison_results: dict[str, Any] | None
    completed_at: str | None
    confidence_scores: dict[str, float]
    created_at: str
    document_id: str
    duration_ms: int | None
    engine: EngineAnswer
    extracted_fields: dict[str, str]
    extraction_type: ExtractionTypeEnum
    id: str
    reference_document_id: str | None
    regions: dict[str, dict[str, Any]]
    status: ExtractionStatus

class ExtractionEnvelope(TypedDict):
    data: ExtractionAnswer

class ExtractionPage(TypedDict):
    data: list[ExtractionAnswer]
    links: LinksAnswer
    meta: MetaAnswer

class ExtractionRequestRequest(TypedDict):
    types: NotRequired[list[TypesEnum]]
    wait_ms: NotRequired[int]

ExtractionStatus: TypeAlias = Literal["pending", "processing", "completed", "failed"]

ExtractionTypeEnum: TypeAlias = Literal["mrz", "barcode", "ocr", "face", "comparison"]

class FieldAnswer(TypedDict):
    confidence: float | None
    corrected_at: str | None
    corrected_by: str | None
    machine_value: str | None
    reader: str
    reason: str | None
    value: str

class FieldCorrectionRequest(TypedDict):
    fields: dict[str, str]
    reason: str

FixEnum: TypeAlias = Literal["reupload", "correct_expected_data", "contact_operator", "none"]

class FlowAnswer(TypedDict):
    description: str
    extract_on: ExtractOnEnum
    name: str
    optional_contexts: list[ContextType]
    path: str
    required_contexts: list[ContextType]
    rules: list[str]
    version: int

class FlowEnvelope(TypedDict):
    data: FlowAnswer

class FlowListEnvelope(TypedDict):
    data: list[FlowAnswer]

class FormAddressRequest(TypedDict):
    city: NotRequired[str | None]
    country: NotRequired[str | None]
    state: NotRequired[str | None]
    street: NotRequired[str | None]
    zip4: NotRequired[str | None]

class FormAgencyRequest(TypedDict):
    city: NotRequired[str | None]
    pmb: NotRequired[str | None]
    state: NotRequired[str | None]
    street: NotRequired[str | None]
    zip4: NotRequired[str | None]

class FormAmendmentRequest(TypedDict):
    """The parts of PS Form 1583; each that is sent replaces that part."""

    additional_recipients: NotRequired[list[FormRecipientRequest] | None]
    applicant: NotRequired[FormApplicantRequest | None]
    authorized: NotRequired[FormAuthorizedRequest | None]
    business: NotRequired[FormBusinessRequest | None]
    cmra: NotRequired[FormAgencyRequest | None]
    crd_uploaded_at: NotRequired[str | None]
    pmb: NotRequired[FormMailboxRequest | None]
    service_type: NotRequired[ServiceTypeEnum | NullEnum]
    signature: NotRequired[FormSignatureRequest | None]
    transfer: NotRequired[FormTransferRequest | None]
    witness: NotRequired[ExpectedWitnessRequest | None]

class FormAnswer(TypedDict):
    """``missing`` are the keys of boxes that are needed and empty, ``problems`` those whose value USPS does not accept."""

    boxes: list[FormBoxAnswer]
    crd_uploaded_at: str | None
    form_complete: bool
    identity_documents_verified: bool
    missing: list[str]
    problems: list[str]
    verification_id: str

class FormApplicantRequest(TypedDict):
    email: NotRequired[str | None]
    home: NotRequired[FormAddressRequest | None]
    name: NotRequired[FormNameRequest | None]
    phone: NotRequired[str | None]
    protected: NotRequired[bool | None]

class FormAuthorizedRequest(TypedDict):
    email: NotRequired[str | None]
    home: NotRequired[FormAddressRequest | None]
    name: NotRequired[FormNameRequest | None]
    phone: NotRequired[str | None]
    verification: NotRequired[str | None]

class FormBoxAnswer(TypedDict):
    box: str
    key: str
    label: str
    missing: bool
    source: str
    value: str

class FormBusinessRequest(TypedDict):
    address: NotRequired[FormAddressRequest | None]
    name: NotRequired[str | None]
    phone: NotRequired[str | None]
    registration: NotRequired[str | None]
    type: NotRequired[str | None]

class FormEnvelope(TypedDict):
    data: FormAnswer

class FormMailboxRequest(TypedDict):
    closed_on: NotRequired[str | None]
    opened_on: NotRequired[str | None]

class FormNameRequest(TypedDict):
    first: NotRequired[str | None]
    last: NotRequired[str | None]
    middle: NotRequired[str | None]

class FormRecipientRequest(TypedDict):
    kind: NotRequired[str | None]
    name: str

class FormSignatureRequest(TypedDict):
    name: NotRequired[str | None]
    signed_on: NotRequired[str | None]

class FormTransferRequest(TypedDict):
    address: NotRequired[FormAddressRequest | None]
    email: NotRequired[str | None]
    phone: NotRequired[str | None]

GroundEnum: TypeAlias = Literal["requested", "retention"]

GroupEnum: TypeAlias = Literal["document", "person", "address", "image", "face"]

HistoryAnswer = TypedDict(
    "HistoryAnswer",
    {
        "at": "str",
        "by": "str",
        "from": "VerificationStatus",
        "from_label": "str",
        "reason": "str | None",
        "to": "VerificationStatus",
        "to_label": "str",
    },
)

class InspectionAnswer(TypedDict):
    created_at: str
    created_by: str
    expires_at: str
    flow: str
    id: str
    revoked_at: str | None
    verifications: list[str]

class InspectionCreationRequest(TypedDict):
    hours: NotRequired[int]
    verifications: list[str]

class InspectionPage(TypedDict):
    data: list[InspectionAnswer]
    links: LinksAnswer
    meta: MetaAnswer

class IssuedInspectionAnswer(TypedDict):
    created_at: str
    created_by: str
    expires_at: str
    flow: str
    id: str
    revoked_at: str | None
    url: str
    verifications: list[str]

class IssuedInspectionEnvelope(TypedDict):
    data: IssuedInspectionAnswer

class LegalHoldAnswer(TypedDict):
    id: str
    placed_at: str
    placed_by: str
    reason: str

class LegalHoldCreationRequest(TypedDict):
    reason: str

class LegalHoldEnvelope(TypedDict):
    data: LegalHoldAnswer

class LinksAnswer(TypedDict):
    first: str
    last: str | None
    next: str | None
    prev: str | None

class ListEntryAnswer(TypedDict):
    created_at: str
    created_by: str
    expires_at: str | None
    id: str
    kind: ListKind
    reason: str
    value: str

class ListEntryCreationRequest(TypedDict):
    expires_at: NotRequired[str | None]
    kind: ListKind
    reason: str
    value: str

class ListEntryEnvelope(TypedDict):
    data: ListEntryAnswer

class ListEntryPage(TypedDict):
    data: list[ListEntryAnswer]
    links: LinksAnswer
    meta: MetaAnswer

ListKind: TypeAlias = Literal["blocked_document_number", "blocked_name", "known_cmra_address", "own_address", "blocked_country", "blocked_file"]

class MessageAnswer(TypedDict):
    """What a reviewer wrote for the applicant. ``document_id`` null: about the whole verification."""

    created_at: str
    document_id: str | None
    id: str
    text: str

MetaAnswer = TypedDict(
    "MetaAnswer",
    {
        "current_page": "NotRequired[int]",
        "from": "NotRequired[int | None]",
        "last_page": "NotRequired[int]",
        "path": "str",
        "per_page": "int",
        "to": "NotRequired[int | None]",
        "total": "NotRequired[int]",
        "total_is_estimated": "NotRequired[bool]",
    },
)

ModeEnum: TypeAlias = Literal["in_person", "real_time_av"]

class NormalisedAnswer(TypedDict):
    side: str
    steps: list[str]
    value: str

NullEnum: TypeAlias = None

Outcome: TypeAlias = Literal["error", "warning", "pass", "not_applicable"]

class PdfAnswer(TypedDict):
    data: str

class PersonalDataAnswer(TypedDict):
    """Everything kept of the person: what was declared, uploaded (signed links), read, corrected, checked and decided."""

    checks: list[CheckAnswer]
    consent: ConsentAnswer | None
    decisions: list[DecisionAnswer]
    documents: list[PersonalDocumentAnswer]
    history: list[HistoryAnswer]
    messages: list[MessageAnswer]
    verification: VerificationAnswer

class PersonalDataEnvelope(TypedDict):
    data: PersonalDataAnswer

class PersonalDocumentAnswer(TypedDict):
    checks: list[CheckAnswer]
    country: CountryAnswer
    created_at: str
    decisions: list[DecisionDetailAnswer]
    document_type: DocumentTypeRefAnswer
    draft: bool
    extracted_data: list[Any] | dict[str, Any]
    fields: dict[str, FieldAnswer]
    id: str
    status: DocumentStatus
    status_label: str
    updated_at: str
    url_back: str | None
    url_front: str | None
    verification_id: str

Problem = TypedDict(
    "Problem",
    {
        "code": "str",
        "detail": "str",
        "errors": "NotRequired[dict[str, list[str]]]",
        "from": "NotRequired[str]",
        "missing": "NotRequired[list[str]]",
        "request_id": "str",
        "status": "int",
        "title": "str",
        "to": "NotRequired[str]",
        "type": "str",
        "versions": "NotRequired[list[str]]",
    },
)

class ReceiptAnswer(TypedDict):
    """``signature`` is base64 of Ed25519 over the content's canonical JSON (sorted keys, no blanks, UTF-8)."""

    content: ReceiptContentAnswer
    created_at: str
    ground: GroundEnum
    id: str
    kind: ReceiptAnswerKindEnum
    signature: str

ReceiptAnswerKindEnum: TypeAlias = Literal["images", "document", "all"]

class ReceiptContentAnswer(TypedDict):
    """``sha256`` of every file that was deleted, ``audit`` the entry that says so, ``document_ids`` where only these
    documents' data went."""

    at: str
    audit: AuditPlaceAnswer
    by: str
    document_ids: NotRequired[list[str]]
    documents: int
    ground: str
    kind: str
    receipt: str
    sha256: list[str]
    verification: str
    workspace: str

class ReceiptListEnvelope(TypedDict):
    data: list[ReceiptAnswer]

class RedactionAnswer(TypedDict):
    documents_removed: int
    status: RedactionAnswerStatusEnum

RedactionAnswerStatusEnum: TypeAlias = Literal["redacted", "already_redacted"]

class RedactionEnvelope(TypedDict):
    data: RedactionAnswer

class ReprocessingAnswer(TypedDict):
    changes: list[ChangeAnswer]

class ReprocessingEnvelope(TypedDict):
    data: ReprocessingAnswer

class ReprocessingRequestRequest(TypedDict):
    dry_run: NotRequired[bool]

class ResubmissionRequest(TypedDict):
    documents: NotRequired[list[str] | None]
    note: NotRequired[str | None]
    reasons: NotRequired[list[str] | None]

class RuleChangeAnswer(TypedDict):
    after: Outcome | NullEnum
    before: Outcome | NullEnum
    rule: str

ServiceTypeEnum: TypeAlias = Literal["business", "residential"]

StateEnum: TypeAlias = Literal["pending", "running", "done", "failed", "no_longer_kept"]

class TypeCountryAnswer(TypedDict):
    iso3: str
    sides: int

TypeEnum: TypeAlias = Literal["verification.created", "verification.submitted", "verification.finished", "verification.review_required", "verification.canceled", "verification.expired", "verification.held", "verification.resumed", "verification.resubmission_requested", "verification.message_added", "verification.redacted", "document.uploaded", "document.extracted", "document.extraction_failed", "document.canceled", "document.deleted", "document.redacted", "document.expiring", "decision.made"]

TypesEnum: TypeAlias = Literal["mrz", "barcode", "ocr", "face"]

ValidationWorkflowEnum: TypeAlias = Literal["Automatic", "Manual"]

class VerificationAmendmentRequest(TypedDict):
    expected_data: NotRequired[ExpectedDataRequest | None]
    external_ref: NotRequired[str | None]
    metadata: NotRequired[Any | None]
    tags: NotRequired[list[str] | None]

class VerificationAnswer(TypedDict):
    attempt: int
    created_at: str
    environment: EnvironmentEnum
    expected_data: ExpectedData
    external_ref: str | None
    finished_at: str | None
    flow: str
    flow_version: int
    id: str
    metadata: dict[str, Any]
    redacted_at: str | None
    renews: str | None
    status: VerificationStatus
    status_label: str
    submitted_at: str | None
    tags: list[str]
    updated_at: str
    webhook_url: str | None

class VerificationCreationRequest(TypedDict):
    expected_data: NotRequired[ExpectedDataRequest | None]
    external_ref: NotRequired[str | None]
    metadata: NotRequired[Any | None]
    renews: NotRequired[str | None]
    tags: NotRequired[list[str] | None]
    webhook_secret: NotRequired[str | None]
    webhook_url: NotRequired[str | None]

class VerificationDetailAnswer(TypedDict):
    attempt: int
    checks: list[CheckAnswer]
    created_at: str
    decisions: list[DecisionAnswer]
    documents: list[DocumentAnswer]
    environment: EnvironmentEnum
    expected_data: ExpectedData
    external_ref: str | None
    finished_at: str | None
    flow: str
    flow_version: int
    history: list[HistoryAnswer]
    id: str
    messages: list[MessageAnswer]
    metadata: dict[str, Any]
    redacted_at: str | None
    renewed_by: list[str]
    renews: str | None
    status: VerificationStatus
    status_label: str
    submitted_at: str | None
    tags: list[str]
    updated_at: str
    webhook_url: str | None

class VerificationDetailEnvelope(TypedDict):
    data: VerificationDetailAnswer

class VerificationEnvelope(TypedDict):
    data: VerificationAnswer

class VerificationPage(TypedDict):
    data: list[VerificationAnswer]
    links: LinksAnswer
    meta: MetaAnswer

VerificationStatus: TypeAlias = Literal[1, 2, 3, 4, 5, 6, 7, 8]

class WebhookAmendmentRequest(TypedDict):
    active: NotRequired[bool]
    description: NotRequired[str | None]
    dialect: NotRequired[DialectEnum | NullEnum]
    events: NotRequired[list[Literal["*", "verification.created", "verification.submitted", "verification.finished", "verification.review_required", "verification.canceled", "verification.expired", "verification.held", "verification.resumed", "verification.resubmission_requested", "verification.message_added", "verification.redacted", "document.uploaded", "document.extracted", "document.extraction_failed", "document.canceled", "document.deleted", "document.redacted", "document.expiring", "decision.made"]] | None]
    url: NotRequired[str]

class WebhookAnswer(TypedDict):
    """``events`` is ``["*"]`` for all; ``dialect`` whose words and signature it is told in, null for ours.
    ``disabled_reason``: it was switched off by us."""

    active: bool
    created_at: str
    description: str
    dialect: DialectEnum | NullEnum
    disabled_reason: DisabledReasonEnum | NullEnum
    events: list[EventsEnum]
    id: str
    updated_at: str
    url: str

class WebhookCreationRequest(TypedDict):
    active: NotRequired[bool]
    description: NotRequired[str | None]
    dialect: NotRequired[DialectEnum | NullEnum]
    events: NotRequired[list[Literal["*", "verification.created", "verification.submitted", "verification.finished", "verification.review_required", "verification.canceled", "verification.expired", "verification.held", "verification.resumed", "verification.resubmission_requested", "verification.message_added", "verification.redacted", "document.uploaded", "document.extracted", "document.extraction_failed", "document.canceled", "document.deleted", "document.redacted", "document.expiring", "decision.made"]] | None]
    url: str

class WebhookEnvelope(TypedDict):
    data: WebhookAnswer

class WebhookPage(TypedDict):
    data: list[WebhookAnswer]
    links: LinksAnswer
    meta: MetaAnswer

class WebhookSecretAnswer(TypedDict):
    """The secret is shown this once."""

    active: bool
    created_at: str
    description: str
    dialect: DialectEnum | NullEnum
    disabled_reason: DisabledReasonEnum | NullEnum
    events: list[EventsEnum]
    id: str
    secret: str
    updated_at: str
    url: str

class WebhookSecretEnvelope(TypedDict):
    data: WebhookSecretAnswer

class Client(Transport):
    """One method per operation. Raises ApiError for every refusal."""
    def list_events(self, *, created_from: str | None = None, created_to: str | None = None, cursor: str | None = None, page: int | None = None, per_page: int | None = None, type: str | None = None, verification: str | None = None) -> EventPage:
        """List events. Needs the scope `webhooks:read`."""
        answer = self.call("GET", "/api/v1/events", query={"created_from": created_from, "created_to": created_to, "cursor": cursor, "page": page, "per_page": per_page, "type": type, "verification": verification})
        return cast("EventPage", answer)

    def list_the_flows_this_token_may_use(self) -> list[FlowAnswer]:
        """List the flows this token may use. Needs the scope `flows:read`."""
        answer = self.call("GET", "/api/v1/flows")
        return cast("list[FlowAnswer]", answer["data"])

    def list_the_operator_list_entries(self, *, cursor: str | None = None, kind: str | None = None, page: int | None = None, per_page: int | None = None) -> ListEntryPage:
        """List the operator's list entries. Needs the scope `decisions:read`."""
        answer = self.call("GET", "/api/v1/lists", query={"cursor": cursor, "kind": kind, "page": page, "per_page": per_page})
        return cast("ListEntryPage", answer)

    def put_a_value_on_a_list(self, body: ListEntryCreationRequest, *, idempotency_key: str | None = None) -> ListEntryAnswer:
        """Put a value on a list. Needs the scope `decisions:write`."""
        answer = self.call("POST", "/api/v1/lists", body=body, idempotency_key=idempotency_key)
        return cast("ListEntryAnswer", answer["data"])

    def show_a_list_entry(self, entry: str) -> ListEntryAnswer:
        """Show a list entry. Needs the scope `decisions:read`."""
        answer = self.call("GET", f"/api/v1/lists/{quote(entry)}")
        return cast("ListEntryAnswer", answer["data"])

    def take_a_value_off_a_list(self, entry: str, *, idempotency_key: str | None = None) -> None:
        """Take a value off a list. Needs the scope `decisions:write`."""
        self.call("DELETE", f"/api/v1/lists/{quote(entry)}", idempotency_key=idempotency_key)
        return None

    def list_verifications_of_all_flows(self, *, created_from: str | None = None, created_to: str | None = None, cursor: str | None = None, external_ref: str | None = None, page: int | None = None, per_page: int | None = None, q: str | None = None, status: Literal[1, 2, 3, 4, 5, 6, 7, 8] | None = None, tag: str | None = None) -> VerificationPage:
        """List verifications of all flows. Needs the scope `verifications:read`."""
        answer = self.call("GET", "/api/v1/verifications", query={"created_from": created_from, "created_to": created_to, "cursor": cursor, "external_ref": external_ref, "page": page, "per_page": per_page, "q": q, "status": status, "tag": tag})
        return cast("VerificationPage", answer)

    def list_webhooks(self, *, cursor: str | None = None, page: int | None = None, per_page: int | None = None) -> WebhookPage:
        """List webhooks. Needs the scope `webhooks:read`."""
        answer = self.call("GET", "/api/v1/webhooks", query={"cursor": cursor, "page": page, "per_page": per_page})
        return cast("WebhookPage", answer)

    def register_a_webhook(self, body: WebhookCreationRequest, *, idempotency_key: str | None = None) -> WebhookSecretAnswer:
        """Register a webhook. Needs the scope `webhooks:write`."""
        answer = self.call("POST", "/api/v1/webhooks", body=body, idempotency_key=idempotency_key)
        return cast("WebhookSecretAnswer", answer["data"])

    def show_a_webhook(self, webhook: str) -> WebhookAnswer:
        """Show a webhook. Needs the scope `webhooks:read`."""
        answer = self.call("GET", f"/api/v1/webhooks/{quote(webhook)}")
        return cast("WebhookAnswer", answer["data"])

    def change_a_webhook(self, webhook: str, body: WebhookAmendmentRequest, *, idempotency_key: str | None = None, if_match: str | None = None) -> WebhookAnswer:
        """Change a webhook. Needs the scope `webhooks:write`."""
        answer = self.call("PATCH", f"/api/v1/webhooks/{quote(webhook)}", body=body, idempotency_key=idempotency_key, if_match=if_match)
        return cast("WebhookAnswer", answer["data"])

    def delete_a_webhook(self, webhook: str, *, idempotency_key: str | None = None) -> None:
        """Delete a webhook. Needs the scope `webhooks:write`."""
        self.call("DELETE", f"/api/v1/webhooks/{quote(webhook)}", idempotency_key=idempotency_key)
        return None

    def list_a_webhook_deliveries(self, webhook: str, *, cursor: str | None = None, page: int | None = None, per_page: int | None = None) -> DeliveryPage:
        """List a webhook's deliveries. Needs the scope `webhooks:read`."""
        answer = self.call("GET", f"/api/v1/webhooks/{quote(webhook)}/deliveries", query={"cursor": cursor, "page": page, "per_page": per_page})
        return cast("DeliveryPage", answer)

    def send_a_delivery_again(self, webhook: str, delivery: str, *, idempotency_key: str | None = None) -> DeliveryAnswer:
        """Send a delivery again. Needs the scope `webhooks:write`."""
        answer = self.call("POST", f"/api/v1/webhooks/{quote(webhook)}/deliveries/{quote(delivery)}/retry", idempotency_key=idempotency_key)
        return cast("DeliveryAnswer", answer["data"])

    def rotate_a_webhook_secret(self, webhook: str, *, idempotency_key: str | None = None) -> WebhookSecretAnswer:
        """Rotate a webhook's secret. Needs the scope `webhooks:write`."""
        answer = self.call("POST", f"/api/v1/webhooks/{quote(webhook)}/rotate", idempotency_key=idempotency_key)
        return cast("WebhookSecretAnswer", answer["data"])

    def send_a_test_event(self, webhook: str, *, idempotency_key: str | None = None) -> DeliveryAnswer:
        """Send a test event. Needs the scope `webhooks:write`."""
        answer = self.call("POST", f"/api/v1/webhooks/{quote(webhook)}/test", idempotency_key=idempotency_key)
        return cast("DeliveryAnswer", answer["data"])

    def show_a_flow(self, flow: str) -> FlowAnswer:
        """Show a flow. Needs the scope `flows:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}")
        return cast("FlowAnswer", answer["data"])

    def list_decisions(self, flow: str, *, cursor: str | None = None, document: str | None = None, page: int | None = None, per_page: int | None = None, verification: str | None = None) -> DecisionDetailPage:
        """List decisions. Needs the scope `decisions:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/decisions", query={"cursor": cursor, "document": document, "page": page, "per_page": per_page, "verification": verification})
        return cast("DecisionDetailPage", answer)

    def decide_a_document_by_hand(self, flow: str, body: DecisionCreationRequest, *, idempotency_key: str | None = None) -> DocumentAnswer:
        """Decide a document by hand. Needs the scope `decisions:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/decisions", body=body, idempotency_key=idempotency_key)
        return cast("DocumentAnswer", answer["data"])

    def list_the_document_types_of_a_flow(self, flow: str, *, country: CountryCode | None = None) -> list[DocumentTypeAnswer]:
        """List the document types of a flow. Needs the scope `flows:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/document-types", query={"country": country})
        return cast("list[DocumentTypeAnswer]", answer["data"])

    def list_documents(self, flow: str, *, cursor: str | None = None, page: int | None = None, per_page: int | None = None, verification: str | None = None) -> DocumentPage:
        """List documents. Needs the scope `documents:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/documents", query={"cursor": cursor, "page": page, "per_page": per_page, "verification": verification})
        return cast("DocumentPage", answer)

    def upload_a_document(self, flow: str, body: DocumentCreationRequest, *, idempotency_key: str | None = None) -> DocumentAnswer:
        """Upload a document. Needs the scope `documents:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/documents", body=body, idempotency_key=idempotency_key)
        return cast("DocumentAnswer", answer["data"])

    def show_a_document(self, flow: str, document: str) -> DocumentAnswer:
        """Show a document. Needs the scope `documents:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/documents/{quote(document)}")
        return cast("DocumentAnswer", answer["data"])

    def change_a_document_that_is_still_uploaded(self, flow: str, document: str, body: DocumentUpdateRequest, *, idempotency_key: str | None = None, if_match: str | None = None) -> DocumentAnswer:
        """Change a document that is still Uploaded. Needs the scope `documents:write`."""
        answer = self.call("PATCH", f"/api/v1/{quote(flow)}/documents/{quote(document)}", body=body, idempotency_key=idempotency_key, if_match=if_match)
        return cast("DocumentAnswer", answer["data"])

    def delete_a_document(self, flow: str, document: str, *, idempotency_key: str | None = None) -> None:
        """Delete a document. Needs the scope `documents:write`."""
        self.call("DELETE", f"/api/v1/{quote(flow)}/documents/{quote(document)}", idempotency_key=idempotency_key)
        return None

    def list_a_document_rule_results(self, flow: str, document: str) -> list[CheckAnswer]:
        """List a document's rule results. Needs the scope `documents:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/documents/{quote(document)}/checks")
        return cast("list[CheckAnswer]", answer["data"])

    def compare_a_document_with_another(self, flow: str, document: str, body: ComparisonRequestRequest, *, idempotency_key: str | None = None) -> ExtractionAnswer:
        """Compare a document with another. Needs the scope `documents:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/documents/{quote(document)}/compare", body=body, idempotency_key=idempotency_key)
        return cast("ExtractionAnswer", answer["data"])

    def read_a_document_again(self, flow: str, document: str, body: ExtractionRequestRequest, *, idempotency_key: str | None = None) -> ExtractionAnswer:
        """Read a document again. Needs the scope `documents:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/documents/{quote(document)}/extract", body=body, idempotency_key=idempotency_key)
        return cast("ExtractionAnswer", answer["data"])

    def show_what_was_read_field_by_field(self, flow: str, document: str) -> ExtractedFieldsAnswer:
        """Show what was read, field by field. Needs the scope `documents:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/documents/{quote(document)}/extracted-data")
        return cast("ExtractedFieldsAnswer", answer["data"])

    def correct_what_was_read(self, flow: str, document: str, body: FieldCorrectionRequest, *, idempotency_key: str | None = None, if_match: str | None = None) -> ExtractedFieldsAnswer:
        """Correct what was read. Needs the scope `documents:write`."""
        answer = self.call("PATCH", f"/api/v1/{quote(flow)}/documents/{quote(document)}/extracted-data", body=body, idempotency_key=idempotency_key, if_match=if_match)
        return cast("ExtractedFieldsAnswer", answer["data"])

    def list_a_document_extractions(self, flow: str, document: str, *, cursor: str | None = None, page: int | None = None, per_page: int | None = None) -> ExtractionPage:
        """List a document's extractions. Needs the scope `documents:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/documents/{quote(document)}/extractions", query={"cursor": cursor, "page": page, "per_page": per_page})
        return cast("ExtractionPage", answer)

    def download_a_document_record(self, flow: str, document: str) -> str:
        """Download a document's record. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/documents/{quote(document)}/pdf")
        return cast("str", answer["data"])

    def submit_a_draft_document(self, flow: str, document: str, *, idempotency_key: str | None = None) -> DocumentAnswer:
        """Submit a draft document. Needs the scope `documents:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/documents/{quote(document)}/submit", idempotency_key=idempotency_key)
        return cast("DocumentAnswer", answer["data"])

    def list_registration_bundles(self, flow: str, *, cursor: str | None = None, page: int | None = None, per_page: int | None = None) -> ExportPage:
        """List registration bundles. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/exports", query={"cursor": cursor, "page": page, "per_page": per_page})
        return cast("ExportPage", answer)

    def ask_for_the_registration_bundle_of_a_quarter(self, flow: str, body: ExportCreationRequest, *, idempotency_key: str | None = None) -> ExportAnswer:
        """Ask for the registration bundle of a quarter. Needs the scope `exports:read`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/exports", body=body, idempotency_key=idempotency_key)
        return cast("ExportAnswer", answer["data"])

    def show_a_registration_bundle(self, flow: str, export: str) -> ExportAnswer:
        """Show a registration bundle. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/exports/{quote(export)}")
        return cast("ExportAnswer", answer["data"])

    def download_a_registration_bundle(self, flow: str, export: str) -> None:
        """Download a registration bundle. Needs the scope `exports:read`."""
        self.call("GET", f"/api/v1/{quote(flow)}/exports/{quote(export)}/file")
        return None

    def sign_off_a_quarter(self, flow: str, export: str, *, idempotency_key: str | None = None) -> ExportAnswer:
        """Sign off a quarter. Needs the scope `exports:read`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/exports/{quote(export)}/sign-off", idempotency_key=idempotency_key)
        return cast("ExportAnswer", answer["data"])

    def list_inspectors_links(self, flow: str, *, cursor: str | None = None, page: int | None = None, per_page: int | None = None) -> InspectionPage:
        """List inspectors' links. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/inspections", query={"cursor": cursor, "page": page, "per_page": per_page})
        return cast("InspectionPage", answer)

    def make_a_link_for_an_inspector(self, flow: str, body: InspectionCreationRequest, *, idempotency_key: str | None = None) -> IssuedInspectionAnswer:
        """Make a link for an inspector. Needs the scope `exports:read`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/inspections", body=body, idempotency_key=idempotency_key)
        return cast("IssuedInspectionAnswer", answer["data"])

    def revoke_an_inspector_link(self, flow: str, inspection: str, *, idempotency_key: str | None = None) -> None:
        """Revoke an inspector's link. Needs the scope `exports:read`."""
        self.call("DELETE", f"/api/v1/{quote(flow)}/inspections/{quote(inspection)}", idempotency_key=idempotency_key)
        return None

    def list_verifications(self, flow: str, *, created_from: str | None = None, created_to: str | None = None, cursor: str | None = None, external_ref: str | None = None, page: int | None = None, per_page: int | None = None, q: str | None = None, status: Literal[1, 2, 3, 4, 5, 6, 7, 8] | None = None, tag: str | None = None) -> VerificationPage:
        """List verifications. Needs the scope `verifications:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications", query={"created_from": created_from, "created_to": created_to, "cursor": cursor, "external_ref": external_ref, "page": page, "per_page": per_page, "q": q, "status": status, "tag": tag})
        return cast("VerificationPage", answer)

    def start_a_verification(self, flow: str, body: VerificationCreationRequest, *, idempotency_key: str | None = None) -> VerificationAnswer:
        """Start a verification. Needs the scope `verifications:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications", body=body, idempotency_key=idempotency_key)
        return cast("VerificationAnswer", answer["data"])

    def show_a_verification(self, flow: str, verification: str) -> VerificationDetailAnswer:
        """Show a verification. Needs the scope `verifications:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}")
        return cast("VerificationDetailAnswer", answer["data"])

    def change_a_verification(self, flow: str, verification: str, body: VerificationAmendmentRequest, *, idempotency_key: str | None = None, if_match: str | None = None) -> VerificationAnswer:
        """Change a verification. Needs the scope `verifications:write`."""
        answer = self.call("PATCH", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}", body=body, idempotency_key=idempotency_key, if_match=if_match)
        return cast("VerificationAnswer", answer["data"])

    def download_a_verification_evidence_bundle(self, flow: str, verification: str) -> None:
        """Download a verification's evidence bundle. Needs the scope `exports:read`."""
        self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/bundle")
        return None

    def cancel_a_verification(self, flow: str, verification: str, *, idempotency_key: str | None = None) -> VerificationAnswer:
        """Cancel a verification. Needs the scope `verifications:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/cancel", idempotency_key=idempotency_key)
        return cast("VerificationAnswer", answer["data"])

    def list_the_rule_results_of_a_verification(self, flow: str, verification: str) -> list[CheckAnswer]:
        """List the rule results of a verification. Needs the scope `verifications:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/checks")
        return cast("list[CheckAnswer]", answer["data"])

    def evaluate_a_rule_again(self, flow: str, verification: str, check: str, *, idempotency_key: str | None = None) -> CheckAnswer:
        """Evaluate a rule again. Needs the scope `decisions:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/checks/{quote(check)}/retry", idempotency_key=idempotency_key)
        return cast("CheckAnswer", answer["data"])

    def export_the_data_kept_of_a_person(self, flow: str, verification: str) -> PersonalDataAnswer:
        """Export the data kept of a person. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/data")
        return cast("PersonalDataAnswer", answer["data"])

    def delete_a_verification_data(self, flow: str, verification: str, *, idempotency_key: str | None = None) -> RedactionAnswer:
        """Delete a verification's data. Needs the scope `redact:write`."""
        answer = self.call("DELETE", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/data", idempotency_key=idempotency_key)
        return cast("RedactionAnswer", answer["data"])

    def expire_a_verification(self, flow: str, verification: str, *, idempotency_key: str | None = None) -> VerificationAnswer:
        """Expire a verification. Needs the scope `verifications:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/expire", idempotency_key=idempotency_key)
        return cast("VerificationAnswer", answer["data"])

    def show_the_ps_form_record(self, flow: str, verification: str) -> FormAnswer:
        """Show the PS Form 1583 record. Needs the scope `documents:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/form")
        return cast("FormAnswer", answer["data"])

    def enter_parts_of_the_ps_form_record(self, flow: str, verification: str, body: FormAmendmentRequest, *, idempotency_key: str | None = None, if_match: str | None = None) -> FormAnswer:
        """Enter parts of the PS Form 1583 record. Needs the scope `verifications:write`."""
        answer = self.call("PATCH", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/form", body=body, idempotency_key=idempotency_key, if_match=if_match)
        return cast("FormAnswer", answer["data"])

    def download_the_data_upon_the_blank_form(self, flow: str, verification: str) -> str:
        """Download the data upon the blank form. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/form/overlay")
        return cast("str", answer["data"])

    def download_the_ps_form_record(self, flow: str, verification: str) -> str:
        """Download the PS Form 1583 record. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/form/pdf")
        return cast("str", answer["data"])

    def put_a_verification_on_hold(self, flow: str, verification: str, *, idempotency_key: str | None = None) -> VerificationAnswer:
        """Put a verification on hold. Needs the scope `verifications:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/hold", idempotency_key=idempotency_key)
        return cast("VerificationAnswer", answer["data"])

    def place_a_legal_hold(self, flow: str, verification: str, body: LegalHoldCreationRequest, *, idempotency_key: str | None = None) -> LegalHoldAnswer:
        """Place a legal hold. Needs the scope `redact:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/legal-hold", body=body, idempotency_key=idempotency_key)
        return cast("LegalHoldAnswer", answer["data"])

    def lift_a_legal_hold(self, flow: str, verification: str, *, idempotency_key: str | None = None) -> None:
        """Lift a legal hold. Needs the scope `redact:write`."""
        self.call("DELETE", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/legal-hold", idempotency_key=idempotency_key)
        return None

    def download_the_verification_record(self, flow: str, verification: str) -> str:
        """Download the verification record. Needs the scope `exports:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/pdf")
        return cast("str", answer["data"])

    def list_the_receipts_of_deleted_data(self, flow: str, verification: str) -> list[ReceiptAnswer]:
        """List the receipts of deleted data. Needs the scope `verifications:read`."""
        answer = self.call("GET", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/receipts")
        return cast("list[ReceiptAnswer]", answer["data"])

    def reprocess_a_verification(self, flow: str, verification: str, body: ReprocessingRequestRequest, *, idempotency_key: str | None = None) -> ReprocessingAnswer:
        """Reprocess a verification. Needs the scope `decisions:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/reprocess", body=body, idempotency_key=idempotency_key)
        return cast("ReprocessingAnswer", answer["data"])

    def ask_for_documents_again(self, flow: str, verification: str, body: ResubmissionRequest, *, idempotency_key: str | None = None) -> VerificationAnswer:
        """Ask for documents again. Needs the scope `verifications:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/resubmit", body=body, idempotency_key=idempotency_key)
        return cast("VerificationAnswer", answer["data"])

    def resume_a_verification_that_is_on_hold_or_expired(self, flow: str, verification: str, *, idempotency_key: str | None = None) -> VerificationAnswer:
        """Resume a verification that is on hold or expired. Needs the scope `verifications:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/resume", idempotency_key=idempotency_key)
        return cast("VerificationAnswer", answer["data"])

    def submit_a_verification(self, flow: str, verification: str, *, idempotency_key: str | None = None) -> VerificationAnswer:
        """Submit a verification. Needs the scope `verifications:write`."""
        answer = self.call("POST", f"/api/v1/{quote(flow)}/verifications/{quote(verification)}/submit", idempotency_key=idempotency_key)
        return cast("VerificationAnswer", answer["data"])
