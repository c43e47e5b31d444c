//! Generation set against consumption: own use, sharing, import, export, and how much of it is known.
//!
//! Books that balance: in every balance `consumption + charge = own use + shared + import` and
//! `generation + discharge = own use + shared + export`, to the last milliwatt-hour. So a slot in which a register
//! of a member is missing is left out of that member's sums as a whole, and [`Balance::completeness`] says how much
//! was left in. Missing is never zero.

mod account;
mod arrays;
mod community;
mod flows;

pub(crate) use account::MemberSlots;
pub(crate) use flows::{Ground, Offered, Shares};

pub use account::{Account, MemberRegister};
pub use arrays::{ArrayBalance, of_arrays};
pub use community::{
    Balance, MemberBalance, SlotBalance, Sums, community, community_by_keys, member_slots, typical_resolution,
};
