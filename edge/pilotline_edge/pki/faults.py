"""Faults: why a certificate is not good, whoever vouches for it (OPC 10000-4, 6.1.3)."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from pilotline_edge.pki.certificates import application_uris, host_names, is_host

LEAST_KEY_BITS = 2048
"""Shortest RSA key of the policies the agent speaks (OPC 10000-7)."""


def weakness(certificate: x509.Certificate) -> str:
    """Return why a certificate's key or signature protects nothing, else an empty text."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return f"has a key that is not RSA ({type(key).__name__})"
    if key.key_size < LEAST_KEY_BITS:
        return f"has a key of {key.key_size} bits, less than {LEAST_KEY_BITS}"
    signed_with = certificate.signature_hash_algorithm
    if signed_with is None or isinstance(signed_with, hashes.MD5 | hashes.SHA1):
        name = "an unknown algorithm" if signed_with is None else signed_with.name.upper()
        return f"is signed with {name}, which can be forged"
    return ""


def untimely(certificate: x509.Certificate, now: datetime) -> str:
    """Return why a certificate is not valid at an instant, else an empty text."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        return f"is not valid yet: valid from {begin} to {end}, and it is {now}"
    if now > end:
        return f"has expired: valid from {begin} to {end}, and it is {now}"
    return ""


def other_application(certificate: x509.Certificate, application_uri: str | None) -> str:
    """Return why a certificate is not that of an application, else an empty text."""
    named = application_uris(certificate)
    if application_uri is None or application_uri in named:
        return ""
    if not named:
        return f"names no application, where the server calls itself {application_uri}"
    return f"is that of {', '.join(named)}, where the server calls itself {application_uri}"


def other_host(certificate: x509.Certificate, host: str | None) -> str:
    """Return why a certificate is not that of a host, else an empty text."""
    named = host_names(certificate)
    if host is None or any(is_host(name, host) for name in named):
        return ""
    return f"is that of host {', '.join(named) or '(none named)'}, not of {host}"
