"""What was issued, and the checks that a stranger makes: with this package, and with nothing of it."""

import base64
import hashlib
import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import grid_py as grid

ORIGIN = "grid.example"
NOW: dict[str, Any] = {"now": "2026-02-28T12:00:00Z"}
STAMPS: dict[str, Any] = {"as_of": "2026-04-02T00:00:00Z", "issued_at": "2026-04-02T00:00:01Z"}
TARIFF = """
id = "flat"
currency = "EUR"
valid_from = 2026-01-01

[[components]]
id = "grid"
kind = "energy"
quantity = "import"
price_per_kwh = "0.18"

[[components]]
id = "local"
kind = "energy"
quantity = "received"
price_per_kwh = "0.11"

[[components]]
id = "given"
kind = "credit"
quantity = "given"
price_per_kwh = "0.11"
"""

# Hashes by Python's `hashlib`, the signature by OpenSSL 3.0.19 with the key of RFC 8032 section 7.1, TEST 1.
FOREIGN: dict[str, Any] = {
    "statement": {"member": "m1", "period": "2026-03", "amount": "1.25", "currency": "EUR", "note": "año €"},
    "proof": {
        "leaf_index": 1,
        "leaf_hash": "e2150c2b773ebeb658e70e789001776b6a6fc1f94357d13d8c3b03dbe9f107a4",
        "inclusion_path": [
            "c8bb81be0ed02d35e9d8529d7bc643ee230a01662ce3e4320eee88acd43d9b05",
            "b00d7db341e42dcdbff78cb92d51baadc6e3a591c8b30a52872909d94c58350a",
            "ded8d3c88bc9406f32bd639ebc5bf9b174588601cc72fbe5d622ce1b628e7da7",
        ],
        "head": {
            "origin": ORIGIN,
            "tree_size": 5,
            "root_hash": "7b961d866ccc571bc3a63d3d796d70ecb805423aae8565f871960c725ca0af46",
            "timestamp": "2026-04-01T06:00:00Z",
            "key_id": "21fe31dfa154a261",
            "signature": "vSpSwMbLq3VICTqkqVMem1fzYRCNmY5VuhgiHpHrvBIKban26gtRf8XfJpmJmLf1lA1mNhTYF4y_W0LSa-kfAg",
        },
    },
}
FOREIGN_KEY = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def test_a_bundle_of_another_program_verifies() -> None:
    statement, proof = FOREIGN["statement"], FOREIGN["proof"]
    text = json.dumps(FOREIGN)
    forms: list[Any] = [FOREIGN, text, text.encode(), json.dumps(FOREIGN, indent=2, ensure_ascii=False)]
    for form in forms:
        assert grid.verify_statement(form, FOREIGN_KEY) is True
    assert grid.verify_statement(statement, FOREIGN_KEY, proof)
    assert grid.verify_statement(json.dumps(statement), FOREIGN_KEY, json.dumps(proof).encode())
    assert grid.verify_statement(statement, FOREIGN_KEY, FOREIGN), "the proof as it is downloaded"


def test_every_changed_member_of_a_bundle_is_found() -> None:
    text = json.dumps(FOREIGN, ensure_ascii=False)
    changes = {
        "1.25": "1.52", "2026-03": "2026-04", "año": "ano", '"leaf_index": 1': '"leaf_index": 2', "e2150c2b": "e2150c2c",
        "c8bb81be": "c8bb81bf", '"tree_size": 5': '"tree_size": 6', "7b961d86": "7b961d87", "06:00:00": "06:00:01",
        "grid.example": "grid.exemple", "vSpSwM": "vSpSwN", "21fe31df": "21fe31de", '"note"': '"nota"',
    }
    for old, new in changes.items():
        assert text.count(old) >= 1
        with pytest.raises(grid.InvalidError):
            grid.verify_statement(text.replace(old, new, 1), FOREIGN_KEY)
    twice = text.replace('"amount"', '"amount": "0.00", "amount"')
    with pytest.raises(grid.InvalidError, match="amount"):
        grid.verify_statement(twice, FOREIGN_KEY)


def test_the_refusal_says_what_is_wrong() -> None:
    statement, proof = dict(FOREIGN["statement"]), FOREIGN["proof"]
    with pytest.raises(grid.InvalidError, match="changed"):
        grid.verify_statement({**statement, "amount": "9.99"}, FOREIGN_KEY, proof)
    with pytest.raises(grid.InvalidError, match="key"):
        grid.verify_statement(FOREIGN, grid.LogKey.generate())
    with pytest.raises(grid.InvalidError):
        grid.verify_statement(statement, FOREIGN_KEY)
    with pytest.raises(grid.InvalidError):
        grid.verify_statement(FOREIGN, "ed25519:nonsense")
    with pytest.raises(grid.InvalidError, match="UTF-8"):
        grid.verify_statement(b"\xff\xfe", FOREIGN_KEY)
    with pytest.raises(TypeError):
        grid.verify_statement(FOREIGN, 7)  # type: ignore[arg-type]


def test_a_key_of_openssl_is_read(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout"], check=True, capture_output=True, text=True).stdout
    log_key = grid.LogKey.from_pem(key.read_text())
    assert log_key.public_pem == public
    assert grid.LogKey.from_pkcs8(log_key.to_pkcs8()).key_id == log_key.key_id
    assert log_key.key_id in repr(log_key)
    with pytest.raises(grid.InvalidError):
        grid.LogKey.from_pem("no key")
    with pytest.raises(grid.InvalidError):
        grid.LogKey.from_pkcs8(b"no key")


class Issued:
    """A community of three in a store, whose March was issued."""

    def __init__(self, store: grid.Store) -> None:
        self.store = store
        self.key = grid.LogKey.generate()
        owner = store.create_user("ana", "ana@example.org", "correct horse", **NOW)
        self.community = store.create_community("Calle Sol", owner=owner, time_zone="Europe/Madrid", **NOW)
        self.read("ana", "consumption", 0.5)
        self.read("ana", "generation", 1.0)
        self.read("ben", "consumption", 0.4)
        self.read("eva", "consumption", 0.7)
        store.set_contract("Calle Sol", {"resolution": "1h"}, valid_from="2026-01-01T00:00:00Z", **NOW)
        self.tariff = store.add_tariff("Calle Sol", TARIFF, **NOW)

    def read(self, member: str, channel: str, kwh: float, *, now: str = "2026-04-01T12:00:00Z", hours: int = 743) -> None:
        # March of 2026 has 743 hours in Madrid, and begins at 23:00 of 28 February.
        series = grid.Series([kwh] * hours, start="2026-02-28T23:00:00Z", resolution="1h", time_zone="Europe/Madrid")
        table = series.to_table().to_numpy()
        count = len(series)
        self.store.import_community(
            self.community,
            {
                "device": [f"{member} {channel}"] * count,
                "member": [member] * count,
                "channel": [channel] * count,
                "start": table["start"],
                "end": table["end"],
                "energy_kwh": table["energy_kwh"],
            },
            now=now,
        )


@pytest.fixture
def issued() -> Iterator[Issued]:
    with grid.Store("sqlite::memory:") as store:
        yield Issued(store)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2, written from its text."""
    node, last, root = index, size - 1, leaf
    for sibling in path:
        assert last
        if node % 2 or node == last:
            root = sha256(b"\x01", sibling, root)
            while not node % 2 and node:
                node, last = node >> 1, last >> 1
        else:
            root = sha256(b"\x01", root, sibling)
        node, last = node >> 1, last >> 1
    assert last == 0
    return root


def test_who_issued_is_written_down_where_something_was_issued(issued: Issued) -> None:
    settled = issued.store.settle("Calle Sol", "2026-03", **STAMPS)
    assert len(issued.store.audit()) == 0
    done = issued.store.issue(settled, issued.key, ORIGIN, now="2026-04-02T00:00:02Z")
    assert issued.store.issue(settled, issued.key, ORIGIN, now="2026-04-02T00:00:03Z").id is None
    trail = issued.store.audit(action="settlement.issue")
    assert (trail["actor_name"].tolist(), trail["target"].tolist()) == (["grid_py"], [done.id])
    assert (trail["succeeded"].tolist(), trail["actor"].tolist()) == ([True], [None])
    assert str(trail["at"][0])[:19] == "2026-04-02T00:00:02"
    assert len(issued.store.audit(action="login")) == len(issued.store.audit(actor=uuid.uuid4())) == 0


def test_a_bill_is_compared_with_as_many_keys_as_over_http(issued: Issued) -> None:
    eight = issued.store.settle("Calle Sol", "2026-03", compare=["equal"] * 8, **STAMPS)
    assert len(eight.statements[0].to_dict()["comparisons"]) == 9
    with pytest.raises(grid.InvalidError, match="expected at most 8 keys to compare with, got 9"):
        issued.store.settle("Calle Sol", "2026-03", compare=["equal"] * 9, **STAMPS)
    with pytest.raises(grid.InvalidError, match="expected at most 8 keys to compare with, got 9"):
        grid.settle({"ana": {}}, "2026-03", tariff=TARIFF, compare=["equal"] * 9)


def test_an_issued_statement_can_be_checked_with_nothing_of_this_package(issued: Issued) -> None:
    settled = issued.store.settle("Calle Sol", "2026-03", **STAMPS)
    done = issued.store.issue(settled, issued.key, ORIGIN, now="2026-04-02T00:00:02Z")
    assert done.id is not None
    assert (len(done.documents), done.unchanged) == (3, 0)
    for statement in done.documents:
        bundle = issued.store.statement_proof(statement.id)
        assert grid.verify_statement(bundle, issued.key.public_key)
        assert grid.verify_statement(statement, issued.key, bundle)
        assert issued.store.statement(statement.id) == statement
        loaded = json.loads(bundle)
        proof, head = loaded["proof"], loaded["proof"]["head"]
        canonical = json.dumps(loaded["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert canonical == statement.canonical_json()
        leaf = sha256(b"\x00", canonical.encode())
        assert leaf.hex() == proof["leaf_hash"]
        path = [bytes.fromhex(entry) for entry in proof["inclusion_path"]]
        assert root_of(leaf, proof["leaf_index"], head["tree_size"], path).hex() == head["root_hash"]
        signed = {name: head[name] for name in ("origin", "root_hash", "timestamp", "tree_size")}
        message = b"grid log head v1\n" + json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
        public = load_pem_public_key(issued.key.public_pem.encode())
        assert isinstance(public, Ed25519PublicKey)
        signature = base64.urlsafe_b64decode(head["signature"] + "==")
        public.verify(signature, message)
        with pytest.raises(InvalidSignature):
            public.verify(signature, message + b" ")


def test_each_changed_byte_of_an_issued_bundle_is_found(issued: Issued) -> None:
    settled = issued.store.settle("Calle Sol", "2026-03", **STAMPS)
    statement = issued.store.issue(settled, issued.key, ORIGIN).documents[1]
    bundle = issued.store.statement_proof(statement.id).encode()
    found = 0
    for at in range(0, len(bundle), 3):
        changed = bytearray(bundle)
        changed[at] ^= 1
        with pytest.raises(grid.GridError):
            grid.verify_statement(bytes(changed), issued.key)
        found += 1
    assert found > 500


def test_a_late_reading_makes_a_correction_and_the_statement_stays(issued: Issued) -> None:
    store = issued.store
    first = store.issue(store.settle("Calle Sol", "2026-03", **STAMPS), issued.key, ORIGIN)
    old_head = store.log_head()
    assert old_head is not None and old_head["tree_size"] == 3
    before = {statement.member: statement for statement in first.documents}

    issued.read("ben", "consumption", 0.9, now="2026-04-03T00:00:00Z", hours=24)
    as_it_stood = store.settle(issued.community, "2026-03", **STAMPS)
    assert {statement.member: statement for statement in as_it_stood.statements} == before
    now: dict[str, Any] = {"as_of": "2026-04-04T00:00:00Z", "issued_at": "2026-04-04T00:00:01Z"}
    later = store.settle(issued.community, "2026-03", **now)
    second = store.issue(later, issued.key, ORIGIN)
    corrections = {statement.member: statement for statement in second.documents}
    assert all(statement.kind == "correction" for statement in corrections.values())
    assert corrections["ben"].corrects == before["ben"].id
    after = {statement.member: statement for statement in later.statements}
    for member, correction in corrections.items():
        assert before[member].total + correction.total == after[member].total
    assert len(corrections) + second.unchanged == 3
    assert store.issue(later, issued.key, ORIGIN) == grid.Issued(None, [], 3)

    assert store.statements("Calle Sol") == [*first.documents, *second.documents]
    assert store.statements("Calle Sol", "2026-03", "ben") == [before["ben"], corrections["ben"]]
    assert store.statements("Calle Sol", "2026-04") == []

    new_head = store.log_head()
    assert new_head is not None
    sizes = (3, 3 + len(second.documents))
    assert new_head["tree_size"] == sizes[1]
    assert store.log_head(3) == old_head
    path = store.log_consistency(*sizes)
    assert grid.verify_consistency(old_head, new_head, path, issued.key.public_key)
    assert grid.verify_consistency(json.dumps(old_head), json.dumps(new_head).encode(), path, issued.key)
    for wrong in (path[:-1], path[::-1] if len(path) > 1 else [], [*path, "00" * 32]):
        with pytest.raises(grid.InvalidError):
            grid.verify_consistency(old_head, new_head, wrong, issued.key)
    with pytest.raises(grid.InvalidError):
        grid.verify_consistency({**old_head, "tree_size": 2}, new_head, path, issued.key)
    with pytest.raises(grid.GridError):
        store.log_consistency(1, 99)


def test_the_key_that_the_database_keeps_signs_and_no_other_does(issued: Issued) -> None:
    store, secret = issued.store, "a text of at least 32 bytes, best made at random"
    settled = store.settle("Calle Sol", "2026-03", **STAMPS)
    assert store.log_key(secret) is None
    with pytest.raises(grid.InvalidError, match="expected no `sealing_key`"):
        store.issue(settled, issued.key, ORIGIN, sealing_key=secret)
    with pytest.raises(grid.InvalidError):
        store.issue(settled, sealing_key="short")
    done = store.issue(settled, origin=ORIGIN, sealing_key=secret)
    key = store.log_key(secret)
    assert key is not None and len(done.documents) == 3
    for statement in done.documents:
        assert grid.verify_statement(store.statement_proof(statement.id), key.public_key)

    issued.read("ben", "consumption", 0.9, now="2026-04-03T00:00:00Z", hours=24)
    later = store.settle("Calle Sol", "2026-03", as_of="2026-04-04T00:00:00Z", issued_at="2026-04-04T00:00:01Z")
    with pytest.raises(grid.ConflictError, match=key.key_id):
        store.issue(later, issued.key, ORIGIN)
    for wrong in (None, "another text of at least 32 bytes, made at random"):
        with pytest.raises(grid.GridError):
            store.issue(later, sealing_key=wrong)
    assert store.issue(later, origin="elsewhere", sealing_key=secret).id is not None
    head = store.log_head()
    assert head is not None and (head["origin"], head["key_id"]) == (ORIGIN, key.key_id)


def test_a_log_that_was_made_with_a_key_of_ones_own_takes_no_other(issued: Issued) -> None:
    store = issued.store
    store.issue(store.settle("Calle Sol", "2026-03", **STAMPS), issued.key, ORIGIN)
    issued.read("ben", "consumption", 0.9, now="2026-04-03T00:00:00Z", hours=24)
    later = store.settle("Calle Sol", "2026-03", as_of="2026-04-04T00:00:00Z", issued_at="2026-04-04T00:00:01Z")
    with pytest.raises(grid.ConflictError, match=issued.key.key_id):
        store.issue(later)
    assert store.log_key() is None
    assert store.issue(later, issued.key, ORIGIN).id is not None


def test_what_was_agreed_is_listed(issued: Issued) -> None:
    store = issued.store
    (contract,) = store.contracts(issued.community)
    assert contract["contract"]["resolution"] == "1h"
    own = store.add_tariff("Calle Sol", grid.Tariff(TARIFF), member="ben")
    first, second = store.tariffs("Calle Sol")
    assert (first["id"], first["member_id"], second["id"]) == (issued.tariff, None, own)
    assert second["tariff"] == grid.Tariff(TARIFF)
    members = store.members(issued.community)
    ids = dict(zip(members["name"], members["id"], strict=True))
    assert second["member_id"] == ids["ben"]
    prices = b"start,end,price\n2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,0.08\n"
    assert store.add_prices("Calle Sol", "spot", prices) == 1
    keys: list[dict[str, Any]] = [
        {"key": "equal"},
        {"key": "static", "shares": {"ben": "0.5", ids["eva"]: 0.5}},
        {"key": ["priority", "proportional"], "groups": [["eva"], ["ben"]]},
        {"key": {"kind": "priority", "groups": [["eva"]]}},
    ]
    for key in keys:
        store.set_key("Calle Sol", valid_from="2026-01-01T00:00:00Z", **key)
        settled = store.settle("Calle Sol", "2026-03")
        word = key["key"]["kind"] if isinstance(key["key"], dict) else key["key"]
        assert settled.account["sharing"]["keys"] == ["cascade" if isinstance(word, list) else word]
        assert len(settled.statements) == 3
    for refused, kind in (
        (lambda: store.settle("Calle Luna", "2026-03"), grid.NotFoundError),
        (lambda: store.set_key("Calle Sol", "static", valid_from="2026-01-01T00:00:00Z", shares={"zoe": 1}), grid.NotFoundError),
        (lambda: store.statement("0198c0de-0000-7000-8000-000000000000"), grid.NotFoundError),
        (lambda: store.settle("Calle Sol", "2026-04"), grid.GridError),
        (lambda: store.add_tariff("Calle Sol", "id = 1"), grid.InvalidError),
    ):
        with pytest.raises(kind):
            refused()


def test_memory_and_store_settle_alike(issued: Issued) -> None:
    store = issued.store
    from_store = grid.settle("Calle Sol", "2026-03", store=store, compare=["equal"], **STAMPS)
    assert from_store == store.settle(issued.community, "2026-03", compare=["equal"], **STAMPS)
    members = store.members(issued.community)
    ids = dict(zip(members["name"], members["id"], strict=True))
    used: dict[str, Any] = {
        ids["ana"]: {"consumption": [0.5] * 743, "generation": [1.0] * 743},
        ids["ben"]: {"consumption": [0.4] * 743},
        ids["eva"]: {"consumption": [0.7] * 743},
    }
    in_memory = grid.settle(
        used, "2026-03", tariff=TARIFF, contract={"resolution": "1h"}, time_zone="Europe/Madrid", name="Calle Sol",
        community_id=issued.community, compare=["equal"], **STAMPS,
    )
    # Without a store a member who is told by id is called by it; all else is the same.
    nameless = [{**statement.to_dict(), "member": None, "id": None} for statement in in_memory.statements]
    assert nameless == [{**statement.to_dict(), "member": None, "id": None} for statement in from_store.statements]
    with pytest.raises(grid.InvalidError, match="store"):
        grid.settle("Calle Sol", "2026-03", store=store, tariff=TARIFF)
