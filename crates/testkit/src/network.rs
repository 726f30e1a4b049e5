//! Networks that fail on command: a wire that can be cut, and a balancer in front of replicas.

use sqlx::postgres::PgConnectOptions;
use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

/// How a wire behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Everything arrives.
    Whole,
    /// Every connection is reset, and new ones are refused.
    Cut,
    /// Connections stand, and nothing arrives.
    Silent,
}

/// A wire to a PostgreSQL.
#[derive(Debug)]
pub struct PostgresWire {
    state: watch::Sender<Wire>,
    tapped: Tap,
    url: String,
    listening: AbortHandle,
}

/// What goes to the server over a wire.
#[derive(Debug, Clone, Default)]
struct Tap(Arc<Mutex<Vec<String>>>);

impl PostgresWire {
    /// A whole wire to the server of this address.
    ///
    /// # Errors
    /// When the address is none, or no port can be listened on.
    pub async fn to(url: &str) -> io::Result<Self> {
        let server: PgConnectOptions = url.parse().map_err(io::Error::other)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (state, seen) = watch::channel(Wire::Whole);
        let tapped = Tap::default();
        let listening = tokio::spawn(carry(listener, server, seen, tapped.clone())).abort_handle();
        let (who, place) = url.rsplit_once('@').ok_or(io::ErrorKind::InvalidInput)?;
        let (_, database) = place.split_once('/').ok_or(io::ErrorKind::InvalidInput)?;
        // A host in the query would lead past the wire.
        let database = database.split('?').next().unwrap_or_default();
        Ok(Self {
            state,
            tapped,
            url: format!("{who}@127.0.0.1:{port}/{database}"),
            listening,
        })
    }

    /// The server's address through the wire.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it behaves like this.
    pub fn set(&self, wire: Wire) {
        self.state.send_replace(wire);
    }

    /// The simple queries that have gone over it since this was asked last, each with all of its statements.
    #[must_use]
    pub fn queries(&self) -> Vec<String> {
        std::mem::take(&mut *self.tapped.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tap {
    /// Takes note of the queries in what a client has sent so far, and leaves what is not whole yet (PostgreSQL, §55.7).
    fn hear(&self, sent: &mut Vec<u8>, started: &mut bool) {
        loop {
            // Whoever has not started yet sends messages without a type: for encryption, and then the start.
            let head = usize::from(*started);
            let Some(length) = sent.get(head..head + 4) else {
                return;
            };
            let length = length
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            let Some(message) = sent.get(..head + length) else {
                return;
            };
            if *started && message.first() == Some(&b'Q') {
                let sql = message.get(5..).unwrap_or_default();
                let sql = String::from_utf8_lossy(sql)
                    .trim_end_matches('\0')
                    .to_owned();
                self.0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(sql);
            }
            const SSL: &[u8] = &80_877_103_u32.to_be_bytes();
            *started = *started || message.get(4..8) != Some(SSL);
            sent.drain(..head + length);
        }
    }
}

impl Drop for PostgresWire {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn carry(
    listener: TcpListener,
    server: PgConnectOptions,
    seen: watch::Receiver<Wire>,
    tapped: Tap,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (server, seen, tapped) = (server.clone(), seen.clone(), tapped.clone());
        connections.spawn(async move {
            let mut cut = seen.clone();
            tokio::select! {
                _ = cut.wait_for(|wire| *wire == Wire::Cut) => {
                    let _ = client.set_zero_linger();
                }
                _ = connect_and_carry(&client, &server, seen, tapped) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect_and_carry(
    client: &TcpStream,
    server: &PgConnectOptions,
    seen: watch::Receiver<Wire>,
    tapped: Tap,
) -> io::Result<()> {
    match socket(server) {
        Some(path) => both_ways(client, UnixStream::connect(path).await?, seen, tapped).await,
        None => {
            let server = TcpStream::connect((server.get_host(), server.get_port())).await?;
            both_ways(client, server, seen, tapped).await
        }
    }
}

/// Where the server has its socket (libpq, 34.1.1.2: a host that begins with a slash is a folder).
fn socket(server: &PgConnectOptions) -> Option<PathBuf> {
    let folder = server.get_socket().cloned();
    let folder = folder.or_else(|| {
        let host = server.get_host();
        host.starts_with('/').then(|| host.into())
    })?;
    Some(folder.join(format!(".s.PGSQL.{}", server.get_port())))
}

async fn both_ways(
    client: &TcpStream,
    server: impl AsyncRead + AsyncWrite,
    seen: watch::Receiver<Wire>,
    tapped: Tap,
) -> io::Result<()> {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut up, mut down) = (seen.clone(), seen);
    let upwards = async {
        let mut bytes = vec![0; 16 * 1024];
        let (mut sent, mut started) = (Vec::new(), false);
        loop {
            client.readable().await?;
            match client.try_read(&mut bytes) {
                Ok(0) => return to_server.shutdown().await,
                Ok(read) => {
                    let bytes = bytes.get(..read).unwrap_or_default();
                    sent.extend_from_slice(bytes);
                    tapped.hear(&mut sent, &mut started);
                    whole(&mut up).await;
                    to_server.write_all(bytes).await?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    };
    let downwards = async {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let read = from_server.read(&mut bytes).await?;
            if read == 0 {
                return Ok::<_, io::Error>(());
            }
            whole(&mut down).await;
            let mut rest = bytes.get(..read).unwrap_or_default();
            while !rest.is_empty() {
                client.writable().await?;
                match client.try_write(rest) {
                    Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
    };
    tokio::select! { done = upwards => done, done = downwards => done }
}

async fn whole(seen: &mut watch::Receiver<Wire>) {
    let _ = seen.wait_for(|wire| *wire == Wire::Whole).await;
}

/// A balancer of connections over replicas that say that they are ready.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    replicas: Arc<RwLock<Vec<Replica>>>,
    running: Vec<AbortHandle>,
}

#[derive(Debug, Clone)]
struct Replica {
    address: String,
    ready: bool,
}

/// How often replicas are asked whether they are ready, and how long they may take to say so.
const ASK_EVERY: Duration = Duration::from_millis(200);

impl Balancer {
    /// A balancer in front of nothing.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let replicas: Arc<RwLock<Vec<Replica>>> = Arc::default();
        let asking = tokio::spawn(ask(Arc::clone(&replicas))).abort_handle();
        let listening = tokio::spawn(balance(listener, Arc::clone(&replicas))).abort_handle();
        Ok(Self {
            address,
            replicas,
            running: vec![asking, listening],
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The replicas, like `127.0.0.1:8080`; those that it did not know are used when they are ready.
    pub fn set(&self, addresses: &[&str]) {
        let mut replicas = self
            .replicas
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let known = replicas.clone();
        *replicas = addresses
            .iter()
            .map(|address| Replica {
                address: (*address).to_owned(),
                ready: known
                    .iter()
                    .any(|known| known.address == *address && known.ready),
            })
            .collect();
    }

    /// How many are ready.
    #[must_use]
    pub fn ready(&self) -> usize {
        let replicas = self.replicas.read().unwrap_or_else(PoisonError::into_inner);
        replicas.iter().filter(|replica| replica.ready).count()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.running.iter().for_each(AbortHandle::abort);
    }
}

async fn ask(replicas: Arc<RwLock<Vec<Replica>>>) {
    loop {
        let asked = replicas
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for Replica { address, .. } in asked {
            let ready = matches!(
                timeout(ASK_EVERY * 5, is_ready(&address)).await,
                Ok(Ok(true))
            );
            let mut replicas = replicas.write().unwrap_or_else(PoisonError::into_inner);
            replicas
                .iter_mut()
                .filter(|replica| replica.address == address)
                .for_each(|replica| replica.ready = ready);
        }
        sleep(ASK_EVERY).await;
    }
}

async fn is_ready(address: &str) -> io::Result<bool> {
    let mut connection = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

async fn balance(listener: TcpListener, replicas: Arc<RwLock<Vec<Replica>>>) {
    let turn = AtomicUsize::new(0);
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let mut ready = replicas
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        ready.retain(|replica| replica.ready);
        let first = turn.fetch_add(1, Ordering::Relaxed) % ready.len().max(1);
        ready.rotate_left(first);
        connections.spawn(async move {
            for Replica { address, .. } in ready {
                // Nothing has been sent yet: the next one may have it.
                if let Ok(mut replica) = TcpStream::connect(&address).await {
                    let _ = copy_bidirectional(&mut client, &mut replica).await;
                    return;
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
