//! Invitations: offers to an address, answered by whoever reads its mail or signs in with it.

use crate::{
    acts::{INVITATIONS, MEMBERS, ORGANIZATION, ROLES, at_once, counted, texts},
    world::{Answer, Client, PASSWORD, Person, World, email, unknown},
};
use bailiwick_server::config::Membership;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use std::{num::NonZero, time::Duration};

both!(
    an_invitation_is_written_listed_and_read,
    a_secret_is_in_the_mail_and_nowhere_else,
    one_invitation_waits_for_an_address,
    of_eight_at_once_one_waits_for_the_address,
    an_invitation_that_is_sent_again_has_another_secret_and_all_its_time,
    whoever_brings_the_secret_reads_what_it_offers,
    an_invitation_is_accepted_with_its_secret,
    an_invitation_is_accepted_from_ones_own_list,
    a_mailed_secret_verifies_the_address_and_a_list_does_not,
    whoever_has_no_account_registers_verifies_and_accepts,
    where_addresses_are_verified_only_a_secret_counts_for_one_that_is_not,
    where_addresses_are_verified_nobody_is_added_by_one_that_is_not,
    an_invitation_is_for_its_address,
    an_address_is_one_in_any_spelling,
    an_invitation_is_declined_with_an_account_and_without,
    an_invitation_is_answered_once,
    a_secret_that_is_none_opens_nothing,
    an_invitation_is_named_one_way_or_the_other,
    whoever_invited_has_to_be_able_to_still,
    whoever_sends_it_again_answers_for_it,
    an_invitation_is_kept_as_far_as_whoever_invited_still_holds_it,
    an_organization_that_stands_still_takes_nobody_in,
    a_role_that_somebody_is_invited_to_is_not_deleted_but_replaced,
    an_invitation_that_has_lapsed_keeps_no_role_and_is_not_sent_again_without_one,
    nobody_invites_to_more_than_they_hold,
    invitations_are_handled_by_who_may,
    whoever_is_a_member_is_not_invited,
    of_fifty_at_once_one_accepts,
    of_an_acceptance_and_a_withdrawal_at_once_one_counts,
    with_one_membership_nobody_accepts_a_second,
    with_one_membership_of_eight_organizations_at_once_one_takes_them_in,
);

const ACCEPT: &str = "/api/v1/invitations/accept";
const DECLINE: &str = "/api/v1/invitations/decline";
const PREVIEW: &str = "/api/v1/invitations/preview";
const MINE: &str = "/api/v1/me/invitations";
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn an_invitation_is_written_listed_and_read(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("Editor", &["project:read"]).await;

    let body = json!({ "email": " Bob@Example.COM ", "roles": ["Editor", "member", "Editor"] });
    let written = owner.post(INVITATIONS, body).await.is(201);
    let other = owner
        .post(
            INVITATIONS,
            json!({ "email": email("cleo"), "role": "admin" }),
        )
        .await
        .is(201);
    let path = format!("{INVITATIONS}/{}", written.id());
    let read = owner.get(&path).await.is(200);
    let listed = owner.get(INVITATIONS).await.is(200);

    let row = written.json();
    assert_eq!(
        row,
        json!({
            "id": written.id(), "email": "bob@example.com",
            "organization_id": owner.organization(), "organization": "Acme",
            "invited_by": owner.get("/api/v1/me").await.id(), "inviter": "ada",
            "roles": ["member", "Editor"], "status": "pending",
            "created_at": "2027-01-15T08:00:00Z", "expires_at": "2027-01-22T08:00:00Z"
        })
    );
    assert_eq!(read.json(), row);
    assert_eq!(listed.rows(), [row, other.json()]);
    assert_eq!(other.json()["roles"], json!(["admin"]));
    let first = owner.get(&format!("{INVITATIONS}?limit=1")).await.is(200);
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = format!("{INVITATIONS}?limit=1&cursor={cursor}");
    let second = owner.get(&second).await.is(200);
    assert_eq!(texts(&second.rows(), "id"), [other.id()]);
    let nowhere = format!("{INVITATIONS}/{}", unknown("inv"));
    for answer in [
        owner.get(&nowhere).await,
        owner.delete(&nowhere).await,
        owner.act(&format!("{nowhere}/resend")).await,
    ] {
        answer.problem(404, "not_found");
    }
}

async fn a_secret_is_in_the_mail_and_nowhere_else(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let written = owner.invite("bob", &["member"]).await.is(201);
    let token = world.mailed_token("bob", "invitation").await;

    let secret = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let spellings = [
        token.to_lowercase(),
        BASE64_STANDARD.encode(&secret).to_lowercase(),
        hex,
    ];
    let kept = format!("{:?}", world.state().await).to_lowercase();

    assert_eq!(secret.len(), 32);
    for spelling in spellings {
        assert!(!kept.contains(&spelling), "{spelling}");
        let listed = owner.get(INVITATIONS).await.text;
        for answer in [&written.text, &listed] {
            assert!(!answer.to_lowercase().contains(&spelling));
        }
    }
    // What is kept of it is its hash: with another one it is no secret any more.
    preview(&world.nobody(), &token).await.is(200);
    world
        .execute("UPDATE invitations SET secret_hash = NULL")
        .await;
    preview(&world.nobody(), &token)
        .await
        .problem(400, "not_redeemable");
}

async fn one_invitation_waits_for_an_address(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let bob = world.person("bob").await;
    let invite = async || {
        let body = json!({ "email": "bob@EXAMPLE.com", "role": "member" });
        owner.post(INVITATIONS, body).await
    };

    let first = invite().await.is(201).id();
    let again = [
        owner.invite("bob", &["admin"]).await,
        invite().await,
        owner.invite("bob", &[]).await,
    ];
    for answer in again {
        answer.problem(400, "already_invited");
    }
    // Elsewhere it is another one.
    eve.invite("bob", &["member"]).await.is(201);
    owner
        .delete(&format!("{INVITATIONS}/{first}"))
        .await
        .is(204);
    let second = invite().await.is(201).id();
    decline_listed(&bob, &second).await.is(204);
    invite().await.is(201);
    world.advance(WEEK);
    let owner = owner.again(&world).await;
    let bob = world.sign_in("bob").await;
    let fourth = owner.invite("bob", &["member"]).await.is(201).id();
    accept_listed(&bob, &fourth).await.is(200);
    let fifth = owner.invite("bob", &["member"]).await;
    fifth.problem(400, "already_member");

    let rows = owner.get(INVITATIONS).await.rows();
    let statuses = ["revoked", "declined", "expired", "accepted"];
    assert_eq!(texts(&rows, "status"), statuses);
    for (number, status) in statuses.iter().enumerate() {
        let list = format!("{INVITATIONS}?status={status}");
        assert_eq!(owner.get(&list).await.is(200).rows(), rows[number..=number]);
    }
    let none = owner.get(&format!("{INVITATIONS}?status=pending")).await;
    assert_eq!(none.rows(), [Value::Null; 0]);
    let bad = owner.get(&format!("{INVITATIONS}?status=open")).await;
    bad.problem(400, "invalid_query");
}

async fn of_eight_at_once_one_waits_for_the_address(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let requests = (0..8).map(|_| {
        let request = owner.request("POST", INVITATIONS);
        request.json(&json!({ "email": email("bob") }))
    });
    let answers = at_once(requests.collect()).await;

    assert_eq!(
        counted(&answers),
        [("201".to_owned(), 1), ("400 already_invited".to_owned(), 7)].into()
    );
}

async fn an_invitation_that_is_sent_again_has_another_secret_and_all_its_time(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let written = owner.invite("bob", &["member"]).await.is(201).json();
    let old = world.mailed_token("bob", "invitation").await;
    world.forget_mails();
    world.advance(Duration::from_secs(60));

    let sent = resend(&owner, &written).await.is(200).json();
    let new = world.mailed_token("bob", "invitation").await;

    assert_ne!(old, new);
    assert_eq!(sent["id"], written["id"]);
    assert_eq!(sent["created_at"], written["created_at"]);
    assert_eq!(sent["expires_at"], "2027-01-22T08:01:00Z");
    let nobody = world.nobody();
    preview(&nobody, &old).await.problem(400, "not_redeemable");
    preview(&nobody, &new).await.is(200);
    world.advance(WEEK - Duration::from_micros(1));
    preview(&nobody, &new).await.is(200);
    world.advance(Duration::from_micros(1));
    preview(&nobody, &new).await.problem(400, "invitation_over");
    // One that has lapsed can still be sent again: then it waits again.
    let owner = owner.again(&world).await;
    world.forget_mails();
    let sent = resend(&owner, &written).await.is(200).json();
    assert_eq!(sent["status"], "pending");
    world.register("bob").await;
    let bob = world.sign_in("bob").await;
    bob.accept(&new).await.problem(400, "not_redeemable");
    let newest = world.mailed_token("bob", "invitation").await;
    bob.accept(&newest).await.is(200);
}

async fn whoever_brings_the_secret_reads_what_it_offers(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let written = owner.invite("bob", &["admin"]).await.is(201);
    let token = world.mailed_token("bob", "invitation").await;
    let before = world.state().await;

    let by_nobody = preview(&world.nobody(), &token).await.is(200);
    let by_another = preview(&owner, &token).await.is(200);

    assert_eq!(by_nobody.json(), written.json());
    assert_eq!(by_another.json(), written.json());
    assert_eq!(world.state().await, before);
}

async fn an_invitation_is_accepted_with_its_secret(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let invitation = owner.invite("bob", &["admin", "member"]).await.is(201);
    let token = world.mailed_token("bob", "invitation").await;

    let accepted = bob.accept(&token).await.is(200).json();

    let member = owner.member("bob").await;
    assert_eq!(
        accepted,
        json!({
            "organization_id": owner.organization(), "member_id": member["id"],
            "user_id": bob.get("/api/v1/me").await.id()
        })
    );
    assert_eq!(member["roles"], json!(["admin", "member"]));
    let path = format!("{INVITATIONS}/{}", invitation.id());
    assert_eq!(owner.get(&path).await.json()["status"], "accepted");
    let there = bob.enter(owner.organization()).await;
    there.get(MEMBERS).await.is(200);
}

async fn an_invitation_is_accepted_from_ones_own_list(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let bob = world.owner("bob", "Bobs").await;
    let at_acme = owner.invite("bob", &["member"]).await.is(201);
    let at_eves = eve.invite("bob", &["admin"]).await.is(201);
    owner.invite("cleo", &["member"]).await.is(201);

    let listed = bob.get(MINE).await.is(200);
    let first = bob.get(&format!("{MINE}?limit=1")).await.is(200);
    accept_listed(&bob, &at_eves.id()).await.is(200);
    let left = bob.get(MINE).await.is(200);

    assert_eq!(listed.rows(), [at_acme.json(), at_eves.json()]);
    assert_eq!(first.rows(), [at_acme.json()]);
    assert_ne!(first.json()["next_cursor"], Value::Null);
    assert_eq!(left.rows(), [at_acme.json()]);
    assert_eq!(eve.member("bob").await["roles"], json!(["admin"]));
    assert_eq!(owner.get(MINE).await.rows(), [Value::Null; 0]);
    accept_listed(&bob, &at_eves.id())
        .await
        .problem(404, "not_found");
    world.advance(WEEK);
    let bob = world.sign_in("bob").await;
    assert_eq!(bob.get(MINE).await.rows(), [Value::Null; 0]);
    accept_listed(&bob, &at_acme.id())
        .await
        .problem(404, "not_found");
}

async fn a_mailed_secret_verifies_the_address_and_a_list_does_not(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let cleo = world.person("cleo").await;
    let listed = owner.invite("bob", &["member"]).await.is(201).id();
    owner.invite("cleo", &["member"]).await.is(201);
    let token = world.mailed_token("cleo", "invitation").await;
    preview(&cleo, &token).await.is(200);
    let before = verified(&world).await;

    accept_listed(&bob, &listed).await.is(200);
    let after_list = verified(&world).await;
    cleo.accept(&token).await.is(200);
    let after_secret = verified(&world).await;

    assert_eq!(before, [""; 0]);
    assert_eq!(after_list, [""; 0]);
    assert_eq!(after_secret, ["cleo"]);
}

async fn whoever_has_no_account_registers_verifies_and_accepts(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let (world, owner) = verifying(world, &owner).await;
    owner.invite("bob", &["member"]).await.is(201);
    let invited = world.mailed_token("bob", "invitation").await;
    let account = json!({ "name": "bob", "email": email("bob"), "password": PASSWORD });

    preview(&world.nobody(), &invited).await.is(200);
    let registered = world.nobody().post("/users/register", account).await;
    let verify = world.mailed_token("bob", "verify-email").await;
    let verified = json!({ "token": verify });
    let verified = world
        .nobody()
        .post("/api/v1/auth/email/verify", verified)
        .await;
    let bob = world.sign_in("bob").await;
    bob.accept(&invited).await.is(200);

    registered.is(202);
    verified.is(204);
    let bob = bob.enter(owner.organization()).await;
    assert_eq!(bob.member("bob").await["roles"], json!(["member"]));
}

async fn where_addresses_are_verified_only_a_secret_counts_for_one_that_is_not(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let id = owner.invite("bob", &["member"]).await.is(201).id();
    let token = world.mailed_token("bob", "invitation").await;
    bob.get(MINE).await.is(200).json()["data"][0]["id"]
        .as_str()
        .unwrap();

    let (world, owner) = verifying(world, &owner).await;
    let bob = world.nobody().bearing(&bob.access);
    let listed = bob.get(MINE).await.is(200);
    let by_list = accept_listed(&bob, &id).await;
    let declined = decline_listed(&bob, &id).await;
    bob.accept(&token).await.is(200);

    assert_eq!(listed.rows(), [Value::Null; 0]);
    by_list.problem(404, "not_found");
    declined.problem(404, "not_found");
    assert_eq!(verified(&world).await, ["ada", "bob"]);
    assert_eq!(owner.member("bob").await["roles"], json!(["member"]));
    // Whoever has shown that the address is theirs can sign in with it.
    world.sign_in("bob").await;
}

/// Else whoever registers an address first is added in the name of whom it belongs to.
async fn where_addresses_are_verified_nobody_is_added_by_one_that_is_not(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.person("bob").await;
    world.member(&owner, "cleo", "member").await;
    let (world, owner) = verifying(world, &owner).await;

    let unverified = owner.add("bob", "admin").await.is(201);
    let again = owner.add("bob", "admin").await;
    let unknown = owner.add("dora", "admin").await.is(201);
    let member = owner.add("cleo", "admin").await;

    assert_eq!(unverified.text.replace("bob", "dora"), unknown.text);
    again.problem(400, "already_invited");
    member.problem(400, "already_member");
    let members = owner.get(MEMBERS).await.is(200).rows();
    assert_eq!(members.len(), 2);
    let token = world.mailed_token("bob", "invitation").await;
    let bob = world
        .nobody()
        .post(PREVIEW, json!({ "token": token }))
        .await;
    bob.is(200);
}

async fn an_invitation_is_for_its_address(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.person("eve").await;
    let id = owner.invite("bob", &["member"]).await.is(201).id();
    let token = world.mailed_token("bob", "invitation").await;
    let before = world.state().await;

    let by_secret = eve.accept(&token).await;
    let by_id = accept_listed(&eve, &id).await;
    let declined = decline_listed(&eve, &id).await;
    let listed = eve.get(MINE).await.is(200);
    let by_nobody = world.nobody().post(ACCEPT, json!({ "token": token })).await;

    by_secret.problem(403, "another_address");
    by_id.problem(404, "not_found");
    declined.problem(404, "not_found");
    by_nobody.problem(401, "unauthenticated");
    assert_eq!(listed.rows(), [Value::Null; 0]);
    assert_eq!(world.state().await["invitations"], before["invitations"]);
    assert_eq!(world.state().await["members"], before["members"]);
}

async fn an_address_is_one_in_any_spelling(world: World) {
    let owner = world.owner("ada", "Acme").await;

    for (registered, invited) in [
        ("bob@example.com", "BOB@Example.COM"),
        ("Cleo@EXAMPLE.com", "cleo@example.com"),
        ("dan@bücher.example", "dan@xn--bcher-kva.example"),
        ("eli@xn--bcher-kva.example", "ELI@BÜCHER.Example"),
        ("fay@bücher.example", "fay@Bücher.example"),
    ] {
        let account = json!({ "name": "x", "email": registered, "password": PASSWORD });
        world
            .nobody()
            .post("/users/register", account)
            .await
            .is(201);
        let signed_in = json!({ "email": registered, "password": PASSWORD });
        let signed_in = world.nobody().post("/login", signed_in).await.is(200);
        let person = signed_in.json()["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        let person = world.nobody().bearing(person);

        let invitation = json!({ "email": invited, "role": "member" });
        let invitation = owner.post(INVITATIONS, invitation.clone()).await.is(201);
        let twice = json!({ "email": registered, "role": "member" });
        let twice = owner.post(INVITATIONS, twice).await;
        let listed = person.get(MINE).await.is(200).rows();

        twice.problem(400, "already_invited");
        assert_eq!(texts(&listed, "id"), [invitation.id()], "{registered}");
        accept_listed(&person, &invitation.id()).await.is(200);
    }
    // By the secret too, which whoever registered in another case has to bring.
    owner
        .post(
            INVITATIONS,
            json!({ "email": "GIL@example.com", "role": "member" }),
        )
        .await
        .is(201);
    let token = world.mailed_token("gil", "invitation").await;
    let gil = world.person("gil").await;
    gil.accept(&token).await.is(200);
}

async fn an_invitation_is_declined_with_an_account_and_without(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let by_id = owner.invite("bob", &["member"]).await.is(201).id();
    owner.invite("cleo", &["member"]).await.is(201);
    owner.invite("dan", &["member"]).await.is(201);
    let of_nobody = world.mailed_token("cleo", "invitation").await;
    let of_somebody = world.mailed_token("dan", "invitation").await;
    let dan = world.person("dan").await;

    let unnamed = decline_listed(&world.nobody(), &by_id).await;
    let forged = decline_listed(&world.nobody().bearing("x"), &by_id).await;
    decline_listed(&bob, &by_id).await.is(204);
    decline(&world.nobody(), &of_nobody).await.is(204);
    decline(&dan, &of_somebody).await.is(204);

    unnamed.problem(401, "unauthenticated");
    forged.problem(401, "invalid_token");
    let rows = owner.get(INVITATIONS).await.rows();
    assert_eq!(texts(&rows, "status"), ["declined"; 3]);
    assert_eq!(owner.get(MEMBERS).await.rows().len(), 1);
    assert_eq!(verified(&world).await, [""; 0]);
}

async fn an_invitation_is_answered_once(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let mut met = Vec::new();
    for name in ["accepted", "declined", "revoked", "expired"] {
        let person = world.person(name).await;
        let written = owner.invite(name, &["member"]).await.is(201).json();
        let token = world.mailed_token(name, "invitation").await;
        let path = format!("{INVITATIONS}/{}", written["id"].as_str().unwrap());
        match name {
            "accepted" => person.accept(&token).await.is(200),
            "declined" => decline(&person, &token).await.is(204),
            "revoked" => owner.delete(&path).await.is(204),
            _ => {
                world.advance(WEEK);
                owner.again(&world).await.get(&path).await.is(200)
            }
        };
        met.push((person, written, token, path));
    }
    let owner = owner.again(&world).await;
    let before = world.state().await;

    for (person, written, token, path) in &met {
        let again = world.sign_in(&person.name).await;
        let mut refused = vec![
            again.accept(token).await,
            decline(&again, token).await,
            decline(&world.nobody(), token).await,
            preview(&again, token).await,
        ];
        // One that has lapsed is still its organization's to send again, or to take back.
        if person.name != "expired" {
            refused.push(resend(&owner, written).await);
            refused.push(owner.delete(path).await);
        }
        for answer in refused {
            answer.problem(400, "invitation_over");
        }
        let status = owner.get(path).await.json()["status"].clone();
        assert_eq!(status, person.name);
    }

    assert_eq!(world.state().await["invitations"], before["invitations"]);
    assert_eq!(owner.get(MEMBERS).await.rows().len(), 2);
}

async fn a_secret_that_is_none_opens_nothing(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let id = owner.invite("ada2", &["member"]).await.is(201).id();
    let token = world.mailed_token("ada2", "invitation").await;
    let of_another_kind = world.mailed_token("ada", "verify-email").await;
    let other = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
    let cut = &token[..token.len() - 1];
    let before = world.state().await;

    for bad in [
        "",
        "x",
        "\0",
        "AAAA",
        cut,
        &format!("{token}A"),
        &format!("{token}="),
        &format!(" {token}"),
        &token.to_uppercase(),
        &other,
        &of_another_kind,
        &id,
    ] {
        for answer in [
            owner.accept(bad).await,
            decline(&owner, bad).await,
            preview(&owner, bad).await,
        ] {
            assert_eq!((answer.status, bad), (400, bad), "{}", answer.text);
            answer.problem(400, "not_redeemable");
        }
    }

    assert_eq!(world.state().await, before);
}

async fn an_invitation_is_named_one_way_or_the_other(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let id = owner.invite("bob", &["member"]).await.is(201).id();
    let token = world.mailed_token("bob", "invitation").await;

    for path in [ACCEPT, DECLINE] {
        for body in [
            json!({}),
            json!({ "token": token, "invitation_id": id }),
            json!({ "token": null }),
            json!({ "invitation_id": "" }),
            json!({ "invitation_id": owner.organization() }),
            json!({ "id": id }),
            json!({ "token": "x".repeat(201) }),
        ] {
            let answer = bob.post(path, body.clone()).await;
            assert_eq!(answer.status, 400, "{path} {body}");
            answer.problem(400, "invalid_body");
        }
    }
    let both = json!({ "token": token, "email": email("bob") });
    bob.post(PREVIEW, both).await.problem(400, "invalid_body");

    accept_listed(&bob, &id).await.is(200);
}

/// Whoever lost what they handed on has handed on nothing.
async fn whoever_invited_has_to_be_able_to_still(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let cleo = world.person("cleo").await;
    let id = admin.invite("cleo", &["member"]).await.is(201).id();
    let token = world.mailed_token("cleo", "invitation").await;
    let bob = owner.member_id("bob").await;
    let void = async || {
        let before = world.state().await["members"].clone();
        cleo.accept(&token).await.problem(400, "invitation_void");
        accept_listed(&cleo, &id)
            .await
            .problem(400, "invitation_void");
        assert_eq!(world.state().await["members"], before);
    };

    owner.assign(&bob, json!(["member"])).await.is(200);
    void().await;
    owner.assign(&bob, json!([])).await.is(200);
    void().await;
    let until = json!([{ "role": "admin", "expires_at": "2027-01-15T08:01:00Z" }]);
    owner.assign(&bob, until).await.is(200);
    world.advance(Duration::from_secs(60));
    void().await;
    owner.assign(&bob, json!(["admin"])).await.is(200);
    owner.suspend(&bob).await.is(204);
    void().await;
    owner.resume(&bob).await.is(204);
    close(&world, "bob", "1").await;
    void().await;
    close(&world, "bob", "NULL").await;
    owner.remove(&bob).await.is(204);
    void().await;
    owner.add("bob", "member").await.is(201);
    void().await;
    // As soon as they may again, it is good again.
    let bob = owner.member_id("bob").await;
    owner.assign(&bob, json!(["admin"])).await.is(200);
    cleo.accept(&token).await.is(200);
}

async fn whoever_sends_it_again_answers_for_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let cleo = world.person("cleo").await;
    let written = admin.invite("cleo", &["admin"]).await.is(201).json();
    let old = world.mailed_token("cleo", "invitation").await;
    owner.remove(&owner.member_id("bob").await).await.is(204);
    cleo.accept(&old).await.problem(400, "invitation_void");
    world.forget_mails();

    let sent = resend(&owner, &written).await.is(200).json();
    let new = world.mailed_token("cleo", "invitation").await;

    assert_eq!(
        (&written["inviter"], &sent["inviter"]),
        (&json!("bob"), &json!("ada"))
    );
    assert_eq!(sent["id"], written["id"]);
    cleo.accept(&old).await.problem(400, "not_redeemable");
    cleo.accept(&new).await.is(200);
    assert_eq!(owner.member("cleo").await["role"], "admin");
}

async fn an_invitation_is_kept_as_far_as_whoever_invited_still_holds_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("Clerk", &["member:*", "project:read"]).await;
    let reader = owner.role("Reader", &["project:read"]).await;
    let clerk = world.member(&owner, "bob", "Clerk").await;
    let cleo = world.person("cleo").await;
    let written = clerk.invite("cleo", &["Reader"]).await.is(201).json();
    let token = world.mailed_token("cleo", "invitation").await;

    let wider = json!({ "permissions": ["project:read", "project:delete"] });
    owner.change_role(&reader, wider).await.is(200);
    let void = cleo.accept(&token).await;
    let by_clerk = resend(&clerk, &written).await;
    let narrower = json!({ "permissions": ["project:read"] });
    owner.change_role(&reader, narrower).await.is(200);
    let good = cleo.accept(&token).await;

    void.problem(400, "invitation_void");
    by_clerk.problem(403, "forbidden");
    good.is(200);
}

async fn an_organization_that_stands_still_takes_nobody_in(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let operator = world.operator("root").await;
    let bob = world.person("bob").await;
    owner.invite("bob", &["member"]).await.is(201);
    let token = world.mailed_token("bob", "invitation").await;
    let platform = format!("/api/v1/platform/tenants/{}", owner.organization());
    let reason = json!({ "reason": "unpaid" });

    let mut refused = Vec::new();
    owner.act("/api/v1/organization/suspend").await.is(200);
    refused.push(bob.accept(&token).await);
    owner.delete(ORGANIZATION).await.is(200);
    refused.push(bob.accept(&token).await);
    owner.act("/api/v1/organization/restore").await.is(200);
    let turn = format!("{platform}/suspend");
    operator.post(&turn, reason.clone()).await.is(204);
    refused.push(bob.accept(&token).await);
    let turn = format!("{platform}/resume");
    operator.post(&turn, reason).await.is(204);

    for answer in refused {
        answer.problem(400, "invitation_void");
    }
    bob.accept(&token).await.is(200);
}

async fn a_role_that_somebody_is_invited_to_is_not_deleted_but_replaced(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let old = owner.role("Old", &["project:read"]).await;
    owner.role("New", &["member:list"]).await;
    let id = owner.invite("bob", &["Old"]).await.is(201).id();
    let token = world.mailed_token("bob", "invitation").await;

    let refused = owner.delete(&format!("{ROLES}/{old}")).await;
    let replaced = owner
        .delete(&format!("{ROLES}/{old}?reassign_to=New"))
        .await;

    refused.problem(400, "role_in_use");
    replaced.is(204);
    let offered = preview(&world.nobody(), &token).await.is(200).json();
    assert_eq!(
        (&offered["id"], &offered["roles"]),
        (&json!(id), &json!(["New"]))
    );
    bob.accept(&token).await.is(200);
    assert_eq!(owner.member("bob").await["roles"], json!(["New"]));
}

async fn an_invitation_that_has_lapsed_keeps_no_role_and_is_not_sent_again_without_one(
    world: World,
) {
    let owner = world.owner("ada", "Acme").await;
    let role = owner.role("Editor", &["project:read"]).await;
    let alone = owner.invite("bob", &["Editor"]).await.is(201).json();
    let among = owner.invite("cleo", &["Editor", "admin"]).await;
    let among = among.is(201).json();
    world.advance(WEEK);
    let owner = owner.again(&world).await;

    owner.delete(&format!("{ROLES}/{role}")).await.is(204);

    for invitation in [&alone, &among] {
        resend(&owner, invitation)
            .await
            .problem(400, "invitation_over");
    }
    for name in ["bob", "cleo"] {
        owner.invite(name, &["member"]).await.is(201);
    }
}

async fn nobody_invites_to_more_than_they_hold(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role("Clerk", &["member:*", "project:update:own"])
        .await;
    owner.role("Writer", &["project:update"]).await;
    owner
        .role("Own", &["project:update:own", "member:list"])
        .await;
    let admin = world.member(&owner, "bob", "admin").await;
    let clerk = world.member(&owner, "cleo", "Clerk").await;
    let before = world.dump("invitations").await;

    for (person, roles) in [
        (&admin, &["owner"][..]),
        (&admin, &["member", "owner"]),
        (&clerk, &["admin"]),
        (&clerk, &["member"]),
        (&clerk, &["Own", "Writer"]),
        (&clerk, &[]),
    ] {
        let answer = person.invite("dan", roles).await;
        answer.problem(403, "forbidden");
    }
    for roles in [&["nobody"][..], &["member", "Owner"], &[&unknown("role")]] {
        let answer = owner.invite("dan", roles).await;
        answer.problem(400, "unknown_role");
    }

    assert_eq!(world.dump("invitations").await, before);
    clerk.invite("dan", &["Own"]).await.is(201);
    owner.invite("eli", &["owner"]).await.is(201);
    let token = world.mailed_token("eli", "invitation").await;
    let eli = world.person("eli").await;
    eli.accept(&token).await.is(200);
    assert_eq!(owner.member("eli").await["role"], "owner");
}

async fn invitations_are_handled_by_who_may(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role("Inviter", &["member:invite", "member:list"])
        .await;
    owner.role("Lister", &["invitation:list"]).await;
    owner.role("Revoker", &["invitation:revoke"]).await;
    owner.role("Nothing", &[]).await;
    let written = owner.invite("guest", &["Nothing"]).await.is(201).json();
    let path = format!("{INVITATIONS}/{}", written["id"].as_str().unwrap());

    for (role, invites, lists, revokes) in [
        ("member", false, false, false),
        ("Lister", false, true, false),
        ("Inviter", true, false, false),
        ("Revoker", false, false, true),
    ] {
        let person = world.member(&owner, &role.to_lowercase(), role).await;
        let expected = |may: bool, status: u16| if may { status } else { 403 };
        let new = format!("by-{}", person.name);
        let invited = person.invite(&new, &["Nothing"]).await;
        assert_eq!(invited.status, expected(invites, 201), "{role}");
        let sent = resend(&person, &written).await;
        assert_eq!(sent.status, expected(invites, 200), "{role}");
        for path in [INVITATIONS, &path] {
            let listed = person.get(path).await;
            assert_eq!(listed.status, expected(lists, 200), "{role}");
        }
        let revoked = person.delete(&path).await;
        assert_eq!(revoked.status, expected(revokes, 204), "{role}");
    }
}

async fn whoever_is_a_member_is_not_invited(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let id = owner.invite("bob", &["admin"]).await.is(201).id();
    let token = world.mailed_token("bob", "invitation").await;

    owner.add("bob", "member").await.is(201);
    let by_secret = bob.accept(&token).await;
    let by_id = accept_listed(&bob, &id).await;
    let again = owner.invite("bob", &["member"]).await;
    let suspended = owner.member_id("bob").await;
    owner.suspend(&suspended).await.is(204);
    let suspended = bob.accept(&token).await;

    for answer in [by_secret, by_id, again, suspended] {
        answer.problem(400, "already_member");
    }
    let row = owner.member("bob").await;
    assert_eq!(
        (&row["roles"], &row["status"]),
        (&json!(["member"]), &json!("suspended"))
    );
}

async fn of_fifty_at_once_one_accepts(world: World) {
    let world = two_workers(world).await;
    let owner = world.owner("ada", "Acme").await;
    let bob = world.person("bob").await;
    let id = owner.invite("bob", &["member"]).await.is(201).id();
    let token = world.mailed_token("bob", "invitation").await;

    let requests = (0..50).map(|number| {
        let body = match number % 2 {
            0 => json!({ "token": token }),
            _ => json!({ "invitation_id": id }),
        };
        bob.request("POST", ACCEPT).json(&body)
    });
    let answers = at_once(requests.collect()).await;

    let counted = counted(&answers);
    let known = ["200", "400 invitation_over", "404 not_found"];
    assert!(
        counted
            .keys()
            .all(|answer| known.contains(&answer.as_str())),
        "{counted:?}"
    );
    assert_eq!(counted["200"], 1, "{counted:?}");
    let members = "SELECT COUNT(*) || '' FROM members";
    assert_eq!(world.column(members).await, ["2"]);
    let accepted = "SELECT COUNT(*) || '' FROM audit_events WHERE action = 'invitation:accept'";
    assert_eq!(world.column(accepted).await, ["1"]);
}

async fn of_an_acceptance_and_a_withdrawal_at_once_one_counts(world: World) {
    let world = two_workers(world).await;
    let owner = world.owner("ada", "Acme").await;

    for round in 0..12 {
        let name = format!("p{round}");
        let person = world.person(&name).await;
        let id = owner.invite(&name, &["member"]).await.is(201).id();
        let token = world.mailed_token(&name, "invitation").await;
        let accept = person.request("POST", ACCEPT);
        let accept = accept.json(&json!({ "token": token }));
        let path = format!("{INVITATIONS}/{id}");
        let other = match round % 2 {
            0 => owner.request("DELETE", &path),
            _ => {
                let decline = world.nobody().request("POST", DECLINE);
                decline.json(&json!({ "token": token }))
            }
        };

        let answers = at_once(vec![accept, other]).await;

        let accepted = answers[0].status == 200;
        let won = answers.iter().filter(|answer| answer.status < 300).count();
        assert_eq!(won, 1, "{answers:?}");
        let lost = answers.into_iter().find(|answer| answer.status >= 300);
        lost.unwrap().problem(400, "invitation_over");
        let status = owner.get(&path).await.json()["status"].clone();
        let expected = match (accepted, round % 2) {
            (true, _) => "accepted",
            (false, 0) => "revoked",
            (false, _) => "declined",
        };
        assert_eq!(status, expected);
        let found = format!("{MEMBERS}?search={}", email(&name));
        let found = owner.get(&found).await.rows();
        assert_eq!(found.len(), usize::from(accepted));
    }
}

async fn with_one_membership_nobody_accepts_a_second(world: World) {
    let world = world
        .with(|config| config.tenancy.membership = Membership::One)
        .await;
    let owner = world.owner("ada", "Acme").await;
    let bob = world.owner("bob", "Bobs").await;
    let partner = world.member(&bob, "cleo", "owner").await;
    owner.invite("bob", &["member"]).await.is(201);
    let token = world.mailed_token("bob", "invitation").await;
    let before = world.state().await;

    let elsewhere = bob.accept(&token).await;

    elsewhere.problem(400, "already_elsewhere");
    assert_eq!(world.state().await, before);
    assert_eq!(partner.get(MEMBERS).await.rows().len(), 2);
    bob.leave().await.is(204);
    let bob = world.sign_in("bob").await;
    bob.accept(&token).await.is(200);
    let second = json!({ "name": "Second" });
    let second = bob.post("/api/v1/organizations", second).await;
    second.problem(400, "already_elsewhere");
}

async fn with_one_membership_of_eight_organizations_at_once_one_takes_them_in(world: World) {
    let world = world
        .with(|config| {
            config.tenancy.membership = Membership::One;
            config.http.workers = NonZero::new(2);
        })
        .await;
    let bob = world.person("bob").await;
    let mut requests = Vec::new();
    for number in 0..8 {
        let name = format!("p{number}");
        let owner = world.owner(&name, &name).await;
        let id = owner.invite("bob", &["member"]).await.is(201).id();
        let request = bob.request("POST", ACCEPT);
        requests.push(request.json(&json!({ "invitation_id": id })));
    }

    let answers = at_once(requests).await;

    assert_eq!(
        counted(&answers),
        [
            ("200".to_owned(), 1),
            ("400 already_elsewhere".to_owned(), 7)
        ]
        .into()
    );
    let rows = bob.get("/api/v1/organizations").await.rows();
    assert_eq!(rows.len(), 1);
}

async fn preview(client: &Client, token: &str) -> Answer {
    client.post(PREVIEW, json!({ "token": token })).await
}

async fn decline(client: &Client, token: &str) -> Answer {
    client.post(DECLINE, json!({ "token": token })).await
}

async fn accept_listed(client: &Client, id: &str) -> Answer {
    client.post(ACCEPT, json!({ "invitation_id": id })).await
}

async fn decline_listed(client: &Client, id: &str) -> Answer {
    client.post(DECLINE, json!({ "invitation_id": id })).await
}

async fn resend(person: &Person, invitation: &Value) -> Answer {
    let id = invitation["id"].as_str().unwrap();
    person.act(&format!("{INVITATIONS}/{id}/resend")).await
}

/// Whose addresses are known to be theirs.
async fn verified(world: &World) -> Vec<String> {
    let sql = "SELECT name FROM users WHERE email_verified_at IS NOT NULL ORDER BY name";
    world.column(sql).await
}

/// The same world where addresses are verified, and the same owner, whose address is.
async fn verifying(world: World, owner: &Person) -> (World, Person) {
    let sql = format!(
        "UPDATE users SET email_verified_at = 1 WHERE name = '{}'",
        owner.name
    );
    world.execute(&sql).await;
    let world = world
        .with(|config| config.registration.verify_email = true)
        .await;
    let owner = owner.again(&world).await;
    (world, owner)
}

/// As an operator closes an account, and opens it again.
async fn close(world: &World, name: &str, at: &str) {
    let sql = format!("UPDATE users SET disabled_at = {at} WHERE name = '{name}'");
    world.execute(&sql).await;
}

async fn two_workers(world: World) -> World {
    world
        .with(|config| config.http.workers = NonZero::new(2))
        .await
}
