"""Which addresses may be told something: literal ones, resolved ones, ones that change their meaning, redirects, and servers that take their time."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from receiver import Receiver, receiving

from verifications import destinations
from verifications.destinations import Attempt, check_url, is_public, post


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


REFUSED = [
    "http://hooks.example/", "ftp://hooks.example/", "https://", "hooks.example", "https://hooks.example:99999/", "https://[::1", "https://a b/",
    "https://user:password@hooks.example/", "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://app.localhost/",
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://0/", "https://0.0.0.0/",
    "https://10.1.2.3/", "https://172.16.0.1/", "https://192.168.0.1/", "https://100.64.0.1/", "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/", "https://224.0.0.1/", "https://255.255.255.255/", "https://[::1]/", "https://[::]/", "https://[fe80::1]/",
    "https://[fd00:ec2::254]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:169.254.169.254]/", "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/", "https://[ff02::1]/", "https://[::127.0.0.1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_what_cannot_be_registered_cannot_be_posted_to_either(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="URL"):
        check_url(url)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it connected"))
    monkeypatch.setattr(socket, "getaddrinfo", _literal_only)
    assert post(url, b"{}", {}).status_code is None


def _literal_only(host: str, port: int, **options: Any) -> list[Any]:
    address = destinations.literal_address(host)
    if address is None and "localhost" not in host:
        raise socket.gaierror
    family = socket.AF_INET6 if isinstance(address, ipaddress.IPv6Address) else socket.AF_INET
    return [(family, socket.SOCK_STREAM, 6, "", (str(address or "127.0.0.1"), port))]


@pytest.mark.parametrize(
    "url", ["https://hooks.example/", "https://hooks.example:8443/a?b=c", "https://8.8.8.8/", "https://[2606:4700::1]/", "https://münchen.example/"]
)
def test_public_addresses_can_be_registered(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("receiver", "http://receiver/", True),
        ("receiver", "http://receiver:81/", True),
        ("receiver:81", "http://receiver:81/", True),
        ("receiver:81", "http://receiver/", False),
        ("receiver:80", "http://receiver/", True),
        ("10.0.0.5", "http://10.0.0.5/", True),
        ("10.0.0.5", "http://10.0.0.6/", False),
        ("10.0.0.0/8", "http://10.200.0.1:8080/", True),
        ("10.0.0.0/8", "http://11.0.0.1/", False),
        ("::1", "http://[::1]:9/", True),
        ("[::1]:9", "http://[::1]:9/", True),
        ("fd00::/8", "https://[fd00::7]/", True),
        ("10.0.0.0/8", "https://[fd00::7]/", False),
    ],
)
def test_listed_hosts_addresses_and_networks_are_let_in(entry: str, url: str, allowed: bool) -> None:
    with override_settings(WEBHOOK_ALLOWED_HOSTS=[entry]):
        if allowed:
            check_url(url)
        else:
            with pytest.raises(ValueError, match="URL"):
                check_url(url)


def test_a_name_of_a_listed_address_is_let_in_and_nothing_is_looked_up_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, **options: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3" if host == "receiver" else "10.9.9.9", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with override_settings(WEBHOOK_ALLOWED_HOSTS=["10.1.0.0/16"]):
        check_url("http://receiver/hook")
        with pytest.raises(ValueError, match="https"):
            check_url("http://other/hook")
    with override_settings(WEBHOOK_ALLOWED_HOSTS=["somebody"]), pytest.raises(ValueError, match="https"):
        check_url("http://receiver/hook")
    assert asked == ["receiver", "other"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.0.0.1"])
def test_a_name_that_resolves_to_a_private_address_is_refused_at_the_connection(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, 443))])
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it connected"))
    check_url("https://rebinding.example/")
    assert post("https://rebinding.example/", b"{}", {}) == Attempt(None, "address_not_allowed")


def test_a_name_that_turns_private_after_the_check_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.114.7", 443))], [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]]
    asked: list[str] = []
    connected: list[Any] = []

    def resolve(host: str, *args: Any, **options: Any) -> Any:
        asked.append(host)
        return answers[len(asked) - 1]

    def connect(opened: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    assert post("https://rebinding.example/", b"{}", {}) == Attempt(None, "connection_failed")
    assert (asked, connected) == (["rebinding.example"], [("203.0.114.7", 443)])


def test_of_mixed_addresses_only_public_ones_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("127.0.0.1", "203.0.114.7")]
    connected: list[Any] = []

    def connect(opened: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket.socket, "connect", connect)
    post("https://mixed.example/", b"{}", {})
    assert connected == ["203.0.114.7"]


def test_an_allowed_name_is_posted_to(receiver: Receiver) -> None:
    with override_settings(WEBHOOK_ALLOWED_HOSTS=[receiver.host]):
        assert post(f"{receiver.url}?a=b", b'{"x":1}', {"Content-Type": "application/json"}) == Attempt(200)
    (seen,) = receiver.seen
    assert (seen.path, seen.body, seen.headers["host"]) == ("/hook?a=b", b'{"x":1}', receiver.host)


def test_a_receiver_that_is_not_listed_is_not_posted_to(receiver: Receiver) -> None:
    with override_settings(WEBHOOK_ALLOWED_HOSTS=[]):
        assert post(receiver.url, b"{}", {}) == Attempt(None, "address_not_allowed")
    assert receiver.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    with receiving() as inner, override_settings(WEBHOOK_ALLOWED_HOSTS=["127.0.0.1"]):
        receiver.answer, receiver.location = lambda _: status, inner.url
        assert post(receiver.url, b"{}", {}) == Attempt(status, "redirect_not_followed")
        assert (len(receiver.seen), inner.seen) == (1, [])


@pytest.mark.parametrize(
    ("status", "error"), [(200, ""), (204, ""), (299, ""), (400, "unexpected_status"), (410, "gone"), (500, "unexpected_status")]
)
def test_statuses(receiver: Receiver, status: int, error: str) -> None:
    receiver.answer = lambda _: status
    with override_settings(WEBHOOK_ALLOWED_HOSTS=["127.0.0.0/8"]):
        assert post(receiver.url, b"{}", {}) == Attempt(status, error)


def test_an_answer_that_drips_is_cut_off(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "TIMEOUT_SECONDS", 0.4)
    receiver.drip = 5.0
    begun = time.monotonic()
    with override_settings(WEBHOOK_ALLOWED_HOSTS=["127.0.0.1"]):
        assert post(receiver.url, b"{}", {}) == Attempt(None, "timeout")
    assert time.monotonic() - begun < 2


def test_nobody_there_and_no_such_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with override_settings(WEBHOOK_ALLOWED_HOSTS=["127.0.0.1"]):
        assert post(f"http://127.0.0.1:{port}/", b"{}", {}) == Attempt(None, "connection_failed")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(socket.gaierror()))
    assert post("https://nowhere.example/", b"{}", {}) == Attempt(None, "name_not_resolved")


def test_certificates_are_verified_for_the_name_not_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    subject = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", *subject]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        for _ in range(3):
            try:
                with listener.accept()[0] as raw, context.wrap_socket(raw, server_side=True) as opened:
                    opened.recv(65536)
                    opened.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))])
    with override_settings(WEBHOOK_ALLOWED_HOSTS=["127.0.0.1"]):
        assert post(f"https://hooks.example:{port}/", b"{}", {}) == Attempt(None, "tls_failed")
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        monkeypatch.setattr(destinations, "tls_context", lambda: trusting)
        assert post(f"https://hooks.example:{port}/", b"{}", {}) == Attempt(204)
        assert post(f"https://other.example:{port}/", b"{}", {}) == Attempt(None, "tls_failed")
    listener.close()


def test_public_is_public() -> None:
    assert is_public(ipaddress.ip_address("8.8.8.8"))
    assert is_public(ipaddress.ip_address("2606:4700::1111"))
