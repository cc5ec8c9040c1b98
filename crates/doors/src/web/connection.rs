//! One HTTP/1.1 connection (RFC 9112): `hyper` between a [`Wire`] and a function that answers.
//!
//! Request bodies mean nothing to what is served here; a small one is read and forgotten so that
//! the visitor sees his answer, a large one is refused. After a chunked body the connection ends,
//! because [`super::framing`] does not follow chunks.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::TokioIo;
use mail::limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::answer::{self, Answer, Ask};
use super::wire::Wire;

/// Most header fields of a request. Beyond: 431.
const FIELDS_MAX: usize = 64;

/// Answers requests until the peer leaves, errs or idles too long, or `stop` completes.
pub(super) async fn serve<S>(
    stream: S,
    peer: IpAddr,
    respond: impl Fn(&Ask<'_>) -> Answer + Send + Sync,
    stop: impl Future<Output = ()> + Send,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let respond = &respond;
    let service = service_fn(|request| answer(request, peer, respond));
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(limits::HTTP_HEAD_BYTES_MAX)
        .max_buf_size(2 * limits::HTTP_HEAD_BYTES_MAX)
        .max_headers(FIELDS_MAX)
        .serve_connection(TokioIo::new(Wire::new(stream)), service);
    let mut connection = pin!(connection);
    // How a visitor left is of no interest: errors here are theirs.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(Duration::from_secs(limits::STOP_GRACE_S), connection).await;
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: IpAddr,
    respond: impl Fn(&Ask<'_>) -> Answer,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let is_chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
    let mut answer = match (host(&head), forget(body).await) {
        (Ok(host), Ok(())) => respond(&Ask {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query(),
            host,
            peer,
        }),
        (Err(status), _) | (_, Err(status)) => answer::plain(status, "Bad request.\n"),
    };
    if is_chunked {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}

/// The host asked for: that of an absolute target, else the one Host field, which HTTP/1.1 demands
/// (RFC 9112 sections 3.2 and 3.2.2).
fn host(head: &Parts) -> Result<Option<&str>, StatusCode> {
    let mut fields = head.headers.get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (Some(only), None) => Some(only.to_str().map_err(|_| StatusCode::BAD_REQUEST)?),
        (None, _) if head.version < Version::HTTP_11 => None,
        _ => return Err(StatusCode::BAD_REQUEST),
    };
    Ok(head.uri.authority().map(|authority| authority.as_str()).or(field))
}

/// Reads a body nobody needs.
async fn forget(body: Incoming) -> Result<(), StatusCode> {
    if body.is_end_stream() {
        return Ok(());
    }
    let whole = Limited::new(body, limits::HTTP_BODY_BYTES_MAX).collect();
    match timeout(Duration::from_secs(limits::HTTP_HEAD_TIMEOUT_S), whole).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

#[cfg(test)]
#[path = "connection/tests.rs"]
mod tests;
