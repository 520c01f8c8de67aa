//! WAV: the chunks with the sound and its form are kept.

use std::{io::Write, time::Duration};

use super::super::{
    Input, Kind, Processed, Refusal, Result,
    source::{Sink, Source, le16, le32, recording},
};

pub fn process(input: &Input<'_>, source: &Source<'_>) -> Result<Processed> {
    let end = 8 + u64::from(le32(&source.bytes(0..12)?, 4)?);
    let (mut at, mut form, mut data) = (12, None, None);
    let mut chunks = 0;
    while at + 8 <= end.min(source.size()) {
        source.guard.check()?;
        let head = source.bytes(at..at + 8)?;
        let content = at + 8..at + 8 + u64::from(le32(&head, 4)?);
        if content.end > source.size() {
            return Err(Refusal::corrupt("ends too early"));
        }
        match &head[..4] {
            b"fmt " if form.is_none() && (16..=64).contains(&(content.end - content.start)) => {
                form = Some(source.bytes(content.clone())?);
            }
            b"data" if data.is_none() => data = Some(content.clone()),
            b"fmt " | b"data" => return Err(Refusal::corrupt("broken WAV")),
            _ => {}
        }
        chunks += 1;
        if chunks > 10_000 {
            return Err(Refusal::too_large("too much beside the sound"));
        }
        at = content.end.next_multiple_of(2);
    }
    let (Some(form), Some(data)) = (form, data) else {
        return Err(Refusal::corrupt("a sound without samples"));
    };
    let length = data.end - data.start;
    let padded = length.next_multiple_of(2);
    let riff = u32::try_from(4 + 8 + form.len() as u64 + 8 + padded).map_err(|_| Refusal::too_large("the sound"))?;
    let mut sink = Sink::create(input, "original.wav", source.guard)?;
    sink.write_all(b"RIFF")?;
    sink.write_all(&riff.to_le_bytes())?;
    sink.write_all(b"WAVEfmt ")?;
    sink.write_all(&(form.len() as u32).to_le_bytes())?;
    sink.write_all(&form)?;
    sink.write_all(b"data")?;
    sink.write_all(&(length as u32).to_le_bytes())?;
    source.copy(data, &mut sink)?;
    sink.zeros(padded - length)?;
    let mut processed = recording(Kind::Audio, "audio/wav", sink.finish()?);
    let per_second = le32(&form, 8)?;
    if le16(&form, 2)? == 0 || per_second == 0 {
        return Err(Refusal::corrupt("broken WAV"));
    }
    processed.duration = Some(Duration::from_secs_f64(length as f64 / f64::from(per_second)));
    Ok(processed)
}
