"""A token is believed if the access service signed it, for us, and it is still valid; nothing else is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import OKPKey

from shared.access.caller import Caller, GrantedRole, StaffRole
from shared.access.guard import OfflineDoorkeeper
from shared.access.keys import FileKeys, KeysAwayError, KeySetError, public_keys
from shared.access.tokens import LIFETIME, TokenRefusedError, TokenVerifier, UnknownKeyError, sign
from tests.support.tokens import ISSUER, Issuer, signing_key

LI = StaffRole("east", "east-1", "consultant", "li")
HEAD = GrantedRole("head_office", ("*",))


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def part(document: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(document)).decode().rstrip("=")


def refused(issuer: Issuer, token: str) -> str:
    with pytest.raises(TokenRefusedError) as caught:
        issuer.verifier.verify(token)
    return str(caught.value)


def test_a_token_tells_who_calls_with_every_role(issuer: Issuer) -> None:
    """Subject, session, and the roles of the journal and of grants come out as they were signed."""
    caller = issuer.verifier.verify(issuer.token(staff_roles=(LI,), granted_roles=(HEAD,)))
    assert caller == Caller("p-1", "person", "somebody", "s-1", issuer.now + LIFETIME, (LI,), (HEAD,))
    assert caller.staff_ids("east") == {"li"} and caller.staff_ids("west") == frozenset()
    assert caller.knows("west"), "a grant over every scope"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "first", "typ": "at+jwt"},
        {"alg": "none"},
        {"alg": "HS256", "kid": "first", "typ": "at+jwt"},
        {"alg": "EdDSA", "kid": "first", "typ": "at+jwt"},
        {"alg": "Ed25519", "kid": "first", "typ": "JWT"},
        {"alg": "Ed25519", "typ": "at+jwt"},
        {"alg": "Ed25519", "kid": "first", "typ": "at+jwt", "crit": ["b64"], "b64": False},
        {"alg": "Ed25519", "kid": "first", "typ": "at+jwt", "jku": "http://127.0.0.1:9/keys"},
    ],
)
@pytest.mark.parametrize("signature", ["", "AA"])
def test_a_header_that_is_not_ours_is_refused(issuer: Issuer, header: dict[str, Any], signature: str) -> None:
    """`none`, another algorithm, type or key, and whatever else a header may ask for."""
    claims = msgspec.to_builtins(issuer.claims())
    refused(issuer, f"{part(header)}.{part(claims)}.{signature}")


def test_a_symmetric_signature_under_the_public_key_is_refused(issuer: Issuer) -> None:
    """The public key is no secret: an HMAC made with it, in any form of the key, proves nothing."""
    public = issuer.keys["first"]
    for secret in (public.as_pem(private=False), public.as_bytes(), str(public.as_dict()["x"]).encode()):
        said = f"{part({'alg': 'HS256', 'kid': 'first', 'typ': 'at+jwt'})}.{part(msgspec.to_builtins(issuer.claims()))}"
        mac = hmac.new(secret, said.encode(), hashlib.sha256).digest()
        refused(issuer, f"{said}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}")


def test_a_token_under_another_key_is_refused(issuer: Issuer) -> None:
    """Also where the foreign key goes by the id of one of ours, or carries itself in the header."""
    with pytest.raises(UnknownKeyError):
        issuer.verifier.verify(sign(issuer.claims(), signing_key("theirs")))
    refused(issuer, sign(issuer.claims(), signing_key("first")))


def test_a_changed_token_is_refused(issuer: Issuer) -> None:
    """Each of its three parts is under the signature."""
    header, claims, signature = issuer.token().split(".")
    other = part(msgspec.to_builtins(issuer.claims(sub="p-2", granted_roles=(HEAD,))))
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    for forged in (f"{header}.{other}.{signature}", f"{header}.{claims}.{flipped}", f"{header}.{claims}"):
        refused(issuer, forged)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://elsewhere"},
        {"aud": "another"},
        {"nbf": 1_800_000_100},
        {"iat": 1_800_000_100, "exp": 1_800_000_200},
        {"exp": 1_800_000_000 + LIFETIME + 1},
        {"exp": 1_800_000_000},
        {"exp": 1_799_999_999, "iat": 1_799_999_000, "nbf": 1_799_999_000},
    ],
)
def test_a_token_of_another_issuer_audience_or_time_is_refused(
    issuer: Issuer, changes: dict[str, Any]
) -> None:
    """Also one that was signed for longer than tokens may live."""
    refused(issuer, issuer.token(**changes))


def test_a_token_that_was_verified_expires_all_the_same(issuer: Issuer) -> None:
    """What is remembered of a token ends with it: so long one that was taken before a sign-out may be replayed."""
    token = issuer.token()
    issuer.verifier.verify(token)
    issuer.now += LIFETIME - 1
    issuer.verifier.verify(token)
    issuer.now += 1
    assert "过期" in refused(issuer, token)


def test_a_token_whose_key_was_withdrawn_is_refused_although_it_was_verified(issuer: Issuer) -> None:
    token = issuer.token()
    issuer.verifier.verify(token)
    issuer.keys.clear()
    with pytest.raises(UnknownKeyError):
        issuer.verifier.verify(token)


DEEP = base64.urlsafe_b64encode(b"[" * 9_000).decode()


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "é.é.é", "\udcff", "x" * 20_000, "é" * 9, f"{DEEP}.e30.AA"]
)
def test_what_is_no_token_is_refused(issuer: Issuer, text: str) -> None:
    """Whatever stands where a token should, it is refused and nothing else is raised."""
    refused(issuer, text)


def test_one_that_was_verified_before_costs_no_signature(issuer: Issuer) -> None:
    """The second look is at what is remembered: it comes to the same caller object."""
    token = issuer.token()
    assert issuer.verifier.verify(token) is issuer.verifier.verify(token)


async def test_a_new_key_is_looked_up_when_a_token_names_it(tmp_path: Path) -> None:
    """A rotation needs no restart: the first token under the new key has the set read again."""
    issuer, now = Issuer(), [0.0]
    path = tmp_path / "keys.json"
    keys = FileKeys(path, lambda: now[0])
    door = OfflineDoorkeeper(TokenVerifier(keys, ISSUER, lambda: issuer.now), keys)
    with pytest.raises(KeysAwayError):
        await door.caller(issuer.token())
    path.write_bytes(b'{"keys":[%s]}' % msgspec.json.encode(signing_key("other").as_dict(private=False)))
    now[0] += 1
    with pytest.raises(UnknownKeyError):
        await door.caller(issuer.token())
    path.write_bytes(b'{"keys":[%s]}' % msgspec.json.encode(issuer.private.as_dict(private=False)))
    with pytest.raises(UnknownKeyError):
        await door.caller(
            issuer.token()
        )  # asked a moment ago: whoever invents keys makes no flood of questions
    now[0] += 10
    assert (await door.caller(issuer.token())).subject == "p-1"
    path.unlink()
    now[0] += 10
    await keys.refresh()  # what was known stays known while the set cannot be had
    assert (await door.caller(issuer.token())).subject == "p-1"


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b"[" * 9_000, b'{"keys":[1]}', b'{"keys":[{"kty":"OKP","crv":"Ed25519"}]}'],
)
def test_what_is_no_set_of_keys_is_refused(document: bytes) -> None:
    with pytest.raises(KeySetError):
        public_keys(document)


def test_a_private_key_in_a_set_is_refused() -> None:
    """Whoever publishes one has lost it."""
    private = msgspec.json.encode(signing_key().as_dict(private=True))
    with pytest.raises(KeySetError, match="private"):
        public_keys(b'{"keys":[%s]}' % private)


def test_keys_of_other_kinds_are_passed_over() -> None:
    """A symmetric or an RSA key in the set signs nothing here."""
    assert public_keys(b'{"keys":[{"kty":"oct","k":"AAAA","kid":"a"},{"kty":"RSA","kid":"b"}]}') == {}
    assert isinstance(signing_key(), OKPKey) and time.time() > 0
