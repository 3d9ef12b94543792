//! Dispatch latency, open loop: see ../README.md. The pacer is a thread of its own.
use crate::PEER;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{unbounded_channel, UnboundedSender};

const ACTORS: usize = 16;
const WINDOWS: u64 = 4;
const WINDOW: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(20);
const SUB_BITS: u32 = 5; // 32 equal buckets in each power of two.
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) << SUB_BITS;

struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    fn new() -> Self {
        Histogram { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }

    fn add(&mut self, ns: u64) {
        let mut index = ns as usize;
        if ns >= 1 << SUB_BITS {
            let shift = 63 - ns.leading_zeros() - SUB_BITS;
            index = ((shift as usize) << SUB_BITS) + (ns >> shift) as usize;
        }
        self.counts[index] += 1;
        self.total += 1;
        self.max = self.max.max(ns);
    }

    fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, more)| *mine += more);
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// The highest value of the bucket in which the share is reached.
    fn at(&self, share: f64) -> u64 {
        let wanted = (share * (self.total - 1) as f64) as u64 + 1;
        let mut seen = 0;
        for (i, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                if i < 2 << SUB_BITS {
                    return i as u64;
                }
                let sub = (i & ((1 << SUB_BITS) - 1)) as u64 + (1 << SUB_BITS);
                return ((sub + 1) << ((i >> SUB_BITS) - 1)) - 1;
            }
        }
        self.max
    }
}

pub fn run(runtime: &Runtime, lanes: usize) {
    for rate in [10_000, 100_000, 1_000_000] {
        let all = dispatch(runtime, rate);
        let (low, p50, p99, p999) = (all.at(0.0), all.at(0.5), all.at(0.99), all.at(0.999));
        println!(
            "{{\"bench\":\"dispatch\",\"lanes\":{lanes},\"unit\":\"ns\",\"rate\":{rate},\"mode\":\"parked\",\
             \"median\":{p50},\"min\":{low},\"max\":{},\"n\":1,\"p50\":{p50},\"p99\":{p99},\"p999\":{p999},\
             \"peer\":\"{PEER}\"}}",
            all.max
        );
    }
}

fn dispatch(runtime: &Runtime, rate: u64) -> Histogram {
    let began = Instant::now();
    let each = rate * WINDOW.as_nanos() as u64 / 1_000_000_000;
    let mut to = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..ACTORS {
        let (tx, mut inbox) = unbounded_channel::<u64>();
        to.push(tx);
        tasks.push(runtime.spawn(async move {
            let mut seen = Histogram::new();
            while let Some(due) = inbox.recv().await {
                let now = began.elapsed().as_nanos() as u64;
                if due > 0 {
                    seen.add(now.saturating_sub(due));
                }
            }
            seen
        }));
    }
    for number in 0..=WINDOWS {
        window(&to, began, each, 1_000_000_000 / rate, number > 0); // The first warms up.
        std::thread::sleep(PAUSE);
    }
    drop(to);
    let mut all = Histogram::new();
    for task in tasks {
        all.merge(&runtime.block_on(task).expect("a histogram"));
    }
    assert_eq!(all.total, WINDOWS * each);
    all
}

/// A message carries the time at which it should have been sent: a late pacer is a late message.
fn window(to: &[UnboundedSender<u64>], began: Instant, each: u64, step_ns: u64, counts: bool) {
    let mut now = began.elapsed().as_nanos() as u64;
    let mut due = now + 1_000_000;
    for i in 0..each {
        while now < due {
            now = began.elapsed().as_nanos() as u64;
            std::hint::spin_loop();
        }
        to[i as usize % ACTORS].send(if counts { due } else { 0 }).expect("somebody receives");
        due += step_ns;
    }
}
