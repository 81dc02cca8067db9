"""``python -m tests.conformance URL TOKEN [verifa|persona|anycheck …]``: prints each line; ends with 1 when one does not hold."""

from __future__ import annotations

import sys

from tests.conformance.kit import over_http
from tests.conformance.kits import KITS


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__)  # noqa: T201
        return 2
    address, token, *names = arguments
    failed = total = 0
    for name in names or KITS:
        for line, holds, detail in KITS[name](over_http(address), token).lines():
            total, failed = total + 1, failed + (not holds)
            print(f"{'ok  ' if holds else 'FAIL'} {name}: {line}{'' if holds else f' ({detail})'}")  # noqa: T201
    print(f"{total - failed} of {total} lines hold")  # noqa: T201
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
