//! How a copy is written for people to read.

use std::fmt::Write;

use serde_json::Value;

/// A copy as CommonMark: a heading for each list, a line for each row, and the texts of the person as quotes, so that nothing in
/// them is taken for a part of the document.
pub(super) fn markdown(copy: &Value) -> String {
    let mut text = "# What is kept about you\n".to_owned();
    for (name, value) in copy.as_object().into_iter().flatten() {
        match value {
            Value::Array(rows) if rows.iter().any(|row| row.get("versions").is_some()) => {
                heading(&mut text, 2, name);
                rows.iter().for_each(|row| contribution(&mut text, row));
            }
            Value::Array(rows) => {
                heading(&mut text, 2, name);
                if rows.is_empty() {
                    text.push_str("\nNone.\n");
                }
                for row in rows {
                    let _ = write!(text, "\n* {}", line(row));
                }
                text.push('\n');
            }
            Value::Object(_) => {
                heading(&mut text, 2, name);
                let _ = writeln!(text, "\n{}", line(value));
            }
            _ => {
                let _ = writeln!(text, "\n{name}: {}", line(value));
            }
        }
    }
    text
}

fn heading(text: &mut String, level: usize, words: &str) {
    let _ = writeln!(text, "\n{} {words}", "#".repeat(level));
}

/// A contribution with its versions.
fn contribution(text: &mut String, row: &Value) {
    heading(text, 3, row["id"].as_str().unwrap_or_default());
    let mut facts = row.clone();
    let versions = facts.as_object_mut().and_then(|facts| facts.remove("versions"));
    let _ = writeln!(text, "\n{}", line(&facts));
    for version in versions.iter().filter_map(Value::as_array).flatten() {
        let mut facts = version.clone();
        let mut texts = Vec::new();
        if let Some(facts) = facts.as_object_mut() {
            texts.extend(["title", "body"].into_iter().filter_map(|name| facts.remove(name)));
            for answer in facts.remove("answers").iter().filter_map(Value::as_array).flatten() {
                texts.extend(["question", "body"].map(|name| answer[name].clone()));
            }
        }
        heading(text, 4, &format!("Version {}", line(&version["version"])));
        let _ = writeln!(text, "\n{}", line(&facts));
        for words in texts.iter().filter_map(Value::as_str) {
            let _ = writeln!(text, "\n{}", quote(words));
        }
    }
}

fn quote(words: &str) -> String {
    let lines: Vec<_> = words.lines().map(|line| format!("> {line}")).collect();
    lines.join("\n")
}

/// A value in one line; what is null or empty is left out.
fn line(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Array(values) => values.iter().map(line).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let parts = fields.iter().map(|(name, value)| (name, line(value)));
            let parts = parts.filter(|(_, words)| !words.is_empty());
            let parts: Vec<_> = parts.map(|(name, words)| format!("{name}: {words}")).collect();
            parts.join("; ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_quoted_and_nulls_left_out() {
        let copy = json!({ "account": { "login": "ada", "birthYear": null }, "reactions": [],
            "contributions": [{ "id": "thread_1", "versions": [
                { "version": 2, "title": "Bread", "body": "# Dark\n\nLight", "answers": [] } ] }] });
        let text = markdown(&copy);
        assert!(text.contains("\nlogin: ada\n"), "{text}");
        assert!(
            text.contains("#### Version 2\n\nversion: 2\n\n> Bread\n\n> # Dark\n> \n> Light\n"),
            "{text}"
        );
        assert!(text.contains("## reactions\n\nNone.\n"), "{text}");
    }
}
