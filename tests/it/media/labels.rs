//! What phones, browsers and chat programs say of a file is a guess: its content decides, name and type follow it, and an event tells.

use serde_json::{Value, json};

use super::{
    announced,
    hostile::files::{self, Film, atom, entry, with_segments},
};
use crate::support::{Cast, World, faults};

const SOUND_WEBM: &[u8] = include_bytes!("samples/sound.webm");
const SOUND_MP4: &[u8] = include_bytes!("samples/sound.mp4");
const PADDED_MP3: &[u8] = include_bytes!("samples/padded.mp3");
const TAG: &[u8] = include_bytes!("samples/tag.txt");

/// A file that is uploaded under this name and type, and what became of it.
async fn fate(world: &World, cast: &Cast, name: &str, media_type: &str, bytes: &[u8]) -> Value {
    let mut input = announced(&cast.space, &cast.during, bytes, media_type);
    input["fileName"] = json!(name);
    let item = world.sent_as(&cast.mobile, input, bytes).await;
    let input = json!({ "mediaItemId": item });
    world.done(&cast.mobile, "mediaUploadComplete", input, "").await;
    assert_eq!(world.work().await, 1);
    let fields = "file { status failureReason fileName mediaType kind url }";
    world.seen(&cast.mobile, &item, fields).await["file"].clone()
}

#[tokio::test]
async fn a_harmless_disagreement_is_resolved_by_the_content() {
    let (world, cast) = World::with_cast().await;
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let jpeg = files::jpeg(64, 64);
    let cases: [(&str, &str, Vec<u8>, [&str; 3]); 21] = [
        (
            "WhatsApp Image 2026-11-28 at 10.15.23",
            "image/jpeg",
            jpeg.clone(),
            ["IMAGE", "image/jpeg", "WhatsApp Image 2026-11-28 at 10.15.23.jpg"],
        ),
        (
            "photo.heic",
            "image/heic",
            jpeg.clone(),
            ["IMAGE", "image/jpeg", "photo.jpg"],
        ),
        (
            "photo.heic",
            "image/jpeg",
            jpeg.clone(),
            ["IMAGE", "image/jpeg", "photo.jpg"],
        ),
        (
            "photo.jpg",
            "image/jpg",
            jpeg.clone(),
            ["IMAGE", "image/jpeg", "photo.jpg"],
        ),
        ("photo", "", jpeg.clone(), ["IMAGE", "image/jpeg", "photo.jpg"]),
        ("clip.mp4", "video/mp4", jpeg, ["IMAGE", "image/jpeg", "clip.jpg"]),
        (
            "note.webm",
            "video/webm",
            SOUND_WEBM.to_vec(),
            ["AUDIO", "audio/webm", "note.weba"],
        ),
        (
            "note.weba",
            "audio/webm;codecs=opus",
            SOUND_WEBM.to_vec(),
            ["AUDIO", "audio/webm", "note.weba"],
        ),
        (
            "note.mp4",
            "video/mp4",
            SOUND_MP4.to_vec(),
            ["AUDIO", "audio/mp4", "note.m4a"],
        ),
        (
            "note.m4a",
            "audio/m4a",
            SOUND_MP4.to_vec(),
            ["AUDIO", "audio/mp4", "note.m4a"],
        ),
        (
            "film.m4a",
            "audio/mp4",
            Film::default().make(),
            ["VIDEO", "video/mp4", "film.mp4"],
        ),
        (
            "song.mp3",
            "audio/mp3",
            files::mp3(),
            ["AUDIO", "audio/mpeg", "song.mp3"],
        ),
        (
            "song.mp3",
            "audio/mpeg",
            PADDED_MP3.to_vec(),
            ["AUDIO", "audio/mpeg", "song.mp3"],
        ),
        (
            "marks.csv",
            "text/plain",
            b"a;b\n1;2\n".to_vec(),
            ["DOCUMENT", "text/csv", "marks.csv"],
        ),
        (
            "marks.csv",
            "application/vnd.ms-excel",
            b"a;b\n".to_vec(),
            ["DOCUMENT", "text/csv", "marks.csv"],
        ),
        (
            "marks.csv",
            "",
            b"a,b\n".to_vec(),
            ["DOCUMENT", "text/csv", "marks.csv"],
        ),
        (
            "note.txt",
            "text/plain",
            TAG.to_vec(),
            ["DOCUMENT", "text/plain", "note.txt"],
        ),
        (
            "wide.txt",
            "text/plain",
            wide("\u{feff}<b>Čau</b>"),
            ["DOCUMENT", "text/plain", "wide.txt"],
        ),
        (
            "wide.csv",
            "text/csv",
            wide("name;mark\r\nLena;1\r\n"),
            ["DOCUMENT", "text/csv", "wide.csv"],
        ),
        (
            "report.doc",
            "application/msword",
            files::docx(vec![]),
            ["DOCUMENT", files::DOCX, "report.docx"],
        ),
        (
            "scan.jpg",
            "image/jpeg",
            files::pdf(""),
            ["DOCUMENT", "application/pdf", "scan.pdf"],
        ),
    ];
    for (name, media_type, bytes, [kind, resolved, served]) in cases {
        let file = fate(&world, &cast, name, media_type, &bytes).await;
        let of = format!("{name} as {media_type:?}: {file}");
        assert_eq!(
            (&file["status"], &file["kind"]),
            (&json!("READY"), &json!(kind)),
            "{of}"
        );
        assert_eq!(
            (&file["mediaType"], &file["fileName"]),
            (&json!(resolved), &json!(served)),
            "{of}"
        );
        let answer = super::Phone::new(&world).await.get(file["url"].as_str().unwrap()).await;
        assert_eq!(answer.headers["content-type"], resolved, "{of}");
        let disposition = answer.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.contains(&format!("filename=\"{served}\"")), "{disposition}");
        assert_eq!(
            disposition.starts_with("attachment"),
            kind == "DOCUMENT",
            "{disposition}"
        );
    }
}

/// What a browser would run is a text like any other.
#[tokio::test]
async fn a_text_never_becomes_what_a_browser_runs() {
    let (world, cast) = World::with_cast().await;
    for text in [
        "<!DOCTYPE html><html><script>alert(1)</script></html>",
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
    ] {
        for (name, media_type) in [
            ("a.txt", "text/plain"),
            ("a.xml", "text/xml"),
            ("a", ""),
            ("a.csv", "text/csv"),
        ] {
            let file = fate(&world, &cast, name, media_type, text.as_bytes()).await;
            assert_eq!(
                (&file["status"], &file["mediaType"]),
                (&json!("READY"), &json!("text/plain")),
                "{text}"
            );
            assert_eq!(file["fileName"], "a.txt");
            let answer = super::Phone::new(&world).await.get(file["url"].as_str().unwrap()).await;
            assert_eq!(answer.headers["content-type"], "text/plain");
            assert!(
                answer.headers["content-disposition"]
                    .to_str()
                    .unwrap()
                    .starts_with("attachment")
            );
            assert_eq!(answer.body, text.as_bytes());
            if !crate::support::is_production() {
                assert_eq!(answer.headers["x-content-type-options"], "nosniff");
                assert!(
                    answer.headers["content-security-policy"]
                        .to_str()
                        .unwrap()
                        .contains("sandbox")
                );
            }
        }
        let file = fate(&world, &cast, "a.html", "text/plain", text.as_bytes()).await;
        assert_eq!(
            (&file["status"], &file["mediaType"], &file["fileName"]),
            (&json!("READY"), &json!("text/plain"), &json!("a.html.txt")),
            "{text}"
        );
        // Nor does it pass for anything else.
        for (name, media_type) in [("a.jpg", "image/jpeg"), ("a.pdf", "application/pdf")] {
            let file = fate(&world, &cast, name, media_type, text.as_bytes()).await;
            assert_eq!(file["status"], "QUARANTINED", "{name}: {text}");
        }
    }
}

/// Two things at once are neither: they stay where they are, or come out as one of them alone.
#[tokio::test]
async fn a_file_that_is_two_things_is_not_given_out_as_both() {
    const SECOND: &[u8] = b"<html><script>alert(1)</script></html>";
    let (world, cast) = World::with_cast().await;
    let (jpeg, png, pdf) = (files::jpeg(64, 64), files::png_with(64, 64, &[]), files::pdf(""));
    let archive = files::zip(&[entry("index.html", SECOND)]);
    let film = |inside: &[u8]| Film {
        in_moov: atom(b"udta", inside),
        behind: atom(b"free", inside),
        ..Film::default()
    };
    let tagged = [&b"ID3\x04\0\0\0\0\0\x26"[..], SECOND, &files::mp3()].concat();
    let is_both = |file: &[u8]| {
        let has = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
        has(b"<script") || has(b"%PDF-1") || has(b"PK\x03\x04")
    };
    let two: [(&str, &str, Vec<u8>); 16] = [
        ("a.jpg", "image/jpeg", [&jpeg[..], &archive].concat()),
        ("a.jpg", "image/jpeg", with_segments(&jpeg, &[(0xfe, pdf.clone())])),
        ("a.jpg", "image/jpeg", with_segments(&jpeg, &[(0xfe, SECOND.to_vec())])),
        ("a.png", "image/png", [&png[..], SECOND].concat()),
        ("a.gif", "image/gif", files::gif(16, 16, SECOND)),
        ("a.gif", "image/gif", [&files::gif(16, 16, b"")[..], &archive].concat()),
        ("a.pdf", "application/pdf", [&pdf[..], &archive].concat()),
        ("a.pdf", "application/pdf", [&pdf[..], SECOND].concat()),
        ("a.pdf", "application/pdf", [&png[..], &pdf].concat()),
        ("a.mp4", "video/mp4", film(SECOND).make()),
        ("a.mp4", "video/mp4", [&Film::default().make()[..], &archive].concat()),
        ("a.mp4", "", [SOUND_MP4, &jpeg, SECOND].concat()),
        ("a.mp3", "audio/mpeg", tagged),
        ("a.mp3", "audio/mpeg", [&files::mp3()[..], &archive].concat()),
        ("a.wav", "audio/wav", [&files::wav()[..], SECOND].concat()),
        ("a.txt", "text/plain", [&b"Hello\n"[..], &pdf].concat()),
    ];
    for (number, (name, media_type, bytes)) in two.into_iter().enumerate() {
        assert!(is_both(&bytes), "{number}");
        let file = fate(&world, &cast, name, media_type, &bytes).await;
        match file["status"].as_str().unwrap() {
            "READY" => {
                let answer = super::Phone::new(&world).await.get(file["url"].as_str().unwrap()).await;
                assert!(!is_both(&answer.body), "{number} {name}: {file}");
            }
            status => assert_eq!(status, "QUARANTINED", "{number} {name}: {file}"),
        }
    }
}

#[tokio::test]
async fn what_a_file_has_become_is_judged_and_told() {
    let world = World::with_flags(&["--max-file", "19000"]).await;
    let cast = world.make_cast().await;
    // As a video it may be large, as the sound that it is, it may not.
    let file = fate(&world, &cast, "note.webm", "video/webm", SOUND_WEBM).await;
    assert_eq!(
        (&file["status"], &file["failureReason"]),
        (&json!("FAILED"), &json!("TOO_LARGE"))
    );
    let now = world.node.newest(&cast.mobile, &cast.space).await;
    let mut live = world.node.watch(&cast.mobile, &cast.space, Some(&now)).await;
    let file = fate(&world, &cast, "song.mp4", "video/mp4", PADDED_MP3).await;
    assert_eq!(file["kind"], "AUDIO");
    let mut event = live.event().await;
    let mut last = Value::Null;
    while event["kind"] == "MEDIA_STATUS_CHANGED" {
        last = event["contribution"]["id"].clone();
        if world.file(&cast.mobile, last.as_str().unwrap(), "status").await == "READY" {
            break;
        }
        event = live.event().await;
    }
    // The lists by kind have it as what it is.
    let item = last.as_str().unwrap();
    assert_eq!(world.attempt(&cast.mobile, "Publish", item).await, "PUBLISHED");
    for (kind, count) in [("AUDIO", 1), ("VIDEO", 0)] {
        let query =
            "query($id: ID!, $kind: MediaKind!) { space(id: $id) { media(filter: { kind: $kind }) { totalCount } } }";
        let data = world
            .ask(&cast.stayer, query, json!({ "id": cast.space, "kind": kind }))
            .await;
        assert_eq!(data["space"]["media"]["totalCount"], count, "{kind}");
    }
}

/// Formats that everybody knows and nobody here reads are no disguise, and texts may begin with any word.
#[tokio::test]
async fn what_is_not_taken_is_no_accusation() {
    let (world, cast) = World::with_cast().await;
    let bmp = [&b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..], &[7; 64]].concat();
    let mut transport = vec![0xff; 3 * 188];
    (0..3).for_each(|packet| transport[188 * packet] = b'G');
    for (name, media_type, content) in [
        ("a.bmp", "image/bmp", bmp),
        (
            "a.avi",
            "video/x-msvideo",
            b"RIFF\x20\0\0\0AVI LIST\x10\0\0\0hdrl".to_vec(),
        ),
        (
            "a.aac",
            "audio/aac",
            [&[0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc][..], &[1; 64]].concat(),
        ),
        ("a.ts", "video/mp2t", transport),
        (
            "a.wmv",
            "video/x-ms-wmv",
            [&b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"[..], &[9; 64]].concat(),
        ),
    ] {
        let file = fate(&world, &cast, name, media_type, &content).await;
        assert_eq!(
            (&file["status"], &file["failureReason"]),
            (&json!("FAILED"), &json!("UNSUPPORTED_TYPE")),
            "{name}"
        );
    }
    for text in [
        "GIF89a is a format of pictures, says the teacher.\n",
        "OggS, said Tom\n",
        "RIFF1234WEBP is one\n",
    ] {
        let file = fate(&world, &cast, "notes.txt", "text/plain", text.as_bytes()).await;
        assert_eq!(
            (&file["status"], &file["mediaType"]),
            (&json!("READY"), &json!("text/plain")),
            "{text}: {file}"
        );
    }
    let named = fate(&world, &cast, "me@school.com", "image/jpeg", &files::jpeg(64, 64)).await;
    assert_eq!(
        (&named["status"], &named["fileName"]),
        (&json!("READY"), &json!("me@school.com.jpg"))
    );
}

#[tokio::test]
async fn only_what_no_content_makes_good_is_refused_at_once() {
    let (world, cast) = World::with_cast().await;
    for (media_type, is_fine) in [
        ("image/heic", true),
        ("image/x-unheard-of", true),
        ("audio/aac", true),
        ("", true),
        ("application/octet-stream", true),
        ("application/zip", true),
        ("application/wps-office.docx", true),
        ("application/x-unheard-of", true),
        ("image/*", true),
        ("text/html", false),
        ("image/svg+xml", false),
        ("application/javascript", false),
        ("application/x-msdownload", false),
        ("image", false),
        ("image/png\r\nx: y", false),
    ] {
        let input = announced(&cast.space, &cast.during, b"a", media_type);
        let payload = world.mutate(&cast.mobile, "mediaUploadRequest", input, "").await;
        let expected: &[&str] = if is_fine {
            &[]
        } else {
            &["INVALID/UNSUPPORTED_TYPE at mediaType"]
        };
        assert_eq!(faults(&payload), expected, "{media_type}");
    }
}
