//! The folder. Objects are files that are never written to once they are at their key: what arrives is written beside, and takes
//! the place of a key in one step when it is whole and on the disk.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use tokio::{
    io::{AsyncWriteExt, BufWriter},
    task::spawn_blocking,
};

use super::{Fetched, Meta, Object, Part, RETRY_AFTER, Store, Urls, Wanted, bad_parts, too_large};
use crate::platform::error::{Error, Result};

/// Bytes that are read or written at once.
const CHUNK: usize = 256 << 10;
/// What arrived and wasn't finished is thrown away after this time, when the folder is opened.
const STALE: Duration = Duration::from_secs(86_400);
/// The file that names the key of an upload in parts.
const KEY_FILE: &str = "key";

/// A folder of media.
pub(super) struct Folder {
    objects: PathBuf,
    incoming: PathBuf,
    /// A folder for each upload in parts, and in it a file for each part.
    parts: PathBuf,
    pub(super) urls: Urls,
}

/// A file that is deleted unless it is kept.
#[derive(Debug)]
pub(super) struct Temporary(pub(super) PathBuf);

impl Temporary {
    /// Keeps the file.
    pub(super) fn keep(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may have got another name, or never have been made.
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// Bytes that are arriving.
pub(super) struct Incoming {
    file: BufWriter<tokio::fs::File>,
    temporary: Temporary,
    hash: digest::Context,
}

impl Incoming {
    /// Writes what came next.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes).await.map_err(failed)
    }

    /// Ends the file, and returns the SHA-256 of all that came.
    pub(super) async fn finish(mut self) -> Result<(Temporary, [u8; 32])> {
        self.file.flush().await.map_err(failed)?;
        self.file.get_ref().sync_all().await.map_err(failed)?;
        Ok((self.temporary, sum(self.hash)))
    }
}

/// A file to read from.
pub(super) struct Opened {
    pub file: tokio::fs::File,
    pub size: u64,
    /// Changes whenever the content may have changed.
    pub etag: String,
}

impl Folder {
    /// Opens a folder that only its owner can look into.
    pub(super) fn open(folder: &Path, urls: Urls) -> io::Result<Self> {
        let made = |name: &str| {
            let path = folder.join(name);
            make_folders(&path).map(|()| path)
        };
        let opened = Self {
            objects: made("objects")?,
            incoming: made("incoming")?,
            parts: made("parts")?,
            urls,
        };
        // What a process that was killed has left behind.
        let now = SystemTime::now();
        for entry in fs::read_dir(&opened.incoming)? {
            let entry = entry?;
            let age = entry.metadata().and_then(|meta| meta.modified()).ok();
            if age
                .and_then(|modified| now.duration_since(modified).ok())
                .is_some_and(|age| age > STALE)
            {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(opened)
    }

    fn path(&self, key: &str) -> PathBuf {
        let mut path = self.objects.clone();
        path.extend(key.split('/'));
        path
    }

    fn temporary(&self) -> Temporary {
        Temporary(self.incoming.join(unique()))
    }

    /// Begins to write something that arrives.
    pub(super) async fn receive(&self) -> Result<Incoming> {
        let temporary = self.temporary();
        let path = temporary.0.clone();
        let file = blocking(move || create(&path)).await?;
        Ok(Incoming {
            file: BufWriter::with_capacity(CHUNK, tokio::fs::File::from_std(file)),
            temporary,
            hash: digest::Context::new(&digest::SHA256),
        })
    }

    /// Puts what arrived at a key at which nothing is, and returns its mark; none if something is there.
    pub(super) async fn put_new(&self, key: &str, temporary: Temporary) -> Result<Option<String>> {
        let (path, root) = (self.path(key), self.objects.clone());
        blocking(move || {
            let link = || fs::hard_link(&temporary.0, &path);
            match in_folder(&path, link) {
                Ok(()) => {
                    sync_folders(&path, &root)?;
                    etag(&fs::metadata(&path)?).map(Some)
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Puts what arrived in place of a part, whatever was there, and returns its mark; none if the upload has ended.
    pub(super) async fn put_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u32,
        temporary: Temporary,
    ) -> Result<Option<String>> {
        let Some(folder) = self.upload(key, upload_id).await? else {
            return Ok(None);
        };
        blocking(move || {
            let path = folder.join(number.to_string());
            match fs::rename(&temporary.0, &path) {
                Ok(()) => {
                    sync_folders(&path, &folder)?;
                    etag(&fs::metadata(&path)?).map(Some)
                }
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// The folder of an upload in parts to that key, unless it has ended.
    pub(super) async fn upload(&self, key: &str, upload_id: &str) -> Result<Option<PathBuf>> {
        // Ours: what clients send is signed, and what callers keep is what they got.
        if upload_id.len() != 32 || !upload_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let folder = self.parts.join(upload_id);
        let key = key.to_owned();
        blocking(move || match fs::read_to_string(folder.join(KEY_FILE)) {
            Ok(known) => Ok((known == key).then_some(folder)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Opens an object, if it is there.
    pub(super) async fn read(&self, key: &str) -> Result<Option<Opened>> {
        let path = self.path(key);
        let opened = move || match open_object(&path) {
            Ok((file, meta)) => Ok(Some((file, meta.len(), etag(&meta)?))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        Ok(blocking(opened).await?.map(|(file, size, etag)| Opened {
            file: tokio::fs::File::from_std(file),
            size,
            etag,
        }))
    }
}

#[async_trait]
impl Store for Folder {
    async fn check(&self) -> Result<()> {
        let temporary = self.temporary();
        blocking(move || create(&temporary.0)?.write_all(b"1")).await
    }

    async fn sign(&self, wanted: &Wanted<'_>, expires_at: DateTime<Utc>) -> Result<String> {
        Ok(self.urls.sign(wanted, expires_at))
    }

    async fn begin_parts(&self, key: &str, _: &str, _: bool) -> Result<String> {
        let id = unique();
        let (folder, root, key) = (self.parts.join(&id), self.parts.clone(), key.to_owned());
        blocking(move || {
            make_folders(&folder)?;
            let path = folder.join(KEY_FILE);
            let mut file = create(&path)?;
            file.write_all(key.as_bytes())?;
            file.sync_all()?;
            sync_folders(&path, &root)
        })
        .await?;
        Ok(id)
    }

    async fn list_parts(&self, key: &str, upload_id: &str) -> Result<Vec<Part>> {
        let Some(folder) = self.upload(key, upload_id).await? else {
            return Ok(Vec::new());
        };
        blocking(move || {
            let mut parts = Vec::new();
            let Some(entries) = if_there(fs::read_dir(&folder))? else {
                return Ok(parts);
            };
            for entry in entries {
                let entry = entry?;
                let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                    continue;
                };
                let Some(meta) = if_there(entry.metadata())? else {
                    continue;
                };
                let etag = Some(etag(&meta)?);
                parts.push(Part {
                    number,
                    size: meta.len(),
                    etag,
                    checksum: None,
                });
            }
            parts.sort_by_key(|part| part.number);
            Ok(parts)
        })
        .await
    }

    async fn complete_parts(&self, key: &str, upload_id: &str, parts: &[Part]) -> Result<()> {
        let path = self.path(key);
        let Some(folder) = self.upload(key, upload_id).await? else {
            let is_there = blocking(move || Ok(path.exists())).await?;
            return if is_there { Ok(()) } else { Err(Error::not_found()) };
        };
        let (root, temporary, parts) = (self.objects.clone(), self.temporary(), parts.to_vec());
        let is_done = blocking(move || {
            let mut whole = create(&temporary.0)?;
            for part in &parts {
                let opened = if_there(open_object(&folder.join(part.number.to_string())))?;
                let Some((mut file, meta)) = opened else {
                    // Somebody else is completing it, or has.
                    return Ok(path.exists());
                };
                if meta.len() != part.size
                    || part
                        .etag
                        .as_ref()
                        .is_some_and(|known| etag(&meta).ok().as_ref() != Some(known))
                {
                    return Ok(false);
                }
                // In the kernel, where it can.
                io::copy(&mut file, &mut whole)?;
            }
            whole.sync_all()?;
            in_folder(&path, || fs::rename(&temporary.0, &path))?;
            sync_folders(&path, &root)?;
            forget(&folder)?;
            Ok(true)
        });
        if is_done.await? { Ok(()) } else { Err(bad_parts()) }
    }

    async fn abort_parts(&self, key: &str, upload_id: &str) -> Result<()> {
        match self.upload(key, upload_id).await? {
            Some(folder) => blocking(move || forget(&folder)).await,
            None => Ok(()),
        }
    }

    async fn head(&self, key: &str) -> Result<Option<Meta>> {
        let path = self.path(key);
        blocking(move || {
            let Some(meta) = if_there(fs::metadata(&path))?.filter(fs::Metadata::is_file) else {
                return Ok(None);
            };
            Ok(Some(Meta {
                size: meta.len(),
                modified_at: meta.modified()?.into(),
            }))
        })
        .await
    }

    async fn copy(&self, from: &str, to: &str) -> Result<()> {
        let (from, to, root, temporary) = (self.path(from), self.path(to), self.objects.clone(), self.temporary());
        let is_done = blocking(move || {
            // A second name is a copy, since nothing is ever written into an object.
            if if_there(fs::hard_link(&from, &temporary.0))?.is_none() {
                return Ok(false);
            }
            // Its age counts from now: it isn't left over from long ago.
            OpenOptions::new()
                .append(true)
                .open(&temporary.0)?
                .set_modified(SystemTime::now())?;
            in_folder(&to, || fs::rename(&temporary.0, &to))?;
            sync_folders(&to, &root)?;
            Ok(true)
        });
        if is_done.await? {
            Ok(())
        } else {
            Err(Error::not_found())
        }
    }

    async fn delete(&self, keys: &[&str]) -> Result<()> {
        let paths: Vec<_> = keys.iter().map(|key| self.path(key)).collect();
        let root = self.objects.clone();
        blocking(move || {
            for path in paths {
                if_there(fs::remove_file(&path))?;
                // Folders that are empty now.
                for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
                    if fs::remove_dir(folder).is_err() {
                        break;
                    }
                }
            }
            Ok(())
        })
        .await
    }

    async fn fetch(&self, key: &str, to: &Path, limit: u64) -> Result<Fetched> {
        let (from, to) = (self.path(key), to.to_owned());
        let fetched = blocking(move || {
            let Some((mut from, meta)) = if_there(open_object(&from))? else {
                return Ok(Err(Error::not_found()));
            };
            if meta.len() > limit {
                return Ok(Err(too_large()));
            }
            let mut to = overwrite(&to)?;
            let (mut hash, mut size) = (digest::Context::new(&digest::SHA256), 0);
            let mut chunk = vec![0; CHUNK];
            loop {
                let length = from.read(&mut chunk)?;
                if length == 0 {
                    return Ok(Ok(Fetched {
                        size,
                        sha256: sum(hash),
                    }));
                }
                hash.update(&chunk[..length]);
                to.write_all(&chunk[..length])?;
                size += length as u64;
            }
        });
        fetched.await?
    }

    async fn store(&self, from: &Path, key: &str, _: &str) -> Result<()> {
        let (from, path, root, temporary) = (from.to_owned(), self.path(key), self.objects.clone(), self.temporary());
        blocking(move || {
            let mut file = create(&temporary.0)?;
            io::copy(&mut File::open(&from)?, &mut file)?;
            file.sync_all()?;
            in_folder(&path, || fs::rename(&temporary.0, &path))?;
            sync_folders(&path, &root)
        })
        .await
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Object>> {
        let key = (!folder.is_empty()).then(|| folder.to_owned());
        let root = self.objects.clone();
        // One folder at a time: what it holds, and the folders that come later.
        futures_util::stream::try_unfold(vec![key], move |mut folders| {
            let root = root.clone();
            async move {
                let Some(folder) = folders.pop() else {
                    return Ok::<_, Error>(None);
                };
                let (objects, inner) = blocking(move || read_folder(&root, folder.as_deref())).await?;
                folders.extend(inner.into_iter().map(Some));
                Ok(Some((futures_util::stream::iter(objects).map(Ok), folders)))
            }
        })
        .try_flatten()
        .boxed()
    }
}

/// Objects and folders in a folder of keys.
fn read_folder(root: &Path, folder: Option<&str>) -> io::Result<(Vec<Object>, Vec<String>)> {
    let (mut objects, mut folders) = (Vec::new(), Vec::new());
    let mut path = root.to_owned();
    path.extend(folder.iter().flat_map(|key| key.split('/')));
    let Some(entries) = if_there(fs::read_dir(&path))? else {
        return Ok((objects, folders));
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        // Nothing that we put there.
        let Some(name) = OsStr::to_str(&name) else { continue };
        let key = folder.map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"));
        // It may be gone meanwhile.
        let Some(meta) = if_there(entry.metadata())? else {
            continue;
        };
        if meta.is_dir() {
            folders.push(key);
        } else {
            objects.push(Object {
                key,
                size: meta.len(),
                modified_at: meta.modified()?.into(),
            });
        }
    }
    Ok((objects, folders))
}

/// Runs what waits for the disk beside everything else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    match spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(failed),
        Err(error) => Err(Error::internal(error)),
    }
}

/// A full disk is emptied some time; all else is a fault.
pub(super) fn failed(error: io::Error) -> Error {
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        tracing::error!(%error, "the media folder is full");
        return Error::Unavailable(RETRY_AFTER);
    }
    Error::internal(error)
}

/// A name that nothing else has.
fn unique() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// A new file that only its owner can read.
fn create(path: &Path) -> io::Result<File> {
    private().create_new(true).open(path)
}

/// The same for one that may be there.
pub(super) fn overwrite(path: &Path) -> io::Result<File> {
    private().create(true).truncate(true).open(path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folders(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn open_object(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    // A folder can be opened as well.
    if meta.is_file() {
        Ok((file, meta))
    } else {
        Err(ErrorKind::NotFound.into())
    }
}

/// Does something that puts a file at `path`, in a folder which is made first. A deletion may take the empty folder away between
/// the two.
fn in_folder(path: &Path, mut place: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    for _ in 0..10 {
        if let Some(folder) = path.parent() {
            make_folders(folder)?;
        }
        match place() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            outcome => return outcome,
        }
    }
    place()
}

/// Writes to the disk that `path` is in its folder, and that in its own, up to `root`.
fn sync_folders(path: &Path, root: &Path) -> io::Result<()> {
    // Other systems can't open folders, and write them down by themselves.
    if cfg!(unix) {
        for folder in path.ancestors().skip(1) {
            if_there(File::open(folder))?.map_or(Ok(()), |folder| folder.sync_all())?;
            if folder == root {
                break;
            }
        }
    }
    Ok(())
}

/// Deletes an upload in parts: its name first, so that nothing more arrives.
fn forget(folder: &Path) -> io::Result<()> {
    if_there(fs::remove_file(folder.join(KEY_FILE)))?;
    if_there(fs::remove_dir_all(folder)).map(|_| ())
}

fn if_there<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn etag(meta: &fs::Metadata) -> io::Result<String> {
    let since = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("\"{:x}-{:x}\"", since.as_nanos(), meta.len()))
}

/// What a digest comes to, as bytes.
pub(super) fn sum(hash: digest::Context) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(hash.finish().as_ref());
    sum
}
