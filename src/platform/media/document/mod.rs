//! Documents: checked, and left as they are. They are never shown, only saved.

mod office;
mod pdf;
mod text;

use super::{
    Accepted, Derivative, Input, Kind, Processed, Result, Variant,
    sniff::{self, Format},
    source::Source,
};

/// Checks a document.
pub fn process(input: &Input<'_>, source: &Source<'_>, declared: &Accepted) -> Result<Processed> {
    match declared.format {
        Format::Pdf => pdf::check(source)?,
        Format::Zip => office::check(input, source, declared.media_type)?,
        _ => text::check(source)?,
    }
    Ok(Processed {
        kind: Kind::Document,
        media_type: declared.media_type,
        width: None,
        height: None,
        duration: None,
        blurhash: None,
        files: vec![Derivative {
            variant: Variant::Original,
            path: input.path.to_owned(),
            media_type: declared.media_type,
            width: None,
            height: None,
            size: source.size(),
        }],
    })
}
