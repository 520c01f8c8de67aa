//! What those upload who mean harm, and those who don't know what their phone writes into a file: through the server itself,
//! by its public contract alone. Each file meets its fate, and what is given out holds no secret.

use std::{
    io::{Read, repeat},
    time::{Duration, Instant},
};

use http::StatusCode;
use jpeg_encoder::SamplingFactor;
use serde_json::{Value, json};

use super::{
    Phone, announced,
    hostile::{
        files::{
            self, DOCX, Film, MARKER, atom, docx, entry, entry_of, exif, exif_segment, find, patched, png_chunk,
            with_segments, xmp,
        },
        pdf,
    },
};
use crate::support::{Cast, Server, World};

const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const GIF: &str = "image/gif";
const WEBP: &str = "image/webp";
const MP4: &str = "video/mp4";
const MOV: &str = "video/quicktime";
const PDF: &str = "application/pdf";
const TEXT: &str = "text/plain";

const READY: &str = "READY";
const UNSAFE: &str = "QUARANTINED/UNSAFE";
const MISMATCH: &str = "QUARANTINED/TYPE_MISMATCH";
const CORRUPT: &str = "FAILED/CORRUPT";
const PIXELS: &str = "FAILED/TOO_MANY_PIXELS";
const LARGE: &str = "FAILED/TOO_LARGE";
const UNSUPPORTED: &str = "FAILED/UNSUPPORTED_TYPE";
const REFUSED: &str = "INVALID/UNSUPPORTED_TYPE at mediaType";

/// The last of some small files, and one that takes as much memory as any; nothing else is uploaded meanwhile.
const SMALL: &str = "a letter.txt";
const PHOTO: &str = "a photo of a phone";

/// KiB by which the server may grow.
const GROWTH: u64 = 100 << 10;
/// How long all of it may take; it takes half a minute.
const PATIENCE: Duration = Duration::from_secs(300);

/// A file, by the name that its uploader gives it.
struct Case {
    name: &'static str,
    media_type: &'static str,
    content: Vec<u8>,
    fate: &'static str,
}

fn case(name: &'static str, media_type: &'static str, fate: &'static str, content: impl AsRef<[u8]>) -> Case {
    Case {
        name,
        media_type,
        content: content.as_ref().to_vec(),
        fate,
    }
}

fn jpeg() -> Vec<u8> {
    files::jpeg(64, 64)
}

fn png() -> Vec<u8> {
    files::png_with(64, 64, &[])
}

fn text(kind: &[u8; 4]) -> Vec<u8> {
    atom(kind, MARKER)
}

/// What cameras and phones write beside the pixels and the sound.
fn talkative() -> Vec<Case> {
    let beside = |marker: u8, head: &[u8]| with_segments(&jpeg(), &[(marker, [head, MARKER].concat())]);
    let xmp_head = b"http://ns.adobe.com/xap/1.0/\0";
    let places = [text(b"\xa9xyz"), text(b"loci"), text(b"name")].concat();
    let keys = [
        &[0; 4][..],
        b"\0\0\0\x01",
        &atom(b"mdta", b"com.apple.quicktime.location.ISO6709"),
    ]
    .concat();
    let apple = [
        atom(b"hdlr", &[&[0; 8][..], b"mdta", &[0; 13]].concat()),
        atom(b"keys", &keys),
        atom(
            b"ilst",
            &atom(&[0, 0, 0, 1], &atom(b"data", &[&[0; 8], MARKER].concat())),
        ),
    ];
    let film = |in_moov: Vec<u8>| Film {
        in_moov,
        behind: [text(b"uuid"), text(b"free"), MARKER.to_vec()].concat(),
        has_positions: true,
        ..Film::default()
    };
    let quicktime = patched(film(atom(b"meta", &apple.concat())).make(), 8..12, b"qt  ");
    let photo = files::huge_jpeg(4032, 3024, SamplingFactor::F_2_2);
    vec![
        case("exif.jpg", JPEG, READY, with_segments(&jpeg(), &[exif_segment(1)])),
        case(
            "xmp.jpg",
            JPEG,
            READY,
            with_segments(&jpeg(), &[(0xe1, [&xmp_head[..], &xmp()].concat())]),
        ),
        case(
            "iptc.jpg",
            JPEG,
            READY,
            beside(0xed, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x30\x1c\x02\x5a\0\x25"),
        ),
        case("icc.jpg", JPEG, READY, beside(0xe2, b"ICC_PROFILE\0\x01\x01")),
        case(
            "comment.jpg",
            JPEG,
            READY,
            beside(0xfe, b"<?php system($_GET['c']); ?>"),
        ),
        case(
            "trailer.jpg",
            JPEG,
            READY,
            [jpeg(), with_segments(&jpeg(), &[exif_segment(1)])].concat(),
        ),
        case("motion.jpg", JPEG, READY, [jpeg(), film(vec![]).make()].concat()),
        case(
            "text.png",
            PNG,
            READY,
            files::png_with(64, 64, &[png_chunk(b"tEXt", &[b"Comment\0", MARKER].concat())]),
        ),
        case(
            "xmp.png",
            PNG,
            READY,
            files::png_with(
                64,
                64,
                &[png_chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", &*xmp()].concat())],
            ),
        ),
        case(
            "exif.png",
            PNG,
            READY,
            files::png_with(64, 64, &[png_chunk(b"eXIf", &exif(6, false))]),
        ),
        case("comment.gif", GIF, READY, files::gif(64, 64, MARKER)),
        case(
            "all.webp",
            WEBP,
            READY,
            files::webp(
                64,
                64,
                &[(b"EXIF", exif(6, true)), (b"XMP ", xmp()), (b"teSt", MARKER.to_vec())],
            ),
        ),
        case("lossless.webp", WEBP, READY, files::webp_without_loss(64, 64)),
        case("udta.mp4", MP4, READY, film(atom(b"udta", &places)).make()),
        case("quicktime.mov", MOV, READY, quicktime),
        case("fragments.mp4", MP4, READY, files::fragmented()),
        case("tags.webm", "video/webm", READY, files::webm(false)),
        case("live.webm", "video/webm", READY, files::webm(true)),
        case("id3.mp3", "audio/mpeg", READY, files::mp3()),
        case("comments.ogg", "audio/ogg", READY, files::ogg()),
        case("chunks.wav", "audio/wav", READY, files::wav()),
        case("plain.pdf", PDF, READY, files::pdf("")),
        case("plain.docx", DOCX, READY, docx(vec![])),
        case("plain.txt", TEXT, READY, "Čau, pasaule!\n"),
        case(SMALL, TEXT, READY, "a"),
        case(PHOTO, JPEG, READY, with_segments(&photo, &[exif_segment(6)])),
    ]
}

/// What explodes when it is opened, or is larger than it looks.
fn bombs() -> Vec<Case> {
    let zeros = |bytes: u64| repeat(0).take(bytes);
    let frame = find(&jpeg(), b"\xff\xc0");
    let flat = docx(vec![entry_of("word/media/a.bin", &mut zeros(600 << 20))]);
    let lying = entry_of("word/media/a.bin", &mut zeros(600 << 20)).claiming(1000);
    let nested = docx(vec![entry("word/media/b.zip", &flat)]);
    let many = (0..12_000).map(|index| entry(Box::leak(format!("{index}").into_boxed_str()), b""));
    let segment = (0xe1, [&b"Exif\0\0"[..], &[7; 65_000]].concat());
    let scan = find(&jpeg(), b"\xff\xda");
    let (head, pass) = (jpeg()[..scan].to_vec(), jpeg()[scan..jpeg().len() - 2].to_vec());
    let unpacked = files::zlib(&mut zeros(400 << 20));
    let index = Film {
        in_moov: atom(b"udta", &vec![0; 30 << 20]),
        ..Film::default()
    };
    let deep = (0..5000).fold(vec![], |inside, _| atom(b"trak", &inside));
    let deep = Film {
        in_moov: deep,
        ..Film::default()
    };
    vec![
        case(
            "bomb.jpg",
            JPEG,
            PIXELS,
            patched(jpeg(), frame + 5..frame + 9, &[0xff, 0xdc, 0xff, 0xdc]),
        ),
        case(
            "bomb.png",
            PNG,
            PIXELS,
            files::png(&files::png_header(100_000, 100_000, 6, false), &[], b""),
        ),
        case(
            "bomb.gif",
            GIF,
            PIXELS,
            patched(files::gif(16, 16, b""), 6..10, &[0xff; 4]),
        ),
        case(
            "bomb.webp",
            WEBP,
            PIXELS,
            patched(files::webp(16, 16, &[]), 24..30, &[0xff, 0x3f, 0, 0xff, 0x3f, 0]),
        ),
        case(
            "more than it says.png",
            PNG,
            READY,
            files::png(&files::png_header(64, 64, 2, false), &[], &unpacked),
        ),
        case("metadata.jpg", JPEG, LARGE, with_segments(&jpeg(), &vec![segment; 300])),
        case(
            "metadata.png",
            PNG,
            LARGE,
            files::png_with(64, 64, &[png_chunk(b"iTXt", &vec![b'a'; 20 << 20])]),
        ),
        case(
            "passes.jpg",
            JPEG,
            UNSAFE,
            [head, pass.repeat(100), b"\xff\xd9".to_vec()].concat(),
        ),
        case("flat.docx", DOCX, UNSAFE, &flat),
        case("lying.docx", DOCX, UNSAFE, docx(vec![lying])),
        case("nested.docx", DOCX, UNSAFE, nested),
        case("overlapping.docx", DOCX, UNSAFE, files::overlapping()),
        case("many.docx", DOCX, UNSAFE, docx(many.collect())),
        case("endless.mp4", MP4, LARGE, Film::endless().make()),
        case("index.mp4", MP4, LARGE, index.make()),
        case("deep.mp4", MP4, CORRUPT, deep.make()),
    ]
}

/// What acts, or is two things at once.
fn active() -> Vec<Case> {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let html = "<!DOCTYPE html><html><script>alert(1)</script></html>";
    let archive = files::zip(&[entry("Applet.class", b"\xca\xfe\xba\xbe")]);
    let program = [&b"MZ\x90\0"[..], &[0; 200]].concat();
    // A browser that is told that this is a script runs it: the width begins a comment.
    let script = patched(
        files::gif(64, 16, &[b"*/=1;alert('", MARKER, b"')//"].concat()),
        6..8,
        b"/*",
    );
    let flags = find(&docx(vec![]), b"PK\x01\x02") + 8;
    let with = |name: &'static str, content: &[u8]| docx(vec![entry(name, content)]);
    vec![
        case("drawing.svg", "image/svg+xml", REFUSED, svg),
        case("page.html", "text/html", REFUSED, html),
        case("svg.png", PNG, UNSAFE, svg),
        case("svg.jpg", JPEG, UNSAFE, svg),
        case("svg.txt", TEXT, READY, svg.replace("alert(", "prompt(")),
        case("svg.pdf", PDF, UNSAFE, svg),
        case("html.jpg", JPEG, MISMATCH, html),
        case("html.png", PNG, MISMATCH, html),
        case("html.pdf", PDF, MISMATCH, html),
        case("html.txt", TEXT, READY, html.replace("alert(", "prompt(")),
        case("html.csv", "text/csv", READY, html.replace("alert(", "prompt(")),
        case("script.gif", GIF, READY, script),
        case("archive.jpg", JPEG, UNSAFE, [jpeg(), archive.clone()].concat()),
        case(
            "archive.gif",
            GIF,
            UNSAFE,
            [files::gif(16, 16, b""), archive.clone()].concat(),
        ),
        case("archive.mp4", MP4, UNSAFE, [Film::default().make(), archive].concat()),
        case("html at the end.png", PNG, UNSAFE, [&png(), html.as_bytes()].concat()),
        case(
            "html at the end.pdf",
            PDF,
            UNSAFE,
            [&files::pdf(""), html.as_bytes()].concat(),
        ),
        case(
            "pdf inside.jpg",
            JPEG,
            UNSAFE,
            with_segments(&jpeg(), &[(0xfe, files::pdf(""))]),
        ),
        case(
            "javascript.pdf",
            PDF,
            UNSAFE,
            files::pdf("/S /J#61va#53cript /JS (app.alert(1))"),
        ),
        case("launch.pdf", PDF, UNSAFE, files::pdf("/S /Launch /F (cmd.exe)")),
        case(
            "macro.docx",
            DOCX,
            UNSAFE,
            with("word/vbaProject.bin", b"Sub AutoOpen()"),
        ),
        case(
            "program inside.docx",
            DOCX,
            UNSAFE,
            with("word/embeddings/a.bin", &program),
        ),
        case("outside.docx", DOCX, UNSAFE, with("../../a", b"a")),
        case(
            "locked.docx",
            DOCX,
            UNSAFE,
            patched(docx(vec![]), flags..flags + 1, &[1]),
        ),
        case("program.jpg", JPEG, UNSAFE, &program),
        case("program.docx", DOCX, UNSAFE, &program),
        case("program.txt", TEXT, UNSAFE, "#!/bin/sh\nrm -rf ~\n"),
        case(
            "elf.pdf",
            PDF,
            UNSAFE,
            [&b"\x7fELF\x02\x01\x01"[..], &[0; 200]].concat(),
        ),
    ]
}

/// What is something else, or not whole.
fn wrong() -> Vec<Case> {
    let half = |content: Vec<u8>| content[..content.len() / 2].to_vec();
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    let jar = files::zip(&[entry("META-INF/MANIFEST.MF", b"Main-Class: A")]);
    vec![
        case("photo.heic", "image/heic", UNSUPPORTED, heic),
        case("archive.zip", "application/zip", MISMATCH, &jar),
        case("program.jar", "application/java-archive", REFUSED, &jar),
        case("heic.jpg", JPEG, UNSUPPORTED, heic),
        case("tiff.jpg", JPEG, UNSUPPORTED, b"II*\0\x08\0\0\0"),
        case("jpeg.png", PNG, READY, jpeg()),
        case("png.mp4", MP4, READY, png()),
        case("film.jpg", JPEG, READY, Film::default().make()),
        case("jar.docx", DOCX, MISMATCH, jar),
        case("zeros.txt", TEXT, MISMATCH, [0; 4096]),
        case("photo.jpg.exe", JPEG, MISMATCH, jpeg()),
        case("half.jpg", JPEG, CORRUPT, half(files::jpeg(256, 256))),
        case("half.png", PNG, CORRUPT, half(files::png_with(256, 256, &[]))),
        case("half.gif", GIF, CORRUPT, half(files::gif(64, 64, b""))),
        case("half.webp", WEBP, CORRUPT, half(files::webp(64, 64, &[]))),
        case("half.mp4", MP4, CORRUPT, half(Film::default().make())),
        case("half.docx", DOCX, CORRUPT, half(docx(vec![]))),
        case("half.pdf", PDF, CORRUPT, half(files::pdf(""))),
        case("a byte.jpg", JPEG, MISMATCH, "a"),
        case("a byte.png", PNG, MISMATCH, b"\x89"),
    ]
}

/// Waits until everything is decided, and asks for the space meanwhile. Returns how long the answers took.
async fn decided(server: &Server, cast: &Cast, items: &[String]) -> (Vec<String>, Vec<Duration>) {
    let query = "query($id: ID!) { space(id: $id) { title viewerMembership { displayName } } }";
    let (begun, mut answers) = (Instant::now(), Vec::new());
    loop {
        let asked = Instant::now();
        server.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
        answers.push(asked.elapsed());
        let mut fates = Vec::new();
        for items in items.chunks(100) {
            fates.extend(server.fates(&cast.mobile, items).await);
        }
        if fates.iter().all(|fate| !matches!(&**fate, "UPLOADED" | "PROCESSING")) {
            return (fates, answers);
        }
        assert!(begun.elapsed() < PATIENCE, "{fates:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// All that is given out of an item, with its media type.
async fn given(server: &Server, cast: &Cast, item: &str) -> Vec<(String, Vec<u8>)> {
    let query = "query($id: ID!) { node(id: $id) { ... on MediaItem { file { original: url
        a: url(variant: SMALL) b: url(variant: SMALL, format: JPEG) c: url(variant: MEDIUM)
        d: url(variant: MEDIUM, format: JPEG) e: url(variant: LARGE) f: url(variant: LARGE, format: JPEG)
        g: url(variant: POSTER) } } } }";
    let data = server.ask(&cast.mobile, query, json!({ "id": item })).await;
    let (phone, mut all) = (Phone::of(server), Vec::new());
    for url in data["node"]["file"].as_object().unwrap().values() {
        let Some(url) = url.as_str() else { continue };
        let answer = phone.get(url).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}");
        let media_type = answer.headers["content-type"].to_str().unwrap().to_owned();
        all.push((media_type, answer.body));
    }
    all
}

fn has(content: &[u8], needle: &[u8]) -> bool {
    content.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn every_file_meets_its_fate_and_no_secret_gets_out() {
    let (world, cast) = World::with_cast().await;
    let server = world.into_server(&[]).await;
    let cases = [talkative(), bombs(), active(), wrong()];
    let cases: Vec<_> = cases.into_iter().flatten().collect();
    let mut found = Vec::new();
    let mut items = Vec::new();
    let mut answers = Vec::new();
    let mut resting = 0;
    for (index, case) in cases.iter().enumerate() {
        let mut input = announced(&cast.space, &cast.during, &case.content, case.media_type);
        input["fileName"] = json!(case.name);
        match server.upload(&cast.mobile, input, &case.content).await {
            Ok(item) => items.push((index, item)),
            Err(fault) => found.push((index, fault)),
        }
        if [SMALL, PHOTO].contains(&case.name) {
            let ids: Vec<_> = items.iter().map(|(_, item)| item.clone()).collect();
            answers.extend(decided(&server, &cast, &ids).await.1);
        }
        // The program itself comes into memory as it is used.
        if case.name == SMALL {
            resting = server.memory("VmRSS");
            server.forget_peak();
        }
    }
    let ids: Vec<_> = items.iter().map(|(_, item)| item.clone()).collect();
    let (fates, last) = decided(&server, &cast, &ids).await;
    answers.extend(last);
    answers.sort();
    found.extend(items.iter().zip(fates).map(|((index, _), fate)| (*index, fate)));
    found.sort();
    let line = |case: &Case, fate: &str| format!("{}: {fate}", case.name);
    let found: Vec<_> = found.iter().map(|(index, fate)| line(&cases[*index], fate)).collect();
    let expected: Vec<_> = cases.iter().map(|case| line(case, case.fate)).collect();
    let differing: Vec<_> = found
        .iter()
        .zip(&expected)
        .filter(|(found, expected)| found != expected)
        .collect();
    assert!(differing.is_empty(), "(found, expected): {differing:#?}");

    let peak = server.memory("VmHWM");
    eprintln!(
        "{} files: {resting} KiB at rest, {peak} KiB at most; {} answers took {:?}, {:?} at most",
        cases.len(),
        answers.len(),
        answers[answers.len() / 2],
        answers[answers.len() - 1]
    );
    assert!(peak - resting <= GROWTH, "{resting} KiB at rest, {peak} KiB at most");
    assert!(answers[answers.len() / 2] < Duration::from_millis(500), "{answers:?}");
    for (index, item) in &items {
        let case = &cases[*index];
        let given = given(&server, &cast, item).await;
        assert_eq!(given.is_empty(), case.fate != READY, "{}", case.name);
        for (media_type, content) in given {
            assert!(
                !media_type.contains("html") && !media_type.contains("svg"),
                "{}: {media_type}",
                case.name
            );
            for secret in [MARKER, b"Exif", b"xmpmeta", b"Photoshop", b"<?php", b"alert("] {
                let text = String::from_utf8_lossy(secret);
                assert!(!has(&content, secret), "{} as {media_type} has {text:?}", case.name);
            }
        }
    }
    // It still works.
    let input = announced(&cast.space, &cast.during, &png(), PNG);
    let after = server.upload(&cast.mobile, input, &png()).await.unwrap();
    let (fates, _) = decided(&server, &cast, &[after]).await;
    assert_eq!(fates, [READY]);
}

/// Words that look harmful are no harm, and an image needs no mark at its end.
#[tokio::test]
async fn what_viewers_show_is_taken_and_what_acts_is_not() {
    let (world, cast) = World::with_cast().await;
    let server = world.into_server(&[]).await;
    let pdfs = |fate, all: Vec<(&'static str, Vec<u8>)>| {
        all.into_iter()
            .map(move |(name, content)| case(name, PDF, fate, content))
    };
    let open = jpeg()[..jpeg().len() - 2].to_vec();
    let cases: Vec<_> = pdfs(READY, pdf::harmless())
        .chain(pdfs(UNSAFE, pdf::acting()))
        .chain([case("open.jpg", JPEG, READY, open)])
        .collect();
    let mut items = Vec::new();
    for case in &cases {
        let mut input = announced(&cast.space, &cast.during, &case.content, case.media_type);
        input["fileName"] = json!(case.name);
        items.push(server.upload(&cast.mobile, input, &case.content).await.unwrap());
    }
    let (fates, _) = decided(&server, &cast, &items).await;
    let line = |(case, fate): (&Case, &str)| format!("{}: {fate}", case.name);
    let found: Vec<_> = cases.iter().zip(fates.iter().map(|fate| &**fate)).map(line).collect();
    let expected: Vec<_> = cases.iter().map(|case| line((case, case.fate))).collect();
    assert_eq!(found, expected);
    for (case, item) in cases.iter().zip(&items).filter(|(case, _)| case.media_type == PDF) {
        let given: Vec<_> = given(&server, &cast, item)
            .await
            .into_iter()
            .map(|(_, content)| content)
            .collect();
        let expected = if case.fate == READY {
            vec![case.content.clone()]
        } else {
            vec![]
        };
        assert_eq!(given, expected, "{}", case.name);
    }
}

#[tokio::test]
async fn other_bytes_than_announced_are_found_in_parts_too() {
    let (world, cast) = World::with_cast().await;
    let server = world.into_server(&[]).await;
    let content = vec![b'a'; 17 << 20];
    let mut input = announced(&cast.space, &cast.during, &content, TEXT);
    input["fileName"] = json!("a.txt");
    input["sha256"] = json!("0".repeat(64));
    let item = server.upload(&cast.mobile, input, &content).await.unwrap();
    let (fates, _) = decided(&server, &cast, std::slice::from_ref(&item)).await;
    assert_eq!(fates, ["FAILED/CHECKSUM_MISMATCH"]);
    assert_eq!(given(&server, &cast, &item).await, []);
    // It may have been the store: it is read once more.
    let retried = server
        .mutate(&cast.mobile, "mediaRetry", json!({ "mediaItemId": item }), "")
        .await;
    assert_eq!(retried["userErrors"], Value::Array(vec![]));
    let (fates, _) = decided(&server, &cast, std::slice::from_ref(&item)).await;
    assert_eq!(fates, ["FAILED/CHECKSUM_MISMATCH"]);
}
