//! Texts of people: checks, and CommonMark to HTML that is safe to show.

mod plain;

use std::{collections::HashSet, sync::LazyLock};

use ammonia::Builder;
use comrak::{
    Arena, Options,
    arena_tree::NodeEdge,
    format_html,
    nodes::{AstNode, NodeValue},
    parse_document,
};

use uuid::Uuid;

pub use self::plain::{initial, line, optional, optional_line, required};
use super::{
    error::{Error, Reason, Result},
    id::{self, Kind},
    unicode::is_seen,
};

/// Version of the rules below; kept with every stored HTML. What has an earlier one is rendered anew: the indexes that find it,
/// `ix_revision_stale`, `ix_review_stale` and `ix_review_round_stale`, name this version, and are built anew with it.
pub const RENDERER: i32 = 4;
/// Levels of a document's tree at most; a list in a list is two.
const DEEPEST: usize = 64;
/// Characters of an excerpt at most.
const EXCERPT: usize = 200;
/// Members that one text may name.
const MENTIONS: usize = 20;
/// A member in a text: this, the public id, `>`.
const MENTION: &str = "<@";
/// Bytes of a public id at most, and one more.
const LONGEST_ID: usize = 64;
/// A member in stored HTML, between these the public id. Nobody can write it: raw HTML is shown as text, and what stands in an
/// attribute has its quotation marks escaped.
const HOLE: (&str, &str) = ("<span data-member=\"", "\"></span>");
/// The same in stored excerpts: no text may have control characters.
const GAP: (char, char) = ('\u{1}', '\u{2}');

/// A body as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Safe HTML.
    pub html: String,
    /// The first words as plain text.
    pub excerpt: String,
}

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags: HashSet<_> = [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "span",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
    .into();
    let mut builder = Builder::empty();
    builder
        .tags(tags)
        .tag_attributes(
            [
                ("a", ["href", "title"].into()),
                ("ol", ["start"].into()),
                ("span", ["data-member"].into()),
            ]
            .into(),
        )
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("nofollow ugc noopener noreferrer"));
    builder
});

/// Renders CommonMark (with tables, strike-through and bare links; a line break is one). Raw HTML is shown as text; images become their
/// alternative text, since loading them from elsewhere would tell that server who reads.
#[must_use]
pub fn render(body: &str) -> Rendered {
    let arena = Arena::new();
    let options = options();
    let root = parse_document(&arena, body, &options);
    restore_tildes(&arena, root);
    let is_html = |node: &&AstNode<'_>| matches!(node.data.borrow().value, NodeValue::HtmlBlock(_));
    for node in root.descendants().filter(is_html).collect::<Vec<_>>() {
        let value = std::mem::replace(&mut node.data.borrow_mut().value, NodeValue::Paragraph);
        let NodeValue::HtmlBlock(html) = value else { continue };
        for (place, line) in html.literal.trim_end().lines().enumerate() {
            if place > 0 {
                node.append(arena.alloc(AstNode::from(NodeValue::LineBreak)));
            }
            node.append(arena.alloc(AstNode::from(NodeValue::Text(line.to_owned().into()))));
        }
    }
    let is_image = |node: &&AstNode<'_>| matches!(node.data.borrow().value, NodeValue::Image(_));
    // Found before the first is changed: a walk must not meet its own changes.
    for node in root.descendants().filter(is_image).collect::<Vec<_>>() {
        let text = plain(node, str::to_owned);
        for child in node.children().collect::<Vec<_>>() {
            child.detach();
        }
        node.data.borrow_mut().value = NodeValue::Text(text.into());
    }
    for node in root.descendants() {
        // By its number, a character can be written that no text may have.
        if let NodeValue::Text(text) = &mut node.data.borrow_mut().value
            && text.contains(char::is_control)
        {
            *text = text.replace(char::is_control, " ").into();
        }
    }
    let gap = |member, _: &str| format!("{}{}{}", GAP.0, public(member), GAP.1);
    let excerpt = excerpt(&plain(root, |words| with_mentions(words, str::to_owned, gap)));
    for node in root.descendants() {
        let value = &mut node.data.borrow_mut().value;
        if let NodeValue::Text(text) = value
            && !mentions(text).is_empty()
        {
            let hole = |member: Uuid| format!("{}{}{}", HOLE.0, public(member), HOLE.1);
            let html = with_mentions(text, escaped, |member, _| hole(member));
            *value = NodeValue::Raw(html);
        }
    }
    let mut html = String::new();
    // Writing to a string doesn't fail.
    let _ = format_html(root, &options, &mut html);
    Rendered {
        html: SANITISER.clean(&html).to_string(),
        excerpt,
    }
}

fn public(member: Uuid) -> String {
    id::encode(Kind::Membership, member).0
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The members that a text names, each once.
fn mentions(text: &str) -> Vec<Uuid> {
    let mut found = Vec::new();
    with_mentions(
        text,
        |_| String::new(),
        |member, _| {
            if !found.contains(&member) {
                found.push(member);
            }
            String::new()
        },
    );
    found
}

/// A text, its parts between the members that it names turned by `plain`, the members by `mention`, which gets the words too.
fn with_mentions(text: &str, plain: impl Fn(&str) -> String, mut mention: impl FnMut(Uuid, &str) -> String) -> String {
    let (mut new, mut done) = (String::new(), 0);
    for (at, _) in text.match_indices(MENTION) {
        // Ids are short: what is far away ends nothing.
        let rest = &text[at + MENTION.len()..];
        let end = rest.bytes().take(LONGEST_ID).position(|sign| sign == b'>');
        let Some(id) = end.filter(|_| at >= done).map(|end| &rest[..end]) else {
            continue;
        };
        if let Ok((Kind::Membership, member)) = id::decode(id) {
            let end = at + MENTION.len() + id.len() + 1;
            new.push_str(&plain(&text[done..at]));
            new.push_str(&mention(member, &text[at..end]));
            done = end;
        }
    }
    new + &plain(&text[done..])
}

/// Refuses a text that names too many members.
///
/// # Errors
/// `INVALID`/`TOO_LONG`.
pub fn mentioning(body: String) -> Result<String> {
    if mentions(&body).len() > MENTIONS {
        let message = format!("At most {MENTIONS} members can be mentioned.");
        return Err(Error::invalid(Reason::TooLong, message));
    }
    Ok(body)
}

/// The members that stored HTML names, each once, in the order of the text.
#[must_use]
pub fn mentioned(html: &str) -> Vec<Uuid> {
    let mut found = Vec::new();
    for (member, _) in html.split(HOLE.0).skip(1).filter_map(hole) {
        if !found.contains(&member) {
            found.push(member);
        }
    }
    found
}

/// Behind the beginning of a place for a member: which, and what follows.
fn hole(rest: &str) -> Option<(Uuid, &str)> {
    let (id, rest) = rest.split_once(HOLE.1)?;
    match id::decode(id) {
        Ok((Kind::Membership, member)) => Some((member, rest)),
        _ => None,
    }
}

/// Stored HTML with the names that members have now. Who has none is shown as it was written, as text.
#[must_use]
pub fn with_names<'a>(html: &str, name: impl Fn(Uuid) -> Option<&'a str>) -> String {
    let mut parts = html.split(HOLE.0);
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((member, rest)) = hole(part) else {
            new.push_str(HOLE.0);
            new.push_str(part);
            continue;
        };
        let id = public(member);
        match name(member) {
            Some(name) => new.push_str(&format!("{}{id}\">@{}</span>", HOLE.0, escaped(name))),
            None => new.push_str(&escaped(&format!("{MENTION}{id}>"))),
        }
        new.push_str(rest);
    }
    new
}

/// An excerpt with the names that members have now.
#[must_use]
pub fn excerpt_with_names<'a>(text: &str, name: impl Fn(Uuid) -> Option<&'a str>) -> String {
    let mut parts = text.split(GAP.0);
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, rest) = part.split_once(GAP.1).unwrap_or_default();
        let name = id::decode(id).ok().and_then(|(_, member)| name(member));
        new.push_str(&name.map_or_else(|| format!("{MENTION}{id}>"), |name| format!("@{name}")));
        new.push_str(rest);
    }
    excerpt(&new)
}

/// Renders off the async threads.
///
/// # Errors
/// Never in practice.
pub async fn render_apart(body: String) -> Result<Rendered> {
    tokio::task::spawn_blocking(move || render(&body))
        .await
        .map_err(Error::internal)
}

/// A CommonMark text of which something is seen, and that [`nested`] passes.
///
/// # Errors
/// `INVALID`/`REQUIRED`, `INVALID`/`OUT_OF_RANGE`.
pub fn readable(body: String) -> Result<String> {
    checked(&body, true)?;
    Ok(body)
}

/// A CommonMark text that is not nested so deeply that showing it would be a burden.
///
/// # Errors
/// `INVALID`/`OUT_OF_RANGE`.
pub fn nested(body: String) -> Result<String> {
    checked(&body, false)?;
    Ok(body)
}

/// Characters that a CommonMark text shows, blanks in a row as one.
#[must_use]
pub fn shown_length(body: &str) -> usize {
    let arena = Arena::new();
    let words = plain(parse_document(&arena, body, &options()), str::to_owned);
    words.chars().filter(|&sign| sign == ' ' || is_seen(sign)).count()
}

fn checked(body: &str, is_required: bool) -> Result<()> {
    let arena = Arena::new();
    let root = parse_document(&arena, body, &options());
    let mut depth = 0_usize;
    for edge in root.traverse() {
        match edge {
            NodeEdge::Start(_) => depth += 1,
            NodeEdge::End(_) => depth -= 1,
        }
        if depth > DEEPEST {
            let message = "Quotes, lists and emphasis are nested too deeply.";
            return Err(Error::invalid(Reason::OutOfRange, message));
        }
    }
    let is_rule = |node: &AstNode<'_>| matches!(node.data.borrow().value, NodeValue::ThematicBreak);
    if is_required && !plain(root, str::to_owned).chars().any(is_seen) && !root.descendants().any(is_rule) {
        return Err(plain::empty());
    }
    Ok(())
}

/// CommonMark with tables, strike-through and bare links; raw HTML is shown as text.
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    // Only so that one tilde is told from two: people write `~5 km`.
    options.extension.subscript = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.render.escape = true;
    // In chats and letters, a new line is one.
    options.render.hardbreaks = true;
    options
}

/// Makes single tildes text again.
fn restore_tildes<'a>(arena: &'a Arena<'a>, root: &'a AstNode<'a>) {
    let is_between_tildes = |node: &&AstNode<'_>| matches!(node.data.borrow().value, NodeValue::Subscript);
    for node in root.descendants().filter(is_between_tildes).collect::<Vec<_>>() {
        let tilde = || arena.alloc(AstNode::from(NodeValue::Text("~".into())));
        node.insert_before(tilde());
        for child in node.children().collect::<Vec<_>>() {
            node.insert_before(child);
        }
        node.insert_before(tilde());
        node.detach();
    }
}

/// The words of a node, blocks parted by blanks. What is no code is turned by `written`.
fn plain<'a>(root: &'a AstNode<'a>, written: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(words) => text.push_str(&written(words)),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::CodeBlock(block) => text.push_str(&format!(" {} ", block.literal)),
            // Shown as text.
            NodeValue::HtmlInline(html) => text.push_str(html),
            NodeValue::HtmlBlock(html) => text.push_str(&format!(" {} ", html.literal)),
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
            value if value.block() => text.push(' '),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first words. A member whose name is not known yet counts as one character.
fn excerpt(text: &str) -> String {
    let mut is_gap = false;
    let signs = text.char_indices().filter(|(_, sign)| {
        let is_inside = is_gap;
        is_gap = *sign == GAP.0 || is_gap && *sign != GAP.1;
        !is_inside
    });
    let mut signs = signs.skip(EXCERPT - 1);
    let (Some((end, _)), Some(_)) = (signs.next(), signs.next()) else {
        return text.to_owned();
    };
    let cut = &text[..end];
    let end = cut.rfind(' ').filter(|end| *end > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_safe_html() {
        let html = |body| render(body).html;
        assert_eq!(html("*hi* **you**"), "<p><em>hi</em> <strong>you</strong></p>\n");
        assert!(!html("<script>alert(1)</script> <b onclick=x>b</b>").contains("<script"));
        assert!(!html("[x](javascript:alert(1))").contains("javascript"));
        assert_eq!(
            html("![our *boat*](https://elsewhere.example/x.png)"),
            "<p>our boat</p>\n"
        );
        assert_eq!(
            html("![one](https://a.example/1) and ![two ![three](https://a.example/3)](https://a.example/2) *end*"),
            "<p>one and two three <em>end</em></p>\n"
        );
        assert!(html("[x](https://a.example)").contains(r#"rel="nofollow ugc noopener noreferrer""#));
    }

    #[test]
    fn members_are_places_in_html_that_nobody_can_write() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let token = |member| format!("<@{}>", public(member));
        let name = |member: Uuid| (member == one).then_some("A <b>\"&");
        let body = format!("*Hi* {}, **{}**! {}", token(one), token(one), token(two));
        let rendered = render(&body);
        assert_eq!(mentioned(&rendered.html), [one, two]);
        let shown = format!("<span data-member=\"{}\">@A &lt;b&gt;&quot;&amp;</span>", public(one));
        let other = escaped(&token(two));
        let expected = format!("<p><em>Hi</em> {shown}, <strong>{shown}</strong>! {other}</p>\n");
        assert_eq!(with_names(&rendered.html, name), expected);
        let words = excerpt_with_names(&rendered.excerpt, name);
        assert_eq!(words, format!("Hi @A <b>\"&, @A <b>\"&! {}", token(two)));
        let code = render(&format!("`{}` {}", token(one), token(one))).excerpt;
        assert_eq!(excerpt_with_names(&code, name), format!("{} @A <b>\"&", token(one)));
        let full = render(&format!("{} {}", "x".repeat(EXCERPT - 3), token(one))).excerpt;
        assert_eq!(excerpt_with_names(&full, |_| Some("A")).chars().count(), EXCERPT);
        assert!(excerpt_with_names(&full, |_| Some("Amalia")).ends_with("x…"));
        let long = render(&format!("{} {} more", "x".repeat(EXCERPT - 2), token(one))).excerpt;
        assert!(excerpt_with_names(&long, name).ends_with("x…"));
        // Not in code, nor in what stands in an attribute, nor as HTML, nor with other ids.
        let hole = format!("{}{}{}", HOLE.0, public(one), HOLE.1);
        for body in [
            format!("`{}`", token(one)),
            format!("```{}\n{}\n```", token(one), token(one)),
            format!("[x](https://a.example '{}')", token(one)),
            format!("[x](https://a.example '{}')", hole.replace('"', "&quot;")),
            format!("[x](https://a.example/{})", hole),
            hole.clone(),
            format!("<div title='{}'>x</div>", token(one).replace('@', "&#64;")),
            format!("<@{}>", public(one).replace("member", "space")),
            format!("<@{}", public(one)),
            "<@>".to_owned(),
            "<@member_>".to_owned(),
        ] {
            let html = render(&body).html;
            assert!(mentioned(&html).is_empty(), "{body}: {html}");
            assert!(!with_names(&html, name).contains("=\"<span"), "{body}: {html}");
        }
    }

    #[test]
    fn a_text_names_20_members_at_most() {
        let token = |number| format!("<@{}> ", public(Uuid::from_u128(number)));
        let text = |count| (0..count).map(token).collect::<String>();
        assert!(mentioning(text(20) + &text(20)).is_ok());
        assert!(mentioning(text(21)).is_err());
    }

    #[test]
    fn deep_nesting_is_refused() {
        let emphasis = "*a **b ".repeat(100) + &"b** a*".repeat(100);
        for deep in [">".repeat(9_990), "- ".repeat(100) + "x", emphasis] {
            assert!(nested(deep.clone()).is_err(), "{deep}");
        }
        for flat in [
            "-".repeat(80),
            ".".repeat(300),
            "> > a".to_owned(),
            "- a\n  - b\n    - c".to_owned(),
        ] {
            assert!(nested(flat.clone()).is_ok(), "{flat}");
        }
    }

    #[test]
    fn an_excerpt_is_short_plain_text() {
        assert_eq!(
            render("# Riga\n\nWe *walked* to `the` river.").excerpt,
            "Riga We walked to the river."
        );
        let long = render(&"word ".repeat(100)).excerpt;
        assert!(long.chars().count() <= EXCERPT && long.ends_with("word…"));
    }

    /// The words that HTML shows, blanks as one.
    fn shown(html: &str) -> String {
        let mut words = String::new();
        for (place, part) in html.split('<').enumerate() {
            let (tag, text) = if place == 0 {
                ("", part)
            } else {
                part.split_once('>').unwrap()
            };
            let is_inline = ["em", "strong", "del", "code", "a", "span"]
                .iter()
                .any(|name| tag.trim_start_matches('/').split(' ').next() == Some(name));
            words.push_str(if is_inline { "" } else { " " });
            words.push_str(text);
        }
        let words = words
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&nbsp;", "\u{a0}");
        let words = words.replace("&quot;", "\"").replace("&amp;", "&");
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_excerpt_has_the_words_that_the_html_shows() {
        for body in [
            "if a<b and c>d then",
            "<div>\nno *tags*\n</div>\n\nx",
            "a\nb  \nc\\\nd",
            "~5 km~ and ~~not~~ ~x ~~y~~ z~",
            "H~2~O *a ~b* c~",
            "&lt;b&gt; &amp;amp; &nbsp; `a<b>`",
            "| a | b |\n|---|---|\n| c | <i>d</i> |",
            "- one\n- two\n\n> three\n\n```\nfour <five>\n```",
            "![our *boat*](https://a.example/x.png) [here](https://a.example 'title') https://b.example",
            "<!-- nothing --> <?php x ?> <![CDATA[y]]>",
        ] {
            let rendered = render(body);
            assert_eq!(rendered.excerpt, shown(&rendered.html), "{body}");
        }
        assert_eq!(render("if a<b and c>d then").excerpt, "if a<b and c>d then");
    }

    #[test]
    fn a_line_break_is_one_and_a_single_tilde_is_a_tilde() {
        let html = |body| render(body).html;
        assert_eq!(html("a\nb"), "<p>a<br>\nb</p>\n");
        assert_eq!(
            html("<div>\n*a* &amp;\n\n<b>"),
            "<p>&lt;div&gt;<br>\n*a* &amp;amp;</p>\n<p>&lt;b&gt;</p>\n"
        );
        assert_eq!(html("~5 km, ~6 km"), "<p>~5 km, ~6 km</p>\n");
        assert_eq!(html("~a *b*~"), "<p>~a <em>b</em>~</p>\n");
        assert_eq!(html("~~a~~ ~~~b~~~"), "<p><del>a</del> ~~~b~~~</p>\n");
        assert_eq!(html("H~2~O"), "<p>H~2~O</p>\n");
        assert_eq!(html("![~5 km~ of road](x)"), "<p>~5 km~ of road</p>\n");
        assert_eq!(html("a&#x1b;b"), "<p>a b</p>\n");
    }

    #[test]
    fn what_shows_nothing_is_not_readable() {
        for body in [
            "&nbsp;",
            "&#8203; &ZeroWidthSpace;",
            "![]()",
            "[x]: http://e \"t\"",
            "[](http://e.example)",
            ">",
            "- \n- ",
            "#",
            "```\n\n```",
            "| |\n|-|\n| |",
            "\u{200b}*\u{200b}*",
        ] {
            assert!(readable(body.to_owned()).is_err(), "{body}: {}", render(body).html);
        }
        for body in ["a", "---", "`x`", "![x]()", "<br>", "👍🏽", "~ ~"] {
            assert!(readable(body.to_owned()).is_ok(), "{body}");
        }
    }
}
