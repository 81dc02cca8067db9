"""Blobs on the local disk and on S3: written once, encrypted or presigned, doomed and erased."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from django.core.files.storage import default_storage
from moto import mock_aws

from documents import storage
from documents.models import Blob, BlobState
from flows.errors import Refused
from flows.vault import Unreadable

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(settings: Any, tmp_path: Path) -> Path:
    options = {"location": str(tmp_path), "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}}
    return tmp_path


@pytest.fixture(params=["presigned", "proxy"])
def bucket(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="papers")
        options = {
            "bucket_name": "papers", "region_name": "us-east-1", "signature_version": "s3v4", "addressing_style": "path", "querystring_auth": True,
            "object_parameters": {"ServerSideEncryption": "AES256", "CacheControl": "private, no-store"},
        }  # fmt: skip
        settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}
        settings.STORAGE_PRESIGNED = request.param == "presigned"
        yield request.param


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_on_disk_is_sealed_and_its_owners_alone(disk: Path) -> None:
    blob = storage.put(b"passport", content_type="image/png", owner="ver_1")
    path = _files(disk)[0]
    assert b"passport" not in path.read_bytes()
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert storage.read(blob) == b"passport"


def test_a_file_that_was_swapped_does_not_open(disk: Path) -> None:
    one, two = storage.put(b"one", content_type="image/png", owner="ver_1"), storage.put(b"two", content_type="image/png", owner="ver_1")
    first, second = (disk / storage.name_of(blob.key) for blob in (one, two))
    first.write_bytes(second.read_bytes())
    with pytest.raises(Unreadable):
        storage.read(one)


def test_a_doomed_blob_is_erased_after_the_commit(disk: Path, django_capture_on_commit_callbacks: Any) -> None:
    blob = storage.keep(storage.put(b"x", content_type="image/png", owner="ver_1"))
    token = storage.signed_path(blob).removeprefix("/files/")
    with django_capture_on_commit_callbacks(execute=True):
        storage.doom(blob)
        assert len(_files(disk)) == 1
    assert _files(disk) == []
    with pytest.raises(Refused, match="link_gone"):
        storage.open_signed(token)


def test_a_blob_that_was_doomed_by_a_process_that_died_is_swept(disk: Path) -> None:
    blob = storage.keep(storage.put(b"x", content_type="image/png", owner="ver_1"))
    Blob.objects.filter(pk=blob.pk).update(state=BlobState.DOOMED)
    assert (storage.sweep(), _files(disk), storage.sweep()) == (1, [], 0)


def test_a_fresh_arrival_is_not_swept(disk: Path) -> None:
    storage.put(b"x", content_type="image/png", owner="ver_1")
    assert (storage.sweep(), len(_files(disk))) == (0, 1)


def test_a_bucket_keeps_reads_and_deletes(bucket: str) -> None:
    blob = storage.keep(storage.put(b"passport", content_type="image/png", owner="ver_1"))
    stored = boto3.client("s3", region_name="us-east-1").get_object(Bucket="papers", Key=storage.name_of(blob.key))
    assert (stored["Body"].read() == b"passport") is (bucket == "presigned")
    assert stored["ServerSideEncryption"] == "AES256"
    assert storage.read(blob) == b"passport"
    storage.erase(blob.key)
    assert not default_storage.exists(storage.name_of(blob.key))


def test_links_to_a_bucket_are_presigned_for_half_an_hour_or_go_through_us(bucket: str) -> None:
    blob = storage.keep(storage.put(b"passport", content_type="image/png", owner="ver_1"))
    url = storage.signed_path(blob)
    if bucket == "proxy":
        assert storage.open_signed(url.removeprefix("/files/")).key == blob.key
        return
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["1800"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert (query["response-content-type"], query["response-cache-control"]) == (["image/png"], ["private, no-store"])
