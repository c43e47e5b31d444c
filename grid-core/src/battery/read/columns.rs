//! The columns of the block at hand by what they mean.

use super::super::log::Channel;
use super::super::rows::Rows;
use super::column_map::Role;
use super::slot::Slot;
use super::table::Plan;

/// Channels of a home log, as [`Channel::name`] calls them.
pub(super) const CHANNELS: [(Role, &str); 10] = [
    (Role::SolarPower, "solar_power_w"),
    (Role::LoadPower, "load_power_w"),
    (Role::GridPower, "grid_power_w"),
    (Role::ImportPower, "import_power_w"),
    (Role::ExportPower, "export_power_w"),
    (Role::SolarEnergy, "solar_energy_wh"),
    (Role::LoadEnergy, "load_energy_wh"),
    (Role::ImportEnergy, "import_energy_wh"),
    (Role::ExportEnergy, "export_energy_wh"),
    (Role::EnergyCapacity, "energy_capacity_wh"),
];

/// One column for each role that a file has, in the units of [`Rows`].
///
/// The vectors change places with those of the slots, block by block, so that none is made anew.
#[derive(Debug, Default)]
pub(super) struct Columns {
    of: Vec<(Role, Vec<f64>)>,
    pub(super) time_s: Vec<f64>,
    pub(super) cycle_index: Option<Vec<i64>>,
    pub(super) step_index: Option<Vec<i64>>,
    /// Places of the rows' labels among the names.
    pub(super) labels: Option<Vec<u8>>,
    pub(super) label_names: Vec<String>,
    /// What stands for a column that has to be there and is not.
    none: Vec<f64>,
}

impl Columns {
    /// Takes the values of a block: of the slots that share a role the first, or the one that is used instead.
    pub(super) fn take(&mut self, slots: &mut [Slot], plan: &Plan, instead: &[bool], rows: usize) {
        self.none.resize(rows, f64::NAN);
        for (index, slot) in slots.iter_mut().enumerate() {
            if plan.kept(slot.role, instead) != Some(index) {
                continue;
            }
            match self.of.iter_mut().find(|(role, _)| *role == slot.role) {
                Some((_, values)) => std::mem::swap(values, &mut slot.values),
                None => self.of.push((slot.role, std::mem::take(&mut slot.values))),
            }
        }
    }

    /// The column of a role, if the file has one.
    pub(super) fn get(&self, role: Role) -> Option<&[f64]> {
        self.of.iter().find(|(other, _)| *other == role).map(|(_, values)| values.as_slice())
    }

    /// The column of a role, to be changed.
    pub(super) fn of_mut(&mut self, role: Role) -> Option<&mut [f64]> {
        self.of.iter_mut().find(|(other, _)| *other == role).map(|(_, values)| values.as_mut_slice())
    }

    /// The column of a role out of its place, to be changed beside others; it goes back by [`put`](Self::put).
    pub(super) fn out(&mut self, role: Role) -> Option<Vec<f64>> {
        self.of.iter_mut().find(|(other, _)| *other == role).map(|(_, values)| std::mem::take(values))
    }

    pub(super) fn put(&mut self, role: Role, values: Vec<f64>) {
        match self.of.iter_mut().find(|(other, _)| *other == role) {
            Some((_, place)) => *place = values,
            None => self.of.push((role, values)),
        }
    }

    /// The column of a role that has to be there, else of missing cells.
    pub(super) fn or_missing(&self, role: Role) -> &[f64] {
        self.get(role).unwrap_or(&self.none)
    }

    /// The block as the folds take it.
    pub(super) fn as_rows(&self, shown: &Shown) -> Rows<'_> {
        let get = |role: Role| if shown.has(role) { self.get(role) } else { None };
        let net = if shown.net_discharge { get(Role::DischargeCapacity) } else { None };
        Rows {
            time_s: &self.time_s,
            voltage_v: self.or_missing(Role::Voltage),
            current_a: self.or_missing(Role::Current),
            power_w: get(Role::Power),
            temperature_c: get(Role::Temperature),
            state_of_charge: get(Role::StateOfCharge),
            charge_capacity_ah: get(Role::ChargeCapacity),
            discharge_capacity_ah: get(Role::DischargeCapacity).filter(|_| !shown.net_discharge),
            capacity_ah: net.or_else(|| get(Role::Capacity)),
            charge_energy_wh: get(Role::ChargeEnergy),
            discharge_energy_wh: get(Role::DischargeEnergy),
            energy_wh: get(Role::Energy),
            cycle_index: self.cycle_index.as_deref(),
            step_index: self.step_index.as_deref(),
            step_time_s: get(Role::StepTime),
            labels: self.labels.as_deref(),
            label_names: &self.label_names,
        }
    }

    /// The channels of a home log that the file has.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&'static str, &[f64])> {
        CHANNELS.iter().filter_map(|(role, name)| self.get(*role).map(|values| (*name, values)))
    }
}

/// Which columns a recording shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) roles: Vec<Role>,
    pub(super) net_discharge: bool,
}

impl Shown {
    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// All blocks of a file, one after the other.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) time_s: Vec<f64>,
    pub(super) voltage_v: Vec<f64>,
    pub(super) current_a: Vec<f64>,
    pub(super) power_w: Option<Vec<f64>>,
    pub(super) temperature_c: Option<Vec<f64>>,
    pub(super) state_of_charge: Option<Vec<f64>>,
    pub(super) charge_capacity_ah: Option<Vec<f64>>,
    pub(super) discharge_capacity_ah: Option<Vec<f64>>,
    pub(super) capacity_ah: Option<Vec<f64>>,
    pub(super) charge_energy_wh: Option<Vec<f64>>,
    pub(super) discharge_energy_wh: Option<Vec<f64>>,
    pub(super) energy_wh: Option<Vec<f64>>,
    pub(super) cycle_index: Option<Vec<i64>>,
    pub(super) step_index: Option<Vec<i64>>,
    pub(super) step_time_s: Option<Vec<f64>>,
    pub(super) labels: Option<Vec<u8>>,
    pub(super) label_names: Vec<String>,
    pub(super) channels: Vec<Channel>,
}

impl Collected {
    /// Adds a block.
    pub(super) fn push(&mut self, rows: &Rows<'_>, columns: &Columns) {
        fn add<T: Copy>(all: &mut Option<Vec<T>>, some: Option<&[T]>) {
            if let Some(some) = some {
                all.get_or_insert_default().extend_from_slice(some);
            }
        }
        self.time_s.extend_from_slice(rows.time_s);
        self.voltage_v.extend_from_slice(rows.voltage_v);
        self.current_a.extend_from_slice(rows.current_a);
        add(&mut self.power_w, rows.power_w);
        add(&mut self.temperature_c, rows.temperature_c);
        add(&mut self.state_of_charge, rows.state_of_charge);
        add(&mut self.charge_capacity_ah, rows.charge_capacity_ah);
        add(&mut self.discharge_capacity_ah, rows.discharge_capacity_ah);
        add(&mut self.capacity_ah, rows.capacity_ah);
        add(&mut self.charge_energy_wh, rows.charge_energy_wh);
        add(&mut self.discharge_energy_wh, rows.discharge_energy_wh);
        add(&mut self.energy_wh, rows.energy_wh);
        add(&mut self.cycle_index, rows.cycle_index);
        add(&mut self.step_index, rows.step_index);
        add(&mut self.step_time_s, rows.step_time_s);
        add(&mut self.labels, rows.labels);
        if rows.label_names.len() > self.label_names.len() {
            self.label_names = rows.label_names.to_vec();
        }
        for (name, values) in columns.channels() {
            match self.channels.iter_mut().find(|channel| channel.name == name) {
                Some(channel) => channel.values.extend_from_slice(values),
                None => self.channels.push(Channel { name, values: values.to_vec() }),
            }
        }
    }
}
