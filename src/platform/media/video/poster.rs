//! A frame of a video, by ffmpeg.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::super::{Input, Processed, Refusal, Result, image, source::Guard};

/// How long ffmpeg may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked after.
const PAUSE: Duration = Duration::from_millis(20);

/// Adds a poster to a processed video, if ffmpeg is there and finds a frame; a video without one is as good.
pub fn add(input: &Input<'_>, guard: &Guard<'_>, demuxer: &str, processed: &mut Processed) -> Result<()> {
    let (Some(ffmpeg), Some(original)) = (input.ffmpeg, processed.files.first()) else {
        return Ok(());
    };
    guard.stage(90, 100);
    let frame = input.work_dir.join("frame.jpg");
    // Not the very beginning, which is often black.
    let start = processed
        .duration
        .map_or(0.0, |duration| (duration.as_secs_f64() / 10.0).min(3.0));
    let mut child = Command::new(ffmpeg)
        .args([
            "-nostdin",
            "-v",
            "quiet",
            "-y",
            "-threads",
            "1",
            "-max_alloc",
            "100000000",
        ])
        .args([
            "-protocol_whitelist",
            "file",
            "-f",
            demuxer,
            "-ss",
            &format!("{start:.2}"),
            "-i",
        ])
        .arg(&original.path)
        .args([
            "-map",
            "0:v:0",
            "-frames:v",
            "1",
            "-an",
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
        ])
        .args([
            "-vf",
            "scale=w='min(1920,iw)':h='min(1920,ih)':force_original_aspect_ratio=decrease",
        ])
        .args([
            "-threads", "1", "-fs", "20000000", "-f", "image2", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "3",
        ])
        .arg(&frame)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_clear()
        .spawn()?;
    let until = Instant::now() + PATIENCE;
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            break status.success();
        }
        if let Err(refusal) = guard.check() {
            end(&mut child);
            return Err(refusal);
        }
        if Instant::now() > until {
            end(&mut child);
            break false;
        }
        thread::sleep(PAUSE);
    };
    if ended {
        add_frame(input, guard, &frame, processed)?;
    }
    match fs::remove_file(&frame) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn add_frame(input: &Input<'_>, guard: &Guard<'_>, frame: &Path, processed: &mut Processed) -> Result<()> {
    let mut files = Vec::new();
    match image::poster(input, guard, frame, &mut files) {
        Ok(blurhash) => {
            processed.blurhash = Some(blurhash);
            processed.files.append(&mut files);
            Ok(())
        }
        // What it left is no image, or isn't there.
        Err(Refusal::Refused(reason, _)) if reason != super::super::Reason::TimedOut => Ok(()),
        Err(Refusal::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// Kills it, and waits, so that no dead process stays.
fn end(child: &mut std::process::Child) {
    // It fails for one that has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
