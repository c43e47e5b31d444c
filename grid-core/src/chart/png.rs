//! Charts as pictures of pixels, for places that show no SVG: e-mail, word processors, chat.
//!
//! The document is drawn by resvg with a font that is built in, so that the same chart gives the same pixels on every
//! machine, whatever fonts it has.

use std::sync::{Arc, OnceLock};

use resvg::{tiny_skia, usvg};

use super::{Error, Options, Svg};

/// The largest scale.
const MOST_SCALE: u32 = 4;
/// The most pixels of a side: 16,384 x 16,384 in four bytes each would be a gigabyte, so both are bounded together.
const MOST_PIXELS: u32 = 2 * Options::MOST;
const MOST_AREA: u64 = 64 << 20;

/// The text of a document names no font that this build has but the last, `sans-serif`.
const FAMILY: &str = "DejaVu Sans";

fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    Arc::clone(FONTS.get_or_init(|| {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.load_font_data(dejavu::sans::bold().to_vec());
        fonts.set_sans_serif_family(FAMILY);
        Arc::new(fonts)
    }))
}

impl Svg {
    /// The chart as a PNG, `scale` times as many pixels a side as [`Options`] says.
    ///
    /// A picture cannot follow its reader's light or dark mode: [`Theme::Auto`](super::Theme::Auto) is drawn light.
    ///
    /// ```
    /// use grid_core::chart::{Options, Recorded, voltage_current};
    /// let recording = Recorded { time_s: &[0.0, 60.0], voltage_v: &[3.6, 3.7], current_a: &[1.0, 1.0], temperature_c: None };
    /// let png = voltage_current(recording, &Options::default())?.png(2)?;
    /// assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    /// // Width and height stand at a fixed place: twice 960 x 480.
    /// assert_eq!(png[16..24], [0, 0, 7, 128, 0, 0, 3, 192]);
    /// # Ok::<(), grid_core::chart::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Scale`] beyond 1 to 4, beyond 16,384 pixels a side or 64 million pixels in all.
    pub fn png(&self, scale: u32) -> Result<Vec<u8>, Error> {
        let refused = Error::Scale { most: MOST_SCALE, pixels: MOST_PIXELS, got: scale };
        if !(1..=MOST_SCALE).contains(&scale) {
            return Err(refused);
        }
        let options =
            usvg::Options { fontdb: fonts(), font_family: FAMILY.to_owned(), ..usvg::Options::default() };
        let tree = usvg::Tree::from_str(&without_style(self.svg()), &options).map_err(Error::drawing)?;
        let size = tree.size().to_int_size();
        let (width, height) = (size.width().saturating_mul(scale), size.height().saturating_mul(scale));
        if width > MOST_PIXELS || height > MOST_PIXELS || u64::from(width) * u64::from(height) > MOST_AREA {
            return Err(refused);
        }
        let Some(mut pixels) = tiny_skia::Pixmap::new(width, height) else { return Err(refused) };
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "from 1 to 4")]
        let scale = scale as f32;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().map_err(Error::drawing)
    }
}

/// The document without the style that follows the reader's mode: what is left are the light theme's own colours.
fn without_style(svg: &str) -> String {
    match (svg.find("<style>"), svg.find("</style>\n")) {
        (Some(start), Some(end)) if start < end => {
            let (before, after) = (svg.get(..start), svg.get(end + "</style>\n".len()..));
            [before.unwrap_or_default(), after.unwrap_or_default()].concat()
        }
        _ => svg.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Language, Recorded, Theme, voltage_current};
    use super::*;

    fn chart(theme: Theme) -> Svg {
        let options =
            Options { theme, language: Language::Es, width: 300, height: 200, ..Options::default() };
        let time_s: Vec<f64> = (0..50).map(f64::from).collect();
        let values: Vec<f64> = time_s.iter().map(|time| 3.5 + (time * 0.2).sin()).collect();
        let recording =
            Recorded { time_s: &time_s, voltage_v: &values, current_a: &values, temperature_c: None };
        voltage_current(recording, &options).unwrap()
    }

    fn pixels(png: &[u8]) -> tiny_skia::Pixmap {
        tiny_skia::Pixmap::decode_png(png).unwrap()
    }

    #[test]
    fn the_automatic_theme_is_drawn_light_and_the_dark_one_dark() {
        let [auto, light, dark] =
            [Theme::Auto, Theme::Light, Theme::Dark].map(|theme| pixels(&chart(theme).png(1).unwrap()));
        assert!(auto == light, "the automatic theme is not the light one");
        let corner = |pixels: &tiny_skia::Pixmap| pixels.pixel(0, 0).unwrap();
        assert!(corner(&light).red() > 240 && corner(&light).alpha() == 255);
        assert!(corner(&dark).red() < 40 && corner(&dark).alpha() == 255);
    }

    #[test]
    fn text_is_drawn_whatever_fonts_the_machine_has() {
        // The same chart without its texts differs where they stood.
        let svg = chart(Theme::Light);
        let mute = Svg::from_text(svg.svg().replace("font-size=\"", "font-size=\"0\" data-size=\""));
        let (with, without) = (pixels(&svg.png(1).unwrap()), pixels(&mute.png(1).unwrap()));
        let differing = with.pixels().iter().zip(without.pixels()).filter(|(a, b)| a != b).count();
        assert!(differing > 500, "{differing}");
    }

    #[test]
    fn a_scale_that_makes_no_picture_is_refused() {
        assert!(matches!(chart(Theme::Light).png(0), Err(Error::Scale { got: 0, .. })));
        assert!(matches!(chart(Theme::Light).png(5), Err(Error::Scale { got: 5, .. })));
        let large = Options { width: 8192, height: 8192, ..Options::default() };
        let empty = Recorded { time_s: &[], voltage_v: &[], current_a: &[], temperature_c: None };
        let chart = voltage_current(empty, &large).unwrap();
        assert!(matches!(chart.png(2), Err(Error::Scale { got: 2, .. })));
    }
}
