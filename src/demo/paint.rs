//! Pictures for the demo, painted rather than shipped: nobody's face is in them, and nobody's rights.

use png::{BitDepth, ColorType, Encoder};
use serde::Deserialize;

use crate::platform::error::{Error, Result};

const WIDTH: u32 = 800;
const HEIGHT: u32 = 600;

/// What a picture shows.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Scene {
    /// A chart.
    Bars,
    /// Dark hills below a low sun.
    Dusk,
    /// Green hills below a bright sky.
    Hills,
    /// Water below a low sun.
    Sea,
}

/// A picture as PNG. `hue` in degrees colours it; a chart has a bar for each of the values.
///
/// # Errors
/// The encoder's.
pub(super) fn paint(scene: Scene, hue: f64, values: &[f64]) -> Result<Vec<u8>> {
    let mut pixels = Vec::with_capacity((3 * WIDTH * HEIGHT) as usize);
    for row in 0..HEIGHT {
        for column in 0..WIDTH {
            let (x, y) = (f64::from(column) / f64::from(WIDTH), f64::from(row) / f64::from(HEIGHT));
            let (hue, saturation, light) = match scene {
                Scene::Bars => bars(x, y, hue, values),
                Scene::Dusk => hills(x, y, (hue, 0.15)),
                Scene::Hills => hills(x, y, (hue, 0.45)),
                Scene::Sea => sea(x, y, hue),
            };
            pixels.extend(rgb(hue, saturation, light));
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(Error::internal)?;
    writer.write_image_data(&pixels).map_err(Error::internal)?;
    writer.finish().map_err(Error::internal)?;
    Ok(bytes)
}

/// Hue, saturation and lightness of a point; `x` and `y` go from 0 to 1, from the left and from the top.
type Colour = (f64, f64, f64);

fn bars(x: f64, y: f64, hue: f64, values: &[f64]) -> Colour {
    const PAPER: Colour = (40.0, 0.3, 0.95);
    let highest = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let place = (x - 0.1) / 0.8 * values.len() as f64;
    let is_bar = (0.15..0.85).contains(&place.rem_euclid(1.0));
    match values.get(place.floor() as usize).filter(|_| place >= 0.0 && is_bar) {
        Some(value) if y < 0.9 && y > 0.9 - 0.75 * value / highest => (hue, 0.55, 0.35 + 0.3 * y),
        _ if (0.9..0.905).contains(&y) => (hue, 0.2, 0.3),
        _ => PAPER,
    }
}

fn sky(x: f64, y: f64, hue: f64) -> Colour {
    let sun = (x - 0.68).hypot((y - 0.4) * 0.75);
    if sun < 0.07 {
        return (45.0, 0.95, 0.85);
    }
    (hue + 40.0 * y, 0.6, 0.35 + 0.5 * y + 0.08 / (1.0 + 40.0 * sun * sun))
}

fn hills(x: f64, y: f64, (hue, light): (f64, f64)) -> Colour {
    for (depth, height) in [(0.0, 0.78), (1.0, 0.64), (2.0, 0.54)] {
        let ridge = height + 0.06 * (x * (7.0 - depth) + depth * 2.0).sin() + 0.02 * (x * 23.0 + depth).sin();
        if y > ridge {
            return (hue, 0.4, light + 0.08 * depth);
        }
    }
    sky(x, y, hue)
}

fn sea(x: f64, y: f64, hue: f64) -> Colour {
    const HORIZON: f64 = 0.55;
    if y < HORIZON {
        return sky(x, y, hue);
    }
    let wave = ((y - HORIZON) * 180.0 / (0.3 + y) + (x * 11.0).sin()).sin();
    let glitter = if (x - 0.68).abs() < 0.05 + 0.2 * (y - HORIZON) {
        0.12
    } else {
        0.0
    };
    (hue, 0.5, 0.38 + 0.04 * wave + glitter * wave.max(0.0))
}

/// The colour as it is stored.
fn rgb(hue: f64, saturation: f64, light: f64) -> [u8; 3] {
    let light = light.clamp(0.0, 1.0);
    let strength = saturation * light.min(1.0 - light);
    [0.0, 8.0, 4.0].map(|shift| {
        let turn = (shift + hue / 30.0).rem_euclid(12.0);
        let part = light - strength * (turn - 3.0).min(9.0 - turn).clamp(-1.0, 1.0);
        (part * 255.0).round() as u8
    })
}
