//! Listening: accepts until told to stop, lets what has begun come to its end, and collects garbage meanwhile.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::collector::collect;
use crate::state::State;

/// Serves on this listener until `stop` resolves; then finishes what has begun, for a while.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    state: State,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let collector = tokio::spawn(collect_for_ever(state.clone()));
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let stop = async move {
        stop.await;
        let _ = stopping.send(true);
    };
    let app = crate::app(state).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(stop);
    let patience = async move {
        // An error means that the server ended by itself, and so will the other branch.
        let _ = stopped.wait_for(|stopped| *stopped).await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    let result = tokio::select! {
        result = server.into_future() => result,
        () = patience => Ok(()),
    };
    collector.abort();
    result
}

async fn collect_for_ever(state: State) {
    let mut ticks = tokio::time::interval(COLLECT_EVERY);
    loop {
        ticks.tick().await;
        match collect(&state, state.now()).await {
            Ok(done) if done == crate::Collected::default() => {}
            Ok(done) => tracing::info!(
                uploads = done.uploads,
                bodies = done.bodies,
                pages = done.pages,
                "collected"
            ),
            Err(_) => tracing::warn!("collecting was cut short"),
        }
    }
}

const COLLECT_EVERY: Duration = Duration::from_secs(600);
/// How long requests that have begun may take to end after a stop.
const LAST_REQUESTS: Duration = Duration::from_secs(20);
