"""Serving: over TLS with a certificate that fits, and never in the clear to other machines."""

import contextlib
import json
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from api import listening, settings
from api.cli import app
from api.errors import CertificateUnusable, InsecureBind, SettingUnusable
from api.settings import Settings
from tests.faults import program

DOMAIN = "points.example"
PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


@dataclass(frozen=True)
class Pair:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path


def made(folder: Path, name: str, *, days: int = 1, password: bytes | None = None) -> Pair:
    """Make a certificate for our domain and this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DOMAIN)])
    names = [x509.DNSName(DOMAIN), x509.DNSName(f"*.{DOMAIN}")]
    alternatives = [*names, x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    sealed: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        sealed = serialization.BestAvailableEncryption(password)
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    pair.certificate.write_bytes(signed.public_bytes(PEM))
    pair.key.write_bytes(key.private_bytes(PEM, PKCS8, sealed))
    return pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """A certificate and its key."""
    return made(tmp_path, "good")


def told(**changes: object) -> Settings:
    """Settings as the command line gives them."""
    return settings.read(**changes)


# What may be served where ----------------------------------------------------------------------

LOCAL = ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")
REACHABLE = ("0.0.0.0", "::", "192.168.1.10", "points.example", "localhost.evil.example", "")  # noqa: S104


@pytest.mark.parametrize("host", LOCAL)
def test_this_machine_is_served_in_the_clear(host: str) -> None:
    """Nobody else hears what is said."""
    assert listening.tls(told(host=host)) is None


@pytest.mark.parametrize("host", REACHABLE)
def test_other_machines_are_not_served_in_the_clear(host: str, pair: Pair) -> None:
    """The refusal names three ways, and each of them works."""
    with pytest.raises(InsecureBind) as refused:
        listening.tls(told(host=host))
    for word in ("--certificate", "--key", "--host 127.0.0.1", "--trusted-proxy", "--behind-proxy"):
        assert word in refused.value.sentence("en")
        assert word in refused.value.sentence("zh")
    own = told(host=host, tls_certificate=pair.certificate, tls_key=pair.key)
    context = listening.tls(own)
    assert context is not None
    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version
    assert listening.tls(told(host="127.0.0.1", trusted_proxies="127.0.0.1")) is None
    behind = told(host=host, behind_proxy=True, trusted_proxies="10.0.0.0/8")
    assert listening.tls(behind) is None


def test_a_proxy_that_nobody_named_is_none() -> None:
    """Without its network anyone could speak for it."""
    with pytest.raises(SettingUnusable, match="behind_proxy"):
        listening.tls(told(host="0.0.0.0", behind_proxy=True))  # noqa: S104


def test_half_a_pair_is_refused(pair: Pair) -> None:
    """A certificate without a key, or a key without a certificate, is a slip of the hand."""
    with pytest.raises(SettingUnusable, match="tls_key"):
        listening.tls(told(tls_certificate=pair.certificate))
    with pytest.raises(SettingUnusable, match="tls_certificate"):
        listening.tls(told(tls_key=pair.key))


def test_a_pair_that_cannot_be_used_is_named(pair: Pair, tmp_path: Path) -> None:
    """Missing, a folder, no PEM, another's key, a sealed key, expired: the file is told."""
    other = made(tmp_path, "other")
    sealed = made(tmp_path, "sealed", password=b"wachtwoord")
    expired = made(tmp_path, "expired", days=-1)
    garbage = tmp_path / "garbage.pem"
    garbage.write_bytes(b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n")
    for certificate, key, named in (
        (tmp_path / "missing.crt", pair.key, "missing.crt"),
        (pair.certificate, tmp_path / "missing.key", "missing.key"),
        (tmp_path, pair.key, tmp_path.name),
        (garbage, pair.key, "garbage.pem"),
        (pair.certificate, garbage, "garbage.pem"),
        (pair.certificate, other.key, "other.key"),
        (sealed.certificate, sealed.key, "sealed.key"),
        (expired.certificate, expired.key, "expired.crt"),
    ):
        with pytest.raises(CertificateUnusable) as refused:
            listening.tls(told(tls_certificate=certificate, tls_key=key))
        assert named == Path(refused.value.file).name


@pytest.mark.parametrize(
    ("domain", "fits"),
    [
        (DOMAIN, True),
        ("POINTS.example", True),
        ("qinghe.points.example", True),
        ("a.b.points.example", False),
        ("example", False),
        ("points.example.evil", False),
    ],
)
def test_a_certificate_is_for_its_domain(pair: Pair, domain: str, *, fits: bool) -> None:
    """One label may stand for the star, no more."""
    wanted = told(domain=domain, tls_certificate=pair.certificate, tls_key=pair.key)
    if fits:
        assert listening.tls(wanted) is not None
        return
    with pytest.raises(CertificateUnusable, match=domain):
        listening.tls(wanted)


def test_people_are_told_where_it_is(pair: Pair) -> None:
    """The address is that of the domain, with the port if it is not the usual one."""
    files = {"tls_certificate": pair.certificate, "tls_key": pair.key}
    assert "http://127.0.0.1:8000" == listening.address(told())
    assert "http://[::1]:8000" == listening.address(told(host="::1"))
    assert "https://points.example:8443" == listening.address(
        told(domain=DOMAIN, port=8443, **files)
    )
    assert "https://points.example" == listening.address(told(domain=DOMAIN, port=443, **files))
    assert "https://points.example" == listening.address(told(domain=DOMAIN, behind_proxy=True))


# A real server ---------------------------------------------------------------------------------


@contextmanager
def serving(url: str, pair: Pair, log: Path) -> Iterator[tuple[int, int]]:
    """The port and the number of a process that speaks TLS."""
    port = program.free_port()
    words = ["serve", "--host", "127.0.0.1", "--port", str(port), "--domain", DOMAIN]
    words += ["--certificate", str(pair.certificate), "--key", str(pair.key)]
    server = program.Process([*program.CREDITBANK, *words], log, program.environment(url))
    try:
        _wait_for(server, port)
        yield port, server.pid
    finally:
        server.stop()


def _wait_for(server: program.Process, port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        assert server.code is None, server.log.read_text()
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)


def _ask(port: int, pair: Pair, path: str, *, version: ssl.TLSVersion | None = None) -> str:
    """Ask the server for a path by a client that checks the certificate and the name."""
    context = ssl.create_default_context(cafile=str(pair.certificate))
    if version is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=DOMAIN) as line,
    ):
        secret = "cbt_never-to-be-logged"  # noqa: S105 - made up
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}\r\nConnection: close\r\n"
            f"Authorization: Bearer {secret}\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"
        )
        line.sendall(request.encode())
        answer = b""
        while part := line.recv(65536):
            answer += part
    return answer.decode()


@pytest.fixture
def sqlite_url(tmp_path: Path, _migrated_sqlite: Path) -> str:
    """A migrated SQLite file: what is served over TLS does not depend on the database."""
    path = tmp_path / "creditbank.db"
    shutil.copyfile(_migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_a_server_speaks_tls_and_nothing_older(sqlite_url: str, pair: Pair, tmp_path: Path) -> None:
    """Its name is proven, HSTS is there, plain http and TLS 1.1 get nowhere, logs are JSON."""
    log = tmp_path / "server.log"
    with serving(sqlite_url, pair, log) as (port, _):
        answer = _ask(port, pair, "/readyz?phone=13812345678")
        head, _, body = answer.partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 200"), answer
        assert '{"status":"ok"}' == body
        assert "strict-transport-security: max-age=31536000" in head.lower()
        assert "server:" not in head.lower()
        for modern in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            assert "200" in _ask(port, pair, "/healthz", version=modern)
        with pytest.raises(ssl.SSLError):
            _ask(port, pair, "/healthz", version=ssl.TLSVersion.TLSv1_1)
        assert b"200" not in _plainly(port)
        assert "404" in _ask(port, pair, "/metrics"), "a forwarded request is not a local one"
    text = log.read_text()
    first, *lines = [line for line in text.splitlines() if line.strip()]
    assert f"https://{DOMAIN}:{port}" == first
    asked = [json.loads(line) for line in lines]
    assert {"/readyz", "/healthz", "/metrics"} <= {one.get("route") for one in asked}
    for canary in ("13812345678", "never-to-be-logged", "phone"):
        assert canary not in text


def _flood(port: int, pair: Pair, head: str, *, chunked: bool) -> bytes:
    """Send up to 100 MB; returns what was answered, nothing if the server hung up first."""
    part = b"x" * 100_000
    part = b"%x\r\n%s\r\n" % (len(part), part) if chunked else part
    context = ssl.create_default_context(cafile=str(pair.certificate))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=DOMAIN) as line,
        contextlib.suppress(OSError),
    ):
        line.sendall(f"POST /v1/b/x/communities HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        for _ in range(1000):
            line.sendall(part)
        return line.recv(65536)
    return b""


def _most_kb(pid: int) -> int:
    """The most memory that a process has ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def test_a_hundred_megabytes_do_not_get_in(sqlite_url: str, pair: Pair, tmp_path: Path) -> None:
    """Over a real wire, said beforehand or not: nothing of it is kept, and the server goes on."""
    kind = "Content-Type: application/json\r\n"
    with serving(sqlite_url, pair, tmp_path / "server.log") as (port, pid):
        assert "200" in _ask(port, pair, "/readyz")
        before = _most_kb(pid)
        for head, chunked in (
            ("Content-Length: 100000000", False),
            ("Transfer-Encoding: chunked", True),
        ):
            answer = _flood(port, pair, kind + head, chunked=chunked)
            assert answer == b"" or b" 413 " in answer.partition(b"\r\n")[0]
        assert _most_kb(pid) - before < 30_000
        assert "200" in _ask(port, pair, "/readyz")


def _plainly(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            return line.recv(65536)
        except ConnectionResetError:
            return b""


def test_the_command_refuses_what_is_unsafe(pair: Pair, tmp_path: Path) -> None:
    """It says why in both languages, exits with 1 and opens no port."""
    other = made(tmp_path, "other")
    bare = program.run("serve", "--host", "0.0.0.0", expect=1)  # noqa: S104
    assert "--behind-proxy" in bare.stderr
    assert "三种办法" in bare.stderr
    files = ["--certificate", str(pair.certificate), "--key", str(other.key)]
    mismatched = CliRunner().invoke(app, ["serve", *files])
    assert (1, True) == (mismatched.exit_code, "other.key" in mismatched.stderr)
    proxy = CliRunner().invoke(app, ["serve", "--trusted-proxy", "0.0.0.0/0"])
    assert (1, True) == (proxy.exit_code, "trusted_proxies" in proxy.stderr)
    for one in (bare, mismatched, proxy):
        assert "Traceback" not in one.stderr
