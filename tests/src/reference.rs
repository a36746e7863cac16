//! The simplest server that keeps uploaded parts: what the bench measures ours beside. It writes each part to a file
//! of its own, syncs it, and knows nothing else: no account, no check, no atomicity.

use std::{fs::File, io::Write, net::SocketAddr, path::PathBuf};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    routing::put,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running reference server; ends when dropped.
pub struct Reference {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Reference {
    /// Listens on a free port and keeps parts in `folder`.
    ///
    /// # Errors
    /// No free port, or no such folder.
    pub async fn start(folder: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let app = Router::new()
            .route("/parts/{part}", put(keep))
            .layer(DefaultBodyLimit::max(2 << 20))
            .with_state(folder);
        let task = tokio::spawn(async move {
            // The only errors are of accepting, and those end with the bench.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, task })
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(State(folder): State<PathBuf>, Path(part): Path<u32>, bytes: Bytes) -> StatusCode {
    let written = tokio::task::spawn_blocking(move || {
        let mut file = File::create(folder.join(part.to_string()))?;
        file.write_all(&bytes)?;
        file.sync_data()
    });
    match written.await {
        Ok(Ok(())) => StatusCode::NO_CONTENT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
