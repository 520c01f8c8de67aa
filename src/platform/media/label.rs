//! What an uploader says of a file: its media type and its name. Phones, browsers and chat programs guess both, so they are compared with
//! nothing: the content says what a file is, and name and type follow it. They count where the content leaves a choice (a table is text
//! as well), and where they tell of an intention: a program by its name stays one.

use super::Kind;

/// A type of content that is taken.
#[derive(Debug)]
struct Type {
    media_type: &'static str,
    kind: Kind,
    /// Endings of names that fit, in lower case; the first one is given to names without.
    endings: &'static [&'static str],
}

const fn a(media_type: &'static str, kind: Kind, endings: &'static [&'static str]) -> Type {
    Type {
        media_type,
        kind,
        endings,
    }
}

/// All of them.
const TYPES: &[Type] = &[
    a("image/jpeg", Kind::Image, &["jpg", "jpeg", "jpe", "jfif"]),
    a("image/png", Kind::Image, &["png"]),
    a("image/gif", Kind::Image, &["gif"]),
    a("image/webp", Kind::Image, &["webp"]),
    a("video/mp4", Kind::Video, &["mp4", "m4v"]),
    a("video/quicktime", Kind::Video, &["mov", "qt"]),
    a("video/webm", Kind::Video, &["webm"]),
    a("video/x-matroska", Kind::Video, &["mkv"]),
    a("audio/mp4", Kind::Audio, &["m4a"]),
    a("audio/webm", Kind::Audio, &["weba"]),
    a("audio/mpeg", Kind::Audio, &["mp3"]),
    a("audio/ogg", Kind::Audio, &["ogg", "oga", "opus"]),
    a("audio/wav", Kind::Audio, &["wav"]),
    a("audio/flac", Kind::Audio, &["flac"]),
    a("application/pdf", Kind::Document, &["pdf"]),
    a(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Kind::Document,
        &["docx"],
    ),
    a(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Kind::Document,
        &["xlsx"],
    ),
    a(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Kind::Document,
        &["pptx"],
    ),
    a("application/vnd.oasis.opendocument.text", Kind::Document, &["odt"]),
    a(
        "application/vnd.oasis.opendocument.spreadsheet",
        Kind::Document,
        &["ods"],
    ),
    a(
        "application/vnd.oasis.opendocument.presentation",
        Kind::Document,
        &["odp"],
    ),
    a(PLAIN, Kind::Document, &["txt", "text"]),
    a(TABLE, Kind::Document, &["csv"]),
];

const PLAIN: &str = "text/plain";
const TABLE: &str = "text/csv";
/// What says nothing.
const VAGUE: &str = "application/octet-stream";

/// Endings of names that are replaced by the one that fits, beside those that fit some type: any other may be a part of the name
/// (`at 10.15.23`), behind which the ending is put.
const OTHERS: &[&str] = &[
    "3g2", "3gp", "aac", "aif", "aiff", "amr", "avi", "avif", "bin", "bmp", "caf", "dat", "doc", "eml", "flv", "heic",
    "heif", "ico", "ics", "ini", "json", "log", "m4b", "m4p", "m4r", "markdown", "md", "mka", "mpeg", "mpg", "mpga",
    "numbers", "pages", "part", "ppt", "rtf", "srt", "sub", "tab", "tif", "tiff", "tmp", "tsv", "vtt", "wma", "wmv",
    "xls", "xml", "yaml", "yml", "zip",
];

/// Endings of what a computer or a browser runs. Who has a picture that is called so is led astray by somebody. Without `com` and `app`,
/// which are ends of addresses.
const ACTIVE: &[&str] = &[
    "apk", "bat", "cgi", "chm", "cmd", "command", "cpl", "desktop", "dll", "dmg", "exe", "gadget", "hta", "htm",
    "html", "htaccess", "inf", "ipa", "jar", "js", "jse", "jsp", "ksh", "lnk", "mht", "mhtml", "mjs", "msc", "msi",
    "msp", "php", "phtml", "pif", "ps1", "psm1", "reg", "scf", "scr", "sh", "shtml", "svg", "svgz", "swf", "url", "vb",
    "vbe", "vbs", "wasm", "webloc", "wsf", "wsh", "xht", "xhtml", "xsl", "xslt",
];

/// A media type that an uploader announced, as far as it may be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// In lower case, without parameters: what everybody else takes it for.
    pub media_type: String,
    /// What such a file is as a rule; none if the type doesn't say.
    pub kind: Option<Kind>,
}

impl Label {
    /// Reads a media type (RFC 6838), whose parameters and case don't matter; an empty one says nothing, like
    /// `application/octet-stream`. None is one that no content makes good: that of a program, of what a browser runs, or none at all.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        let plain = media_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if plain.is_empty() {
            return Some(Self {
                media_type: VAGUE.to_owned(),
                kind: None,
            });
        }
        let is_word = |word: &str| {
            let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
            (1..=100).contains(&word.len()) && word.bytes().all(is_sign)
        };
        let (top, sub) = plain.split_once('/')?;
        // What pickers of files call all there are.
        if sub == "*" && matches!(top, "*" | "image" | "video" | "audio" | "text" | "application") {
            return Self::of(VAGUE);
        }
        if !is_word(top) || !is_word(sub) {
            return None;
        }
        let kind = kind_of(top, sub)?;
        Some(Self {
            media_type: plain,
            kind,
        })
    }

    /// What to take a file for until its content has been looked at.
    #[must_use]
    pub fn guess(&self, file_name: &str) -> Kind {
        self.kind.or_else(|| of_name(file_name)).unwrap_or(Kind::Document)
    }

    /// The kind of the file, if neither type nor name leaves room for another: a sound may come in a container of films.
    #[must_use]
    pub fn sure(&self, file_name: &str) -> Option<Kind> {
        let kind = self.kind?;
        let is_container = ["mp4", "webm", "matroska", "3gp"]
            .iter()
            .any(|name| self.media_type.contains(name));
        let by_name = of_name(file_name).unwrap_or(kind);
        (by_name == kind && !is_container).then_some(kind)
    }

    /// Whether a file of this name may be a text: text passes for whatever there is, so it has to be said.
    pub(super) fn allows_text(&self, file_name: &str) -> bool {
        match self.kind {
            None => self.guess(file_name) == Kind::Document,
            Some(_) => {
                let is_text = self.media_type.starts_with("text/");
                is_text || self.is_table() || matches!(&*self.media_type, "application/json" | "application/xml")
            }
        }
    }

    fn is_table(&self) -> bool {
        let says = |word| self.media_type.contains(word);
        says("csv") || says("comma-separated") || says("excel")
    }
}

/// Words in types of what a browser or an office program runs.
const ACTIVE_TYPES: &[&str] = &["html", "svg", "script", "macroenabled", "xslt"];
/// Words in types of programs, among those of applications.
const PROGRAMS: &[&str] = &[
    "android",
    "chm",
    "debian",
    "diskimage",
    "dosexec",
    "executable",
    "flash",
    "hta",
    "install",
    "java",
    "mach-o",
    "msdos",
    "msdownload",
    "perl",
    "php",
    "python",
    "rpm",
    "ruby",
    "sharedlib",
    "shortcut",
    "wasm",
    "x-bat",
    "x-csh",
    "x-elf",
    "x-msi",
    "x-object",
    "x-sh",
];

/// The kind of what a name ends like.
fn of_name(file_name: &str) -> Option<Kind> {
    let ending = ending(file_name)?;
    TYPES.iter().find(|of| of.endings.contains(&&*ending)).map(|of| of.kind)
}

/// The kind of a media type; none if none is taken. The inner one is none if the type says nothing: whatever isn't known may be what some
/// program calls a file that is.
fn kind_of(top: &str, sub: &str) -> Option<Option<Kind>> {
    let has = |words: &[&str]| words.iter().any(|word| sub.contains(word));
    let is_active = has(ACTIVE_TYPES) || (top == "application" && has(PROGRAMS));
    let is_office =
        |sub: &str| sub.starts_with("vnd.openxmlformats-officedocument.") || sub.starts_with("vnd.oasis.opendocument.");
    match top {
        _ if is_active => None,
        "image" => Some(Some(Kind::Image)),
        "video" => Some(Some(Kind::Video)),
        "audio" => Some(Some(Kind::Audio)),
        "text" => Some(Some(Kind::Document)),
        "binary" => Some(None),
        "application" => match sub {
            "mp4" | "x-matroska" | "matroska" => Some(Some(Kind::Video)),
            "ogg" | "x-ogg" => Some(Some(Kind::Audio)),
            "pdf" | "x-pdf" | "acrobat" | "csv" | "x-csv" | "excel" | "x-excel" | "json" | "xml" | "zip" | "x-zip"
            | "x-zip-compressed" | "msword" | "msexcel" | "mspowerpoint" | "x-msexcel" | "vnd.msword" => {
                Some(Some(Kind::Document))
            }
            "vnd.ms-excel" | "vnd.ms-powerpoint" | "vnd.ms-word" | "vnd.ms-office" => Some(Some(Kind::Document)),
            sub if is_office(sub) => Some(Some(Kind::Document)),
            _ => Some(None),
        },
        _ => None,
    }
}

/// The ending of a name, in lower case.
fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.trim_end().rsplit_once('.')?;
    (!stem.is_empty() && !ending.is_empty()).then(|| ending.to_lowercase())
}

/// Whether a name is that of a program, or of what a browser runs.
pub(super) fn is_active(file_name: &str) -> bool {
    // Windows doesn't mind full stops and blanks behind it.
    let name = file_name.trim_end_matches(|sign: char| sign == '.' || sign.is_whitespace() || sign.is_control());
    ending(name).is_some_and(|ending| ACTIVE.contains(&&*ending))
}

/// What a text is: a table if its uploader says so, else plain text. It never is what a browser runs, whatever it begins with.
pub(super) fn of_text(label: &Label, file_name: &str, is_markup: bool) -> &'static str {
    let is_table = label.is_table() || ending(file_name).is_some_and(|ending| ending == "csv");
    if is_table && !is_markup { TABLE } else { PLAIN }
}

/// The name under which a file of a media type is kept and given out: its own with an ending that fits. Nothing of the name is lost but a
/// known ending of something else.
#[must_use]
pub fn fitting(file_name: &str, media_type: &str) -> String {
    let Some(of) = TYPES.iter().find(|of| of.media_type == media_type) else {
        return file_name.to_owned();
    };
    let Some(ending) = ending(file_name) else {
        return format!("{}.{}", file_name.trim_end_matches('.'), of.endings[0]);
    };
    if of.endings.contains(&&*ending) {
        return file_name.to_owned();
    }
    let is_known = OTHERS.contains(&&*ending) || TYPES.iter().any(|other| other.endings.contains(&&*ending));
    let stem = if is_known {
        file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem)
    } else {
        file_name
    };
    format!("{stem}.{}", of.endings[0])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_as_people_have_it() {
        for (announced, plain, kind) in [
            (" Image/JPG ; q=1", "image/jpg", Some(Kind::Image)),
            ("image/heic", "image/heic", Some(Kind::Image)),
            ("audio/mp3", "audio/mp3", Some(Kind::Audio)),
            ("audio/m4a", "audio/m4a", Some(Kind::Audio)),
            ("video/webm;codecs=opus", "video/webm", Some(Kind::Video)),
            (
                "application/vnd.ms-excel",
                "application/vnd.ms-excel",
                Some(Kind::Document),
            ),
            ("", "application/octet-stream", None),
            ("application/octet-stream", "application/octet-stream", None),
            ("text/markdown", "text/markdown", Some(Kind::Document)),
            ("image/*", "application/octet-stream", None),
            ("*/*", "application/octet-stream", None),
            ("application/wps-office.docx", "application/wps-office.docx", None),
            ("text/x-python", "text/x-python", Some(Kind::Document)),
            ("application/gpx+xml", "application/gpx+xml", None),
            ("application/x-subrip", "application/x-subrip", None),
        ] {
            let label = Label::of(announced).unwrap();
            assert_eq!((&*label.media_type, label.kind), (plain, kind), "{announced}");
        }
        for wrong in [
            "image/svg+xml",
            "text/html",
            "application/xhtml+xml",
            "text/javascript",
            "application/x-msdownload",
            "application/x-sh",
            "application/java-archive",
            "application/vnd.ms-word.document.macroenabled.12",
            "jpeg",
            "image/",
            "image/p ng",
            "image/png\r\nx: y",
            "font/woff2",
            "application/vnd.android.package-archive",
            "application/x-httpd-php",
            "application/wasm",
            "image/*+x",
        ] {
            assert_eq!(Label::of(wrong), None, "{wrong}");
        }
        assert!(Label::of(&format!("image/{}", "x".repeat(101))).is_none());
    }

    #[test]
    fn what_says_nothing_is_guessed_by_the_name() {
        let vague = Label::of("").unwrap();
        assert_eq!(vague.guess("IMG_1.JPG"), Kind::Image);
        assert_eq!(vague.guess("marks"), Kind::Document);
        assert_eq!(Label::of("audio/x-m4a").unwrap().guess("a.jpg"), Kind::Audio);
    }

    #[test]
    fn a_kind_is_sure_where_nothing_speaks_against_it() {
        let sure = |media_type, name| Label::of(media_type).unwrap().sure(name);
        assert_eq!(sure("image/jpeg", "a.jpg"), Some(Kind::Image));
        assert_eq!(sure("image/jpeg", "photo"), Some(Kind::Image));
        assert_eq!(sure("image/jpeg", "scan.pdf"), None);
        assert_eq!(sure("audio/mp4", "a.m4a"), None);
        assert_eq!(sure("audio/x-matroska", "a.mka"), None);
        assert_eq!(sure("", "a.jpg"), None);
    }

    #[test]
    fn a_name_gets_the_ending_of_its_type() {
        for (name, media_type, fitting_name) in [
            (
                "WhatsApp Image 2026-11-28 at 10.15.23",
                "image/jpeg",
                "WhatsApp Image 2026-11-28 at 10.15.23.jpg",
            ),
            ("photo.heic", "image/jpeg", "photo.jpg"),
            ("photo.JPEG", "image/jpeg", "photo.JPEG"),
            ("voice.mp4", "audio/mp4", "voice.m4a"),
            ("Čau.png", "image/webp", "Čau.webp"),
            ("marks", "text/csv", "marks.csv"),
            ("marks.xls", "text/csv", "marks.csv"),
            (".jpg", "image/jpeg", ".jpg.jpg"),
            ("end.", "image/jpeg", "end.jpg"),
            ("v1.final", "application/pdf", "v1.final.pdf"),
            ("notes.md", "text/plain", "notes.txt"),
        ] {
            assert_eq!(fitting(name, media_type), fitting_name);
            assert_eq!(fitting(fitting_name, media_type), fitting_name);
        }
    }

    #[test]
    fn a_program_is_known_by_its_name() {
        for name in ["a.exe", "a.jpg.EXE", "a.html", "a.svg. ", "a.JS.", "setup.scr"] {
            assert!(is_active(name), "{name}");
        }
        for name in ["a", "exe", "a.exe.jpg", "WhatsApp 10.15.23", ".html", "a.heic"] {
            assert!(!is_active(name), "{name}");
        }
    }
}
