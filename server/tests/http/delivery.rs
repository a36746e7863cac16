//! Headers on every answer, the bundle from a folder, the deployment's card.

use axum::http::{Method, header};
use server::Config;
use shared::session::Deployment;
use shared::{ErrorCode, limit, path};

use crate::world::World;

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; \
    img-src 'self' blob:; media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
    frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; trusted-types default; \
    require-trusted-types-for 'script'";

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::new();
    for target in [
        "/",
        "/safe",
        path::DEPLOYMENT,
        path::ACCOUNT,
        "/api/v1/nothing",
        path::HEALTH,
        "/x.js",
        path::SESSIONS_START,
    ] {
        let answer = world.get(target).await;
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.headers[name], value, "{target} {name}");
        }
        assert!(answer.headers.contains_key("permissions-policy"), "{target}");
        assert!(
            !answer.headers.contains_key(header::STRICT_TRANSPORT_SECURITY),
            "{target}"
        );
        assert_eq!(answer.headers[path::REQUEST_ID].len(), 22, "{target}");
    }
    let secure = World::with(Config {
        https: true,
        ..Config::default()
    });
    let answer = secure.get(path::DEPLOYMENT).await;
    assert_eq!(
        answer.headers[header::STRICT_TRANSPORT_SECURITY],
        "max-age=63072000; includeSubDomains"
    );
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn the_deployment_says_what_it_is() {
    let world = World::new();
    let answer = world.get(path::DEPLOYMENT).await;
    let card: Deployment = answer.json();
    assert_eq!(card.deployment_id.0, world.state.deployment_id());
    assert_eq!((card.suites, card.licence.as_str()), (vec![1], "EUPL-1.2"));
    assert_eq!(card.limits.account_bytes, world.state.config().account_bytes);
    assert_eq!(card.limits.part_bytes, limit::PART_BYTES);
    assert_eq!(world.get(path::HEALTH).await.status, 200);
    let wrong = world
        .send(
            axum::http::Request::put(path::DEPLOYMENT)
                .body("".into())
                .unwrap(),
        )
        .await;
    assert!(wrong.headers.contains_key(header::ALLOW));
}

#[tokio::test(start_paused = true)]
async fn readiness_is_tried_once_a_second_at_most() {
    let world = World::new();
    let before = world.store.writes();
    let mut first = None;
    for _ in 0..20 {
        let status = world.get(path::READY).await.status;
        assert_eq!(*first.get_or_insert(status), status);
    }
    assert_eq!(world.store.writes() - before, 1);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    world.get(path::READY).await;
    assert_eq!(world.store.writes() - before, 2);
}

#[tokio::test]
async fn the_bundle_is_served_from_a_folder_and_only_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    std::fs::create_dir_all(dist.join("licences")).unwrap();
    std::fs::write(folder.path().join("secret.txt"), "no").unwrap();
    std::fs::write(dist.join("index.html"), "<!doctype html><script>x</script>").unwrap();
    std::fs::write(dist.join("client-0123456789abcdef.js"), "js").unwrap();
    std::fs::write(dist.join("client-0123456789abcdef.js.br"), "br").unwrap();
    std::fs::write(dist.join("licences/lucide.txt"), "ISC").unwrap();
    let world = World::with(Config {
        assets_dir: Some(dist),
        ..Config::default()
    });
    for page in ["/", "/safe", "/documents/x?y=z"] {
        let answer = world.get(page).await;
        assert!(answer.body.starts_with(b"<!doctype html>"), "{page}");
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval' 'sha256-"),
            "{policy}"
        );
    }
    assert_eq!(world.get("/licences/lucide.txt").await.body, "ISC");
    let script = world.get("/client-0123456789abcdef.js").await;
    assert_eq!(
        (&script.body[..], script.headers[header::VARY].as_bytes()),
        (&b"js"[..], &b"accept-encoding"[..])
    );
    let head = axum::http::Request::builder()
        .method(Method::HEAD)
        .uri("/")
        .body("".into())
        .unwrap();
    assert_eq!(world.send(head).await.status, 200);
    for target in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "//secret.txt",
        "/licences/../../secret.txt",
        "/x.js",
        "/client-0123456789abcdef.js.br",
    ] {
        world.get(target).await.refused(ErrorCode::NotFound);
    }
}

#[test]
fn the_specification_lists_every_route_and_every_code() {
    let spec = include_str!("../../../spec/wire.md");
    let paths = include_str!("../../../shared/src/path.rs");
    // What stands between quotes is every second piece.
    let texts = paths.split('"').skip(1).step_by(2);
    let routes: Vec<&str> = texts
        .filter(|text| text.starts_with('/') && *text != path::API)
        .collect();
    assert!(routes.len() > 20);
    for route in routes {
        assert!(spec.contains(&format!("| `{route}` |")), "{route}");
    }
    for code in ErrorCode::ALL {
        assert!(
            spec.contains(&format!("| `{}` | {} |", code.as_str(), code.status())),
            "{code:?}"
        );
    }
}
