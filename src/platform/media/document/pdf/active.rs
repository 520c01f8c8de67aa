//! What acts in a PDF: scripts, programs, other players, forms that are programs (XFA), and attached files that are run.
//!
//! Attached data stay: tables, texts, pictures, office files, other PDFs, the XML of an invoice. Files are judged by the type
//! that they are said to have, by the ending of their names, and by how they begin.

use crate::platform::media::{
    Refusal,
    sniff::{self, Format},
};

/// Objects of files at most.
pub const FILES: usize = 10_000;
pub const REFUSAL: Refusal = Refusal::unsafe_("PDF with active content");

/// Keys of which any value acts.
const KEYS: &[&[u8]] = &[b"JavaScript", b"JS", b"Launch", b"XFA"];
/// Types of actions, of annotations, of objects.
const TYPES: &[&[u8]] = &[b"JavaScript", b"Launch"];
/// Where a type stands.
const TYPE_KEYS: &[&[u8]] = &[b"S", b"Subtype", b"Type"];
/// How the names of annotations of a player begin, and of all that belongs to them.
const PLAYER: &[u8] = b"RichMedia";

/// Media types of what a computer or a browser runs: what stands behind the slash, without `x-`.
const MEDIA_TYPES: &str = "
    html xhtml+xml svg svg+xml xslt+xml javascript ecmascript vbscript hta wasm
    msdownload msdos-program dosexec exe bat vnd.microsoft.portable-executable ms-shortcut ms-application msi ms-installer
    executable elf mach-binary sharedlib apple-diskimage vnd.android.package-archive
    sh shellscript csh powershell python python-code perl php ruby
    java java-archive java-applet java-vm java-jnlp-file shockwave-flash vnd.adobe.flash.movie";
/// Part of the media type of office files with macros.
const MACROS: &str = "macroenabled";

/// Endings of the names of such files.
const ENDINGS: &str = "
    exe com scr pif cpl msi msp mst dll ocx sys drv msix appx appinstaller application msc gadget diagcab chm hlp
    bat cmd ps1 psm1 psd1 ps1xml vbs vbe vb js jse mjs cjs ws wsf wsc wsh sct hta
    lnk url scf inf reg settingcontent-ms library-ms search-ms iqy xll iso img vhd vhdx
    app dmg pkg command workflow action scpt terminal desktop appimage deb rpm run apk jar jnlp class
    sh bash zsh csh ksh py pyc pyw pl php rb elf so dylib wasm swf
    html htm xhtml xht shtml mht mhtml svg svgz xsl xslt
    docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm";

pub fn is_key(key: &[u8]) -> bool {
    KEYS.contains(&key) || key.starts_with(PLAYER)
}

/// Whether a name that stands at a key is a type of what acts.
pub fn is_type(key: &[u8], name: &[u8]) -> bool {
    TYPE_KEYS.contains(&key) && is_type_name(name)
}

/// Whether a name is a type of what acts, wherever a key may point to it from.
pub fn is_type_name(name: &[u8]) -> bool {
    TYPES.contains(&name) || name.starts_with(PLAYER)
}

pub fn is_media_type(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let Some((_, subtype)) = name.split(';').next().and_then(|name| name.trim().split_once('/')) else {
        return false;
    };
    let plain = subtype.strip_prefix("x-").unwrap_or(subtype);
    MEDIA_TYPES.split_whitespace().any(|other| other == plain) || subtype.contains(MACROS)
}

/// Whether the ending of a file's name says that it is run. Of the text only its end need be there, in any encoding.
pub fn is_file_name(text: &[u8]) -> bool {
    let name: String = text
        .iter()
        .filter(|byte| **byte != 0)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    // What some systems leave out.
    let name = name.trim_end_matches(|sign: char| sign.is_whitespace() || sign.is_control() || sign == '.');
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.split_whitespace().any(|other| other == ending))
}

/// Whether a content begins as a program or as markup in which scripts run.
pub fn begins(head: &[u8]) -> bool {
    matches!(sniff::format(head), Format::Program | Format::Html | Format::Svg)
}
