"""Content-Security-Policy of the page that opens Plaid Link (plaid.com/docs/link/web, section CSP)."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Page:
    """Where Plaid Link comes from, and which API it talks to."""

    link_script: str
    plaid_host: str

    def policy(self, nonce: str) -> str:
        """Return the policy: nothing inline but what carries the nonce, which Link's own script hands on."""
        link = origin(self.link_script)
        directives = {
            "default-src": f"'self' {link}",
            "script-src": f"'self' 'nonce-{nonce}' {self.link_script}",
            "style-src": f"'self' {link}",
            "img-src": f"'self' data: {link}",
            "frame-src": link,
            "connect-src": " ".join(dict.fromkeys(["'self'", link, origin(self.plaid_host)])),
            "object-src": "'none'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
        }
        return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def origin(url: str) -> str:
    """Return the URL's scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
