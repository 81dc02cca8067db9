"""Signed ZIP archives that anybody can check offline: files written one after the other, a manifest of their hashes, a signature over every byte."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from decisions import bundle_verifier
from decisions.bundle_verifier import MANIFEST, MARK, MESSAGE
from flows import servicekeys

VERIFIER = "verify.py"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_STORED = (".jpg", ".png", ".webp", ".heic", ".tiff", ".pdf")


class Bundle:
    """A bundle being written to a file; nothing of it is kept in memory but the names and hashes of what it holds."""

    def __init__(self, file: IO[bytes], about: Mapping[str, Any]) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._about, self._files = dict(about), dict[str, dict[str, Any]]()

    def add(self, name: str, data: bytes) -> None:
        """One file. Images and PDFs, which are compressed already, are stored as they are."""
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.external_attr = 0o644 << 16
        self._archive.writestr(entry, data, zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED)
        self._files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}

    def add_json(self, name: str, content: Any) -> None:
        self.add(name, (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode())

    def close(self) -> None:
        self.add(VERIFIER, Path(bundle_verifier.__file__).read_bytes())
        manifest = {"format": "vouchbox-bundle-1", "about": self._about, "files": self._files, "public_key": servicekeys.public_key().hex()}
        self._archive.writestr(zipfile.ZipInfo(MANIFEST, _EPOCH), json.dumps(manifest, indent=1, sort_keys=True), zipfile.ZIP_DEFLATED)
        # The signature is the archive's comment: the last bytes of the file, whose length the archive itself tells.
        self._archive.comment = MARK + b"0" * 128
        self._archive.close()


@contextmanager
def bundle(path: Path, about: Mapping[str, Any]) -> Iterator[Bundle]:
    """A signed bundle at ``path`` when the block ends."""
    with path.open("wb") as file:
        made = Bundle(file, about)
        yield made
        made.close()
    digest, _ = bundle_verifier.digest_of(str(path))
    signature = servicekeys.signing_key().sign(MESSAGE + digest.hex().encode()).hex().encode()
    with path.open("r+b") as file:
        file.seek(-len(signature), 2)
        file.write(signature)
