//! How much memory processing takes: in a process of its own, which nothing else disturbs.

use std::{env, fs, path::PathBuf, process::Command};

use jpeg_encoder::SamplingFactor;
use sojourn::platform::media::{Input, Limits, process};

use super::{
    JPEG, MP4, PDF, PNG, Upload,
    files::{self, Film, atom, entry_of, exif_segment, with_segments},
    pdf,
};
use crate::support::is_long;

/// Kilobytes that a process has, by a line of its status.
fn memory(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Bytes by which the memory of the process may grow.
const GROWTH: u64 = 100 << 20;

/// Images of all kinds, each as much as is taken.
fn large_images() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            JPEG,
            with_segments(&files::huge_jpeg(4032, 3024, SamplingFactor::F_2_2), &[exif_segment(6)]),
        ),
        (
            JPEG,
            with_segments(&files::huge_jpeg(4032, 3024, SamplingFactor::F_1_1), &[exif_segment(8)]),
        ),
        (
            JPEG,
            with_segments(&files::huge_jpeg(8064, 6048, SamplingFactor::F_2_2), &[exif_segment(6)]),
        ),
        (JPEG, files::huge_jpeg(6000, 4000, SamplingFactor::F_1_1)),
        (JPEG, files::huge_grey(4090, 3072)),
        (JPEG, files::jpeg_of(4000, 3000, true, SamplingFactor::F_2_2)),
        (PNG, files::empty_png(8000, 6000, 2, false)),
        (PNG, files::empty_png(8000, 6000, 6, false)),
        (PNG, files::empty_png(4000, 3000, 2, true)),
        (PNG, files::png_with(4000, 3000, &[])),
        ("image/gif", files::gif(5000, 4000, b"")),
        ("image/webp", files::webp(4000, 3000, &[])),
    ]
}

#[test]
fn memory_is_bounded() {
    let film = Film {
        behind: atom(b"mdat", &vec![7; 200 << 20]),
        ..Film::default()
    };
    let zeros = entry_of(
        "word/media/a.bin",
        &mut std::io::Read::take(std::io::repeat(0), 400 << 20),
    );
    let mut uploads = vec![
        (MP4, film.make()),
        ("text/plain", vec![b'a'; 200 << 20]),
        (files::DOCX, files::docx(vec![zeros])),
    ];
    uploads.extend(pdf::large().into_iter().map(|content| (PDF, content)));
    if is_long() {
        uploads.extend(large_images());
    }
    for (index, (media_type, content)) in uploads.into_iter().enumerate() {
        let upload = Upload::new(media_type, content);
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "media::hostile::memory::memory_of_one"])
            .env("UPLOAD", &upload.path)
            .env("UPLOAD_TYPE", media_type)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{index}: {text}");
    }
}

#[test]
#[ignore = "run by memory_is_bounded in a process of its own"]
fn memory_of_one() {
    let path = PathBuf::from(env::var_os("UPLOAD").unwrap());
    let media_type = env::var("UPLOAD_TYPE").unwrap();
    let limits = Limits {
        max_zip_ratio: 99_999,
        ..Limits::default()
    };
    let input = Input {
        path: &path,
        size: fs::metadata(&path).unwrap().len(),
        declared_type: &media_type,
        file_name: "a",
        work_dir: path.parent().unwrap(),
        limits: &limits,
        is_cancelled: &|| false,
        progress: &|_| {},
        ffmpeg: None,
    };
    // The program itself comes into memory as it is used.
    for (small, content) in [(JPEG, files::jpeg(64, 64)), (PNG, files::png_with(64, 64, &[]))] {
        Upload::new(small, content).process().unwrap();
    }
    let before = memory("VmRSS");
    process(&input).unwrap();
    let grown = (memory("VmHWM") - before) << 10;
    eprintln!("{media_type}: grew by {} MB", grown >> 20);
    assert!(grown <= GROWTH, "grew by {} MB", grown >> 20);
}
