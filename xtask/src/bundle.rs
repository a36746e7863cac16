//! What happens to `dist/` after the bundler: a look at what it left, and a brotli copy beside each text asset.
//!
//! Changes no asset, so that the hashes written into them stay true.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    error::{At, Error},
    fingerprint::collect,
};

/// Bytes of a finished bundle.
#[derive(Default)]
pub(crate) struct Sizes {
    pub(crate) files: u64,
    pub(crate) plain: u64,
    /// What a browser that takes brotli receives.
    pub(crate) sent: u64,
}

/// Checks and compresses the bundle.
pub(crate) fn finish(dist: &Path) -> Result<Sizes, Error> {
    // Left by a build that was broken off.
    let staging = dist.join(".stage");
    if staging.is_dir() {
        fs::remove_dir_all(&staging).at(&staging)?;
    }
    let mut files = BTreeSet::new();
    collect(dist, &mut files)?;
    files.retain(|file| file.extension().is_none_or(|extension| extension != "br"));
    examine(dist, &files)?;
    let mut sizes = Sizes::default();
    for file in &files {
        let plain = fs::metadata(file).at(file)?.len();
        sizes.files += 1;
        sizes.plain += plain;
        sizes.sent += if compressible(file) {
            compress(file)?
        } else {
            plain
        };
    }
    Ok(sizes)
}

/// The page must hold no script of its own and nothing of another origin: the policy would refuse both.
fn examine(dist: &Path, files: &BTreeSet<PathBuf>) -> Result<(), Error> {
    let index = dist.join("index.html");
    let page = fs::read_to_string(&index).at(&index)?;
    let refuse = |what| Error::Bundle {
        name: "index.html".to_owned(),
        what,
    };
    if page
        .split("<script")
        .skip(1)
        .any(|script| !script.split('>').next().unwrap_or("").contains("src="))
    {
        return Err(refuse("it holds an inline script"));
    }
    let unquoted = page.replace(['"', '\''], "");
    if ["src=http", "href=http", "src=//", "href=//"]
        .iter()
        .any(|outside| unquoted.contains(outside))
    {
        return Err(refuse("it names something of another origin"));
    }
    if !files
        .iter()
        .any(|file| file.extension().is_some_and(|extension| extension == "wasm"))
    {
        return Err(refuse("no .wasm file stands beside it"));
    }
    Ok(())
}

fn compressible(file: &Path) -> bool {
    file.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| TEXT.contains(&extension))
}

/// Writes `<file>.br` where that is smaller, and returns the bytes that will be sent.
fn compress(file: &Path) -> Result<u64, Error> {
    let plain = fs::read(file).at(file)?;
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 64 << 10, QUALITY, WINDOW);
    writer.write_all(&plain).at(file)?;
    drop(writer);
    let mut name = file.as_os_str().to_owned();
    name.push(".br");
    let name = PathBuf::from(name);
    if packed.len() < plain.len() {
        fs::write(&name, &packed).at(&name)?;
        return Ok(packed.len() as u64);
    }
    Ok(plain.len() as u64)
}

const QUALITY: u32 = 11;
/// Bits of the window; 24 is the most that browsers take without an extension.
const WINDOW: u32 = 24;
const TEXT: [&str; 9] = [
    "css",
    "html",
    "js",
    "json",
    "map",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::io::Read;

    use super::*;

    fn bundle(name: &str, page: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("civis-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("index.html"), page).unwrap();
        fs::write(folder.join("client.wasm"), vec![0; 10_000]).unwrap();
        folder
    }

    #[test]
    fn compresses_and_keeps_the_content() {
        let folder = bundle("brotli", "<script type=\"module\" src=\"/loader.js\"></script>");
        let sizes = finish(&folder).unwrap();
        assert_eq!(sizes.files, 2);
        let packed = fs::read(folder.join("client.wasm.br")).unwrap();
        let mut plain = Vec::new();
        brotli::Decompressor::new(packed.as_slice(), 4_096)
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, vec![0; 10_000]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn refuses_an_inline_script_and_another_origin() {
        for (name, page) in [
            ("inline", "<script>1</script>"),
            ("outside", "<link href=https://a.example/x>"),
        ] {
            let folder = bundle(name, page);
            assert!(matches!(finish(&folder), Err(Error::Bundle { .. })));
            fs::remove_dir_all(folder).unwrap();
        }
    }
}
