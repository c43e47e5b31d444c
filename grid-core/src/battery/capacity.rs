//! How much went in and out: from the vendor's count where there is one, else from the current itself.
//!
//! Vendors restart their counts at each step, at each cycle, now and then, or never. One rule fits them all: take each
//! row's increase, take a restart as counting from zero, and add it up by direction. Where there is no count, current
//! and power are integrated by trapezoids within a step.

use super::fold::Gathered;
use super::fold::part::Part;

/// How far the vendor's count and the integral of the current may differ before a cycle is flagged: 2 % of what
/// moved in the cycle, beside the rounding of the vendor's count.
pub const DISAGREEMENT_BOUND: f64 = 0.02;

/// Where the capacities of a cycle come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// The increases of the vendor's own count.
    VendorIncrements,
    /// The current over time, step by step.
    Integral,
}

/// The vendor's count beside the integral of the current.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Agreement {
    /// Charged Ah by the vendor's count.
    pub vendor_charge_ah: f64,
    /// Discharged Ah by the vendor's count.
    pub vendor_discharge_ah: f64,
    /// Charged Ah by the integral of the current.
    pub integral_charge_ah: f64,
    /// Discharged Ah by the integral of the current.
    pub integral_discharge_ah: f64,
    /// By how many Ah the vendor's count fell without starting again, which a count that only grows does not: by so
    /// much its range and the sum of its increases differ. Zero for a net count.
    pub vendor_fell_ah: f64,
    /// The larger of both differences, as a share of the larger of charge and discharge.
    pub difference: f64,
    /// Whether the difference, and what the count fell by, are within [`DISAGREEMENT_BOUND`].
    pub agrees: bool,
}

/// The vendor's count of energy beside the integral of current times voltage.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct EnergyAgreement {
    /// Charged Wh by the vendor's count.
    pub vendor_charge_wh: f64,
    /// Discharged Wh by the vendor's count.
    pub vendor_discharge_wh: f64,
    /// Charged Wh by the integral of the power.
    pub integral_charge_wh: f64,
    /// Discharged Wh by the integral of the power.
    pub integral_discharge_wh: f64,
    /// The larger of both differences, as a share of the larger of charge and discharge.
    pub difference: f64,
    /// Whether the difference is within [`DISAGREEMENT_BOUND`], beside the rounding of the count.
    pub agrees: bool,
}

/// What moved in one cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    pub(super) charge_ah: f64,
    pub(super) discharge_ah: f64,
    pub(super) charge_wh: f64,
    pub(super) discharge_wh: f64,
}

/// What a cycle moved, and where that is known from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Result {
    pub(super) moved: Moved,
    pub(super) method: Method,
    pub(super) agreement: Option<Agreement>,
    pub(super) energy_agreement: Option<EnergyAgreement>,
}

/// Judges cycles by what is known of the whole file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    gathered: &'a Gathered,
    pub(super) has_current: bool,
    has_power: bool,
    /// The rounding of the vendor's count of capacity in Ah, and that of the current as a share of the largest.
    count_step: f64,
    current_step: f64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(gathered: &'a Gathered) -> Self {
        let whole = &gathered.whole;
        let largest = gathered.largest_flow();
        Self {
            gathered,
            has_current: whole.has_current(),
            has_power: whole.has_current() || whole.has_power,
            count_step: gathered.meters.capacity.resolution(),
            current_step: whole.current_resolution.step() / largest,
        }
    }

    /// What a cycle moved.
    pub(super) fn cycle(&self, part: &Part) -> Result {
        let integral = part.integral.capacity_ah();
        let counted = self.counted_ah(part);
        let method = counted.map_or(Method::Integral, |counted| {
            let most = counted.0.max(counted.1).max(integral.0.max(integral.1));
            // A count of few digits is worse than the integral, unless the current has fewer still.
            let coarse = self.has_current && self.count_step > 0.001 * most && self.current_step < 0.001;
            if coarse { Method::Integral } else { Method::VendorIncrements }
        });
        let agreement = counted.filter(|_| self.has_current).map(|counted| {
            let fell = self.gathered.meters.capacity.fell(&part.capacity);
            let (difference, most) = apart(counted, integral);
            let bound = DISAGREEMENT_BOUND * most + self.count_step;
            Agreement {
                vendor_charge_ah: counted.0,
                vendor_discharge_ah: counted.1,
                integral_charge_ah: integral.0,
                integral_discharge_ah: integral.1,
                vendor_fell_ah: fell,
                difference: share(difference, most),
                agrees: difference <= bound && fell <= bound,
            }
        });
        let energies = self.has_power.then(|| self.counted_wh(part)).flatten();
        let energy_agreement = energies.map(|counted| {
            let integral = part.integral.energy_wh();
            let (difference, most) = apart(counted, integral);
            let rounding = self.gathered.meters.energy.resolution();
            EnergyAgreement {
                vendor_charge_wh: counted.0,
                vendor_discharge_wh: counted.1,
                integral_charge_wh: integral.0,
                integral_discharge_wh: integral.1,
                difference: share(difference, most),
                agrees: difference <= DISAGREEMENT_BOUND * most + rounding,
            }
        });
        Result { moved: self.moved(part, method), method, agreement, energy_agreement }
    }

    /// What some rows moved by the method of their cycle.
    pub(super) fn moved(&self, part: &Part, method: Method) -> Moved {
        let known = |known: bool, (charge, discharge): (f64, f64)| {
            if known { (charge, discharge) } else { (f64::NAN, f64::NAN) }
        };
        let (mut charge_ah, mut discharge_ah) = known(self.has_current, part.integral.capacity_ah());
        let (mut charge_wh, mut discharge_wh) = known(self.has_power, part.integral.energy_wh());
        if method == Method::VendorIncrements
            && let Some(counted) = self.counted_ah(part)
        {
            (charge_ah, discharge_ah) = counted;
        }
        if (method == Method::VendorIncrements || !self.has_power)
            && let Some(counted) = self.counted_wh(part)
        {
            (charge_wh, discharge_wh) = counted;
        }
        Moved { charge_ah, discharge_ah, charge_wh, discharge_wh }
    }

    /// By the vendor's count; a count of one direction leaves the other to the integral.
    fn counted_ah(&self, part: &Part) -> Option<(f64, f64)> {
        let counted = self.gathered.meters.capacity.read(&part.capacity)?;
        Some(or_integral(counted, part.integral.capacity_ah(), self.has_current))
    }

    fn counted_wh(&self, part: &Part) -> Option<(f64, f64)> {
        let counted = self.gathered.meters.energy.read(&part.energy)?;
        Some(or_integral(counted, part.integral.energy_wh(), self.has_power))
    }
}

fn or_integral(counted: (f64, f64), integral: (f64, f64), known: bool) -> (f64, f64) {
    let or = |count: f64, integral: f64| if count.is_nan() && known { integral } else { count };
    (or(counted.0, integral.0), or(counted.1, integral.1))
}

/// The larger difference of charge or discharge, and the largest of all four figures.
fn apart(vendor: (f64, f64), integral: (f64, f64)) -> (f64, f64) {
    let most = vendor.0.max(vendor.1).max(integral.0).max(integral.1);
    ((vendor.0 - integral.0).abs().max((vendor.1 - integral.1).abs()), most)
}

fn share(difference: f64, most: f64) -> f64 {
    if most > 0.0 { difference / most } else { 0.0 }
}
