"""A small OpenID Connect provider on the loopback: codes with PKCE, discovery, keys, RS256 tokens."""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

CLIENT = "engage-test"
CLIENT_SECRET = "client-secret-yggdrasil-4471"
SPOILT = ("signature", "audience", "issuer", "nonce", "expired", "unverified")
FORM = """<!doctype html><title>Provider</title><link rel="icon" href="data:,">
<form method="post" action="/authorize?{query}"><input name="name"><button>Go on</button></form>"""


@dataclass
class Provider:
    """What the provider knows. ``spoil`` names what is wrong with the tokens it hands out, if anything."""

    address: str
    key: rsa.RSAPrivateKey
    spoil: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    """Codes and tokens that were handed out: none of them may be in a log."""

    def secrets_toml(self, app: str, cookie_secret: str) -> str:
        """Return the ``secrets.toml`` of an app at an address."""
        lines = {
            "redirect_uri": f"{app}/oauth2callback", "cookie_secret": cookie_secret, "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "server_metadata_url": f"{self.address}/.well-known/openid-configuration",
        }  # fmt: skip
        return "[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items())

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def jwks(self) -> dict[str, Any]:
        """Return the public key."""
        public = self.key.public_key().public_numbers()
        whole = {name: coded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
                 for name, value in (("n", public.n), ("e", public.e))}  # fmt: skip
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", **whole}]}

    def authorize(self, query: dict[str, str], name: str) -> str:
        """Return where somebody is sent after signing in as ``name``."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**query, "name": name}
        self.given.append(code)
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens for a code, once, to the client that asked for it; ``None``: refused."""
        asked = self.codes.pop(form.get("code", ""), None)
        told = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        challenge = coded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or told != f"{CLIENT}:{CLIENT_SECRET}"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            return None
        access = secrets.token_urlsafe(16)
        token = self.id_token(asked)
        self.given += [access, token]
        return {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def id_token(self, asked: dict[str, str]) -> str:
        """Return a signed token of who signed in; spoilt where it is to be refused."""
        now = int(time.time())
        expires = now - 3600 if self.spoil == "expired" else now + 300
        claims = {
            "iss": "http://127.0.0.1:1" if self.spoil == "issuer" else self.address,
            "aud": "somebody-else" if self.spoil == "audience" else CLIENT,
            "nonce": "other" if self.spoil == "nonce" else asked["nonce"],
            "sub": f"subject-{asked['name']}", "iat": expires - 300, "exp": expires,
            "email": asked["name"], "email_verified": self.spoil != "unverified",
        }  # fmt: skip
        head = {"alg": "RS256", "typ": "JWT", "kid": "one"}
        signed = ".".join(coded(json.dumps(part).encode()) for part in (head, claims))
        key = rsa.generate_private_key(65537, 2048) if self.spoil == "signature" else self.key
        return f"{signed}.{coded(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider on a free port of the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    key = rsa.generate_private_key(65537, 2048)
    server.provider = Provider(f"http://127.0.0.1:{server.server_port}", key)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.provider  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts, own = urlsplit(self.path), self.server.provider  # type: ignore[attr-defined]
        if parts.path == "/.well-known/openid-configuration":
            self._json(own.metadata())
        elif parts.path == "/jwks":
            self._json(own.jwks())
        elif parts.path == "/authorize":
            self._send(200, "text/html", FORM.format(query=html.escape(parts.query)).encode())
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        parts, own = urlsplit(self.path), self.server.provider  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if parts.path == "/authorize":
            self._send(302, "text/plain", b"", own.authorize(dict(parse_qsl(parts.query)), form["name"]))
        elif parts.path == "/token":
            found = own.token(form, self.headers.get("Authorization", ""))
            self._json(found or {"error": "invalid_grant"}, 200 if found else 400)
        else:
            self._send(404, "text/plain", b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _json(self, document: dict[str, Any], status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(document).encode())

    def _send(self, status: int, kind: str, body: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)
