//! Layouts of public data sets and of programs: BDF, `BattMo`, `PyBaMM`, Battery Archive, NREL, cellpy, NASA, a student's.

use super::super::super::log::Format;
use super::read_bytes;
use super::synthetic::{File, Is, Moment, STARTED, near, rows};

#[test]
fn bdf_by_its_preferred_labels() {
    let file = File {
        header: "Test Time / s,Voltage / V,Current / A",
        columns: &[
            ("Test Time / s", Is::Time(1.0)),
            ("Voltage / V", Is::Volt(1.0)),
            ("Current / A", Is::Ampere(1.0)),
        ],
        ..File::default()
    };
    file.check(Format::Bdf);
    let file = File {
        header: "Test Time / s,Voltage / V,Current / A,Unix Time / s,Cycle Count / 1,Step Count / 1,Step Index / 1,Step Type / 1,Charging Capacity / Ah,Discharging Capacity / Ah,Step Capacity / Ah,Cumulative Capacity / Ah,Ambient Temperature / degC,Surface Temperature / degC,Temperature T1 / degC,DC Internal Resistance / ohm",
        columns: &[
            ("Test Time / s", Is::Time(1.0)),
            ("Voltage / V", Is::Volt(1.0)),
            ("Current / A", Is::Ampere(1.0)),
            ("Unix Time / s", Is::Clock(Moment::Unix(1.0))),
            ("Cycle Count / 1", Is::Cycle),
            ("Step Index / 1", Is::Step),
            ("Step Type / 1", Is::State(["CC charge", "CC discharge", "rest"])),
            ("Charging Capacity / Ah", Is::ChargeAh(1.0)),
            ("Discharging Capacity / Ah", Is::DischargeAh(1.0)),
            ("Surface Temperature / degC", Is::Celsius),
        ],
        ..File::default()
    };
    assert_eq!(file.check(Format::Bdf).started_at.unwrap().to_string(), STARTED);
}

#[test]
fn bdf_by_its_machine_names() {
    let file = File {
        header: "test_time_second,voltage_volt,current_ampere,cycle_count,step_count,step_index,charging_capacity_ah,discharging_capacity_ah,charging_energy_wh,discharging_energy_wh,unix_time_second",
        columns: &[
            ("test_time_second", Is::Time(1.0)),
            ("voltage_volt", Is::Volt(1.0)),
            ("current_ampere", Is::Ampere(1.0)),
            ("cycle_count", Is::Text("6.283185307179586")),
            ("step_index", Is::Step),
            ("charging_capacity_ah", Is::ChargeAh(1.0)),
            ("discharging_capacity_ah", Is::DischargeAh(1.0)),
            ("unix_time_second", Is::Clock(Moment::Unix(1.0))),
        ],
        ..File::default()
    };
    // A published file holds 2 pi in every row of its cycle column; cycles then go by the current.
    let recording = file.check(Format::Bdf);
    assert_eq!(recording.cycle_index, None);
    assert!(recording.has_remark("index_not_whole"));
}

#[test]
fn battmo_counts_hours_and_discharge_as_positive() {
    let header = "Test Time / h,Current / A,Voltage / V,Protocol Name / 1,Step Type / 1,Cycle Count / 1,Step Index / 1,Charge Capacity / Ah,Discharge Capacity / Ah";
    let columns = [
        ("Test Time / h", Is::Time(3600.0)),
        ("Current / A", Is::DischargeAmpere(1.0)),
        ("Voltage / V", Is::Volt(1.0)),
        ("Protocol Name / 1", Is::Text("p")),
        ("Step Type / 1", Is::Text("galvanostatic")),
        ("Cycle Count / 1", Is::Cycle),
        ("Step Index / 1", Is::Step),
        ("Charge Capacity / Ah", Is::ChargeAh(1.0)),
        ("Discharge Capacity / Ah", Is::DischargeAh(1.0)),
    ];
    let file = File { header, columns: &columns, ..File::default() };
    assert!(file.check(Format::Battmo).has_remark("current_sign_turned"));
    // Without capacities nothing but the convention tells.
    let file = File {
        header: "Test Time / h,Current / A,Voltage / V,Protocol Name / 1,Cycle Count / 1",
        columns: &[columns[0], columns[1], columns[2], columns[5]],
        ..File::default()
    };
    assert!(file.check(Format::Battmo).has_remark("sign_by_convention"));
}

#[test]
fn pybamm_counts_discharge_as_positive_and_net() {
    let rows = rows();
    let mut text = String::from(
        "Time [s],Current [A],Terminal voltage [V],Discharge capacity [A.h],Throughput capacity [A.h],Cell temperature [C]\n",
    );
    for row in &rows {
        text.push_str(&format!(
            "{},{},{},{},{},{}\n",
            row.time_s,
            -row.current_a,
            row.voltage_v,
            row.discharge_ah - row.charge_ah,
            row.discharge_ah + row.charge_ah,
            row.temperature_c
        ));
    }
    let recording = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(recording.format, Format::Pybamm);
    super::synthetic::same_numbers(&recording);
    assert!(recording.temperature_c.is_some());
    let file = File {
        header: "Time [min],Current [A],Battery voltage [V]",
        columns: &[
            ("Time [min]", Is::Time(60.0)),
            ("Current [A]", Is::DischargeAmpere(1.0)),
            ("Battery voltage [V]", Is::Volt(1.0)),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Pybamm).has_remark("sign_by_convention"));
}

#[test]
fn battery_archive_with_float_cycles_and_empty_temperatures() {
    let file = File {
        header: "Date_Time,Test_Time (s),Cycle_Index,Current (A),Voltage (V),Charge_Capacity (Ah),Discharge_Capacity (Ah),Charge_Energy (Wh),Discharge_Energy (Wh),Environment_Temperature (C),Cell_Temperature (C)",
        filler: "",
        columns: &[
            ("Date_Time", Is::Clock(Moment::Iso)),
            ("Test_Time (s)", Is::Time(1.0)),
            ("Cycle_Index", Is::CycleFloat),
            ("Current (A)", Is::Ampere(1.0)),
            ("Voltage (V)", Is::Volt(1.0)),
            ("Charge_Capacity (Ah)", Is::ChargeAh(1.0)),
            ("Discharge_Capacity (Ah)", Is::DischargeAh(1.0)),
            ("Cell_Temperature (C)", Is::Celsius),
        ],
        ..File::default()
    };
    let recording = file.check(Format::BatteryArchive);
    assert_eq!(recording.started_at.unwrap().to_string(), STARTED);
    assert!(recording.temperature_c.is_some());
}

#[test]
fn nrel_with_a_matlab_day_and_literal_nan() {
    let file = File {
        header: "Cycle_Index,Step,Time_s,Amphr,Watthr,Current_A,Voltage_V,Cell_Temperature_C,Temp2,Datenum_d,Power_W,Charge_Capacity_Ah,Discharge_Capacity_Ah,Charge_Energy_Wh,Discharge_Energy_Wh,Frequency_Hz,Z_Imag_Ohm,Z_Mag_Ohm,Z_Phase_Degree,Z_Real_Ohm,Absolute_Charge_Throughput_Ah,Charge_Throughput_Ah,Absolute_Energy_Throughput_Wh,Energy_Throughput_Wh,Cycle_Label,Segment_Label,Differential_Capacity_Ah_V,Differential_Voltage_V_Ah",
        filler: "NaN",
        columns: &[
            ("Cycle_Index", Is::Cycle),
            ("Step", Is::Step),
            ("Time_s", Is::Time(1.0)),
            ("Amphr", Is::StepAh(1.0)),
            ("Current_A", Is::Ampere(1.0)),
            ("Voltage_V", Is::Volt(1.0)),
            ("Cell_Temperature_C", Is::Celsius),
            ("Datenum_d", Is::Clock(Moment::Matlab)),
            ("Charge_Capacity_Ah", Is::ChargeAh(1.0)),
            ("Discharge_Capacity_Ah", Is::DischargeAh(1.0)),
        ],
        ..File::default()
    };
    let recording = file.check(Format::Nrel);
    assert!(recording.temperature_c.is_some());
}

#[test]
fn cellpy_custom_with_19_lines_above_excel_days_and_empty_last_rows() {
    let preamble: String = (0..19).map(|line| format!("key{line};value\n")).collect();
    let file = File {
        preamble: &preamble,
        header: "index;test_time;step_time;date_stamp;step;cycle;current;voltage;charge_capacity;discharge_Capacity",
        delimiter: ';',
        columns: &[
            ("index", Is::Number),
            ("test_time", Is::Time(1.0)),
            ("step_time", Is::StepTime(1.0)),
            ("date_stamp", Is::Clock(Moment::Excel)),
            ("step", Is::Step),
            ("cycle", Is::Cycle),
            ("current", Is::Ampere(1.0)),
            ("voltage", Is::Volt(1.0)),
            ("charge_capacity", Is::ChargeAh(1.0)),
            ("discharge_Capacity", Is::DischargeAh(1.0)),
        ],
        ..File::default()
    };
    let text = format!("{};;;;;;;;;\n;;;;;;;;;\n", file.text(&rows()));
    let recording = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(recording.format, Format::Cellpy);
    assert_eq!(recording.len(), rows().len());
    assert!(near(recording.time_s[49], 2940.0));
}

#[test]
fn nasa_with_the_load_or_the_charger_beside_the_measured_pair() {
    for beside in ["Current_load,Voltage_load", "Current_charge,Voltage_charge"] {
        let header = format!("Voltage_measured,Current_measured,Temperature_measured,{beside},Time");
        let file = File {
            header: &header,
            filler: "1.9990",
            columns: &[
                ("Voltage_measured", Is::Volt(1.0)),
                ("Current_measured", Is::Ampere(1.0)),
                ("Temperature_measured", Is::Celsius),
                ("Time", Is::Time(1.0)),
            ],
            ..File::default()
        };
        assert!(file.check(Format::NasaPcoe).temperature_c.is_some());
    }
}

#[test]
fn a_student_s_names_without_units() {
    let file = File {
        header: "time,voltage,current,temperature,soc,capacity",
        columns: &[
            ("time", Is::Time(1.0)),
            ("voltage", Is::Volt(1.0)),
            ("current", Is::Ampere(1.0)),
            ("temperature", Is::Celsius),
            ("soc", Is::Text("50")),
            ("capacity", Is::NetAh(1.0)),
        ],
        ..File::default()
    };
    assert_eq!(file.check(Format::Generic).state_of_charge.unwrap()[0], 0.5);
}
