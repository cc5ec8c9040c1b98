use std::collections::BTreeSet;

use super::*;
use proptest::prelude::*;

fn set(text: &str) -> UidSet {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn texts() {
    for (written, shown) in [
        ("", ""),
        ("1", "1"),
        ("1:4,7", "1:4,7"),
        ("7,4:1", "1:4,7"),
        ("1,2,3", "1:3"),
        ("5:5", "5"),
        ("1:10,5:20,21", "1:21"),
        ("4294967295", "4294967295"),
        ("1:4294967295", "1:4294967295"),
    ] {
        assert_eq!(set(written).to_string(), shown);
    }
    for text in [
        "0",
        "1:0",
        "*",
        "1:*",
        "1,",
        ",1",
        "1:2:3",
        "+1",
        "-1",
        " 1",
        "1 ",
        "4294967296",
        "a",
        ":",
    ] {
        assert!(text.parse::<UidSet>().is_err(), "{text}");
    }
}

#[test]
fn a_hundred_thousand_in_a_row_are_one_run() {
    let mut pushed = UidSet::new();
    (1..=100_000).filter_map(Uid::new).for_each(|uid| pushed.insert(uid));
    assert_eq!((pushed.ranges().len(), pushed.len()), (1, 100_000));
    assert_eq!(pushed, pushed.iter().collect());
    assert_eq!(pushed.position(uid(70_000)), Some(69_999));
    assert_eq!(pushed.nth(99_999), Some(uid(100_000)));
    assert_eq!(pushed.nth(100_000), None);
}

#[test]
fn both_ends_of_the_numbers() {
    let all = UidSet::from_range(Uid::MIN, Uid::MAX);
    assert_eq!((all.len(), all.nth(u32::MAX - 1)), (u64::from(u32::MAX), Some(Uid::MAX)));
    let mut holes = all.clone();
    assert!(holes.remove(Uid::MIN) && holes.remove(Uid::MAX) && !holes.remove(Uid::MAX));
    assert_eq!(holes.to_string(), "2:4294967294");
    assert_eq!(all.difference(&holes).to_string(), "1,4294967295");
    holes.insert(Uid::MAX);
    holes.insert(Uid::MIN);
    assert_eq!(holes, all);
    assert!(all.difference(&all).is_empty());
    assert!(UidSet::from_range(Uid::MAX, Uid::MIN).is_empty());
}

#[test]
fn ranges_swallow_what_they_touch() {
    let mut runs = set("1:3,5,7:9,20");
    runs.insert_range(uid(4), uid(8));
    assert_eq!(runs.to_string(), "1:9,20");
    runs.insert_range(uid(12), uid(11));
    assert_eq!(runs.to_string(), "1:9,20");
}

#[derive(Clone, Debug)]
enum Act {
    Insert(u32),
    Range(u32, u32),
    Remove(u32),
    Extend(Vec<u32>),
}

fn act() -> impl Strategy<Value = Act> {
    let number = 1_u32..60;
    prop_oneof![
        number.clone().prop_map(Act::Insert),
        (number.clone(), number.clone()).prop_map(|(a, b)| Act::Range(a, b)),
        number.clone().prop_map(Act::Remove),
        proptest::collection::vec(number, 0..10).prop_map(Act::Extend),
    ]
}

fn play(acts: &[Act]) -> (UidSet, BTreeSet<u32>) {
    let (mut set, mut model) = (UidSet::new(), BTreeSet::new());
    for act in acts {
        match act {
            Act::Insert(number) => {
                set.insert(uid(*number));
                model.insert(*number);
            }
            Act::Range(first, last) => {
                set.insert_range(uid(*first), uid(*last));
                model.extend(*first..=*last);
            }
            Act::Remove(number) => assert_eq!(set.remove(uid(*number)), model.remove(number)),
            Act::Extend(numbers) => {
                set.extend(numbers.iter().map(|&number| uid(number)));
                model.extend(numbers);
            }
        }
    }
    (set, model)
}

fn numbers(set: &UidSet) -> Vec<u32> {
    set.iter().map(Uid::get).collect()
}

proptest! {
    #[test]
    fn it_is_a_set(acts in proptest::collection::vec(act(), 0..40)) {
        let (set, model) = play(&acts);
        prop_assert_eq!(numbers(&set), model.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(set.len(), model.len() as u64);
        prop_assert_eq!(set.is_empty(), model.is_empty());
        prop_assert_eq!(set.first().map(Uid::get), model.first().copied());
        prop_assert_eq!(set.last().map(Uid::get), model.last().copied());
        for number in 1..70 {
            let rank = model.contains(&number).then(|| model.range(..number).count() as u32);
            prop_assert_eq!(set.position(uid(number)), rank);
            prop_assert_eq!(set.contains(uid(number)), rank.is_some());
            prop_assert_eq!(set.nth(number - 1).map(Uid::get), model.iter().nth(number as usize - 1).copied());
        }
        // Runs are apart, ascending, and come back from their text.
        let ranges: Vec<_> = set.ranges().collect();
        prop_assert!(ranges.windows(2).all(|pair| pair[0].1.get() + 1 < pair[1].0.get()));
        prop_assert_eq!(set.to_string().parse::<UidSet>(), Ok(set.clone()));
        prop_assert_eq!(set.iter().rev().collect::<UidSet>(), set);
    }

    #[test]
    fn sets_combine(
        left in proptest::collection::vec(act(), 0..20),
        right in proptest::collection::vec(act(), 0..20),
    ) {
        let ((left, left_model), (right, right_model)) = (play(&left), play(&right));
        let expected = |numbers: Vec<u32>| numbers.into_iter().map(uid).collect::<UidSet>();
        prop_assert_eq!(left.union(&right), expected(left_model.union(&right_model).copied().collect()));
        prop_assert_eq!(left.intersection(&right), expected(left_model.intersection(&right_model).copied().collect()));
        prop_assert_eq!(left.difference(&right), expected(left_model.difference(&right_model).copied().collect()));
    }

    #[test]
    fn no_text_panics(text in "[0-9:,*]{0,30}") {
        let _ = text.parse::<UidSet>();
    }
}
