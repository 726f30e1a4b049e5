//! The key of keys.

use bailiwick_infrastructure::{SealingKey, SealingKeyError};
use std::{fs, thread};
use tempfile::TempDir;

#[test]
fn a_file_that_does_not_exist_is_made_once_by_whoever_comes_first() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("made/on/the/way/sealing.key");

    let starting: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || format!("{:?}", SealingKey::from_file(&path).unwrap()))
        })
        .collect();
    let keys: Vec<_> = starting
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();

    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(
        fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "no draft is left"
    );
}

#[test]
fn a_file_that_holds_no_key_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sealing.key");

    for text in [
        "",
        "short",
        "AAAA",
        "not base64 at all, but long enough to be some",
    ] {
        fs::write(&path, text).unwrap();

        assert!(
            matches!(SealingKey::from_file(&path), Err(SealingKeyError::Form)),
            "{text}"
        );
    }
}

#[test]
fn the_key_is_not_printed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sealing.key");

    let printed = format!("{:?}", SealingKey::from_file(&path).unwrap());

    assert!(
        !printed.contains(fs::read_to_string(&path).unwrap().trim()),
        "{printed}"
    );
}
