//! What a caller may choose about a chart.

use super::{Error, Language, Theme};

/// How a chart looks, whatever it shows.
///
/// ```
/// use grid_core::chart::{Language, Options, Theme};
/// let options = Options { language: Language::Es, theme: Theme::Dark, ..Options::default() };
/// assert_eq!((options.width, options.height), (960, 480));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Width in pixels, 240 to 8192.
    pub width: u32,
    /// Height in pixels, 160 to 8192.
    pub height: u32,
    /// Light, dark, or whichever the reader's system is in.
    pub theme: Theme,
    /// The language of titles, legends and numbers.
    pub language: Language,
    /// A title of one's own; `None` for one that says what is drawn.
    pub title: Option<String>,
    /// The unit of a forecast's values; `None` for kWh. The other charts know theirs.
    pub unit: Option<String>,
}

impl Options {
    /// The least width, in pixels.
    pub const LEAST_WIDTH: u32 = 240;
    /// The least height, in pixels.
    pub const LEAST_HEIGHT: u32 = 160;
    /// The most of either, in pixels.
    pub const MOST: u32 = 8192;

    /// Refuses a size that cannot be drawn.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fits = (Self::LEAST_WIDTH..=Self::MOST).contains(&self.width)
            && (Self::LEAST_HEIGHT..=Self::MOST).contains(&self.height);
        if fits {
            Ok(())
        } else {
            Err(Error::Size {
                least_width: Self::LEAST_WIDTH,
                least_height: Self::LEAST_HEIGHT,
                most: Self::MOST,
                width: self.width,
                height: self.height,
            })
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 960,
            height: 480,
            theme: Theme::default(),
            language: Language::default(),
            title: None,
            unit: None,
        }
    }
}
