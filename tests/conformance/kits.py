"""Every kit by its dialect."""

from __future__ import annotations

from tests.conformance.anycheck import Anycheck
from tests.conformance.kit import Kit
from tests.conformance.persona import Persona
from tests.conformance.verifa import Verifa

KITS: dict[str, type[Kit]] = {"verifa": Verifa, "persona": Persona, "anycheck": Anycheck}
