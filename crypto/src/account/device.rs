//! What a session is called: sealed by its own client, read by the account's other devices (`spec/account.md`, 9).
//!
//! Bound to the account and the session, so that the server cannot hang it on another.

use crate::account::keys::KAccount;
use crate::ce::{self, Context, SealError};
use crate::id::Id;
use crate::label::Label;
use crate::random::Random;

/// Bytes of a name: UTF-8.
pub const NAME_MAX_BYTES: usize = 63;
/// Bytes of every sealed label.
pub const SEALED_BYTES: usize = 136;

/// The label does not open, or holds no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the label of a session does not open")]
pub struct LabelError;

/// CE(K_account, L(device) ‖ account_id ‖ session_id, length u8 ‖ name ‖ zeros to 64 bytes). A name that is too long
/// loses its end.
///
/// # Errors
/// No randomness.
pub fn seal(
    key: &KAccount,
    account_id: &Id,
    session_id: &Id,
    name: &str,
    random: &mut dyn Random,
) -> Result<Vec<u8>, SealError> {
    let end = name.floor_char_boundary(NAME_MAX_BYTES);
    let name = name.get(..end).unwrap_or_default().as_bytes();
    let mut plain = [0; PLAIN_BYTES];
    for (to, from) in plain.iter_mut().zip([end as u8].iter().chain(name)) {
        *to = *from;
    }
    ce::seal(key.key(), &context(account_id, session_id), &plain, random)
}

/// The name that the session's client gave itself.
///
/// # Errors
/// [`LabelError`].
pub fn open(key: &KAccount, account_id: &Id, session_id: &Id, sealed: &[u8]) -> Result<String, LabelError> {
    if sealed.len() != SEALED_BYTES {
        return Err(LabelError);
    }
    let plain = ce::open(key.key(), &context(account_id, session_id), sealed).map_err(|_| LabelError)?;
    let (len, rest) = plain.split_first().ok_or(LabelError)?;
    let (name, zeros) = rest.split_at_checked(usize::from(*len)).ok_or(LabelError)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(LabelError);
    }
    String::from_utf8(name.to_vec()).map_err(|_| LabelError)
}

fn context(account_id: &Id, session_id: &Id) -> Context {
    Context::new(Label::Device, &[account_id, session_id])
}

const PLAIN_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::account::keys::Ark;
    use crate::random::RandomError;

    struct Counting(u8);

    impl Random for Counting {
        fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
            Ok(())
        }
    }

    #[test]
    fn a_label_opens_for_its_own_session_alone_and_has_one_length() {
        let mut random = Counting(0);
        let key = Ark::make(&mut random).unwrap().derive_account_key(&[1; 16]);
        for name in ["", "computer firefox", &"é".repeat(40)] {
            let sealed = seal(&key, &[1; 16], &[2; 16], name, &mut random).unwrap();
            assert_eq!(sealed.len(), SEALED_BYTES);
            let opened = open(&key, &[1; 16], &[2; 16], &sealed).unwrap();
            assert!(name.starts_with(&opened) && opened.len() >= name.len().min(62));
            assert_eq!(open(&key, &[1; 16], &[3; 16], &sealed), Err(LabelError));
            assert_eq!(open(&key, &[3; 16], &[2; 16], &sealed), Err(LabelError));
            let mut altered = sealed;
            altered[100] ^= 1;
            assert_eq!(open(&key, &[1; 16], &[2; 16], &altered), Err(LabelError));
        }
    }
}
