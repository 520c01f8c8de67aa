//! Pixels, and how they become files.

use std::io::{self, BufWriter, Write};

use fast_image_resize::{
    FilterType, MulDiv, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor};
use webp::{Encoder as WebpEncoder, PixelLayout};

use super::{Guard, Refusal, Result, Sink, colour::Conversion};

/// An image in memory: rows of RGB or RGBA, as they were stored, and how they are to be turned.
pub struct Picture {
    width: u32,
    height: u32,
    channels: usize,
    pixels: Vec<u8>,
    /// As EXIF has it, 1 to 8.
    orientation: u8,
    is_premultiplied: bool,
}

impl Picture {
    /// `pixels` has a whole row of `channels` (3 or 4) for each line.
    pub fn new(width: u32, height: u32, channels: usize, pixels: Vec<u8>, orientation: u8) -> Result<Self> {
        if pixels.len() != width as usize * height as usize * channels {
            return Err(Refusal::corrupt("fewer pixels than its header says"));
        }
        Ok(Self {
            width,
            height,
            channels,
            pixels,
            orientation,
            is_premultiplied: false,
        })
    }

    /// Width and height as it is shown.
    pub fn size(&self) -> (u32, u32) {
        if self.orientation >= 5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }

    pub fn has_alpha(&self) -> bool {
        self.channels == 4
    }

    /// Converts its colours to sRGB; `is_grey` ones are shades.
    pub fn converted(mut self, conversion: Option<Conversion>, is_grey: bool, guard: &Guard<'_>) -> Result<Self> {
        if let Some(conversion) = conversion {
            conversion.convert(&mut self.pixels, self.channels, is_grey, guard)?;
        }
        Ok(self)
    }

    /// Drops an alpha channel that hides nothing.
    pub fn drop_opaque_alpha(&mut self) {
        if self.has_alpha() && self.pixels.chunks_exact(4).all(|pixel| pixel[3] == 255) {
            let count = self.pixels.len() / 4;
            for index in 0..count {
                self.pixels.copy_within(4 * index..4 * index + 3, 3 * index);
            }
            self.pixels.truncate(3 * count);
            self.pixels.shrink_to_fit();
            self.channels = 3;
        }
    }

    /// Mixes the colours with transparency, in place, as scaling needs it: invisible colours must not bleed.
    pub fn premultiply(&mut self) {
        self.is_premultiplied = true;
        if self.has_alpha()
            && let Ok(mut image) = Image::from_slice_u8(self.width, self.height, &mut self.pixels, PixelType::U8x4)
        {
            // Fails for pixels without alpha only.
            let _ = MulDiv::new().multiply_alpha_inplace(&mut image);
        }
    }

    /// Scaled down so that no side is longer; never up.
    pub fn shrunk(self, side: u32) -> Result<Self> {
        let long = self.width.max(self.height);
        if long <= side {
            return Ok(self);
        }
        let scaled =
            |length: u32| ((u64::from(length) * u64::from(side) + u64::from(long) / 2) / u64::from(long)).max(1);
        let (width, height) = (scaled(self.width) as u32, scaled(self.height) as u32);
        let kind = if self.has_alpha() {
            PixelType::U8x4
        } else {
            PixelType::U8x3
        };
        let broken = Refusal::corrupt("can't be scaled");
        let Ok(from) = ImageRef::new(self.width, self.height, &self.pixels, kind) else {
            return Err(broken);
        };
        let mut to = Image::new(width, height, kind);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .use_alpha(false);
        if Resizer::new().resize(&from, &mut to, &options).is_err() {
            return Err(broken);
        }
        Ok(Self {
            width,
            height,
            pixels: to.into_vec(),
            ..self
        })
    }

    /// Turned as it is shown, colours no longer mixed with transparency.
    pub fn upright(&self) -> Self {
        let (width, height) = self.size();
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..height {
            self.push_row(y, &mut pixels);
        }
        if self.has_alpha()
            && self.is_premultiplied
            && let Ok(mut image) = Image::from_slice_u8(width, height, &mut pixels, PixelType::U8x4)
        {
            // Fails for pixels without alpha only.
            let _ = MulDiv::new().divide_alpha_inplace(&mut image);
        }
        Self {
            width,
            height,
            channels: self.channels,
            pixels,
            orientation: 1,
            is_premultiplied: false,
        }
    }

    /// Where, counted in pixels, row `y` as it is shown begins among the stored pixels, and how far it is to the next pixel
    /// of that row.
    fn row(&self, y: u32) -> (isize, isize) {
        let (width, height, y) = (self.width as isize, self.height as isize, y as isize);
        let bottom = (height - 1) * width;
        match self.orientation {
            2 => (y * width + width - 1, -1),
            3 => (bottom - y * width + width - 1, -1),
            4 => (bottom - y * width, 1),
            5 => (y, width),
            6 => (bottom + y, -width),
            7 => (bottom + width - 1 - y, -width),
            8 => (width - 1 - y, width),
            _ => (y * width, 1),
        }
    }

    /// Appends the row `y` as it is shown.
    fn push_row(&self, y: u32, row: &mut Vec<u8>) {
        let (mut at, step) = self.row(y);
        let length = self.size().0;
        if step == 1 {
            let start = at as usize * self.channels;
            row.extend_from_slice(&self.pixels[start..start + length as usize * self.channels]);
            return;
        }
        for _ in 0..length {
            let start = at as usize * self.channels;
            row.extend_from_slice(&self.pixels[start..start + self.channels]);
            at += step;
        }
    }

    /// Writes a JPEG, what is transparent on white; `is_photo` halves the resolution of colours.
    pub fn write_jpeg(&self, sink: &mut Sink<'_>, quality: u8, is_photo: bool) -> Result<()> {
        let mut encoder = Encoder::new(sink, quality);
        encoder.set_sampling_factor(if is_photo {
            SamplingFactor::F_2_2
        } else {
            SamplingFactor::F_1_1
        });
        encoder.encode_image(Rows(self)).map_err(|error| match error {
            EncodingError::IoError(error) => error.into(),
            _ => Refusal::corrupt("not to be written as JPEG"),
        })
    }

    /// Writes a PNG with alpha.
    pub fn write_png(&self, sink: &mut Sink<'_>) -> Result<()> {
        let failed = |error| match error {
            png::EncodingError::IoError(error) => Refusal::from(error),
            _ => Refusal::corrupt("not to be written as PNG"),
        };
        let (width, height) = self.size();
        let mut encoder = png::Encoder::new(BufWriter::new(sink), width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(failed)?;
        let mut stream = writer.stream_writer().map_err(failed)?;
        let mut row = Vec::new();
        for y in 0..height {
            row.clear();
            self.push_row(y, &mut row);
            stream.write_all(&row)?;
        }
        stream.finish().map_err(failed)
    }

    /// As WebP; must be upright.
    pub fn webp(&self, quality: f32) -> Result<Vec<u8>> {
        let layout = if self.has_alpha() {
            PixelLayout::Rgba
        } else {
            PixelLayout::Rgb
        };
        let encoder = WebpEncoder::new(&self.pixels, layout, self.width, self.height);
        match encoder.encode_simple(false, quality) {
            Ok(bytes) => Ok(bytes.to_vec()),
            // It writes to memory, and the sizes are known to fit.
            Err(_) => Err(Refusal::Io(io::ErrorKind::OutOfMemory.into())),
        }
    }

    /// The miniature as a BlurHash of 4 by 3 or 3 by 4 parts.
    pub fn blurhash(self) -> Result<String> {
        let small = self.shrunk(32)?.upright();
        let (width, height) = small.size();
        let rgba: Vec<u8> = small
            .pixels
            .chunks_exact(small.channels)
            .flat_map(|pixel| {
                let [red, green, blue] = on_white(pixel);
                [red, green, blue, 255]
            })
            .collect();
        let (x, y) = if width >= height { (4, 3) } else { (3, 4) };
        blurhash::encode(x, y, width, height, &rgba).map_err(|_| Refusal::corrupt("has no miniature"))
    }
}

/// The colour of a pixel on white ground.
fn on_white(pixel: &[u8]) -> [u8; 3] {
    match *pixel {
        [red, green, blue, alpha] => {
            let mix =
                |colour: u8| ((u32::from(colour) * u32::from(alpha) + 255 * u32::from(255 - alpha) + 127) / 255) as u8;
            [mix(red), mix(green), mix(blue)]
        }
        [red, green, blue, ..] => [red, green, blue],
        _ => [255; 3],
    }
}

/// The rows of a picture, turned while they are encoded: a second copy would be too large.
struct Rows<'a>(&'a Picture);

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.0.size().0 as u16
    }

    fn height(&self) -> u16 {
        self.0.size().1 as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let mut row = Vec::with_capacity(usize::from(self.width()) * self.0.channels);
        self.0.push_row(y.into(), &mut row);
        for pixel in row.chunks_exact(self.0.channels) {
            let [red, green, blue] = on_white(pixel);
            let (luma, blueness, redness) = jpeg_encoder::rgb_to_ycbcr(red, green, blue);
            buffers[0].push(luma);
            buffers[1].push(blueness);
            buffers[2].push(redness);
        }
    }
}

/// Takes the rows of an image of any size, and keeps the mean of each square of `divisor` pixels.
pub struct Canvas {
    width: u32,
    channels: usize,
    divisor: usize,
    /// For each kept pixel of the current row: colours (times alpha), alpha, and how many pixels.
    sums: Vec<[u32; 5]>,
    rows: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    pub fn new(width: u32, height: u32, channels: usize, divisor: u32) -> Self {
        let kept = width.div_ceil(divisor);
        Self {
            width: kept,
            channels,
            divisor: divisor as usize,
            sums: vec![[0; 5]; if divisor > 1 { kept as usize } else { 0 }],
            rows: 0,
            pixels: Vec::with_capacity(kept as usize * height.div_ceil(divisor) as usize * channels),
        }
    }

    /// The next row, all of it.
    pub fn push(&mut self, row: &[u8]) {
        if self.divisor == 1 {
            self.pixels.extend_from_slice(row);
            return;
        }
        for (square, sum) in row.chunks(self.channels * self.divisor).zip(&mut self.sums) {
            for pixel in square.chunks_exact(self.channels) {
                let alpha = pixel.get(3).map_or(1, |alpha| u32::from(*alpha));
                for (sum, colour) in sum.iter_mut().zip(&pixel[..3]) {
                    *sum += u32::from(*colour) * alpha;
                }
                sum[3] += alpha;
                sum[4] += 1;
            }
        }
        self.rows += 1;
        if self.rows == self.divisor {
            self.flush();
        }
    }

    fn flush(&mut self) {
        for [red, green, blue, alpha, count] in &mut self.sums {
            let weight = (*alpha).max(1);
            self.pixels
                .extend([*red / weight, *green / weight, *blue / weight].map(|mean| mean as u8));
            if self.channels == 4 {
                self.pixels.push((*alpha / (*count).max(1)) as u8);
            }
            [*red, *green, *blue, *alpha, *count] = [0; 5];
        }
        self.rows = 0;
    }

    pub fn finish(mut self, orientation: u8) -> Result<Picture> {
        if self.rows > 0 {
            self.flush();
        }
        let row = self.width as usize * self.channels;
        let height = (self.pixels.len() / row) as u32;
        Picture::new(self.width, height, self.channels, self.pixels, orientation)
    }
}
