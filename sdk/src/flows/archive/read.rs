//! An archive that somebody gives back: accepted as a whole or refused, before anything of it is used. Whoever made it
//! may be anybody. spec/archive.md section 7.

use async_trait::async_trait;
use crypto::account::bundle::{BUNDLE_BYTES, VerifiedBundle};

use super::list::List;
use super::zip::{self, Member};
use super::{IDENTITY, LIST, PAGE_EN, PAGE_FR, SUMS};
use crate::error::FileError;
use crate::flows::Source;

/// Why a file is not taken for an archive. Nothing of it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read.
    #[error("the file cannot be read")]
    File,
    /// No ZIP file, or its end is missing.
    #[error("not an archive")]
    NotArchive,
    /// More files, or a longer directory or list, than any archive of ours has.
    #[error("too many files")]
    TooMany,
    /// A file in it is encrypted.
    #[error("encrypted")]
    Encrypted,
    /// A file in it is compressed: somebody packed it again.
    #[error("compressed")]
    Compressed,
    /// A link in it leads to somewhere else.
    #[error("a link")]
    Link,
    /// A path that is absolute, leads out of the archive, or is no path everywhere.
    #[error("an unsafe path")]
    Path,
    /// Two files in it have the same path on some system.
    #[error("a path stands twice")]
    Twice,
    /// A ZIP file in another form than the one of `spec/archive.md`: gaps, overlaps, differing headers, comments.
    #[error("another form")]
    Form,
    /// No list, or one that does not agree with itself.
    #[error("no list")]
    List,
    /// The list and what is in the archive differ.
    #[error("not what the list says")]
    Differs,
    /// No identity that verifies, or of another account than the list's.
    #[error("no identity")]
    Identity,
}

impl From<FileError> for ArchiveError {
    fn from(_: FileError) -> Self {
        Self::File
    }
}

/// An archive whose form, list and identity were checked. Its documents were not read yet.
pub struct Archive<'a> {
    source: &'a dyn Source,
    members: Vec<Member>,
    /// Its list.
    pub list: List,
    /// Who signed its documents.
    pub identity: VerifiedBundle,
}

impl<'a> Archive<'a> {
    /// Checks everything but the content of documents.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn open(source: &'a dyn Source) -> Result<Self, ArchiveError> {
        let len = source.len();
        let tail_at = len.saturating_sub(zip::TAIL_BYTES);
        let tail = read(source, tail_at, len - tail_at).await?;
        let at = zip::find_directory(&tail, len)?;
        let members = zip::parse_directory(&read(source, at, len - at).await?, at)?;
        for member in &members {
            let header = member.local_header();
            let stored = read(source, member.at, header.len() as u64).await?;
            if stored != header || (member.is_folder() && member.len > 0) {
                return Err(ArchiveError::Form);
            }
        }
        let list = List::parse(&small(source, &members, LIST, LIST_BYTES).await?)?;
        let bundle = small(source, &members, IDENTITY, BUNDLE_BYTES as u64).await?;
        let identity = VerifiedBundle::parse(&bundle).map_err(|_| ArchiveError::Identity)?;
        if *identity.account_id() != list.account.0 {
            return Err(ArchiveError::Identity);
        }
        let sums = small(source, &members, SUMS, LIST_BYTES).await?;
        if sums != list.sums().as_bytes() || !holds(&members, &list) {
            return Err(ArchiveError::Differs);
        }
        Ok(Self {
            source,
            members,
            list,
            identity,
        })
    }

    /// The content of document `index` of the list, unread, and the CRC-32 that it should have.
    #[must_use]
    pub fn document(&self, index: usize) -> Option<(Piece<'a>, u32)> {
        let member = self.members.get(self.list.folders.len().checked_add(index)?)?;
        let piece = Piece {
            source: self.source,
            at: member.content_at(),
            len: member.len,
        };
        Some((piece, member.crc))
    }
}

/// One file inside another.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    source: &'a dyn Source,
    at: u64,
    len: u64,
}

#[async_trait(?Send)]
impl Source for Piece<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let end = offset.checked_add(len as u64).filter(|end| *end <= self.len);
        end.ok_or(FileError)?;
        self.source
            .read(self.at.checked_add(offset).ok_or(FileError)?, len)
            .await
    }
}

/// Exactly the folders and documents of the list, in its order, and then what every archive has.
fn holds(members: &[Member], list: &List) -> bool {
    let folders = list
        .folders
        .iter()
        .map(|folder| (format!("{}/", folder.path), Some(0)));
    let documents = list
        .documents
        .iter()
        .map(|document| (document.path.clone(), Some(document.size)));
    let ours = [IDENTITY, LIST, SUMS, PAGE_FR, PAGE_EN].map(|path| (path.to_owned(), None));
    let mut expected = folders.chain(documents).chain(ours);
    let same = members.iter().all(|member| {
        expected
            .next()
            .is_some_and(|(path, len)| path == member.path && len.is_none_or(|len| len == member.len))
    });
    same && expected.next().is_none()
}

/// A member that is read into memory, and checked by its CRC.
async fn small(
    source: &dyn Source,
    members: &[Member],
    path: &str,
    max: u64,
) -> Result<Vec<u8>, ArchiveError> {
    // The last ones of an archive.
    let member = members.iter().rev().find(|member| member.path == path);
    let member = member.ok_or(ArchiveError::List)?;
    if member.len > max {
        return Err(ArchiveError::TooMany);
    }
    let bytes = read(source, member.content_at(), member.len).await?;
    if crc32fast::hash(&bytes) != member.crc {
        return Err(ArchiveError::Differs);
    }
    Ok(bytes)
}

async fn read(source: &dyn Source, at: u64, len: u64) -> Result<Vec<u8>, ArchiveError> {
    let len = usize::try_from(len).map_err(|_| ArchiveError::TooMany)?;
    Ok(source.read(at, len).await?)
}

/// Bytes of a list, at most.
const LIST_BYTES: u64 = 128 << 20;
