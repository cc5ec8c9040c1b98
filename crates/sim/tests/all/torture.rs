//! Kill -9 in a loop. The long run is `drive torture`.

use sim::relay::{Manner, Relay};
use sim::torture::Torture;

/// Lives that end in a kill.
const ROUNDS: usize = 20;
/// Senders, and as many receivers.
const PAIRS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g8_c1_i8_nothing_acknowledged_is_lost_by_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("data"), &Manner::default()).await.unwrap();
    let mut torture = Torture::new(relay, PAIRS, 0x5eed);
    let mut tally = sim::torture::Tally::default();
    for round in 0..ROUNDS {
        tally = torture.round().await.unwrap_or_else(|why| panic!("round {round}: {why}"));
    }
    println!("{tally:?}");
    assert!(tally.acknowledged > 5 * ROUNDS, "hardly any load: {tally:?}");
    assert!(tally.expunged > 0, "{tally:?}");
    assert!(torture.into_relay().stop().await.unwrap().success());
}
