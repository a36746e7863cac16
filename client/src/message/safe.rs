//! What the page may ask about the list: folders, places, categories, tags, dates, versions, pictures. Every change
//! brings the list anew, with what a merge with another device decided.

use sdk::flows::item::{Category, ObjectId};
use sdk::flows::version::Version;
use serde::{Deserialize, Serialize};

use super::Listing;

/// A question or change about the list. Changes of several are one act: all of them or, where it is interrupted, some
/// of them whole; the same call again does the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafeCall {
    /// Make a folder; answers with [`SafeAnswer::Folder`].
    MakeFolder {
        /// As typed.
        name: String,
        /// Where; `None` for the root.
        parent: Option<ObjectId>,
    },
    /// Put them into a folder; `circle` where it lies in one of them.
    Move {
        /// Which.
        objects: Vec<ObjectId>,
        /// Where; `None` for the root.
        folder: Option<ObjectId>,
    },
    /// Into the bin.
    Trash {
        /// Which.
        objects: Vec<ObjectId>,
    },
    /// Out of the bin.
    Restore {
        /// Which.
        objects: Vec<ObjectId>,
    },
    /// Destroy.
    Purge {
        /// Which.
        objects: Vec<ObjectId>,
    },
    /// Say what they are about.
    SetCategory {
        /// Which.
        objects: Vec<ObjectId>,
        /// `None` to say nothing.
        category: Option<Category>,
    },
    /// Give it these tags; `tag` where one may not be.
    SetTags {
        /// Which.
        object: ObjectId,
        /// All of them, as typed.
        tags: Vec<String>,
    },
    /// Until when to keep it.
    SetRetention {
        /// Which.
        object: ObjectId,
        /// Unix seconds; `None` for good.
        end: Option<u64>,
    },
    /// Its older contents; answers with [`SafeAnswer::Versions`].
    Versions {
        /// Which document.
        object: ObjectId,
    },
    /// Make an older content current again.
    RestoreVersion {
        /// Which document.
        object: ObjectId,
        /// From [`Version`].
        index: u32,
    },
    /// Fetch, check and decrypt an older content; it comes back as a Blob, with progress, and can be cancelled.
    DownloadVersion {
        /// Which document.
        object: ObjectId,
        /// From [`Version`].
        index: u32,
    },
    /// Its small picture; it comes back as a Blob.
    Thumbnail {
        /// Which document.
        object: ObjectId,
    },
    /// Give it a small picture: JPEG, PNG or WebP, at most 64 KiB.
    SetThumbnail {
        /// Which document.
        object: ObjectId,
        /// The file of the picture.
        picture: Vec<u8>,
    },
}

/// What a [`SafeCall`] brings where it is more than the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafeAnswer {
    /// A folder was made.
    Folder {
        /// Which.
        object: ObjectId,
        /// The list with it.
        listing: Listing,
    },
    /// Older contents, the newest first.
    Versions(Vec<Version>),
}

/// What is said of a file that travels beside [`Call::Upload`](super::Call::Upload); where nothing is said: the file's
/// own name, at the root, kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UploadOptions {
    /// Another name than the file's.
    pub name: Option<String>,
    /// The folder to put it in; `None` for the root.
    pub parent: Option<ObjectId>,
    /// What it is about.
    pub category: Option<Category>,
    /// The person's own tags.
    pub tags: Vec<String>,
    /// Until when to keep it, Unix seconds.
    pub retention_end: Option<u64>,
    /// The document whose new version it is; name, place and the rest stay.
    pub replace: Option<ObjectId>,
    /// A small picture of it: JPEG, PNG or WebP, at most 64 KiB.
    pub thumbnail: Option<Vec<u8>>,
}
