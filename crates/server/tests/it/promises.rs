//! What a file of settings promises, whatever stands in it: what breaks a promise panics. The fuzzer in `fuzz/` calls
//! the same function.

use bailiwick_server::Config;
use std::fs;

/// Settings that are taken are taken again as they are written.
pub(crate) fn settings(text: &str) {
    if let Some(written) = written(text) {
        assert_eq!(self::written(&written).as_ref(), Some(&written), "{text:?}");
    }
}

/// The settings in this file as a file of their own, if they make sense.
fn written(text: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let file = folder.path().join("bailiwick.toml");
    fs::write(&file, text).expect("there is room for a file");
    match Config::load(Some(&file)) {
        Ok(config) => Some(toml::to_string(&config).expect("settings can be written")),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
