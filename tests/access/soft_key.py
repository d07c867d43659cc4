"""A passkey in software, for tests: it signs as a device would, and can be made to misbehave."""

import hashlib
import json
import os
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

FLAG = AuthenticatorData.FLAG
PRESENT, VERIFIED = FLAG.UP, FLAG.UV


class SoftKey:
    """One passkey of one site."""

    def __init__(self, origin: str, site: str) -> None:
        self.origin, self.site = origin, site
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.counter = 1
        self.flags = PRESENT | VERIFIED
        self.handle: bytes | None = None

    def make(self, options: dict[str, Any]) -> str:
        """Answer a question that asks for a new passkey."""
        public = ES256.from_cryptography_key(  # type: ignore[no-untyped-call]
            self.private.public_key()
        )
        data = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        told = AuthenticatorData.create(self._site(), self.flags | FLAG.AT, self.counter, data)
        client = self._client("webauthn.create", options)
        attested = AttestationObject.create("none", told, {})
        return self._answer(client, {"attestationObject": websafe_encode(bytes(attested))})

    def show(self, options: dict[str, Any]) -> str:
        """Answer a question that asks for this passkey."""
        self.counter += 1
        told = bytes(AuthenticatorData.create(self._site(), self.flags, self.counter))
        client = self._client("webauthn.get", options)
        signed = told + hashlib.sha256(client).digest()
        response = {
            "authenticatorData": websafe_encode(told),
            "signature": websafe_encode(self.private.sign(signed, ec.ECDSA(hashes.SHA256()))),
        }
        if self.handle is not None:
            response["userHandle"] = websafe_encode(self.handle)
        return self._answer(client, response)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        challenge = options["publicKey"]["challenge"]
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _site(self) -> bytes:
        return hashlib.sha256(self.site.encode()).digest()

    def _answer(self, client: bytes, response: dict[str, str]) -> str:
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "response": {"clientDataJSON": websafe_encode(client), **response},
                "clientExtensionResults": {},
            }
        )
