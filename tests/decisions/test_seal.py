"""The seal of PDF records: shown to be whole by the library, and by our command for every byte."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.utils import timezone
from scripted import Script

from decisions import seal
from decisions.sheet import Sheet
from factories import Person, start, upload, work_off

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The library tells at length what is wrong with each broken file."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def sealed() -> bytes:
    sheet = Sheet(title="Record", left="Northside", right="ver_1", footer="x")
    sheet.title("Record", "of somebody")
    return seal.seal(sheet.finish())


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_sealed_record_is_valid_and_readable(sealed: bytes) -> None:
    assert seal.problem_of(sealed) == ""
    assert "of somebody" in pypdfium2.PdfDocument(sealed)[0].get_textpage().get_text_range()


def test_a_caller_may_have_an_event_loop(sealed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the thread of a browser test has, which goes on with other tests while its loop stands."""
    signer = seal._signer()
    monkeypatch.setattr(seal, "_signer", lambda: signer)

    async def asked() -> str:
        return seal.problem_of(sealed)

    with ThreadPoolExecutor(1) as pool:  # this thread may have one, too
        assert pool.submit(asyncio.run, asked()).result() == ""


def test_a_changed_byte_is_found(sealed: bytes) -> None:
    """A sample of the covered bytes, and of the signature's own, which nothing covers."""
    begin = sealed.index(b"/Contents <") + 10
    ends = sealed.index(b">", begin)
    positions = [*range(0, begin, 211), begin, *range(begin + 1, begin + 110, 4), *range(begin + 110, ends, 67), ends, *range(ends, len(sealed), 211)]
    assert len(positions) > 100
    assert [at for at in positions if seal.problem_of(changed(sealed, at)) == ""] == []


def test_any_bit_of_a_record_with_images_is_found(alice: Person, picture: Picture, script: Script) -> None:
    """At random, but the same each time: 150 places of a whole record, any bits of each."""
    case = start(alice)
    upload(alice, case, type=1, front=picture(seed=1))
    record = alice.get(f"/usps1583/verifications/{case['id']}/form/pdf", accept="application/pdf").content
    assert seal.problem_of(record) == ""
    chance = random.Random(1583)
    for _ in range(150):
        at, mask = chance.randrange(len(record)), chance.randint(1, 255)
        wrong = record[:at] + bytes([record[at] ^ mask]) + record[at + 1 :]
        assert seal.problem_of(wrong) != "", (at, mask)


@pytest.mark.parametrize(
    "change", [lambda data: data + b"\n", lambda data: data[:-2], lambda data: b"", lambda data: data.replace(b"/ByteRange", b"/BiteRange")]
)
def test_what_is_longer_shorter_or_unsealed_is_found(sealed: bytes, change: Callable[[bytes], bytes]) -> None:
    assert seal.problem_of(change(sealed)) != ""


def test_another_installations_seal_is_told_apart(sealed: bytes, settings: Any, tmp_path: Path) -> None:
    key, name = rsa.generate_private_key(65537, 2048), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Northside Mail")])
    now = timezone.now()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    made = made.not_valid_before(now.replace(year=now.year - 1)).not_valid_after(now.replace(year=now.year + 1))
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = made.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    (tmp_path / "seal.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, BestAvailableEncryption(b"secret")))
    settings.PDF_SEAL, settings.PDF_SEAL_PASSWORD = str(tmp_path / "seal.p12"), "secret"
    seal._operators.cache_clear()
    assert seal.problem_of(sealed) == "it was sealed with another certificate"
    sheet = Sheet(title="Record", left="Northside", right="ver_1", footer="x")
    own = seal.seal(sheet.finish())
    assert seal.problem_of(own) == ""
    assert b"Northside Mail".hex().upper().encode() in own
    seal._operators.cache_clear()


def test_records_are_sealed_and_stay_the_same(alice: Person, picture: Picture, script: Script, tmp_path: Path) -> None:
    case = start(alice)
    upload(alice, case, type=1, front=picture(seed=1))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    alice.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off()
    paths = [f"/usps1583/verifications/{case['id']}/{name}" for name in ("pdf", "form/pdf")]
    record, form = (alice.get(path, accept="application/pdf").content for path in paths)
    assert (seal.problem_of(record), seal.problem_of(form)) == ("", "")
    assert alice.get(paths[0], accept="application/pdf").content == record
    file, out = tmp_path / "record.pdf", StringIO()
    file.write_bytes(record)
    call_command("verify_pdf", str(file), certificate=str(tmp_path / "seal.der"), stdout=out)
    assert x509.load_der_x509_certificate((tmp_path / "seal.der").read_bytes()).subject.rfc4514_string() == "CN=Vouchbox record seal"
    file.write_bytes(changed(record, len(record) // 2))
    with pytest.raises(SystemExit) as ended:
        call_command("verify_pdf", str(file), stdout=out)
    assert ended.value.code == 1
    assert out.getvalue().splitlines()[0] == "valid: sealed by this installation, nothing was changed"
    assert out.getvalue().splitlines()[1].startswith("not valid: it ")
