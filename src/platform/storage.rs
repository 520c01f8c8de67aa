//! The media port: a local folder, or an S3-compatible bucket.

use std::{fmt, sync::Arc};

use futures_util::StreamExt;
use object_store::{ObjectStore, aws::AmazonS3Builder, local::LocalFileSystem};
use url::Url;

use super::error::{Error, Result};

/// Where media are kept.
#[derive(Clone)]
pub struct Storage(Arc<dyn ObjectStore>);

impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Storage")
    }
}

impl Storage {
    /// Opens `file:<folder>` (made if it is missing) or `s3://<bucket>`; the latter takes endpoint, region and keys from the
    /// usual `AWS_*` variables.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn open(url: &str) -> std::result::Result<Self, String> {
        if let Some(folder) = url.strip_prefix("file:") {
            let folder = folder.strip_prefix("//").unwrap_or(folder);
            std::fs::create_dir_all(folder).map_err(|error| format!("{folder}: {error}"))?;
            let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| format!("{folder}: {error}"))?;
            return Ok(Self(Arc::new(store)));
        }
        let url = Url::parse(url).map_err(|error| format!("the media URL is not a URL: {error}"))?;
        if url.scheme() != "s3" {
            return Err("the media URL is neither file:<folder> nor s3://<bucket>".to_owned());
        }
        let store = AmazonS3Builder::from_env().with_url(url).build();
        Ok(Self(Arc::new(store.map_err(|error| {
            format!("the media store can't be opened: {error}")
        })?)))
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// It doesn't, with the reason for the log.
    pub async fn check(&self) -> Result<()> {
        match self.0.list(None).next().await {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Error::internal(error)),
        }
    }
}
