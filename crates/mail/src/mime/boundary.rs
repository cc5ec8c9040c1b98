//! Boundary lines (RFC 2046 section 5.1.1).

use crate::header::MediaType;
use crate::limits::MIME_BOUNDARY_BYTES_MAX;

/// How a line compares with a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// `--boundary`: the next part begins.
    Open {
        /// There is no white space at the end.
        exact: bool,
    },
    /// `--boundary--`: there are no more parts.
    Close {
        /// There is no white space at the end.
        exact: bool,
    },
    /// It begins with `--boundary`, goes on otherwise, and means nothing.
    Prefix,
}

impl Nearness {
    /// True for the line after which there are no more parts.
    pub fn is_close(self) -> bool {
        matches!(self, Nearness::Close { .. })
    }

    /// True if the line reads the same to everybody.
    pub fn is_exact(self) -> bool {
        matches!(self, Nearness::Open { exact: true } | Nearness::Close { exact: true })
    }
}

/// A boundary line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter {
    /// The multipart it belongs to.
    pub multipart: u32,
    /// What it says; never [`Nearness::Prefix`].
    pub nearness: Nearness,
}

/// The boundary of a multipart; `None` if there is none that could be used.
pub(super) fn of(kind: &MediaType) -> Option<Vec<u8>> {
    let boundary = kind.parameter("boundary")?.trim_end_matches([' ', '\t']);
    let fits = (1..=MIME_BOUNDARY_BYTES_MAX).contains(&boundary.len());
    fits.then(|| boundary.as_bytes().to_vec())
}

/// Compares a line without its line end; `None` if it has nothing to do with the boundary.
pub(super) fn compare(line: &[u8], boundary: &[u8]) -> Option<Nearness> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let trimmed = rest.trim_ascii_end();
    let exact = trimmed.len() == rest.len();
    Some(match trimmed {
        b"" => Nearness::Open { exact },
        b"--" => Nearness::Close { exact },
        _ => Nearness::Prefix,
    })
}
