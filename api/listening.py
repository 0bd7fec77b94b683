"""Where the server listens, and what it must be able to do there.

A password, a pay code or a token never crosses a wire in the clear: at an address that other
machines reach the server speaks TLS itself, or a proxy that the settings name does. Certificate
and key are looked at before anything is opened.
"""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from api.errors import CertificateUnusable, InsecureBind, SettingUnusable
from api.settings import Settings
from creditbank.core.clock import SystemClock


def tls(settings: Settings) -> ssl.SSLContext | None:
    """Return how to speak TLS at the address of the settings; None for plain http.

    Raises:
        SettingUnusable: one of certificate and key is missing, or a proxy is not named.
        CertificateUnusable: they cannot be read or do not fit, or are not for this domain or day.
        InsecureBind: other machines would reach it without TLS.
    """
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        missing = "tls_key" if settings.tls_key is None else "tls_certificate"
        raise SettingUnusable(missing, "--certificate and --key go together / 须同时给出")
    if settings.behind_proxy and not settings.trusted_proxies:
        raise SettingUnusable("behind_proxy", "--trusted-proxy NETWORK / 须指明代理所在网络")
    if settings.tls_certificate is not None and settings.tls_key is not None:
        return _context(settings.tls_certificate, settings.tls_key, settings.domain)
    if settings.behind_proxy or is_local(settings.host):
        return None
    raise InsecureBind(settings.host)


def is_local(host: str) -> bool:
    """Tell whether only this machine reaches an address; a name is trusted only if well known."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address(settings: Settings) -> str:
    """Return where people find the server."""
    own_tls = settings.tls_certificate is not None
    port = f":{settings.port}"
    if settings.domain is not None:
        if own_tls and settings.port == 443:  # noqa: PLR2004 - the port of https
            port = ""
        scheme, host = "https", settings.domain
        return f"{scheme}://{host}{port if own_tls else ''}"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if own_tls else 'http'}://{host}{port}"


def _context(certificate: Path, key: Path, domain: str | None) -> ssl.SSLContext:
    """Return TLS of today with a certificate and its key."""
    for file in (certificate, key):
        try:
            file.open("rb").close()
        except OSError as error:
            raise CertificateUnusable(str(file), error.strerror or "?") from error
    _look_at(certificate, domain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        # Asked for a password, OpenSSL would wait at the terminal; an encrypted key is refused.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, ValueError, OSError) as error:
        why = getattr(error, "reason", None) or "not a key that fits / 密钥与证书不匹配"
        raise CertificateUnusable(str(key), str(why)) from error
    return context


def _look_at(file: Path, domain: str | None) -> None:
    """See that a certificate holds today, and for the domain.

    Raises:
        CertificateUnusable: it cannot be read, or does not.
    """
    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError as error:
        raise CertificateUnusable(str(file), "not a PEM certificate / 不是 PEM 证书") from error
    now = SystemClock().now()
    if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
        until = found.not_valid_after_utc.date().isoformat()
        raise CertificateUnusable(str(file), f"not valid today, until {until} / 不在有效期内")
    if domain is not None and not any(_covers(name, domain) for name in _names(found)):
        raise CertificateUnusable(str(file), f"not for {domain} / 不是该域名的证书")


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        said = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return []
    assert isinstance(said.value, x509.SubjectAlternativeName), "that is what was asked for"
    return said.value.get_values_for_type(x509.DNSName)


def _covers(name: str, domain: str) -> bool:
    """Tell whether a name of a certificate is that of the domain; ``*`` stands for one label."""
    wanted = domain.lower().rstrip(".")
    if name.startswith("*."):
        return wanted.partition(".")[2] == name[2:].lower()
    return wanted == name.lower()
