//! What must not compile: each file of `tests/ui` is one way past the table, the guard or the audit trail.

/// The right way. It is compiled here and not beside the others, because building all of actix-web once more, to run
/// one program, would double what this costs. That the others fail for their own reasons, their messages say.
#[path = "../ui/ok_control.rs"]
mod ok_control;

#[test]
fn the_right_way_compiles_and_declares_what_it_says() {
    ok_control::main();
}

/// After a change of the messages alone: `TRYBUILD=overwrite cargo test --package bailiwick-api compile_fail`.
#[test]
fn no_way_past_the_table_compiles() {
    let cases = trybuild::TestCases::new();

    cases.compile_fail("tests/ui/a_*.rs");
}
