//! What a section of the schema is, and the macro that makes one from its list of keys.

use super::read::Reader;

/// One key with all that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The section's name; empty above all sections.
    pub(super) section: &'static str,
    /// What the section is about.
    pub(super) about: &'static str,
    /// The key's name.
    pub(super) key: &'static str,
    /// What may be written, in words.
    pub(super) kind: &'static str,
    /// What it does.
    pub(super) meaning: &'static str,
    /// What happens at the limit; empty if the key is no limit.
    pub(super) beyond: &'static str,
    /// The value as TOML; `None` if it is not set.
    pub(super) value: Option<String>,
}

impl Entry {
    /// `section.key`, or the key alone.
    pub(super) fn path(&self) -> String {
        path(self.section, self.key)
    }
}

/// `section.key`, or the key alone above all sections.
pub(super) fn path(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// A group of keys.
pub(super) trait Section: Default {
    /// What it is about.
    const ABOUT: &'static str;

    /// Takes its keys from a file.
    fn read(reader: &mut Reader<'_, '_>) -> Self;
    /// Its keys with their values.
    fn entries(&self) -> Vec<Entry>;
}

/// Makes a struct of public fields, its defaults and its [`Section`] from one list. A doc comment is
/// at once documentation of the field and the text an operator reads; what follows `=>` says what
/// happens at the limit.
macro_rules! sections {
    ($(
        $(#[doc = $about:literal])+
        [$name:ident] $section:ident {$(
            $(#[doc = $meaning:literal])+
            $key:ident: $type:ty = $default:expr $(=> $beyond:literal)?,
        )+}
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $section {$(
            $(#[doc = $meaning])+
            pub $key: $type,
        )+}

        impl Default for $section {
            fn default() -> $section {
                $section { $($key: $default,)+ }
            }
        }

        impl Section for $section {
            const ABOUT: &'static str = concat!($($about),+);

            fn read(reader: &mut Reader<'_, '_>) -> $section {
                $section {
                    $($key: reader.value(stringify!($name), stringify!($key), $default),)+
                }
            }

            fn entries(&self) -> Vec<Entry> {
                vec![$(Entry {
                    section: stringify!($name),
                    about: Self::ABOUT,
                    key: stringify!($key),
                    kind: <$type as Value>::KIND,
                    meaning: concat!($($meaning),+),
                    beyond: concat!($($beyond)?),
                    value: Value::write(&self.$key),
                },)+]
            }
        }
    )+};
}

pub(super) use sections;
