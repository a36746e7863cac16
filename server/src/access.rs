//! What you may touch: the one place that decides it. Refusal is "not found": nobody learns what exists.
//!
//! For now an account touches what it owns. Grants, links and deposits will be decided here as well.

use crypto::audit::listing::BodyState;
use shared::ErrorCode;

use crate::auth::Who;
use crate::error::Failure;
use crate::row::{BodyRow, CollectionRow, LoginRow, UploadRow};

/// Register under a handle: a free one by anybody, one's own by its holder alone.
pub(crate) fn register(who: Option<&Who>, taken: Option<&LoginRow>) -> Result<(), Failure> {
    match (who, taken) {
        (None, None) => Ok(()),
        (Some(who), Some(row)) if row.account_id == who.account_id => Ok(()),
        _ => Err(ErrorCode::HandleTaken.into()),
    }
}

/// Read and commit.
pub(crate) fn collection(who: &Who, row: &CollectionRow) -> Result<(), Failure> {
    owned(row.account_id == who.account_id)
}

/// See, feed, finish.
pub(crate) fn upload(who: &Who, row: &UploadRow) -> Result<(), Failure> {
    owned(row.account_id == who.account_id && !row.ending)
}

/// Give up, again if it was cut short.
pub(crate) fn give_up(who: &Who, row: &UploadRow) -> Result<(), Failure> {
    owned(row.account_id == who.account_id)
}

/// Read. A body whose last reference was dropped is unserved at once.
pub(crate) fn read_body(who: &Who, row: &BodyRow) -> Result<(), Failure> {
    owned(row.account_id == who.account_id && row.state == BodyState::Live)
}

/// Refer to it from a collection. What was dropped under the write key comes back under the admin key alone.
pub(crate) fn refer_to_body(who: &Who, row: &BodyRow, by_admin: bool) -> Result<(), Failure> {
    let alive = match row.state {
        BodyState::Live => true,
        BodyState::Dropped => by_admin,
        BodyState::Ending => false,
    };
    owned(row.account_id == who.account_id && alive)
}

fn owned(owned: bool) -> Result<(), Failure> {
    if owned {
        Ok(())
    } else {
        Err(ErrorCode::NotFound.into())
    }
}
