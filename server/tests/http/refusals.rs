//! A table of bad requests, each with the exact status and code that it gets; no panic, no echo, no free text.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use shared::account::PutManifest;
use shared::{Blob, BodyId, CollectionId, ErrorCode, SessionId, limit, path};

use crate::person::Person;
use crate::world::{World, log_write, random};

const JSON: Option<&str> = Some("application/json");
const OCTETS: Option<&str> = Some("application/octet-stream");

fn request(method: Method, target: &str, content_type: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(target);
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    request.body(body.into()).unwrap()
}

#[tokio::test]
async fn each_bad_request_has_its_code() {
    let world = World::new();
    let start = json!({"handle": "marie", "ke1": "AA"});
    let text = start.to_string();
    let with = |change: fn(&mut Value)| {
        let mut value = json!({"handle": "marie", "request": "AA"});
        change(&mut value);
        value.to_string()
    };
    let route = path::SESSIONS_START;
    let registrations = path::REGISTRATIONS;
    let unknown_id = BodyId(random());
    let table: Vec<(&str, Request<Body>, ErrorCode)> = vec![
        (
            "no such route",
            request(Method::GET, "/api/v1/nothing", None, ""),
            ErrorCode::NotFound,
        ),
        (
            "older api",
            request(Method::GET, "/api/v0/deployment", None, ""),
            ErrorCode::NotFound,
        ),
        (
            "api itself",
            request(Method::GET, "/api", None, ""),
            ErrorCode::NotFound,
        ),
        (
            "slash after",
            request(Method::GET, "/api/v1/deployment/", None, ""),
            ErrorCode::NotFound,
        ),
        (
            "wrong method",
            request(Method::DELETE, path::DEPLOYMENT, None, ""),
            ErrorCode::MethodNotAllowed,
        ),
        (
            "get of a post",
            request(Method::GET, route, None, ""),
            ErrorCode::MethodNotAllowed,
        ),
        (
            "post of a page",
            request(Method::POST, "/", None, ""),
            ErrorCode::MethodNotAllowed,
        ),
        (
            "no content type",
            request(Method::POST, route, None, text.clone()),
            ErrorCode::UnsupportedMediaType,
        ),
        (
            "text",
            request(Method::POST, route, Some("text/plain"), text.clone()),
            ErrorCode::UnsupportedMediaType,
        ),
        (
            "form",
            request(
                Method::POST,
                route,
                Some("application/x-www-form-urlencoded"),
                "a=b",
            ),
            ErrorCode::UnsupportedMediaType,
        ),
        (
            "empty",
            request(Method::POST, route, JSON, ""),
            ErrorCode::Malformed,
        ),
        (
            "not json",
            request(Method::POST, route, JSON, "{"),
            ErrorCode::Malformed,
        ),
        (
            "not utf-8",
            request(Method::POST, route, JSON, vec![0xff, 0xfe]),
            ErrorCode::Malformed,
        ),
        (
            "trailing",
            request(Method::POST, route, JSON, format!("{text}x")),
            ErrorCode::Malformed,
        ),
        (
            "array",
            request(Method::POST, route, JSON, "[]"),
            ErrorCode::Malformed,
        ),
        (
            "deep",
            request(Method::POST, route, JSON, "[".repeat(4_000)),
            ErrorCode::Malformed,
        ),
        (
            "field missing",
            request(Method::POST, route, JSON, r#"{"handle":"marie"}"#),
            ErrorCode::Malformed,
        ),
        (
            "field unknown",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["x"] = json!(1)),
            ),
            ErrorCode::Malformed,
        ),
        (
            "field twice",
            request(
                Method::POST,
                route,
                JSON,
                r#"{"handle":"marie","handle":"marie","ke1":"AA"}"#,
            ),
            ErrorCode::Malformed,
        ),
        (
            "number for text",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["handle"] = json!(7)),
            ),
            ErrorCode::Malformed,
        ),
        (
            "base64 padded",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["request"] = json!("AA==")),
            ),
            ErrorCode::Malformed,
        ),
        (
            "base64 not canonical",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["request"] = json!("AB")),
            ),
            ErrorCode::Malformed,
        ),
        (
            "short message",
            request(Method::POST, registrations, JSON, with(|_| {})),
            ErrorCode::Malformed,
        ),
        (
            "zero point",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["request"] = json!("A".repeat(43))),
            ),
            ErrorCode::Malformed,
        ),
        (
            "capital handle",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["handle"] = json!("Marie")),
            ),
            ErrorCode::Malformed,
        ),
        (
            "empty handle",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["handle"] = json!("")),
            ),
            ErrorCode::Malformed,
        ),
        (
            "html handle",
            request(
                Method::POST,
                registrations,
                JSON,
                with(|value| value["handle"] = json!("<b>x</b>")),
            ),
            ErrorCode::Malformed,
        ),
        (
            "garbage ke1",
            request(Method::POST, route, JSON, text.clone()),
            ErrorCode::Malformed,
        ),
        (
            "unsigned",
            request(Method::GET, path::ACCOUNT, None, ""),
            ErrorCode::SignedOut,
        ),
        (
            "unsigned, unknown",
            request(
                Method::GET,
                &path::BODY.replace("{body_id}", &unknown_id.to_string()),
                None,
                "",
            ),
            ErrorCode::SignedOut,
        ),
        (
            "unsigned commit",
            request(
                Method::PUT,
                &path::HEAD.replace("{collection_id}", &CollectionId(random()).to_string()),
                JSON,
                "{}",
            ),
            ErrorCode::Malformed,
        ),
        (
            "unsigned part",
            request(
                Method::PUT,
                &path::UPLOAD_PART
                    .replace("{body_id}", &unknown_id.to_string())
                    .replace("{part}", "0"),
                OCTETS,
                "x",
            ),
            ErrorCode::SignedOut,
        ),
        (
            "id too short",
            request(Method::GET, "/api/v1/bodies/AAAA", None, ""),
            ErrorCode::NotFound,
        ),
        (
            "id not canonical",
            request(Method::GET, "/api/v1/bodies/AAAAAAAAAAAAAAAAAAAAAB", None, ""),
            ErrorCode::NotFound,
        ),
        (
            "id escaped",
            request(Method::GET, "/api/v1/bodies/%ff", None, ""),
            ErrorCode::NotFound,
        ),
    ];
    for (name, request, code) in table {
        let answer = world.send(request).await;
        assert_eq!(answer.status.as_u16(), code.status(), "{name}: {answer:?}");
        let problem = answer.refused(code);
        assert_eq!(problem.retry_after, None, "{name}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_announced_or_not() {
    let world = World::new();
    for (target, limit) in [
        (path::SESSIONS_START, limit::OPEN_BYTES as usize),
        (path::ACCOUNTS, limit::CREATION_BYTES as usize),
    ] {
        let exact = request(Method::POST, target, JSON, vec![b' '; limit]);
        world.send(exact).await.refused(ErrorCode::Malformed);
        let over = request(Method::POST, target, JSON, vec![b' '; limit + 1]);
        assert_eq!(
            world.send(over).await.refused(ErrorCode::TooLarge).limit,
            Some(limit as u64)
        );
        // Announced, and never sent.
        let mut announced = request(
            Method::POST,
            target,
            JSON,
            Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>()),
        );
        announced
            .headers_mut()
            .insert(header::CONTENT_LENGTH, (limit + 1).into());
        world.send(announced).await.refused(ErrorCode::TooLarge);
        // Sent piece by piece, without an end.
        let pieces = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 9_999]));
        world
            .send(request(Method::POST, target, JSON, Body::from_stream(pieces)))
            .await
            .refused(ErrorCode::TooLarge);
    }
}

#[tokio::test]
async fn a_client_that_breaks_off_is_told_so_and_nothing_happens() {
    let world = World::new();
    let pieces = [Ok(b"{\"handle\"".to_vec()), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures::stream::iter(pieces));
    world
        .send(request(Method::POST, path::SESSIONS_START, JSON, body))
        .await
        .refused(ErrorCode::Malformed);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_sends_slowly_is_not_waited_for() {
    let world = World::new();
    let begun = tokio::time::Instant::now();
    let body = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    world
        .send(request(Method::POST, path::SESSIONS_START, JSON, body))
        .await
        .refused(ErrorCode::Malformed);
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn every_open_route_counts_the_address_before_it_reads() {
    for route in [
        path::REGISTRATIONS,
        path::ACCOUNTS,
        path::SESSIONS_START,
        path::SESSIONS_FINISH,
        path::RECOVERIES_START,
        path::RECOVERIES_FINISH,
    ] {
        let world = World::with(server::Config {
            attempts_per_address: 1,
            ..server::Config::default()
        });
        let send = || world.send(request(Method::POST, route, JSON, "{"));
        send().await.refused(ErrorCode::Malformed);
        let body = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        world
            .send(request(Method::POST, route, JSON, body))
            .await
            .refused(ErrorCode::TooMany);
    }
}

#[tokio::test]
async fn authorization_has_one_form() {
    let world = World::new();
    let (_, session) = Person::create(&world, "marie").await;
    let good = session.authorization(&Method::GET, path::ACCOUNT, &crypto::hash::sha256(b""));
    let send = |value: String| {
        let mut request = request(Method::GET, path::ACCOUNT, None, "");
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, value.parse().unwrap());
        world.send(request)
    };
    assert_eq!(send(good.clone()).await.status, 200);
    let token = good.strip_prefix("Civis ").unwrap().to_owned();
    for wrong in [
        token.clone(),
        format!("Bearer {token}"),
        format!("civis {token}"),
        format!("Civis  {token}"),
        format!("{good} "),
        format!("{good}="),
        good.replace('.', ":"),
        format!(
            "Civis {}.{}",
            SessionId(random()),
            token.split_once('.').unwrap().1
        ),
        format!("Civis {}.", session.id),
        "Civis".to_owned(),
        String::new(),
        "x".repeat(10_000),
    ] {
        send(wrong).await.refused(ErrorCode::SignedOut);
    }
    // A body that the signature does not cover.
    let mut with_body = session.sign(Request::builder(), Method::GET, path::ACCOUNT, vec![]);
    *with_body.body_mut() = "x".into();
    world.send(with_body).await.refused(ErrorCode::Malformed);
    let twice = Request::get(path::ACCOUNT)
        .header(header::AUTHORIZATION, &good)
        .header(header::AUTHORIZATION, &good);
    world
        .send(twice.body(Body::empty()).unwrap())
        .await
        .refused(ErrorCode::SignedOut);
}

#[tokio::test]
async fn if_match_has_one_form() {
    let world = World::new();
    let (_, session) = Person::create(&world, "marie").await;
    let put = PutManifest {
        manifest: Blob::default(),
        log: log_write(),
    };
    let body = serde_json::to_vec(&put).unwrap();
    let hash = shared::Hash(random()).to_string();
    for wrong in [
        hash.clone(),
        "*".to_owned(),
        format!("W/\"{hash}\""),
        format!("\"{hash}\", \"{hash}\""),
        "\"\"".to_owned(),
    ] {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, wrong);
        let request = session.sign(request, Method::PUT, path::MANIFEST, body.clone());
        world.send(request).await.refused(ErrorCode::Malformed);
    }
    let request = Request::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::IF_MATCH, format!("\"{hash}\""));
    world
        .send(session.sign(request, Method::PUT, path::MANIFEST, body))
        .await
        .refused(ErrorCode::Refused);
}
