//! A program outside the workspace that uses `grid-core` as a stranger would.
//!
//! Ana has the plant, Ben and Eva live next door: what they used in one hour is read from a file, set against the
//! plant's generation, and what Ana does not use herself is shared between the other two.

mod features;

use grid_core::{
    energy::{
        Channel,
        balance::of_arrays,
        ingest::{Layout, read_csv},
        sharing::apportion_by_weights,
    },
    quantity::Energy,
};

const NOON: &str = "\
device,channel,start,end,energy_kwh,quality
ana,consumption,2026-06-01T10:00:00Z,2026-06-01T11:00:00Z,1.0,measured
ana,generation,2026-06-01T10:00:00Z,2026-06-01T11:00:00Z,2.0,measured
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let batches = read_csv(NOON.as_bytes(), "noon.csv", Layout::Community)?;
    let column = |channel: Channel| -> Vec<Option<Energy>> {
        let of = batches.iter().filter(|batch| batch.channel == channel);
        of.flat_map(|batch| &batch.readings).map(|reading| reading.energy()).collect()
    };
    let ana = of_arrays(&column(Channel::Consumption), &column(Channel::Generation))?;
    let parts = apportion_by_weights(ana.total.surplus, &[1, 2])?;
    println!("own use {}, for Ben {}, for Eva {}", ana.total.own, parts[0], parts[1]);
    assert_eq!(parts.iter().copied().sum::<Energy>(), ana.total.surplus);
    features::call()
}
