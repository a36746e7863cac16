//! Documents made for the tests: a valid PDF with known words, a valid JPEG, each of a chosen or known size.
//!
//! The same arguments give the same bytes.

use jpeg_encoder::{ColorType, Encoder, EncodingError};

/// A one-page PDF that shows these lines and is exactly `len` bytes long; the rest is an embedded stream of noise.
///
/// `len` is at least the bytes of the lines and 2 KiB.
#[must_use]
pub fn pdf(lines: &[&str], len: usize) -> Vec<u8> {
    let empty = pdf_with_noise(lines, 0);
    assert!(
        len >= empty.len(),
        "a PDF of these lines needs {} bytes",
        empty.len()
    );
    let document = pdf_with_noise(lines, len - empty.len());
    assert_eq!(document.len(), len, "numbers in the document have fixed widths");
    document
}

/// A JPEG of noise, which hardly compresses: about 1.4 bytes a pixel.
///
/// # Errors
/// See the encoder.
pub fn jpeg(width: u16, height: u16) -> Result<Vec<u8>, EncodingError> {
    let pixels = noise(usize::from(width) * usize::from(height) * 3, 7);
    let mut file = Vec::new();
    Encoder::new(&mut file, 90).encode(&pixels, width, height, ColorType::Rgb)?;
    Ok(file)
}

/// Bytes without pattern, the same for the same seed.
#[must_use]
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        // xorshift64*: small, fast, and no secret.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn pdf_with_noise(lines: &[&str], noise_bytes: usize) -> Vec<u8> {
    let mut page = b"BT /F1 14 Tf 60 760 Td 20 TL\n".to_vec();
    for line in lines {
        page.push(b'(');
        page.extend(line.chars().flat_map(latin));
        page.extend(b") Tj T*\n");
    }
    page.extend(b"ET\n");
    let objects: [Vec<u8>; 6] = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_vec(),
        stream(&page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
        stream(&noise(noise_bytes, 11)),
    ];
    let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").into_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").into_bytes());
    }
    file.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\n", objects.len() + 1).into_bytes());
    file.extend(format!("startxref\n{table:010}\n%%EOF\n").into_bytes());
    file
}

fn stream(content: &[u8]) -> Vec<u8> {
    let mut object = format!("<< /Length {:010} >>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

/// A character of a PDF string in WinAnsiEncoding; what it cannot write is a question mark.
fn latin(character: char) -> Vec<u8> {
    match character {
        '(' | ')' | '\\' => vec![b'\\', character as u8],
        _ => vec![u8::try_from(u32::from(character)).unwrap_or(b'?')],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_pdf_has_its_size_its_words_and_its_table_of_objects() {
        let file = pdf(&["Attestation de domicile (copie)", "Ornithorynque"], 1_357_911);
        assert_eq!(file.len(), 1_357_911);
        assert!(file.starts_with(b"%PDF-1.7\n") && file.ends_with(b"%%EOF\n"));
        let text = String::from_utf8_lossy(&file);
        assert!(text.contains("(Attestation de domicile \\(copie\\)) Tj"));
        let table: usize = text
            .rsplit("startxref\n")
            .next()
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(file[table..].starts_with(b"xref\n0 7\n"));
        let first = &file[table + 9 + 20..];
        let place: usize = std::str::from_utf8(&first[..10]).unwrap().parse().unwrap();
        assert!(file[place..].starts_with(b"1 0 obj\n"));
    }

    #[test]
    fn a_jpeg_begins_and_ends_as_one() {
        let file = jpeg(640, 480).unwrap();
        assert!(file.starts_with(&[0xff, 0xd8, 0xff]) && file.ends_with(&[0xff, 0xd9]));
        assert!(file.len() > 200_000, "{}", file.len());
    }
}
