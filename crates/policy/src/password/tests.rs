//! Known answers were made with crypt(3) of glibc and libxcrypt.

use super::*;

#[test]
fn x() {
    println!("{}", hash("martlet dummy", *b"martlet dummy 16"));
}
