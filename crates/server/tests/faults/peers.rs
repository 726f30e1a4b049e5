//! Peers that are slow, or many.

use crate::{
    api::Api,
    drill::{Figures, Site, panics, until},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long the head of a request may take, and its body, and how much later the connection may end.
const HEAD: Duration = Duration::from_secs(5);
const BODY: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(3);

/// Whoever sends a request byte by byte is cut off.
pub(crate) async fn slow(site: Site) -> Figures {
    let service = site.service(&[]);
    let address = service.address.as_str();
    let head = "GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ";
    let body = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n{";
    let ((heads, said_to_heads), (bodies, said_to_bodies), (silent, _)) =
        tokio::join!(drip(address, head), drip(address, body), drip(address, ""),);
    let mut figures = Figures::new(site.scale);
    figures.within("a slow head is cut off after", heads, HEAD + LATER);
    figures.within("a slow body is cut off after", bodies, BODY + LATER);
    figures.within(
        "whoever says nothing is cut off after",
        silent,
        HEAD + LATER,
    );
    for (what, said) in [
        ("a slow head is told", said_to_heads),
        ("a slow body is told", said_to_bodies),
    ] {
        let status = said.split(' ').nth(1).unwrap_or("nothing").to_owned();
        figures.holds(what, &status, "408", status == "408");
    }
    figures
}

/// Sends this, and then a byte a while, until it is cut off: when, and what it is told.
async fn drip(address: &str, beginning: &str) -> (Option<Duration>, String) {
    let began = Instant::now();
    let connection = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = connection.into_split();
    to.write_all(beginning.as_bytes()).await.unwrap();
    let dripping = async {
        while !beginning.is_empty() && to.write_all(b"a").await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut said = Vec::new();
    let ended = tokio::select! {
        ended = timeout(BODY * 3, from.read_to_end(&mut said)) => ended.is_ok(),
        () = dripping => false,
    };
    (
        ended.then(|| began.elapsed()),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Two thousand of them stop nobody; and there are never more connections than there may be.
pub(crate) async fn crowd(site: Site) -> Figures {
    let (sockets, probes) = site.scale.pick((500, 50), (2_000, 200));
    let service = site.service(&[]);
    let over = Arc::new(AtomicBool::new(false));
    let open = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    for _ in 0..sockets {
        crowd.spawn(hold(
            service.address.clone(),
            Arc::clone(&over),
            Arc::clone(&open),
        ));
    }
    let all_open = until(Duration::from_secs(20), async || {
        open.load(Ordering::Relaxed) >= sockets * 9 / 10
    });
    let all_open = all_open.await;
    let (mut failed, mut slowest, mut least) = (Vec::new(), Duration::ZERO, usize::MAX);
    for _ in 0..probes {
        least = least.min(open.load(Ordering::Relaxed));
        // A connection of its own: that is what the crowd is after.
        let probed = Api::at(&service.address)
            .ask("GET", "/health/ready", None, None)
            .await;
        match probed {
            Ok(answer) if answer.status == 200 => slowest = slowest.max(answer.took),
            Ok(answer) => failed.push(answer.told()),
            Err(error) => failed.push(format!("{error:?}")),
        }
        sleep(Duration::from_millis(20)).await;
    }
    over.store(true, Ordering::Relaxed);
    crowd.join_all().await;

    let mut figures = Figures::new(site.scale);
    figures.holds(
        "sockets held open",
        least,
        format!("≥ {}", sockets / 2),
        all_open.is_some() && least >= sockets / 2,
    );
    figures.none("probes failed", probes, &failed);
    figures.within("the slowest probe", Some(slowest), Duration::from_secs(1));
    figures.holds("panics", panics(&service), "0", panics(&service) == 0);

    let few = site.service(&[
        ("BAILIWICK__HTTP__CONNECTIONS", "20"),
        ("BAILIWICK__HTTP__WORKERS", "1"),
    ]);
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(TcpStream::connect(&few.address).await.unwrap());
    }
    let beyond = Api::at(&few.address);
    let asked = beyond.ask("GET", "/health", None, None);
    tokio::pin!(asked);
    let early = timeout(Duration::from_secs(1), &mut asked).await.is_ok();
    figures.holds("a connection beyond the cap waits", !early, "true", !early);
    drop(held);
    let then = timeout(HEAD + LATER, asked).await;
    let then = matches!(then, Ok(Ok(answer)) if answer.status == 200);
    figures.holds("and is served when there is room", then, "true", then);
    figures
}

/// A socket that sends a head that never ends, and comes back when it is thrown out.
async fn hold(address: String, over: Arc<AtomicBool>, open: Arc<AtomicUsize>) {
    while !over.load(Ordering::Relaxed) {
        let Ok(mut socket) = TcpStream::connect(&address).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        open.fetch_add(1, Ordering::Relaxed);
        let mut sent = socket
            .write_all(b"GET /users/me HTTP/1.1\r\nx-slow: ")
            .await;
        let mut answer = [0; 1];
        while sent.is_ok() && !over.load(Ordering::Relaxed) {
            if timeout(Duration::from_millis(400), socket.read(&mut answer))
                .await
                .is_ok()
            {
                break;
            }
            sent = socket.write_all(b"a").await;
        }
        open.fetch_sub(1, Ordering::Relaxed);
    }
}
