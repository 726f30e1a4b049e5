//! What holds for every id, text, set and mail, tried on thousands of them.

use super::promises;
use bailiwick_domain::{
    ApiKeyId, ChainId, InvitationId, MailedTokenId, MemberId, Name, ProjectId, RoleId,
    ServiceAccountId, SessionId, TenantId, Timestamp, UserId,
    access::{Catalogue, Permission, PermissionSet},
    id::AuditId,
    mailed::{MailPurpose, MailedToken},
    tenant::Slug,
    user::{EmailAddress, InvalidEmail},
};
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    sample::{Index, select},
};
use std::{cmp::Ordering, collections::BTreeSet};
use uuid::{Uuid, uuid};

// Identifiers

/// One type of identifier, by what it can do.
struct Id {
    prefix: &'static str,
    print: fn(Uuid) -> String,
    parse: fn(&str) -> Option<Uuid>,
    compare: fn(Uuid, Uuid) -> Ordering,
}

macro_rules! ids {
    ($($id:ident)+) => {
        [$(Id {
            prefix: $id::PREFIX,
            print: |uuid| $id::from_uuid(uuid).to_string(),
            parse: |text| text.parse().ok().map($id::as_uuid),
            compare: |one, other| $id::from_uuid(one).cmp(&$id::from_uuid(other)),
        }),+]
    };
}

#[rustfmt::skip]
const IDS: [Id; 12] = ids! {
    TenantId UserId MemberId RoleId InvitationId ProjectId SessionId ChainId MailedTokenId AuditId ServiceAccountId
    ApiKeyId
};

const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";

pub(super) fn uuids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

#[test]
fn an_id_is_spelled_as_the_typeid_specification_spells_it() {
    // https://github.com/jetify-com/typeid/blob/main/spec/valid.yml
    #[rustfmt::skip]
    let vectors = [
        (uuid!("00000000-0000-0000-0000-000000000000"), "00000000000000000000000000"),
        (uuid!("00000000-0000-0000-0000-000000000001"), "00000000000000000000000001"),
        (uuid!("00000000-0000-0000-0000-00000000000a"), "0000000000000000000000000a"),
        (uuid!("00000000-0000-0000-0000-000000000010"), "0000000000000000000000000g"),
        (uuid!("00000000-0000-0000-0000-000000000020"), "00000000000000000000000010"),
        (uuid!("ffffffff-ffff-ffff-ffff-ffffffffffff"), "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        (uuid!("0110c853-1d09-52d8-d73e-1194e95b5f19"), "0123456789abcdefghjkmnpqrs"),
        (uuid!("01890a5d-ac96-774b-bcce-b302099a8057"), "01h455vb4pex5vsknk084sn02q"),
    ];

    for id in &IDS {
        for (uuid, suffix) in vectors {
            let text = format!("{}_{suffix}", id.prefix);

            assert_eq!((id.print)(uuid), text);
            assert_eq!((id.parse)(&text), Some(uuid));
        }
    }
}

#[test]
fn no_two_kinds_of_id_can_be_confused() {
    let uuid = uuid!("01890a5d-ac96-774b-bcce-b302099a8057");

    for mine in &IDS {
        for theirs in &IDS {
            let read = (mine.parse)(&(theirs.print)(uuid));

            assert_eq!(read.is_some(), mine.prefix == theirs.prefix);
        }
    }
    assert_eq!(
        IDS.iter()
            .map(|id| id.prefix)
            .collect::<BTreeSet<_>>()
            .len(),
        IDS.len()
    );
}

proptest! {
    #[test]
    fn an_id_comes_back_from_its_text(uuid in uuids()) {
        for id in &IDS {
            let text = (id.print)(uuid);

            prop_assert_eq!((id.parse)(&text), Some(uuid));
            let suffix = text.strip_prefix(&format!("{}_", id.prefix)).unwrap();
            prop_assert_eq!(suffix.len(), 26);
            prop_assert!(suffix.chars().all(|letter| ALPHABET.contains(letter)));
        }
    }

    #[test]
    fn ids_are_in_the_order_of_their_uuids_and_of_their_texts(one in uuids(), other in uuids()) {
        for id in &IDS {
            let order = (id.compare)(one, other);

            prop_assert_eq!(order, one.cmp(&other));
            prop_assert_eq!(order, (id.print)(one).cmp(&(id.print)(other)));
        }
    }

    #[test]
    fn an_id_has_one_spelling_and_nothing_else_is_read(
        text in prop_oneof![
            any::<String>(),
            "(org|user|member|role|inv|proj|ses|chain|mail|audit)?_?[0-9a-z]{24,28}",
            "(org|user|member|role|inv|proj|ses|chain|mail|audit)_[0-9][0-9a-zA-Z]{25}",
            "[ \t]?(org|Org|user|USER)_[0-7][0-9a-hjkmnp-tv-z]{25}[ \n]?",
        ]
    ) {
        for id in &IDS {
            if let Some(uuid) = (id.parse)(&text) {
                prop_assert_eq!((id.print)(uuid), text.as_str());
            }
        }
    }

    #[test]
    fn a_letter_that_is_not_of_the_alphabet_spoils_an_id(
        uuid in uuids(),
        place in 0..26_usize,
        letter in prop_oneof![
            select(vec!['i', 'l', 'o', 'u', '-', '_', ' ', 'A', 'Z', 'ß', '\0']),
            any::<char>(),
        ],
    ) {
        prop_assume!(!ALPHABET.contains(letter));

        for id in &IDS {
            let text = (id.print)(uuid);
            let at = id.prefix.len() + 1 + place;
            let spoilt = format!("{}{letter}{}", &text[..at], &text[at + 1..]);

            prop_assert_eq!((id.parse)(&spoilt), None);
        }
    }

    #[test]
    fn capitals_spoil_an_id(uuid in uuids()) {
        for id in &IDS {
            let text = (id.print)(uuid);
            let (prefix, suffix) = text.split_once('_').unwrap();

            let shouted = suffix.to_uppercase();
            if shouted != suffix {
                prop_assert_eq!((id.parse)(&format!("{prefix}_{shouted}")), None);
            }
            prop_assert_eq!((id.parse)(&format!("{}_{suffix}", prefix.to_uppercase())), None);
        }
    }

    #[test]
    fn a_first_digit_above_seven_would_not_fit(
        first in "[89a-hjkmnp-tv-z]",
        rest in "[0-9a-hjkmnp-tv-z]{25}",
    ) {
        for id in &IDS {
            let fits = format!("{}_7{rest}", id.prefix);
            let not = format!("{}_{first}{rest}", id.prefix);

            prop_assert!((id.parse)(&fits).is_some());
            prop_assert_eq!((id.parse)(&not), None);
        }
    }

    #[test]
    fn an_id_of_another_length_is_none(suffix in "[0-7][0-9a-hjkmnp-tv-z]{0,60}") {
        for id in &IDS {
            let read = (id.parse)(&format!("{}_{suffix}", id.prefix));

            prop_assert_eq!(read.is_some(), suffix.len() == 26);
        }
    }
}

// Texts

/// Addresses that RFC 5321 allows and the type promises to take.
fn addresses() -> impl Strategy<Value = String> {
    let atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,12}";
    let label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?";
    (vec(atom, 1..4), vec(label, 1..4), "[a-zA-Z]{2,10}")
        .prop_map(|(local, host, top)| format!("{}@{}.{top}", local.join("."), host.join(".")))
}

/// Addresses with something wrong somewhere, mostly: often where their parts meet.
fn near_addresses() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        select(vec!['.', '-', '@', ' ', '"', '\0', '7', 'é']),
        any::<char>()
    ];
    let spoilt = (
        addresses(),
        letter,
        any::<Index>(),
        any::<bool>(),
        0..3_usize,
    )
        .prop_map(|(address, letter, at, joint, times)| {
            let mut letters: Vec<_> = address.chars().collect();
            let joints = letters.windows(3).enumerate();
            let joints =
                joints.filter(|(_, three)| three.iter().any(|letter| ".@".contains(*letter)));
            let joints: Vec<_> = joints.map(|(place, _)| place + 1).collect();
            let at = if joint {
                joints[at.index(joints.len())]
            } else {
                at.index(letters.len())
            };
            letters.splice(at..=at, vec![letter; times]);
            letters.into_iter().collect()
        });
    let numeric = (addresses(), 0..1000_u32).prop_map(|(address, top)| format!("{address}.{top}"));
    let local = "[a-z]{1,9}@[a-z]{1,9}";
    prop_oneof![18 => spoilt, 1 => numeric, 1 => local]
}

/// What the grammar of RFC 5321 leaves of an address once quoted parts and literals are gone.
fn is_address(local: &str, host: &str) -> bool {
    let atoms = local.split('.');
    let labels = host.split('.').collect::<Vec<_>>();
    (1..=64).contains(&local.len())
        && atoms.clone().all(|atom| !atom.is_empty())
        && local
            .chars()
            .all(|letter| letter.is_ascii_graphic() && !r#"()<>[]:;@\,""#.contains(letter))
        && labels.len() >= 2
        && labels.iter().all(|label| (1..=63).contains(&label.len()))
        && labels
            .iter()
            .all(|label| !label.starts_with('-') && !label.ends_with('-'))
        && host
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || ".-".contains(letter))
        && labels
            .last()
            .is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_address_of_the_ordinary_form_is_taken_in_lower_case(address in addresses()) {
        let email = address.parse::<EmailAddress>().unwrap();

        prop_assert_eq!(email.as_str(), address.to_lowercase());
    }

    #[test]
    fn an_address_is_taken_if_it_is_one_and_is_then_in_its_normal_form(
        text in prop_oneof![
            any::<String>(),
            near_addresses(),
            addresses().prop_map(|address| format!(" {address}\n")),
        ]
    ) {
        let trimmed = text.trim();
        let parts = trimmed.rsplit_once('@');
        let good = trimmed.len() <= 254 && parts.is_some_and(|(local, host)| is_address(local, host));

        match text.parse::<EmailAddress>() {
            Ok(email) => {
                prop_assert!(good);
                prop_assert_eq!(email.as_str(), trimmed.to_ascii_lowercase());
                prop_assert_eq!(&email.as_str().parse::<EmailAddress>().unwrap(), &email);
            }
            Err(_) => prop_assert!(!good),
        }
    }

    #[test]
    fn an_address_is_as_long_as_it_may_be_and_no_longer(
        (local, labels, last) in (1..100_usize, 1..8_usize, 1..=63_usize)
    ) {
        let label = format!("{}.", "h".repeat(40));
        let host = format!("{}{}.example", label.repeat(labels), "x".repeat(last));
        let address = format!("{}@{host}", "l".repeat(local));

        let refusal = address.parse::<EmailAddress>().err();

        let fits = local <= EmailAddress::MAX_LOCAL && address.len() <= EmailAddress::MAX;
        prop_assert_eq!(refusal, (!fits).then_some(InvalidEmail::TooLong));
    }

}

/// What Unicode calls `Default_Ignorable_Code_Point` or `Bidi_Control`, and the separators of lines and paragraphs, but
/// for what joins letters and selects their variants: in numbers, as its tables have them.
const INVISIBLE: &[(u32, u32)] = &[
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180e, 0x180e),
    (0x200b, 0x200b),
    (0x200e, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff9, 0xfffb),
    (0x1_bca0, 0x1_bca3),
    (0x1_d173, 0x1_d17a),
    (0xe_0000, 0xe_00ff),
];
const JOINERS: &[(u32, u32)] = &[(0x200c, 0x200d), (0xfe00, 0xfe0f)];

fn is_among(table: &[(u32, u32)], letter: char) -> bool {
    let letter = u32::from(letter);
    table
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&letter))
}

fn among(table: &'static [(u32, u32)]) -> impl Strategy<Value = char> {
    select(table)
        .prop_flat_map(|(first, last)| first..=last)
        .prop_map(|letter| char::from_u32(letter).unwrap())
}

proptest! {
    #[test]
    fn a_name_that_was_taken_is_in_its_normal_form(
        text in prop_oneof![
            any::<String>(),
            "\\s{0,3}\\PC{0,220}\\s{0,3}",
            "[a-z ]{0,3}[\\x00-\\x1f\\x7f-\\x9f][a-z ]{0,3}",
            (among(INVISIBLE), "[a-z]{0,3}").prop_map(|(letter, text)| format!("{text}{letter}{text}")),
            (among(JOINERS), "[a-z]{0,1}").prop_map(|(letter, text)| format!("{letter}{text}{letter}")),
        ]
    ) {
        let trimmed = text.trim();
        let length = trimmed.chars().count();
        let good = (1..=Name::MAX).contains(&length)
            && !trimmed.chars().any(|letter| letter.is_control() || is_among(INVISIBLE, letter))
            && !trimmed.chars().all(|letter| is_among(JOINERS, letter));

        match text.parse::<Name>() {
            Ok(name) => {
                prop_assert!(good);
                prop_assert_eq!(name.as_str(), trimmed);
                prop_assert_eq!(name.as_str().parse::<Name>().unwrap(), name);
            }
            Err(_) => prop_assert!(!good),
        }
    }

    #[test]
    fn a_slug_holds_nothing_that_an_address_would_have_to_escape(text in any::<String>(), id in uuids()) {
        if let Ok(name) = text.parse::<Name>() {
            let slug = Slug::of(&name, TenantId::from_uuid(id));

            prop_assert!((1..=Name::MAX).contains(&slug.as_str().len()));
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let groups = slug.as_str().split('-');
            prop_assert!(groups.clone().all(|group| !group.is_empty()), "{}", slug);
            prop_assert!(groups.flat_map(str::bytes).all(plain), "{}", slug);
            let again = Slug::of(&slug.as_str().parse().unwrap(), TenantId::from_uuid(id));
            prop_assert_eq!(again, slug);
        }
    }
}

#[test]
fn the_bounds_of_an_address_and_a_name_are_exact() {
    let local = |length: usize| format!("{}@example.com", "l".repeat(length));
    let whole = |length: usize| {
        format!(
            "l@{}.{}",
            vec!["h".repeat(63); 3].join("."),
            "t".repeat(length - 194)
        )
    };

    assert!(local(64).parse::<EmailAddress>().is_ok());
    assert_eq!(
        local(65).parse::<EmailAddress>(),
        Err(InvalidEmail::TooLong)
    );
    assert_eq!(whole(254).len(), 254);
    assert!(whole(254).parse::<EmailAddress>().is_ok());
    assert_eq!(
        whole(255).parse::<EmailAddress>(),
        Err(InvalidEmail::TooLong)
    );
    assert!("é".repeat(200).parse::<Name>().is_ok());
    assert!("é".repeat(201).parse::<Name>().is_err());
    assert!(" \u{3000}\n".parse::<Name>().is_err());
}

// Sets

/// Catalogues of every size that matters to a set of 64-bit words.
macro_rules! catalogues {
    ($($catalogue:ident in $module:ident { $($name:ident $wire:literal)+ })+) => {$(
        bailiwick_domain::permissions! {
            /// Permissions that nobody needs.
            pub enum $catalogue, pub mod $module {
                $(
                    /// Do nothing.
                    $name $wire ObjectScope<Write> Low;
                )+
            }
        }
    )+};
}

#[rustfmt::skip]
catalogues! {
    One in one { P0 "p:0" }
    Word in word {
        P0 "p:0" P1 "p:1" P2 "p:2" P3 "p:3" P4 "p:4" P5 "p:5" P6 "p:6" P7 "p:7" P8 "p:8" P9 "p:9"
        P10 "p:10" P11 "p:11" P12 "p:12" P13 "p:13" P14 "p:14" P15 "p:15" P16 "p:16" P17 "p:17" P18 "p:18" P19 "p:19"
        P20 "p:20" P21 "p:21" P22 "p:22" P23 "p:23" P24 "p:24" P25 "p:25" P26 "p:26" P27 "p:27" P28 "p:28" P29 "p:29"
        P30 "p:30" P31 "p:31" P32 "p:32" P33 "p:33" P34 "p:34" P35 "p:35" P36 "p:36" P37 "p:37" P38 "p:38" P39 "p:39"
        P40 "p:40" P41 "p:41" P42 "p:42" P43 "p:43" P44 "p:44" P45 "p:45" P46 "p:46" P47 "p:47" P48 "p:48" P49 "p:49"
        P50 "p:50" P51 "p:51" P52 "p:52" P53 "p:53" P54 "p:54" P55 "p:55" P56 "p:56" P57 "p:57" P58 "p:58" P59 "p:59"
        P60 "p:60" P61 "p:61" P62 "p:62" P63 "p:63"
    }
    Many in many {
        P0 "p:0" P1 "p:1" P2 "p:2" P3 "p:3" P4 "p:4" P5 "p:5" P6 "p:6" P7 "p:7" P8 "p:8" P9 "p:9"
        P10 "p:10" P11 "p:11" P12 "p:12" P13 "p:13" P14 "p:14" P15 "p:15" P16 "p:16" P17 "p:17" P18 "p:18" P19 "p:19"
        P20 "p:20" P21 "p:21" P22 "p:22" P23 "p:23" P24 "p:24" P25 "p:25" P26 "p:26" P27 "p:27" P28 "p:28" P29 "p:29"
        P30 "p:30" P31 "p:31" P32 "p:32" P33 "p:33" P34 "p:34" P35 "p:35" P36 "p:36" P37 "p:37" P38 "p:38" P39 "p:39"
        P40 "p:40" P41 "p:41" P42 "p:42" P43 "p:43" P44 "p:44" P45 "p:45" P46 "p:46" P47 "p:47" P48 "p:48" P49 "p:49"
        P50 "p:50" P51 "p:51" P52 "p:52" P53 "p:53" P54 "p:54" P55 "p:55" P56 "p:56" P57 "p:57" P58 "p:58" P59 "p:59"
        P60 "p:60" P61 "p:61" P62 "p:62" P63 "p:63" P64 "p:64" P65 "p:65" P66 "p:66" P67 "p:67" P68 "p:68" P69 "p:69"
        P70 "p:70" P71 "p:71" P72 "p:72" P73 "p:73" P74 "p:74" P75 "p:75" P76 "p:76" P77 "p:77" P78 "p:78" P79 "p:79"
        P80 "p:80" P81 "p:81" P82 "p:82" P83 "p:83" P84 "p:84" P85 "p:85" P86 "p:86" P87 "p:87" P88 "p:88" P89 "p:89"
        P90 "p:90" P91 "p:91" P92 "p:92" P93 "p:93" P94 "p:94" P95 "p:95" P96 "p:96" P97 "p:97" P98 "p:98" P99 "p:99"
        P100 "p:100" P101 "p:101" P102 "p:102" P103 "p:103" P104 "p:104" P105 "p:105" P106 "p:106" P107 "p:107"
        P108 "p:108" P109 "p:109" P110 "p:110" P111 "p:111" P112 "p:112" P113 "p:113" P114 "p:114" P115 "p:115"
        P116 "p:116" P117 "p:117" P118 "p:118" P119 "p:119" P120 "p:120" P121 "p:121" P122 "p:122" P123 "p:123"
        P124 "p:124" P125 "p:125" P126 "p:126" P127 "p:127" P128 "p:128"
    }
}

/// A set as the standard library knows it.
fn sets<C: Catalogue>() -> impl Strategy<Value = BTreeSet<C>> {
    btree_set(select(C::ALL), 0..=C::ALL.len().min(16))
}

/// Sets of which one often holds the other.
fn pairs<C: Catalogue>() -> impl Strategy<Value = (BTreeSet<C>, BTreeSet<C>)> {
    (sets::<C>(), sets::<C>(), any::<bool>()).prop_map(|(one, mut other, inside)| {
        if inside {
            other.retain(|permission| one.contains(permission));
        }
        (one, other)
    })
}

fn agrees<C: Catalogue>(set: &PermissionSet<C>, model: &BTreeSet<C>) -> Result<(), TestCaseError> {
    for permission in C::ALL {
        prop_assert_eq!(set.contains(*permission), model.contains(permission));
    }
    prop_assert_eq!(
        set.iter().collect::<Vec<_>>(),
        model.iter().copied().collect::<Vec<_>>()
    );
    prop_assert_eq!(*set == PermissionSet::empty(), model.is_empty());
    prop_assert_eq!(set, &model.iter().rev().copied().collect());
    Ok(())
}

fn a_set_is_a_set<C: Catalogue>(
    one: &BTreeSet<C>,
    other: &BTreeSet<C>,
    member: C,
) -> Result<(), TestCaseError> {
    let [mine, theirs] = [one, other].map(|set| set.iter().copied().collect::<PermissionSet<C>>());
    let [mut with, mut without] = [one.clone(), one.clone()];
    with.insert(member);
    without.remove(&member);

    agrees(&mine, one)?;
    agrees(&mine.with(member), &with)?;
    agrees(&mine.without(member), &without)?;
    agrees(&mine.union(&theirs), &one.union(other).copied().collect())?;
    agrees(
        &mine.less(&theirs),
        &one.difference(other).copied().collect(),
    )?;
    prop_assert_eq!(mine.covers(&theirs), other.is_subset(one));
    prop_assert_eq!(theirs.covers(&mine), one.is_subset(other));
    prop_assert_eq!(mine == theirs, one == other);
    Ok(())
}

proptest! {
    #[test]
    fn a_set_of_permissions_is_a_set((one, other) in pairs(), member in select(Permission::ALL)) {
        a_set_is_a_set(&one, &other, member)?;
    }

    #[test]
    fn a_set_of_permissions_is_a_set_where_there_is_one((one, other) in pairs(), member in select(One::ALL)) {
        a_set_is_a_set(&one, &other, member)?;
    }

    #[test]
    fn a_set_of_permissions_is_a_set_in_a_full_word((one, other) in pairs(), member in select(Word::ALL)) {
        a_set_is_a_set(&one, &other, member)?;
    }

    #[test]
    fn a_set_of_permissions_is_a_set_across_words((one, other) in pairs(), member in select(Many::ALL)) {
        a_set_is_a_set(&one, &other, member)?;
    }
}

fn every_permission_has_a_place_of_its_own<C: Catalogue>(size: usize) {
    let all = PermissionSet::<C>::all();

    assert_eq!(C::ALL.len(), size);
    assert_eq!(C::Words::default().as_ref().len(), size.div_ceil(64));
    for (place, permission) in C::ALL.iter().copied().enumerate() {
        let alone = PermissionSet::empty().with(permission);

        assert_eq!(permission.index(), place);
        assert_eq!(alone.iter().collect::<Vec<_>>(), [permission]);
        assert_eq!(all.without(permission).iter().count(), size - 1);
        assert!(all.covers(&alone) && !all.without(permission).covers(&alone));
        assert_eq!(C::named(permission.name()), Ok(permission));
    }
}

#[test]
fn every_permission_has_a_place_and_a_name_of_its_own() {
    every_permission_has_a_place_of_its_own::<Permission>(Permission::ALL.len());
    every_permission_has_a_place_of_its_own::<One>(1);
    every_permission_has_a_place_of_its_own::<Word>(64);
    every_permission_has_a_place_of_its_own::<Many>(129);
}

// What the fuzzer holds too

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

#[test]
fn the_promises_hold_for_all_that_the_fuzzer_starts_from() {
    let promises = [
        promises::emails,
        promises::grants,
        promises::ids,
        promises::texts,
    ];

    for (target, promise) in ["emails", "grants", "ids", "texts"]
        .into_iter()
        .zip(promises)
    {
        for file in corpus::of(target) {
            promise(&String::from_utf8_lossy(&file));
        }
    }
}

proptest! {
    #[test]
    fn a_text_is_an_id_of_one_kind_at_most(
        text in prop_oneof![any::<String>(), "(org|user|member|role|inv|proj|ses|chain|mail|audit)_[0-8][0-9a-z]{25}"]
    ) {
        promises::ids(&text);
    }

    #[test]
    fn a_slug_that_was_taken_is_in_its_normal_form(
        text in prop_oneof![any::<String>(), "-?[a-zA-Z0-9]{0,3}(-{1,2}[a-z0-9é]{0,3}){0,3} ?", "[a-z-]{198,202}"]
    ) {
        promises::texts(&text);
    }

    #[test]
    fn a_domain_is_what_an_address_can_have_behind_its_at(
        text in prop_oneof![
            any::<String>(),
            " ?[a-zA-Z0-9@-]{0,9}(\\.[a-zA-Z0-9-]{0,4}){1,3}\n?",
            "[a-z]{60,63}(\\.[a-z]{60,64}){3}",
        ]
    ) {
        promises::emails(&text);
    }

    #[test]
    fn a_grant_has_one_spelling_and_a_pattern_can_be_spelled_out(
        text in prop_oneof![
            any::<String>(),
            "(member|project|organization|audit|tenant|user|\\*)?(:(\\*|own|create|update|read|add|list|p\\*))?(:own|:\\*)?",
            "(project:(read|update|own)(:own)?| |new-kind:act|x){0,5}",
        ]
    ) {
        promises::grants(&text);
    }
}

// Mail

const USER: UserId = UserId::from_uuid(Uuid::from_u128(7));

proptest! {
    #[test]
    fn a_mailed_token_is_good_for_its_purpose_and_its_time(
        (sent, after) in (any::<i64>(), prop_oneof![
            0..200_000_000_000_i64,
            (select(&MailPurpose::ALL), -1..=1_i64)
                .prop_map(|(purpose, by)| i64::try_from(purpose.lifetime().as_micros()).unwrap() + by),
        ]),
        (purpose, asked) in (select(&MailPurpose::ALL), select(&MailPurpose::ALL)),
        id in uuids(),
    ) {
        let id = MailedTokenId::from_uuid(id);
        let sent = Timestamp::from_micros(sent);
        let token = MailedToken::send(id, USER, purpose, sent);
        let now = Timestamp::from_micros(sent.as_micros().saturating_add(after));

        let redeemed = token.redeem(asked, now);

        let good = asked == purpose && now < sent.plus(purpose.lifetime());
        prop_assert_eq!(redeemed.is_ok(), good);
        if let Ok(redeemed) = redeemed {
            prop_assert_eq!((redeemed.user(), redeemed.token()), (USER, id));
        }
    }
}
