//! The finished document: plotters' drawing in a frame of title, description, style and patterns.

use std::{collections::BTreeSet, fmt};

use super::{Options, Theme, sheet::TENTHS, theme::Ink};

/// A chart as a complete SVG document, in UTF-8 and without an XML declaration, so that it can stand alone or in HTML.
///
/// It has a `<title>` and a `<desc>` for screen readers, scales down with its place in a page, runs no script and
/// loads nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg(String);

impl Svg {
    /// The document.
    pub fn svg(&self) -> &str {
        &self.0
    }

    /// A document that somebody else put together.
    #[cfg(all(test, feature = "chart-png"))]
    pub(super) fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The document, without a copy.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Svg {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Svg> for String {
    fn from(svg: Svg) -> Self {
        svg.0
    }
}

/// A text that shows when the pointer rests on a part of the chart; sizes in tenths of a pixel.
#[derive(Clone, Debug)]
pub(super) struct Tooltip {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) text: String,
}

impl Tooltip {
    fn element(&self) -> String {
        let Self { left, top, width, height, text } = self;
        let text = escape(text);
        format!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"><title>{text}</title></rect>\n"
        )
    }
}

/// What a document is put together from.
pub(super) struct Parts<'a> {
    pub(super) options: &'a Options,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    /// What plotters wrote.
    pub(super) drawing: &'a str,
    pub(super) tooltips: &'a [Tooltip],
}

/// Fonts that most systems have one of; nothing is loaded.
const FONTS: &str =
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif";

impl Parts<'_> {
    pub(super) fn assemble(&self) -> Svg {
        let Options { width, height, theme, language, .. } = self.options;
        let (title, description) = (escape(self.title), escape(self.description));
        // plotters frames its drawing in an <svg> of its own, the first and the last line.
        let inside = self.drawing.split_once('\n').map_or("", |(_, rest)| rest);
        let inside = inside.trim_end().strip_suffix("</svg>").unwrap_or(inside);
        // Several charts can stand in one page, so ids carry a sum of what the chart shows.
        let sum = checksum(&[&title, &description, inside, &width.to_string(), &theme.to_string()]);
        let (inside, used) = paint(inside, *theme, sum);

        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"grid-chart\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {} {}\" style=\"max-width:100%;height:auto\" role=\"img\" lang=\"{language}\" \
             aria-labelledby=\"t{sum:08x} d{sum:08x}\" font-family=\"{FONTS}\">\n\
             <title id=\"t{sum:08x}\">{title}</title>\n<desc id=\"d{sum:08x}\">{description}</desc>\n",
            u64::from(*width) * 10,
            u64::from(*height) * 10,
        );
        if *theme == Theme::Auto {
            out += &style(&used);
        }
        out += &patterns(&used, *theme, sum);
        out += "<g stroke-linejoin=\"round\" aria-hidden=\"true\">\n";
        out += inside.trim_end();
        out += "\n</g>\n";
        if !self.tooltips.is_empty() {
            out += "<g fill-opacity=\"0\">\n";
            out.extend(self.tooltips.iter().map(Tooltip::element));
            out += "</g>\n";
        }
        out += "</svg>\n";
        Svg(out)
    }
}

/// Makes text fit for XML: what has a meaning there is escaped, and what XML 1.0 forbids is replaced.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            _ => out.push(c),
        }
    }
    out
}

/// Replaces characters that XML 1.0 cannot carry, and line breaks.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' | '\r' => ' ',
            '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Turns the codes of inks into colours; tells which inks there were.
fn paint(drawing: &str, theme: Theme, sum: u32) -> (String, BTreeSet<(u8, &'static str)>) {
    const CODE: &str = "=\"#FF00";
    let plain = drawing.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    let mut used = BTreeSet::new();
    let mut out = String::with_capacity(plain.len() + plain.len() / 4);
    let mut rest = plain.as_str();
    while let Some(at) = rest.find(CODE) {
        let (before, from) = rest.split_at(at);
        let code = from.get(CODE.len()..).unwrap_or_default();
        let ink = code.get(..2).and_then(Ink::of_code);
        let (attribute, head) = match before.strip_suffix("stroke") {
            Some(head) => ("stroke", head),
            None => ("fill", before.strip_suffix("fill").unwrap_or(before)),
        };
        out += head;
        if let Some(ink) = ink {
            out += &paint_of(ink, attribute, theme, sum);
            let place = Ink::ALL.iter().position(|other| *other == ink).unwrap_or(0);
            used.insert((u8::try_from(place).unwrap_or(0), attribute));
        }
        rest = code.get(3..).unwrap_or_default();
    }
    out += rest;
    (out, used)
}

/// The attributes that paint one ink. In the automatic theme, CSS that understands the class goes before the colour.
fn paint_of(ink: Ink, attribute: &str, theme: Theme, sum: u32) -> String {
    if ink.is_hatched() {
        return format!("{attribute}=\"url(#{}{sum:08x})\"", ink.name());
    }
    match theme {
        Theme::Light => format!("{attribute}=\"{}\"", ink.light()),
        Theme::Dark => format!("{attribute}=\"{}\"", ink.dark()),
        Theme::Auto => {
            format!("class=\"{}-{}\" {attribute}=\"{}\"", attribute, ink.name(), ink.light())
        }
    }
}

fn inks(used: &BTreeSet<(u8, &'static str)>) -> Vec<Ink> {
    let mut inks: Vec<Ink> =
        used.iter().filter_map(|(place, _)| Ink::ALL.get(usize::from(*place)).copied()).collect();
    inks.dedup();
    inks
}

/// The style of the automatic theme: variables, their dark values, and the classes that use them.
fn style(used: &BTreeSet<(u8, &'static str)>) -> String {
    let variables = |colour: fn(Ink) -> &'static str| -> String {
        inks(used)
            .into_iter()
            .map(|ink| format!("--grid-{}:{};", ink.name(), colour(ink)))
            .collect::<Vec<_>>()
            .concat()
    };
    let classes: Vec<String> = used
        .iter()
        .filter_map(|(place, attribute)| Some((Ink::ALL.get(usize::from(*place))?, attribute)))
        .map(|(ink, attribute)| {
            let (attribute, name) =
                if ink.is_hatched() { ("stroke", ink.name()) } else { (*attribute, ink.name()) };
            format!(".grid-chart .{attribute}-{name}{{{attribute}:var(--grid-{name})}}\n")
        })
        .collect();
    format!(
        "<style>\n.grid-chart{{{}}}\n@media (prefers-color-scheme: dark){{.grid-chart{{{}}}}}\n{classes}</style>\n",
        variables(Ink::light),
        variables(Ink::dark),
        classes = classes.concat(),
    )
}

/// The patterns of lines that the drawing uses, one pattern for each hatched ink.
fn patterns(used: &BTreeSet<(u8, &'static str)>, theme: Theme, sum: u32) -> String {
    let hatched: Vec<String> = inks(used)
        .into_iter()
        .filter(|ink| ink.is_hatched())
        .map(|ink| {
            let name = ink.name();
            let colour = if theme == Theme::Dark { ink.dark() } else { ink.light() };
            let class = if theme == Theme::Auto { format!(" class=\"stroke-{name}\"") } else { String::new() };
            let (size, width) = if ink == Ink::Estimated { (5, 18) } else { (7, 12) };
            let size = size * TENTHS;
            format!(
                "<pattern id=\"{name}{sum:08x}\" width=\"{size}\" height=\"{size}\" patternUnits=\"userSpaceOnUse\" \
                 patternTransform=\"rotate(45)\"><path d=\"M{} 0V{size}\"{class} stroke=\"{colour}\" \
                 stroke-width=\"{width}\"/></pattern>\n",
                size / 2,
            )
        })
        .collect();
    if hatched.is_empty() { String::new() } else { format!("<defs>\n{}</defs>\n", hatched.concat()) }
}

/// FNV-1a, 32 bits: not a secret, only a name that differs where the charts do.
fn checksum(texts: &[&str]) -> u32 {
    texts
        .iter()
        .flat_map(|text| text.bytes().chain([0]))
        .fold(0x811c_9dc5, |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escape("a<b>&\"'\u{0}\n"), "a&lt;b&gt;&amp;&quot;&apos;\u{fffd} ");
    }

    #[test]
    fn the_checksum_is_fnv_1a() {
        // Fowler, Noll and Vo's test vectors: "" and "a", each here with the zero byte that ends a text.
        assert_eq!(checksum(&[]), 0x811c_9dc5);
        assert_eq!(checksum(&["a"]), (0xe40c_292c_u32).wrapping_mul(0x0100_0193));
    }

    #[test]
    fn codes_become_colours_and_only_those() {
        let drawing = "<rect fill=\"#FF0005\" stroke=\"none\"/><text fill=\"#FF0001\">fill=#FF0005</text>";
        let (light, used) = paint(drawing, Theme::Light, 7);
        let expected = format!(
            "<rect fill=\"{}\" stroke=\"none\"/><text fill=\"{}\">fill=#FF0005</text>",
            Ink::Blue.light(),
            Ink::Text.light()
        );
        assert_eq!(light, expected);
        assert_eq!(inks(&used), [Ink::Text, Ink::Blue]);
        assert!(paint(drawing, Theme::Auto, 7).0.contains("class=\"fill-blue\" fill=\"#174F8F\""));
    }
}
