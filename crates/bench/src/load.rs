//! The load generator: so many connections, each of which asks, waits for the answer, looks at it, and asks again.
//!
//! The load generators of the registry (oha, drill, goose, rlt) are programs: they print what they have measured, and at the
//! most look at the status. Here every body is looked at, each connection has a refresh token of its own that rotates, and the
//! figures of one service are set against those of another. So this is a loop over hyper's connections, and nothing more.

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, runtime, time::sleep_until};

/// Whoever asks over one connection.
pub(crate) trait Client: Send {
    /// The next request.
    fn next(&mut self) -> Request<Full<Bytes>>;

    /// Looks at its answer.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&mut self, status: StatusCode, body: &Bytes) -> Result<(), String>;
}

/// How long, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// For how long it is measured.
    pub(crate) time: Duration,
    /// For how long before that it is not.
    pub(crate) warm: Duration,
    /// How often each client asks; without it, as often as it is answered.
    pub(crate) pace: Option<Duration>,
    /// How many requests of each client are enough.
    pub(crate) most: Option<usize>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Answers a second.
    pub(crate) rate: f64,
    /// How long each took, in microseconds, the shortest first: paced, from when it was due.
    pub(crate) took: Vec<u32>,
    /// What was wrong.
    pub(crate) wrong: Vec<String>,
}

impl Outcome {
    /// What so many of a hundred did not exceed, in microseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let last = self.took.len().saturating_sub(1);
        let place = (self.took.len() * percent / 100).min(last);
        self.took.get(place).copied().unwrap_or_default().into()
    }
}

/// Threads that clients are shared between: as many as a machine of two cores has, beside the service.
const THREADS: usize = 2;

/// Lets these clients ask at this address.
pub(crate) fn drive(address: SocketAddr, clients: &mut [Box<dyn Client>], load: Load) -> Outcome {
    let each = clients.len().div_ceil(THREADS);
    let began = Instant::now();
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = clients
            .chunks_mut(each)
            .map(|clients| scope.spawn(move || part(address, clients, load, began)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.flatten().collect()
    });
    let mut outcome = Outcome::default();
    for part in parts {
        outcome.rate += part.rate;
        outcome.took.extend(part.took);
        outcome.wrong.extend(part.wrong);
    }
    outcome.took.sort_unstable();
    outcome
}

fn part(
    address: SocketAddr,
    clients: &mut [Box<dyn Client>],
    load: Load,
    began: Instant,
) -> Vec<Outcome> {
    let threads = runtime::Builder::new_current_thread().enable_all().build();
    threads.unwrap().block_on(async {
        let all = clients.len();
        let connections: FuturesUnordered<_> = clients
            .iter_mut()
            .enumerate()
            .map(|(number, client)| async move {
                // Not all at the same moment.
                let share = u32::try_from(number).unwrap_or_default();
                let share = share * load.pace.unwrap_or_default() / u32::try_from(all).unwrap_or(1);
                let mut outcome = Outcome::default();
                if let Err(error) =
                    connection(address, &mut **client, load, began + share, &mut outcome).await
                {
                    outcome.wrong.push(error.to_string());
                }
                outcome
            })
            .collect();
        connections.collect().await
    })
}

async fn connection(
    address: SocketAddr,
    client: &mut dyn Client,
    load: Load,
    began: Instant,
    outcome: &mut Outcome,
) -> Result<(), Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let from = began + load.warm;
    let until = from + load.time;
    let mut due = began;
    let (mut first, mut last) = (None, from);
    loop {
        if let Some(pace) = load.pace {
            sleep_until(due.into()).await;
            if due >= until {
                break;
            }
            due += pace;
        }
        let now = Instant::now();
        let asked = load.pace.map_or(now, |pace| due - pace);
        if asked >= until || load.most.is_some_and(|most| outcome.took.len() >= most) {
            break;
        }
        let response = sender.send_request(client.next()).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if let Err(error) = client.check(status, &body) {
            outcome.wrong.push(error);
        }
        last = Instant::now();
        if asked >= from {
            first.get_or_insert(asked);
            let micros = (last - asked).as_micros();
            outcome.took.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }
    drop(sender);
    driver.await??;
    if let Some(first) = first {
        #[expect(clippy::cast_precision_loss, reason = "millions")]
        let answers = outcome.took.len() as f64;
        outcome.rate = answers / (last - first).as_secs_f64();
    }
    Ok(())
}
