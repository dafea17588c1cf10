"""Why TLS does not come about, in sentences that name the certificate and the fix."""

import errno
import ssl
from datetime import datetime

from ..language import Message
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

_SHOWN = frozenset(
    {
        *("UNKNOWN_CA", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED", "BAD_CERTIFICATE"),
        *("UNSUPPORTED_CERTIFICATE", "CERTIFICATE_UNKNOWN", "ACCESS_DENIED", "DECRYPT_ERROR"),
    }
)
"""What a broker's alert (RFC 8446, 6.2) says about the certificate that we show: ``ours.…``."""


def failure(error: Exception, access: BrokerAccess, wall: datetime) -> Message | None:
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


def speaks_tls(access: BrokerAccess, first_byte: int | None) -> Message | None:
    """What to do where the broker answered plain MQTT with an alert of TLS."""
    if access.encrypted or first_byte != _TLS_RECORD_ALERT:
        return None
    tls, port = access.setting("tls"), access.setting("port")
    return Message("tls.only", number=access.tcp_port, tls=tls, port=port)


def _distrust(error: ssl.SSLCertVerificationError, access: BrokerAccess, wall: datetime) -> Message:
    ca_file, code = access.setting("ca_file"), error.verify_code
    clock = f"{wall:%Y-%m-%dT%H:%M}"
    if code in _UNKNOWN_CA:
        if access.ca_file:
            return Message("tls.unknown-ca", file=access.ca_file, ca_file=ca_file)
        return Message("tls.unknown-ca-here", ca_file=ca_file)
    if code == _NOT_YET_VALID:
        return Message("tls.not-yet-valid", clock=clock)
    if code == _EXPIRED:
        if access.ca_file:
            return Message("tls.expired", file=access.ca_file, clock=clock)
        return Message("tls.expired-here", clock=clock)
    if code == _REVOKED:
        return Message("tls.revoked")
    if code in _OTHER_NAME:
        return Message("tls.other-name", host=access.host, setting=access.setting("host"))
    return Message("tls.not-accepted", why=error.verify_message, ca_file=ca_file)


def _broken(error: ssl.SSLError, access: BrokerAccess) -> Message:
    reason = (error.reason or "").partition("ALERT_")[2] or error.reason or ""
    cert_file, key_file = access.setting("cert_file"), access.setting("key_file")
    if reason in ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE") and not access.cert_file:
        return Message("tls.wants-certificate", cert_file=cert_file, key_file=key_file)
    if reason in _SHOWN and access.cert_file:
        ours = Message(f"ours.{reason.lower()}")
        return Message("tls.refuses-ours", file=access.cert_file, ours=ours)
    if reason in _TOO_OLD:
        return Message("tls.too-old")
    if reason in _NO_TLS_HERE or isinstance(error, ssl.SSLEOFError):
        return _no_tls(access)
    return Message("tls.fails", why=error.reason or error)


def _no_tls(access: BrokerAccess) -> Message:
    return Message("tls.broken-off", number=access.tcp_port, port=access.setting("port"))
