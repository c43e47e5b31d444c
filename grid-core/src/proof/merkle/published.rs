//! Known figures of other implementations, for tests.
//!
//! Leaves, roots and paths are the reference data of Certificate Transparency for RFC 6962, whose trees RFC 9162 keeps:
//! github.com/google/certificate-transparency, `merkletree/merkle_tree_test.cc`, and github.com/transparency-dev/merkle.

use super::super::hash::from_hex;

pub(super) const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The leaves' bytes.
pub(super) fn leaves() -> [Vec<u8>; 8] {
    [
        Vec::new(),
        from_hex::<1>("00").unwrap().to_vec(),
        from_hex::<1>("10").unwrap().to_vec(),
        from_hex::<2>("2021").unwrap().to_vec(),
        from_hex::<2>("3031").unwrap().to_vec(),
        from_hex::<4>("40414243").unwrap().to_vec(),
        from_hex::<8>("5051525354555657").unwrap().to_vec(),
        from_hex::<16>("606162636465666768696a6b6c6d6e6f").unwrap().to_vec(),
    ]
}

/// The roots over the first 1 to 8 leaves.
pub(super) const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const A: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const B: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const C: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const D: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const E: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";

/// Leaf, size and path.
pub(super) const INCLUSION: &[(u64, u64, &[&str])] = &[
    (0, 1, &[]),
    (0, 8, &[E, A, D]),
    (5, 8, &[B, C, ROOTS[3]]),
    (2, 3, &[ROOTS[1]]),
    (1, 5, &[ROOTS[0], A, B]),
];

/// Old size, new size and path.
pub(super) const CONSISTENCY: &[(u64, u64, &[&str])] = &[
    (1, 1, &[]),
    (1, 8, &[E, A, D]),
    (6, 8, &["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", C, ROOTS[3]]),
    (2, 5, &[A, B]),
];
