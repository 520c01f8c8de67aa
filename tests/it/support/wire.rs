//! A wire between a process and a server that it needs: it can be hung, gone or cut, and whole again.

use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// What a wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Running,
    /// Connections stay open and are made, but not a byte passes until it runs again.
    Hung,
    /// Connections are closed, and none is made.
    Gone,
    /// A connection on which a transaction of PostgreSQL is committed hears nothing after that until it runs again.
    CommitsUnanswered,
}

#[derive(Clone, Debug)]
struct State {
    flow: Flow,
    /// How often all connections were closed.
    cuts: u64,
    /// How often all connections were forgotten.
    forgotten: u64,
    target: String,
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Where it begins.
    pub address: SocketAddr,
    state: watch::Sender<State>,
    /// Keeps the port while nobody listens there.
    _port: Arc<TcpSocket>,
}

fn socket(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    socket
}

impl Wire {
    /// A wire that leads to `host:port`.
    pub fn new(target: &str) -> Self {
        let port = socket(0);
        let address = port.local_addr().unwrap();
        let (state, of) = watch::channel(State {
            flow: Flow::Running,
            cuts: 0,
            forgotten: 0,
            target: target.to_owned(),
        });
        tokio::spawn(serve(address.port(), of));
        Self {
            address,
            state,
            _port: Arc::new(port),
        }
    }

    pub fn set(&self, flow: Flow) {
        self.state.send_modify(|state| {
            state.flow = flow;
            if flow == Flow::Gone {
                state.cuts += 1;
            }
        });
    }

    /// Closes all connections; new ones can be made.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// As a network forgets connections: those that are open stay so, and nothing passes on them any more; new ones work.
    pub fn forget(&self) {
        self.state.send_modify(|state| state.forgotten += 1);
    }

    /// Cuts it, and leads new connections to another server.
    pub fn lead_to(&self, target: &str) {
        self.state.send_modify(|state| {
            target.clone_into(&mut state.target);
            state.cuts += 1;
        });
    }
}

async fn serve(port: u16, mut state: watch::Receiver<State>) {
    loop {
        if state.wait_for(|state| state.flow != Flow::Gone).await.is_err() {
            return;
        }
        let listener = socket(port).listen(1024).unwrap();
        tokio::select! {
            () = accept(&listener, &state) => {}
            gone = gone(state.clone()) => if gone.is_err() { return },
        }
    }
}

async fn gone(mut state: watch::Receiver<State>) -> Result<(), watch::error::RecvError> {
    state.wait_for(|state| state.flow == Flow::Gone).await.map(drop)
}

async fn accept(listener: &TcpListener, state: &watch::Receiver<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut state = state.clone();
        tokio::spawn(async move {
            let (cuts, forgotten) = (state.borrow().cuts, state.borrow().forgotten);
            let mut forgets = state.clone();
            let is_forgotten = async { forgets.wait_for(|state| state.forgotten != forgotten).await.map(drop) };
            // Kept, both ends stay open.
            let mut passing = pin!(pass(client, state.clone()));
            let is_cut = state.wait_for(|state| state.cuts != cuts);
            tokio::select! {
                _ = is_cut => {}
                () = async {
                    tokio::select! {
                        () = &mut passing => {}
                        _ = is_forgotten => std::future::pending().await,
                    }
                } => {}
            }
        });
    }
}

async fn pass(client: TcpStream, mut state: watch::Receiver<State>) {
    let Ok(target) = state
        .wait_for(|state| state.flow != Flow::Hung)
        .await
        .map(|state| state.target.clone())
    else {
        return;
    };
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (commit, committed) = watch::channel(false);
    tokio::select! {
        () = there(from_client, to_server, state.clone(), commit) => {}
        () = back(from_server, to_client, state, committed) => {}
    }
}

async fn there(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    commit: watch::Sender<bool>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let Ok(flow) = state
            .wait_for(|state| state.flow != Flow::Hung)
            .await
            .map(|state| state.flow)
        else {
            return;
        };
        let bytes = &buffer[..length];
        if flow == Flow::CommitsUnanswered && bytes.windows(6).any(|word| word == b"COMMIT") {
            commit.send_replace(true);
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

async fn back(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    committed: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let may_pass = |state: &State| match state.flow {
            Flow::Hung => false,
            Flow::CommitsUnanswered => !*committed.borrow(),
            Flow::Running | Flow::Gone => true,
        };
        if state.wait_for(may_pass).await.is_err() || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Waits until `done`, which has to come within `limit`; returns how long it took.
pub async fn eventually(limit: Duration, what: &str, mut done: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    loop {
        let is_done = done().await;
        let took = begun.elapsed();
        assert!(took < limit, "{what}: not within {limit:?}");
        if is_done {
            return took;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
