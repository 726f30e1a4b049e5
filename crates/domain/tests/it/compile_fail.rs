//! What must not compile: each file of `tests/ui` is one attempt to act without the policy's leave.

/// After a change of the messages alone: `TRYBUILD=overwrite cargo test --package bailiwick-domain compile_fail`.
#[test]
fn no_attempt_to_act_without_leave_compiles() {
    let cases = trybuild::TestCases::new();

    cases.pass("tests/ui/ok_control.rs");
    cases.compile_fail("tests/ui/no_*.rs");
    cases.compile_fail("tests/ui/a_*.rs");
    cases.compile_fail("tests/ui/an_*.rs");
}
