//! Requests over HTTP. Follows no redirect, uses no proxy from the environment, reads no more than it may and waits no
//! longer.

use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;

use crate::error::TransportError;
use crate::flows::{Method, Request, Response, Transport};

/// One deployment's address and a pool of connections to it.
#[derive(Clone)]
pub struct Http {
    base: String,
    client: reqwest::Client,
    patience: Patience,
}

/// How long a request may take, its answer's last byte included: a server that trickles must end too.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until the connection stands.
    pub connect: Duration,
    /// For the whole of an ordinary request.
    pub small: Duration,
    /// For one that carries or fetches half a MiB or more.
    pub large: Duration,
}

impl Default for Patience {
    /// As the page has it: a part of 1 MiB still arrives at 70 kbit/s.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            small: Duration::from_secs(60),
            large: Duration::from_secs(120),
        }
    }
}

impl Patience {
    fn of(&self, request: &Request) -> Duration {
        if request.body.len() as u64 >= LARGE || request.max_answer >= LARGE {
            self.large
        } else {
            self.small
        }
    }
}

impl Http {
    /// A transport to `base`: scheme, host and port, without a path (`http://127.0.0.1:8080`). What begins with
    /// `https://` needs the feature `tls` and is believed under any authority that the system trusts.
    ///
    /// # Errors
    /// [`TransportError::Offline`] where the platform gives no client, or no authorities.
    pub fn new(base: &str) -> Result<Self, TransportError> {
        Self::with_patience(base, Patience::default())
    }

    /// [`Http::new`], waiting as long as `patience` says.
    ///
    /// # Errors
    /// [`TransportError::Offline`] where the platform gives no client, or no authorities.
    pub fn with_patience(base: &str, patience: Patience) -> Result<Self, TransportError> {
        Self::build(base, patience, super::tls::of_the_system(base))
    }

    /// [`Http::new`], under the authorities of a PEM file alone: those of the system are not asked.
    ///
    /// # Errors
    /// [`TransportError::Offline`] where the file names no authority that can be read.
    #[cfg(feature = "tls")]
    pub fn with_authorities(base: &str, pem: &[u8]) -> Result<Self, TransportError> {
        Self::build(base, Patience::default(), super::tls::of_a_file(pem)?)
    }

    fn build(
        base: &str,
        patience: Patience,
        builder: reqwest::ClientBuilder,
    ) -> Result<Self, TransportError> {
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(patience.connect)
            .build()
            .map_err(|_| TransportError::Offline)?;
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            client,
            patience,
        })
    }
}

#[async_trait(?Send)]
impl Transport for Http {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self
            .client
            .request(method, format!("{}{}", self.base, request.path));
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let mut answer = builder
            .timeout(self.patience.of(&request))
            .body(request.body)
            .send()
            .await
            .map_err(|_| TransportError::Offline)?;
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| TransportError::Offline)? {
            if body.len() as u64 + piece.len() as u64 > request.max_answer {
                return Err(TransportError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Response {
            status: answer.status().as_u16(),
            headers,
            body: body.freeze(),
        })
    }

    fn origin(&self) -> Option<String> {
        Some(self.base.clone())
    }
}

/// From here on a request is one that carries or fetches parts.
const LARGE: u64 = 512 * 1024;
