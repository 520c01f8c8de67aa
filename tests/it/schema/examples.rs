//! The operations with which the explorer opens.

use apollo_compiler::ExecutableDocument;

use super::schema;

#[test]
fn every_example_of_the_explorer_is_valid() {
    let schema = schema();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/platform/http/explorer/examples");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(invalid) = ExecutableDocument::parse_and_validate(&schema, text, &path) {
            panic!("{}", invalid.errors);
        }
        count += 1;
    }
    assert!(count > 0);
}
