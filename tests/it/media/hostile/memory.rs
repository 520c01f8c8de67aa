//! How much memory processing takes: in a process of its own, which nothing else disturbs.

use std::{
    env, fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use jpeg_encoder::SamplingFactor;
use sojourn::platform::media::{Input, Limits, Refusal, process};

use super::{
    JPEG, MP4, PDF, PNG, Upload, bits,
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

const WEBP: &str = "image/webp";

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
        (WEBP, files::webp(4000, 3000, &[])),
        (WEBP, files::webp_with_alpha(4000, 3000)),
        (WEBP, files::webp_without_loss(4000, 3000)),
        (JPEG, files::huge_jpeg(11_000, 10_000, SamplingFactor::F_2_2)),
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
    for (media_type, content) in uploads {
        measure(media_type, content, "Ok");
    }
}

#[test]
fn groups_of_codes_are_counted_before_they_are_made() {
    for (name, content) in bits::asking_for_groups() {
        assert!(content.len() < 1400, "{name} has {} bytes", content.len());
        let taken = measure(WEBP, content, "Corrupt");
        assert!(taken < Duration::from_millis(200), "{name} took {taken:?}");
    }
    // They would take 320 MB.
    measure(WEBP, bits::having_groups(), "TooManyPixels");
}

/// Processes an upload in a process of its own, which ends as expected and doesn't grow much. Returns how long it took.
#[track_caller]
fn measure(media_type: &'static str, content: Vec<u8>, expected: &str) -> Duration {
    let upload = Upload::new(media_type, content);
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "media::hostile::memory::memory_of_one",
        ])
        .env("UPLOAD", &upload.path)
        .env("UPLOAD_TYPE", media_type)
        .env("UPLOAD_FATE", expected)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    let taken = errors.lines().find_map(|line| line.strip_prefix("microseconds: "));
    Duration::from_micros(taken.unwrap().parse().unwrap())
}

#[test]
#[ignore = "run by others in a process of its own"]
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
    let begun = Instant::now();
    let fate = match process(&input) {
        Ok(_) => "Ok".to_owned(),
        Err(Refusal::Refused(reason, _)) => format!("{reason:?}"),
        Err(error) => panic!("{error}"),
    };
    eprintln!("microseconds: {}", begun.elapsed().as_micros());
    assert_eq!(fate, env::var("UPLOAD_FATE").unwrap());
    let grown = (memory("VmHWM") - before) << 10;
    eprintln!("{media_type}: grew by {} MB", grown >> 20);
    assert!(grown <= GROWTH, "grew by {} MB", grown >> 20);
}
