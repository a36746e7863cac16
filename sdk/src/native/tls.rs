//! Whom a connection over https is believed to lead to. TLS is rustls with ring; without the feature `tls` there is none.

#[cfg(feature = "tls")]
use crate::error::TransportError;

/// A client that believes the system's authorities. Plain http asks for none, also where the system has none.
#[cfg(feature = "tls")]
pub(super) fn of_the_system(base: &str) -> reqwest::ClientBuilder {
    install_provider();
    let builder = reqwest::Client::builder();
    if base.starts_with("https://") {
        builder
    } else {
        builder.tls_certs_only([])
    }
}

/// The same without TLS: an address with https does not answer.
#[cfg(not(feature = "tls"))]
pub(super) fn of_the_system(_: &str) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
}

/// A client that believes the authorities of this file, and no other.
#[cfg(feature = "tls")]
pub(super) fn of_a_file(pem: &[u8]) -> Result<reqwest::ClientBuilder, TransportError> {
    install_provider();
    let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| TransportError::Offline)?;
    if authorities.is_empty() {
        return Err(TransportError::Offline);
    }
    Ok(reqwest::Client::builder().tls_certs_only(authorities))
}

/// Makes ring what computes TLS in this process, for every client that is made from now on; the first choice stays.
///
/// The clients of [`Http`](super::Http) do it themselves. Other users of reqwest in the same program have to call it:
/// without a choice their clients do not come about.
#[cfg(feature = "tls")]
pub fn install_provider() {
    // It fails where the choice is made already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
