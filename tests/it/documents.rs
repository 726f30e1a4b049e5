//! Documents that are made from the code, and are as the code is.
//!
//! `BAILIWICK_UPDATE_DOCS=1` writes them anew.

use bailiwick_api::{openapi, problem, routes::routes};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

const ROUTES: &str = "# Routes

Every route, and who may call it. The table is made from `crates/api/src/routes.rs`: change it there, and run `just docs`.

";
const ERRORS: &str = "# Error handling

<!-- problems:begin -->
<!-- problems:end -->
";
const BEGIN: &str = "<!-- problems:begin -->\n";
const END: &str = "<!-- problems:end -->\n";

#[test]
fn the_table_of_routes_is_as_the_routes_are() {
    let file = docs().join("routes.md");

    let made = format!("{ROUTES}{}", routes().markdown());

    keep(&file, &made);
}

#[test]
fn the_table_of_problems_is_as_the_problems_are() {
    let file = docs().join("error-handling.md");
    let written = fs::read_to_string(&file).unwrap_or_else(|_| ERRORS.to_owned());

    let (before, rest) = written.split_once(BEGIN).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where the table ends");
    let made = format!("{before}{BEGIN}\n{}\n{END}{after}", problem::markdown());

    keep(&file, &made);
}

#[test]
fn the_openapi_document_is_as_the_routes_are() {
    keep(&docs().join("openapi.json"), &openapi::pretty());
}

pub(crate) fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Writes the document if that is wanted, else compares it.
#[track_caller]
pub(crate) fn keep(file: &Path, made: &str) {
    if env::var_os("BAILIWICK_UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::write(file, made).unwrap();
    }
    let written = fs::read_to_string(file).unwrap_or_default();
    assert!(
        written == made,
        "`{}` is not as the code is: run `just docs`",
        file.file_name().unwrap().display()
    );
}
