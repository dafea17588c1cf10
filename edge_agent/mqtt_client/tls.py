"""The TLS context: 1.2 or newer, the broker's certificate and name always verified."""

import ssl
import stat
from pathlib import Path

from ..domain.broker_access import BrokerAccess
from ..domain.errors import BrokerFault


def context(access: BrokerAccess) -> ssl.SSLContext:
    """Return the context of one connection. Raises BrokerFault, naming the file and what is wrong.

    Made at each connection, so that a renewed certificate needs no restart.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.ca_file:
        path = _readable(access, "ca_file")
        try:
            made.load_verify_locations(path)
        except ssl.SSLError as error:
            raise BrokerFault(
                f"The CA file {path} holds no certificate that can be read: put the CA's "
                "certificate into it, in PEM form."
            ) from error
    else:
        made.load_default_certs()
    if access.cert_file:
        _show(made, access)
    return made


def _show(made: ssl.SSLContext, access: BrokerAccess) -> None:
    """Load what we show the broker."""
    certificate, key = _readable(access, "cert_file"), _readable(access, "key_file")
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & 0o007:
        raise BrokerFault(
            f"The key is not used, for anybody may read {key} (mode {mode:04o}): chmod 600 {key}, "
            "and have the certificate made anew with another key."
        )

    def locked() -> bytes:  # Without it OpenSSL would ask on the terminal, and wait for ever.
        raise BrokerFault(
            f"The key in {key} is locked by a passphrase, which nobody is there to type: unlock it "
            f"with 'openssl pkey -in {key} -out FILE' and name that in "
            f"{access.setting('key_file')}."
        )

    try:
        made.load_cert_chain(certificate, key, locked)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BrokerFault(
                f"The key in {key} does not belong to the certificate in {certificate}: put the "
                "two that were made together there."
            ) from error
        raise BrokerFault(
            f"{certificate} and {key} are not a certificate and its key in PEM form "
            f"({error.reason or error}): put the files there that the CA gave you."
        ) from error


def _readable(access: BrokerAccess, key: str) -> Path:
    path = Path(getattr(access, key))
    try:
        path.open("rb").close()
    except OSError as error:
        raise BrokerFault(
            f"{path} cannot be read ({error.strerror}): correct {access.setting(key)}, or make the "
            "file readable for this user."
        ) from error
    return path
