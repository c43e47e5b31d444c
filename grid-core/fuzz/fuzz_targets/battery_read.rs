//! No bytes make the recogniser or a reader of battery recordings panic, and blocks and archives make no difference.
//!
//! The first byte of an input says which header stands before the rest, or none; of those without one the rest is the
//! whole file, as it is or compressed. Inputs are of some kilobytes, and `-rss_limit_mb` watches over the memory.

#![no_main]

use grid_core::battery::{self, Format, ReadLimits, ReadOptions, Recording, Source};
use libfuzzer_sys::fuzz_target;

/// Headers of the layouts that are read in ways of their own.
const HEADERS: [&str; 8] = [
    "time_s,voltage_V,current_A,Charge Capacity (Ah),Discharge Capacity (Ah),cycle,step\n",
    "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tAmps\tVolts\tState\tDPt Time\n",
    "Date Time;Voltage (V);Current (A);Temperature (C)\r\n",
    "Cycle ID,a\n,Step ID,Step Name\n,,Record ID,Time,Voltage(V),Current(mA),Capacity(mAh)\n",
    "entity_id,state,last_changed\n",
    "timestamp,solar_power,battery_power,grid_power,load_power,battery_charge_kwh\n",
    "[Data]\n\"Run Time (h),Current (A),Potential (V)\"\n",
    "~Time[h]  U[V]   I[A]\n",
];

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = data.split_first() else { return };
    let header = HEADERS.get(usize::from(*mode)).copied().unwrap_or_default();
    let file = [header.as_bytes(), rest].concat();
    let limits = ReadLimits { max_bytes: 1 << 20, ..ReadLimits::default() };
    let options = || ReadOptions { limits, ..ReadOptions::default() };
    let read = battery::read_with(Source::bytes(&file), options());
    let summary = battery::summarise_with(Source::bytes(&file), options());
    assert_eq!(read.is_ok(), summary.is_ok());
    if let (Ok(recording), Ok(summary)) = (&read, &summary) {
        whole(recording);
        assert_eq!(format!("{:?}", battery::summarise(recording)), format!("{summary:?}"));
    }
    let stated = ReadOptions { format: Some(Format::Generic), ..options() };
    if let Ok(recording) = battery::read_with(Source::bytes(&file), stated) {
        whole(&recording);
    }
});

/// All columns are as long as the recording.
fn whole(recording: &Recording) {
    let rows = recording.len();
    assert!(rows > 0);
    assert_eq!((recording.voltage_v.len(), recording.current_a.len()), (rows, rows));
    let columns = [
        &recording.power_w,
        &recording.temperature_c,
        &recording.state_of_charge,
        &recording.charge_capacity_ah,
        &recording.discharge_capacity_ah,
        &recording.capacity_ah,
        &recording.charge_energy_wh,
        &recording.discharge_energy_wh,
        &recording.energy_wh,
        &recording.step_time_s,
    ];
    assert!(columns.into_iter().flatten().all(|column| column.len() == rows));
    assert!(
        [&recording.cycle_index, &recording.step_index]
            .into_iter()
            .flatten()
            .all(|column| column.len() == rows)
    );
    assert!(recording.channels.iter().all(|channel| channel.values.len() == rows));
}
