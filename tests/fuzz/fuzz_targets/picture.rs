//! Any bytes as an upload: they are taken or refused, within bounds, and never by a panic.
//!
//! The first byte says which format is declared. Lossless WebP that both this decoder and libwebp read must be the same.
#![no_main]

#[path = "../../../src/platform/media/mod.rs"]
#[expect(dead_code, reason = "only images are tried")]
mod media;

use std::{fs, time::Duration};

use libfuzzer_sys::fuzz_target;

use self::media::{Input, Limits, Refusal, Variant, process};

const FORMATS: [&str; 4] = ["image/webp", "image/jpeg", "image/png", "image/gif"];

fuzz_target!(|bytes: &[u8]| {
    let Some((format, content)) = bytes.split_first() else {
        return;
    };
    let media_type = FORMATS[usize::from(*format) % FORMATS.len()];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("upload");
    fs::write(&path, content).expect("room");
    let limits = Limits {
        // Smaller ones find the same sooner.
        max_pixels: 1 << 16,
        max_jpeg_pixels: 1 << 18,
        kept_pixels: 1 << 14,
        memory: 2 << 20,
        time: Duration::from_secs(5),
        ..Limits::default()
    };
    let result = process(&Input {
        path: &path,
        size: content.len() as u64,
        declared_type: media_type,
        file_name: "picture",
        work_dir: folder.path(),
        limits: &limits,
        is_cancelled: &|| false,
        progress: &|_| {},
        ffmpeg: None,
    });
    match result {
        Ok(made) => compare(content, media_type, &made.files[0]),
        Err(Refusal::Refused(media::Reason::TimedOut, _)) => panic!("took too long"),
        // A decoder that panics is a finding, whatever catches it.
        Err(Refusal::Refused(_, "no decoder reads it")) => panic!("a decoder panicked"),
        Err(Refusal::Refused(..)) => {}
        Err(other) => panic!("{other}"),
    }
});

/// Compares a picture without loss with what libwebp makes of it.
fn compare(content: &[u8], media_type: &str, original: &media::Derivative) {
    let is_simple = content.get(12..16) == Some(b"VP8L");
    if media_type != "image/webp" || !is_simple || original.variant != Variant::Original {
        return;
    }
    let png = fs::read(&original.path).expect("a file");
    let Some(reference) = webp::Decoder::new(content).decode() else {
        return;
    };
    if !png.starts_with(b"\x89PNG")
        || (reference.width(), reference.height()) != original.width.zip(original.height).unwrap_or_default()
    {
        return;
    }
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("pixels")];
    reader.next_frame(&mut pixels).expect("pixels");
    assert!(pixels == *reference, "other pixels than libwebp reads");
}
