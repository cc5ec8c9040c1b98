//! Times as values. Nobody in this room asks what time it is; it is always handed in.

/// Seconds since 1970-01-01 00:00:00 UTC, without leap seconds. May be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Whole UTC days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u32);

impl Timestamp {
    /// The UTC day this moment falls on; the first day for anything earlier than 1970.
    pub fn day(self) -> Day {
        Day(u32::try_from(self.0.div_euclid(86_400)).unwrap_or(if self.0 < 0 { 0 } else { u32::MAX }))
    }
}
