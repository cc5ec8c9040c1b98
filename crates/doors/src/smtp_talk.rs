//! What the SMTP doors share on the wire: a conversation without a socket says what it needs, and
//! [`talk`] gets it over a [`Line`].

use std::io;
use std::time::Duration;

use net::Clock;
use smtp::Server;
use smtp::ask::{Answer, Ask, Step};

use crate::line::{Heard, Line};

/// What a conversation needs from outside before it can go on. Output first, always.
#[derive(Debug, PartialEq, Eq)]
pub enum Pause {
    /// Only that the output is written.
    Flush,
    /// Input, or the end of `patience`.
    Input {
        /// How long to wait.
        patience: Duration,
        /// Whether waiting begins anew; otherwise an earlier deadline stays, so that dripping bytes
        /// buys no time.
        progress: bool,
    },
    /// A TLS handshake.
    StartTls,
    /// The end.
    Close,
}

/// One client's conversation: the machine, and who answers its questions.
pub(crate) trait Dialogue: Send {
    /// The machine: bytes in and out, time and TLS.
    fn machine(&mut self) -> &mut Server;

    /// Answers the machine.
    fn answer(&mut self, ask: Ask) -> impl Future<Output = Answer> + Send;
}

/// Runs until something is needed from outside.
pub(crate) async fn run(dialogue: &mut impl Dialogue) -> Pause {
    loop {
        match dialogue.machine().poll() {
            Step::Ask(ask) => {
                // Boxed, so that a connection that waits does not carry the room for this.
                let answer = Box::pin(dialogue.answer(ask)).await;
                dialogue.machine().answer(answer);
            }
            Step::Flush => return Pause::Flush,
            Step::Input { patience, progress } => return Pause::Input { patience, progress },
            Step::StartTls => return Pause::StartTls,
            Step::Close => return Pause::Close,
        }
    }
}

/// Serves a line to the end of the conversation. An I/O error is the client's way of leaving; there
/// is nobody to tell.
pub(crate) async fn serve(dialogue: impl Dialogue, line: Line, clock: Clock) {
    if let Ok(line) = talk(dialogue, line, clock).await {
        line.close().await;
    }
}

async fn talk(mut dialogue: impl Dialogue, mut line: Line, clock: Clock) -> io::Result<Line> {
    let mut deadline = Duration::MAX;
    loop {
        let pause = run(&mut dialogue).await;
        line.say(dialogue.machine().output()).await?;
        match pause {
            Pause::Flush => {}
            Pause::Input { patience, progress } => {
                let fresh = clock.elapsed() + patience;
                deadline = if progress { fresh } else { deadline.min(fresh) };
                match line.listen(deadline.saturating_sub(clock.elapsed())).await? {
                    Heard::Bytes(bytes) => dialogue.machine().feed(&bytes),
                    Heard::End => return Ok(line),
                    Heard::Stop => dialogue.machine().shut_down(),
                    Heard::Silence => dialogue.machine().timed_out(),
                }
            }
            Pause::StartTls => {
                line = line.start_tls().await?;
                dialogue.machine().tls_established();
            }
            Pause::Close => return Ok(line),
        }
    }
}
