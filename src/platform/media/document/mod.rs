//! Documents: checked, and left as they are. They are never shown, only saved.

mod office;
mod pdf;
mod text;

use super::{
    Derivative, Input, Kind, Label, Processed, Result, Variant, label,
    sniff::{self, Format},
    source::Source,
};

/// Checks a document of its own format.
pub fn process(input: &Input<'_>, source: &Source<'_>, format: Format) -> Result<Processed> {
    let media_type = if format == Format::Pdf {
        pdf::check(source)?;
        "application/pdf"
    } else {
        office::check(input, source)?
    };
    Ok(as_it_is(input, source, media_type))
}

/// Checks a text.
pub fn text(input: &Input<'_>, source: &Source<'_>, label: &Label, format: Format) -> Result<Processed> {
    text::check(source)?;
    let media_type = label::of_text(label, input.file_name, format != Format::Text);
    Ok(as_it_is(input, source, media_type))
}

fn as_it_is(input: &Input<'_>, source: &Source<'_>, media_type: &'static str) -> Processed {
    Processed {
        kind: Kind::Document,
        media_type,
        width: None,
        height: None,
        duration: None,
        blurhash: None,
        files: vec![Derivative {
            variant: Variant::Original,
            path: input.path.to_owned(),
            media_type,
            width: None,
            height: None,
            size: source.size(),
        }],
    }
}
