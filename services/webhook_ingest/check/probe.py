"""One HTTP request and what becomes of it: certificates are checked, redirects not followed, proxies not asked."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from webhook_ingest.check.answer import Answer, Silence

LARGEST = 65_536
"""Bytes of an answer that are read; ours have some hundred."""
CERTIFICATES = {
    9: "certificate_early",
    10: "certificate_expired",
    18: "certificate_untrusted",
    19: "certificate_untrusted",
    20: "certificate_untrusted",
    21: "certificate_untrusted",
    62: "certificate_name",
    64: "certificate_name",
}
"""What is wrong with a certificate, by OpenSSL's X509_V_ERR number."""


@dataclass(frozen=True)
class Probe:
    """Posts to one address; every step of a request gets so many seconds."""

    url: str
    timeout: float = 10.0

    def post(self, body: bytes, signature: str | None = None) -> Answer:
        """Post a webhook, and return the answer or raise Silence."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        try:
            with _connecting(self.url):
                connection.connect()
            with _talking(self.url):
                return self._exchange(connection, body, signature)
        finally:
            connection.close()

    def call(self, path: str, request: Mapping[str, object]) -> Mapping[str, Any]:
        """Post JSON to the stand-in below this address; return the members of its 200, or raise Silence."""
        try:
            answer = Probe(self.url.rstrip("/") + path, self.timeout).post(json.dumps(request).encode())
            told = json.loads(answer.body)
        except Silence as silence:
            raise Silence(self.url, "no_stand_in", str(silence) or silence.reason) from None
        except ValueError:
            told = None
        if answer.status != http.client.OK or not isinstance(told, dict):
            raise Silence(self.url, "no_stand_in", f"HTTP {answer.status}")
        return told

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes, signature: str | None) -> Answer:
        headers = {"Content-Type": "application/json", "User-Agent": "webhook_ingest-check"}
        if signature is not None:
            headers["Plaid-Verification"] = signature
        parts = urlsplit(self.url)
        peer, began = str(connection.sock.getpeername()[0]), time.perf_counter()
        connection.request("POST", f"{parts.path or '/'}{parts.query and '?'}{parts.query}", body, headers)
        response = connection.getresponse()
        return Answer(
            url=self.url,
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            peer=peer,
            seconds=time.perf_counter() - began,
            received_at=time.time(),
            body=response.read(LARGEST),
        )


@contextmanager
def _connecting(url: str) -> Iterator[None]:
    try:
        yield
    except (socket.gaierror, UnicodeError) as error:
        raise Silence(url, "unknown_host", getattr(error, "strerror", None) or "not a name") from None
    except ConnectionRefusedError:
        raise Silence(url, "refused") from None
    except TimeoutError:
        raise Silence(url, "unreachable", "no answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise Silence(url, CERTIFICATES.get(error.verify_code, "certificate"), error.verify_message) from None
    except ssl.SSLError as error:
        raise Silence(url, "no_certificate" if "ALERT" in (error.reason or "") else "no_tls", error.reason) from None
    except OSError as error:
        raise Silence(url, "unreachable", error.strerror) from None


@contextmanager
def _talking(url: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise Silence(url, "slow") from None
    except (http.client.RemoteDisconnected, http.client.IncompleteRead):
        raise Silence(url, "cut_off") from None
    except http.client.HTTPException as error:
        raise Silence(url, "no_http", type(error).__name__) from None
    except OSError as error:
        raise Silence(url, "cut_off", error.strerror) from None
