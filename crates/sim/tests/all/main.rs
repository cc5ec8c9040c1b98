//! All integration tests, in one binary: linking is the cost on small machines.

mod house;
