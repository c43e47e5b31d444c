"""Whether a log only grew, by RFC 9162 section 2.1.4.2: written from its text and not from the program that it judges."""

from hashlib import sha256


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def only_grew(old: dict, new: dict, path: list[str]) -> bool:
    """Whether the log of one head is the beginning of that of the other; heads and path as the server tells them."""
    first, second = old["tree_size"], new["tree_size"]
    first_hash, second_hash = bytes.fromhex(old["root_hash"]), bytes.fromhex(new["root_hash"])
    hashes = [bytes.fromhex(hash) for hash in path]
    if first == second:
        return not hashes and first_hash == second_hash
    if not 0 < first < second:
        return False
    # A complete tree is its own first hash.
    if first & (first - 1) == 0:
        hashes.insert(0, first_hash)
    if not hashes:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = hashes[0]
    for hash in hashes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(hash, fr), node(hash, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, hash)
        fn, sn = fn >> 1, sn >> 1
    return fr == first_hash and sr == second_hash and sn == 0
