"""Other people's servers: which addresses may be told something, and one POST to them.

The guard against server-side request forgery is at the connection: a name is resolved once, each address it gives is judged, and the socket is
opened to a judged address, so that a name cannot mean something else a moment later. Redirects are not followed.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings

TIMEOUT_SECONDS = 15.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NUMERIC = re.compile(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}\Z", re.I)
_LOCAL_NAMES = ("localhost", "metadata.google.internal")


class AddressRefused(OSError):
    """The host gives no address that may be connected to."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one POST: the answer's status, or a word for what prevented one."""

    status_code: int | None
    error: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def check_url(url: str) -> None:
    """Raises ValueError with a sentence for the client: HTTPS to a public host; what WEBHOOK_ALLOWED_HOSTS lists may be private and plain, and
    so may a name that stands for a listed address."""
    parts = _split(url)
    host = _host(parts)
    address = literal_address(host)
    if _listed(host, _port(parts), address) or (address is None and _means_listed(host, _port(parts))):
        return
    if parts.scheme != "https":
        raise ValueError("The URL must begin with https://.")
    name = host.rstrip(".")
    if name in _LOCAL_NAMES or name.endswith(".localhost") or (address is not None and not is_public(address)):
        raise ValueError("The URL must not point to a private address.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
        host = _host(parts)
    except (ValueError, UnicodeError) as error:
        raise ValueError("This is not a URL.") from error
    if not host or parts.scheme not in ("http", "https") or any(ord(letter) < 33 or letter == "\x7f" for letter in url):
        raise ValueError("This is not an https URL.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("The URL must not hold a user name or a password.")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return host if host.isascii() else host.encode("idna").decode()


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def literal_address(host: str) -> Address | None:
    """The address that ``host`` spells, in the old numeric forms too (``0x7f.1``, ``2130706433``), as a resolver would take them."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if _NUMERIC.match(host) else None
    except OSError:
        return None


def is_public(address: Address) -> bool:
    """Whether it is on the internet: not private, loopback, link-local (and so no metadata service), shared, reserved or multicast, nor an
    IPv6 address that stands for such an IPv4 one (mapped, 6to4, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _listed(host: str, port: int, address: Address | None) -> bool:
    """Whether WEBHOOK_ALLOWED_HOSTS names the host, host:port, or an address or network that ``address`` is (in)."""
    entries = set(settings.WEBHOOK_ALLOWED_HOSTS)
    shown = f"[{host}]" if ":" in host else host
    if {host, shown, f"{shown}:{port}"} & entries:
        return True
    networks = [network for network in map(_network, entries) if network is not None]
    return address is not None and any(address in network for network in networks)


def _means_listed(host: str, port: int) -> bool:
    """Whether a name stands for a listed address now. Nothing is looked up where no addresses are listed."""
    if not any(map(_network, settings.WEBHOOK_ALLOWED_HOSTS)):
        return False
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(_listed(host, port, _address_of(entry)) for entry in found)


def _address_of(resolved: tuple) -> Address:
    return ipaddress.ip_address(str(resolved[4][0]).partition("%")[0])


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (AddressRefused, "address_not_allowed"),
    (socket.gaierror, "name_not_resolved"),
    (ssl.SSLError, "tls_failed"),
    (TimeoutError, "timeout"),
    (OSError, "connection_failed"),
    (http.client.HTTPException, "connection_failed"),
    (ValueError, "invalid_url"),
)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Attempt:
    """One POST, without redirects, within 15 seconds from the connection to the answer's headers. What prevents an answer is told, not raised."""
    try:
        return _judged(_exchange(_split(url), body, headers))
    except tuple(kind for kind, _ in _ERRORS) as error:
        return Attempt(None, next(word for kind, word in _ERRORS if isinstance(error, kind)))


def _judged(status: int) -> Attempt:
    if 200 <= status < 300:
        return Attempt(status)
    return Attempt(status, "redirect_not_followed" if 300 <= status < 400 else "gone" if status == 410 else "unexpected_status")


def _exchange(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    until = time.monotonic() + TIMEOUT_SECONDS
    opened = connect(parts, until)
    cut = threading.Event()
    # Each read has a limit of its own; the timer ends an exchange that drips.
    timer = threading.Timer(max(0.0, until - time.monotonic()), _cut, [opened, cut])
    timer.daemon = True
    timer.start()
    try:
        connection = http.client.HTTPConnection(_host(parts), _port(parts), timeout=TIMEOUT_SECONDS)
        connection.sock = opened
        target = quote(parts.path or "/", safe="%/:=&~+!$,;'@()*") + (f"?{quote(parts.query, safe='%/:=&?~+!$,;@()*')}" if parts.query else "")
        connection.request("POST", target, body, {**headers, "Host": _authority(parts), "Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        if cut.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        opened.close()


def _cut(opened: socket.socket, cut: threading.Event) -> None:
    cut.set()
    with contextlib.suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)


def _authority(parts: SplitResult) -> str:
    host = _host(parts)
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{parts.port}" if parts.port else shown


def connect(parts: SplitResult, until: float) -> socket.socket:
    """A socket to an address of the host that may be connected to, with TLS for https. Raises AddressRefused, OSError."""
    host, port = _host(parts), _port(parts)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [entry for entry in found if _may_connect(parts, _address_of(entry))]
    if not allowed:
        raise AddressRefused
    opened = _open(allowed, until)
    if parts.scheme == "http":
        return opened
    try:
        return tls_context().wrap_socket(opened, server_hostname=host)
    except OSError:
        opened.close()
        raise


def _may_connect(parts: SplitResult, address: Address) -> bool:
    return _listed(_host(parts), _port(parts), address) or (parts.scheme == "https" and is_public(address))


def _open(addresses: list[tuple], until: float) -> socket.socket:
    for at, (family, kind, protocol, _, address) in enumerate(addresses):
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(max(0.1, until - time.monotonic()))
        try:
            opened.connect(address)
        except OSError:
            opened.close()
            if at == len(addresses) - 1:
                raise
        else:
            return opened
    raise AddressRefused


def tls_context() -> ssl.SSLContext:
    """Certificates are verified against the machine's authorities."""
    return ssl.create_default_context()
