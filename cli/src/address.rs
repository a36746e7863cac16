//! Where a deployment is, and over what it may be asked: https, or this machine itself.
//!
//! What an auditor reads over plain http is the word of whoever is on the wire: signatures of the log would still hold,
//! but lists of the store, and that they are whole, are nobody's.

use std::net::IpAddr;
use std::path::Path;

use sdk::native::Http;

/// Why there is no line to this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `https://host` or `http://host`, with a port or without.
    #[error("not an address of a deployment")]
    Form,
    /// Plain http, and not this machine.
    #[error("plain http to another machine")]
    Plain,
    /// The file with authorities does not read, or names none.
    #[error("no authorities in this file")]
    Authorities,
    /// This machine has no authorities of its own, or no client comes about.
    #[error("no certificates of authorities on this machine")]
    System,
}

/// A line to a deployment. `authorities` is a PEM file that replaces those of the system.
///
/// # Errors
/// [`AddressError`].
pub fn reach(url: &str, authorities: Option<&Path>, is_plain_allowed: bool) -> Result<Http, AddressError> {
    verify(url, is_plain_allowed)?;
    match authorities {
        None => Http::new(url).map_err(|_| AddressError::System),
        Some(path) => {
            let pem = std::fs::read(path).map_err(|_| AddressError::Authorities)?;
            Http::with_authorities(url, &pem).map_err(|_| AddressError::Authorities)
        }
    }
}

fn verify(url: &str, is_plain_allowed: bool) -> Result<(), AddressError> {
    let (scheme, rest) = url.split_once("://").ok_or(AddressError::Form)?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    // Nobody's name and no path: what stands before an @ could look like a host.
    let is_plain_text = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if authority.is_empty() || !authority.chars().all(is_plain_text) {
        return Err(AddressError::Form);
    }
    match scheme {
        "https" => Ok(()),
        "http" if is_plain_allowed || is_this_machine(authority) => Ok(()),
        "http" => Err(AddressError::Plain),
        _ => Err(AddressError::Form),
    }
}

/// Whether host and port name the loopback.
fn is_this_machine(authority: &str) -> bool {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_reaches_this_machine_alone() {
        for good in [
            "https://civis.example",
            "https://civis.example:8443/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "http://localhost",
        ] {
            assert_eq!(verify(good, false), Ok(()), "{good}");
        }
        for plain in [
            "http://civis.example",
            "http://127.0.0.1.civis.example:80",
            "http://10.0.0.1",
            "http://[2001:db8::1]",
        ] {
            assert_eq!(verify(plain, false), Err(AddressError::Plain), "{plain}");
            assert_eq!(verify(plain, true), Ok(()), "{plain}");
        }
        for other in [
            "civis.example",
            "ftp://civis.example",
            "http://127.0.0.1@civis.example",
            "https://civis.example/path",
            "https://civis.example?x",
            "https://",
            "",
        ] {
            assert_eq!(verify(other, true), Err(AddressError::Form), "{other}");
        }
    }
}
