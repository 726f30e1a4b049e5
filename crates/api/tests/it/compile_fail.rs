//! What must not compile: each file of `tests/ui` is one way past the table, the guard or the audit trail.

/// After a change of the messages alone: `TRYBUILD=overwrite cargo test --package bailiwick-api compile_fail`.
#[test]
fn no_way_past_the_table_compiles() {
    let cases = trybuild::TestCases::new();

    cases.pass("tests/ui/ok_control.rs");
    cases.compile_fail("tests/ui/a_*.rs");
}
