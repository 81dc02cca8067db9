"""The whole service on production's three servers, its files in a bucket of an S3-compatible server that refuses what is not rightly signed."""

from __future__ import annotations

import base64
import contextlib
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone
from faults.cluster import Bucket
from installed import ROOT, Service, await_that, running
from servers import bucket, postgres_database, redis_server

from documents.specimens import draw, holder

pytestmark = [pytest.mark.service, pytest.mark.engine]
LINK_SECONDS = 15
PAPERS = {
    "usps1583": {"PHOTO_ID": (2, "driver_license"), "PROOF_OF_ADDRESS": (29, "vehicle_registration"), "SELFIE": (61, "selfie")},
    "address": {"PROOF_OF_ADDRESS": (24, "lease")},
}


def _get(address: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an address that is asked without a token."""
    try:
        with urllib.request.urlopen(address, timeout=30) as response:
            return response.status, response.read(), {name.lower(): value for name, value in response.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {}


@contextlib.contextmanager
def _installed(folder: Path, serve: str) -> Iterator[tuple[Service, Bucket]]:
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(bucket())
        environment = {
            "DATABASE_URL": stack.enter_context(postgres_database(migrated=True)), "REDIS_URL": stack.enter_context(redis_server()),
            "REDIS_NAMESPACE": f"test-{secrets.token_hex(6)}", "SIGNED_URL_SECONDS": str(LINK_SECONDS), **store.settings(serve),
        }  # fmt: skip
        yield stack.enter_context(running(folder, **environment)), store


def _approved(service: Service, flow: str) -> tuple[str, dict[str, bytes]]:
    """A case that the machine approved: its path, and by the path of each of its documents the front as it was sent."""
    person, today = holder(11, state="CA"), timezone.now().date()
    first, _, middle = person.given_names.partition(" ")
    declared = {
        "person": {"first_name": first, "middle_name": middle, "last_name": person.surname, "date_of_birth": person.date_of_birth.isoformat()},
        "address": {"street": person.street, "street2": person.street2, "city": person.city, "state": person.state, "postal_code": person.zip},
    }  # fmt: skip
    pk = service.call("POST", f"/{flow}/verifications", {"expected_data": declared})["id"]
    case, sent = f"/{flow}/verifications/{pk}", {}
    for context, (kind, name) in PAPERS[flow].items():
        specimen = draw(name, seed=11, holder=person, today=today)
        sides = {f"{side}_side_data": base64.b64encode(specimen.jpeg(side)).decode() for side in specimen.sides}
        document = {"context_type": context, "type": kind, "country": "USA", **sides}
        stored = service.call("POST", f"/{flow}/documents", {"verification": pk, "document": document})
        sent[f"/{flow}/documents/{stored['id']}"] = specimen.jpeg("front")
    service.call("POST", f"{case}/submit")
    await_that(lambda: service.call("GET", case)["status_label"] == "Approved", seconds=180)
    return case, sent


def test_the_server_refuses_what_is_not_rightly_signed() -> None:
    """What the tests below are worth: a server that takes anything proves nothing."""
    with bucket() as store:
        store.client().put_object(Bucket=store.NAME, Key="a", Body=b"a")
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            store.client("another secret").get_object(Bucket=store.NAME, Key="a")
        link = store.client().generate_presigned_url("get_object", {"Bucket": store.NAME, "Key": "a"}, ExpiresIn=60)
        assert _get(link)[:2] == (200, b"a")
        assert _get(link.partition("?")[0])[0] in (400, 403)
        store.stop()
        store.start()
        assert (store.names(), _get(link)[:2]) == (["a"], (200, b"a")), "a crash forgets nothing"


def test_from_upload_to_record_with_links_of_the_bucket(tmp_path: Path) -> None:
    with _installed(tmp_path, "presigned") as (service, store):
        case, sent = _approved(service, "address")
        for path, picture in sent.items():
            link = service.call("GET", path)["url_front"]
            status, content, headers = _get(link)
            assert (status, content == picture, headers["content-type"], headers["cache-control"]) == (200, True, "image/jpeg", "private, no-store")
        assert link.startswith(f"{store.endpoint}/{store.NAME}/")
        name = urlsplit(link).path.removeprefix(f"/{store.NAME}/")
        other = next(entry for entry in store.names() if entry != name)
        for old, new in (
            (name, other),
            (f"Expires={LINK_SECONDS}&", "Expires=3600&"),
            ("image%2Fjpeg", "text%2Fhtml"),
            ("Signature=", "Signature=0"),
        ):
            link = service.call("GET", path)["url_front"]
            assert old in link
            status, content, _ = _get(link.replace(old, new))
            assert (status, b"SignatureDoesNotMatch" in content) == (403, True), new
        assert _get(link.partition("?")[0])[0] in (400, 403)
        _record(service, case)
        time.sleep(LINK_SECONDS + 1)
        assert _get(link)[0] == 403
        fresh = store.client().generate_presigned_url("get_object", {"Bucket": store.NAME, "Key": name}, ExpiresIn=600)
        assert _get(fresh)[0] == 200
        with _forgotten(service, store, case, len(sent)):
            pass
        assert _get(fresh)[0] == 404


def test_from_upload_to_record_with_links_of_the_service(tmp_path: Path) -> None:
    with _installed(tmp_path, "proxy") as (service, store):
        case, sent = _approved(service, "usps1583")
        held = [store.client().get_object(Bucket=store.NAME, Key=name)["Body"].read() for name in store.names()]
        assert len(held) >= len(sent)
        assert not any(content.startswith((b"\xff\xd8", b"%PDF")) for content in held), "the service seals what it gives away"
        for path, picture in sent.items():
            link = service.call("GET", path)["url_front"]
            assert link.startswith(f"{service.address}/files/")
            status, content, headers = _get(link)
            assert (status, content == picture, headers["content-type"]) == (200, True, "image/jpeg")
        token = link.rpartition("/")[2]
        for changed in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x" + token, token.partition(":")[0]):
            assert _get(f"{service.address}/files/{changed}")[0] == 403, changed
        _record(service, case)
        time.sleep(LINK_SECONDS + 1)
        assert _get(link)[0] == 410
        fresh = service.call("GET", path)["url_front"]
        with _forgotten(service, store, case, len(sent)):
            status, content, _ = _get(fresh)
            assert (status, b"link_gone" in content) == (410, True), "at once, whatever becomes of the bucket"


def _record(service: Service, case: str) -> None:
    assert base64.b64decode(service.call("GET", f"{case}/pdf")).startswith(b"%PDF")


@contextlib.contextmanager
def _forgotten(service: Service, store: Bucket, case: str, documents: int) -> Iterator[None]:
    """Redacted while there is no bucket: the answer is the same, and when the bucket is back the clock has the objects removed, for good."""
    kept = store.names()
    store.stop()
    assert service.call("DELETE", f"{case}/data") == {"status": "redacted", "documents_removed": documents}
    yield
    store.start()
    assert store.names() == kept
    subprocess.run([sys.executable, "manage.py", "tick"], cwd=ROOT, env=service.environment, check=True, capture_output=True)
    assert store.names() == []
    assert list(store.folder.rglob("*.data")) == [], "nor on the disk of that server"
