//! What goes around every request: an id, a time limit, a net under panics, problems as JSON, headers, one log line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State as Extract};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use crypto::random::make_bytes;
use shared::{ErrorCode, RequestId, path};

use crate::error::Failure;
use crate::headers;
use crate::state::{State, System};

pub(crate) async fn around(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let matched = request.extensions().get::<MatchedPath>();
    // The template, never the path: ids in it are nobody's business.
    let route = matched.map_or_else(|| "page".to_owned(), |route| route.as_str().to_owned());
    let method = request.method().clone();
    let sent = request.body().size_hint().exact().unwrap_or_default();
    let answer = match make_bytes::<16>(&mut System) {
        Ok(id) => (RequestId(id), run(&state, request, next).await),
        Err(error) => (RequestId([0; 16]), Err(error.into())),
    };
    let (id, mut response) = match answer {
        (id, Ok(response)) => (id, settle(response, id)),
        (id, Err(failure)) => (id, failure.into_problem(id)),
    };
    let headers = response.headers_mut();
    headers::set(headers, state.assets.policy(), state.config.https);
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(HeaderName::from_static(path::REQUEST_ID), id);
    }
    tracing::info!(
        route,
        method = method.as_str(),
        status = response.status().as_u16(),
        ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        kib_in = kib(sent),
        kib_out = kib(response.body().size_hint().exact().unwrap_or_default()),
        request = %id,
        "request"
    );
    response
}

/// Runs the request as a task of its own: a client that leaves does not cut a write in the middle, and a panic is an
/// answer like another.
async fn run(state: &State, request: Request, next: Next) -> Result<Response, Failure> {
    // Who sends requests and hangs up leaves them behind: they count until they end.
    let under_way = Arc::clone(&state.under_way)
        .try_acquire_owned()
        .map_err(|_| Failure::retry_after(ErrorCode::Unavailable, 1))?;
    let mut task = tokio::spawn(async move {
        let _under_way = under_way;
        next.run(request).await
    });
    match tokio::time::timeout(TIME_LIMIT, &mut task).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(_)) => Err(ErrorCode::Internal.into()),
        Err(_) => {
            task.abort();
            Err(Failure::retry_after(ErrorCode::Unavailable, 1))
        }
    }
}

/// Gives every refusal its problem document, whoever refused.
fn settle(mut response: Response, id: RequestId) -> Response {
    let status = response.status();
    let failure = match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure,
        None if status.is_client_error() || status.is_server_error() => of_status(status),
        None => return response,
    };
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut problem = failure.into_problem(id);
    if let Some(allow) = allow {
        problem.headers_mut().insert(header::ALLOW, allow);
    }
    problem
}

/// A refusal of the framework's own.
fn of_status(status: StatusCode) -> Failure {
    match status {
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
        status if status.is_client_error() => ErrorCode::Malformed,
        _ => ErrorCode::Internal,
    }
    .into()
}

const fn kib(bytes: u64) -> u64 {
    bytes.div_ceil(1_024)
}

/// Long enough for one part over a slow line (1 MiB at 100 kbit/s takes 84 s).
const TIME_LIMIT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use crypto::opaque::server::Setup;
    use shared::Problem;
    use tower::ServiceExt;

    use super::*;
    use crate::store::MemoryStore;

    async fn ask(target: &str) -> (StatusCode, Problem) {
        let store = Arc::new(MemoryStore::new());
        let setup = Setup::make(&mut System).unwrap();
        let log = crate::Log::unkept(&[0; 16], &crate::Config::default()).unwrap();
        let state = State::new(
            crate::Config::default(),
            store.clone(),
            store,
            setup,
            [0; 16],
            log,
        );
        let panics = || async {
            if true {
                panic!("on purpose")
            } else {
                StatusCode::OK
            }
        };
        let app: Router = Router::new()
            .route("/panics", get(panics))
            .route("/hangs", get(std::future::pending::<StatusCode>))
            .route("/fails", get(|| async { StatusCode::BAD_GATEWAY }))
            .layer(axum::middleware::from_fn_with_state(state.clone(), around))
            .with_state(state);
        let response = app
            .oneshot(Request::get(target).body(Body::empty()).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_an_endless_request_are_answers_like_others() {
        for (target, code) in [
            ("/panics", ErrorCode::Internal),
            ("/hangs", ErrorCode::Unavailable),
            ("/fails", ErrorCode::Internal),
            ("/nothing", ErrorCode::NotFound),
        ] {
            let (status, problem) = ask(target).await;
            assert_eq!((status.as_u16(), problem.code), (code.status(), code), "{target}");
        }
    }
}
