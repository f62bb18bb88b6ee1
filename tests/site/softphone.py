# SPDX-License-Identifier: BSD-2-Clause
"""A phone of one ES256 credential, and the browser around it, as far as a site sees them."""
import base64
import hashlib
import json
import os
import struct
import subprocess


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    if value < 256:
        return bytes([major << 5 | 24, value])
    return bytes([major << 5 | 25]) + struct.pack(">H", value)


def cbor(value):
    """Canonical CBOR of what the tests need; maps are written in order."""
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


class Phone:
    """Its key is in @folder, made by the openssl command; @rp and @origin are the site's."""

    def __init__(self, folder, rp, origin):
        self.rp, self.origin = rp, origin
        self.id = os.urandom(16)
        self.pem = os.path.join(folder, f"{self.id.hex()}.pem")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                        "-out", self.pem], check=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.pem, "-pubout", "-outform", "DER"],
                             check=True, stdout=subprocess.PIPE).stdout
        self.cose = cbor({1: 2, 3: -7, -1: 1, -2: der[-64:-32], -3: der[-32:]})
        self.count = 0

    def sign(self, data):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.pem], input=data,
                              check=True, stdout=subprocess.PIPE).stdout

    def auth_data(self, flags, more=b""):
        self.count += 1
        return (hashlib.sha256(self.rp.encode()).digest() + bytes([flags]) +
                struct.pack(">I", self.count) + more)

    def answer(self, response):
        return json.dumps({"id": b64(self.id), "rawId": b64(self.id), "type": "public-key",
                           "authenticatorAttachment": "cross-platform",
                           "clientExtensionResults": {}, "response": response})

    def client_data(self, kind, options, origin):
        return json.dumps({"type": kind, "challenge": options["challenge"],
                           "origin": origin or self.origin, "crossOrigin": False}).encode()

    def register(self, options, origin=None):
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + self.cose
        auth_data = self.auth_data(0x45, attested)
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": auth_data})
        self.user = options["user"]["id"]
        return self.answer({
            "clientDataJSON": b64(self.client_data("webauthn.create", options, origin)),
            "attestationObject": b64(attestation), "transports": ["internal", "hybrid"]})

    def login(self, options, origin=None):
        client_data = self.client_data("webauthn.get", options, origin)
        auth_data = self.auth_data(0x05)
        signature = self.sign(auth_data + hashlib.sha256(client_data).digest())
        return self.answer({"clientDataJSON": b64(client_data), "signature": b64(signature),
                            "authenticatorData": b64(auth_data), "userHandle": self.user})
