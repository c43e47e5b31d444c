//! Charts as SVG, and as PNG with the feature `chart-png`: the energy of a day, of a member and of a community's month,
//! a bill's parts, load by time-of-use band, a battery's recording, its cycles and its ageing, a forecast with its bands.
//!
//! Each subject is one function that takes columns and [`Options`] and gives an [`Svg`]. plotters maps and draws;
//! what it cannot say (a colour that follows the reader's light or dark mode, hatching, tooltips, titles for screen
//! readers) is put around its drawing here. The same input gives the same bytes.
//!
//! - Missing is drawn as missing: a gap in a line, a hatched slot; estimated values are hatched too.
//! - Colours keep apart for colour-blind readers, and keep the contrast that WCAG 2.2 asks for (3:1 for what is
//!   drawn, 4.5:1 for text) in both themes.
//! - Hours are those of the local day, of 23, 24 or 25 hours, and a change of the clock is marked.
//! - Nothing to draw gives a chart that says so, never an error or a number that is not there.

mod axis;
mod bars;
mod battery;
mod battery_capacity;
mod battery_health;
mod battery_time;
mod bill_parts;
mod clock;
mod community_month;
mod depth_of_discharge;
mod downsample;
mod energy_day;
mod error;
mod forecast;
mod incremental_capacity;
mod language;
mod load_by_band;
mod lttb;
mod member_day;
mod options;
mod output;
#[cfg(feature = "chart-png")]
mod png;
mod sheet;
mod slot_words;
mod slots;
mod state_of_charge;
mod text;
mod theme;

#[cfg(test)]
mod tests;

pub use battery::{BatteryChart, ChartData, ChartSeries, battery, battery_data};
pub use battery_capacity::{CyclePoint, capacity_over_cycles};
pub use battery_health::{HealthForecast, HealthPoint, battery_health};
pub use battery_time::{Recorded, voltage_current};
pub use bill_parts::{BillPart, PartKind, bill_parts};
pub use community_month::{CommunityDay, community_month};
pub use depth_of_discharge::{DepthBin, depth_of_discharge};
pub use downsample::{Line, downsample};
pub use energy_day::{EnergySlot, energy_day};
pub use error::Error;
pub use forecast::{ForecastPoint, forecast};
pub use incremental_capacity::{IncrementalCurve, incremental_capacity};
pub use language::Language;
pub use load_by_band::{BandSlot, load_by_band};
pub use lttb::minmax_lttb;
pub use member_day::{MemberSlot, member_day};
pub use options::Options;
pub use output::Svg;
pub use state_of_charge::{ChargeLevels, state_of_charge};
pub use theme::Theme;
