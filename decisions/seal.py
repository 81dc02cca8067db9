"""The seal of PDF records: a PAdES signature (ETSI EN 319 142-1, baseline B-B) with the operator's certificate, or one made for this installation.

Any PDF reader shows when a sealed record was changed; whether it trusts the certificate is another question, for its user.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.utils import timezone

from flows.models import ServiceKey

SEAL = "seal"
FIELD = "VouchboxSeal"
VALID_FOR = dt.timedelta(days=3650)
_PASSWORD = b"vouchbox"


def seal(data: bytes) -> bytes:
    """The same PDF with a signature appended to it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    metadata = signers.PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, reason="Record sealed")
    out = io.BytesIO()
    _run(signers.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), metadata, signer=_signer(), output=out))
    return out.getvalue()


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: the caller's may have an event loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def problem_of(data: bytes) -> str:
    """What is wrong with a sealed PDF; '' when it is whole and sealed by this installation's certificate."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    try:
        signatures = PdfFileReader(io.BytesIO(data), strict=True).embedded_signatures
        if len(signatures) != 1:
            return "there is no seal"
        found, own = signatures[0], _signer().signing_cert
        if found.signer_cert.dump() != own.dump():
            return "it was sealed with another certificate"
        trusted = ValidationContext(trust_roots=[own], allow_fetching=False)
        status = _run(async_validate_pdf_signature(found, signer_validation_context=trusted))
        covered = status.coverage is not None and status.coverage.name == "ENTIRE_FILE"
        whole = status.intact and status.valid and covered and _is_plain(data, found)
    except Exception as error:
        # A parser stumbles in as many ways as there are bytes to change.
        return f"it cannot be read ({type(error).__name__})"
    return "" if whole else "it was changed after it was sealed"


def _is_plain(data: bytes, found: Any) -> bool:
    """The signature itself stands in the one gap that it does not cover: its hexadecimal digits must be those that were written."""
    from asn1crypto import parser

    _, first, second, _ = [int(number) for number in found.byte_range]
    content = bytes(found.pkcs7_content)
    container = content[: parser.peek(content)]
    gap = data[first:second]
    if _frame(container) != _frame(_run(_signer().async_sign(bytes(32), "sha256", use_pades=True)).dump()):
        return False
    return gap == b"<" + container.hex().upper().encode().ljust(len(gap) - 2, b"0") + b">"


def _frame(container: bytes) -> bytes:
    """What a signature container says besides attributes and signature; neither of them covers it."""
    from asn1crypto import cms

    found = cms.ContentInfo.load(container)
    signer = found["content"]["signer_infos"][0]
    signer["signed_attrs"], signer["signature"] = cms.CMSAttributes([]), b""
    frame: bytes = found.dump(force=True)
    return frame


def certificate() -> bytes:
    """The seal's certificate, DER."""
    der: bytes = _signer().signing_cert.dump()
    return der


def _signer() -> Any:
    if settings.PDF_SEAL:
        return _operators(settings.PDF_SEAL, settings.PDF_SEAL_PASSWORD)
    return _from_pkcs12(base64.b64decode(_own().secret), _PASSWORD)


@lru_cache(maxsize=1)
def _operators(name: str, password: str) -> Any:
    return _from_pkcs12(Path(name).read_bytes(), password.encode() or None)


def _from_pkcs12(data: bytes, password: bytes | None) -> Any:
    from pyhanko.sign import signers

    signer = signers.SimpleSigner.load_pkcs12_data(data, other_certs=[], passphrase=password)
    if signer is None:
        raise ValueError("PDF_SEAL: expected a PKCS #12 file that PDF_SEAL_PASSWORD opens")
    return signer


def _own() -> ServiceKey:
    """The certificate of this installation with its key, made when the first record is sealed."""
    found = ServiceKey.objects.filter(pk=SEAL).first()
    if found is None:
        content, public = _made()
        row = ServiceKey(name=SEAL, public=public)
        row.secret = base64.b64encode(content).decode()
        ServiceKey.objects.bulk_create([row], ignore_conflicts=True)
        found = ServiceKey.objects.get(pk=SEAL)
    return found


def _made() -> tuple[bytes, str]:
    key, now = ec.generate_private_key(ec.SECP256R1()), timezone.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Vouchbox record seal")])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False, key_agreement=False, key_cert_sign=False,
        crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    packed = pkcs12.serialize_key_and_certificates(b"seal", key, made, None, BestAvailableEncryption(_PASSWORD))
    return packed, made.fingerprint(hashes.SHA256()).hex()
