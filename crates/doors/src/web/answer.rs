//! What a visitor asks and what he gets: request facts in, a whole response out.

use std::net::IpAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};

/// A response with its whole body in memory.
pub type Answer = Response<Full<Bytes>>;

/// No script, no frame, nothing from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Headers of every answer, whatever it is about.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// The facts of a request that answers may depend on.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as sent, still percent-encoded. Empty for CONNECT.
    pub path: &'a str,
    /// The query as sent, without `?`.
    pub query: Option<&'a str>,
    /// The host asked for, with its port if it has one; not to be believed.
    pub host: Option<&'a str>,
    /// Who asks.
    pub peer: IpAddr,
}

/// How long an answer stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Until the browser next feels like asking, in seconds.
    Seconds(u32),
    /// It is for this visitor only and must not be kept anywhere.
    Never,
}

impl Keep {
    fn header(self) -> HeaderValue {
        match self {
            Keep::Seconds(seconds) => HeaderValue::try_from(format!("public, max-age={seconds}"))
                .expect("digits are visible ASCII"),
            Keep::Never => HeaderValue::from_static("no-store"),
        }
    }
}

/// `200` with a body.
pub(super) fn ok(content_type: &'static str, body: impl Into<Bytes>, keep: Keep) -> Answer {
    whole(StatusCode::OK, content_type, body, keep)
}

/// Any status with a body.
pub(super) fn whole(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
    keep: Keep,
) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, keep.header());
    headers.extend(SECURITY_HEADERS);
    if closes(status) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// A status with a few words for whoever reads it.
pub(super) fn plain(status: StatusCode, words: &'static str) -> Answer {
    whole(status, "text/plain; charset=utf-8", words, Keep::Never)
}

/// `404`, small and always the same.
pub(super) fn not_found() -> Answer {
    plain(StatusCode::NOT_FOUND, "Not found.\n")
}

/// `405` with the methods that would do.
pub(super) fn wrong_method(allow: &'static str) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "Wrong method.\n");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    answer
}

/// `301` to `location`; `400` if that cannot be written in a header.
pub(super) fn moved(location: String) -> Answer {
    let Ok(location) = HeaderValue::try_from(location) else {
        return plain(StatusCode::BAD_REQUEST, "Bad request.\n");
    };
    let mut answer = plain(StatusCode::MOVED_PERMANENTLY, "Moved.\n");
    answer.headers_mut().insert(header::LOCATION, location);
    answer
}

/// `204`: nothing to see.
pub(super) fn no_content() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(header::CACHE_CONTROL, Keep::Never.header());
    answer
}

/// True for answers after which the connection is not used again. A missing page is no offence:
/// browsers ask for icons and clients probe for documents.
fn closes(status: StatusCode) -> bool {
    status.as_u16() >= 400 && status != StatusCode::NOT_FOUND
}
