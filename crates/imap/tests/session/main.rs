//! The session machine from outside: golden dialogues against a tiny world, whole and in pieces.

mod dialogue;
mod dialogues;
mod machine;
mod world;
