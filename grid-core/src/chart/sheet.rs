//! The sheet that every chart is drawn on: heading, legend, panels with their axes, and the marks within a panel.
//!
//! plotters counts in whole pixels, so a sheet is ten times as large as the chart, and the document scales it down:
//! every length here is in tenths of a pixel.

use std::cell::RefCell;

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    element::{Circle, PathElement, Polygon, Rectangle},
    prelude::{Cartesian2d, Color, DrawingArea, IntoDrawingArea, SVGBackend},
    style::{
        FontDesc, FontFamily, FontStyle, ShapeStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    Error, Language, Options, Svg,
    axis::Axis,
    clock::{changes, local, zone_named},
    output::{Parts, Tooltip, printable},
    text::{LABEL, SMALL, cut, text_width},
    theme::Ink,
};
use crate::time::{Calendar, Interval};

/// Sheet units in a pixel.
pub(super) const TENTHS: i32 = 10;

const MARGIN: i32 = 160;
const TITLE: i32 = 160;
/// Below this a panel is no use, and what stands above it gives way.
const LEAST_PANEL: i32 = 300;

/// What stands beside a name in the legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Block(Ink),
    Band(Ink, f64),
    Line(Ink),
    Disc(Ink),
    Ring(Ink),
    Triangle(Ink),
    /// A hatch over a block.
    Hatch(Ink),
}

/// A rectangle of the sheet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// What stands under a panel.
#[derive(Clone, Copy, Debug)]
pub(super) enum Foot<'a> {
    /// Ticks with their labels, and what they count.
    Labels(&'a str),
    /// Ticks alone, where the panel below has the labels.
    Bare,
}

/// An empty sheet, and what has been drawn on it.
pub(super) struct Sheet<'a> {
    canvas: DrawingArea<SVGBackend<'a>, Shift>,
    width: i32,
    height: i32,
    pub(super) language: Language,
    tooltips: RefCell<Vec<Tooltip>>,
}

/// Draws a chart: heading first, then whatever `content` puts below it.
pub(super) fn draw(
    options: &Options,
    title: &str,
    description: &str,
    content: impl FnOnce(&Sheet<'_>) -> Result<(), Error>,
) -> Result<Svg, Error> {
    options.check()?;
    let title = options.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(title);
    let mut drawing = String::new();
    let tooltips = {
        let size = (options.width * TENTHS.unsigned_abs(), options.height * TENTHS.unsigned_abs());
        let canvas = SVGBackend::with_string(&mut drawing, size).into_drawing_area();
        let sheet = Sheet {
            canvas,
            width: i32::try_from(size.0).unwrap_or(i32::MAX),
            height: i32::try_from(size.1).unwrap_or(i32::MAX),
            language: options.language,
            tooltips: RefCell::default(),
        };
        sheet.canvas.fill(&Ink::Surface.code()).map_err(Error::drawing)?;
        sheet.heading(title)?;
        content(&sheet)?;
        sheet.canvas.present().map_err(Error::drawing)?;
        sheet.tooltips.take()
    };
    Ok(Parts { options, title, description, drawing: &drawing, tooltips: &tooltips }.assemble())
}

impl<'a> Sheet<'a> {
    /// How many ticks an axis has room for: across, and down so many tenths of a pixel.
    pub(super) fn ticks_across(&self) -> usize {
        usize::try_from((self.width - 800) / 750).unwrap_or(0).clamp(2, 16)
    }

    /// How many ticks an axis over the whole height has room for.
    pub(super) fn ticks_up(&self) -> usize {
        usize::try_from(self.height / 700).unwrap_or(5).clamp(2, 8)
    }

    /// From where to where a sheet is written on.
    pub(super) const fn edges(&self) -> (i32, i32) {
        (MARGIN, self.width - MARGIN)
    }

    /// How much room the labels of a y axis need.
    pub(super) fn labels(&self, axis: &Axis) -> i32 {
        let widest = axis.ticks.iter().map(|tick| text_width(&tick.label, SMALL)).max().unwrap_or(0);
        (widest + 70).min(self.width / 3)
    }

    /// How many columns of pixels a panel has, about; wider ones are not drawn finer, so that no file grows past use.
    pub(super) fn columns(&self) -> usize {
        usize::try_from(self.width / TENTHS).unwrap_or(900).min(900)
    }

    /// Draws the legend under the heading and gives the place that is left for panels with these y axes.
    pub(super) fn legend(&self, entries: &[(Mark, &str)], axes: &[&Axis], foot: i32) -> Result<Place, Error> {
        const SWATCH: i32 = 180;
        let first = MARGIN + TITLE + 120;
        let mut top = first;
        let mut left = MARGIN;
        let mut placed = Vec::with_capacity(entries.len());
        for (mark, label) in entries {
            let label = cut(label, LABEL, self.width - 2 * MARGIN - SWATCH - 60);
            let width = SWATCH + 60 + text_width(&label, LABEL);
            if left > MARGIN && left + width > self.width - MARGIN {
                left = MARGIN;
                top += 190;
            }
            placed.push((*mark, label, (left, top)));
            left += width + 160;
        }
        if !placed.is_empty() {
            top += 130;
        }
        // On a sheet too low for both, what is drawn comes first; tooltips and the description still say what it is.
        if top + 220 + LEAST_PANEL + foot > self.height {
            placed.clear();
            top = first;
        }
        for (mark, label, (left, top)) in placed {
            self.swatch(mark, left, top, SWATCH)?;
            self.text(&label, (left + SWATCH + 60, top), LABEL, Ink::Text, HPos::Left, VPos::Center)?;
        }
        let labels = axes.iter().map(|axis| self.labels(axis)).max().unwrap_or(70);
        Ok(Place {
            left: (MARGIN + labels).min(self.width / 3),
            top: top + 220,
            right: self.width - MARGIN - 60,
            bottom: (self.height - foot).max(top + 220 + LEAST_PANEL),
        })
    }

    /// Draws a panel's axes and gives the plot inside.
    pub(super) fn panel(
        &self,
        place: Place,
        x: &Axis,
        y: &Axis,
        unit: &str,
        foot: Foot<'_>,
    ) -> Result<Plot<'a>, Error> {
        let Place { left, top, right, bottom } = place;
        let coordinates = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            x.low..x.high,
            y.low..y.high,
            (left..right, bottom..top),
        );
        let plot = Plot {
            area: self.canvas.apply_coord_spec(coordinates),
            y: (y.low, y.high),
            taken: RefCell::default(),
        };
        let unit = if y.factor.is_empty() { unit.to_owned() } else { format!("{} {unit}", y.factor) };
        let unit = cut(&unit, SMALL, right + 60 - left);
        self.text(&unit, (left, top - 120), SMALL, Ink::Quiet, HPos::Left, VPos::Center)?;
        plot.taken.borrow_mut().push((left, left + text_width(&unit, SMALL)));
        let mut lowest = i32::MAX;
        for tick in &y.ticks {
            let height = plot.at(x.low, tick.at).1;
            self.stroke(&[(left, height), (right, height)], Ink::Rule, 10)?;
            if lowest.saturating_sub(height) >= 130 {
                self.text(&tick.label, (left - 70, height), SMALL, Ink::Quiet, HPos::Right, VPos::Center)?;
                lowest = height;
            }
        }
        let mut free = i32::MIN;
        let mut free_below = i32::MIN;
        for tick in &x.ticks {
            let across = plot.at(tick.at, y.low).0;
            self.stroke(&[(across, bottom), (across, bottom + 50)], Ink::Axis, 10)?;
            if let Foot::Labels(_) = foot {
                let half = text_width(&tick.label, SMALL) / 2;
                if across - half >= free {
                    self.text(
                        &tick.label,
                        (across, bottom + 140),
                        SMALL,
                        Ink::Quiet,
                        HPos::Center,
                        VPos::Center,
                    )?;
                    free = across + half + 60;
                }
                if let Some(below) = &tick.below {
                    let half = text_width(below, SMALL) / 2;
                    let centre = across.max(half + 40).min(self.width - half - 40);
                    if centre - half >= free_below {
                        self.text(
                            below,
                            (centre, bottom + 290),
                            SMALL,
                            Ink::Quiet,
                            HPos::Center,
                            VPos::Center,
                        )?;
                        free_below = centre + half + 60;
                    }
                }
            }
        }
        self.stroke(&[(left, bottom), (right, bottom)], Ink::Axis, 10)?;
        if y.low < 0.0 && y.high > 0.0 {
            let zero = plot.at(x.low, 0.0).1;
            self.stroke(&[(left, zero), (right, zero)], Ink::Axis, 10)?;
        }
        if let Foot::Labels(title) = foot {
            let title = if x.factor.is_empty() { title.to_owned() } else { format!("{title} {}", x.factor) };
            let title = cut(&title, SMALL, self.width - 80);
            let half = text_width(&title, SMALL) / 2 + 40;
            // Under the middle, as far as the sheet's edges let it be.
            let middle = i32::midpoint(left, right).min(self.width - half).max(half);
            let at = (middle, self.height - 120);
            self.text(&title, at, SMALL, Ink::Quiet, HPos::Center, VPos::Center)?;
        }
        Ok(plot)
    }

    /// Draws a panel over a stretch of local time.
    pub(super) fn local_panel(
        &self,
        place: Place,
        span: Interval,
        calendar: &Calendar,
        y: &Axis,
        unit: &str,
    ) -> Result<Plot<'a>, Error> {
        let x = local(span, calendar, self.ticks_across(), self.language);
        self.panel(place, &x, y, unit, Foot::Labels(&zone_named(calendar, self.language)))
    }

    /// Marks where the clock on the wall was changed.
    pub(super) fn clock_changes(
        &self,
        plot: &Plot<'a>,
        span: Interval,
        calendar: &Calendar,
    ) -> Result<(), Error> {
        changes(span, calendar).iter().try_for_each(|change| self.flag(plot, change.at, &change.label))
    }

    /// Marks an instant with a dashed line and a word at its top, wherever there is room for the word.
    pub(super) fn flag(&self, plot: &Plot<'a>, x: f64, label: &str) -> Result<(), Error> {
        let (across, top) = plot.at(x, plot.y.1);
        let bottom = plot.at(x, plot.y.0).1;
        self.dashes(across, top - 60, bottom)?;
        let width = text_width(label, SMALL);
        let mut taken = plot.taken.borrow_mut();
        let beyond = taken.iter().map(|(_, right)| right + 80).max().unwrap_or(0);
        let free = |left: &i32| {
            let right = left + width;
            *left >= MARGIN
                && right <= self.width - MARGIN
                && taken.iter().all(|(from, to)| right + 60 <= *from || to + 60 <= *left)
        };
        let places = [across - width / 2, across + 50, across - width - 50, beyond];
        if let Some(left) = places.into_iter().find(free) {
            taken.push((left, left + width));
            let at = (left + width / 2, top - 120);
            self.text(label, at, SMALL, Ink::Quiet, HPos::Center, VPos::Center)?;
        }
        Ok(())
    }

    /// Marks a point that lies beyond the y axis by a triangle at the edge, pointing there.
    pub(super) fn triangle(&self, plot: &Plot<'a>, x: f64, y: f64, ink: Ink) -> Result<(), Error> {
        let (edge, size) = if y > plot.y.1 { (plot.y.1, 50) } else { (plot.y.0, -50) };
        let (across, down) = plot.at(x, edge);
        self.shape(&Polygon::new(wedge((across, down + size), size), fill(ink, 1.0)))
    }

    /// Says in the middle of a panel why there is nothing in it.
    pub(super) fn message(&self, place: Place, text: &str) -> Result<(), Error> {
        let at = (i32::midpoint(place.left, place.right), i32::midpoint(place.top, place.bottom));
        self.text(text, at, 140, Ink::Quiet, HPos::Center, VPos::Center)
    }

    /// Draws a panel that has nothing to show, and says so.
    pub(super) fn no_data(&self, place: Place, y: &Axis, unit: &str) -> Result<(), Error> {
        self.panel(place, &Axis::blank(), y, unit, Foot::Bare)?;
        self.message(place, self.language.pick("No data", "Sin datos"))
    }

    /// Shows a text where the pointer rests on a stretch of a plot.
    pub(super) fn tooltip(&self, plot: &Plot<'a>, from: f64, to: f64, text: String) {
        let (left, top) = plot.at(from, plot.y.1);
        let (right, bottom) = plot.at(to, plot.y.0);
        self.told(Place { left, top, right, bottom }, text);
    }

    /// Writes an amount that ends at a point.
    pub(super) fn amount(&self, text: &str, end: (i32, i32), ink: Ink) -> Result<(), Error> {
        self.text(text, end, SMALL, ink, HPos::Right, VPos::Center)
    }

    /// Draws a line across, such as the one above a total.
    pub(super) fn rule(&self, (left, right): (i32, i32), down: i32) -> Result<(), Error> {
        self.stroke(&[(left, down), (right, down)], Ink::Axis, 10)
    }

    /// Shows a text where the pointer rests on a place.
    pub(super) fn told(&self, place: Place, text: String) {
        let Place { left, top, right, bottom } = place;
        let (width, height) = ((right - left).max(1), (bottom - top).max(1));
        self.tooltips.borrow_mut().push(Tooltip { left, top, width, height, text });
    }

    fn heading(&self, title: &str) -> Result<(), Error> {
        let title = printable(title);
        let room = self.width - 2 * MARGIN;
        let width = |text: &str| text_width(text, TITLE) * 11 / 10;
        let mut shown: String = title.trim().chars().take(400).collect();
        if width(&shown) > room || title.trim().chars().count() > 400 {
            while width(&shown) + 200 > room && shown.pop().is_some() {}
            shown = format!("{}…", shown.trim_end());
        }
        let style = FontDesc::new(FontFamily::SansSerif, f64::from(TITLE) * 1.24, FontStyle::Bold)
            .color(&Ink::Text.code())
            .pos(Pos::new(HPos::Left, VPos::Center));
        self.canvas.draw_text(&shown, &style, (MARGIN, MARGIN + TITLE / 2 - 20)).map_err(Error::drawing)
    }

    fn swatch(&self, mark: Mark, left: i32, middle: i32, width: i32) -> Result<(), Error> {
        let corners = [(left, middle - 55), (left + width, middle + 55)];
        let centre = (left + width / 2, middle);
        let ends = [(left, middle), (left + width, middle)];
        match mark {
            Mark::Block(ink) => self.shape(&Rectangle::new(corners, fill(ink, 1.0))),
            Mark::Band(ink, alpha) => self.shape(&Rectangle::new(corners, fill(ink, alpha))),
            Mark::Line(ink) => self.stroke(&ends, ink, 22),
            Mark::Disc(ink) => {
                self.stroke(&ends, ink, 12)?;
                self.shape(&Circle::new(centre, 36, fill(ink, 1.0)))
            }
            Mark::Ring(ink) => {
                self.stroke(&ends, ink, 12)?;
                self.shape(&Circle::new(centre, 36, fill(Ink::Surface, 1.0)))?;
                self.shape(&Circle::new(centre, 36, ink.code().stroke_width(16)))
            }
            Mark::Triangle(ink) => self.shape(&Polygon::new(wedge(centre, 50), fill(ink, 1.0))),
            Mark::Hatch(ink) => {
                if ink == Ink::Estimated {
                    self.shape(&Rectangle::new(corners, fill(Ink::Axis, 1.0)))?;
                }
                self.shape(&Rectangle::new(corners, fill(ink, 1.0)))?;
                if ink == Ink::Missing {
                    self.shape(&Rectangle::new(corners, Ink::Axis.code().stroke_width(10)))?;
                }
                Ok(())
            }
        }
    }

    fn shape<E>(&self, element: &E) -> Result<(), Error>
    where
        for<'e> &'e E: plotters::element::PointCollection<'e, (i32, i32)>,
        E: plotters::element::Drawable<SVGBackend<'a>>,
    {
        self.canvas.draw(element).map_err(Error::drawing)
    }

    fn stroke(&self, points: &[(i32, i32)], ink: Ink, width: u32) -> Result<(), Error> {
        self.shape(&PathElement::new(points.to_vec(), ink.code().stroke_width(width)))
    }

    fn dashes(&self, across: i32, top: i32, bottom: i32) -> Result<(), Error> {
        let mut at = top;
        while at < bottom {
            self.stroke(&[(across, at), (across, (at + 40).min(bottom))], Ink::Axis, 12)?;
            at += 75;
        }
        Ok(())
    }

    fn text(
        &self,
        text: &str,
        at: (i32, i32),
        size: i32,
        ink: Ink,
        across: HPos,
        down: VPos,
    ) -> Result<(), Error> {
        // plotters divides a font's size by 1.24 on its way into the document.
        let style = FontDesc::new(FontFamily::SansSerif, f64::from(size) * 1.24, FontStyle::Normal)
            .color(&ink.code())
            .pos(Pos::new(across, down));
        self.canvas.draw_text(&printable(text), &style, at).map_err(Error::drawing)
    }
}

/// The inside of a panel, in the units of its axes.
pub(super) struct Plot<'a> {
    area: DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    /// From where to where the y axis runs.
    pub(super) y: (f64, f64),
    /// Where words already stand above it.
    taken: RefCell<Vec<(i32, i32)>>,
}

impl Plot<'_> {
    /// Draws a line; a line of one point is a dot, so that it can be seen.
    pub(super) fn line(&self, points: &[(f64, f64)], ink: Ink, width: u32) -> Result<(), Error> {
        match points {
            [] => Ok(()),
            [point] => self.disc(*point, width, ink),
            _ => self.shape(&PathElement::new(points.to_vec(), ink.code().stroke_width(width))),
        }
    }

    /// Fills a polygon.
    pub(super) fn polygon(&self, corners: Vec<(f64, f64)>, ink: Ink, alpha: f64) -> Result<(), Error> {
        self.shape(&Polygon::new(corners, fill(ink, alpha)))
    }

    /// Fills a stretch of the x axis from the bottom to the top.
    pub(super) fn column(&self, from: f64, to: f64, ink: Ink, alpha: f64) -> Result<(), Error> {
        self.shape(&Rectangle::new([(from, self.y.1), (to, self.y.0)], fill(ink, alpha)))
    }

    /// Fills a stretch of the x axis between two values.
    pub(super) fn block(&self, x: (f64, f64), y: (f64, f64), ink: Ink) -> Result<(), Error> {
        self.shape(&Rectangle::new([(x.0, y.1), (x.1, y.0)], fill(ink, 1.0)))
    }

    /// Draws a filled circle.
    pub(super) fn disc(&self, centre: (f64, f64), radius: u32, ink: Ink) -> Result<(), Error> {
        self.shape(&Circle::new(centre, radius, fill(ink, 1.0)))
    }

    /// Draws a circle that shows the background inside.
    pub(super) fn ring(&self, centre: (f64, f64), radius: u32, ink: Ink) -> Result<(), Error> {
        self.disc(centre, radius, Ink::Surface)?;
        self.shape(&Circle::new(centre, radius, ink.code().stroke_width(16)))
    }

    /// Where on the sheet a point lies.
    pub(super) fn at(&self, x: f64, y: f64) -> (i32, i32) {
        self.area.map_coordinate(&(x, y))
    }

    fn shape<'s, E>(&'s self, element: &'s E) -> Result<(), Error>
    where
        for<'e> &'e E: plotters::element::PointCollection<'e, (f64, f64)>,
        for<'b> E: plotters::element::Drawable<SVGBackend<'b>>,
    {
        self.area.draw(element).map_err(Error::drawing)
    }
}

/// A triangle around a point; upwards, or downwards where its size is negative.
fn wedge((across, down): (i32, i32), size: i32) -> Vec<(i32, i32)> {
    let half = size.abs();
    vec![(across, down - size), (across + half, down + size * 3 / 5), (across - half, down + size * 3 / 5)]
}

fn fill(ink: Ink, alpha: f64) -> ShapeStyle {
    ink.code().mix(alpha).filled()
}
