"""Channel security: a policy that both sides have, and the certificates they show each other."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies as policies
from asyncua.ua import uaerrors
from cryptography import x509

from pilotline_edge.connection.capped_session import judged_by_asyncua
from pilotline_edge.connection.identity import Identity, own_identity
from pilotline_edge.connection.transport import MachineClient
from pilotline_edge.connection.trust import TrustStore, first_certificate
from pilotline_edge.errors import EndpointRefused
from pilotline_plant import Machine

POLICIES: dict[str, type[policies.SecurityPolicy]] = {
    "Basic256Sha256": policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": policies.SecurityPolicyAes256Sha256RsaPss,
}
"""Policies the agent speaks, always SignAndEncrypt; older ones are broken (OPC 10000-7)."""

_MODE = ua.MessageSecurityMode.SignAndEncrypt


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What a server showed of itself, and where.

    Attributes:
        machine: id of the machine.
        host: where the server was reached.
        chain: its certificate, with or without its issuers.
        application_uri: what it calls itself.
    """

    machine: str
    host: str | None
    chain: bytes
    application_uri: str | None

    @property
    def expires(self) -> datetime:
        """End of its validity, UTC; ask only once it was checked."""
        leaf = x509.load_der_x509_certificate(first_certificate(self.chain))
        return leaf.not_valid_after_utc

    def check(self, trust: TrustStore) -> None:
        """Check that it is trusted now.

        Raises:
            CertificateUntrusted: it is not, or not any more.
        """
        trust.check(self.chain, self.machine, host=self.host, application_uri=self.application_uri)


@dataclass(frozen=True, slots=True)
class ChannelCertificates:
    """The certificates that a secure channel began with.

    Attributes:
        server: the server's.
        own: file of ours.
        own_content: what the file held then.
        trust: accepted server certificates.
    """

    server: ServerCertificate
    own: Path
    own_content: bytes
    trust: TrustStore

    def hold(self) -> bool:
        """Return whether our certificate is still the one the channel began with.

        Raises:
            CertificateUntrusted: the server's is trusted no more.
        """
        self.server.check(self.trust)
        return self.own.read_bytes() == self.own_content


async def secure(
    client: MachineClient, url: str, machine: Machine, identity: Identity | None, trust: TrustStore
) -> ChannelCertificates:
    """Prepare a client for the machine's security policy; return the certificates it uses.

    Our own certificate is read anew: a person may have renewed it.

    Raises:
        EndpointRefused: we or the server do not have the policy.
        CertificateUntrusted: the server's certificate is not trusted.
        asyncua.ua.UaError, OSError: the server does not say what it offers.
    """
    name = machine.endpoint.security
    policy = POLICIES.get(name)
    if policy is None or identity is None:
        raise EndpointRefused(
            f"machine {machine.id}: security {name} is not known; use None, {', '.join(POLICIES)}"
        )
    server = await _shown_for(policy, client, url, machine)
    server.check(trust)
    ours = own_identity(identity.certificate.parent)
    content = ours.certificate.read_bytes()
    client.application_uri = ours.application_uri
    await client.set_security(
        policy,
        ours.certificate,
        ours.private_key,
        server_certificate=first_certificate(server.chain),
        mode=_MODE,
    )
    return ChannelCertificates(server, ours.certificate, content, trust)


async def _shown_for(
    policy: type[policies.SecurityPolicy], client: MachineClient, url: str, machine: Machine
) -> ServerCertificate:
    with judged_by_asyncua():
        endpoints = await client.connect_and_get_server_endpoints()
    try:
        with judged_by_asyncua():
            offered = Client.find_endpoint(endpoints, _MODE, policy.URI)
    except uaerrors.UaError as error:
        raise EndpointRefused(
            f"machine {machine.id}: {url} does not offer SignAndEncrypt with "
            f"{machine.endpoint.security}; {_remedy(endpoints)}"
        ) from error
    chain = offered.ServerCertificate or b""
    uri = offered.Server.ApplicationUri
    return ServerCertificate(machine.id, urlsplit(url).hostname, chain, uri)


def _remedy(endpoints: list[ua.EndpointDescription]) -> str:
    """Return what a person can do; a server's own words, which may be hostile, are not repeated."""
    offered = {each.SecurityPolicyUri for each in endpoints if each.SecurityMode == _MODE}
    names = [name for name, policy in POLICIES.items() if policy.URI in offered]
    if names:
        return f'it offers {", ".join(names)}: write security = "{names[-1]}" for its endpoint'
    return (
        "nor with any other policy that is safe: switch one on at the machine; only on a network "
        'that nobody else can reach, write security = "None" for its endpoint'
    )
