"""Everything that can be wrong on the way of a webhook, by one word each: what it is, and what to do next."""

from typing import NamedTuple

READ_LOG = "its log says why"


class Advice(NamedTuple):
    """What people are told: templates of what is known of the answer."""

    wrong: str
    mend: str


SILENCES = {
    "unknown_host": Advice(
        "No such host: {host} ({said}).", "Correct the address, or wait until its DNS record is known here."
    ),
    "refused": Advice(
        "{host} refuses connections on port {port}.", "See that the proxy runs, and that it listens on that port."
    ),
    "unreachable": Advice(
        "{host}, port {port}, cannot be reached ({said}).",
        "Open the port in the firewall before the server, and see that the DNS record has the server's address.",
    ),
    "certificate_expired": Advice(
        "The certificate of {host} has expired; Plaid will not post there.",
        "Renew it, and see why that did not happen.",
    ),
    "certificate_early": Advice(
        "The certificate of {host} is not valid yet.",
        "Compare the clock of this machine and the certificate's first day.",
    ),
    "certificate_untrusted": Advice(
        "Nobody known here vouches for the certificate of {host} ({said}); Plaid will not post there.",
        "Use one of a public authority, and have the proxy send the intermediate certificates too.",
    ),
    "certificate_name": Advice(
        "The certificate is not for {host} ({said}).", "Use the name that it is for, or get one for this name."
    ),
    "certificate": Advice("The certificate of {host} is not valid ({said}).", "Get a valid one."),
    "no_certificate": Advice(
        "{host} broke the TLS handshake off ({said}): as a rule it has no certificate for this name yet.",
        "Look into the proxy's log; Caddy needs ports 80 and 443 open, and DNS leading to it, to get one.",
    ),
    "no_tls": Advice("{host} does not speak TLS on port {port} ({said}).", "Try http:// there, or the port of https."),
    "slow": Advice(
        "No answer from {host} within {timeout:g} s; Plaid gives up after 10.",
        "See that the proxy leads to webhook_ingest, and that webhook_ingest answers /readyz.",
    ),
    "cut_off": Advice(
        "{host} closed the connection without an answer.",
        "Look into the proxy's log; a TLS port that is asked in plain HTTP does this too.",
    ),
    "no_http": Advice("What answers at {host}, port {port}, is not HTTP.", "Correct it; https may be meant."),
    "no_stand_in": Advice(
        "The stand-in at {host}, port {port}, does not sign ({said}).",
        "Give --sandbox the address at which this machine finds the stand-in, as http://127.0.0.1:8100.",
    ),
}
"""No answer at all, or none of the stand-in's."""

REFUSALS = {
    "missing": Advice(
        "The header Plaid-Verification was lost on the way.",
        "Have the proxy pass that header on, as it passes all others.",
    ),
    "malformed": Advice(
        "The header Plaid-Verification was changed on the way.", "Have the proxy pass that header on as it came, once."
    ),
    "body_changed": Advice(
        "The body was changed on the way: a proxy, a firewall or a gateway parses JSON and writes it anew.",
        "Have whatever stands before webhook_ingest pass the body on byte for byte.",
    ),
    "no_key": Advice(
        'webhook_ingest cannot get keys from Plaid ("{detail}").',
        "Its log says why at keys.unavailable: mend PLAID_CLIENT_ID, PLAID_SECRET and PLAID_ENV, which must belong "
        "together, PLAID_BASE_URL, or the way from there to Plaid.",
    ),
    "too_many_keys": Advice(
        "webhook_ingest looks up no more unknown keys just now: somebody sends it forgeries, or this check ran often.",
        "Run it again in half a minute.",
    ),
    "source": Advice(
        "webhook_ingest takes webhooks from listed addresses alone, and this machine's is not listed.",
        "Run this on a machine that is; if this is one, or nothing arrives from Plaid, mend WEBHOOK_SOURCES and the "
        "proxies that it trusts.",
    ),
    "unknown_key": Advice(
        "Whoever webhook_ingest asks for keys does not know the stand-in's.",
        "Set PLAID_BASE_URL to this stand-in, or leave --sandbox out for Plaid itself.",
    ),
    "wrong_environment": Advice(
        "webhook_ingest takes no webhooks of this environment ({detail}).",
        "Set PLAID_ENV there, or --environment here.",
    ),
    "unreadable": Advice(
        'The webhook arrived signed and whole, but webhook_ingest cannot read it ("{detail}").',
        "Have the proxy pass Content-Type on as it came.",
    ),
    "too_large": Advice("A body of {size} bytes is too large there.", "See which limit is set before webhook_ingest."),
    "too_slow": Advice(
        "The body did not reach webhook_ingest in time.", "See what holds it up between the proxy and webhook_ingest."
    ),
    "cut_off_body": Advice(
        "The body broke off before webhook_ingest had it all.", "Look into the log of the proxy before webhook_ingest."
    ),
    "not_found": Advice(
        "A service of ours answers, but has nothing at this path.",
        "The path is /api/plaid/webhook, and the proxy must lead it to webhook_ingest unchanged.",
    ),
    "method_not_allowed": Advice(
        "A service of ours answers, but takes no POST at this path.",
        "The path is /api/plaid/webhook, and the proxy must lead it to webhook_ingest unchanged.",
    ),
    "token_missing": Advice(
        "link_api answers, not webhook_ingest.",
        "Have the proxy lead POST /api/plaid/webhook to webhook_ingest, port 8001.",
    ),
    "internal_server_error": Advice("webhook_ingest failed (HTTP {status}).", f"This is a fault of it; {READ_LOG}."),
    "unexpected": Advice(
        "webhook_ingest answers HTTP {status}, {code}, which it should not.", f"This is a fault of it; {READ_LOG}."
    ),
}
"""What a service of ours says, mostly by its own code."""

FOREIGN = {
    "redirect": Advice(
        "{host} redirects (HTTP {status}); Plaid's POST would be lost.",
        "Use the address {location} instead, here and at Plaid.",
    ),
    "password": Advice("Something before webhook_ingest wants a password (HTTP {status}).", "Let this path through."),
    "forbidden": Advice(
        "Something before webhook_ingest refuses us (HTTP {status}): a firewall, or a list of addresses.",
        "Let POST to this path through, for Plaid's addresses at least.",
    ),
    "nothing_there": Advice(
        "Whoever answers has nothing at this path (HTTP {status}), and it is not webhook_ingest.",
        "The path is /api/plaid/webhook; have the proxy lead it to webhook_ingest, port 8001.",
    ),
    "no_post": Advice(
        "Whoever answers takes no POST at this path (HTTP {status}), and it is not webhook_ingest.",
        "The path is /api/plaid/webhook; have the proxy lead it to webhook_ingest, port 8001.",
    ),
    "foreign_limit": Advice(
        "Something before webhook_ingest refuses {size} bytes as too large (HTTP {status}).", "Allow it 256 KiB."
    ),
    "throttled": Advice(
        "Something before webhook_ingest limits how often it is called (HTTP {status}).", "Exempt this path."
    ),
    "no_service": Advice(
        "The proxy answers HTTP {status}: it does not reach webhook_ingest.",
        "See that webhook_ingest runs (docker compose ps), and that the proxy leads to its port, 8001.",
    ),
    "somebody_else": Advice(
        "Something else than webhook_ingest answers (HTTP {status}).", "See where this address leads."
    ),
    "unsigned_taken": Advice(
        "ALARM: an unsigned webhook was taken (HTTP {status}). This is not webhook_ingest, or it verifies nothing.",
        "See where this address leads; register it nowhere until that is mended.",
    ),
    "stranger_taken": Advice(
        "ALARM: a stranger's signature was taken (HTTP {status}). This is not webhook_ingest, or it verifies nothing.",
        "See where this address leads; register it nowhere until that is mended.",
    ),
    "other_taken": Advice(
        "A webhook of the environment {other} was taken too (HTTP {status}).",
        "See which release of webhook_ingest runs there.",
    ),
    "not_200": Advice(
        "The answer to a genuine webhook is HTTP {status}; Plaid counts 200 alone.",
        "See what changes it on the way back.",
    ),
}
"""What others say, and what nobody should."""

CLOCK = Advice(
    "Clocks differ: a signature of just now is {when} there. {evidence}",
    "Set the wrong clock by NTP (timedatectl); more often it is the server's.",
)
ENVIRONMENT = Advice(
    "It takes webhooks of {environment} and refuses those of {expected}, which should come here.",
    "Set PLAID_ENV there to the environment whose items this deployment has, with its secret.",
)
ALL = SILENCES | REFUSALS | FOREIGN
