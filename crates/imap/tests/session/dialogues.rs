//! Every dialogue, whole and split at every byte boundary: the transcript must be the same (I4).

use super::dialogue::play;

macro_rules! dialogues {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let name = concat!(stringify!($name), ".txt");
                let text = include_str!(concat!("../dialogues/", stringify!($name), ".txt"));
                for piece in [usize::MAX, 1, 2, 7] {
                    play(name, text, piece);
                }
            }
        )*
    };
}

dialogues! {
    append_i11
    append_silence_i11
    append_trouble_i11
    before_login_i1
    capabilities
    deleted_mailbox
    errors
    errors_ceiling
    expunge_while_fetching_i7
    fetch
    fetch_sections_i13
    half_close_i22
    idle
    literals_i2
    login_failures
    login_i20
    login_sasl_i20
    logout_i22
    mailboxes_i12
    metadata_i16
    pipelined_i4
    quota
    real_client
    search
    search_nesting_i15
    select_i19
    starttls_i3
    store_copy_move
    trouble
    vanished_in_the_middle
}
