//! The packages: which may use which, under which licence, and what the server can never hold.

use std::process::Command;

use crate::tree::{none, root};

#[test]
fn the_server_holds_no_cipher_and_no_key_exchange() {
    for features in ["", "embed"] {
        let tree = cargo(&[
            "tree",
            "--offline",
            "--locked",
            "--package",
            "server",
            "--edges",
            "normal",
            "--features",
            features,
            "--prefix",
            "none",
            "--format",
            "{p}",
        ]);
        let names: Vec<&str> = tree
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert!(
            names.contains(&"crypto") && names.contains(&"sled"),
            "this is not the server's tree: {tree}"
        );
        let found: Vec<String> = NEVER_IN_THE_SERVER
            .iter()
            .filter(|name| names.contains(name))
            .map(ToString::to_string)
            .collect();
        none("the server could open what people seal", &found);
    }
}

#[test]
fn packages_use_only_what_they_may() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let Some((_, license, allowed)) = PACKAGES.iter().find(|(known, ..)| *known == name) else {
            wrong.push(format!("{name} is not a known package"));
            continue;
        };
        if package["license"] != *license {
            wrong.push(format!("{name} is under {}", package["license"]));
        }
        for used in package["dependencies"].as_array().unwrap() {
            let (other, product) = (used["name"].as_str().unwrap(), used["kind"].is_null());
            if product && !used["path"].is_null() && !allowed.contains(&other) {
                wrong.push(format!("{name} uses {other}"));
            }
            let keys = used["features"]
                .as_array()
                .unwrap()
                .iter()
                .any(|feature| feature == "keys");
            if product
                && name == "server"
                && other == "crypto"
                && (keys || used["uses_default_features"] == true)
            {
                wrong.push("server uses crypto with more than its public half".to_owned());
            }
        }
    }
    none("the packages' own rules", &wrong);
}

fn packages() -> Vec<serde_json::Value> {
    let text = cargo(&[
        "metadata",
        "--offline",
        "--locked",
        "--no-deps",
        "--format-version",
        "1",
    ]);
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(args)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Name, licence, packages of the workspace that it may use.
const PACKAGES: [(&str, &str, &[&str]); 8] = [
    ("cli", "MIT OR Apache-2.0", &["sdk", "shared", "crypto"]),
    ("client", "EUPL-1.2", &["sdk", "shared"]),
    ("crypto", "MIT OR Apache-2.0", &[]),
    ("sdk", "MIT OR Apache-2.0", &["shared", "crypto"]),
    ("server", "EUPL-1.2", &["shared", "crypto"]),
    ("shared", "MIT OR Apache-2.0", &[]),
    (
        "tests",
        "EUPL-1.2",
        &["shared", "crypto", "server", "sdk", "cli", "client"],
    ),
    ("xtask", "EUPL-1.2", &[]),
];

/// Authenticated ciphers, key encapsulation, Diffie-Hellman, password hashing.
const NEVER_IN_THE_SERVER: [&str; 22] = [
    "aead",
    "aes-gcm",
    "aes-gcm-siv",
    "aes-siv",
    "argon2",
    "aws-lc-rs",
    "bip39",
    "ccm",
    "chacha20poly1305",
    "crypto_box",
    "crypto_secretbox",
    "eax",
    "hpke",
    "kem",
    "libcrux-ml-kem",
    "ml-kem",
    "openssl",
    "poly1305",
    "ring",
    "x-wing",
    "x25519-dalek",
    "xsalsa20poly1305",
];
