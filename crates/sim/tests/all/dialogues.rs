//! Golden dialogues through whole doors: each file of `tests/dialogues/` is one test, told without
//! sockets at every cut and once on the wire. `sim::dialogue` has the language.

use sim::dialogue::{Script, on_the_wire, rehearse};

macro_rules! dialogues {
    ($($room:ident { $($name:ident)* })*) => {
        const FILES: &[&str] = &[$($(concat!(stringify!($room), "/", stringify!($name), ".txt"),)*)*];

        $(mod $room {
            $(#[tokio::test]
            async fn $name() {
                let file = concat!(stringify!($room), "/", stringify!($name), ".txt");
                super::tell(file, include_str!(concat!("../dialogues/", stringify!($room), "/",
                                                       stringify!($name), ".txt"))).await;
            })*
        })*
    };
}

dialogues! {
    both {
        c4_full_disk
        fan_out
        i6_idle
        i7_two_sessions
        report_of_full_mailbox
        report_of_unknown_user
        s43_header_clean_up
        sub_addresses
        submit_and_fetch
        vanished_after_the_dot_s26
        vanished_senders_s27
    }
    imap {
        append_from_the_future
        i11_append
        i12_names
        i16_tokens
        i18_connections
        i20_logins
        idle_silence_and_stop
        mailbox_deleted_elsewhere
    }
    submission {
        s16_failed_logins
        s17_first_login
        s19_s20_from
        s1_s2_line_ends
        s21_cleartext
        s23_recipients
        s44_rate
        silence_and_stop
    }
}

async fn tell(file: &str, text: &str) {
    let script = Script::parse(file, text);
    rehearse(&script).await;
    on_the_wire(&script).await;
}

#[test]
fn every_file_is_told() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let rooms = std::fs::read_dir(folder).unwrap().map(|room| room.unwrap().path());
    let files = rooms.flat_map(|room| std::fs::read_dir(room).unwrap());
    for file in files.map(|file| file.unwrap().path()) {
        let told = FILES.iter().any(|name| file.ends_with(name));
        assert!(told, "{} has no test", file.display());
    }
}
