//! Sizes as people write them in configuration files: `500M`, `1GiB`, `31457280`.

use std::fmt;
use std::str::FromStr;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A size in bytes, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// Why a text is not a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// Not a whole number with an optional unit.
    #[error("not a size: write a whole number, with K, M or G if you like")]
    Malformed,
    /// Zero is no size: nothing here means "unlimited".
    #[error("a size cannot be zero")]
    Zero,
    /// More than 2^64 - 1 bytes.
    #[error("the size is too large")]
    TooLarge,
}

impl ByteSize {
    /// `None` for zero.
    pub const fn new(bytes: u64) -> Option<ByteSize> {
        if bytes == 0 { None } else { Some(ByteSize(bytes)) }
    }

    /// Takes a whole number and an optional unit: `B`, `K`, `KB`, `KiB` and likewise M and G, all
    /// powers of 1024, in any case, with spaces where one likes around the number.
    pub fn parse(text: &str) -> Result<ByteSize, ByteSizeError> {
        let text = text.trim();
        let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let unit = unit_bytes(unit.trim_start()).ok_or(ByteSizeError::Malformed)?;
        if digits.is_empty() {
            return Err(ByteSizeError::Malformed);
        }
        // Only digits are left, so the one way to fail is to be too large.
        let number: u64 = digits.parse().map_err(|_| ByteSizeError::TooLarge)?;
        let bytes = number.checked_mul(unit).ok_or(ByteSizeError::TooLarge)?;
        ByteSize::new(bytes).ok_or(ByteSizeError::Zero)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

fn unit_bytes(unit: &str) -> Option<u64> {
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kb" | "kib" => Some(KIB),
        "m" | "mb" | "mib" => Some(MIB),
        "g" | "gb" | "gib" => Some(GIB),
        _ => None,
    }
}

/// With the largest unit that loses nothing.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(GIB, "G"), (MIB, "M"), (KIB, "K")];
        match units.iter().find(|(unit, _)| self.0.is_multiple_of(*unit)) {
            Some((unit, letter)) => write!(f, "{}{letter}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<ByteSize, ByteSizeError> {
        ByteSize::parse(text)
    }
}

#[cfg(test)]
mod tests;
