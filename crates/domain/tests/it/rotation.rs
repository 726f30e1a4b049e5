//! Refresh tokens in every order of events: a small world, explored to its end.
//!
//! In it are one chain, an honest client whose tabs share a cookie jar, a thief who copies the jar once, a clock, and a
//! service that crashes whenever it hurts. The verdicts are the domain's own; what the service does with them is what
//! `Sessions::refresh` does, cut wherever another request can come between.

use bailiwick_domain::{
    ChainId, SessionId, Timestamp, UserId,
    session::{Chain, Lifetimes, Outage, Reuse, Session, Verdict},
};
use proptest::prelude::*;
use std::{collections::HashSet, fmt, time::Duration};
use uuid::Uuid;

const USER: UserId = UserId::from_uuid(Uuid::from_u128(1));
const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(2));
const CHAIN: ChainId = ChainId::from_uuid(Uuid::from_u128(3));

/// The world's clock counts in these: two of them are a window of ten seconds.
const TICK: Duration = Duration::from_secs(5);
const NEVER: u8 = u8::MAX;
/// Requests that can be under way at once.
const REQUESTS: usize = 4;
/// Tokens that are told apart.
const TOKENS: usize = 8;

/// What one exploration is about.
#[derive(Debug, Clone, Copy)]
struct Setting {
    /// How many requests the client can have under way, and how many the thief.
    requests: [usize; 2],
    /// The window for retries, in ticks.
    grace: u8,
    manners: Manners,
    service: Service,
    /// How many requests are sent in all.
    sends: u8,
    /// How often the clock ticks in all.
    ticks: u8,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manners {
    /// At any time.
    None,
    /// A token that was sent before is sent again inside the window only.
    Polite,
    /// One at a time, and never inside the window of the one before.
    Apart,
}

/// How refreshing is done: as it is, or with a mistake that the exploration has to find.
#[derive(Debug, Clone, Copy)]
struct Service {
    /// Does a rotation compare before it sets?
    compares: bool,
    /// How often does a request look before it gives up?
    looks: u8,
    /// Does a chain end when a spent token comes back?
    ends_reused: bool,
}

const AS_IT_IS: Service = Service {
    compares: true,
    looks: 2,
    ends_reused: true,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct World {
    clock: u8,
    sends: u8,
    last_sent: u8,
    generation: u8,
    rotated_at: u8,
    dead: bool,
    client: Party,
    thief: Party,
    /// The newest token at the time of the theft, if there was one.
    stolen: Option<u8>,
    /// When the client sent each token first.
    sent: [u8; TOKENS],
    requests: [Request; REQUESTS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Party {
    /// What is in the jar.
    token: Option<u8>,
    /// Was a request of theirs decided since the theft?
    asked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Request {
    /// None is under way.
    None,
    /// It arrived, the clock was read, and the store is looked at next, which may be later.
    Looking { token: u8, now: u8, look: u8 },
    /// The chain is to be moved on.
    Rotating { token: u8, now: u8, look: u8 },
    /// The chain is to be ended.
    Ending,
    /// The answer is on its way, with this token.
    Answering { token: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Tick,
    Steal,
    Send(usize),
    Proceed(usize),
    Lose(usize),
}

/// A promise that was broken, and how it came to that.
struct Broken {
    promise: &'static str,
    story: Vec<(Step, World)>,
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.promise)?;
        for (step, world) in &self.story {
            writeln!(f, "{step:?}: {world:?}")?;
        }
        Ok(())
    }
}

/// What was met on the way.
#[derive(Debug, Default)]
struct Seen {
    states: usize,
    steps: usize,
    rotations: usize,
    replays: usize,
    second_looks: usize,
    reuses: usize,
    ends: usize,
    /// The client and the thief both hold the newest token, which was made after the theft.
    in_step: usize,
}

impl Setting {
    fn world(self) -> World {
        World {
            clock: 0,
            sends: self.sends,
            last_sent: NEVER,
            generation: 0,
            rotated_at: 0,
            dead: false,
            client: Party {
                token: Some(0),
                asked: false,
            },
            thief: Party {
                token: None,
                asked: false,
            },
            stolen: None,
            sent: [NEVER; TOKENS],
            requests: [Request::None; REQUESTS],
        }
    }

    fn is_thiefs(self, request: usize) -> bool {
        request >= self.requests[0]
    }

    fn steps(self) -> Vec<Step> {
        let requests = 0..self.requests.iter().sum();
        let each = requests
            .flat_map(|request| [Step::Send, Step::Proceed, Step::Lose].map(|step| step(request)));
        [Step::Tick, Step::Steal].into_iter().chain(each).collect()
    }

    fn session(self) -> (Session, Lifetimes) {
        let lifetimes = Lifetimes {
            grace: TICK * u32::from(self.grace),
            ..Lifetimes::default()
        };
        let session = Session::open(SESSION, USER, &lifetimes, at(0));
        (session, lifetimes)
    }

    fn verdict(self, world: &World, token: u8, now: u8) -> Verdict {
        let (session, lifetimes) = self.session();
        let chain = Chain {
            generation: world.generation.into(),
            rotated_at: at(world.rotated_at),
            revoked_at: world.dead.then(|| at(0)),
            ..Chain::start(CHAIN, SESSION, None, at(0))
        };
        chain.present(token.into(), &session, &lifetimes, None, at(now))
    }

    /// The world after this step, if it can be taken.
    fn after(
        self,
        before: &World,
        step: Step,
        seen: &mut Seen,
    ) -> Result<Option<World>, &'static str> {
        let mut world = *before;
        match step {
            Step::Tick => {
                if world.clock == self.ticks {
                    return Ok(None);
                }
                world.clock += 1;
            }
            Step::Steal => {
                if self.requests[1] == 0 || world.stolen.is_some() || world.client.token.is_none() {
                    return Ok(None);
                }
                world.thief.token = world.client.token;
                world.stolen = Some(world.generation);
            }
            Step::Send(request) => {
                let Some(token) = world.party(self.is_thiefs(request)).token else {
                    return Ok(None);
                };
                if world.requests[request] != Request::None
                    || world.sends == 0
                    || !self.may_send(before, token)
                {
                    return Ok(None);
                }
                world.sends -= 1;
                world.last_sent = world.clock;
                if !self.is_thiefs(request) {
                    let first = &mut world.sent[usize::from(token)];
                    *first = world.clock.min(*first);
                }
                world.requests[request] = Request::Looking {
                    token,
                    now: world.clock,
                    look: 1,
                };
            }
            Step::Proceed(request) => return self.proceed(before, request, seen),
            Step::Lose(request) => {
                if world.requests[request] == Request::None {
                    return Ok(None);
                }
                world.requests[request] = Request::None;
            }
        }
        Ok(Some(world))
    }

    fn may_send(self, world: &World, token: u8) -> bool {
        let first = world.sent[usize::from(token)];
        match self.manners {
            Manners::None => true,
            Manners::Polite => first == NEVER || world.clock < first + self.grace,
            Manners::Apart => {
                world.is_idle()
                    && (world.last_sent == NEVER
                        || world.clock >= world.last_sent + self.grace.max(1))
            }
        }
    }

    /// One request goes on to where the next may come between.
    fn proceed(
        self,
        before: &World,
        request: usize,
        seen: &mut Seen,
    ) -> Result<Option<World>, &'static str> {
        let mut world = *before;
        let thief = self.is_thiefs(request);
        match before.requests[request] {
            Request::None => return Ok(None),
            Request::Looking { token, now, look } => {
                seen.second_looks += usize::from(look == 2);
                match self.verdict(before, token, now) {
                    Verdict::Rotate(next) => {
                        if next != u64::from(token) + 1 {
                            return Err("a token is followed by its successor");
                        }
                        world.requests[request] = Request::Rotating { token, now, look };
                    }
                    Verdict::Replay { .. } => {
                        seen.replays += 1;
                        if before.generation != token + 1 || before.dead {
                            return Err("a retry gets the unused successor of a live chain");
                        }
                        if self.grace == 0 || now >= before.rotated_at + self.grace {
                            return Err(
                                "a spent token buys nothing outside the window, and without one nothing at all",
                            );
                        }
                        world.decided(thief);
                        world.requests[request] = Request::Answering { token: token + 1 };
                    }
                    Verdict::Reuse(reuse) => {
                        seen.reuses += 1;
                        self.refused(before, request, token, now)?;
                        let presented = u64::from(token);
                        if reuse
                            != (Reuse {
                                user: USER,
                                chain: CHAIN,
                                presented,
                            })
                        {
                            return Err("a reuse names whose chain it is");
                        }
                        world.requests[request] = Request::Ending;
                    }
                    Verdict::Over => {
                        self.refused(before, request, token, now)?;
                        world.turned_away(thief);
                        world.requests[request] = Request::None;
                    }
                }
            }
            Request::Rotating { token, now, look } => {
                let stands = !before.dead && before.generation == token;
                if stands || !self.service.compares {
                    seen.rotations += 1;
                    world.generation = token + 1;
                    world.rotated_at = now;
                    world.decided(thief);
                    world.requests[request] = Request::Answering { token: token + 1 };
                } else if look < self.service.looks {
                    world.requests[request] = Request::Looking {
                        token,
                        now,
                        look: look + 1,
                    };
                } else {
                    self.refused(before, request, token, now)?;
                    world.turned_away(thief);
                    world.requests[request] = Request::None;
                }
            }
            Request::Ending => {
                seen.ends += usize::from(!before.dead);
                world.dead |= self.service.ends_reused;
                world.turned_away(thief);
                world.requests[request] = Request::None;
            }
            Request::Answering { token } => {
                world.party_mut(thief).token = Some(token);
                world.requests[request] = Request::None;
            }
        }
        Ok(Some(world))
    }

    /// An honest client is refused for what it did wrong, and for nothing else.
    fn refused(
        self,
        world: &World,
        request: usize,
        token: u8,
        now: u8,
    ) -> Result<(), &'static str> {
        if self.is_thiefs(request) || world.stolen.is_some() || world.dead {
            return Ok(());
        }
        let overtaken = world.generation > token + 1;
        if now < world.sent[usize::from(token)] + self.grace && !overtaken {
            return Err(
                "an honest retry inside the window, while the successor is unused, is answered",
            );
        }
        if self.manners == Manners::Polite && !overtaken {
            return Err("a client that retries inside the window only is not signed out");
        }
        Ok(())
    }

    /// What holds at every moment.
    fn holds(self, world: &World, seen: &mut Seen) -> Result<(), &'static str> {
        let verdicts =
            (0..=world.generation + 1).map(|token| self.verdict(world, token, world.clock));
        let live = verdicts
            .filter(|verdict| matches!(verdict, Verdict::Rotate(_)))
            .count();
        if live > 1 {
            return Err("a chain has at most one live token");
        }
        let any = |token| self.verdict(world, token, world.clock) != Verdict::Over;
        if world.dead && (0..=world.generation + 1).any(any) {
            return Err("a chain that has ended has no live token");
        }
        let polite = self.manners == Manners::Polite && self.requests == [1, 0];
        if polite && (world.dead || world.client.token.is_none()) {
            return Err("a client with one request at a time is never signed out");
        }
        if self.manners == Manners::Apart && world.client.asked && world.thief.asked && !world.dead
        {
            return Err(
                "once client and thief have both asked, outside each other's window, the chain is dead",
            );
        }
        let newest = |party: Party| party.token == Some(world.generation);
        let both = newest(world.client) && newest(world.thief);
        if both && !world.dead && world.stolen.is_some_and(|stolen| world.generation > stolen) {
            seen.in_step += 1;
            if self.grace == 0 {
                return Err("without a window, no successor is handed out twice");
            }
        }
        Ok(())
    }

    /// Makes worlds equal that differ in nothing which matters from here on.
    fn forget(self, world: &mut World) {
        let (client, thief) = world.requests.split_at_mut(self.requests[0]);
        client.sort_unstable();
        thief[..self.requests[1]].sort_unstable();
        if self.manners != Manners::Apart {
            world.last_sent = NEVER;
            world.client.asked = false;
            world.thief.asked = false;
        }
        if self.manners != Manners::Polite && world.stolen.is_some() {
            world.sent = [NEVER; TOKENS];
        }
    }

    /// Every state that can be reached, each once.
    fn explore(self) -> Result<Seen, Broken> {
        let mut seen = Seen::default();
        let steps = self.steps();
        let mut states = vec![(self.world(), 0, Step::Tick)];
        let mut known = HashSet::from([self.world()]);
        let mut next = 0;
        while let Some((before, ..)) = states.get(next).copied() {
            for step in &steps {
                let outcome = self.after(&before, *step, &mut seen).and_then(|after| {
                    let Some(mut after) = after else {
                        return Ok(());
                    };
                    seen.steps += 1;
                    if before.dead && !after.dead {
                        return Err("a chain that has ended stays so");
                    }
                    if after.generation < before.generation {
                        return Err("a chain does not go back");
                    }
                    self.forget(&mut after);
                    if known.insert(after) {
                        self.holds(&after, &mut seen)?;
                        states.push((after, next, *step));
                    }
                    Ok(())
                });
                if let Err(promise) = outcome {
                    let mut story = vec![(*step, before)];
                    let mut at = next;
                    while at > 0 {
                        let (_, parent, step) = states[at];
                        story.push((step, states[parent].0));
                        at = parent;
                    }
                    story.reverse();
                    return Err(Broken { promise, story });
                }
            }
            next += 1;
        }
        seen.states = states.len();
        Ok(seen)
    }
}

impl World {
    fn is_idle(&self) -> bool {
        self.requests
            .iter()
            .all(|request| *request == Request::None)
    }

    const fn party(&self, thief: bool) -> Party {
        if thief { self.thief } else { self.client }
    }

    const fn party_mut(&mut self, thief: bool) -> &mut Party {
        if thief {
            &mut self.thief
        } else {
            &mut self.client
        }
    }

    const fn decided(&mut self, thief: bool) {
        if self.stolen.is_some() {
            self.party_mut(thief).asked = true;
        }
    }

    /// A client that is refused forgets its token; a thief tries again.
    const fn turned_away(&mut self, thief: bool) {
        self.decided(thief);
        if !thief {
            self.client.token = None;
        }
    }
}

fn at(ticks: u8) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).plus(TICK * u32::from(ticks))
}

/// Clients and thieves, at any time and in any order.
const fn free(requests: [usize; 2], grace: u8, sends: u8) -> Setting {
    Setting {
        requests,
        grace,
        manners: Manners::None,
        service: AS_IT_IS,
        sends,
        ticks: 3,
    }
}

/// Explores all of these, and says how much there was to see.
#[expect(clippy::print_stdout, reason = "how much was seen is worth knowing")]
fn explore(settings: &[Setting]) -> Seen {
    let mut all = Seen::default();
    for setting in settings {
        let seen = setting.explore().unwrap();
        println!(
            "{:?}, window {}, {:?}: {seen:?}",
            setting.requests, setting.grace, setting.manners
        );
        all.states += seen.states;
        all.steps += seen.steps;
        all.rotations += seen.rotations;
        all.replays += seen.replays;
        all.second_looks += seen.second_looks;
        all.reuses += seen.reuses;
        all.ends += seen.ends;
        all.in_step += seen.in_step;
    }
    println!("together: {all:?}");
    all
}

#[test]
fn no_order_of_events_breaks_a_promise_where_there_is_a_window() {
    let seen = explore(&[
        free([1, 0], 2, 6),
        free([2, 0], 2, 5),
        free([4, 0], 2, 4),
        free([1, 1], 2, 6),
        free([2, 1], 2, 5),
        free([3, 1], 2, 4),
        free([2, 2], 2, 4),
    ]);

    assert!(seen.states > 900_000, "{seen:?}");
    assert!(seen.replays > 0 && seen.second_looks > 0 && seen.ends > 0);
}

#[test]
fn no_order_of_events_breaks_a_promise_where_there_is_no_window() {
    let seen = explore(&[
        free([1, 0], 0, 6),
        free([2, 0], 0, 5),
        free([4, 0], 0, 4),
        free([1, 1], 0, 6),
        free([2, 1], 0, 4),
        free([3, 1], 0, 4),
        free([2, 2], 0, 4),
    ]);

    assert!(seen.states > 600_000, "{seen:?}");
    assert!(seen.replays == 0 && seen.second_looks > 0 && seen.ends > 0);
}

#[test]
fn a_client_that_retries_inside_the_window_is_never_signed_out() {
    let polite = |requests, grace, sends| Setting {
        manners: Manners::Polite,
        ..free(requests, grace, sends)
    };

    let alone = explore(&[polite([1, 0], 0, 6), polite([1, 0], 2, 6)]);
    let tabs = explore(&[polite([2, 0], 2, 5), polite([4, 0], 2, 5)]);

    assert!(alone.states > 8_000, "{alone:?}");
    assert!(alone.replays > 0 && alone.reuses == 0);
    assert!(tabs.states > 150_000, "{tabs:?}");
}

#[test]
fn a_client_and_a_thief_cannot_both_go_on() {
    let apart = |requests, grace| Setting {
        manners: Manners::Apart,
        ticks: 8,
        ..free(requests, grace, 5)
    };

    let seen = explore(&[apart([1, 1], 0), apart([1, 1], 2)]);

    assert!(seen.states > 100_000, "{seen:?}");
    assert!(seen.ends > 0);
}

#[test]
fn a_thief_can_walk_in_step_inside_the_window_and_nowhere_else() {
    let window = explore(&[free([1, 1], 2, 4)]);
    let strict = explore(&[free([1, 1], 0, 4)]);

    assert!(window.in_step > 0, "{window:?}");
    assert!(strict.in_step == 0, "{strict:?}");
}

#[test]
fn each_mistake_that_the_service_could_make_is_found() {
    let apart = Manners::Apart;
    #[rustfmt::skip]
    let mistakes = [
        (Setting { service: Service { compares: false, ..AS_IT_IS }, ..free([1, 1], 0, 4) },
         "without a window, no successor is handed out twice"),
        (Setting { service: Service { compares: false, ..AS_IT_IS }, ..free([2, 0], 2, 4) },
         "a chain does not go back"),
        (Setting { service: Service { looks: 1, ..AS_IT_IS }, ..free([2, 0], 2, 4) },
         "an honest retry inside the window, while the successor is unused, is answered"),
        (Setting { service: Service { ends_reused: false, ..AS_IT_IS }, manners: apart, ..free([1, 1], 0, 4) },
         "once client and thief have both asked, outside each other's window, the chain is dead"),
    ];

    for (setting, promise) in mistakes {
        let broken = setting.explore().unwrap_err();

        assert_eq!(broken.promise, promise, "{broken:?}");
    }
}

/// A duration longer than all of time is as long as that.
fn micros(duration: Duration) -> i128 {
    i64::try_from(duration.as_micros())
        .unwrap_or(i64::MAX)
        .into()
}

/// What a presented token means, in numbers that do not overflow.
fn meaning(
    token: u64,
    chain: &Chain,
    session: &Session,
    lifetimes: &Lifetimes,
    outage: Option<Outage>,
    now: Timestamp,
) -> &'static str {
    let after = |start: Timestamp, lifetime: Duration| {
        let end = i128::from(start.as_micros()) + micros(lifetime);
        i128::from(now.as_micros()) >= end.min(i64::MAX.into())
    };
    let over = session.ended_at.is_some()
        || chain.revoked_at.is_some()
        || now >= session.expires_at
        || after(chain.rotated_at, lifetimes.idle);
    // An outage that may have swallowed the answer, or its retry, puts off the end of the window, by a day at most.
    let put_off = outage.filter(|outage| {
        let lost = lifetimes.grace.max(Duration::from_secs(15));
        let concerned = i128::from(chain.rotated_at.as_micros()) + micros(lost);
        i128::from(outage.from.as_micros()) <= concerned.min(i64::MAX.into())
            && outage.until >= chain.rotated_at
    });
    let day = Duration::from_secs(86_400);
    let counts_from = put_off.map_or(chain.rotated_at, |outage| {
        outage.until.min(outage.from.plus(day))
    });
    match chain.generation.checked_sub(token) {
        _ if over => "over",
        None => "over",
        Some(0) => "rotate",
        Some(1) if !lifetimes.grace.is_zero() && !after(counts_from, lifetimes.grace) => "replay",
        Some(_) => "reuse",
    }
}

/// Instants anywhere, often close to each other, to a whole second and to the ends of time.
fn instants() -> impl Strategy<Value = Timestamp> {
    let near = prop_oneof![Just(0), Just(i64::MIN), Just(i64::MAX), any::<i64>()];
    let by = prop_oneof![
        -20_000_000..20_000_000_i64,
        (-20..20_i64).prop_map(|seconds| seconds * 1_000_000)
    ];
    (near, by).prop_map(|(near, by)| Timestamp::from_micros(near.saturating_add(by)))
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0..40_000_000_u64).prop_map(Duration::from_micros),
        any::<u64>().prop_map(Duration::from_micros),
    ]
}

proptest! {
    #[test]
    fn a_token_means_what_its_chain_says_at_every_instant(
        (generation, token) in (0..u64::MAX).prop_flat_map(|newest| {
            (Just(newest), prop_oneof![Just(newest), Just(newest.saturating_sub(1)), Just(newest + 1), any::<u64>()])
        }),
        (start, by, ended, revoked) in (instants(), -20_000_000..40_000_000_i64, any::<bool>(), any::<bool>()),
        (absolute, idle, grace) in (durations(), durations(), durations()),
        outage in proptest::option::of((-30_000_000..30_000_000_i64, 0..30_000_000_i64)),
    ) {
        let lifetimes = Lifetimes { absolute, idle, grace };
        // Also before the rotation: a clock may have been read before it.
        let now = Timestamp::from_micros(start.as_micros().saturating_add(by));
        let session = Session {
            ended_at: (ended && revoked).then_some(start),
            ..Session::open(SESSION, USER, &lifetimes, start)
        };
        let chain = Chain {
            generation,
            revoked_at: (revoked && !ended).then_some(start),
            ..Chain::start(CHAIN, SESSION, None, start)
        };

        let outage = outage.map(|(from, length)| {
            let from = Timestamp::from_micros(start.as_micros().saturating_add(from));
            Outage { from, until: from.plus(Duration::from_micros(length.try_into().unwrap())) }
        });

        let verdict = chain.present(token, &session, &lifetimes, outage, now);

        let reuse = Reuse { user: USER, chain: CHAIN, presented: token };
        match meaning(token, &chain, &session, &lifetimes, outage, now) {
            "rotate" => prop_assert_eq!(verdict, Verdict::Rotate(generation + 1)),
            "replay" => prop_assert!(matches!(verdict, Verdict::Replay { .. }), "{:?}", verdict),
            "reuse" => prop_assert_eq!(verdict, Verdict::Reuse(reuse)),
            _ => prop_assert_eq!(verdict, Verdict::Over),
        }
    }

    #[test]
    fn time_saturates_and_never_runs_backwards(one in instants(), other in instants(), by in durations()) {
        let later = one.plus(by);
        let exact = i128::from(one.as_micros()) + micros(by);
        prop_assert_eq!(i128::from(later.as_micros()), exact.min(i64::MAX.into()));
        prop_assert!(later >= one);

        let until = one.until(other);
        let exact = i128::from(other.as_micros()) - i128::from(one.as_micros());
        prop_assert_eq!(until.as_micros(), u128::try_from(exact.clamp(0, i64::MAX.into())).unwrap());
        prop_assert!(until.is_zero() || other.until(one).is_zero());

        let seconds = i128::from(one.as_seconds()) * 1_000_000;
        prop_assert!((0..1_000_000).contains(&(i128::from(one.as_micros()) - seconds)));

        let up = one.rounded_up();
        let exact = seconds + if i128::from(one.as_micros()) == seconds { 0 } else { 1_000_000 };
        prop_assert_eq!(i128::from(up.as_micros()), exact.min(i64::MAX.into()));
    }
}

#[test]
fn a_window_in_which_nobody_could_come_back_stays_open() {
    let lifetimes = Lifetimes::default();
    let session = Session::open(SESSION, USER, &lifetimes, at(0));
    let chain = Chain {
        generation: 1,
        ..Chain::start(CHAIN, SESSION, None, at(10))
    };
    let outage = |from, until| {
        Some(Outage {
            from: at(from),
            until: at(until),
        })
    };
    let present = |outage, now| chain.present(0, &session, &lifetimes, outage, at(now));

    assert_eq!(present(outage(11, 20), 21), Verdict::Replay(1));
    assert!(matches!(present(outage(11, 20), 22), Verdict::Reuse(_)));
    // Over before it opened, or begun when any answer had long arrived: none of its business.
    assert!(matches!(present(outage(2, 9), 12), Verdict::Reuse(_)));
    assert_eq!(present(outage(13, 20), 21), Verdict::Replay(1));
    assert!(matches!(present(outage(14, 20), 21), Verdict::Reuse(_)));
    let strict = Lifetimes {
        grace: Duration::ZERO,
        ..lifetimes
    };
    let verdict = chain.present(0, &session, &strict, outage(10, 20), at(11));
    assert!(matches!(verdict, Verdict::Reuse(_)));
}

#[test]
fn the_window_closes_on_the_microsecond() {
    let lifetimes = Lifetimes::default();
    let session = Session::open(SESSION, USER, &lifetimes, at(0));
    let chain = Chain {
        generation: 1,
        ..Chain::start(CHAIN, SESSION, None, at(0))
    };
    let micro = Duration::from_micros(1);
    let present = |after: Duration, token| {
        chain.present(token, &session, &lifetimes, None, at(0).plus(after))
    };

    assert!(matches!(
        present(lifetimes.grace - micro, 0),
        Verdict::Replay { .. }
    ));
    assert!(matches!(present(lifetimes.grace, 0), Verdict::Reuse(_)));
    assert_eq!(present(lifetimes.idle - micro, 1), Verdict::Rotate(2));
    assert_eq!(present(lifetimes.idle, 1), Verdict::Over);
}
