"""Writes the PDF417 payload of a US card (AAMVA DL/ID Card Design Standard, annex D) and draws its symbol."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import zxingcpp
from PIL import Image


def payload(
    elements: Mapping[str, str], *, iin: str, version: int = 10, subfile: str = "DL", jurisdiction_elements: Mapping[str, str] | None = None
) -> str:
    """Header, one or two subfiles (D.12.3 to D.12.5); offsets count from ``@``."""
    parts = [subfile + "".join(f"{key}{value}\n" for key, value in elements.items()) + "\r"]
    if jurisdiction_elements:
        kind = next(iter(jurisdiction_elements))[:2]
        parts.append(kind + "".join(f"{key}{value}\n" for key, value in jurisdiction_elements.items()) + "\r")
    head = f"@\n\x1e\rANSI {iin}{version:02d}00{len(parts):02d}"
    offset = len(head) + 10 * len(parts)
    for part in parts:
        head += f"{part[:2]}{offset:04d}{len(part):04d}"
        offset += len(part)
    return head + "".join(parts)


def symbol(text: str, width: int, height: int) -> Image.Image:
    """The PDF417 symbol in whole modules, at most ``width`` x ``height`` pixels."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.PDF417, columns=13, ec_level="5")
    image = Image.fromarray(np.asarray(zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)))
    scale = max(1, min(width // image.width, height // image.height))
    return image.convert("RGB").resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
