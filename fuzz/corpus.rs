//! What the fuzzer starts from, for tests that hold the same promises against it.

use std::{fs, path::Path};

/// Every file of the corpus of a target.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let files: Vec<_> = fs::read_dir(corpus.join(target))
        .unwrap()
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(!files.is_empty(), "{target}");
    files
}
