//! Photographs of the pages of one paper, as one PDF. Pure: the pictures come as JPEG files, and go into it as they are.
//!
//! What is written is pages and pictures alone: no author, no program, no date.

use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};

/// One page: a JPEG in three colours.
#[derive(Clone)]
pub struct Picture {
    /// The file.
    pub jpeg: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// A PDF of A4 pages, upright or lying as its picture is, each picture as large as the page allows and in its middle.
#[must_use]
pub fn to_pdf(pages: &[Picture]) -> Vec<u8> {
    let (catalog, tree) = (Ref::new(1), Ref::new(2));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    let mut kids = Vec::with_capacity(pages.len());
    for (picture, first) in pages.iter().zip((3..).step_by(3)) {
        let objects = [first, first + 1, first + 2].map(Ref::new);
        write_page(&mut pdf, tree, objects, picture);
        kids.push(objects[0]);
    }
    let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(kids).count(count);
    pdf.finish()
}

fn write_page(pdf: &mut Pdf, tree: Ref, [page, image, content]: [Ref; 3], picture: &Picture) {
    let (wide, high) = paper(picture);
    let mut written = pdf.page(page);
    written.media_box(Rect::new(0.0, 0.0, wide, high));
    written.parent(tree).contents(content);
    written.resources().x_objects().pair(PICTURE, image);
    written.finish();

    let mut written = pdf.image_xobject(image, &picture.jpeg);
    written.filter(Filter::DctDecode);
    written
        .width(pixels(picture.width))
        .height(pixels(picture.height));
    written.color_space().device_rgb();
    written.bits_per_component(8);
    written.finish();

    // The picture is drawn into a square of one point, which is stretched to its place.
    let scale = (wide / side(picture.width)).min(high / side(picture.height));
    let (width, height) = (side(picture.width) * scale, side(picture.height) * scale);
    let place = [
        width,
        0.0,
        0.0,
        height,
        (wide - width) / 2.0,
        (high - height) / 2.0,
    ];
    let mut drawn = Content::new();
    drawn
        .save_state()
        .transform(place)
        .x_object(PICTURE)
        .restore_state();
    pdf.stream(content, &drawn.finish());
}

/// Width and height of the page, in points.
fn paper(picture: &Picture) -> (f32, f32) {
    if picture.width > picture.height {
        (A4_LONG, A4_SHORT)
    } else {
        (A4_SHORT, A4_LONG)
    }
}

fn pixels(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn side(pixels: u32) -> f32 {
    pixels.max(1) as f32
}

const PICTURE: Name<'_> = Name(b"P");
/// Points: 210 and 297 mm.
const A4_SHORT: f32 = 595.276;
const A4_LONG: f32 = 841.89;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        // To the writer its bytes are bytes.
        let jpeg = [b"\xff\xd8".as_slice(), &[7; 500], b"\xff\xd9"].concat();
        Picture { jpeg, width, height }
    }

    fn count(pdf: &[u8], word: &str) -> usize {
        pdf.windows(word.len())
            .filter(|window| *window == word.as_bytes())
            .count()
    }

    #[test]
    fn every_picture_is_a_page_and_goes_in_as_it_is() {
        let pages = [picture(300, 400), picture(400, 300), picture(1, 1)];
        let pdf = to_pdf(&pages);
        assert!(pdf.starts_with(b"%PDF-1.") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
        assert_eq!(count(&pdf, "/Type /Page\n"), 3);
        assert_eq!(count(&pdf, "/Count 3"), 1);
        assert_eq!(count(&pdf, "/Filter /DCTDecode"), 3);
        assert_eq!(count(&pdf, "\u{0}"), 0);
        let whole = |page: &Picture| pdf.windows(page.jpeg.len()).any(|window| window == page.jpeg);
        assert!(pages.iter().all(whole));
        // Upright, lying, upright.
        assert_eq!(count(&pdf, "[0 0 595.276 841.89]"), 2);
        assert_eq!(count(&pdf, "[0 0 841.89 595.276]"), 1);
    }

    #[test]
    fn nothing_but_pages_is_told() {
        let pdf = to_pdf(&[picture(300, 400)]);
        for word in [
            "/Info",
            "/Producer",
            "/CreationDate",
            "/Author",
            "/Metadata",
            "/ID",
        ] {
            assert_eq!(count(&pdf, word), 0, "{word}");
        }
    }

    #[test]
    fn a_picture_fills_its_page_and_keeps_its_form() {
        let place = |width, height| {
            let pdf = String::from_utf8_lossy(&to_pdf(&[picture(width, height)])).into_owned();
            let line = pdf.lines().find(|line| line.ends_with(" cm")).unwrap().to_owned();
            let numbers = line.trim_end_matches(" cm").split(' ');
            numbers
                .map(|number| number.parse::<f32>().unwrap())
                .collect::<Vec<_>>()
        };
        for (width, height) in [(300, 400), (4_000, 3_000), (10, 4_000), (4_000, 10), (1, 1)] {
            let at = place(width, height);
            let (wide, high) = paper(&picture(width, height));
            assert!((at[0] - wide).abs() < 0.1 || (at[3] - high).abs() < 0.1);
            assert!((at[0] / at[3] - side(width) / side(height)).abs() < 0.01 * side(width) / side(height));
            assert!(at[4] >= -0.01 && at[4] + at[0] <= wide + 0.01);
            assert!(at[5] >= -0.01 && at[5] + at[3] <= high + 0.01);
        }
    }
}
