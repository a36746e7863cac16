//! `civis` over https: certificates that are believed, and those that are not.
//!
//! `tls/` holds an authority of the tests, and a certificate of `localhost` under it, with its key: nobody else's secret.

use std::net::SocketAddr;
use std::sync::Arc;

use cli::command::{GREEN, NOT_DONE, run};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::ground::Ground;

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/audit/tls/authority.pem");
const OTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/audit/tls/server.pem");

/// Ends TLS on a free port and passes everything on.
async fn ends_tls(server: SocketAddr) -> u16 {
    let chain = [include_bytes!("tls/server.pem")].map(|pem| CertificateDer::from_pem_slice(pem).unwrap());
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.to_vec(), key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not believe the certificate hangs up here.
                let Ok(mut client) = acceptor.accept(client).await else {
                    return;
                };
                let mut upstream = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
            });
        }
    });
    port
}

/// Runs a command line; the exit code and what it printed.
async fn civis(line: &str) -> (u8, String) {
    let mut out = Vec::new();
    let words = line.split_whitespace().map(Into::into);
    let code = run(["civis".into()].into_iter().chain(words), &mut out).await;
    (code, String::from_utf8(out).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_audited_over_https_under_a_certificate_that_is_believed() {
    let ground = Ground::with(1, 1).await;
    ground.is_signed().await;
    let port = ends_tls(ground.world.address()).await;
    let folder = ground.world.folder().display().to_string();
    let (code, said) = civis(&format!(
        "audit key --name w.example --witness --out {folder}/witness"
    ))
    .await;
    assert_eq!(code, GREEN, "{said}");
    let key = ground.key_file();
    let audit = |host: &str, more: &str| {
        format!(
            "audit https://{host}:{port} --key {} --state {folder}/s --language en {more}",
            key.display()
        )
    };
    let (code, said) = civis(&audit("localhost", &format!("--ca {AUTHORITY}"))).await;
    assert_eq!(code, GREEN, "{said}");
    assert!(said.contains("Nothing wrong was found"), "{said}");
    let refused = [
        // The system does not know this authority.
        audit("localhost", ""),
        // The certificate is another name's.
        audit("127.0.0.1", &format!("--ca {AUTHORITY}")),
        // A certificate that signs nothing is no authority.
        audit("localhost", &format!("--ca {OTHER}")),
    ];
    let (one, two, three) = tokio::join!(civis(&refused[0]), civis(&refused[1]), civis(&refused[2]));
    for (code, said) in [one, two, three] {
        assert_eq!(code, NOT_DONE, "{said}");
        assert!(
            said.contains("nothing was verified") || said.contains("authorit"),
            "{said}"
        );
    }
    let (code, said) = civis(&audit("localhost", &format!("--ca {folder}/none"))).await;
    assert_eq!(
        (code, said.contains("names no authority")),
        (NOT_DONE, true),
        "{said}"
    );
}

#[tokio::test]
async fn plain_http_to_another_machine_has_to_be_wanted() {
    let line = "audit witness http://203.0.113.1 --key none --state none --language en";
    // The key is read first: a file that is there, of the wrong kind, is enough for what is asked here.
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("key").display().to_string();
    let made = civis(&format!("audit key --name w.example --witness --out {place}")).await;
    assert_eq!(made.0, GREEN);
    let (code, said) = civis(&line.replace("--key none", &format!("--key {place}"))).await;
    assert_eq!(code, NOT_DONE);
    assert!(said.starts_with("Not over plain http"), "{said}");
}
