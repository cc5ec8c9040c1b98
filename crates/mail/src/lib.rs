//! The words everybody in the house uses.
//!
//! Addresses and domains, limits, sizes and times, mailbox values, the header block, the MIME
//! skeleton, the OpenPGP packet walk and the verdict of the encryption gate. Pure values: no IO, no
//! async, no clock, no unbounded allocation, no recursion on what a stranger sent.

pub mod address;
pub mod armor;
pub mod encoding;
pub mod flags;
#[doc(hidden)]
pub mod fuzz;
pub mod gate;
pub mod header;
pub mod limits;
pub mod mailbox;
pub mod mailbox_name;
pub mod mime;
pub mod openpgp;
pub mod size;
pub mod skeleton;
pub mod time;
pub mod uid_set;

pub use address::{Address, AddressError, Domain};
pub use mailbox_name::MailboxName;
pub use time::{Day, Timestamp};
