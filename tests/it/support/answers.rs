//! What answers say went wrong, in words that read well in an assertion.

use serde_json::Value;

use super::refusal;

/// `CODE/REASON at path.of.the.field` of each error of a payload, or of a row in it.
pub fn faults(payload: &Value) -> Vec<String> {
    let errors = payload["userErrors"].as_array().expect("userErrors");
    errors.iter().map(fault).collect()
}

fn fault(error: &Value) -> String {
    let steps = error["field"].as_array().into_iter().flatten();
    let path: Vec<_> = steps.map(|step| step.as_str().unwrap()).collect();
    if path.is_empty() {
        refusal(error)
    } else {
        format!("{} at {}", refusal(error), path.join("."))
    }
}

/// `CODE` or `CODE/REASON` of each top-level error.
pub fn errors(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.map(|error| refusal(&error["extensions"])).collect()
}
