//! A SEARCH query made ready for one mailbox, and its evaluation with incomplete knowledge.
//!
//! The query is a flat program in reverse Polish order, so nesting costs neither stack nor more than
//! linear time. It is run over two kinds of truth. Over sets of UIDs it tells at once which messages
//! certainly match and which may, without asking anything; over "yes, no, unknown" (Kleene's logic)
//! it tells for one message whether more has to be read at all.

use mail::Day;
use mail::mailbox::{Keyword, MessageMeta, SystemFlags, UidSet};

use super::scan::fold;
use crate::command::{
    DateTest, Messages, NoSuchMessage, Numbering, SearchFlag, SearchKey, SearchStep,
};
use crate::session::view::View;

/// A query, its sets resolved.
pub(super) struct Program {
    steps: Vec<Step>,
    leaves: Vec<Leaf>,
}

enum Step {
    Leaf(usize),
    Not,
    Or,
    And(usize),
}

/// Something a message is or is not. Strings are folded.
pub(super) enum Leaf {
    All,
    Among(UidSet),
    Flag(SystemFlags),
    Keyword(Keyword),
    InternalDate(DateTest),
    Larger(u32),
    Smaller(u32),
    SentDate(DateTest),
    Header { name: String, value: Vec<u8> },
    Body(Vec<u8>),
    Text(Vec<u8>),
}

/// What is known of each leaf for one message, in their order.
pub(super) type Truths = Vec<Option<bool>>;

/// What is known of a query before anything is read.
pub(super) struct Bounds {
    /// These match.
    pub(super) certain: UidSet,
    /// No others can, the certain ones included.
    pub(super) possible: UidSet,
}

impl Program {
    /// Takes a query whose program is well-formed, as the parser gives it.
    ///
    /// # Errors
    /// If it names a sequence number that is not there.
    pub(super) fn new(steps: Vec<SearchStep>, view: &View) -> Result<Program, NoSuchMessage> {
        let mut program = Program { steps: Vec::with_capacity(steps.len()), leaves: Vec::new() };
        for step in steps {
            let step = match step {
                SearchStep::Key(key) => {
                    program.leaves.push(leaf(key, view)?);
                    Step::Leaf(program.leaves.len() - 1)
                }
                SearchStep::Not => Step::Not,
                SearchStep::Or => Step::Or,
                SearchStep::And(n) => Step::And(n),
            };
            program.steps.push(step);
        }
        Ok(program)
    }

    /// What the sets alone tell.
    pub(super) fn bounds(&self, all: &UidSet) -> Bounds {
        self.run(&Sets { leaves: &self.leaves, all })
    }

    /// Whether a message matches, if that is known.
    pub(super) fn decide(&self, truths: &Truths) -> Option<bool> {
        self.run(&Kleene { truths })
    }

    /// What a message's metadata tells.
    pub(super) fn truths(&self, meta: &MessageMeta) -> Truths {
        self.leaves.iter().map(|leaf| leaf.of_meta(meta)).collect()
    }

    /// The leaves whose truth is unknown, with their places.
    pub(super) fn unknown<'a>(
        &'a self,
        truths: &'a Truths,
    ) -> impl Iterator<Item = (usize, &'a Leaf)> {
        self.leaves.iter().enumerate().filter(|(place, _)| truths[*place].is_none())
    }

    /// True if the header block would tell something that is unknown.
    pub(super) fn needs_header(&self, truths: &Truths) -> bool {
        let in_header =
            |leaf: &Leaf| matches!(leaf, Leaf::SentDate(_) | Leaf::Header { .. } | Leaf::Text(_));
        self.unknown(truths).any(|(_, leaf)| in_header(leaf))
    }

    fn run<L: Logic>(&self, logic: &L) -> L::Truth {
        let mut stack: Vec<L::Truth> = Vec::new();
        let pop = |stack: &mut Vec<L::Truth>| stack.pop().expect("the program is well-formed");
        for step in &self.steps {
            let truth = match step {
                Step::Leaf(place) => logic.leaf(*place),
                Step::Not => logic.not(pop(&mut stack)),
                Step::Or => {
                    let right = pop(&mut stack);
                    logic.or(pop(&mut stack), right)
                }
                Step::And(n) => {
                    let last = pop(&mut stack);
                    (1..*n).fold(last, |truth, _| logic.and(pop(&mut stack), truth))
                }
            };
            stack.push(truth);
        }
        pop(&mut stack)
    }
}

fn leaf(key: SearchKey, view: &View) -> Result<Leaf, NoSuchMessage> {
    Ok(match key {
        SearchKey::All => Leaf::All,
        SearchKey::Flag(flag) => flag_leaf(flag, view),
        SearchKey::Keyword(keyword) => Leaf::Keyword(keyword),
        SearchKey::InternalDate(test) => Leaf::InternalDate(test),
        SearchKey::SentDate(test) => Leaf::SentDate(test),
        SearchKey::Larger(size) => Leaf::Larger(size),
        SearchKey::Smaller(size) => Leaf::Smaller(size),
        SearchKey::Header { name, value } => Leaf::Header { name, value: fold(&value) },
        SearchKey::Body(text) | SearchKey::Text(text) if text.is_empty() => Leaf::All,
        SearchKey::Body(text) => Leaf::Body(fold(&text)),
        SearchKey::Text(text) => Leaf::Text(fold(&text)),
        SearchKey::Sequence(set) => {
            Leaf::Among(Messages { numbering: Numbering::Sequence, set }.resolve(&view.uids)?)
        }
        SearchKey::Uid(set) => Leaf::Among(set.resolve_uids(&view.uids)),
    })
}

fn flag_leaf(flag: SearchFlag, view: &View) -> Leaf {
    Leaf::Flag(match flag {
        SearchFlag::Answered => SystemFlags::ANSWERED,
        SearchFlag::Deleted => SystemFlags::DELETED,
        SearchFlag::Draft => SystemFlags::DRAFT,
        SearchFlag::Flagged => SystemFlags::FLAGGED,
        SearchFlag::Seen => SystemFlags::SEEN,
        SearchFlag::Recent => return Leaf::Among(view.recent_uids()),
    })
}

impl Leaf {
    fn of_meta(&self, meta: &MessageMeta) -> Option<bool> {
        match self {
            Leaf::All => Some(true),
            Leaf::Among(set) => Some(set.contains(meta.uid)),
            Leaf::Flag(flag) => Some(meta.flags.contains(*flag)),
            Leaf::Keyword(keyword) => Some(meta.flags.contains_keyword(keyword)),
            Leaf::InternalDate(test) => Some(holds(*test, meta.internal_date.day())),
            Leaf::Larger(size) => Some(meta.size_bytes > *size),
            Leaf::Smaller(size) => Some(meta.size_bytes < *size),
            Leaf::SentDate(_) | Leaf::Header { .. } | Leaf::Body(_) | Leaf::Text(_) => None,
        }
    }
}

/// Whether a day passes a test.
pub(super) fn holds(test: DateTest, day: Day) -> bool {
    match test {
        DateTest::Before(other) => day < other,
        DateTest::On(other) => day == other,
        DateTest::Since(other) => day >= other,
    }
}

/// A kind of truth a program can be run over.
trait Logic {
    type Truth;
    fn leaf(&self, place: usize) -> Self::Truth;
    fn not(&self, a: Self::Truth) -> Self::Truth;
    fn or(&self, a: Self::Truth, b: Self::Truth) -> Self::Truth;
    fn and(&self, a: Self::Truth, b: Self::Truth) -> Self::Truth;
}

struct Kleene<'a> {
    truths: &'a Truths,
}

impl Logic for Kleene<'_> {
    type Truth = Option<bool>;

    fn leaf(&self, place: usize) -> Option<bool> {
        self.truths[place]
    }

    fn not(&self, a: Option<bool>) -> Option<bool> {
        a.map(|a| !a)
    }

    fn or(&self, a: Option<bool>, b: Option<bool>) -> Option<bool> {
        match (a, b) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }

    fn and(&self, a: Option<bool>, b: Option<bool>) -> Option<bool> {
        self.not(self.or(self.not(a), self.not(b)))
    }
}

struct Sets<'a> {
    leaves: &'a [Leaf],
    all: &'a UidSet,
}

impl Logic for Sets<'_> {
    type Truth = Bounds;

    fn leaf(&self, place: usize) -> Bounds {
        match &self.leaves[place] {
            Leaf::All => Bounds { certain: self.all.clone(), possible: self.all.clone() },
            Leaf::Among(set) => Bounds { certain: set.clone(), possible: set.clone() },
            _ => Bounds { certain: UidSet::new(), possible: self.all.clone() },
        }
    }

    fn not(&self, a: Bounds) -> Bounds {
        Bounds {
            certain: self.all.difference(&a.possible),
            possible: self.all.difference(&a.certain),
        }
    }

    fn or(&self, a: Bounds, b: Bounds) -> Bounds {
        Bounds { certain: a.certain.union(&b.certain), possible: a.possible.union(&b.possible) }
    }

    fn and(&self, a: Bounds, b: Bounds) -> Bounds {
        Bounds {
            certain: a.certain.intersection(&b.certain),
            possible: a.possible.intersection(&b.possible),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> UidSet {
        text.parse().unwrap()
    }

    fn program(steps: Vec<Step>, leaves: Vec<Leaf>) -> Program {
        Program { steps, leaves }
    }

    #[test]
    fn sets_alone_decide_where_they_can() {
        let leaves = vec![Leaf::Among(set("2:4")), Leaf::Flag(SystemFlags::SEEN)];
        let both = program(vec![Step::Leaf(0), Step::Leaf(1), Step::And(2)], leaves);
        let bounds = both.bounds(&set("1:9"));
        assert_eq!((bounds.certain, bounds.possible), (set(""), set("2:4")));

        let leaves = vec![Leaf::Among(set("2:4"))];
        let negated = program(vec![Step::Leaf(0), Step::Not], leaves);
        let bounds = negated.bounds(&set("1:9"));
        assert_eq!((bounds.certain, bounds.possible), (set("1,5:9"), set("1,5:9")));
    }

    #[test]
    fn unknown_leaves_do_not_matter_once_the_rest_decides() {
        let leaves = vec![Leaf::Flag(SystemFlags::SEEN), Leaf::Body(b"x".to_vec())];
        let either = program(vec![Step::Leaf(0), Step::Leaf(1), Step::Or], leaves);
        assert_eq!(either.decide(&vec![Some(true), None]), Some(true));
        assert_eq!(either.decide(&vec![Some(false), None]), None);
        assert_eq!(either.decide(&vec![Some(false), Some(false)]), Some(false));
    }

    #[test]
    fn i15_deep_nesting_needs_no_recursion() {
        let mut steps = vec![Step::Leaf(0)];
        steps.extend((0..10_001).map(|_| Step::Not));
        let deep = program(steps, vec![Leaf::All]);
        assert_eq!(deep.decide(&vec![Some(true)]), Some(false));
        assert!(deep.bounds(&set("1:5")).possible.is_empty());
    }
}
