use super::*;
use proptest::prelude::*;

#[test]
fn sizes_as_people_write_them() {
    for (text, bytes) in [
        ("31457280", 31_457_280),
        ("500M", 500 << 20),
        ("1GiB", 1 << 30),
        (" 1 g ", 1 << 30),
        ("100MB", 100 << 20),
        ("2kib", 2_048),
        ("7 b", 7),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(ByteSize::parse(text).map(ByteSize::bytes), Ok(bytes), "{text}");
    }
}

#[test]
fn what_is_no_size() {
    use ByteSizeError::*;
    for (text, error) in [
        ("", Malformed),
        ("M", Malformed),
        ("-1", Malformed),
        ("+1", Malformed),
        ("1.5G", Malformed),
        ("1T", Malformed),
        ("1 0", Malformed),
        ("0x10", Malformed),
        ("unlimited", Malformed),
        ("0", Zero),
        ("0G", Zero),
        ("18446744073709551616", TooLarge),
        ("99999999999G", TooLarge),
    ] {
        assert_eq!(ByteSize::parse(text), Err(error), "{text}");
    }
    assert_eq!(ByteSize::new(0), None);
}

proptest! {
    #[test]
    fn what_is_shown_is_read_again(number in 1_u64..1 << 34, shift in 0..30) {
        let size = ByteSize::new(number << shift).unwrap();
        prop_assert_eq!(size.to_string().parse(), Ok(size));
    }
}
