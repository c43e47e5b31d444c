//! Analyses of real recordings against figures from outside: other programs, the cycler's own, the maker's.

#![allow(clippy::expect_used, reason = "a test may stop at what it did not expect")]

use std::path::PathBuf;

use grid_core::battery::{
    self, FlagKind, FlagLimits, LeftOut, Recording, StateOfChargeOptions, StepKind, VoltageGrid,
};

use crate::shared_data;

fn read(name: &str) -> Option<Recording> {
    let folder: PathBuf = shared_data::folder("battery")?;
    Some(battery::read_path(folder.join(name)).expect(name))
}

/// A cell of the fast-charge set of Severson et al. 2019 (A123 APR18650M1A, 1.1 Ah), as BEEP keeps it.
const FAST_CHARGED: &str = "battery-data-toolkit/arbin_example.csv";
/// A 21700 cell in a Maccor, discharged at 1 C from 4.3 to 3.0 V, with rows every few mV.
const DIAGNOSTIC: &str = "beep/xTESLADIAG_000038con_head4000.078";

#[test]
fn the_incremental_capacity_of_a_real_discharge_is_that_of_scipy() {
    let Some(recording) = read(DIAGNOSTIC) else { return };
    let grid = VoltageGrid { step_v: 0.01, window: 11, order: 3, least_prominence: 0.05 };
    let curves = battery::incremental_capacities(&recording, &recording.cycles(), grid);
    let cycle = curves.iter().find(|curve| curve.cycle == 1).unwrap();
    let discharge = cycle.discharge.as_ref().unwrap();
    // The vendor's own count (pandas): 4.41116 Ah.
    assert!((discharge.branch_ah / 4.411_16 - 1.0).abs() < 1e-3, "{}", discharge.branch_ah);
    // scipy 1.17.1: the vendor's Amp-hr over the running maximum of the voltage, interpolated at multiples of 10 mV,
    // `savgol_filter(diff / 0.01, 11, 3)`, `find_peaks(prominence = 5 %)`; places to half a class, since it takes the
    // middle of the highest class, and heights and prominences within 1 %.
    let known = [(3.465, 5.6316, 1.513), (3.745, 5.7153, 1.8892), (3.975, 8.5396, 7.3795)];
    assert_eq!(discharge.peaks.len(), known.len(), "{:?}", discharge.peaks);
    for (peak, (voltage, height, prominence)) in discharge.peaks.iter().zip(known) {
        assert!((peak.voltage_v - voltage).abs() <= 0.005, "{peak:?}");
        assert!((peak.height_ah_per_v / height - 1.0).abs() < 0.01, "{peak:?}");
        assert!((peak.prominence_ah_per_v / prominence - 1.0).abs() < 0.01, "{peak:?}");
    }
}

#[test]
fn the_resistance_at_short_pulses_is_near_what_the_cycler_measured_itself() {
    let Some(recording) = read(FAST_CHARGED) else { return };
    let jumps = battery::resistances(&recording).unwrap();
    let short: Vec<_> = jumps.iter().filter(|jump| jump.first.delay_s < 0.5).collect();
    assert!(short.len() >= 3, "{jumps:?}");
    for jump in short {
        // The file's Internal_Resistance column has 0.01710 and 0.01673 ohm from Arbin's own pulses of 33 ms; ours are
        // up to 0.3 s long, and hold a little of the charge transfer, too.
        let resistance = jump.first.resistance_ohm;
        assert!((0.0167..0.0230).contains(&resistance), "{jump:?}");
    }
}

#[test]
fn the_state_of_charge_finds_the_capacity_that_the_vendor_counted() {
    let Some(recording) = read(FAST_CHARGED) else { return };
    let counted = battery::count_state_of_charge(&recording, StateOfChargeOptions::default()).unwrap();
    // Discharge_Capacity of cycle 1 (pandas): 1.0723603 Ah; the maker says 1.1 Ah. The step at 80 % of the fast charge
    // ends at the upper voltage, too, but goes on after a rest: four anchors and not five.
    assert!((counted.capacity_ah / 1.072_360_3 - 1.0).abs() < 2e-3, "{}", counted.capacity_ah);
    assert_eq!(counted.anchors.len(), 4, "{:?}", counted.anchors);
    assert!(counted.anchors.iter().filter_map(|anchor| anchor.drift).all(|drift| drift.abs() < 2e-3));
    assert_eq!(counted.clamped_rows, 0);
}

#[test]
fn the_steps_of_a_real_diagnostic_are_those_of_its_schedule() {
    let Some(recording) = read(DIAGNOSTIC) else { return };
    let steps = recording.steps();
    // Rest, then eight times: charge by constant current, at constant voltage, discharge, rest.
    let kinds: Vec<StepKind> = steps.iter().map(|step| step.kind).collect();
    let mut expected = vec![StepKind::Rest];
    for _ in 0..8 {
        expected.extend([
            StepKind::ConstantCurrent,
            StepKind::ConstantVoltage,
            StepKind::ConstantCurrent,
            StepKind::Rest,
        ]);
    }
    assert_eq!(kinds, expected);
}

#[test]
fn a_sentinel_of_the_voltage_is_flagged_in_its_rows() {
    let Some(recording) = read("battery-data-toolkit/batterydata/p492-13-raw.csv") else { return };
    let flags = battery::flags(&recording, &recording.cycles(), FlagLimits::default()).unwrap();
    // The impedance steps of this file have -3.7865 V in 78 rows (pandas), in cycle 7.
    let under: Vec<_> = flags.iter().filter(|flag| flag.kind == FlagKind::UnderVoltage).collect();
    assert!(under.iter().all(|flag| (flag.value + 3.7865).abs() < 1e-9), "{under:?}");
    assert_eq!(under.iter().map(|flag| flag.last_row - flag.first_row + 1).sum::<usize>(), 78);
}

#[test]
fn two_charges_in_one_vendors_cycle_do_not_make_a_healthy_one() {
    let Some(recording) = read("cellpy/neware_uio.csv") else { return };
    // Cycle 3 has two pairs of charge and discharge, 7.974 mAh out in all by cellpy (EXPECTED.md), where the cell has
    // about 4.3 mAh.
    let health = battery::health(&recording.cycles(), None).unwrap();
    let third = health.rows.iter().find(|row| row.cycle == 3).unwrap();
    assert_eq!(third.left_out, Some(LeftOut::Several));
    assert!((health.reference_ah / 0.0043 - 1.0).abs() < 0.03, "{}", health.reference_ah);
}

#[test]
fn equivalent_full_cycles_are_those_of_the_laboratory_that_published_the_file() {
    let Some(recording) = read("battery-data-toolkit/batterydata/p492-13-raw.csv") else { return };
    let health = battery::health(&recording.cycles(), None).unwrap();
    // Equivalent_Full_Cycles in `p492-13-summary.csv` (NREL), which holds the capacity check of cycle 2 for full, too.
    // The recording is a thinned extract from cycle 5 on.
    let known = [(1, 0.016_549_561_742_1), (2, 1.019_584_522_1), (3, 1.264_457), (4, 2.423_301)];
    for (cycle, cycles) in known {
        let row = health.rows.iter().find(|row| row.cycle == cycle).unwrap();
        assert!((row.equivalent_full_cycles - cycles).abs() < 2e-6, "{row:?}");
    }
}
