//! Uploads as phones make them, and as those who mean harm do: each meets its fate, within bounds.

pub mod bits;
pub mod clamd;
pub mod files;
mod lossless;
#[cfg(target_os = "linux")]
mod memory;
pub mod pdf;

use std::{
    fs,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use files::{
    Film, MARKER, PICTURE, SOUND, atom, entry, entry_of, exif, exif_segment, find, patched, png_chunk, with_segments,
    xmp,
};
use jpeg_encoder::SamplingFactor;
use sojourn::platform::media::{Input, Kind, Label, Limits, Processed, Reason, Refusal, Variant, process};
use tempfile::TempDir;

use crate::support::is_long;

/// A file in a folder of its own.
struct Upload {
    folder: Arc<TempDir>,
    path: PathBuf,
    media_type: &'static str,
}

impl Upload {
    fn new(media_type: &'static str, content: impl AsRef<[u8]>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let path = folder.path().join("upload");
        fs::write(&path, content).unwrap();
        Self {
            folder,
            path,
            media_type,
        }
    }

    fn process(&self) -> Result<Made, Refusal> {
        self.process_with(&Limits::default(), None)
    }

    fn process_with(&self, limits: &Limits, ffmpeg: Option<&Path>) -> Result<Made, Refusal> {
        let told = Mutex::new(Vec::new());
        let result = process(&Input {
            path: &self.path,
            size: fs::metadata(&self.path).unwrap().len(),
            declared_type: self.media_type,
            file_name: "Foto",
            work_dir: self.folder.path(),
            limits,
            is_cancelled: &|| false,
            progress: &|percent| told.lock().unwrap().push(percent),
            ffmpeg,
        });
        let told = told.into_inner().unwrap();
        assert!(told.is_sorted(), "{told:?}");
        assert_eq!(told.first(), Some(&0));
        assert_eq!(result.is_ok(), told.last() == Some(&100), "{told:?}");
        result.map(|processed| Made {
            processed,
            _folder: self.folder.clone(),
        })
    }
}

/// What came of an upload, as long as it is looked at.
#[derive(Debug)]
struct Made {
    processed: Processed,
    _folder: Arc<TempDir>,
}

impl Deref for Made {
    type Target = Processed;

    fn deref(&self) -> &Processed {
        &self.processed
    }
}

/// Why a file is not taken.
#[track_caller]
fn fate(media_type: &'static str, content: impl AsRef<[u8]>) -> Reason {
    match Upload::new(media_type, content).process() {
        Err(Refusal::Refused(reason, _)) => reason,
        other => panic!("{other:?}"),
    }
}

/// What comes of a file that is taken: nothing of it has the marker.
#[track_caller]
fn clean(upload: &Upload) -> Made {
    let source = fs::read(&upload.path).unwrap();
    assert!(has(&source, MARKER), "nothing is planted");
    let processed = upload.process().unwrap();
    for file in &processed.files {
        let content = fs::read(&file.path).unwrap();
        assert_eq!(content.len() as u64, file.size);
        for secret in [MARKER, b"Exif", b"xmpmeta", b"Photoshop"] {
            assert!(
                !has(&content, secret),
                "{file:?} has {:?}",
                String::from_utf8_lossy(secret)
            );
        }
    }
    processed
}

fn has(content: &[u8], needle: &[u8]) -> bool {
    content.windows(needle.len()).any(|window| window == needle)
}

fn read(processed: &Processed, variant: Variant, media_type: &str) -> Vec<u8> {
    let file = processed
        .files
        .iter()
        .find(|file| file.variant == variant && file.media_type == media_type);
    fs::read(&file.unwrap().path).unwrap()
}

/// Colours of the corners of a JPEG: upper left, upper right, lower left, lower right; R, G, B or W.
fn corners_of(jpeg: &[u8]) -> String {
    let mut decoder = jpeg_decoder::Decoder::new(jpeg);
    let pixels = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let name = |x: usize, y: usize| match pixels[3 * (y * width + x)..][..3]
        .iter()
        .map(|part| *part > 127)
        .collect::<Vec<_>>()[..]
    {
        [true, false, false] => 'R',
        [false, true, false] => 'G',
        [false, false, true] => 'B',
        [true, true, true] => 'W',
        _ => '?',
    };
    let (left, right, top, bottom) = (width / 4, width * 3 / 4, height / 4, height * 3 / 4);
    [
        name(left, top),
        name(right, top),
        name(left, bottom),
        name(right, bottom),
    ]
    .into_iter()
    .collect()
}

#[track_caller]
fn sizes(processed: &Processed) -> Vec<(Variant, u32, u32)> {
    processed
        .files
        .iter()
        .filter(|file| file.media_type == "image/jpeg" || file.variant == Variant::Original)
        .map(|file| (file.variant, file.width.unwrap(), file.height.unwrap()))
        .collect()
}

const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const MP4: &str = "video/mp4";
const PDF: &str = "application/pdf";

// Images that are taken.

#[test]
fn a_photo_of_a_phone_is_turned_and_has_all_sizes() {
    let jpeg = with_segments(&files::huge_jpeg(2016, 1512, SamplingFactor::F_2_2), &[exif_segment(6)]);
    let processed = clean(&Upload::new(JPEG, jpeg));
    assert_eq!((processed.kind, processed.media_type), (Kind::Image, JPEG));
    assert_eq!((processed.width, processed.height), (Some(1512), Some(2016)));
    let expected = [
        (Variant::Original, 1512, 2016),
        (Variant::Large, 1440, 1920),
        (Variant::Medium, 720, 960),
        (Variant::Small, 240, 320),
    ];
    assert_eq!(sizes(&processed), expected);
    let webps: Vec<_> = processed
        .files
        .iter()
        .filter(|file| file.media_type == "image/webp")
        .collect();
    assert_eq!(webps.len(), 3);
    for webp in webps {
        let content = fs::read(&webp.path).unwrap();
        let decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(content)).unwrap();
        assert_eq!(Some(decoder.dimensions()), webp.width.zip(webp.height));
    }
    assert!(processed.blurhash.as_ref().is_some_and(|hash| hash.len() == 28));
}

#[test]
fn an_image_of_too_many_pixels_is_scaled_while_it_is_decoded() {
    let limits = Limits {
        kept_pixels: 1_000_000,
        ..Limits::default()
    };
    let jpeg = with_segments(&files::huge_jpeg(2016, 1512, SamplingFactor::F_2_2), &[exif_segment(6)]);
    for (upload, width, height) in [
        (Upload::new(JPEG, jpeg), 756, 1008),
        // Row by row.
        (Upload::new(PNG, files::empty_png(2000, 1500, 2, false)), 1000, 750),
    ] {
        let processed = upload.process_with(&limits, None).unwrap();
        assert_eq!((processed.width, processed.height), (Some(width), Some(height)));
    }
    if is_long() {
        let jpeg = files::huge_jpeg(8064, 6048, SamplingFactor::F_2_2);
        let processed = clean(&Upload::new(JPEG, with_segments(&jpeg, &[exif_segment(6)])));
        assert_eq!((processed.width, processed.height), (Some(3024), Some(4032)));
        let processed = Upload::new(PNG, files::empty_png(8000, 6000, 2, false))
            .process()
            .unwrap();
        assert_eq!((processed.width, processed.height), (Some(4000), Some(3000)));
    }
}

#[test]
fn every_orientation_is_applied() {
    for is_little in [true, false] {
        for (orientation, expected) in (1..).zip(["RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB"]) {
            let segment = (0xe1, [b"Exif\0\0", &*exif(orientation, is_little)].concat());
            let processed = clean(&Upload::new(JPEG, with_segments(&files::jpeg(400, 200), &[segment])));
            for variant in [Variant::Original, Variant::Small] {
                assert_eq!(
                    corners_of(&read(&processed, variant, JPEG)),
                    expected,
                    "{orientation} {variant:?}"
                );
            }
            let turned = if orientation < 5 { (400, 200) } else { (200, 400) };
            assert_eq!(processed.width.zip(processed.height), Some(turned));
        }
    }
}

#[test]
fn other_kinds_of_jpeg_are_read() {
    for (is_progressive, sampling) in [
        (true, SamplingFactor::F_2_2),
        (true, SamplingFactor::F_1_1),
        (false, SamplingFactor::F_1_1),
    ] {
        let processed = Upload::new(JPEG, files::jpeg_of(640, 480, is_progressive, sampling))
            .process()
            .unwrap();
        assert_eq!(corners_of(&read(&processed, Variant::Original, JPEG)), "RGBW");
    }
    let mut grey = Vec::new();
    jpeg_encoder::Encoder::new(&mut grey, 85)
        .encode(&[200; 64 * 64], 64, 64, jpeg_encoder::ColorType::Luma)
        .unwrap();
    let processed = Upload::new(JPEG, grey).process().unwrap();
    assert_eq!(corners_of(&read(&processed, Variant::Original, JPEG)), "WWWW");
    let mut cmyk = Vec::new();
    // Ink of cyan and yellow: green.
    let pixels: Vec<u8> = [255, 0, 255, 0].repeat(64 * 64);
    jpeg_encoder::Encoder::new(&mut cmyk, 85)
        .encode(&pixels, 64, 64, jpeg_encoder::ColorType::Cmyk)
        .unwrap();
    let processed = Upload::new(JPEG, cmyk).process().unwrap();
    assert_eq!(corners_of(&read(&processed, Variant::Original, JPEG)), "GGGG");
}

#[test]
fn nothing_is_enlarged() {
    let processed = Upload::new(JPEG, files::jpeg(200, 100)).process().unwrap();
    assert!(
        sizes(&processed)
            .iter()
            .all(|(_, width, height)| (*width, *height) == (200, 100))
    );
    // A line is a picture too.
    let processed = Upload::new(JPEG, files::jpeg(4000, 1)).process().unwrap();
    assert_eq!(sizes(&processed)[3], (Variant::Small, 320, 1));
}

#[test]
fn a_png_keeps_its_alpha_if_it_has_any() {
    let processed = Upload::new(PNG, files::png_with(800, 600, &[])).process().unwrap();
    let original = read(&processed, Variant::Original, PNG);
    let mut reader = png::Decoder::new(std::io::Cursor::new(&original)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let blue = &pixels[4 * (500 * 800 + 100)..][..4];
    assert!(blue[0] < 30 && blue[2] > 200 && blue[3] == 128, "{blue:?}");
    // On white, half transparent blue is light.
    assert_eq!(
        corners_of(&read(&processed, Variant::Small, JPEG)).chars().next_back(),
        Some('W')
    );
    // Colours don't mix with what is transparent.
    let webp = read(&processed, Variant::Small, "image/webp");
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(webp)).unwrap();
    let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut pixels).unwrap();
    let blue = &pixels[4 * (200 * 320 + 40)..][..4];
    assert!(blue[0] < 40 && blue[2] > 190 && blue[3].abs_diff(128) < 8, "{blue:?}");
    // Nothing is transparent: a photo.
    let opaque = Upload::new(PNG, files::empty_png(800, 600, 2, false))
        .process()
        .unwrap();
    assert_eq!(opaque.files[0].media_type, JPEG);
}

#[test]
fn of_an_animation_the_first_frame_stays() {
    let processed = clean(&Upload::new("image/gif", files::gif(400, 100, MARKER)));
    assert_eq!(processed.files[0].media_type, PNG);
    assert_eq!((processed.width, processed.height), (Some(400), Some(100)));
    let colors = corners_of(&read(&processed, Variant::Small, JPEG));
    assert_eq!(colors, "RWRW");
}

// Metadata of images.

#[test]
fn metadata_of_a_jpeg_is_gone() {
    let sized = |magic: &[u8]| [magic, MARKER].concat();
    let segments = [
        exif_segment(1),
        (0xe1, [&b"http://ns.adobe.com/xap/1.0/\0"[..], &xmp()].concat()),
        (0xe2, sized(b"ICC_PROFILE\0\x01\x01")),
        (0xe2, sized(b"MPF\0")),
        (
            0xed,
            sized(b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x30\x1c\x02\x5a\0\x25"),
        ),
        (0xfe, MARKER.to_vec()),
        (0xef, MARKER.to_vec()),
    ];
    for segment in segments {
        clean(&Upload::new(JPEG, with_segments(&files::jpeg(64, 64), &[segment])));
    }
}

#[test]
fn what_follows_a_jpeg_is_dropped() {
    for trailer in [
        MARKER.to_vec(),
        [atom(b"ftyp", b"mp42"), MARKER.to_vec()].concat(),
        with_segments(&files::jpeg(32, 32), &[exif_segment(1)]),
    ] {
        clean(&Upload::new(JPEG, [files::jpeg(64, 64), trailer].concat()));
    }
}

#[test]
fn metadata_of_a_png_is_gone() {
    let text = [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], &xmp()].concat();
    let packed = [&b"Comment\0\0"[..], &files::zlib(&mut &*MARKER.repeat(9))].concat();
    for chunk in [
        png_chunk(b"tEXt", &[b"Comment\0", MARKER].concat()),
        png_chunk(b"iTXt", &text),
        png_chunk(b"eXIf", &exif(6, false)),
        png_chunk(b"teSt", MARKER),
        [png_chunk(b"zTXt", &packed), png_chunk(b"tEXt", MARKER)].concat(),
    ] {
        let is_turned = chunk[4..8] == *b"eXIf";
        let processed = clean(&Upload::new(PNG, files::png_with(64, 32, &[chunk])));
        assert_eq!(processed.width, Some(if is_turned { 32 } else { 64 }));
    }
    clean(&Upload::new(
        PNG,
        [files::png_with(64, 64, &[]), MARKER.to_vec()].concat(),
    ));
}

#[test]
fn metadata_of_a_webp_is_gone() {
    let chunks: &[(&[u8], Vec<u8>)] = &[(b"EXIF", exif(6, true)), (b"XMP ", xmp()), (b"teSt", MARKER.to_vec())];
    let processed = clean(&Upload::new("image/webp", files::webp(640, 480, chunks)));
    assert_eq!((processed.width, processed.height), (Some(480), Some(640)));
    assert_eq!(corners_of(&read(&processed, Variant::Original, JPEG)), "BRWG");
}

// Images that are not.

#[test]
fn pixel_bombs_are_refused_by_their_header() {
    let jpeg = files::jpeg(64, 64);
    let frame = find(&jpeg, b"\xff\xc0");
    let jpeg = patched(jpeg, frame + 5..frame + 9, &[0xff, 0xdc, 0xff, 0xdc]);
    assert_eq!(fate(JPEG, jpeg), Reason::TooManyPixels);
    let png = files::png(&files::png_header(100_000, 100_000, 6, false), &[], b"");
    assert_eq!(fate(PNG, png), Reason::TooManyPixels);
    let gif = patched(files::gif(16, 16, b""), 6..10, &[0xff; 4]);
    assert_eq!(fate("image/gif", gif), Reason::TooManyPixels);
    let webp = patched(files::webp(16, 16, &[]), 24..30, &[0xff, 0x3f, 0, 0xff, 0x3f, 0]);
    assert_eq!(fate("image/webp", webp), Reason::TooManyPixels);
    // Few enough, but all must be held at once.
    assert_eq!(fate(PNG, files::empty_png(6000, 6000, 6, true)), Reason::TooManyPixels);
    let progressive = files::jpeg_of(64, 64, true, SamplingFactor::F_1_1);
    let frame = find(&progressive, b"\xff\xc2");
    let progressive = patched(progressive, frame + 5..frame + 9, &[0x18, 0, 0x18, 0]);
    assert_eq!(fate(JPEG, progressive), Reason::TooManyPixels);
}

#[test]
fn more_pixels_than_the_header_says_are_not_unpacked() {
    let data = files::zlib(&mut std::io::Read::take(std::io::repeat(0), 400 << 20));
    let start = Instant::now();
    let bomb = files::png(&files::png_header(64, 64, 2, false), &[], &data);
    assert_eq!(Upload::new(PNG, bomb).process().unwrap().width, Some(64));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn images_cut_short_are_refused() {
    let jpeg = files::jpeg(256, 256);
    let scan = find(&jpeg, b"\xff\xda");
    for length in [3, 20, scan + 20, jpeg.len() / 2, jpeg.len() * 9 / 10, jpeg.len() - 40] {
        assert_eq!(fate(JPEG, &jpeg[..length]), Reason::Corrupt, "{length}");
    }
    let progressive = files::jpeg_of(256, 256, true, SamplingFactor::F_2_2);
    let last = progressive
        .windows(2)
        .rposition(|marker| marker == b"\xff\xda")
        .unwrap();
    assert_eq!(
        fate(JPEG, [&progressive[..last], b"\xff\xd9"].concat()),
        Reason::Corrupt
    );
    let png = files::png_with(256, 256, &[]);
    for length in [9, 30, png.len() / 2, png.len() - 12] {
        assert_eq!(fate(PNG, &png[..length]), Reason::Corrupt, "{length}");
    }
    let short = files::zlib(&mut &[0; 1000][..]);
    assert_eq!(
        fate(PNG, files::png(&files::png_header(64, 64, 6, false), &[], &short)),
        Reason::Corrupt
    );
    let gif = files::gif(64, 64, b"");
    assert_eq!(fate("image/gif", &gif[..gif.len() - 1]), Reason::Corrupt);
    let webp = files::webp(64, 64, &[]);
    assert_eq!(fate("image/webp", &webp[..webp.len() / 2]), Reason::Corrupt);
}

#[test]
fn a_jpeg_needs_no_mark_at_its_end() {
    let mut grey = Vec::new();
    jpeg_encoder::Encoder::new(&mut grey, 85)
        .encode(&[200; 64 * 64], 64, 64, jpeg_encoder::ColorType::Luma)
        .unwrap();
    for jpeg in [
        files::jpeg(64, 64),
        files::jpeg(250, 130),
        files::jpeg_of(250, 130, true, SamplingFactor::F_2_2),
        files::jpeg_of(250, 130, false, SamplingFactor::F_1_1),
        grey,
    ] {
        let whole = Upload::new(JPEG, &jpeg).process().unwrap();
        let marked = &jpeg[..jpeg.len() - 2];
        // Without a mark, with half of one, with fill bytes and nothing behind them.
        for end in [&b""[..], b"\xff", b"\xff\xff", b"\xff\xff\xff\xff\xff"] {
            let open = Upload::new(JPEG, [marked, end].concat()).process().unwrap();
            for variant in [Variant::Original, Variant::Small] {
                assert_eq!(read(&open, variant, JPEG), read(&whole, variant, JPEG), "{end:?}");
            }
        }
        let scan = jpeg.windows(2).rposition(|marker| marker == b"\xff\xda").unwrap();
        assert_eq!(fate(JPEG, &jpeg[..scan + 14]), Reason::Corrupt);
    }
}

#[test]
fn broken_pixels_are_refused_without_a_panic() {
    let mut state = 7_u32;
    for (media_type, content) in [
        (JPEG, files::jpeg(96, 96)),
        (JPEG, files::jpeg_of(96, 96, true, SamplingFactor::F_2_2)),
        (PNG, files::png_with(96, 96, &[])),
        ("image/gif", files::gif(96, 96, MARKER)),
        ("image/webp", files::webp(96, 96, &[])),
        ("image/webp", files::webp_without_loss(96, 96)),
        ("image/webp", files::webp_with_alpha(96, 96)),
        (MP4, Film::default().make()),
        (MP4, files::fragmented()),
        ("video/webm", files::webm(false)),
        ("video/webm", files::webm(true)),
        ("audio/mpeg", files::mp3()),
        ("audio/ogg", files::ogg()),
        ("audio/wav", files::wav()),
        (files::DOCX, files::docx(vec![])),
    ] {
        for _ in 0..60 {
            let mut broken = content.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (state >> 8) as usize % broken.len();
                broken[at] = state as u8;
            }
            match Upload::new(media_type, broken).process() {
                Ok(_) | Err(Refusal::Refused(..)) => {}
                Err(other) => panic!("{media_type}: {other:?}"),
            }
        }
    }
}

#[test]
fn huge_metadata_is_refused() {
    let segment = (0xe1, [&b"Exif\0\0"[..], &[7; 65_000]].concat());
    assert_eq!(
        fate(JPEG, with_segments(&files::jpeg(64, 64), &vec![segment; 300])),
        Reason::TooLarge
    );
    assert_eq!(
        fate(JPEG, with_segments(&files::jpeg(64, 64), &vec![(0xe1, vec![]); 30_000])),
        Reason::TooLarge
    );
    let text = [b"Comment\0", &*vec![b'a'; 20 << 20]].concat();
    assert_eq!(
        fate(PNG, files::png_with(64, 64, &[png_chunk(b"iTXt", &text)])),
        Reason::TooLarge
    );
    // Packed text is never unpacked.
    let packed = [
        &b"Comment\0\0"[..],
        &files::zlib(&mut std::io::Read::take(std::io::repeat(b'a'), 200 << 20)),
    ]
    .concat();
    assert!(
        Upload::new(PNG, files::png_with(64, 64, &[png_chunk(b"zTXt", &packed)]))
            .process()
            .is_ok()
    );
    let gif = files::gif(16, 16, &vec![b'a'; 17 << 20]);
    assert_eq!(fate("image/gif", gif), Reason::TooLarge);
}

#[test]
fn passes_without_end_are_refused() {
    let jpeg = files::jpeg(64, 64);
    let scan = find(&jpeg, b"\xff\xda");
    let (head, pass) = jpeg[..jpeg.len() - 2].split_at(scan);
    assert_eq!(
        fate(JPEG, [head, &pass.repeat(100), b"\xff\xd9"].concat()),
        Reason::Unsafe
    );
}

// Types.

#[test]
fn the_content_says_what_a_file_is() {
    const ODT: &str = "application/vnd.oasis.opendocument.text";
    let contents: &[(&'static str, Kind, Vec<u8>)] = &[
        (JPEG, Kind::Image, files::jpeg(64, 64)),
        (PNG, Kind::Image, files::png_with(64, 64, &[])),
        ("image/gif", Kind::Image, files::gif(16, 16, b"")),
        ("image/webp", Kind::Image, files::webp(64, 64, &[])),
        (MP4, Kind::Video, Film::default().make()),
        ("video/webm", Kind::Video, files::webm(false)),
        ("audio/mpeg", Kind::Audio, files::mp3()),
        ("audio/ogg", Kind::Audio, files::ogg()),
        ("audio/wav", Kind::Audio, files::wav()),
        (PDF, Kind::Document, files::pdf("")),
        (files::DOCX, Kind::Document, files::docx(vec![])),
        (ODT, Kind::Document, files::odt(vec![])),
    ];
    let labels = [
        "image/heic",
        "audio/m4a",
        "application/vnd.ms-excel",
        "application/octet-stream",
        "",
        "text/plain",
    ];
    for (is, kind, content) in contents {
        let declared = contents.iter().map(|(declared, ..)| *declared).chain(labels);
        for declared in declared {
            let made = Upload::new(declared, content).process();
            let made = made.unwrap_or_else(|error| panic!("{is} as {declared}: {error}"));
            assert_eq!((made.media_type, made.kind), (*is, *kind), "{is} as {declared}");
        }
    }
}

/// Whatever there is passes for text: it has to be said.
#[test]
fn a_text_is_none_of_the_others() {
    let text = "Caf\u{e9} um drei?\r\n";
    for (declared, is) in [
        ("text/plain", "text/plain"),
        ("text/markdown", "text/plain"),
        ("", "text/plain"),
        ("application/vnd.ms-excel", "text/csv"),
        ("text/comma-separated-values", "text/csv"),
    ] {
        assert_eq!(
            Upload::new(declared, text).process().unwrap().media_type,
            is,
            "{declared}"
        );
    }
    for declared in [JPEG, PNG, MP4, "audio/mpeg", PDF, files::DOCX, "application/msword"] {
        let reason = fate(declared, text);
        assert_eq!(reason, Reason::TypeMismatch, "{declared}");
        assert!(reason.is_quarantined());
    }
}

#[test]
fn the_name_of_a_program_is_a_mismatch() {
    let upload = Upload::new(JPEG, files::jpeg(64, 64));
    let limits = Limits::default();
    for (name, is_fine) in [
        ("IMG_1.JPG", true),
        ("image", true),
        ("a.b.jpeg", true),
        ("a.png", true),
        ("a.heic", true),
        ("WhatsApp Image 2026-11-28 at 10.15.23", true),
        ("a.exe", false),
        ("a.jpg.html", false),
        ("a.jpg.SVG ", false),
    ] {
        let result = process(&Input {
            path: &upload.path,
            size: fs::metadata(&upload.path).unwrap().len(),
            declared_type: "Image/JPEG; a=b",
            file_name: name,
            work_dir: upload.folder.path(),
            limits: &limits,
            is_cancelled: &|| false,
            progress: &|_| {},
            ffmpeg: None,
        });
        match result {
            Ok(_) => assert!(is_fine, "{name}"),
            Err(Refusal::Refused(reason, _)) => assert!(!is_fine && reason == Reason::TypeMismatch, "{name}"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_not_taken_is_refused() {
    assert_eq!(Label::of("image/svg+xml"), None);
    assert_eq!(fate("application/zip", files::zip(&[])), Reason::TypeMismatch);
    for other in [
        &b"\0\0\0\x18ftypheic\0\0\0\0"[..],
        b"\0\0\0\x18ftypavif\0\0\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
    ] {
        assert_eq!(fate(JPEG, other), Reason::UnsupportedType);
    }
    assert_eq!(
        fate(
            "image/svg+xml",
            "<svg xmlns='http://www.w3.org/2000/svg'><circle r='1'/></svg>"
        ),
        Reason::UnsupportedType
    );
    assert_eq!(fate(JPEG, ""), Reason::Corrupt);
    assert_eq!(fate("text/csv", ""), Reason::Corrupt);
}

#[test]
fn active_content_is_quarantined() {
    let script =
        "<?xml version='1.0'?><!-- a --><svg xmlns='http://www.w3.org/2000/svg'><ScRipt>alert(1)</ScRipt></svg>";
    assert_eq!(fate("image/svg+xml", script), Reason::Unsafe);
    assert_eq!(fate(PNG, script), Reason::Unsafe);
    // As a text, nothing runs it.
    let text = |content: &[u8]| Upload::new("text/plain", content).process().unwrap().media_type;
    assert_eq!(text(b"<svg onload=alert(1)>"), "text/plain");
    assert_eq!(fate(PNG, "<svg><circle r='1'/></svg>"), Reason::TypeMismatch);
    let late = format!("<svg>{}<a href='javascript:alert(1)'/></svg>", " ".repeat(100_000));
    assert_eq!(fate(PNG, late), Reason::Unsafe);
    for html in [
        "<!DOCTYPE html><html>",
        "\u{feff}  <html>",
        "<!-- a --><script>",
        "<?php echo 1;",
    ] {
        assert_eq!(fate(JPEG, html), Reason::TypeMismatch);
        assert_eq!(text(html.as_bytes()), "text/plain");
        assert_eq!(
            Upload::new("text/csv", html).process().unwrap().media_type,
            "text/plain"
        );
    }
    for mark in ["\u{feff}", ""] {
        let wide = format!("{mark}<html> Čau 😀");
        let little: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = wide.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((text(&little), text(&big)), ("text/plain", "text/plain"));
        assert_eq!(fate(JPEG, little), Reason::TypeMismatch);
        assert_eq!(fate("text/plain", &big[..big.len() - 1]), Reason::TypeMismatch);
        assert_eq!(
            fate("text/plain", &big[..big.len() - 2]),
            Reason::TypeMismatch,
            "half a pair"
        );
    }
    let program = [&b"MZ\x90\0"[..], &[0; 200]].concat();
    assert_eq!(fate(JPEG, &program), Reason::Unsafe);
    assert_eq!(fate("text/plain", "#!/bin/sh\nrm -rf ~"), Reason::Unsafe);
    assert_eq!(fate("text/plain", b"a\0b"), Reason::TypeMismatch);
}

#[test]
fn a_second_format_is_quarantined() {
    let archive = files::zip(&[entry("Applet.class", b"\xca\xfe\xba\xbe")]);
    for (media_type, content) in [
        (JPEG, files::jpeg(64, 64)),
        ("image/gif", files::gif(16, 16, b"")),
        (PNG, files::png_with(64, 64, &[])),
        ("image/webp", files::webp(64, 64, &[])),
        (PDF, files::pdf("")),
        (MP4, Film::default().make()),
        ("audio/wav", files::wav()),
    ] {
        assert_eq!(
            fate(media_type, [content.clone(), archive.clone()].concat()),
            Reason::Unsafe,
            "{media_type}"
        );
        // An archive whose places count from the beginning of the file, and one with a comment.
        let mut shifted = [content, archive.clone(), b"a comment".to_vec()].concat();
        let end = shifted.len() - 11;
        shifted[end] = 9;
        assert_eq!(fate(media_type, shifted), Reason::Unsafe, "{media_type}");
    }
    for second in [
        files::pdf(""),
        b"<html><script>".to_vec(),
        b"Rar!\x1a\x07\0".to_vec(),
        [&b"MZ"[..], &[0; 99]].concat(),
    ] {
        assert_eq!(fate(JPEG, [files::jpeg(64, 64), second].concat()), Reason::Unsafe);
    }
    let inside = with_segments(&files::jpeg(64, 64), &[(0xfe, files::pdf(""))]);
    assert_eq!(fate(JPEG, inside), Reason::Unsafe);
    // An archive in a comment, at the end of which the image begins, still ends the file.
    let inside = files::gif(16, 16, &archive);
    assert!(Upload::new("image/gif", inside).process().is_ok());
}

// Documents.

#[test]
fn a_text_may_begin_with_any_word() {
    for text in [
        "Are free on Monday",
        "ID3 tags",
        "BZhello",
        "Now,moov it",
        "MZ is short",
        "a < b",
        "\tskip;1",
    ] {
        assert!(Upload::new("text/plain", text).process().is_ok(), "{text}");
    }
}

#[test]
fn documents_stay_as_they_are() {
    for (media_type, content) in [
        (PDF, files::pdf("")),
        (files::DOCX, files::docx(vec![])),
        ("application/vnd.oasis.opendocument.text", files::odt(vec![])),
        ("text/csv", b"Name;Stra\xdfe\nLena;1\n".to_vec()),
        (
            "text/plain",
            "\u{feff}Čau".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
    ] {
        let processed = Upload::new(media_type, &content).process().unwrap();
        assert_eq!((processed.kind, processed.media_type), (Kind::Document, media_type));
        assert_eq!(read(&processed, Variant::Original, media_type), content);
    }
    let chart = files::docx_of(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        vec![],
    );
    let with_chart = files::docx(vec![entry("word/embeddings/Sheet1.xlsx", &chart)]);
    assert!(Upload::new(files::DOCX, with_chart).process().is_ok());
}

#[test]
fn pdfs_that_act_are_quarantined() {
    for action in [
        "/S /JavaScript /JS (app.alert(1))",
        "/S /J#61va#53cript",
        "/S /Launch",
        "/X (<script>alert(1)</script>)",
    ] {
        assert_eq!(fate(PDF, files::pdf(action)), Reason::Unsafe, "{action}");
    }
    let padded = files::pdf(&format!("/A ({}) /S /JavaScript", "a".repeat((64 << 10) - 70)));
    assert_eq!(fate(PDF, padded), Reason::Unsafe);
    assert_eq!(
        fate(
            PDF,
            [files::pdf(""), b"<html><script>alert(1)</script>".to_vec()].concat()
        ),
        Reason::Unsafe
    );
    assert_eq!(
        fate(PDF, [files::pdf(""), b"var a = 1;".to_vec()].concat()),
        Reason::Unsafe
    );
    assert_eq!(fate(PDF, &files::pdf("")[..50]), Reason::Corrupt);
}

#[test]
fn archives_that_explode_are_quarantined() {
    let zeros = |bytes: u64| std::io::Read::take(std::io::repeat(0), bytes);
    let flat = files::docx(vec![entry_of("word/media/a.bin", &mut zeros(600 << 20))]);
    assert_eq!(fate(files::DOCX, &flat), Reason::Unsafe);
    let ratio = files::docx(vec![entry_of("word/media/a.bin", &mut zeros(40 << 20))]);
    assert_eq!(fate(files::DOCX, &ratio), Reason::Unsafe);
    // It says that it is small.
    let lying = files::docx(vec![entry_of("word/media/a.bin", &mut zeros(600 << 20)).claiming(1000)]);
    assert_eq!(fate(files::DOCX, lying), Reason::Unsafe);
    let many: Vec<_> = (0..12_000)
        .map(|index| entry(Box::leak(format!("{index}").into_boxed_str()), b""))
        .collect();
    assert_eq!(fate(files::DOCX, files::docx(many)), Reason::Unsafe);
    // What is inside of what is inside.
    let nested = files::docx(vec![entry("word/media/b.zip", &flat)]);
    assert_eq!(fate(files::DOCX, nested), Reason::Unsafe);
    let embedded = files::docx(vec![entry("word/embeddings/b.xlsx", &flat)]);
    assert_eq!(fate(files::DOCX, embedded), Reason::Unsafe);
    let deep = files::docx(vec![entry(
        "word/embeddings/c.xlsx",
        &files::docx(vec![entry("word/embeddings/d.xlsx", &files::docx(vec![]))]),
    )]);
    assert_eq!(fate(files::DOCX, deep), Reason::Unsafe);
    assert_eq!(fate(files::DOCX, files::overlapping()), Reason::Unsafe);
}

#[test]
fn office_files_that_act_are_quarantined() {
    for name in [
        "word/vbaProject.bin",
        "word/activeX/activeX1.bin",
        "xl/macrosheets/sheet1.xml",
        "Basic/Standard/Module1.xml",
    ] {
        assert_eq!(
            fate(files::DOCX, files::docx(vec![entry(name, b"Sub AutoOpen()")])),
            Reason::Unsafe,
            "{name}"
        );
    }
    let odt = files::odt(vec![entry("Basic/script-lc.xml", b"<library/>")]);
    assert_eq!(fate("application/vnd.oasis.opendocument.text", odt), Reason::Unsafe);
    let macros = files::docx(vec![entry("a.xml", b"")]);
    assert!(Upload::new(files::DOCX, macros).process().is_ok());
    let renamed = files::docx_of("application/vnd.ms-word.document.macroEnabled", vec![]);
    assert_eq!(fate(files::DOCX, renamed), Reason::Unsafe);
    for program in [
        &b"MZ\0\0"[..],
        b"\x7fELF",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"Rar!\x1a\x07\0",
    ] {
        assert_eq!(
            fate(files::DOCX, files::docx(vec![entry("word/embeddings/a.bin", program)])),
            Reason::Unsafe
        );
    }
    assert_eq!(
        fate(files::DOCX, files::docx(vec![entry("../../a", b"a")])),
        Reason::Unsafe
    );
    let docx = files::docx(vec![]);
    let flags = find(&docx, b"PK\x01\x02") + 8;
    assert_eq!(
        fate(files::DOCX, patched(docx.clone(), flags..flags + 1, &[1])),
        Reason::Unsafe
    );
    let hidden = [b"PK\x03\x04hidden".to_vec(), docx.clone()].concat();
    assert_eq!(fate(files::DOCX, hidden), Reason::Unsafe);
    assert_eq!(fate(files::DOCX, &docx[..docx.len() - 30]), Reason::Corrupt);
    // A program for phones is an archive too.
    assert_eq!(
        fate(
            files::DOCX,
            files::zip(&[entry("META-INF/MANIFEST.MF", b"Main-Class: A")])
        ),
        Reason::TypeMismatch
    );
}

// Video and sound.

#[test]
fn a_film_loses_its_metadata_and_nothing_else() {
    let text = |kind: &[u8; 4]| atom(kind, MARKER);
    let udta = atom(
        b"udta",
        &[
            text(b"\xa9xyz"),
            text(b"loci"),
            atom(b"meta", &[vec![0; 4], text(b"ilst")].concat()),
        ]
        .concat(),
    );
    let film = Film {
        in_moov: [udta, text(b"meta"), text(b"uuid")].concat(),
        behind: [text(b"uuid"), text(b"free"), text(b"XYZ "), MARKER.to_vec()].concat(),
        has_positions: true,
        turned: true,
        ..Film::default()
    };
    let source = film.make();
    let processed = clean(&Upload::new(MP4, &source));
    assert_eq!((processed.kind, processed.media_type), (Kind::Video, MP4));
    assert_eq!(processed.duration, Some(Duration::from_millis(2500)));
    assert_eq!((processed.width, processed.height), (Some(240), Some(320)));
    let made = read(&processed, Variant::Original, MP4);
    for samples in [PICTURE, SOUND, b"\x01configuration"] {
        let at = find(&source, samples);
        assert_eq!(&made[at..at + samples.len()], samples);
    }
    assert!(!has(&made, b"gpmd") && !has(&made, b"udta"));
}

#[test]
fn fragments_lose_their_metadata() {
    let source = files::fragmented();
    let processed = clean(&Upload::new(MP4, &source));
    assert_eq!(processed.duration, Some(Duration::from_secs(1)));
    let made = read(&processed, Variant::Original, MP4);
    let count = |bytes: &[u8]| bytes.windows(PICTURE.len()).filter(|window| *window == PICTURE).count();
    assert_eq!((count(&source), count(&made)), (3, 3));
}

#[test]
fn films_that_lie_are_refused() {
    assert_eq!(fate(MP4, Film::endless().make()), Reason::TooLarge);
    let film = Film::default().make();
    for length in [20, film.len() / 2, film.len() - 1] {
        assert_eq!(fate(MP4, &film[..length]), Reason::Corrupt, "{length}");
    }
    // Boxes larger than what is around them, without length, and in each other without end.
    let track = find(&film, b"mdia");
    for size in [0_u32, 1, 7, 0x7fff_ffff, u32::MAX] {
        assert_eq!(
            fate(MP4, patched(film.clone(), track - 4..track, &size.to_be_bytes())),
            Reason::Corrupt,
            "{size}"
        );
    }
    let outer = find(&film, b"moov");
    assert_eq!(
        fate(MP4, patched(film.clone(), outer - 4..outer, &[0x7f, 0, 0, 0])),
        Reason::Corrupt
    );
    let deep = (0..5000).fold(vec![], |inside, _| atom(b"trak", &inside));
    assert_eq!(
        fate(
            MP4,
            Film {
                in_moov: deep,
                ..Film::default()
            }
            .make()
        ),
        Reason::Corrupt
    );
    // Samples where the index is, and beyond the end.
    for offset in [0, film.len() as u32 - 40, u32::MAX - 3] {
        assert_eq!(
            fate(
                MP4,
                Film {
                    offset: Some(offset),
                    ..Film::default()
                }
                .make()
            ),
            Reason::Corrupt
        );
    }
    let elsewhere = find(&film, b"url ") + 7;
    assert_eq!(
        fate(MP4, patched(film.clone(), elsewhere..elsewhere + 1, &[0])),
        Reason::Unsafe
    );
    let huge = Film {
        in_moov: atom(b"udta", &vec![0; 30 << 20]),
        ..Film::default()
    };
    assert_eq!(fate(MP4, huge.make()), Reason::TooLarge);
    // As many samples as there are numbers, all of the same size.
    let sizes = find(&film, b"stsz");
    let many = patched(film.clone(), sizes + 8..sizes + 16, &[0xff; 8]);
    assert_eq!(fate(MP4, many), Reason::Corrupt);
}

#[test]
fn webm_loses_its_metadata() {
    for is_live in [false, true] {
        let source = files::webm(is_live);
        let processed = clean(&Upload::new("video/webm", &source));
        assert_eq!(processed.duration, Some(Duration::from_millis(150)));
        assert_eq!((processed.width, processed.height), (Some(320), Some(240)));
        let made = read(&processed, Variant::Original, "video/webm");
        let at = find(&source, PICTURE);
        assert_eq!(&made[at..at + PICTURE.len()], PICTURE);
        assert!(!has(&made, b"a phone"));
    }
    let source = files::webm(false);
    assert_eq!(fate("video/webm", &source[..source.len() / 2]), Reason::Corrupt);
}

#[test]
fn sound_loses_its_tags() {
    let processed = clean(&Upload::new("audio/mpeg", files::mp3()));
    assert_eq!(processed.duration.unwrap().as_millis(), 522);
    assert_eq!(processed.files[0].size, 20 * 417);
    let processed = clean(&Upload::new("audio/wav", files::wav()));
    assert_eq!(processed.duration, Some(Duration::from_secs(1)));
    assert_eq!(processed.files[0].size, 44 + 16_000);
    let processed = clean(&Upload::new("audio/ogg", files::ogg()));
    assert_eq!(processed.duration, Some(Duration::from_secs(2)));
    let made = read(&processed, Variant::Original, "audio/ogg");
    assert!(has(&made, SOUND) && !has(&made, b"ARTIST"));
    // The sums of all pages hold.
    let starts: Vec<_> = (0..made.len())
        .filter(|at| made[*at..].starts_with(b"OggS\0"))
        .chain([made.len()])
        .collect();
    assert_eq!(starts.len(), 5);
    for page in starts.windows(2).map(|ends| &made[ends[0]..ends[1]]) {
        let sum = u32::from_le_bytes(page[22..26].try_into().unwrap());
        assert_eq!(files::ogg_checksum(&patched(page.to_vec(), 22..26, &[0; 4])), sum);
    }
}

// The poster.

/// A program that stands for ffmpeg.
fn script(upload: &Upload, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = upload.folder.path().join("ffmpeg");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_poster_is_made_if_ffmpeg_is_there() {
    let upload = Upload::new(MP4, Film::default().make());
    let frame = upload.folder.path().join("from.jpg");
    fs::write(
        &frame,
        with_segments(&files::jpeg(1280, 720), &[(0xfe, MARKER.to_vec())]),
    )
    .unwrap();
    // Where to write comes last.
    let ffmpeg = script(
        &upload,
        &format!("for last; do :; done; exec /bin/cp {} \"$last\"", frame.display()),
    );
    let processed = upload.process_with(&Limits::default(), Some(&ffmpeg)).unwrap();
    let posters: Vec<_> = processed
        .files
        .iter()
        .filter(|file| file.variant == Variant::Poster)
        .collect();
    assert_eq!(posters.len(), 2);
    for poster in posters {
        assert_eq!((poster.width, poster.height), (Some(960), Some(540)));
        assert!(!has(&fs::read(&poster.path).unwrap(), MARKER));
    }
    assert!(processed.blurhash.is_some());
    for failure in ["exit 1", "exit 0", "for last; do :; done; echo no image > \"$last\""] {
        let ffmpeg = script(&upload, failure);
        let processed = upload.process_with(&Limits::default(), Some(&ffmpeg)).unwrap();
        assert_eq!((processed.files.len(), processed.blurhash.clone()), (1, None));
    }
}

#[test]
fn ffmpeg_is_killed_when_time_is_up() {
    let upload = Upload::new(MP4, Film::default().make());
    let pid = upload.folder.path().join("pid");
    let ffmpeg = script(&upload, &format!("echo $$ > {}; exec /bin/sleep 60", pid.display()));
    let limits = Limits {
        time: Duration::from_secs(2),
        ..Limits::default()
    };
    let start = Instant::now();
    let refused = upload.process_with(&limits, Some(&ffmpeg));
    assert!(
        matches!(refused, Err(Refusal::Refused(Reason::TimedOut, _))),
        "{refused:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(10));
    let pid = fs::read_to_string(pid).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}

// Bounds.

#[test]
fn work_stops_when_it_is_cancelled_or_late() {
    let zeros = entry_of(
        "word/media/a.bin",
        &mut std::io::Read::take(std::io::repeat(0), 90 << 20),
    );
    for (media_type, content) in [
        (JPEG, files::jpeg_of(1000, 1000, false, SamplingFactor::F_2_2)),
        (PNG, files::empty_png(3000, 3000, 2, false)),
        (
            MP4,
            Film {
                behind: atom(b"mdat", &vec![0; 20 << 20]),
                ..Film::default()
            }
            .make(),
        ),
        (files::DOCX, files::docx(vec![zeros])),
        ("text/plain", vec![b'a'; 9 << 20]),
    ] {
        let upload = Upload::new(media_type, content);
        let limits = Limits {
            max_zip_ratio: 9999,
            ..Limits::default()
        };
        let asked = AtomicUsize::new(0);
        let result = process(&Input {
            path: &upload.path,
            size: fs::metadata(&upload.path).unwrap().len(),
            declared_type: media_type,
            file_name: "a",
            work_dir: upload.folder.path(),
            limits: &limits,
            // In the midst of it.
            is_cancelled: &|| asked.fetch_add(1, Ordering::Relaxed) >= 9,
            progress: &|_| {},
            ffmpeg: None,
        });
        assert!(matches!(result, Err(Refusal::Cancelled)), "{media_type}: {result:?}");
        assert_eq!(asked.into_inner(), 10, "{media_type}");
        let limits = Limits {
            time: Duration::ZERO,
            ..limits
        };
        let late = upload.process_with(&limits, None);
        assert!(
            matches!(late, Err(Refusal::Refused(Reason::TimedOut, _))),
            "{media_type}: {late:?}"
        );
    }
}

#[test]
fn another_size_than_declared_is_refused() {
    let upload = Upload::new(JPEG, files::jpeg(64, 64));
    let result = || {
        process(&Input {
            path: &upload.path,
            size: 7,
            declared_type: JPEG,
            file_name: "a",
            work_dir: upload.folder.path(),
            limits: &Limits::default(),
            is_cancelled: &|| false,
            progress: &|_| {},
            ffmpeg: None,
        })
    };
    assert!(matches!(result(), Err(Refusal::Refused(Reason::Corrupt, _))));
    fs::remove_file(&upload.path).unwrap();
    assert!(matches!(result(), Err(Refusal::Io(_))));
}
