//! The `sojourn` program; see `sojourn --help`.

use std::process::ExitCode;

use clap::Parser;
use sojourn::cli::{self, Cli};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sojourn: {error}");
            ExitCode::FAILURE
        }
    }
}
