"""Sealing: what is pushed can be read by one browser alone, and is signed by us.

(RFC 8291 for the encryption, by http_ece; RFC 8292, VAPID, for the signature)
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

GOOD = timedelta(hours=12)
"""How long a signature is good for; a push service takes one of 24 hours at most."""
POINT, SECRET = 65, 16
"""Bytes of a browser's public key, and of the secret that it shares with us."""


def text(data: bytes) -> str:
    """Return bytes as they are written in addresses and headers (base64url, not padded)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text: str) -> bytes:
    """Return what `text` wrote; raise ValueError for what is nothing of the kind."""
    return base64.b64decode(
        text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True
    )


def private_key(written: str) -> ec.EllipticCurvePrivateKey:
    """Return the key that a setting holds: 32 bytes in base64url, or PEM; raise ValueError."""
    if "-----BEGIN" in written:
        try:
            found = serialization.load_pem_private_key(written.encode(), password=None)
        except TypeError:
            raise ValueError("a key with a password") from None
        if not isinstance(found, ec.EllipticCurvePrivateKey) or found.curve.name != "secp256r1":
            raise ValueError("not a key of P-256")
        return found
    raw = data(written.strip())
    if len(raw) != 32:
        raise ValueError("not 32 bytes")
    return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())


def new_key() -> str:
    """Return a new private key, as the setting holds it."""
    made = ec.generate_private_key(ec.SECP256R1())
    return text(made.private_numbers().private_value.to_bytes(32, "big"))


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the public half of a key, as a browser takes it."""
    return text(_point(key))


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    forms = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(*forms)


def check(p256dh: str, auth: str) -> None:
    """Raise ValueError where these are no keys of a browser's."""
    point = data(p256dh)
    if len(point) != POINT or len(data(auth)) != SECRET:
        raise ValueError("not of the right length")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def sealed(told: bytes, p256dh: str, auth: str) -> bytes:
    """Return what a browser with these keys can read, and nobody on the way."""
    made: bytes = http_ece.encrypt(
        told,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=data(p256dh),
        auth_secret=data(auth),
        version="aes128gcm",
    )
    return made


def signing(written: str, endpoint: str, contact: str, now: datetime) -> str:
    """Return the header that says who pushes to a push service (RFC 8292)."""
    key, parts = private_key(written), urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + GOOD).timestamp()),
        "sub": contact,
    }
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={public(key)}"


def _json(told: Any) -> str:
    return text(json.dumps(told, separators=(",", ":")).encode())
