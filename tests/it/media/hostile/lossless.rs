//! Lossless WebP: what comes out is what went in, and what is broken is refused.

use proptest::prelude::*;
use sojourn::platform::media::{Refusal, Variant};
use webp::{Encoder, PixelLayout, WebPConfig};

use super::{Made, PNG, Upload, read};

const WEBP: &str = "image/webp";

/// An image with how it is encoded.
#[derive(Debug)]
struct Picture {
    size: (u32, u32),
    pixels: Vec<u8>,
    /// Of its pixels, or only of its transparency.
    is_lossless: bool,
    method: i32,
    quality: f32,
    filter: i32,
}

impl Picture {
    fn encode(&self) -> Vec<u8> {
        let mut config = WebPConfig::new().unwrap();
        config.lossless = self.is_lossless.into();
        config.method = self.method;
        config.quality = self.quality;
        config.alpha_filtering = self.filter;
        config.exact = 1;
        let encoder = Encoder::new(&self.pixels, PixelLayout::Rgba, self.size.0, self.size.1);
        encoder.encode_advanced(&config).unwrap().to_vec()
    }
}

/// Images of few or many colours, some of which repeat, none opaque.
fn pictures() -> impl Strategy<Value = Picture> {
    let sides = (1_u32..70, 1_u32..70);
    let content = (1_u32..400, 1_usize..40, any::<u32>());
    let encoding = (any::<bool>(), 0..=6, 0.0_f32..100.0, 0..=2);
    (sides, content, encoding).prop_map(|(size, (colours, run, seed), (is_lossless, method, quality, filter))| {
        let mut state = seed;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let palette: Vec<[u8; 4]> = (0..colours)
            .map(|_| [next() as u8, next() as u8, next() as u8, (next() % 255) as u8])
            .collect();
        let count = (size.0 * size.1) as usize;
        let mut pixels = Vec::new();
        while pixels.len() < 4 * count {
            let colour = palette[next() as usize % palette.len()];
            pixels.extend(colour.repeat(1 + next() as usize % run));
        }
        pixels.truncate(4 * count);
        Picture {
            size,
            pixels,
            is_lossless,
            method,
            quality,
            filter,
        }
    })
}

/// The pixels of what replaces an upload with transparency.
fn pixels(made: &Made) -> Vec<u8> {
    let original = read(made, Variant::Original, PNG);
    let mut reader = png::Decoder::new(std::io::Cursor::new(original)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if crate::support::is_long() { 2_000 } else { 60 }))]

    #[test]
    fn every_pixel_stays(picture in pictures()) {
        let encoded = picture.encode();
        let reference = webp::Decoder::new(&encoded).decode().unwrap();
        if picture.is_lossless {
            prop_assert_eq!(&*reference, &*picture.pixels);
        }
        let made = Upload::new(WEBP, &encoded).process().unwrap();
        prop_assert_eq!(pixels(&made), &*reference);
    }

    #[test]
    fn broken_ones_are_refused_or_read(
        picture in pictures(), places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)
    ) {
        let mut broken = picture.encode();
        for (place, byte) in places {
            let place = place.index(broken.len());
            broken[place] = byte;
        }
        match Upload::new(WEBP, broken).process() {
            Ok(_) | Err(Refusal::Refused(..)) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
