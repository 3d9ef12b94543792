//! The workloads of ../README.md with tokio tasks and unbounded channels: tokio WORKLOAD LANES RUNS
mod dispatch;
mod workloads;

use std::future::Future;
use std::time::Duration;

pub const PEER: &str = "tokio 1.54.1";

/// What one run timed.
pub struct Outcome {
    pub operations: u64,
    pub elapsed: Duration,
}

async fn values<F: Future<Output = Outcome>>(run: fn() -> F, unit: &str, runs: usize) -> Vec<f64> {
    run().await; // Warms up.
    let mut values = Vec::new();
    for _ in 0..runs {
        let outcome = run().await;
        let ns = outcome.elapsed.as_nanos() as f64;
        values.push(if unit == "ms" { ns / 1e6 } else { ns / outcome.operations as f64 });
    }
    values
}

fn report(name: &str, lanes: usize, unit: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    println!(
        "{{\"bench\":\"{name}\",\"lanes\":{lanes},\"unit\":\"{unit}\",\"median\":{:.2},\"min\":{:.2},\"max\":{:.2},\
         \"n\":{n},\"p50\":null,\"p99\":null,\"p999\":null,\"peer\":\"{PEER}\"}}",
        (values[(n - 1) / 2] + values[n / 2]) / 2.0,
        values[0],
        values[n - 1]
    );
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let numbers: Vec<usize> = args.iter().skip(2).filter_map(|a| a.parse().ok()).collect();
    let (lanes, runs) = match numbers[..] {
        [lanes, runs] if lanes > 0 && runs > 0 => (lanes, runs),
        _ => usage("usage: tokio WORKLOAD LANES RUNS"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(lanes)
        .enable_all()
        .build()
        .expect("a runtime");
    // The driver is a task, as in the other programs: block_on() would run it on a foreign thread.
    macro_rules! measure {
        ($run:path, $unit:expr) => {{
            let task = runtime.spawn(values($run, $unit, runs));
            report(&args[1], lanes, $unit, runtime.block_on(task).expect("right work"));
        }};
    }
    match args[1].as_str() {
        "ping-pong" => measure!(workloads::ping_pong, "ns/round trip"),
        "thread-ring" => measure!(workloads::thread_ring, "ns/hop"),
        "counting" => measure!(workloads::counting, "ns/message"),
        "fork-join-throughput" => measure!(workloads::fork_join_throughput, "ns/message"),
        "fork-join-create" => measure!(workloads::fork_join_create, "ns/actor"),
        "chameneos" => measure!(workloads::chameneos, "ns/meeting"),
        "big" => measure!(workloads::big, "ns/message"),
        "n-to-1" => measure!(workloads::n_to_1, "ns/message"),
        "skynet" => measure!(workloads::skynet, "ms"),
        // A second time the memory would be there already.
        "idle-bytes" => {
            let bytes = workloads::idle_bytes(&runtime, 1_000_000);
            report("idle-bytes", lanes, "bytes/actor", vec![bytes]);
        }
        "dispatch" => dispatch::run(&runtime, lanes),
        other => usage(&format!("tokio: no workload '{other}'")),
    }
}

fn usage(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(2);
}
