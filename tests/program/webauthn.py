# SPDX-License-Identifier: BSD-2-Clause
"""A relying party for tests: makes WebAuthn options as JSON and checks what comes back.

Independent of the project's own code; signatures are checked by the openssl command.
"""
import base64
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import tempfile

ES256, EDDSA, RS256 = -7, -8, -257

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(data, at=0):
    """(value, position after it) of one data item: what authenticators use of CBOR."""
    kind, count = data[at] >> 5, data[at] & 31
    at += 1
    if count in (24, 25, 26, 27):
        size = 1 << (count - 24)
        count = int.from_bytes(data[at:at + size], "big")
        at += size
    if kind == 0:
        return count, at
    if kind == 1:
        return -1 - count, at
    if kind in (2, 3):
        piece = data[at:at + count]
        return piece if kind == 2 else piece.decode(), at + count
    if kind == 4:
        items = []
        for _ in range(count):
            item, at = cbor(data, at)
            items.append(item)
        return items, at
    if kind == 5:
        pairs = {}
        for _ in range(count):
            key, at = cbor(data, at)
            pairs[key], at = cbor(data, at)
        return pairs, at
    return {20: False, 21: True, 22: None}[count], at


class AuthData:
    def __init__(self, data):
        self.rp_hash, self.flags, self.counter = struct.unpack(">32sBI", data[:37])
        at = 37
        self.aaguid = self.credential_id = self.key = None
        self.extensions = {}
        if self.flags & AT:
            self.aaguid = data[at:at + 16]
            length, = struct.unpack(">H", data[at + 16:at + 18])
            self.credential_id = data[at + 18:at + 18 + length]
            self.key, at = cbor(data, at + 18 + length)
        if self.flags & ED:
            self.extensions, at = cbor(data, at)
        assert at == len(data), "bytes after the authenticator data"


class Site:
    """One relying party and its registered credentials."""

    def __init__(self, rp_id="example.com", origin=None):
        self.rp_id, self.origin = rp_id, origin or f"https://{rp_id}"
        self.keys = {}  # credential ID: (SPKI in DER, algorithm)

    def creation(self, name="ada", user_id=None, algorithms=(ES256,), exclude=(), **more):
        """PublicKeyCredentialCreationOptionsJSON, as a dict."""
        return {
            "rp": {"id": self.rp_id, "name": "Example"},
            "user": {"id": encode(user_id or os.urandom(16)), "name": name,
                     "displayName": name.title()},
            "challenge": encode(os.urandom(32)),
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in algorithms],
            "excludeCredentials": [{"type": "public-key", "id": encode(id)} for id in exclude],
        } | more

    def request(self, allow=(), **more):
        """PublicKeyCredentialRequestOptionsJSON, as a dict."""
        return {
            "rpId": self.rp_id, "challenge": encode(os.urandom(32)),
            "allowCredentials": [{"type": "public-key", "id": encode(id)} for id in allow],
        } | more

    def check_client_data(self, text, kind, challenge):
        data = json.loads(decode(text))
        assert data["type"] == kind, data
        assert data["challenge"] == challenge, data
        assert data["origin"] == self.origin, data
        assert data.get("crossOrigin", False) is False, data
        return hashlib.sha256(decode(text)).digest()

    def check_common(self, auth, uv):
        assert auth.rp_hash == hashlib.sha256(self.rp_id.encode()).digest(), "RP ID hash"
        assert auth.flags & UP, "user presence"
        assert bool(auth.flags & UV) == uv, f"user verification, flags {auth.flags:02x}"
        assert auth.flags & BE or not auth.flags & BS, "backed up but not eligible"

    def registered(self, options, response, uv=True):
        """Checks a RegistrationResponseJSON; returns its AuthData."""
        inner = response["response"]
        self.check_client_data(inner["clientDataJSON"], "webauthn.create", options["challenge"])
        attestation, end = cbor(decode(inner["attestationObject"]))
        assert end == len(decode(inner["attestationObject"]))
        auth = AuthData(attestation["authData"])
        self.check_common(auth, uv)
        assert auth.flags & AT
        assert response["type"] == "public-key"
        assert response["id"] == response["rawId"] == encode(auth.credential_id)
        assert decode(inner["authenticatorData"]) == attestation["authData"]
        wanted = [entry["alg"] for entry in options["pubKeyCredParams"]]
        assert auth.key[3] in wanted, auth.key
        assert inner["publicKeyAlgorithm"] == auth.key[3]
        spki = decode(inner["publicKey"])
        # The key in openssl's form is the one that was attested.
        for label in (-2, -3) if auth.key[3] != RS256 else (-1,):
            assert auth.key.get(label, b"") in spki, "publicKey is another key"
        self.keys[auth.credential_id] = (spki, auth.key[3])
        return auth

    def signed_in(self, options, response, uv=True):
        """Checks an AuthenticationResponseJSON and its signature; returns its AuthData."""
        inner = response["response"]
        digest = self.check_client_data(inner["clientDataJSON"], "webauthn.get",
                                        options["challenge"])
        data = decode(inner["authenticatorData"])
        auth = AuthData(data)
        self.check_common(auth, uv)
        spki, algorithm = self.keys[decode(response["rawId"])]
        allowed = [decode(entry["id"]) for entry in options.get("allowCredentials", ())]
        assert not allowed or decode(response["rawId"]) in allowed
        assert verify(spki, algorithm, data + digest, decode(inner["signature"])), "signature"
        return auth


def verify(spki, algorithm, message, signature):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, content in (("key", spki), ("message", message), ("signature", signature)):
            (folder / file).write_bytes(content)
        if algorithm == EDDSA:
            how = ["pkeyutl", "-verify", "-pubin", "-inkey", "key", "-keyform", "DER", "-rawin",
                   "-in", "message", "-sigfile", "signature"]
        else:
            how = ["dgst", "-sha256", "-verify", "key", "-keyform", "DER", "-signature",
                   "signature", "message"]
        return subprocess.run(["openssl", *how], cwd=folder, capture_output=True).returncode == 0
