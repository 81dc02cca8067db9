"""Checks a signed bundle offline. Needs Python 3.8 or newer and nothing else:

    python verify.py bundle.zip [public key in hex]

The last 146 bytes of the file are ``vouchbox-ed25519:`` and a newline-free signature in hex: Ed25519 (RFC 8032) over ``vouchbox-bundle-1:`` and the
SHA-256, in hex, of every byte before them. Every file of the archive must be in ``manifest.json`` with its SHA-256 and size, and the other way round.
Without a public key of your own the bundle's is used: then compare the one that is printed with the operator's.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
import zlib
from typing import Any

MARK = b"vouchbox-ed25519:"
MESSAGE = b"vouchbox-bundle-1:"
TAIL = len(MARK) + 128
MANIFEST = "manifest.json"
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_I = pow(2, (_P - 1) // 4, _P)


class Invalid(Exception):
    """What is wrong with the bundle."""


def digest_of(path: str) -> tuple[bytes, bytes]:
    """SHA-256 of everything before the signature, read in pieces, and the signature with its mark."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        file.seek(0, 2)
        left = file.tell() - TAIL
        if left < 0:
            raise Invalid("the file is too short to be a bundle")
        file.seek(0)
        while left:
            piece = file.read(min(left, 1 << 20))
            found.update(piece)
            left -= len(piece)
        return found.digest(), file.read()


def check(path: str, key: str | None = None) -> tuple[dict[str, Any], str]:
    """Returns the manifest and the public key in hex. Raises Invalid."""
    digest, tail = digest_of(path)
    signature = re.fullmatch(re.escape(MARK) + b"([0-9a-f]{128})", tail)
    if not signature:
        raise Invalid("there is no signature at the end")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            public = key or manifest["public_key"]
            if not re.fullmatch("[0-9a-f]{64}", public):
                raise Invalid("the public key is not 64 hexadecimal digits")
            message = MESSAGE + digest.hex().encode()
            if not verify(bytes.fromhex(public), message, bytes.fromhex(signature.group(1).decode())):
                raise Invalid("the signature does not hold: the file was changed, or signed by another key")
            _check_files(archive, manifest["files"])
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        raise Invalid(f"the archive cannot be read: {type(error).__name__}") from error
    return manifest, public


def _check_files(archive: zipfile.ZipFile, wanted: dict[str, Any]) -> None:
    names = archive.namelist()
    if len(names) != len(set(names)) or set(names) != set(wanted) | {MANIFEST}:
        raise Invalid("the archive holds other files than its manifest says")
    for name, entry in wanted.items():
        found, size = hashlib.sha256(), 0
        with archive.open(name) as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                found.update(piece)
                size += len(piece)
        if (found.hexdigest(), size) != (entry["sha256"], entry["size"]):
            raise Invalid(f"{name} is not what the manifest says")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519 (RFC 8032 section 5.1.7), in plain Python; slow and not for secrets."""
    point, other = _decode(public), _decode(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or other is None or scalar >= _L:
        return False
    wanted = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    base = _decode(bytes.fromhex("58" + "66" * 31))
    assert base is not None
    left, right = _multiply(base, scalar), _add(other, _multiply(point, wanted))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (left[1] * right[2] - right[1] * left[2]) % _P == 0


def _decode(data: bytes) -> tuple[int, int, int, int] | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _I % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def _add(one: tuple[int, int, int, int], two: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % _P, (one[1] + one[0]) * (two[1] + two[0]) % _P
    c, d = 2 * one[3] * two[3] * _D % _P, 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(point: tuple[int, int, int, int], scalar: int) -> tuple[int, int, int, int]:
    found = (0, 1, 1, 0)
    while scalar:
        found = _add(found, point) if scalar & 1 else found
        point, scalar = _add(point, point), scalar >> 1
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    try:
        manifest, public = check(*arguments)
    except (Invalid, OSError) as error:
        print(f"NOT VALID: {error}")
        return 1
    count = len(manifest["files"])
    print(f"valid: {count} files, signed by {public}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
