//! What somebody wants to put into a safe: an archive, one that was unpacked, or a plain folder; as folders and
//! documents with what is known of each. Nothing is uploaded here. spec/archive.md section 7.

use std::collections::BTreeMap;

use crypto::account::bundle::{BUNDLE_BYTES, VerifiedBundle};
use crypto::collection::name::Name;

use super::list::{Document, List};
use super::read::{Archive, ArchiveError, Piece};
use super::{IDENTITY, LIST, place};
use crate::flows::Source;
use crate::flows::item::Category;

/// A file of a chosen folder.
pub struct Loose<'a> {
    /// Its path by `/`, the chosen folder's own name first.
    pub path: String,
    /// Media type, as the system knows it.
    pub media: String,
    /// Its content.
    pub source: &'a dyn Source,
}

/// Folders and documents on their way into a safe.
pub struct Parcel<'a> {
    pub(super) folders: Vec<Folder>,
    pub(super) documents: Vec<Parceled<'a>>,
    /// Who signed them, where there is a list.
    pub(super) identity: Option<VerifiedBundle>,
    /// Files whose name or place no safe can keep, by their path.
    pub(super) nameless: Vec<String>,
}

pub(super) struct Folder {
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    pub(super) category: Option<Category>,
    pub(super) tags: Vec<String>,
}

pub(super) struct Parceled<'a> {
    pub(super) name: String,
    pub(super) folder: Option<usize>,
    pub(super) media: String,
    pub(super) content: Content<'a>,
    /// What the list says of it, and the CRC of the archive that holds it.
    pub(super) listed: Option<Listed>,
}

pub(super) struct Listed {
    pub(super) document: Document,
    pub(super) crc: Option<u32>,
}

pub(super) enum Content<'a> {
    Piece(Piece<'a>),
    Loose(&'a dyn Source),
}

impl Content<'_> {
    pub(super) fn source(&self) -> &dyn Source {
        match self {
            Self::Piece(piece) => piece,
            Self::Loose(source) => *source,
        }
    }
}

impl<'a> Parcel<'a> {
    /// Documents in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Bytes of all documents.
    #[must_use]
    pub fn size(&self) -> u64 {
        let lengths = self.documents.iter().map(|one| one.content.source().len());
        lengths.fold(0, u64::saturating_add)
    }

    /// What is in an archive.
    #[must_use]
    pub fn of_archive(archive: Archive<'a>) -> Self {
        let contents: Vec<_> = (0..archive.list.documents.len())
            .map(|index| archive.document(index))
            .collect();
        Self::of_list(archive.list, archive.identity, |index, _| {
            let (piece, crc) = contents.get(index).copied().flatten()?;
            Some((Content::Piece(piece), Some(crc)))
        })
    }

    /// What is in a folder: an archive that was unpacked, where it has a list at its top; else its files as they are.
    ///
    /// # Errors
    /// [`ArchiveError`] where there is a list and it or its identity is wrong, or a file of it is not there.
    pub async fn of_folder(files: Vec<Loose<'a>>) -> Result<Self, ArchiveError> {
        let inside = |path: &str| path.split_once('/').map(|(_, rest)| rest.to_owned());
        let find = |wanted: &str| {
            files
                .iter()
                .find(|file| inside(&file.path).as_deref() == Some(wanted))
        };
        let (Some(list), Some(identity)) = (find(LIST), find(IDENTITY)) else {
            return Ok(Self::of_files(files));
        };
        let list = List::parse(&whole(list.source, LIST_BYTES).await?)?;
        let identity = whole(identity.source, BUNDLE_BYTES as u64).await?;
        let identity = VerifiedBundle::parse(&identity).map_err(|_| ArchiveError::Identity)?;
        if *identity.account_id() != list.account.0 {
            return Err(ArchiveError::Identity);
        }
        // A system that unpacks may write names in another normal form or case.
        let by_path: BTreeMap<_, _> = files
            .iter()
            .filter_map(|file| Some((place::fold(&place::compose(&inside(&file.path)?)), file.source)))
            .collect();
        let parcel = Self::of_list(list, identity, |_, document| {
            let source = by_path.get(&place::fold(&document.path))?;
            (source.len() == document.size).then_some((Content::Loose(*source), None))
        });
        if parcel.nameless.is_empty() {
            Ok(parcel)
        } else {
            Err(ArchiveError::Differs)
        }
    }

    fn of_list(
        list: List,
        identity: VerifiedBundle,
        content: impl Fn(usize, &Document) -> Option<(Content<'a>, Option<u32>)>,
    ) -> Self {
        let places: BTreeMap<_, _> = (list.folders.iter().enumerate())
            .map(|(index, folder)| (folder.path.clone(), index))
            .collect();
        let place = |path: &Option<String>| path.as_ref().and_then(|path| places.get(path).copied());
        let folders = list
            .folders
            .iter()
            .map(|folder| Folder {
                name: folder.name.clone(),
                parent: place(&folder.folder),
                category: folder.category.as_deref().and_then(Category::of),
                tags: folder.tags.clone(),
            })
            .collect();
        let mut parcel = Self {
            folders,
            documents: Vec::new(),
            identity: Some(identity),
            nameless: Vec::new(),
        };
        for (index, document) in list.documents.into_iter().enumerate() {
            match content(index, &document) {
                Some((content, crc)) => parcel.documents.push(Parceled {
                    name: document.name.clone(),
                    folder: place(&document.folder),
                    media: document.media.clone(),
                    content,
                    listed: Some(Listed { document, crc }),
                }),
                None => parcel.nameless.push(document.path),
            }
        }
        parcel
    }

    fn of_files(mut files: Vec<Loose<'a>>) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut parcel = Self {
            folders: Vec::new(),
            documents: Vec::new(),
            identity: None,
            nameless: Vec::new(),
        };
        let mut known = BTreeMap::<(Option<usize>, String), usize>::new();
        for file in files {
            let steps: Option<Vec<Name>> = file
                .path
                .split('/')
                .map(|step| Name::normalised(step).ok())
                .collect();
            let Some((name, way)) = steps.as_deref().and_then(<[Name]>::split_last) else {
                parcel.nameless.push(file.path);
                continue;
            };
            let mut folder = None;
            for step in way {
                let next = *known
                    .entry((folder, step.as_str().to_owned()))
                    .or_insert_with(|| {
                        parcel.folders.push(Folder {
                            name: step.as_str().to_owned(),
                            parent: folder,
                            category: None,
                            tags: Vec::new(),
                        });
                        parcel.folders.len() - 1
                    });
                folder = Some(next);
            }
            parcel.documents.push(Parceled {
                name: name.as_str().to_owned(),
                folder,
                media: file.media,
                content: Content::Loose(file.source),
                listed: None,
            });
        }
        parcel
    }
}

async fn whole(source: &dyn Source, max: u64) -> Result<Vec<u8>, ArchiveError> {
    let len = Some(source.len()).filter(|len| *len <= max);
    let len = len.and_then(|len| usize::try_from(len).ok());
    Ok(source.read(0, len.ok_or(ArchiveError::TooMany)?).await?)
}

/// Bytes of a list, at most.
const LIST_BYTES: u64 = 128 << 20;
