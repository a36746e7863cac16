//! The two pages of an archive, one for each language: what is in it, where, and how to check it without Civis.
//! Plain HTML: no script, nothing fetched, every text of a person escaped. spec/archive.md section 5.

use std::fmt::Write as _;

use super::list::{Document, List, Why};
use super::zip;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    French,
    English,
}

/// The page in this language.
pub(crate) fn page(list: &List, language: Language) -> String {
    let template = match language {
        Language::French => include_str!("LISEZMOI.html"),
        Language::English => include_str!("README.html"),
    };
    let mut rows = String::new();
    for document in &list.documents {
        put_row(&mut rows, list, document, language);
    }
    let mut missing = String::new();
    for one in &list.missing {
        let why = block(template, why_name(one.why)).map_or("", |(_, inside, _)| inside);
        // Writing to a text does not fail.
        let _ = writeln!(
            missing,
            "<li><strong><bdi>{}</bdi></strong><br>{why}</li>",
            escape(&one.name)
        );
    }
    let mut page = template.to_owned();
    for why in [Why::Refused, Why::Gone, Why::Changed] {
        page = keep_block(&page, why_name(why), false);
    }
    page = keep_block(&page, "missing", !list.missing.is_empty());
    page = keep_block(&page, "many", list.documents.len() > 1);
    page = keep_block(&page, "one", list.documents.len() == 1);
    page = keep_block(&page, "none", list.documents.is_empty());
    // Texts of a person go in last: nothing in them is looked at again.
    page.replace("{count}", &list.documents.len().to_string())
        .replace("{size}", &size_text(list.size(), language))
        .replace("{made}", &date_text(list.made))
        .replace("{style}", include_str!("page.css"))
        .replacen("{missing}", &missing, 1)
        .replacen("{rows}", &rows, 1)
}

fn put_row(rows: &mut String, list: &List, document: &Document, language: Language) {
    let way: Vec<_> = list
        .way_to(document.folder.as_deref())
        .into_iter()
        .map(escape)
        .collect();
    let way = match way.as_slice() {
        [] => String::new(),
        steps => format!("<span class=\"way\">{}</span>", steps.join(" / ")),
    };
    let _ = writeln!(
        rows,
        "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\"><a href=\"{}\"><bdi>{}</bdi></a>{way}</th><td role=\"cell\" class=\"date\">{}</td>\
         <td role=\"cell\" class=\"size\">{}</td><td role=\"cell\" class=\"sum\"><code>{}</code></td></tr>",
        address(&document.path),
        escape(&document.name),
        date_text(document.added),
        size_text(document.size, language),
        document.sha256,
    );
}

/// Keeps or takes out what stands between `<!--name-->` and `<!--/name-->`.
fn keep_block(template: &str, name: &str, keep: bool) -> String {
    block(template, name).map_or_else(
        || template.to_owned(),
        |(before, inside, after)| format!("{before}{}{after}", if keep { inside } else { "" }),
    )
}

fn block<'a>(template: &'a str, name: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let (before, rest) = template.split_once(&format!("<!--{name}-->"))?;
    let (inside, after) = rest.split_once(&format!("<!--/{name}-->"))?;
    Some((before, inside, after))
}

const fn why_name(why: Why) -> &'static str {
    match why {
        Why::Refused => "refused",
        Why::Gone => "gone",
        Why::Changed => "changed",
    }
}

/// For an element's content and for an attribute in double quotes; braces too, which mark places of the template.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '{' => out.push_str("&#123;"),
            c => out.push(c),
        }
    }
    out
}

/// A path as a relative address.
fn address(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn date_text(time: u64) -> String {
    let (year, month, day) = zip::date(time);
    format!("{day:02}/{month:02}/{year}")
}

/// As the screens of Civis show a size: one decimal from the kilobyte on, below ten of a unit.
fn size_text(bytes: u64, language: Language) -> String {
    let (units, point) = match language {
        Language::French => (["o", "Ko", "Mo", "Go"], ","),
        Language::English => (["B", "KB", "MB", "GB"], "."),
    };
    let (mut number, mut unit) = (bytes as f64, 0);
    // 999.5 of one unit would be written 1000: it is 1 of the next.
    while number >= 999.5 && unit + 1 < units.len() {
        number /= 1_000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && number < 9.95);
    let text = format!("{number:.decimals$}");
    let text = text.strip_suffix(".0").unwrap_or(&text).replace('.', point);
    format!("{text}\u{a0}{}", units.get(unit).unwrap_or(&""))
}
