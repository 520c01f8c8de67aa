//! Colour: what an image says of its own is converted to sRGB, which is what everything assumes of images that say nothing.
//!
//! A conversion is made before the pixels are decoded, so that the profile is gone when memory is needed, and takes place
//! after they were scaled down: means of neighbours are as good in one colour space as in the other, and there are fewer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use moxcms::{
    Chromaticity, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, ToneReprCurve,
    Transform8BitExecutor, TransformOptions,
};

use super::{
    super::source::{Guard, array, be32},
    Refusal, Result,
};

/// Bytes of a profile at most.
pub const MAX_PROFILE: usize = 4 << 20;
/// Entries of a profile at most; those of all kinds that are read are fewer.
const MAX_TAGS: usize = 100;
/// Pixels that are converted at once.
const CHUNK: usize = 4096;
/// Levels out of 255 that nobody sees: profiles of sRGB differ in their curves.
const UNSEEN: u8 = 2;

/// From the colours of an image to sRGB.
pub enum Conversion {
    Rgb(Arc<Transform8BitExecutor>),
    /// The shade for each.
    Grey(Box<[u8; 256]>),
    /// As inks, 255 is all of it.
    Cmyk(Arc<Transform8BitExecutor>),
}

impl Conversion {
    /// By an ICC profile. Without one, or one that can't be read, colours are sRGB: nothing is converted.
    pub fn by_profile(profile: &[u8]) -> Option<Self> {
        caught(|| {
            check_tags(profile)?;
            Self::new(&ColorProfile::new_from_slice(profile).ok()?)
        })
    }

    /// By code points (ITU-T H.273): primaries, transfer function, matrix and range.
    pub fn by_code_points([primaries, transfer, matrix, range]: [u8; 4]) -> Option<Self> {
        caught(|| {
            // What PNG allows: RGB of full range.
            if (matrix, range) != (0, 1) {
                return None;
            }
            Self::new(&ColorProfile::new_from_cicp(CicpProfile {
                color_primaries: primaries.try_into().ok()?,
                transfer_characteristics: transfer.try_into().ok()?,
                matrix_coefficients: MatrixCoefficients::Identity,
                full_range: true,
            }))
        })
    }

    /// By the chunks `gAMA` and `cHRM` of a PNG.
    pub fn by_gamma(gamma: Option<&[u8]>, primaries: Option<&[u8]>) -> Option<Self> {
        let gamma = gamma
            .and_then(|bytes| be32(bytes, 0).ok())
            .map(|gamma| gamma as f32 / 1e5);
        // What encoders of sRGB write.
        let gamma = gamma.filter(|gamma| (gamma - 1.0 / 2.2).abs() > 0.005 && (0.1..=2.0).contains(gamma));
        caught(|| {
            let mut profile = ColorProfile::new_srgb();
            if let Some(bytes) = primaries {
                let (white, primaries) = chromaticities(bytes)?;
                profile.update_rgb_colorimetry(white.to_xyyb(), primaries);
            }
            if let Some(gamma) = gamma {
                let curve = ToneReprCurve::Parametric(vec![1.0 / gamma]);
                profile.red_trc = Some(curve.clone());
                profile.green_trc = Some(curve.clone());
                profile.blue_trc = Some(curve);
            }
            Self::new(&profile)
        })
    }

    /// From Adobe RGB, which cameras name without a profile.
    pub fn from_adobe_rgb() -> Option<Self> {
        caught(|| Self::new(&ColorProfile::new_adobe_rgb()))
    }

    fn new(profile: &ColorProfile) -> Option<Self> {
        let to = |layout| {
            let options = TransformOptions {
                allow_use_cicp_transfer: false,
                ..TransformOptions::default()
            };
            let srgb = ColorProfile::new_srgb();
            profile.create_transform_8bit(layout, &srgb, Layout::Rgb, options).ok()
        };
        let conversion = match profile.color_space {
            DataColorSpace::Rgb => Self::Rgb(to(Layout::Rgb)?),
            DataColorSpace::Cmyk => Self::Cmyk(to(Layout::Rgba)?),
            DataColorSpace::Gray => {
                let (mut shades, mut colours) = (Box::new([0; 256]), [0; 3 * 256]);
                let all: Vec<u8> = (0..=255).collect();
                to(Layout::Gray)?.transform(&all, &mut colours).ok()?;
                shades
                    .iter_mut()
                    .zip(colours.chunks_exact(3))
                    .for_each(|(shade, colour)| *shade = colour[1]);
                Self::Grey(shades)
            }
            _ => return None,
        };
        conversion.is_seen()?.then_some(conversion)
    }

    /// Whether it changes anything. Most profiles are of sRGB itself.
    fn is_seen(&self) -> Option<bool> {
        let mut probe: Vec<u8> = match self {
            Self::Cmyk(_) => return Some(true),
            Self::Grey(_) => (0..=255).flat_map(|shade| [shade; 3]).collect(),
            Self::Rgb(_) => {
                let steps = || (0..=255_u8).step_by(51);
                let cube =
                    steps().flat_map(|red| steps().flat_map(move |green| steps().map(move |blue| [red, green, blue])));
                cube.chain((0..=255).map(|shade| [shade; 3])).flatten().collect()
            }
        };
        let before = probe.clone();
        self.convert_some(&mut probe, 3, true)?;
        Some(
            probe
                .iter()
                .zip(&before)
                .any(|(after, before)| after.abs_diff(*before) > UNSEEN),
        )
    }

    /// Converts pixels of RGB or RGBA in place; shades of grey lie there three times. What doesn't fit the profile stays.
    pub fn convert(&self, pixels: &mut [u8], channels: usize, is_grey: bool, guard: &Guard<'_>) -> Result<()> {
        for chunk in pixels.chunks_mut(channels * CHUNK) {
            guard.check()?;
            self.convert_some(chunk, channels, is_grey).ok_or_else(broken)?;
        }
        Ok(())
    }

    fn convert_some(&self, pixels: &mut [u8], channels: usize, is_grey: bool) -> Option<()> {
        match self {
            Self::Grey(shades) if is_grey => {
                for pixel in pixels.chunks_exact_mut(channels) {
                    let shade = shades[usize::from(pixel[0])];
                    pixel[..3].fill(shade);
                }
            }
            Self::Rgb(transform) if channels == 3 => {
                let from = pixels.to_vec();
                transform.transform(&from, pixels).ok()?;
            }
            Self::Rgb(transform) => {
                let from: Vec<u8> = pixels
                    .chunks_exact(channels)
                    .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
                    .collect();
                let mut to = vec![0; from.len()];
                transform.transform(&from, &mut to).ok()?;
                for (pixel, colour) in pixels.chunks_exact_mut(channels).zip(to.chunks_exact(3)) {
                    pixel[..3].copy_from_slice(colour);
                }
            }
            _ => {}
        }
        Some(())
    }
}

/// Pixels of inks as RGB, in place, since these are the largest. Without a profile inks are taken as ideal.
pub fn from_inks(mut pixels: Vec<u8>, conversion: Option<Conversion>, guard: &Guard<'_>) -> Result<Vec<u8>> {
    let count = pixels.len() / 4;
    for start in (0..count).step_by(CHUNK) {
        guard.check()?;
        let end = count.min(start + CHUNK);
        let inks = pixels[4 * start..4 * end].to_vec();
        let colours = &mut pixels[3 * start..3 * end];
        if let Some(Conversion::Cmyk(transform)) = &conversion {
            transform.transform(&inks, colours).map_err(|_| broken())?;
            continue;
        }
        for (colour, ink) in colours.chunks_exact_mut(3).zip(inks.chunks_exact(4)) {
            let light = 255 - u32::from(ink[3]);
            for (colour, ink) in colour.iter_mut().zip(ink) {
                *colour = ((255 - u32::from(*ink)) * light / 255) as u8;
            }
        }
    }
    pixels.truncate(3 * count);
    pixels.shrink_to_fit();
    Ok(pixels)
}

fn broken() -> Refusal {
    Refusal::corrupt("colours that can't be converted")
}

/// A profile over which its reader panics can't be read either.
fn caught(make: impl FnOnce() -> Option<Conversion>) -> Option<Conversion> {
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_default()
}

/// Refuses a profile of many entries, or of several of one kind: each is read, however large, and they may overlap.
fn check_tags(profile: &[u8]) -> Option<()> {
    let count = be32(profile, 128).ok()? as usize;
    if profile.len() > MAX_PROFILE || count > MAX_TAGS {
        return None;
    }
    let mut kinds = (0..count)
        .map(|index| array::<4>(profile, 132 + 12 * index))
        .collect::<Result<Vec<_>>>()
        .ok()?;
    kinds.sort_unstable();
    kinds.is_sorted_by(|one, other| one < other).then_some(())
}

/// White and the primaries of the chunk `cHRM`, if they make sense.
fn chromaticities(bytes: &[u8]) -> Option<(Chromaticity, ColorPrimaries)> {
    let at = |index: usize| {
        let part = |at: usize| be32(bytes, at).ok().map(|value| value as f32 / 1e5);
        let (x, y) = (part(8 * index)?, part(8 * index + 4)?);
        ((0.0..1.0).contains(&x) && y > 0.0 && x + y < 1.001).then_some(Chromaticity::new(x, y))
    };
    let (white, red, green, blue) = (at(0)?, at(1)?, at(2)?, at(3)?);
    // Twice the area of the triangle: of real ones, more than 0.1.
    let area = (green.x - red.x) * (blue.y - red.y) - (blue.x - red.x) * (green.y - red.y);
    (area.abs() > 0.01 && white.y > 0.1).then_some((white, ColorPrimaries { red, green, blue }))
}
