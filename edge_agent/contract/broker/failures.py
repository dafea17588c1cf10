"""Why TLS does not come about, in sentences that name the certificate and the fix."""

import errno
import ssl
from datetime import datetime

from .access import BrokerAccess

_TLS_RECORD_ALERT = 0x15
"""RFC 8446, 5.1. No MQTT packet of a broker begins with it."""

# Codes of OpenSSL's x509_vfy.h, from the check of the broker's certificate.
_UNKNOWN_CA = {2, 18, 19, 20, 21}
_NOT_YET_VALID = 9
_EXPIRED = 10
_REVOKED = 23
_OTHER_NAME = {62, 64}

_NO_TLS_HERE = {
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "UNEXPECTED_EOF_WHILE_READING",
    "HTTP_REQUEST",
    "UNEXPECTED_MESSAGE",
    "PACKET_LENGTH_TOO_LONG",
}
_TOO_OLD = {"UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"}

_SHOWN = {
    "UNKNOWN_CA": "is signed by a CA that it does not know: have it signed by the broker's CA",
    "CERTIFICATE_EXPIRED": (
        "has expired by the broker's clock, or its list of revoked ones has: have that renewed "
        "which has"
    ),
    "CERTIFICATE_REVOKED": "has been revoked: have a new one made",
    "BAD_CERTIFICATE": "is not one that it takes: have one made for this broker",
    "UNSUPPORTED_CERTIFICATE": "is not one for clients: have one made for client authentication",
    "CERTIFICATE_UNKNOWN": "is not one that it takes: have one made for this broker",
    "ACCESS_DENIED": "is not let in: look at the broker's settings",
    "DECRYPT_ERROR": "does not fit its key: put the two that were made together there",
}
"""What a broker's alert (RFC 8446, 6.2) says about the certificate that we show."""


def failure(error: Exception, access: BrokerAccess, wall: datetime) -> str | None:
    """What is wrong between us and the broker ("it"); None where it is nothing of TLS.

    ``wall``: what our clock says, for a certificate's dates are judged by it.
    """
    if not access.encrypted:
        return None
    if isinstance(error, ssl.SSLCertVerificationError):
        return _distrust(error, access, wall)
    if isinstance(error, ssl.SSLError):
        return _broken(error, access)
    if isinstance(error, TimeoutError) and "handshake" in str(error):
        return _no_tls(access)
    if isinstance(error, OSError) and error.errno in (errno.ECONNRESET, errno.EPIPE):
        return _no_tls(access)
    return None


def speaks_tls(access: BrokerAccess, first_byte: int | None) -> str | None:
    """What to do where the broker answered plain MQTT with an alert of TLS."""
    if access.encrypted or first_byte != _TLS_RECORD_ALERT:
        return None
    return (
        f'Its port {access.tcp_port} speaks TLS only: set {access.setting("tls")} to "on", or '
        f"{access.setting('port')} to its plain port."
    )


def _distrust(error: ssl.SSLCertVerificationError, access: BrokerAccess, wall: datetime) -> str:
    ca_file, code = access.setting("ca_file"), error.verify_code
    clock = f"{wall:%Y-%m-%d %H:%M} UTC"
    if code in _UNKNOWN_CA:
        known = f"no CA in {access.ca_file}" if access.ca_file else "no CA that this system knows"
        return (
            f"Its certificate is vouched for by {known}: get the certificate of the CA that signed "
            f"the broker's, and name its file in {ca_file}."
        )
    if code == _NOT_YET_VALID:
        return (
            f"Its certificate is not valid yet by the clock here, which says {clock}: if that is "
            "wrong, let the clock be set (network time); otherwise have the broker's certificate "
            "made anew."
        )
    if code == _EXPIRED:
        return (
            f"Its certificate, or its CA's in {access.ca_file or 'the system'}, has expired by the "
            f"clock here, which says {clock}: if that is right, have the certificate renewed; "
            "otherwise let the clock be set (network time)."
        )
    if code == _REVOKED:
        return "Its certificate has been revoked: have a new one made for the broker."
    if code in _OTHER_NAME:
        return (
            f"Its certificate is not made out for {access.host!r}: set {access.setting('host')} to "
            "a name that stands in the certificate, or have one made out for this name."
        )
    return (
        f"Its certificate is not accepted ({error.verify_message}): have the broker's certificate "
        f"made anew, and compare {ca_file}."
    )


def _broken(error: ssl.SSLError, access: BrokerAccess) -> str:
    reason = (error.reason or "").partition("ALERT_")[2] or error.reason or ""
    cert_file = access.setting("cert_file")
    if reason in ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE") and not access.cert_file:
        return (
            "It lets nobody in without a client certificate, and none is shown: set "
            f"{cert_file} and {access.setting('key_file')}."
        )
    if reason in _SHOWN and access.cert_file:
        return f"It refuses our certificate ({access.cert_file}), which {_SHOWN[reason]}."
    if reason in _TOO_OLD:
        return "It speaks only TLS older than 1.2: let the broker use TLS 1.2 or newer."
    if reason in _NO_TLS_HERE or isinstance(error, ssl.SSLEOFError):
        return _no_tls(access)
    return f"TLS fails ({error.reason or error}): look at the broker's log."


def _no_tls(access: BrokerAccess) -> str:
    return (
        f"It breaks TLS off, so its port {access.tcp_port} may be a plain one: set "
        f"{access.setting('port')} to its TLS port, and look at the broker's log."
    )
