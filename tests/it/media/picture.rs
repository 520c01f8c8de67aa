//! Pictures through the server: which are taken, and that their colours are those that were meant.

use http::StatusCode;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use moxcms::{ColorProfile, DataColorSpace, LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass};
use serde_json::{Value, json};

use super::{
    Phone, announced,
    hostile::{
        bits,
        files::{self, find, patched, png_chunk, png_header, rows, with_segments, zlib},
    },
};
use crate::support::{Cast, World};

const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const GIF: &str = "image/gif";
const WEBP: &str = "image/webp";

const READY: &str = "READY";
const PIXELS: &str = "FAILED/TOO_MANY_PIXELS";
const CORRUPT: &str = "FAILED/CORRUPT";

/// Levels that compression may move a colour by.
const LOSS: u8 = 4;

const GREEN: [u8; 3] = [0, 255, 0];
const SKIN: [u8; 3] = [200, 120, 100];

impl World {
    /// What becomes of a file: its fate, and what is given out in its place.
    async fn fate(&self, cast: &Cast, media_type: &str, content: &[u8]) -> (String, Vec<u8>) {
        let mut input = announced(&cast.space, &cast.during, content, media_type);
        input["fileName"] = json!("picture");
        let item = self.sent_as(&cast.mobile, input, content).await;
        let complete = json!({ "mediaItemId": item });
        self.done(&cast.mobile, "mediaUploadComplete", complete, "").await;
        assert_eq!(self.work().await, 1);
        let selection = "file { status failureReason url }";
        let file = &self.seen(&cast.mobile, &item, selection).await["file"];
        let text = |field: &str| file[field].as_str().map(str::to_owned);
        let status = text("status").unwrap();
        let Some(url) = text("url") else {
            return (format!("{status}/{}", text("failureReason").unwrap()), Vec::new());
        };
        assert_eq!(file["failureReason"], Value::Null);
        let answer = Phone::new(self).await.get(&url).await;
        assert_eq!(answer.status, StatusCode::OK);
        (status, answer.body)
    }

    /// The colour in the middle of what is given out, with its transparency.
    async fn colour(&self, cast: &Cast, media_type: &str, content: &[u8]) -> [u8; 4] {
        let (fate, body) = self.fate(cast, media_type, content).await;
        assert_eq!(fate, READY);
        let (_, _, pixels) = pixels(&body);
        pixels[pixels.len() / 2]
    }
}

/// Width, height and pixels of a JPEG or PNG.
fn pixels(content: &[u8]) -> (u32, u32, Vec<[u8; 4]>) {
    if content.starts_with(b"\xff\xd8") {
        let mut decoder = jpeg_decoder::Decoder::new(content);
        let pixels = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        let pixels = pixels.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2], 255]);
        return (info.width.into(), info.height.into(), pixels.collect());
    }
    let mut reader = png::Decoder::new(std::io::Cursor::new(content)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgba);
    (
        info.width,
        info.height,
        pixels.chunks_exact(4).map(|pixel| pixel.try_into().unwrap()).collect(),
    )
}

#[track_caller]
fn assert_near(found: [u8; 4], meant: [u8; 4], what: &str) {
    let is_near = found
        .iter()
        .zip(meant)
        .all(|(found, meant)| found.abs_diff(meant) <= LOSS);
    assert!(is_near, "{what}: {found:?} instead of {meant:?}");
}

/// Opaque.
fn full([red, green, blue]: [u8; 3]) -> [u8; 4] {
    [red, green, blue, 255]
}

fn jpeg_of(colour: &[u8], kind: ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 98);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.encode(&colour.repeat(64 * 64), 64, 64, kind).unwrap();
    bytes
}

/// A marker of a JPEG, and what stands behind it.
type Segment = (u8, Vec<u8>);

/// The segments of a profile in so many parts.
fn segments(profile: &[u8], count: usize) -> Vec<Segment> {
    profile
        .chunks(profile.len().div_ceil(count))
        .zip(1_u8..)
        .map(|(part, number)| (0xe2, [b"ICC_PROFILE\0", &[number, count as u8][..], part].concat()))
        .collect()
}

fn jpeg(colour: [u8; 3], profile: &[u8]) -> Vec<u8> {
    with_segments(&jpeg_of(&colour, ColorType::Rgb), &segments(profile, 1))
}

/// A PNG of one colour with some chunks; 0 is grey, 2 RGB, 6 RGBA.
fn png(colour: &[u8], kind: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let pixels = colour.repeat(40 * 30);
    files::png(
        &png_header(40, 30, kind, false),
        chunks,
        &zlib(&mut &*rows(&pixels, 40 * colour.len())),
    )
}

fn iccp(profile: &[u8]) -> Vec<u8> {
    png_chunk(b"iCCP", &[b"as it is called\0\0", &*zlib(&mut &*profile)].concat())
}

fn p3() -> Vec<u8> {
    ColorProfile::new_display_p3().encode().unwrap()
}

/// A profile of inks for which cyan is grey: a table of two places for each, from inks to Lab.
fn inks() -> Vec<u8> {
    let mut table = Vec::new();
    for place in 0..16_u32 {
        let ink = |at: u32| (place >> (3 - at)) & 1;
        let light = if ink(3) == 1 { 0 } else { 100 - 50 * ink(0) };
        table.extend([(light * 0xff00 / 100) as u16, 0x8000, 0x8000]);
    }
    let straight = |channels: usize| LutStore::Store16([0, 0xffff].repeat(channels));
    let mut profile = ColorProfile::new_srgb();
    profile.color_space = DataColorSpace::Cmyk;
    profile.pcs = DataColorSpace::Lab;
    profile.profile_class = ProfileClass::OutputDevice;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (None, None, None);
    profile.lut_a_to_b_perceptual = Some(LutWarehouse::Lut(LutDataType {
        num_input_channels: 4,
        num_output_channels: 3,
        num_clut_grid_points: 2,
        matrix: Matrix3d::IDENTITY,
        num_input_table_entries: 2,
        num_output_table_entries: 2,
        input_table: straight(4),
        clut_table: LutStore::Store16(table),
        output_table: straight(3),
        lut_type: LutType::Lut16,
    }));
    profile.encode().unwrap()
}

/// Colours of a profile, and the same in sRGB, by another program.
fn known() -> Vec<(&'static str, ColorProfile, [u8; 3], [u8; 3])> {
    vec![
        ("Display P3", ColorProfile::new_display_p3(), SKIN, [213, 115, 95]),
        ("Display P3", ColorProfile::new_display_p3(), [90, 197, 59], [0, 200, 7]),
        ("Display P3", ColorProfile::new_display_p3(), GREEN, GREEN),
        ("Adobe RGB", ColorProfile::new_adobe_rgb(), SKIN, [224, 121, 99]),
        ("Adobe RGB", ColorProfile::new_adobe_rgb(), [30, 60, 180], [0, 57, 185]),
        ("ProPhoto", ColorProfile::new_pro_photo_rgb(), SKIN, [255, 114, 115]),
        ("sRGB", ColorProfile::new_srgb(), SKIN, SKIN),
    ]
}

#[tokio::test]
async fn colours_of_profiles_become_those_of_srgb() {
    let (world, cast) = World::with_cast().await;
    for (name, profile, colour, meant) in known() {
        let profile = profile.encode().unwrap();
        let found = world.colour(&cast, JPEG, &jpeg(colour, &profile)).await;
        assert_near(found, full(meant), name);
        // Transparency is no colour.
        let (half, [red, green, blue]) = ([colour.as_slice(), &[99]].concat(), meant);
        let found = world.colour(&cast, PNG, &png(&half, 6, &[iccp(&profile)])).await;
        assert_near(found, [red, green, blue, 99], name);
    }
    // Each other format.
    let gif = {
        let mut bytes = Vec::new();
        let mut encoder = gif::Encoder::new(&mut bytes, 40, 30, &SKIN).unwrap();
        let profile = p3();
        let blocks: Vec<_> = std::iter::once(&b"ICCRGBG1012"[..])
            .chain(profile.chunks(255))
            .collect();
        encoder.write_raw_extension(gif::AnyExtension(0xff), &blocks).unwrap();
        let pixels = vec![0; 40 * 30];
        encoder
            .write_frame(&gif::Frame::from_indexed_pixels(40, 30, pixels, None))
            .unwrap();
        drop(encoder);
        bytes
    };
    assert_near(world.colour(&cast, GIF, &gif).await, full([213, 115, 95]), "GIF");
    let still = webp::Encoder::from_rgb(&SKIN.repeat(64 * 64), 64, 64)
        .encode_lossless()
        .to_vec();
    let webp = bits::extended((64, 64), 0x20, &[bits::chunk(b"ICCP", &p3()), still[12..].to_vec()]);
    assert_near(world.colour(&cast, WEBP, &webp).await, full([213, 115, 95]), "WebP");
}

#[tokio::test]
async fn inks_and_shades_have_profiles_too() {
    let (world, cast) = World::with_cast().await;
    // Linear light.
    let linear = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let grey = |profile: &[u8]| with_segments(&jpeg_of(&[128], ColorType::Luma), &segments(profile, 1));
    assert_near(
        world.colour(&cast, JPEG, &grey(&linear)).await,
        full([188; 3]),
        "grey JPEG",
    );
    assert_near(
        world.colour(&cast, PNG, &png(&[128], 0, &[iccp(&linear)])).await,
        full([188; 3]),
        "grey PNG",
    );
    // One that is not for shades.
    let wrong = inks();
    assert_near(
        world.colour(&cast, JPEG, &grey(&wrong)).await,
        full([128; 3]),
        "grey of inks",
    );

    let cyan = [255, 0, 0, 0];
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let plain = jpeg_of(&cyan, kind);
        assert_near(
            world.colour(&cast, JPEG, &plain).await,
            full([0, 255, 255]),
            "inks without a profile",
        );
        let profiled = with_segments(&plain, &segments(&inks(), 1));
        assert_near(world.colour(&cast, JPEG, &profiled).await, full([119; 3]), "inks");
        let misled = with_segments(&plain, &segments(&p3(), 1));
        assert_near(
            world.colour(&cast, JPEG, &misled).await,
            full([0, 255, 255]),
            "inks with a profile of light",
        );
    }
}

#[tokio::test]
async fn profiles_come_in_parts_and_those_that_cannot_be_read_are_srgb() {
    let (world, cast) = World::with_cast().await;
    let (plain, converted) = (full(SKIN), full([213, 115, 95]));
    let whole = segments(&p3(), 3);
    let changed = |change: &dyn Fn(&mut Vec<Segment>)| {
        let mut parts = whole.clone();
        change(&mut parts);
        with_segments(&jpeg_of(&SKIN, ColorType::Rgb), &parts)
    };
    let with = |profile: &[u8]| jpeg(SKIN, profile);
    let mut swollen = p3();
    swollen.resize(5 << 20, 0);
    let parts =
        |profile: &[u8], count: usize| with_segments(&jpeg_of(&SKIN, ColorType::Rgb), &segments(profile, count));
    // Says that it has many entries, or the same twice.
    let doubled = {
        let mut profile = p3();
        let copyright = find(&profile, b"cprt");
        profile.copy_within(132..144, copyright);
        profile
    };
    for (name, meant, jpeg) in [
        ("in order", converted, changed(&|_| {})),
        ("in another order", converted, changed(&|parts| parts.reverse())),
        (
            "with others between",
            converted,
            changed(&|parts| parts.insert(1, (0xe2, b"MPF\0".to_vec()))),
        ),
        ("one is missing", plain, changed(&|parts| drop(parts.remove(1)))),
        (
            "one is there twice",
            plain,
            changed(&|parts| parts.push(parts[1].clone())),
        ),
        ("another count", plain, changed(&|parts| parts[0].1[13] = 2)),
        ("no profile", plain, with(b"not a profile")),
        ("half of one", plain, with(&p3()[..200])),
        (
            "a name alone",
            plain,
            changed(&|parts| *parts = vec![(0xe2, b"ICC_PROFILE\0".to_vec())]),
        ),
        (
            "many entries",
            plain,
            with(&patched(p3(), 128..132, &[0, 0, 0xff, 0xff])),
        ),
        ("an entry twice", plain, with(&doubled)),
        ("too large", plain, parts(&swollen, 90)),
        ("almost too large", converted, parts(&swollen[..4_000_000], 70)),
    ] {
        assert_near(world.colour(&cast, JPEG, &jpeg).await, meant, name);
    }
    let packed = zlib(&mut std::io::Read::take(std::io::repeat(0), 200 << 20));
    for (name, meant, chunk) in [
        ("too large", plain, iccp(&swollen)),
        ("almost too large", converted, iccp(&swollen[..4_000_000])),
        ("a bomb", plain, png_chunk(b"iCCP", &[b"bomb\0\0", &*packed].concat())),
        ("not packed", plain, png_chunk(b"iCCP", &[b"a\0\0", &*p3()].concat())),
        ("without an end", plain, png_chunk(b"iCCP", &[b'a'; 100])),
    ] {
        assert_near(world.colour(&cast, PNG, &png(&SKIN, 2, &[chunk])).await, meant, name);
    }
}

#[tokio::test]
async fn colours_are_named_without_a_profile_too() {
    let (world, cast) = World::with_cast().await;
    let converted = [213, 115, 95];
    let named = |primaries: u8, transfer: u8| png_chunk(b"cICP", &[primaries, transfer, 0, 1]);
    let numbers = |numbers: &[u32]| {
        numbers
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect::<Vec<_>>()
    };
    let gamma = |gamma: u32| png_chunk(b"gAMA", &numbers(&[gamma]));
    let adobe = [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000];
    let srgb = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000];
    let primaries = |primaries: [u32; 8]| png_chunk(b"cHRM", &numbers(&primaries));
    let adobe_profile = || iccp(&ColorProfile::new_adobe_rgb().encode().unwrap());
    for (name, meant, chunks) in [
        ("Display P3", converted, vec![named(12, 13)]),
        (
            "Display P3 before a profile",
            converted,
            vec![adobe_profile(), named(12, 13)],
        ),
        ("sRGB before a profile", SKIN, vec![named(1, 13), adobe_profile()]),
        // Brighter than white: what stands beside it counts.
        ("PQ", SKIN, vec![named(9, 16)]),
        ("PQ with a profile", converted, vec![named(9, 16), iccp(&p3())]),
        ("a profile before gamma", converted, vec![gamma(100_000), iccp(&p3())]),
        (
            "sRGB before gamma",
            SKIN,
            vec![gamma(100_000), png_chunk(b"sRGB", &[0])],
        ),
        ("gamma of sRGB", SKIN, vec![gamma(45_455), primaries(srgb)]),
        ("linear light", [229, 181, 168], vec![gamma(100_000)]),
        ("no gamma", SKIN, vec![gamma(0)]),
        (
            "primaries of Adobe RGB",
            [224, 121, 99],
            vec![gamma(45_000), primaries(adobe)],
        ),
        ("no primaries", SKIN, vec![primaries([0; 8])]),
    ] {
        assert_near(
            world.colour(&cast, PNG, &png(&SKIN, 2, &chunks)).await,
            full(meant),
            name,
        );
    }
    // As cameras do: an entry of an entry of EXIF.
    let interoperability = |rule: &[u8; 4]| {
        let field = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [
                &tag.to_be_bytes()[..],
                &kind.to_be_bytes(),
                &count.to_be_bytes(),
                &value,
                &[0; 4],
            ]
            .concat()
        };
        let one = 1_u16.to_be_bytes();
        let directories = [
            [&one[..], &field(0x8769, 4, 1, 26_u32.to_be_bytes())].concat(),
            [&one[..], &field(0xa005, 4, 1, 44_u32.to_be_bytes())].concat(),
            [&one[..], &field(0x0001, 2, 4, *rule)].concat(),
        ];
        let exif = [b"Exif\0\0MM\0\x2a\0\0\0\x08", &*directories.concat()].concat();
        with_segments(&jpeg_of(&SKIN, ColorType::Rgb), &[(0xe1, exif)])
    };
    assert_near(
        world.colour(&cast, JPEG, &interoperability(b"R03\0")).await,
        full([224, 121, 99]),
        "R03",
    );
    assert_near(
        world.colour(&cast, JPEG, &interoperability(b"R98\0")).await,
        full(SKIN),
        "R98",
    );
}

#[tokio::test]
async fn webp_without_loss_is_taken() {
    let (world, cast) = World::with_cast().await;
    let opaque = files::corners(300, 200);
    let with_alpha: Vec<u8> = opaque
        .chunks_exact(3)
        .enumerate()
        .flat_map(|(at, pixel)| [pixel[0], pixel[1], pixel[2], (at % 200) as u8 + 50])
        .collect();
    let as_pixels = |bytes: &[u8]| {
        bytes
            .chunks_exact(4)
            .map(|pixel| pixel.try_into().unwrap())
            .collect::<Vec<[u8; 4]>>()
    };
    let lossless = webp::Encoder::from_rgba(&with_alpha, 300, 200)
        .encode_lossless()
        .to_vec();
    let (fate, body) = world.fate(&cast, WEBP, &lossless).await;
    assert_eq!(fate, READY);
    assert_eq!(pixels(&body), (300, 200, as_pixels(&with_alpha)));
    // Without transparency it becomes a JPEG.
    let lossless = webp::Encoder::from_rgb(&opaque, 300, 200).encode_lossless().to_vec();
    let (fate, body) = world.fate(&cast, WEBP, &lossless).await;
    assert_eq!(fate, READY);
    assert!(body.starts_with(b"\xff\xd8"));
    let near = pixels(&body)
        .2
        .iter()
        .zip(opaque.chunks_exact(3))
        .filter(|(found, meant)| {
            found
                .iter()
                .zip(*meant)
                .all(|(found, meant)| found.abs_diff(*meant) < 40)
        })
        .count();
    assert!(near > 59_000, "{near}");
    // Lossy pixels, transparency without loss.
    let lossy = webp::Encoder::from_rgba(&with_alpha, 300, 200).encode(80.0).to_vec();
    let reference = webp::Decoder::new(&lossy).decode().unwrap();
    let (fate, body) = world.fate(&cast, WEBP, &lossy).await;
    assert_eq!(fate, READY);
    assert_eq!(pixels(&body), (300, 200, as_pixels(&reference)));
    // An animation of pictures that are smaller than the whole: its first, where it lies.
    let frame = |still: &[u8], side: u32| bits::frame((10, 20), (side, side), &still[12..]);
    let small = |colour: [u8; 4]| {
        webp::Encoder::from_rgba(&colour.repeat(64), 8, 8)
            .encode_lossless()
            .to_vec()
    };
    let first = frame(&small([10, 20, 30, 200]), 8);
    let animation = bits::extended(
        (40, 40),
        0x12,
        &[bits::chunk(b"ANIM", &[0; 6]), first, frame(&small([9; 4]), 8)],
    );
    let (fate, body) = world.fate(&cast, WEBP, &animation).await;
    assert_eq!(fate, READY);
    let (width, height, pixels) = pixels(&body);
    assert_eq!((width, height), (40, 40));
    for (at, pixel) in pixels.iter().enumerate() {
        let is_in = (10..18).contains(&(at % 40)) && (20..28).contains(&(at / 40));
        assert_eq!(*pixel, if is_in { [10, 20, 30, 200] } else { [0; 4] }, "{at}");
    }
    // One that is larger than the whole, or not where it says.
    let beside = bits::extended(
        (40, 40),
        0x12,
        &[
            bits::chunk(b"ANIM", &[0; 6]),
            bits::frame((38, 0), (8, 8), &small([9; 4])[12..]),
        ],
    );
    assert_eq!(world.fate(&cast, WEBP, &beside).await.0, CORRUPT);
    for (name, webp) in bits::asking_for_groups() {
        assert_eq!(world.fate(&cast, WEBP, &webp).await.0, CORRUPT, "{name}");
    }
}

#[tokio::test]
async fn pictures_of_many_pixels_are_scaled_or_refused() {
    let (world, cast) = World::with_cast().await;
    // As many as are taken.
    let (fate, body) = world.fate(&cast, JPEG, &files::huge_flat(11_000, 10_000)).await;
    assert_eq!(fate, READY);
    let mut decoder = jpeg_decoder::Decoder::new(&*body);
    decoder.read_info().unwrap();
    let info = decoder.info().unwrap();
    assert_eq!((info.width, info.height), (2750, 2500));
    assert_eq!(
        world.fate(&cast, JPEG, &files::huge_flat(11_000, 10_001)).await.0,
        PIXELS
    );
    // Of a progressive one, all coefficients are held.
    let progressive = files::jpeg_of(64, 64, true, SamplingFactor::F_2_2);
    let frame = find(&progressive, b"\xff\xc2");
    let sides = [6000_u16.to_be_bytes(), 8000_u16.to_be_bytes()].concat();
    let progressive = patched(progressive, frame + 5..frame + 9, &sides);
    assert_eq!(world.fate(&cast, JPEG, &progressive).await.0, PIXELS);
}
