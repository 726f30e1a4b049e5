//! The book: every page is in it, every link leads somewhere, every command is run or says why not, and what the table of
//! requirements names is there.

use crate::{architecture::root, documents::docs};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_page_is_a_chapter_and_every_chapter_a_page() {
    let summary = fs::read_to_string(docs().join("SUMMARY.md")).unwrap();
    let chapters: Vec<_> = links(&summary).collect();
    let named: BTreeSet<_> = chapters.iter().map(|link| docs().join(link)).collect();

    let pages: BTreeSet<_> = pages(&docs())
        .into_iter()
        .filter(|page| !page.ends_with("SUMMARY.md"))
        .collect();

    let left_out: Vec<_> = pages.difference(&named).collect();
    let missing: Vec<_> = named.difference(&pages).collect();
    assert!(
        left_out.is_empty() && missing.is_empty(),
        "in no chapter of docs/SUMMARY.md: {left_out:?}\nchapters without a page: {missing:?}"
    );
    assert_eq!(chapters.len(), named.len(), "a chapter stands there twice");
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in all() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let there = target.exists()
                && (heading.is_empty() || headings(&target).contains(&heading.to_owned()));
            if !there {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }

    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_command_is_run_or_says_why_not() {
    let mut silent = Vec::new();
    let mut met = 0;
    for page in all() {
        let text = fs::read_to_string(&page).unwrap();
        let (mut run, mut excused, mut inside) = (false, false, false);
        for line in text.lines().map(str::trim) {
            match line {
                "```" if inside => {
                    inside = false;
                    excused = false;
                }
                _ if inside => {}
                // What is between these two, and what follows the others, tests of the server paste into a shell.
                "<!-- tour:begin -->" | "<!-- run: served -->" | "<!-- run: stopped -->" => {
                    run = true;
                }
                "<!-- tour:end -->" => run = false,
                _ if line.starts_with("<!-- not run: ") && line.len() > 40 => excused = true,
                "```sh" => {
                    met += 1;
                    inside = true;
                    if !run && !excused {
                        silent.push(page.display().to_string());
                    }
                }
                _ if line.starts_with("```") && !line.contains("mermaid") => {
                    let language = line.trim_start_matches('`');
                    assert!(
                        !["bash", "console", "shell"].contains(&language),
                        "{}: say `sh`",
                        page.display()
                    );
                    inside = line.len() > 3;
                }
                _ if line.starts_with("```") => inside = true,
                "" => {}
                _ => excused = false,
            }
        }
    }

    assert_eq!(silent, [""; 0]);
    assert!(met > 20, "{met}");
}

#[test]
fn what_the_table_of_requirements_names_is_there() {
    let text = fs::read_to_string(docs().join("asvs.md")).unwrap();
    let rows = text.lines().filter(|line| {
        line.starts_with("| ") && line[2..].starts_with(|first: char| first.is_ascii_digit())
    });
    let (mut met, mut tests) = (0, 0);
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 6, "{row}");
        assert!(["yes", "part", "no", "yours"].contains(&cells[2]), "{row}");
        met += 1;
        let mut file = String::new();
        for name in cells[5].split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") {
                file = fs::read_to_string(root().join(name)).expect(name);
            } else {
                tests += 1;
                assert!(file.contains(&format!("fn {name}(")), "{row}: {name}");
            }
        }
    }

    assert!(met > 60 && tests > 50, "{met} {tests}");
}

#[test]
fn headings_are_found_as_they_are_linked() {
    assert_eq!(
        slug("Adding a resource, file by file"),
        "adding-a-resource-file-by-file"
    );
    assert_eq!(slug("1. `A` & B"), "1-a--b");
}

/// All pages that people read.
fn all() -> Vec<PathBuf> {
    let mut all = pages(&docs());
    all.extend(pages(&root().join("examples")));
    all.push(root().join("README.md"));
    all.push(root().join("crates/domain/README.md"));
    all
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Where the links of a page lead, but for what stands in code.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
}

/// The names under which the headings of a page are found.
fn headings(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let prose: String = text.split("```").step_by(2).collect();
    prose
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| slug(line.trim_start_matches('#').trim()))
        .collect()
}

/// As GitHub and mdBook make them: lower case, without signs, a `-` for each space.
fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            letter => letter.is_alphanumeric().then_some(letter),
        })
        .collect()
}
