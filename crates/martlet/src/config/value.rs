//! What a type of setting is: how it is read from TOML, what is said when it cannot be, and how it is
//! written back. The plain types are here: numbers, sizes, text, paths.

use std::path::PathBuf;

use mail::size::{ByteSize, ByteSizeError};
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

/// Greatest number a count can be; far beyond what any machine holds, and safe to calculate with.
const NUMBER_MAX: u64 = 1_000_000_000;
/// Greatest size: one pebibyte.
const SIZE_MAX: u64 = 1 << 50;

/// Why a value cannot be taken.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Byte offset in the file.
    pub(super) at: usize,
    /// What is wrong.
    pub(super) problem: String,
    /// What to write instead.
    pub(super) advice: String,
}

/// A type of setting.
pub(super) trait Value: Sized {
    /// What may be written, in words.
    const KIND: &'static str;

    /// Takes it from a file, or says all that is wrong with it.
    fn read(value: &Spanned<DeValue<'_>>) -> Result<Self, Vec<Wrong>>;

    /// As TOML; `None` if it is not set.
    fn write(&self) -> Option<String>;
}

/// One complaint about a value.
pub(super) fn wrong<T>(
    value: &Spanned<DeValue<'_>>,
    problem: impl Into<String>,
    advice: impl Into<String>,
) -> Result<T, Vec<Wrong>> {
    let (problem, advice) = (problem.into(), advice.into());
    Err(vec![Wrong { at: value.span().start, problem, advice }])
}

/// The complaint about a value of another type than the one that is wanted.
pub(super) fn other_type<T: Value>(
    value: &Spanned<DeValue<'_>>,
    example: &str,
) -> Result<T, Vec<Wrong>> {
    let given = match value.get_ref() {
        DeValue::String(_) => "text in quotes",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a group of keys",
    };
    let problem = format!("this is {given}, but it has to be {}", T::KIND);
    wrong(value, problem, format!("Write for example {example}"))
}

/// Text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A number above zero and up to `max`.
fn whole_number(
    value: &Spanned<DeValue<'_>>,
    integer: &DeInteger<'_>,
    max: u64,
) -> Result<u64, Vec<Wrong>> {
    let digits = integer.as_str();
    if digits.starts_with('-') {
        return wrong(value, "a negative number means nothing here", "Write a number from 1 up");
    }
    match u64::from_str_radix(digits.trim_start_matches('+'), integer.radix()) {
        Ok(0) => wrong(
            value,
            "zero does not mean \"no limit\": nothing here is unlimited",
            "Write a number from 1 up, or leave the line out for the default",
        ),
        Ok(number) if number <= max => Ok(number),
        _ => wrong(value, "this number is too large", format!("Write a number up to {max}")),
    }
}

fn count<T: Value>(value: &Spanned<DeValue<'_>>) -> Result<u64, Vec<Wrong>> {
    match value.get_ref() {
        DeValue::Integer(integer) => whole_number(value, integer, NUMBER_MAX),
        DeValue::String(text) if text.trim().parse::<u64>().is_ok() => wrong(
            value,
            "a number in quotes is text",
            format!("Write it without quotes: {}", text.trim()),
        ),
        _ => other_type::<T>(value, "10").map(|_| 0),
    }
}

impl Value for usize {
    const KIND: &'static str = "a whole number above zero";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<usize, Vec<Wrong>> {
        count::<usize>(value).map(|n| usize::try_from(n).expect("NUMBER_MAX fits everywhere"))
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for u32 {
    const KIND: &'static str = <usize as Value>::KIND;

    fn read(value: &Spanned<DeValue<'_>>) -> Result<u32, Vec<Wrong>> {
        count::<u32>(value).map(|n| u32::try_from(n).expect("NUMBER_MAX fits"))
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for f64 {
    const KIND: &'static str = "a number above zero, with or without a decimal point";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<f64, Vec<Wrong>> {
        let text = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => return other_type(value, "5.0"),
        };
        match text.parse::<f64>() {
            Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
            _ => wrong(value, "this has to be a number above zero", "Write for example 5.0"),
        }
    }

    fn write(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

impl Value for ByteSize {
    const KIND: &'static str =
        "a size: a number of bytes, or text with K, M or G (1024 each) such as \"500M\"";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<ByteSize, Vec<Wrong>> {
        let size = match value.get_ref() {
            DeValue::Integer(integer) => whole_number(value, integer, u64::MAX)
                .map(ByteSize::new)?
                .ok_or(ByteSizeError::Zero),
            DeValue::String(text) => ByteSize::parse(text),
            _ => return other_type(value, "\"500M\""),
        };
        match size {
            Ok(size) if size.bytes() <= SIZE_MAX => Ok(size),
            Ok(_) | Err(ByteSizeError::TooLarge) => {
                wrong(value, "this size is too large", "Write a size up to \"1048576G\"")
            }
            Err(ByteSizeError::Zero) => wrong(
                value,
                "zero does not mean \"no limit\": nothing here is unlimited",
                "Write a size such as \"500M\", or leave the line out for the default",
            ),
            Err(ByteSizeError::Malformed) => wrong(
                value,
                "this is not a size",
                "Write a whole number of bytes, or one with K, M or G, such as \"500M\" or \"1GiB\"",
            ),
        }
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Value for String {
    const KIND: &'static str = "text in quotes";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<String, Vec<Wrong>> {
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                wrong(value, "this text is empty", "Write something, or leave the line out")
            }
            DeValue::String(text) => Ok(text.to_string()),
            _ => other_type(value, "\"some words\""),
        }
    }

    fn write(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "the path of a file or folder, in quotes";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<PathBuf, Vec<Wrong>> {
        match value.get_ref() {
            DeValue::String(text) if text.is_empty() || text.contains('\0') => {
                wrong(value, "this is no path", "Write for example \"/var/lib/martlet\"")
            }
            DeValue::String(text) => Ok(PathBuf::from(text.as_ref())),
            _ => other_type(value, "\"/var/lib/martlet\""),
        }
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Option<T>, Vec<Wrong>> {
        T::read(value).map(Some)
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(T::write)
    }
}
