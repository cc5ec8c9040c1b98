//! Markdown to HTML, without a way for either the text or a value in it to bring HTML along.

use std::fmt::{self, Write};

use pulldown_cmark::{Event, Options, Parser, html};

/// Renders CommonMark; raw HTML comes out as the text it is.
pub(super) fn render(source: &str) -> String {
    let events = Parser::new_ext(source, Options::empty()).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        other => other,
    });
    let mut out = String::with_capacity(source.len() * 2);
    html::push_html(&mut out, events);
    out
}

/// Writes a value so that no character of it has a meaning in markdown (CommonMark section 2.4);
/// its line ends become line breaks.
pub(super) fn write_escaped(out: &mut dyn Write, value: &str) -> fmt::Result {
    for (index, line) in value.lines().map(str::trim).filter(|l| !l.is_empty()).enumerate() {
        if index > 0 {
            out.write_str("\\\n")?;
        }
        for character in line.chars().filter(|c| !c.is_control()) {
            if character.is_ascii_punctuation() {
                out.write_char('\\')?;
            }
            out.write_char(character)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let mut source = String::new();
        write_escaped(&mut source, value).unwrap();
        render(&source)
    }

    #[test]
    fn raw_html_is_text() {
        assert_eq!(render("a <b>c</b>\n"), "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n");
        assert!(!render("<script>x</script>\n").contains("<script>"));
    }

    #[test]
    fn values_are_words_whatever_they_hold() {
        let value = "# <b>*x*</b> [a](b) `c` &amp; 1. \\";
        assert_eq!(shown(value), "<p># &lt;b&gt;*x*&lt;/b&gt; [a](b) `c` &amp;amp; 1. \\</p>\n");
    }

    #[test]
    fn lines_of_a_value_stay_lines_of_one_paragraph() {
        assert_eq!(
            shown("Ann Example\n\n    1. Some Street\r\nTown"),
            "<p>Ann Example<br />\n1. Some Street<br />\nTown</p>\n"
        );
    }
}
