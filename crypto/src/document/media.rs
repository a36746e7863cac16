//! The closed list of media types (`spec/body.md`, 7).

use crate::codec::Malformed;

/// Types a document may say it has: a closed list, so that nothing is guessed from content or names. The type decides
/// which viewer opens it, never whether it may be stored: what is not listed is [`MediaType::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MediaType {
    /// `application/octet-stream`.
    Other = 0,
    /// `application/pdf`.
    Pdf = 1,
    /// `image/jpeg`.
    Jpeg = 2,
    /// `image/png`.
    Png = 3,
    /// `image/webp`.
    Webp = 4,
    /// `image/gif`.
    Gif = 5,
    /// `image/heic`.
    Heic = 6,
    /// `image/tiff`.
    Tiff = 7,
    /// `text/plain`.
    Text = 8,
    /// `text/csv`.
    Csv = 9,
    /// OpenDocument text.
    Odt = 10,
    /// OpenDocument spreadsheet.
    Ods = 11,
    /// OpenDocument presentation.
    Odp = 12,
    /// Office Open XML text.
    Docx = 13,
    /// Office Open XML spreadsheet.
    Xlsx = 14,
    /// Office Open XML presentation.
    Pptx = 15,
    /// `application/zip`.
    Zip = 16,
    /// `message/rfc822`.
    Mail = 17,
    /// `audio/mpeg`.
    Mp3 = 18,
    /// `audio/mp4`.
    M4a = 19,
    /// `video/mp4`.
    Mp4 = 20,
}

impl MediaType {
    /// Every type with its name of RFC 6838; the order is that of the numbers.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Other, "application/octet-stream"),
        (Self::Pdf, "application/pdf"),
        (Self::Jpeg, "image/jpeg"),
        (Self::Png, "image/png"),
        (Self::Webp, "image/webp"),
        (Self::Gif, "image/gif"),
        (Self::Heic, "image/heic"),
        (Self::Tiff, "image/tiff"),
        (Self::Text, "text/plain"),
        (Self::Csv, "text/csv"),
        (Self::Odt, "application/vnd.oasis.opendocument.text"),
        (Self::Ods, "application/vnd.oasis.opendocument.spreadsheet"),
        (Self::Odp, "application/vnd.oasis.opendocument.presentation"),
        (
            Self::Docx,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            Self::Xlsx,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            Self::Pptx,
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        (Self::Zip, "application/zip"),
        (Self::Mail, "message/rfc822"),
        (Self::Mp3, "audio/mpeg"),
        (Self::M4a, "audio/mp4"),
        (Self::Mp4, "video/mp4"),
    ];

    /// The type of this name; one that is not listed is [`Self::Other`].
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map_or(Self::Other, |(media, _)| *media)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(media, _)| *media == self)
            .map_or("", |(_, name)| name)
    }

    pub(crate) fn from_number(number: u64) -> Result<Self, Malformed> {
        let index = usize::try_from(number).map_err(|_| Malformed)?;
        Self::ALL.get(index).map(|(media, _)| *media).ok_or(Malformed)
    }
}
