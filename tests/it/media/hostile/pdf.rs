//! PDF as programs write it, with words in it that look harmful; and as those write it who hide what acts.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use proptest::{collection::vec, prelude::*, sample::select};
use sojourn::platform::media::{Limits, Reason, Refusal};

use super::{PDF, Upload, fate, files::zlib};

/// Text of a page that a search for bytes takes for active: a file that has it is read by its structure, or refused.
pub const BAIT: &str = "BT (In <html> and <script>, /JavaScript or /Launch \\( are words) Tj ET";

/// How an object stream is packed.
#[derive(Clone, Copy, Debug)]
pub enum Packing {
    Plain,
    Flate,
    /// Rows of seven bytes, each by another filter of PNG.
    Png,
    /// Rows of seven bytes, by the difference to the left.
    Tiff,
}

/// A PDF that is being written.
pub struct Pdf {
    pub content: Vec<u8>,
    /// Objects with their places, since the last table; the place of that.
    places: Vec<(u32, usize)>,
    table: Option<usize>,
}

impl Pdf {
    /// With a page of text.
    pub fn new(text: &str) -> Self {
        let empty = Self {
            content: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            places: vec![],
            table: None,
        };
        empty
            .object(
                1,
                "<</Type/Catalog/Pages 2 0 R/Names 9 0 R/AA<<>>/OpenAction[3 0 R/Fit]>>",
            )
            .object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
            .object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>")
            .stream(4, "", text)
    }

    pub fn baited() -> Self {
        Self::new(BAIT)
    }

    pub fn plain() -> Self {
        Self::new("BT (Salut) Tj ET")
    }

    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.content.extend_from_slice(bytes.as_ref());
        self
    }

    pub fn object(mut self, number: u32, inside: impl AsRef<[u8]>) -> Self {
        self.places.push((number, self.content.len()));
        self.raw(format!("{number} 0 obj\n")).raw(inside).raw("\nendobj\n")
    }

    /// With the right length.
    pub fn stream(self, number: u32, dict: &str, content: impl AsRef<[u8]>) -> Self {
        let length = content.as_ref().len();
        self.stream_of(number, &format!("{dict}/Length {length}"), content)
    }

    pub fn stream_of(self, number: u32, dict: &str, content: impl AsRef<[u8]>) -> Self {
        let head = format!("<<{dict}>>\nstream\n");
        self.object(number, [head.as_bytes(), content.as_ref(), b"\nendstream"].concat())
    }

    /// An object stream.
    pub fn packed(self, number: u32, packing: Packing, objects: &[(u32, &str)]) -> Self {
        let (mut head, mut body) = (String::new(), String::new());
        for (number, object) in objects {
            write!(head, "{number} {} ", body.len()).unwrap();
            body += object;
            body += "\n";
        }
        let (dict, content) = pack(packing, (head.clone() + &body).as_bytes());
        let dict = format!("/Type/ObjStm/N {}/First {}{dict}", objects.len(), head.len());
        self.stream(number, &dict, content)
    }

    /// A table of the objects since the last one.
    pub fn table(mut self, trailer: &str) -> Self {
        let place = self.content.len();
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        for (number, place) in std::mem::take(&mut self.places) {
            write!(table, "{number} 1\n{place:010} 00000 n \n").unwrap();
        }
        let before = self
            .table
            .replace(place)
            .map_or(String::new(), |place| format!("/Prev {place}"));
        self.raw(format!(
            "{table}trailer\n<</Size 99/Root 1 0 R{before}{trailer}>>\nstartxref\n{place}\n%%EOF\n"
        ))
    }

    pub fn finish(self) -> Vec<u8> {
        self.table("").content
    }
}

/// What a dictionary says of a packed content, and that.
fn pack(packing: Packing, content: &[u8]) -> (&'static str, Vec<u8>) {
    let mut rows = Vec::new();
    let mut above = [0_u8; 7];
    for (index, chunk) in content.chunks(7).enumerate() {
        let mut row = [b' '; 7];
        row[..chunk.len()].copy_from_slice(chunk);
        let tag = index as u8 % 5;
        if matches!(packing, Packing::Png) {
            rows.push(tag);
        }
        for at in 0..7 {
            let (left, corner) = if at > 0 { (row[at - 1], above[at - 1]) } else { (0, 0) };
            let slope = i32::from(left) + i32::from(above[at]) - i32::from(corner);
            let nearest = |bytes: [u8; 3]| bytes.into_iter().min_by_key(|byte| (slope - i32::from(*byte)).abs());
            let predicted = match (packing, tag) {
                (Packing::Tiff, _) | (_, 1) => left,
                (_, 2) => above[at],
                (_, 3) => ((u16::from(left) + u16::from(above[at])) / 2) as u8,
                (_, 4) => nearest([left, above[at], corner]).unwrap(),
                _ => 0,
            };
            rows.push(row[at].wrapping_sub(predicted));
        }
        above = row;
    }
    match packing {
        Packing::Plain => ("", content.to_vec()),
        Packing::Flate => ("/Filter/FlateDecode", zlib(&mut &*content)),
        Packing::Png => (
            "/Filter[/FlateDecode]/DecodeParms[<</Predictor 15/Columns 7>>]",
            zlib(&mut &*rows),
        ),
        Packing::Tiff => (
            "/Filter/FlateDecode/DecodeParms<</Predictor 2/Columns 7>>",
            zlib(&mut &*rows),
        ),
    }
}

/// An attached file: its name, what its stream says of it, and what it holds.
fn attached(pdf: Pdf, name: &str, dict: &str, content: &[u8]) -> Pdf {
    pdf.object(
        20,
        format!("<</Type/Filespec/F({name})/UF({name})/EF<</F 21 0 R/UF 21 0 R>>>>"),
    )
    .stream(21, &format!("/Filter/FlateDecode{dict}"), zlib(&mut &*content))
}

const ALL: [Packing; 4] = [Packing::Plain, Packing::Flate, Packing::Png, Packing::Tiff];

/// What only looks as if it acted.
pub fn harmless() -> Vec<(&'static str, Vec<u8>)> {
    let link = "<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://school.example/launch-event?a=/javascript/&b=/S /JavaScript)>>>>";
    let program = [&b"MZ\x90\0"[..], &[0; 200]].concat();
    let whole = Pdf::baited().finish();
    let end = whole.trim_ascii_end().len();
    vec![
        ("link.pdf", Pdf::baited().object(5, link).finish()),
        (
            "words in strings.pdf",
            Pdf::baited().object(5, r"<</Title(a \) /JS \( (<< /S /Launch >>) \\)/Subject<2f4A53>>>").finish(),
        ),
        (
            "words in comments.pdf",
            Pdf::baited()
                .raw("% /S /JavaScript /JS\r\n")
                .object(5, "<</A 1 % /S /Launch\r/B 2>>")
                .finish(),
        ),
        (
            "places by name.pdf",
            Pdf::baited()
                .object(5, "<</JavaScript[3 0 R/XYZ 0 99 0]/Launch[3 0 R/FitH 9]/JS[3 0 R/Fit]>>")
                .finish(),
        ),
        (
            "names that are longer.pdf",
            Pdf::baited()
                .object(5, "<</Font<</JSans 6 0 R/JS1 6 0 R/launch 6 0 R/XFAB 6 0 R>>/Title/JS/X/JavaScript/BaseFont/JavaScript>>")
                .finish(),
        ),
        (
            "a wrong length.pdf",
            Pdf::baited().stream_of(5, "/Length 3", BAIT).stream_of(6, "/Length 99999", BAIT).finish(),
        ),
        (
            "a length elsewhere.pdf",
            Pdf::baited().stream_of(5, "/Length 6 0 R", BAIT).object(6, BAIT.len().to_string()).finish(),
        ),
        (
            "object streams.pdf",
            ALL.iter()
                .zip(10..)
                .fold(Pdf::baited(), |pdf, (packing, number)| {
                    pdf.packed(number, *packing, &[(30, "<</Title(/S /Launch)>>"), (31, "[1 2 0 R/JS]"), (32, "7")])
                })
                .finish(),
        ),
        (
            "a second revision.pdf",
            Pdf::baited().table("").object(5, link).table("").object(5, "null").finish(),
        ),
        (
            "a table as stream.pdf",
            Pdf::baited()
                .stream(7, "/Type/XRef/Size 9/W[1 2 1]/Root 1 0 R/Filter/FlateDecode", zlib(&mut &[0; 400][..]))
                .raw("startxref\n9\n%%EOF")
                .content,
        ),
        ("zeros at the end of half.pdf", [&whole[..end - 5], &[0; 3]].concat()),
        ("zeros around.pdf", [&b"\0\r\n \t\0"[..], &whole, &[0; 5000], b"\n \r\n"].concat()),
        ("without a mark.pdf", whole[..end - 5].to_vec()),
        ("half a mark.pdf", whole[..end - 2].to_vec()),
        ("an attached table.pdf", attached(Pdf::baited(), "a.csv", "", b"a;b\n1;2\n").finish()),
        (
            "an invoice.pdf",
            attached(
                Pdf::baited(),
                "factur-x.xml",
                "/Type/EmbeddedFile/Subtype/text#2Fxml",
                b"<?xml version='1.0'?><rsm:CrossIndustryInvoice/>",
            )
            .finish(),
        ),
        (
            "a pdf inside.pdf",
            attached(Pdf::baited(), "a.pdf", "/Type/EmbeddedFile/Subtype/application#2Fpdf", &Pdf::plain().finish()).finish(),
        ),
        (
            "no attached file.pdf",
            // A link to a file elsewhere, and pixels that look like a program.
            Pdf::baited()
                .object(5, "<</S/GoToR/F(page.html)>>")
                .stream(6, "/Type/XObject/Subtype/Image", &program)
                .finish(),
        ),
    ]
}

/// What acts, wherever it stands.
pub fn acting() -> Vec<(&'static str, Vec<u8>)> {
    let script = "<</S/JavaScript/JS(app.alert\\(1\\))>>";
    let program = [&b"MZ\x90\0"[..], &[0; 200]].concat();
    let plain = |name, dict: &str, content: &[u8]| attached(Pdf::plain(), name, dict, content).finish();
    vec![
        ("script.pdf", Pdf::plain().object(5, script).finish()),
        (
            "packed script.pdf",
            Pdf::plain()
                .packed(5, Packing::Flate, &[(6, "<</A 1>>"), (7, script)])
                .finish(),
        ),
        (
            "packed twice.pdf",
            Pdf::plain().packed(5, Packing::Png, &[(7, script)]).finish(),
        ),
        (
            "old script.pdf",
            Pdf::plain()
                .packed(5, Packing::Flate, &[(7, script)])
                .table("")
                .object(7, "null")
                .finish(),
        ),
        (
            "form.pdf",
            Pdf::plain()
                .packed(5, Packing::Tiff, &[(7, "<</XFA[(a)8 0 R]>>")])
                .finish(),
        ),
        (
            "player.pdf",
            Pdf::plain()
                .packed(5, Packing::Flate, &[(7, "<</Subtype/RichMedia>>")])
                .finish(),
        ),
        (
            "type elsewhere.pdf",
            Pdf::plain()
                .packed(5, Packing::Flate, &[(7, "/JavaScript"), (8, "<</S 7 0 R>>")])
                .finish(),
        ),
        ("attached program.pdf", plain("setup.exe", "", b"a")),
        (
            "attached page.pdf",
            plain("a.txt", "/Type/EmbeddedFile/Subtype/text#2fhtml", b"a"),
        ),
        ("renamed program.pdf", plain("a.csv", "", &program)),
        (
            "renamed page.pdf",
            plain("a.csv", "/Type/EmbeddedFile", b" <!DOCTYPE html><p>"),
        ),
        (
            "wide name.pdf",
            Pdf::plain()
                .packed(
                    5,
                    Packing::Flate,
                    &[(7, "<</UF<FEFF0061002E006A0073>/EF<</UF 8 0 R>>>>")],
                )
                .finish(),
        ),
        (
            "name elsewhere.pdf",
            Pdf::plain()
                .packed(
                    5,
                    Packing::Flate,
                    &[(7, "<</UF 8 0 R/EF<</UF 9 0 R>>>>"), (8, "(A.Bat. )")],
                )
                .finish(),
        ),
    ]
}

/// As much of everything as is taken at once.
pub fn large() -> Vec<Vec<u8>> {
    let (mut heads, mut bodies) = (String::new(), String::new());
    for index in 0..1_000_000 {
        write!(heads, "{index} {} ", 2 * index).unwrap();
        bodies += "1 ";
    }
    let dict = format!("/Type/ObjStm/N 1000000/First {}/Filter/FlateDecode", heads.len());
    let nested = "<</Filter[<</DecodeParms<</F(a)>>>>/F]/DecodeParms[<</F(a)/N[1]>>]>>";
    let references: String = (0..200_000)
        .map(|index| format!("<</F {} 0 R>>", index % 9_000))
        .collect();
    vec![
        Pdf::baited()
            .stream(5, &dict, zlib(&mut (heads + &bodies).as_bytes()))
            .finish(),
        Pdf::baited()
            .object(5, format!("[{}]", nested.repeat(300_000)))
            .finish(),
        Pdf::baited()
            .object(5, format!("({})", "(a)".repeat(10 << 20)))
            .object(6, format!("/{}", "a".repeat(30 << 20)))
            .finish(),
        Pdf::baited().object(5, format!("[{references}]")).finish(),
        Pdf::baited().stream(5, "", vec![b' '; 100 << 20]).finish(),
    ]
}

/// The fate, and none by a panic.
fn outcome(content: impl AsRef<[u8]>) -> Result<(), Reason> {
    match Upload::new(PDF, content).process() {
        Ok(_) => Ok(()),
        Err(Refusal::Refused(_, "no decoder reads it")) => panic!("it panicked"),
        Err(Refusal::Refused(reason, _)) => Err(reason),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_pdf_is_read_by_its_structure() {
    for (name, content) in harmless() {
        assert_eq!(outcome(content), Ok(()), "{name}");
    }
    for (name, content) in acting() {
        assert_eq!(outcome(content), Err(Reason::Unsafe), "{name}");
    }
}

#[test]
fn what_cannot_be_read_to_the_end_is_searched_for_bytes() {
    type Change = fn(Pdf) -> Pdf;
    let changes: &[(&str, Change)] = &[
        ("garbage between objects", |pdf| pdf.raw("garbage\n")),
        ("an object without end", |pdf| pdf.raw("5 0 obj\n<</A 1>>\n")),
        ("a bracket too few", |pdf| pdf.object(5, "<</A[1 2>>")),
        ("a bracket too many", |pdf| pdf.object(5, "<</A 1>>>>")),
        ("a string without end", |pdf| pdf.object(5, "(a(b)")),
        ("a key that is no name", |pdf| pdf.object(5, "<</A 1 2/B 3>>")),
        ("an end of a stream in a stream", |pdf| {
            pdf.stream(5, "", "a endstream b")
        }),
        ("an object in a string", |pdf| pdf.object(5, "(7 0 obj <<>> endobj)")),
        ("an object in a stream", |pdf| pdf.stream(5, "", "7 0\nobj <<>> endobj")),
        ("an object in a comment", |pdf| pdf.raw("% 7 0 obj\n")),
        ("an object around a comment", |pdf| {
            pdf.stream(5, "", "7 % a\r 0 % b\nobj")
        }),
        ("a trailer in a stream", |pdf| pdf.stream(5, "", "trailer << >>")),
        ("markup in a comment", |pdf| pdf.raw("% <b>\n")),
        ("an object stream packed in a rare way", |pdf| {
            pdf.stream(5, "/Type/ObjStm/N 1/First 4/Filter/JBIG2Decode", "7 0 <<>>")
        }),
        ("a lying offset", |pdf| {
            pdf.stream(5, "/Type/ObjStm/N 1/First 4", "7 1 (<<>>)")
        }),
        ("too many inside each other", |pdf| {
            pdf.object(5, "[".repeat(200) + &"]".repeat(200))
        }),
        ("encrypted", |pdf| pdf.table("/Encrypt 8 0 R")),
    ];
    for (name, change) in changes {
        // Today's search: harmless words are found, a link isn't, and what acts is.
        assert_eq!(outcome(change(Pdf::plain()).finish()), Ok(()), "{name}");
        assert_eq!(outcome(change(Pdf::baited()).finish()), Err(Reason::Unsafe), "{name}");
        let acting = change(Pdf::plain()).object(9, "<</S/J#61vaScript>>").finish();
        assert_eq!(outcome(acting), Err(Reason::Unsafe), "{name}");
    }
    // Without any table.
    assert_eq!(outcome(Pdf::baited().raw("%%EOF").content), Err(Reason::Unsafe));
    assert_eq!(outcome(Pdf::plain().raw("%%EOF").content), Ok(()));
}

/// Contents packed by all filters that are no pictures, alone and in each other, as writers and attackers do.
fn filtered(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |content: &[u8]| -> Vec<u8> {
        content
            .iter()
            .flat_map(|byte| format!("{byte:02X} ").into_bytes())
            .collect()
    };
    let ascii85 = |content: &[u8]| {
        let mut signs = Vec::new();
        for group in content.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..group.len()].copy_from_slice(group);
            let mut number = u32::from_be_bytes(bytes);
            let mut five = [0; 5];
            for sign in five.iter_mut().rev() {
                *sign = b'!' + (number % 85) as u8;
                number /= 85;
            }
            signs.extend(&five[..=group.len()]);
            signs.push(b'\n');
        }
        [signs, b"~>".to_vec()].concat()
    };
    let runs = |content: &[u8]| -> Vec<u8> {
        let runs = content.chunks(3).flat_map(|run| [&[run.len() as u8 - 1], run].concat());
        runs.chain([255, b' ', 128]).collect()
    };
    let lzw = |content: &[u8]| {
        let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
        encoder.encode(content).unwrap()
    };
    let flate = |content: &[u8]| zlib(&mut &*content);
    let mut unchecked = flate(content);
    *unchecked.last_mut().unwrap() ^= 1;
    vec![
        ("/Filter/ASCIIHexDecode", [hex(content), b">".to_vec()].concat()),
        ("/Filter[/AHx]", hex(content).to_ascii_lowercase()),
        ("/Filter/ASCII85Decode", ascii85(content)),
        ("/Filter/RL", runs(content)),
        ("/Filter/LZWDecode", lzw(content)),
        ("/Filter[/ASCIIHexDecode/FlateDecode]", hex(&flate(content))),
        ("/Filter[/A85/LZW]", ascii85(&lzw(content))),
        (
            "/Filter[/FlateDecode/FlateDecode/RunLengthDecode]",
            flate(&flate(&runs(content))),
        ),
        ("/Filter[/Crypt/Fl]/DecodeParms[null null]", flate(content)),
        ("/Filter/FlateDecode", unchecked),
    ]
}

#[test]
fn what_acts_is_found_in_object_streams_however_they_are_packed() {
    let stream = |pdf: Pdf, filter: &str, packed| pdf.stream(5, &format!("/Type/ObjStm/N 1/First 4{filter}"), packed);
    for (filter, packed) in filtered(b"7 0 <</S/URI/Title(/S /JavaScript)>>") {
        assert_eq!(
            outcome(stream(Pdf::baited(), filter, packed).finish()),
            Ok(()),
            "{filter}"
        );
    }
    for (filter, packed) in filtered(b"7 0 <</S/JavaScript/JS(app.alert(1))>>") {
        let acting = stream(Pdf::plain(), filter, packed).finish();
        assert_eq!(outcome(acting), Err(Reason::Unsafe), "{filter}");
    }
}

#[test]
fn object_streams_unpack_within_the_limits_of_archives() {
    let zeros = |bytes: u64| zlib(&mut std::io::Read::take(std::io::repeat(b' '), bytes));
    let bomb = |pdf: Pdf| {
        pdf.stream(5, "/Type/ObjStm/N 0/First 0/Filter/FlateDecode", zeros(40 << 20))
            .finish()
    };
    // It is read like any other as long as it's small enough; otherwise by its bytes.
    assert_eq!(outcome(bomb(Pdf::plain())), Ok(()));
    assert_eq!(outcome(bomb(Pdf::baited())), Err(Reason::Unsafe));
    let limits = Limits {
        max_zip_ratio: 10_000,
        ..Limits::default()
    };
    assert!(
        Upload::new(PDF, bomb(Pdf::baited()))
            .process_with(&limits, None)
            .is_ok()
    );
    let limits = Limits {
        max_zip_bytes: 1 << 20,
        ..limits
    };
    assert!(
        Upload::new(PDF, bomb(Pdf::baited()))
            .process_with(&limits, None)
            .is_err()
    );
    let many = |count: u32| {
        let pdf = (0..count).fold(Pdf::baited(), |pdf, index| pdf.packed(10 + index, Packing::Plain, &[]));
        Upload::new(PDF, pdf.finish())
    };
    let limits = Limits {
        max_zip_entries: 5,
        ..Limits::default()
    };
    assert!(many(5).process_with(&limits, None).is_ok());
    assert!(many(6).process_with(&limits, None).is_err());
}

#[test]
fn a_pdf_that_ends_too_early_is_corrupt() {
    let whole = Pdf::plain().finish();
    let end = whole.trim_ascii_end().len();
    for length in [9, 50, whole.len() / 2, end - 30] {
        assert_eq!(outcome(&whole[..length]), Err(Reason::Corrupt), "{length}");
    }
    let followed = [&whole, &[0; 2000][..], b"% a"].concat();
    assert_ne!(outcome(followed), Ok(()));
    // Readers don't look that far.
    assert_eq!(fate(PDF, [&[b' '; 1100], &whole[..]].concat()), Reason::TypeMismatch);
    // Nothing else may come before.
    assert_ne!(outcome([b"a\n", &whole[..]].concat()), Ok(()));
}

#[test]
fn reading_takes_time_by_size_alone() {
    let long = |text: &str| text.repeat((512 << 10) / text.len());
    let hard = [
        "7 0 obj (",
        "7 0 obj <",
        "7 0 obj [",
        "7 0 obj << /A ",
        "7 0 obj << /Length 9 >> stream\n",
        "7 0 ",
        "obj ",
        "% 7 0\n",
        "((((",
        "\\(",
        "xref ",
        "trailer <<",
        "/S#",
        "<<<<",
        "1 0 R ",
        "                ",
        "endstream ",
    ];
    for text in hard {
        for content in [Pdf::plain().raw(long(text)), Pdf::plain().stream(5, "", long(text))] {
            let begun = Instant::now();
            let _ = outcome(content.finish());
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "{text}: {:?}",
                begun.elapsed()
            );
        }
        let packed = zlib(&mut long(text).as_bytes());
        let begun = Instant::now();
        let _ = outcome(
            Pdf::plain()
                .stream(5, "/Type/ObjStm/N 1/First 4/Filter/FlateDecode", packed)
                .finish(),
        );
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{text}: {:?}",
            begun.elapsed()
        );
    }
}

/// Keys and types that act, as they may be written.
fn action() -> impl Strategy<Value = String> {
    let plain = select(vec![
        "/S /JavaScript",
        "/S/JavaScript",
        "/JS (a)",
        "/JavaScript 8 0 R",
        "/S %/A 1\r/Launch",
        "/Subtype /RichMedia",
        "/RichMediaContent <<>>",
        "/XFA []",
        "/Type /Launch",
        "/S /JavaScript\u{0}",
    ]);
    // Any letter of a name may be a number.
    (plain, any::<u64>()).prop_map(|(plain, bits)| {
        let mut is_name = false;
        plain.char_indices().fold(String::new(), |mut text, (at, letter)| {
            is_name = letter == '/' || (is_name && letter.is_alphabetic());
            if is_name && letter != '/' && bits >> (at % 64) & 3 == 0 {
                write!(text, "#{:02x}", letter as u32).unwrap();
            } else {
                text.push(letter);
            }
            text
        })
    })
}

/// What stands around an action, in a dictionary.
fn surroundings() -> impl Strategy<Value = (String, String)> {
    let values = vec![
        "/A (a \\) /S /X (b) \\\\)",
        "/A <41 4>",
        "/A 1 0 R",
        "/A [1 0 R 2 (]) null]",
        "/A -1.5",
        "/A/B",
        "/A % >> /S /X\r",
        "/A <</B<</C[[]]>>>>",
        "/A true\0\x0c",
        "% (\n",
    ];
    // A comment in the place of a value has one behind it.
    let text = vec(select(values), 0..4).prop_map(|values| {
        values
            .into_iter()
            .map(|value| {
                if value.ends_with('\r') {
                    format!("{value} 1 ")
                } else {
                    format!("{value} ")
                }
            })
            .collect::<String>()
    });
    (text.clone(), text)
}

/// A PDF with a dictionary at some place.
fn placed(place: usize, dict: &str) -> Vec<u8> {
    let pdf = Pdf::plain();
    let whole = format!("<<{dict}>>");
    match place {
        0 => pdf.object(5, whole).finish(),
        1..=4 => pdf
            .packed(5, ALL[place - 1], &[(6, "1"), (7, &whole), (8, "(a)")])
            .finish(),
        5 => pdf.object(5, whole).table("").object(5, "null").finish(),
        // No table lists it.
        6 => pdf.raw(format!("5 0 obj{whole}endobj ")).finish(),
        7 => pdf.stream(5, dict, "a").finish(),
        8 => pdf.table(dict).content,
        9 => pdf.object(5, format!("[[[{whole}]]]")).finish(),
        10 => pdf.object(5, format!("<</A<</B[{whole}]>>>>")).finish(),
        11 => pdf.stream_of(5, "/Length 500", "a").object(6, whole).finish(),
        12 => pdf.stream_of(5, "/Length 2", "(a <<").object(6, whole).finish(),
        13 => pdf.raw("% a (\r").object(5, whole).finish(),
        14 => {
            pdf.stream(5, &format!("/Type/XRef/W[1 1 1]{dict}"), "a")
                .raw("startxref\n1\n%%EOF")
                .content
        }
        15 => pdf.stream(5, &format!("/Type/ObjStm/N 0/First 0{dict}"), "").finish(),
        // Some readers don't ask what kind of stream it is.
        16 => {
            let content = zlib(&mut format!("7 0 {whole}").as_bytes());
            pdf.stream(5, "/N 1/First 4/Filter/Fl", content).finish()
        }
        // In an object stream that is broken elsewhere.
        17 => pdf
            .packed(
                5,
                Packing::Flate,
                &[(6, "<</A what>>"), (7, "/S/JavaScript"), (8, &whole)],
            )
            .finish(),
        18 => pdf.raw("%%EOF\n\0\0").object(5, whole).finish(),
        _ => [b"\0\n ", &pdf.object(5, whole).finish()[..]].concat(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_acts_is_refused_at_every_place(action in action(), (before, after) in surroundings(), place in 0_usize..20) {
        let dict = format!("{before}{action} {after}");
        prop_assert_eq!(outcome(placed(place, &dict)), Err(Reason::Unsafe), "{} at {}", dict, place);
    }

    #[test]
    fn what_does_not_act_is_taken_at_every_place((before, after) in surroundings(), place in 0_usize..17) {
        prop_assert_eq!(outcome(placed(place, &format!("{before}{after}"))), Ok(()));
    }

    #[test]
    fn a_broken_pdf_is_refused_or_taken_without_a_panic(
        index in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..6),
    ) {
        let all = [harmless(), acting()].concat();
        let mut content = index.get(&all).1.clone();
        for (from, to, byte, kind) in changes {
            let (from, to) = (from.index(content.len()), to.index(content.len()));
            match kind {
                0 => content[from] = byte,
                1 => content.swap(from, to),
                2 => { content.drain(from.min(to)..(from.min(to) + usize::from(byte)).min(content.len() - 1)); }
                _ => content.extend_from_within(from.min(to)..from.max(to)),
            }
        }
        let begun = Instant::now();
        let _ = outcome(content);
        prop_assert!(begun.elapsed() < Duration::from_secs(10));
    }
}
