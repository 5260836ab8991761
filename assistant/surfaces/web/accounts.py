"""Who is asking: API keys, hashed where they are kept, and signed sessions of browsers.

A key belongs to a tenant. A user key speaks for one user of it; a service key names the user of each request itself, of its
own tenant. User ids of different tenants never meet, since every one begins with its tenant's name.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from filelock import FileLock

from assistant.errors import DataError, UnknownNameError, UserError, did_you_mean

KEYS_FILE = "keys.json"
SECRET_FILE = "session-secret"
PREFIX = "ra"
"""Every key begins so: one that lies around can be recognised."""
SESSION_DAYS = 365
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key as it is kept: its secret only as a digest. 32 random bytes need no salt and no slow hash."""

    key_id: str
    digest: str
    """SHA-256 of the whole key, in hexadecimal."""
    tenant: str
    user: str | None
    """The user it speaks for; None for a service, which names the user of each request."""
    created_at: float
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who a request comes from."""

    user: str
    """Id of the user in the store."""
    key_id: str | None = None


class Keys:
    """The keys of a data folder. Several processes may change them; readers see a change at their next request."""

    def __init__(self, data: Path) -> None:
        self._path = data / KEYS_FILE
        self._read_at: tuple[int, int] | None = None
        self._keys: dict[str, Key] = {}

    def all(self) -> tuple[Key, ...]:
        """Every key, oldest first. Raises ``DataError`` when the file is not one of keys."""
        self._refresh()
        return tuple(sorted(self._keys.values(), key=lambda key: (key.created_at, key.key_id)))

    def add(self, tenant: str, user: str | None) -> str:
        """Make a key; returns it whole, which is the only time that it can be seen. Raises ``UserError``."""
        if not _NAME.fullmatch(tenant):
            raise UserError(
                f"A tenant is named with small letters, digits and dashes, at most 40, and this is {tenant!r}."
            )
        if user is not None and not user.strip():
            raise UserError("The user of a key is blank. Name one, or leave it out for a service key.")
        key_id = secrets.token_hex(6)
        token = f"{PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
        key = Key(key_id=key_id, digest=_digest(token), tenant=tenant, user=user, created_at=time.time())
        with self._changing() as keys:
            keys[key_id] = key
        return token

    def revoke(self, key_id: str) -> Key:
        """Delete a key. Raises ``UnknownNameError``."""
        with self._changing() as keys:
            if key_id not in keys:
                raise UnknownNameError(
                    f"There is no key {key_id!r}.{did_you_mean(key_id, keys)} See: assistant keys list"
                )
            return keys.pop(key_id)

    def knows(self, key_id: str) -> bool:
        """Whether a key is in force."""
        self._refresh()
        return key_id in self._keys

    def find(self, token: str) -> Key | None:
        """The key that a token is, None when it is none. Takes the same time for every wrong secret."""
        match = _TOKEN.fullmatch(token)
        self._refresh()
        key = self._keys.get(match[1]) if match else None
        if key is None or not hmac.compare_digest(key.digest, _digest(token)):
            return None
        return key

    def find_bearer(self, header: str) -> Key | None:
        """The key of the header ``Authorization: Bearer KEY``, None when it holds none of this folder."""
        scheme, _, token = header.partition(" ")
        return self.find(token.strip()) if scheme.casefold() == "bearer" else None

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._keys, self._read_at = {}, None
            return
        if (stat.st_mtime_ns, stat.st_ino) == self._read_at:
            return
        try:
            entries = [Key(**entry) for entry in orjson.loads(self._path.read_bytes())]
        except (orjson.JSONDecodeError, TypeError) as error:
            raise DataError(
                f"{str(self._path)!r} does not hold keys: {error}. Move it away, and make new ones with: assistant keys add"
            ) from error
        self._keys = {key.key_id: key for key in entries}
        self._read_at = (stat.st_mtime_ns, stat.st_ino)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Key]]:
        """The keys to change; written whole, beside the old ones, when that is done."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            self._refresh()
            keys = dict(self._keys)
            yield keys
            write_private(self._path, orjson.dumps([asdict(key) for key in keys.values()], option=orjson.OPT_INDENT_2))


def caller_of(key: Key, named: str | None) -> Caller:
    """Who a request with ``key`` comes from. ``named`` is the user that it names, which only a service may.

    Raises ``UserError`` when it names one and may not, or has to and does not.
    """
    if key.user is not None:
        if named is not None and named != key.user:
            raise UserError("This key speaks for one user and may not name another.")
        named = key.user
    if not named or not named.strip():
        raise UserError("A service key has to say for whom it asks, with the header: X-User")
    return Caller(user=f"{key.tenant}/{named.strip()}", key_id=key.key_id)


class Sessions:
    """Signed sessions: a random user id that a browser keeps in a cookie, and cannot change."""

    def __init__(self, data: Path) -> None:
        self._path = data / SECRET_FILE
        with FileLock(self._path.with_suffix(".lock")):
            if not self._path.exists():
                write_private(self._path, secrets.token_bytes(32))
        self._secret = self._path.read_bytes()
        if len(self._secret) < 32:
            raise DataError(f"{str(self._path)!r} is damaged. Delete it; browsers begin anew then.")

    def start(self, who: Caller | None = None) -> tuple[Caller, str]:
        """A session of ``who``, else of somebody new: who it is, and its cookie."""
        who = who or Caller(user=f"web/{secrets.token_hex(12)}")
        return who, self._cookie(who.user.encode().hex(), who.key_id or "", str(int(time.time())))

    def find(self, cookie: str) -> Caller | None:
        """Whose session a cookie is; None when it was not signed here or is too old. Whether its key still is one is for
        the caller to see."""
        parts = cookie.split(".")
        if len(parts) != 4 or not cookie.isascii():
            return None
        user, key_id, started, _ = parts
        if not hmac.compare_digest(cookie, self._cookie(user, key_id, started)):
            return None
        if time.time() - int(started) > SESSION_DAYS * 86_400:
            return None
        return Caller(user=bytes.fromhex(user).decode(), key_id=key_id or None)

    def _cookie(self, user: str, key_id: str, started: str) -> str:
        signed = f"{user}.{key_id}.{started}"
        return f"{signed}.{hmac.new(self._secret, signed.encode(), hashlib.sha256).hexdigest()}"


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
