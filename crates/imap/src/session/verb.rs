//! What a command under way looks like to the engine: a value that is given events and says what
//! it wants next.

use std::borrow::Cow;

use bytes::Bytes;

use super::core::Core;
use crate::ask::{Answer, Ask, Refusal};

/// A command under way.
pub(super) trait Verb: Send + Sync {
    /// Goes on. A refusal becomes the command's answer by the table in `refusal.rs`.
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome;
}

/// What a verb is told.
pub(super) enum Event {
    /// The verb's turn: at its begin, and after [`Next::Again`].
    Go,
    /// The answer to its [`Next::Ask`].
    Answer(Answer),
    /// The line it asked for with [`Next::Line`], without its end.
    Line(Vec<u8>),
    /// Bytes of APPEND's message, after [`Next::Data`].
    Data(Bytes),
    /// All of APPEND's message was given; not `clean` if the line went on behind it.
    DataEnd {
        /// False: the command was malformed after all.
        clean: bool,
    },
    /// The open mailbox changed while the verb waited for a line.
    Changed,
    /// The client has been silent for a while as the verb waited for a line.
    Silence,
    /// The client will give no more of what the verb waits for.
    Lost,
}

/// What a verb wants.
pub(super) enum Next {
    /// Ask the world, then [`Event::Answer`].
    Ask(Ask),
    /// [`Event::Go`] again, after what waits has been written out if it is much.
    Again,
    /// A line of the client's that is no command.
    Line,
    /// More of APPEND's message.
    Data,
    /// The command is over.
    Done(Done),
    /// The connection is over.
    Bye(Cow<'static, str>),
}

/// What a verb's event leads to.
pub(super) type Outcome = Result<Next, Refusal>;

/// The tagged answer of a command.
pub(super) struct Done {
    pub(super) status: Status,
    /// Response code and words.
    pub(super) text: Cow<'static, str>,
    pub(super) after: After,
}

/// OK, NO or BAD (RFC 3501 section 7.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
}

impl Status {
    /// As it stands on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
        }
    }
}

/// What follows a tagged answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The next command.
    Command,
    /// The TLS handshake.
    StartTls,
    /// The end, with these words.
    Close(Option<&'static str>),
}

fn done(status: Status, text: impl Into<Cow<'static, str>>) -> Next {
    Next::Done(Done { status, text: text.into(), after: After::Command })
}

/// It was done.
pub(super) fn ok(text: impl Into<Cow<'static, str>>) -> Next {
    done(Status::Ok, text)
}

/// It could not be done.
pub(super) fn no(text: impl Into<Cow<'static, str>>) -> Next {
    done(Status::No, text)
}

/// It was not understood, or not at this stage.
pub(super) fn bad(text: impl Into<Cow<'static, str>>) -> Next {
    done(Status::Bad, text)
}

/// How a command begins.
pub(super) enum Begin {
    /// It is over at once.
    Now(Next),
    /// It takes a while.
    Verb(Box<dyn Verb>),
}

impl From<Next> for Begin {
    fn from(next: Next) -> Begin {
        Begin::Now(next)
    }
}

impl<V: Verb + 'static> From<V> for Begin {
    fn from(verb: V) -> Begin {
        Begin::Verb(Box::new(verb))
    }
}

/// A command that is one question and what follows from its answer.
pub(super) fn ask(
    ask: Ask,
    then: impl FnOnce(Answer, &mut Core) -> Outcome + Send + Sync + 'static,
) -> Begin {
    Begin::from(Once { ask: Some(ask), then: Some(then) })
}

/// A command that is one question, answered by "it happened".
pub(super) fn ask_done(question: Ask, text: &'static str) -> Begin {
    ask(question, move |answer, _| answer.done().map(|()| ok(text)))
}

struct Once<F> {
    ask: Option<Ask>,
    then: Option<F>,
}

impl<F> Verb for Once<F>
where
    F: FnOnce(Answer, &mut Core) -> Outcome + Send + Sync,
{
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        match (event, self.ask.take()) {
            (Event::Answer(answer), _) => {
                let then = self.then.take().expect("one question has one answer");
                then(answer, core)
            }
            (_, Some(ask)) => Ok(Next::Ask(ask)),
            (_, None) => Err(super::answers::out_of_turn()),
        }
    }
}
