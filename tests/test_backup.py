"""Backup and restore as the commands they are, from one kind of database into the other, and every way in which a file can be wrong."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import postgres_database

import templates
from config.sealed_stream import SEGMENT, SealedReader, SealedWriter
from flows.vault import Unreadable

ROOT = Path(__file__).resolve().parent.parent
FILL = """
import sys; sys.path[:0] = ["tests"]
import io
from PIL import Image
from django.contrib.auth.models import Group, User
from django.conf import settings; settings.ALLOWED_HOSTS = ["*"]
from factories import EXPECTED, make_person, start, upload
alice = make_person("alice", workspace="wonder")
user = User.objects.create_user("reviewer", password="long-enough-password")
user.groups.add(Group.objects.first())
for number in range(3):
    picture = io.BytesIO(); Image.new("RGB", (320, 200), (number * 40, 90, 120)).save(picture, "JPEG")
    case = start(alice, expected_data=EXPECTED, metadata={"a": [1, None]}, tags=["x"])
    upload(alice, case, type=1, front=picture.getvalue())
"""
DIGEST = """
import hashlib, json
from config.backup import _rows, tables
print(json.dumps({label: [rows, hashlib.sha256("".join(sorted(json.dumps(row, sort_keys=True) for row in _rows(model))).encode()).hexdigest()]
    for label, model in tables().items() if (rows := model._base_manager.count())}, sort_keys=True))
"""
COUNT = """
from config.backup import _MADE_BY_MIGRATE, tables
from django.conf import settings
print(sum(model._base_manager.count() for label, model in tables().items() if label not in _MADE_BY_MIGRATE), (settings.DATA_DIR / "files").exists())
"""
REFUSALS = """
import json
from config.backup import _MADE_BY_MIGRATE, tables
from django.conf import settings
from django.core.management import CommandError, call_command
def refusal(*arguments):
    try:
        call_command("restore", *arguments)
    except CommandError as error:
        return str(error)
found = []
for path in {paths}:
    refusals = [refusal("--check", path), refusal(path)]
    left = sum(model._base_manager.count() for label, model in tables().items() if label not in _MADE_BY_MIGRATE)
    found.append([refusals, left, (settings.DATA_DIR / "files").exists()])
print(json.dumps(found))
"""
OTHER_VERSION = """
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
MigrationRecorder(connection).record_applied("flows", "0009_later")
"""
MORE = FILL.replace('"alice"', '"bob"').replace('"reviewer"', '"second"')  # the sequences go on behind what was restored
OPEN = """
from documents import storage
from documents.models import Blob
from verifications.models import Verification
print([len(storage.read(blob)) for blob in Blob.objects.order_by("pk")], Verification.objects.first().expected["person"]["last_name"])
"""


class Installation:
    """`manage.py` upon a folder and a database of its own; all share their keys, as a restored one must."""

    def __init__(self, folder: Path, database: str = "") -> None:
        clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY")}
        keys = {"FIELD_ENCRYPTION_KEYS": "k1:" + "QUFB" * 10 + "QUE=", "SECRET_KEY": "s" * 50}
        self.environment = {**clean, **keys, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder)}
        self.environment |= {"DATABASE_URL": database} if database else {}
        folder.mkdir(exist_ok=True)

    def tried(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def manage(self, *arguments: str) -> str:
        done = self.tried(*arguments)
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3000:]
        return done.stdout

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v0", "-c", code)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation that was migrated and nothing more, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    templates.sqlite(folder / "vouchbox.sqlite3", flows=False)
    return folder


@pytest.fixture(scope="module")
def empty(migrated: Path) -> Installation:
    """For what changes nothing."""
    return Installation(migrated)


@pytest.fixture(scope="module")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(Path(shutil.copytree(migrated, tmp_path_factory.mktemp("copies") / "filled")))
    made.manage("sync_flows")
    made.shell(FILL)
    return made


@pytest.fixture(scope="module")
def file(filled: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backups") / "backup"
    assert "3 files" in filled.manage("backup", str(path))
    return path


@contextlib.contextmanager
def _copy(migrated: Path, folder: Path, kind: str) -> Iterator[Installation]:
    if kind == "sqlite":
        yield Installation(Path(shutil.copytree(migrated, folder)))
        return
    with postgres_database() as url:
        made = Installation(folder, url)
        made.manage("migrate", "-v0")
        yield made


@pytest.mark.service
def test_a_backup_comes_back_as_it_was_on_either_database(filled: Installation, migrated: Path, file: Path, tmp_path: Path) -> None:
    """From SQLite to PostgreSQL, from there to SQLite: each row, each file and each audit chain as it was."""
    kept = filled.shell(DIGEST + OPEN)
    again = tmp_path / "again"
    with _copy(migrated, tmp_path / "first", "postgresql") as one, _copy(migrated, tmp_path / "second", "sqlite") as other:
        assert "every audit chain holds" in one.manage("restore", str(file))
        assert one.shell(DIGEST + OPEN) == kept
        one.manage("backup", str(again))
        one.shell(MORE)
        other.manage("restore", str(again))
        assert other.shell(DIGEST + OPEN) == kept
        assert "every link holds" in other.manage("verify_audit")
        refused = other.tried("restore", str(file))
        assert refused.returncode == 1
        assert "a backup goes into an empty database" in refused.stderr
        assert other.shell(DIGEST + OPEN) == kept


def test_nothing_of_a_person_is_legible_in_a_backup_and_only_its_owner_may_read_it(file: Path) -> None:
    content = file.read_bytes()
    assert not [word for word in (b"Simpson", b"alice", b"usps1583", b"JFIF", b"verifications") if word in content]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_backup_is_never_written_over_another_file(filled: Installation, file: Path) -> None:
    before = file.read_bytes()
    done = filled.tried("backup", str(file))
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert file.read_bytes() == before
    assert not file.with_name("backup.part").exists()


def test_a_file_that_is_not_whole_changes_nothing(empty: Installation, file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    middle = len(content) // 2
    damaged = {
        "cut off": content[:-100], "changed": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], "longer": content + b"x",
        "no backup": b"PK" + content,
    }  # fmt: skip
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
    found = json.loads(empty.shell(REFUSALS.format(paths=[str(tmp_path / name) for name in damaged])))
    # Each is tried with --check and without, and is refused with words.
    assert [(len(refusals), all(refusals), left, files) for refusals, left, files in found] == [(2, True, 0, False)] * len(damaged)
    done = empty.tried("restore", str(tmp_path / "changed"))
    assert (done.returncode, done.stderr.startswith("CommandError: ")) == (1, True)


def test_a_backup_of_other_keys_changes_nothing(migrated: Path, file: Path) -> None:
    others = Installation(migrated)
    others.environment["FIELD_ENCRYPTION_KEYS"] = "k1:" + "QkJC" * 10 + "QkI="
    ((refusals, left, files),) = json.loads(others.shell(REFUSALS.format(paths=[str(file)])))
    assert (len(refusals), all(refusals), left, files) == (2, True, 0, False)


def test_a_backup_of_another_version_is_refused(migrated: Path, file: Path, tmp_path: Path) -> None:
    with _copy(migrated, tmp_path / "data", "sqlite") as target:
        target.shell(OTHER_VERSION)
        done = target.tried("restore", str(file))
        assert done.returncode == 1
        assert "restore it with that one, then upgrade" in done.stderr
        assert target.shell(COUNT).strip() == "0 False"


def _sealed(data: bytes) -> bytes:
    target = io.BytesIO()
    writer = SealedWriter(target)
    writer.write(data)
    writer.finish()
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT])
def test_a_stream_of_any_length_comes_back(size: int) -> None:
    data = os.urandom(size)
    assert SealedReader(io.BytesIO(_sealed(data))).readall() == data


@settings(max_examples=60)
@given(st.data())
def test_a_stream_with_one_other_byte_or_one_missing_does_not_open(data: st.DataObject) -> None:
    sealed = _sealed(b"what is in it " * 20)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = bytes([sealed[at] ^ data.draw(st.integers(1, 255))])
    for damaged in (sealed[:at] + other + sealed[at + 1 :], sealed[:at]):
        with pytest.raises(Unreadable):
            SealedReader(io.BytesIO(damaged)).readall()


def test_a_last_segment_that_says_it_is_longer_does_not_open() -> None:
    """Its seal is whole; the length before it is not sealed."""
    sealed = _sealed(b"what is in it")
    at = len(sealed) - len(b"what is in it") - 16 - 4
    length = int.from_bytes(sealed[at : at + 4], "big")
    assert length == len(sealed) - at - 4
    with pytest.raises(Unreadable):
        SealedReader(io.BytesIO(sealed[:at] + (length + 1).to_bytes(4, "big") + sealed[at + 4 :])).readall()


def test_segments_cannot_change_places_or_end_early() -> None:
    sealed = _sealed(os.urandom(3 * SEGMENT))
    head, part = len(sealed) - 3 * (SEGMENT + 20), SEGMENT + 20
    one, two, three = (sealed[head + number * part : head + (number + 1) * part] for number in range(3))
    for parts in ((two, one, three), (one, two), (one, three), (one, one, two, three), (one, two, three, three)):
        with pytest.raises(Unreadable):
            SealedReader(io.BytesIO(sealed[:head] + b"".join(parts))).readall()
