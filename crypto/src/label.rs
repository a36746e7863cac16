//! The register of labels: every domain in which a hash, key, signature or context stands (`spec/encodings.md`, 2).
//!
//! `L(name)` is "civis/v1/" ‖ name ‖ 00. No label is a prefix of another, so no input of one domain is one of another.

macro_rules! register {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// One domain. A label outside this list does not exist.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Label {
            $($(#[$doc])* $name,)*
        }

        impl Label {
            /// Every label, in the order of the register.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// L(name): "civis/v1/" ‖ name ‖ 00.
            #[must_use]
            pub const fn bytes(self) -> &'static [u8] {
                match self {
                    $(Self::$name => concat!("civis/v1/", $text, "\0").as_bytes(),)*
                }
            }
        }
    };
}

register! {
    /// CE context of a body.
    Body = "body";
    /// CE context of a charter's box.
    Charter = "charter";
    /// CE context of a head's box.
    Head = "head";
    /// CE context of a page.
    Page = "page";
    /// CE context of an account's secrets.
    Secrets = "secrets";
    /// CE context of an account's manifest.
    Manifest = "manifest";
    /// CE context of an upload record.
    Upload = "upload";
    /// CE context of what a device keeps.
    Local = "local";
    /// CE context of a session's label.
    Device = "device";
    /// CE context of a slot's box.
    Slot = "slot";
    /// Hash of a body's header.
    BodyHash = "body-hash";
    /// Hash of a charter's header.
    CharterHash = "charter-hash";
    /// Hash of a head's header.
    HeadHash = "head-hash";
    /// Hash of a whole manifest record.
    ManifestHash = "manifest-hash";
    /// Hash of a whole identity bundle.
    Bundle = "bundle";
    /// Hash of a normalised handle: the credential id.
    Handle = "handle";
    /// Name under which an account's identities stand in the log.
    IdLabel = "id-label";
    /// Commitment of a sealed log entry to its opening.
    LogCommit = "log-commit";
    /// Tags and blinds of what one request writes into the log.
    LogBlind = "log-blind";
    /// Tag of a head or manifest in the log.
    LogTag = "log-tag";
    /// Hash of a subject: its key in the log's map.
    Map = "map";
    /// KEK of a password slot.
    KekPassword = "kek/password";
    /// KEK of a words slot.
    KekRecovery = "kek/recovery";
    /// K_account from the ARK.
    KAccount = "k/account";
    /// K_manifest from the ARK.
    KManifest = "k/manifest";
    /// K_local from the ARK.
    KLocal = "k/local";
    /// Key of the tags of a collection or account in the log.
    KLog = "k/log";
    /// Seed of the recovery-auth key, from the words.
    KRecoveryAuth = "k/recovery-auth";
    /// Locates an account by its words.
    RecoveryId = "recovery-id";
    /// MAC key of a session, and the MAC of its requests.
    Session = "session";
    /// A bundle's signature by its own key.
    SigIdentity = "sig/identity";
    /// A descriptor's author.
    SigAuthor = "sig/author";
    /// A charter, by the admin key.
    SigCharter = "sig/charter";
    /// A charter, by the person who signs it.
    SigCharterId = "sig/charter-id";
    /// A head, by the write or admin key.
    SigHead = "sig/head";
    /// A head, by the person who commits.
    SigHeadId = "sig/head-id";
    /// A manifest, by its owner.
    SigManifest = "sig/manifest";
    /// A login or change by the twelve words.
    SigRecoveryAuth = "sig/recovery-auth";
}

/// HKDF-Extract salt of the twelve words; used without a closing 00.
pub const WORDS_SALT: &[u8] = b"civis/v1/words";

/// OPAQUE's context string; used without a closing 00.
pub const OPAQUE_CONTEXT: &[u8] = b"civis/v1/opaque";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_a_prefix_of_another() {
        let mut all: Vec<&[u8]> = Label::ALL.iter().map(|label| label.bytes()).collect();
        all.push(WORDS_SALT);
        all.push(OPAQUE_CONTEXT);
        for (i, one) in all.iter().enumerate() {
            for (j, other) in all.iter().enumerate() {
                assert!(i == j || !other.starts_with(one), "{one:?} begins {other:?}");
            }
        }
    }

    #[test]
    fn a_label_reads_as_the_register_says() {
        assert_eq!(Label::Body.bytes(), b"civis/v1/body\0");
        assert_eq!(Label::SigCharterId.bytes(), b"civis/v1/sig/charter-id\0");
    }
}
