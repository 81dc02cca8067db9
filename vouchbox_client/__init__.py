"""Python client of the Vouchbox API: ``Client(host, token)``. It needs the standard library only (Python 3.11)."""

from vouchbox_client.api import Client
from vouchbox_client.transport import ApiError

__all__ = ["ApiError", "Client"]
