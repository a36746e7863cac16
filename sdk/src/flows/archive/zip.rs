//! The one form of ZIP that an archive has: stored, in order, without gaps, sizes before content. Pure functions over
//! bytes; content never passes here. Whoever writes patches the CRC in once it is known. spec/archive.md section 2.
//!
//! Reading is strict because writing is: what is read is written again and must be the same bytes.

use std::collections::HashSet;

use super::place;
use super::read::ArchiveError;

/// One file or folder of the archive, as its headers tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// From the root, by `/`; a folder ends with one.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) len: u64,
    /// CRC-32 of them.
    pub(crate) crc: u32,
    /// Unix seconds, from 1980 to January 2038.
    pub(crate) time: u32,
    /// Where its local header begins.
    pub(crate) at: u64,
}

impl Member {
    /// A member whose CRC is not known yet; `time` is brought into what the format can say.
    pub(crate) fn new(path: String, len: u64, time: u64, at: u64) -> Self {
        let time = u32::try_from(time).unwrap_or(u32::MAX);
        Self {
            path,
            len,
            crc: 0,
            time: time.clamp(TIME_MIN, TIME_MAX),
            at,
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }

    /// Where its content begins.
    pub(crate) fn content_at(&self) -> u64 {
        self.at.saturating_add(self.local_header().len() as u64)
    }

    /// Where the next member begins.
    pub(crate) fn end(&self) -> Option<u64> {
        self.content_at().checked_add(self.len)
    }

    pub(crate) fn local_header(&self) -> Vec<u8> {
        let mut extra = Vec::new();
        if self.is_large() {
            put(
                &mut extra,
                &[&EXTRA_64, &16_u16.to_le_bytes(), &self.len.to_le_bytes()],
            );
            put(&mut extra, &[&self.len.to_le_bytes()]);
        }
        self.put_time(&mut extra);
        let mut out = LOCAL.to_vec();
        self.put_common(&mut out, self.is_large(), extra.len());
        put(&mut out, &[self.path.as_bytes(), &extra]);
        out
    }

    fn central_header(&self) -> Vec<u8> {
        let mut long = Vec::new();
        if self.is_large() {
            put(&mut long, &[&self.len.to_le_bytes(), &self.len.to_le_bytes()]);
        }
        if self.at >= MAX_32 {
            put(&mut long, &[&self.at.to_le_bytes()]);
        }
        let mut extra = Vec::new();
        if !long.is_empty() {
            put(&mut extra, &[&EXTRA_64, &short(long.len()), &long]);
        }
        self.put_time(&mut extra);
        let is_large = self.is_large() || self.at >= MAX_32;
        let mut out = CENTRAL.to_vec();
        put(&mut out, &[&(UNIX | version(is_large)).to_le_bytes()]);
        self.put_common(&mut out, is_large, extra.len());
        let mode = if self.is_folder() { FOLDER_MODE } else { FILE_MODE };
        // No comment, first disk, no internal attributes.
        put(&mut out, &[&[0; 6], &mode.to_le_bytes(), &small(self.at)]);
        put(&mut out, &[self.path.as_bytes(), &extra]);
        out
    }

    /// From the version needed to the length of the extra field: both headers have these in this order.
    fn put_common(&self, out: &mut Vec<u8>, is_large: bool, extra: usize) {
        let (time, date) = dos(self.time);
        let len = small(self.len);
        put(
            out,
            &[&version(is_large).to_le_bytes(), &FLAGS.to_le_bytes(), &[0, 0]],
        );
        put(
            out,
            &[&time.to_le_bytes(), &date.to_le_bytes(), &self.crc.to_le_bytes()],
        );
        put(out, &[&len, &len, &short(self.path.len()), &short(extra)]);
    }

    fn put_time(&self, extra: &mut Vec<u8>) {
        put(extra, &[&EXTRA_TIME, &[5, 0, 1], &self.time.to_le_bytes()]);
    }

    fn is_large(&self) -> bool {
        self.len >= MAX_32
    }
}

/// Central directory and end records of these members.
pub(crate) fn directory_bytes(members: &[Member]) -> Vec<u8> {
    let at = members.last().map_or(Some(0), Member::end).unwrap_or(u64::MAX);
    let mut out = Vec::new();
    for member in members {
        out.extend(member.central_header());
    }
    let (count, len) = (members.len() as u64, out.len() as u64);
    if count >= u64::from(u16::MAX) || len >= MAX_32 || at >= MAX_32 {
        let end_64 = at.saturating_add(len);
        put(&mut out, &[&END_64, &44_u64.to_le_bytes()]);
        put(
            &mut out,
            &[
                &(UNIX | version(true)).to_le_bytes(),
                &version(true).to_le_bytes(),
                &[0; 8],
            ],
        );
        put(
            &mut out,
            &[
                &count.to_le_bytes(),
                &count.to_le_bytes(),
                &len.to_le_bytes(),
                &at.to_le_bytes(),
            ],
        );
        put(
            &mut out,
            &[&LOCATOR_64, &[0; 4], &end_64.to_le_bytes(), &1_u32.to_le_bytes()],
        );
    }
    let count = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
    put(
        &mut out,
        &[&END, &[0; 4], &count, &count, &small(len), &small(at), &[0, 0]],
    );
    out
}

/// Where the central directory begins, as the last bytes of the file say; `tail` is at least the last
/// [`TAIL_BYTES`] bytes, or the whole file.
pub(crate) fn find_directory(tail: &[u8], file_len: u64) -> Result<u64, ArchiveError> {
    let end = tail
        .len()
        .checked_sub(END_BYTES)
        .ok_or(ArchiveError::NotArchive)?;
    let mut record = Reader(tail.get(end..).unwrap_or_default());
    if record.take::<4>()? != END {
        return Err(ArchiveError::NotArchive);
    }
    record.take::<12>()?;
    let at = match u64::from(record.u32()?) {
        MAX_32 => {
            let locator = end.checked_sub(LOCATOR_BYTES).ok_or(ArchiveError::NotArchive)?;
            let record = locator
                .checked_sub(END_64_BYTES)
                .ok_or(ArchiveError::NotArchive)?;
            let mut record = Reader(tail.get(record..locator).unwrap_or_default());
            if record.take::<4>()? != END_64 {
                return Err(ArchiveError::NotArchive);
            }
            record.take::<44>()?;
            record.u64()?
        }
        at => at,
    };
    match file_len.checked_sub(at) {
        None | Some(0) => Err(ArchiveError::NotArchive),
        Some(len) if len > DIRECTORY_BYTES => Err(ArchiveError::TooMany),
        Some(_) => Ok(at),
    }
}

/// The members that central directory and end records name, `bytes` being all of these and `at` their place.
///
/// # Errors
/// [`ArchiveError`]: the first rule that is broken, [`ArchiveError::Form`] where only the form is another.
pub(crate) fn parse_directory(bytes: &[u8], at: u64) -> Result<Vec<Member>, ArchiveError> {
    if bytes.len() as u64 > DIRECTORY_BYTES {
        return Err(ArchiveError::TooMany);
    }
    let mut rest = Reader(bytes);
    let (mut members, mut seen) = (Vec::new(), HashSet::new());
    while rest.0.starts_with(&CENTRAL) {
        let member = rest.member()?;
        if members.len() >= MEMBERS {
            return Err(ArchiveError::TooMany);
        }
        if !seen.insert(place::fold(member.path.trim_end_matches('/'))) {
            return Err(ArchiveError::Twice);
        }
        members.push(member);
    }
    let mut next = Some(0);
    for member in &members {
        if next != Some(member.at) {
            return Err(ArchiveError::Form);
        }
        next = member.end();
    }
    if next != Some(at) || directory_bytes(&members) != bytes {
        return Err(ArchiveError::Form);
    }
    Ok(members)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn member(&mut self) -> Result<Member, ArchiveError> {
        self.take::<8>()?;
        let flags = self.u16()?;
        if flags & ENCRYPTED != 0 {
            return Err(ArchiveError::Encrypted);
        }
        if self.u16()? != 0 {
            return Err(ArchiveError::Compressed);
        }
        self.take::<4>()?;
        let crc = self.u32()?;
        let (stored, len) = (self.u32()?, self.u32()?);
        let (name, extra, comment) = (self.u16()?, self.u16()?, self.u16()?);
        self.take::<4>()?;
        let mode = self.u32()?;
        let at = self.u32()?;
        if mode & LINK_MODE == LINK_MODE {
            return Err(ArchiveError::Link);
        }
        let path = self.run(name.into())?;
        let path = str::from_utf8(path).map_err(|_| ArchiveError::Path)?.to_owned();
        if !place::is_safe(&path) {
            return Err(ArchiveError::Path);
        }
        let mut extra = Reader(self.run(extra.into())?);
        if comment != 0 || stored != len {
            return Err(ArchiveError::Form);
        }
        let (mut len, mut at) = (u64::from(len), u64::from(at));
        if len == MAX_32 || at == MAX_32 {
            if extra.take::<2>()? != EXTRA_64 {
                return Err(ArchiveError::Form);
            }
            extra.u16()?;
            if len == MAX_32 {
                extra.u64()?;
                len = extra.u64()?;
            }
            if at == MAX_32 {
                at = extra.u64()?;
            }
        }
        extra.take::<5>()?;
        let time = extra.u32()?;
        if !(TIME_MIN..=TIME_MAX).contains(&time) {
            return Err(ArchiveError::Form);
        }
        Ok(Member {
            path,
            len,
            crc,
            time,
            at,
        })
    }

    fn run(&mut self, len: usize) -> Result<&'a [u8], ArchiveError> {
        let (run, rest) = self.0.split_at_checked(len).ok_or(ArchiveError::Form)?;
        self.0 = rest;
        Ok(run)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let (run, rest) = self.0.split_first_chunk().ok_or(ArchiveError::Form)?;
        self.0 = rest;
        Ok(*run)
    }

    fn u16(&mut self) -> Result<u16, ArchiveError> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    fn u32(&mut self) -> Result<u32, ArchiveError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn u64(&mut self) -> Result<u64, ArchiveError> {
        Ok(u64::from_le_bytes(self.take()?))
    }
}

/// Year, month and day of this many Unix seconds, UTC.
pub(crate) fn date(time: u64) -> (u64, u64, u64) {
    // Years that begin in March: the leap day is the last one (Hinnant, civil_from_days).
    let days = time / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// Time and date as DOS has them, UTC.
fn dos(time: u32) -> (u16, u16) {
    let (year, month, day) = date(time.into());
    let of_day = time % 86_400;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let date = (year.saturating_sub(1_980) << 9) | (month << 5) | day;
    let time = (hour << 11) | (minute << 5) | (second / 2);
    (u16::try_from(time).unwrap_or(0), u16::try_from(date).unwrap_or(0))
}

fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn small(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

fn short(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes()
}

const fn version(is_large: bool) -> u16 {
    if is_large { 45 } else { 20 }
}

/// Bytes at the end of a file in which its end records lie.
pub(crate) const TAIL_BYTES: u64 = (END_BYTES + LOCATOR_BYTES + END_64_BYTES) as u64;
/// Members of one archive that is read, at most.
pub(crate) const MEMBERS: usize = 200_000;
/// Bytes of a directory that is read, at most.
const DIRECTORY_BYTES: u64 = 64 << 20;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const END_BYTES: usize = 22;
const LOCATOR_BYTES: usize = 20;
const END_64_BYTES: usize = 56;
const EXTRA_64: [u8; 2] = [1, 0];
const EXTRA_TIME: [u8; 2] = *b"UT";
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const ENCRYPTED: u16 = 1;
/// Attributes are those of Unix.
const UNIX: u16 = 3 << 8;
const FILE_MODE: u32 = 0o100_644 << 16;
const FOLDER_MODE: u32 = (0o040_755 << 16) | 0x10;
const LINK_MODE: u32 = 0o120_000 << 16;
/// From here on a number stands in the 64-bit field.
const MAX_32: u64 = u32::MAX as u64;
/// 1 January 1980.
const TIME_MIN: u32 = 315_532_800;
/// 19 January 2038.
const TIME_MAX: u32 = i32::MAX as u32;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (time, expected) in [
            (0, (1970, 1, 1)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (1_773_273_600, (2026, 3, 12)),
            (4_107_542_399, (2100, 2, 28)),
            (4_107_542_400, (2100, 3, 1)),
        ] {
            assert_eq!(date(time), expected, "{time}");
        }
    }

    #[test]
    fn what_passes_32_bits_is_written_and_read_in_64() {
        let mut members = Vec::new();
        let mut at = 0;
        for (path, len) in [("a", 5 << 30), ("b", MAX_32), ("c", MAX_32 - 1), ("d", 7)] {
            let member = Member::new(path.to_owned(), len, 1_773_273_600, at);
            at = member.end().unwrap();
            members.push(member);
        }
        let bytes = directory_bytes(&members);
        assert_eq!(find_directory(&bytes, at + bytes.len() as u64), Ok(at));
        assert_eq!(parse_directory(&bytes, at).unwrap(), members);
    }

    #[test]
    fn more_than_65535_members_are_written_and_read() {
        let mut members = Vec::new();
        let mut at = 0;
        for number in 0..70_000 {
            let member = Member::new(format!("{number}"), 0, 0, at);
            at = member.end().unwrap();
            members.push(member);
        }
        let bytes = directory_bytes(&members);
        assert_eq!(parse_directory(&bytes, at).unwrap().len(), 70_000);
        assert_eq!(parse_directory(&bytes, at + 1), Err(ArchiveError::Form));
    }
}
