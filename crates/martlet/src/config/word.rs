//! Settings that are one word out of a few.

use toml::Spanned;
use toml::de::DeValue;

use super::fault::nearest;
use super::value::{Value, Wrong, other_type, quoted, wrong};

/// Makes an enum of words.
macro_rules! words {
    ($($(#[$meta:meta])* $name:ident ($kind:literal) {
        $($(#[$case_meta:meta])* $case:ident = $word:literal,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$case_meta])* $case,)+
        }

        impl $name {
            const ALL: &'static [$name] = &[$($name::$case),+];

            /// The word in the file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$case => $word,)+
                }
            }
        }

        impl Value for $name {
            const KIND: &'static str = $kind;

            fn read(value: &Spanned<DeValue<'_>>) -> Result<$name, Vec<Wrong>> {
                let DeValue::String(text) = value.get_ref() else {
                    return other_type(value, &quoted($name::ALL[0].as_str()));
                };
                let found = $name::ALL.iter().find(|word| word.as_str() == text);
                found.copied().map_or_else(|| unknown_word(value, text, &[$($word),+]), Ok)
            }

            fn write(&self) -> Option<String> {
                Some(quoted(self.as_str()))
            }
        }
    )+};
}

fn unknown_word<T>(
    value: &Spanned<DeValue<'_>>,
    text: &str,
    words: &[&str],
) -> Result<T, Vec<Wrong>> {
    let choices: Vec<String> = words.iter().copied().map(quoted).collect();
    let problem = format!("\"{}\" is none of the words for this", text.escape_debug());
    let advice = match nearest(text, words.iter().copied()) {
        Some(word) => {
            format!("Did you mean {}? The words are {}", quoted(word), choices.join(", "))
        }
        None => format!("Write one of {}", choices.join(", ")),
    };
    wrong(value, problem, advice)
}

words! {
    /// Where the certificate comes from.
    TlsMode ("\"self-signed\" or \"files\"") {
        /// The relay makes one itself.
        SelfSigned = "self-signed",
        /// From two files.
        Files = "files",
    }

    /// How much is logged.
    LogLevel ("\"error\", \"warn\", \"info\", \"debug\" or \"trace\"") {
        /// What somebody must look at.
        Error = "error",
        /// What somebody should look at.
        Warn = "warn",
        /// What happens, in short.
        Info = "info",
        /// What happens, in detail.
        Debug = "debug",
        /// Everything, for developers.
        Trace = "trace",
    }

    /// The shape of a log line.
    LogFormat ("\"text\" or \"json\"") {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json",
    }
}
