//! Texts of people: checks, and CommonMark to HTML that is safe to show.

use std::{collections::HashSet, sync::LazyLock};

use ammonia::Builder;
use comrak::{
    Arena, Options,
    arena_tree::NodeEdge,
    format_html,
    nodes::{AstNode, NodeValue},
    parse_document,
};

use super::error::{Error, Reason, Result};

/// Version of the rules below; kept with every stored HTML.
pub const RENDERER: i32 = 1;
/// Levels of a document's tree at most; a list in a list is two.
const DEEPEST: usize = 64;
/// Characters of an excerpt at most.
const EXCERPT: usize = 200;

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
        .tag_attributes([("a", ["href", "title"].into()), ("ol", ["start"].into())].into())
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("nofollow ugc noopener noreferrer"));
    builder
});

/// Renders CommonMark (with tables, strike-through and bare links). Raw HTML is shown as text; images become their
/// alternative text, since loading them from elsewhere would tell that server who reads.
#[must_use]
pub fn render(body: &str) -> Rendered {
    let arena = Arena::new();
    let options = options();
    let root = parse_document(&arena, body, &options);
    let is_image = |node: &&AstNode<'_>| matches!(node.data.borrow().value, NodeValue::Image(_));
    // Found before the first is changed: a walk must not meet its own changes.
    for node in root.descendants().filter(is_image).collect::<Vec<_>>() {
        let text = plain(node);
        for child in node.children().collect::<Vec<_>>() {
            child.detach();
        }
        node.data.borrow_mut().value = NodeValue::Text(text.into());
    }
    let mut html = String::new();
    // Writing to a string doesn't fail.
    let _ = format_html(root, &options, &mut html);
    Rendered {
        html: SANITISER.clean(&html).to_string(),
        excerpt: excerpt(&plain(root)),
    }
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

/// A CommonMark text that is not nested so deeply that showing it would be a burden.
///
/// # Errors
/// `INVALID`/`OUT_OF_RANGE`.
pub fn nested(body: String) -> Result<String> {
    let arena = Arena::new();
    let root = parse_document(&arena, &body, &options());
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
    Ok(body)
}

/// CommonMark with tables, strike-through and bare links; raw HTML is shown as text.
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.render.escape = true;
    options
}

/// The words of a node, blocks parted by blanks.
fn plain<'a>(root: &'a AstNode<'a>) -> String {
    let mut text = String::new();
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(words) => text.push_str(words),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::CodeBlock(block) => text.push_str(&block.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
            value if value.block() => text.push(' '),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn excerpt(text: &str) -> String {
    if text.chars().count() <= EXCERPT {
        return text.to_owned();
    }
    let cut: String = text.chars().take(EXCERPT - 1).collect();
    let end = cut.rfind(' ').filter(|end| *end > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end())
}

/// A text that must not be empty, without blanks around it.
///
/// # Errors
/// `INVALID`: empty, more than `longest` characters, or with control characters.
pub fn required(text: &str, longest: usize) -> Result<String> {
    let text = optional(text, longest)?;
    if text.is_empty() {
        return Err(Error::invalid(Reason::Required, "Must not be empty."));
    }
    Ok(text)
}

/// A text that may be empty, without blanks around it.
///
/// # Errors
/// `INVALID`: more than `longest` characters, or with control characters.
pub fn optional(text: &str, longest: usize) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > longest {
        return Err(Error::invalid(
            Reason::TooLong,
            format!("At most {longest} characters."),
        ));
    }
    if text
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t'))
    {
        return Err(Error::invalid(Reason::Malformed, "Control characters are not allowed."));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
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
}
