//! One function per workload. Wrong work panics, which ends the program.
use crate::Outcome;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{unbounded_channel as channel, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

enum Message {
    Ping(UnboundedSender<Message>),
    Pong,
    Count(oneshot::Sender<u64>),
    Number(u64),
    Meet(u8, UnboundedSender<Message>),
    Over,
}
use Message::*;

type To = UnboundedSender<Message>;
type Inbox = UnboundedReceiver<Message>;

fn done(operations: u64, elapsed: Duration) -> Outcome {
    Outcome { operations, elapsed }
}

fn send(to: &To, message: Message) {
    assert!(to.send(message).is_ok(), "nobody receives");
}

/// Counts what comes in until somebody asks.
async fn counter(mut inbox: Inbox) {
    let mut seen = 0;
    while let Some(message) = inbox.recv().await {
        match message {
            Count(to) => return to.send(seen).expect("somebody asked"),
            Ping(from) => {
                seen += 1;
                send(&from, Pong);
            }
            _ => seen += 1,
        }
    }
}

async fn count(to: &To) -> u64 {
    let (tx, rx) = oneshot::channel();
    send(to, Count(tx));
    rx.await.expect("a count")
}

pub async fn ping_pong() -> Outcome {
    let n = 1_000_000;
    let (pong, pong_inbox) = channel();
    let (ping, mut inbox) = channel();
    tokio::spawn(counter(pong_inbox));
    let began = Instant::now();
    for _ in 0..n {
        send(&pong, Ping(ping.clone()));
        inbox.recv().await;
    }
    let elapsed = began.elapsed();
    assert_eq!(count(&pong).await, n);
    done(n, elapsed)
}

pub async fn thread_ring() -> Outcome {
    let (n, nodes) = (1_000_000, 100);
    let (ended, mut at) = channel();
    let (ring, inboxes): (Vec<To>, Vec<Inbox>) = (0..nodes).map(|_| channel()).unzip();
    let mut tasks = Vec::new();
    for (i, mut inbox) in inboxes.into_iter().enumerate() {
        let (next, ended) = (ring[(i + 1) % ring.len()].clone(), ended.clone());
        tasks.push(tokio::spawn(async move {
            while let Some(Number(left)) = inbox.recv().await {
                match left {
                    0 => send(&ended, Number(i as u64)),
                    _ => send(&next, Number(left - 1)),
                }
            }
        }));
    }
    let began = Instant::now();
    send(&ring[0], Number(n));
    let at = at.recv().await;
    let elapsed = began.elapsed();
    assert!(matches!(at, Some(Number(i)) if i == n % nodes));
    tasks.iter().for_each(|task| task.abort());
    done(n, elapsed)
}

pub async fn counting() -> Outcome {
    let n = 5_000_000;
    let (to, inbox) = channel();
    tokio::spawn(counter(inbox));
    let began = Instant::now();
    for _ in 0..n {
        send(&to, Pong);
    }
    let seen = count(&to).await;
    let elapsed = began.elapsed();
    assert_eq!(seen, n);
    done(n, elapsed)
}

pub async fn fork_join_throughput() -> Outcome {
    let (forks, each) = (60, 10_000);
    let (join, mut reports) = channel();
    let mut to = Vec::new();
    for _ in 0..forks {
        let (tx, mut inbox) = channel();
        let join = join.clone();
        to.push(tx);
        tokio::spawn(async move {
            let mut seen = 0;
            while seen < each && inbox.recv().await.is_some() {
                seen += 1;
            }
            send(&join, Number(seen));
        });
    }
    let began = Instant::now();
    for _ in 0..each {
        to.iter().for_each(|fork| send(fork, Pong));
    }
    let sum = sum(&mut reports, forks).await;
    let elapsed = began.elapsed();
    assert_eq!(sum, forks * each);
    done(forks * each, elapsed)
}

async fn sum(inbox: &mut Inbox, reports: u64) -> u64 {
    let mut sum = 0;
    for _ in 0..reports {
        match inbox.recv().await {
            Some(Number(n)) => sum += n,
            _ => panic!("a number was expected"),
        }
    }
    sum
}

pub async fn fork_join_create() -> Outcome {
    let n = 1_000_000;
    let (join, mut answers) = channel();
    let began = Instant::now();
    for i in 0..n {
        let (to, mut inbox) = channel();
        let join = join.clone();
        tokio::spawn(async move {
            if let Some(Number(i)) = inbox.recv().await {
                send(&join, Number(i));
            }
        });
        send(&to, Number(i));
    }
    let sum = sum(&mut answers, n).await;
    let elapsed = began.elapsed();
    assert_eq!(sum, n * (n - 1) / 2);
    done(n, elapsed)
}

async fn creature(mut colour: u8, mall: To) {
    let (me, mut inbox) = channel();
    let mut met = 0;
    loop {
        send(&mall, Meet(colour, me.clone()));
        match inbox.recv().await {
            Some(Number(other)) => {
                let other = other as u8;
                met += 1;
                colour = if other == colour { colour } else { 3 - colour - other };
            }
            _ => return send(&mall, Number(met)),
        }
    }
}

pub async fn chameneos() -> Outcome {
    let (n, creatures) = (200_000, 100);
    let (mall, mut inbox) = channel();
    let began = Instant::now();
    for i in 0..creatures {
        tokio::spawn(creature(i % 3, mall.clone()));
    }
    let (mut left, mut gone, mut sum, mut waiting) = (n, 0, 0, None::<(u8, To)>);
    while gone < creatures {
        match inbox.recv().await {
            Some(Number(met)) => {
                sum += met;
                gone += 1;
            }
            Some(Meet(_, guest)) if left == 0 => send(&guest, Over),
            Some(Meet(colour, guest)) => match waiting.take() {
                None => waiting = Some((colour, guest)),
                Some((other, first)) => {
                    send(&first, Number(colour as u64));
                    send(&guest, Number(other as u64));
                    left -= 1;
                }
            },
            _ => panic!("the mall met something else"),
        }
    }
    let elapsed = began.elapsed();
    assert_eq!(sum, 2 * n);
    done(n, elapsed)
}

struct BigPeer {
    random: u32,
    each: u64,
    me: To,
    all: Vec<To>,
    over: To,
}

impl BigPeer {
    fn ping(&mut self) {
        self.random = self.random.wrapping_mul(1103515245).wrapping_add(12345) & 0x7fffffff;
        send(&self.all[(self.random >> 8) as usize % self.all.len()], Ping(self.me.clone()));
    }

    async fn live(mut self, mut inbox: Inbox) {
        let (mut pings, mut pongs) = (0, 0);
        self.ping();
        while let Some(message) = inbox.recv().await {
            match message {
                Ping(from) => {
                    pings += 1;
                    // Those that were first may have got their count already.
                    let _ = from.send(Pong);
                }
                Pong => {
                    pongs += 1;
                    if pongs == self.each {
                        send(&self.over, Over);
                    } else {
                        self.ping();
                    }
                }
                Count(to) => return to.send(pings).expect("somebody asked"),
                _ => panic!("a peer got something else"),
            }
        }
    }
}

pub async fn big() -> Outcome {
    let (peers, each) = (120, 10_000);
    let (over, mut ended) = channel();
    let (all, inboxes): (Vec<To>, Vec<Inbox>) = (0..peers).map(|_| channel()).unzip();
    let began = Instant::now();
    for (i, inbox) in inboxes.into_iter().enumerate() {
        let random = i as u32 * 7919 + 1;
        let peer = BigPeer { random, each, me: all[i].clone(), all: all.clone(), over: over.clone() };
        tokio::spawn(peer.live(inbox));
    }
    for _ in 0..peers {
        ended.recv().await;
    }
    let elapsed = began.elapsed();
    let mut pings = 0;
    for peer in &all {
        pings += count(peer).await;
    }
    assert_eq!(pings, peers * each);
    done(2 * peers * each, elapsed)
}

pub async fn n_to_1() -> Outcome {
    let (senders, each) = (100, 50_000);
    let (to, mut inbox) = channel();
    let began = Instant::now();
    for _ in 0..senders {
        let to = to.clone();
        tokio::spawn(async move { (0..each).for_each(|_| send(&to, Pong)) });
    }
    for _ in 0..senders * each {
        inbox.recv().await;
    }
    let elapsed = began.elapsed();
    drop(to);
    assert!(inbox.recv().await.is_none());
    done(senders * each, elapsed)
}

fn skynet_node(parent: To, first: u64, leaves: u64) {
    tokio::spawn(async move {
        if leaves == 1 {
            return send(&parent, Number(first));
        }
        let (me, mut inbox) = channel();
        for i in 0..10 {
            skynet_node(me.clone(), first + i * (leaves / 10), leaves / 10);
        }
        send(&parent, Number(sum(&mut inbox, 10).await));
    });
}

pub async fn skynet() -> Outcome {
    let n = 1_000_000;
    let (root, mut inbox) = channel();
    let began = Instant::now();
    skynet_node(root, 0, n);
    let sum = sum(&mut inbox, 1).await;
    let elapsed = began.elapsed();
    assert_eq!(sum, n * (n - 1) / 2);
    done(n, elapsed)
}

fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: f64 = text.split(' ').nth(1).and_then(|p| p.parse().ok()).expect("pages");
    pages * 4096.0
}

pub fn idle_bytes(runtime: &Runtime, actors: usize) -> f64 {
    let mut all: Vec<To> = Vec::with_capacity(actors);
    let before = resident_bytes();
    for _ in 0..actors {
        let (to, mut inbox) = channel();
        all.push(to);
        runtime.spawn(async move { inbox.recv().await.is_some() });
    }
    std::thread::sleep(Duration::from_secs(1)); // All have started, and wait.
    let bytes = (resident_bytes() - before) / actors as f64;
    assert_eq!(runtime.metrics().num_alive_tasks(), actors);
    bytes
}
