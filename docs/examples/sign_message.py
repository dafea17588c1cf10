# SPDX-License-Identifier: CC0-1.0
"""Sign a message for a topic: sign_message.py KEYFILE TOPIC <message.json >signed.json"""

import base64
import json
import sys
from pathlib import Path

from nacl.signing import SigningKey  # pip install pynacl

pem = Path(sys.argv[1]).read_text(encoding="ascii").splitlines()
key = SigningKey(base64.b64decode("".join(pem[1:-1]))[16:])
message = json.load(sys.stdin.buffer)
message.pop("signature", None)  # It may have been signed before.
canonical = json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
signed = f"edge-agent-signature-v1\n{sys.argv[2]}\n{canonical}".encode()
value = base64.b64encode(key.sign(signed).signature).decode()
message["signature"] = {"key": bytes(key.verify_key).hex()[:8], "value": value}
print(json.dumps(message))
