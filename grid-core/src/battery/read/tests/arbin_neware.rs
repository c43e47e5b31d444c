//! Arbin's, Neware's and Repower's layouts, by the header lines of real exports.

use super::super::super::log::Format;
use super::synthetic::{CYCLE_AH, File, Is, Moment, STARTED, check, near, rows};

const CHG: [&str; 3] = ["CC Chg", "CC DChg", "Rest"];

#[test]
fn arbin_mits_with_blanks_units_in_parentheses_and_tabs_before_dates() {
    let file = File {
        preamble: "\u{feff}",
        header: "Data Point,Date Time,Test Time (s),Step Time (s),Cycle Index,Step Index,TC_Counter1,TC_Counter2,TC_Counter3,Current (A),Voltage (V),Power (W),Charge Capacity (Ah),Discharge Capacity (Ah),Charge Energy (Wh),Discharge Energy (Wh),Capacity (Ah),mAh/g,ACR (Ohm),dV/dt (V/s),Internal Resistance (Ohm),dQ/dV (Ah/V),dV/dQ (V/Ah),Aux_Temperature_1 (C),Aux_dT/dt_1 (C/s)",
        filler: "",
        columns: &[
            ("Data Point", Is::Number),
            ("Date Time", Is::Clock(Moment::AmericanMs)),
            ("Test Time (s)", Is::Time(1.0)),
            ("Step Time (s)", Is::StepTime(1.0)),
            ("Cycle Index", Is::Cycle),
            ("Step Index", Is::Step),
            ("Current (A)", Is::Ampere(1.0)),
            ("Voltage (V)", Is::Volt(1.0)),
            ("Charge Capacity (Ah)", Is::ChargeAh(1.0)),
            ("Discharge Capacity (Ah)", Is::DischargeAh(1.0)),
            ("Charge Energy (Wh)", Is::ChargeWh(1.0)),
            ("Discharge Energy (Wh)", Is::DischargeWh(1.0)),
            ("Aux_Temperature_1 (C)", Is::Celsius),
        ],
        ..File::default()
    };
    let recording = file.check(Format::Arbin);
    assert_eq!(recording.started_at.unwrap().to_string(), STARTED);
    assert!(recording.temperature_c.is_some() && recording.step_index.is_some());
    assert!(near(recording.cycles()[0].charge_energy_wh, rows()[24].charge_wh));
}

const MITS: &str = "Data_Point,Test_Time(s),Date_Time,Step_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V),Charge_Capacity(Ah),Discharge_Capacity(Ah),Charge_Energy(Wh),Discharge_Energy(Wh),dV/dt(V/s),Internal_Resistance(Ohm),Is_FC_Data,AC_Impedance(Ohm),ACI_Phase_Angle(Deg)";

#[test]
fn arbin_mits_with_underscores_as_calce_keeps_it() {
    let file = File {
        header: MITS,
        columns: &[
            ("Test_Time(s)", Is::Time(1.0)),
            ("Date_Time", Is::Clock(Moment::Iso)),
            ("Cycle_Index", Is::Cycle),
            ("Step_Index", Is::Step),
            ("Current(A)", Is::Ampere(1.0)),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Charge_Capacity(Ah)", Is::ChargeAh(1.0)),
            ("Discharge_Capacity(Ah)", Is::DischargeAh(1.0)),
        ],
        ..File::default()
    };
    assert_eq!(file.check(Format::Arbin).started_at.unwrap().to_string(), STARTED);
}

#[test]
fn arbin_without_units_and_with_unix_seconds_as_beep_stores_it() {
    let header = "Data_Point,Test_Time,DateTime,Step_Time,Step_Index,Cycle_Index,Current,Voltage,Charge_Capacity,Discharge_Capacity,Charge_Energy,Discharge_Energy,dV/dt,Internal_Resistance,Temperature";
    let columns = [
        ("Test_Time", Is::Time(1.0)),
        ("DateTime", Is::Clock(Moment::Unix(1.0))),
        ("Step_Index", Is::Step),
        ("Cycle_Index", Is::CycleFloat),
        ("Current", Is::Ampere(1.0)),
        ("Voltage", Is::Volt(1.0)),
        ("Charge_Capacity", Is::ChargeAh(1.0)),
        ("Discharge_Capacity", Is::DischargeAh(1.0)),
        ("Temperature", Is::Celsius),
    ];
    let file = File { header, columns: &columns, end: "\r\n", ..File::default() };
    let recording = file.check(Format::Arbin);
    assert_eq!(recording.cycle_index.as_ref().unwrap()[..2], [1, 1]);
    // A sibling has an unnamed index in front and nothing in the columns of steps and cycles.
    let header = format!(",{header}");
    let without: Vec<(&str, Is)> =
        columns.into_iter().filter(|(name, _)| !name.ends_with("_Index")).collect();
    let file = File { header: &header, columns: &without, filler: "", ..File::default() };
    let recording = file.check(Format::Arbin);
    assert_eq!((recording.cycle_index, recording.step_index), (None, None));
}

#[test]
fn arbin_with_the_number_of_a_sensor_behind_its_unit() {
    let header = format!("{MITS},Aux_Temperature(C)_1,Aux_Voltage(V)_1");
    let file = File {
        header: &header,
        columns: &[
            ("Test_Time(s)", Is::Time(1.0)),
            ("Cycle_Index", Is::Cycle),
            ("Step_Index", Is::Step),
            ("Current(A)", Is::Ampere(1.0)),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Charge_Capacity(Ah)", Is::ChargeAh(1.0)),
            ("Discharge_Capacity(Ah)", Is::DischargeAh(1.0)),
            ("Aux_Temperature(C)_1", Is::Celsius),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Arbin).temperature_c.is_some());
}

#[test]
fn neware_flat_of_bts_8_with_capacities_that_restart_at_each_step() {
    let file = File {
        header: "DataPoint,Cycle Index,Step Index,Step Type,Time,Cumulative Time,Current(A),Voltage(V),Capacity(Ah),Spec. Cap.(mAh/g),Chg. Cap.(Ah),Chg. Spec. Cap.(mAh/g),DChg. Cap.(Ah),DChg. Spec. Cap.(mAh/g),Energy(Wh),Spec. Energy(mWh/g),Chg. Energy(Wh),Chg. Spec. Energy(mWh/g),DChg. Energy(Wh),DChg. Spec. Energy(mWh/g),Date,Power(W),dQ/dV(mAh/V),dQm/dV(mAh/V.g),Contact resistance(mO),Module start-stop switch",
        columns: &[
            ("DataPoint", Is::Number),
            ("Cycle Index", Is::Cycle),
            ("Step Index", Is::Step),
            ("Step Type", Is::State(CHG)),
            ("Time", Is::StepHms),
            ("Cumulative Time", Is::Hms),
            ("Current(A)", Is::Ampere(1.0)),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Chg. Cap.(Ah)", Is::StepChargeAh(1.0)),
            ("DChg. Cap.(Ah)", Is::StepDischargeAh(1.0)),
            ("Chg. Energy(Wh)", Is::StepChargeWh(1.0)),
            ("DChg. Energy(Wh)", Is::StepDischargeWh(1.0)),
            ("Date", Is::Clock(Moment::Iso)),
        ],
        ..File::default()
    };
    let recording = file.check(Format::Neware);
    assert!(near(recording.cycles()[1].discharge_capacity_ah, CYCLE_AH));
}

/// `µ` as one byte.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn neware_flat_in_microamperes_milliampere_seconds_and_milliwatt_seconds_in_latin_1() {
    let file = File {
        header: "DataPoint,Cycle Index,Step Index,Step Type,Time,Total Time,Current(µA),Voltage(mV),Capacity(mAs),Spec. Cap.(mAh/g),Chg. Cap.(mAs),Chg. Spec. Cap.(mAh/g),DChg. Cap.(mAs),DChg. Spec. Cap.(mAh/g),Energy(mWs),Spec. Energy(mWh/g),Chg. Energy(mWs),Chg. Spec. Energy(mWh/g),DChg. Energy(mWs),DChg. Spec. Energy(mWh/g),Date,Power(mW),dQ/dV(mAh/V),dQm/dV(mAh/V.g),Contact resistance(mO),Module start-stop switch,SOC/DOD(%),LgD,Step start and end identification ,Accumulated capacity(mAs),Accumulated energy(mWs),",
        columns: &[
            ("Cycle Index", Is::Cycle),
            ("Step Index", Is::Step),
            ("Step Type", Is::State(CHG)),
            ("Time", Is::StepHms),
            ("Total Time", Is::Hms),
            ("Current(µA)", Is::Ampere(1e-6)),
            ("Voltage(mV)", Is::Volt(1e-3)),
            ("Chg. Cap.(mAs)", Is::StepChargeAh(1.0 / 3.6e6)),
            ("DChg. Cap.(mAs)", Is::StepDischargeAh(1.0 / 3.6e6)),
            ("Chg. Energy(mWs)", Is::StepChargeWh(1.0 / 3.6e6)),
            ("DChg. Energy(mWs)", Is::StepDischargeWh(1.0 / 3.6e6)),
            ("Date", Is::Clock(Moment::Iso)),
        ],
        ..File::default()
    };
    let recording = check(&latin_1(&file.text(&rows())), Format::Neware);
    let encoding = recording.evidence.iter().find(|evidence| evidence.what == "encoding").unwrap();
    assert_eq!(encoding.found, "Latin-1");
    assert!(near(recording.cycles()[0].charge_energy_wh, rows()[24].charge_wh));
}

/// The rows of a nested export: cycle rows, step rows and record rows.
fn nested(
    header: [&str; 3],
    joined: bool,
    record: &dyn Fn(&super::synthetic::Row) -> String,
    quote: &str,
) -> String {
    let mut text = header.map(|line| format!("{line}\n")).concat();
    let (mut cycle, mut step) = (0, 0);
    for row in rows() {
        let state = if row.current_a > 0.0 {
            "CC Chg"
        } else if row.current_a < 0.0 {
            "CC DChg"
        } else {
            "Rest"
        };
        let new_cycle = row.cycle != cycle;
        if new_cycle || row.step != step {
            let fields = header[0].split(',').count();
            let step_row = format!(
                "{quote}{}{quote},{quote}{}{quote},{quote}{state}{quote},00:10:00,0.25,0.9",
                row.step, row.step
            );
            if new_cycle {
                text.push_str(&row.cycle.to_string());
                text.push_str(&",0.25".repeat(fields - 1));
                text.push_str(if joined { "," } else { "\n," });
            } else {
                text.push(',');
            }
            text.push_str(&step_row);
            text.push('\n');
        }
        (cycle, step) = (row.cycle, row.step);
        text.push_str(&record(&row));
        text.push('\n');
    }
    text
}

#[test]
fn neware_nested_of_bts_8_with_the_first_cycle_and_step_on_one_line() {
    let header = [
        "Cycle Index,Chg. Cap.(Ah),DChg. Cap.(Ah),Chg.-DChg. Eff(%),Chg. Energy(Wh),DChg. Energy(Wh),Chg. Time,DChg. Time",
        ",Step Index,Step Number,Step Type,Step Time,Capacity(Ah),Energy(Wh),Oneset Volt.(V),End Voltage(V),V1 Oneset Volt.(V),V1 End Voltage(V),T1 Oneset T(?),T1 End T(?),CPU1 Oneset T(?),CPU1 End T(?)",
        ",,DataPoint,Time,Total Time,Current(A),Voltage(V),Capacity(Ah),Energy(Wh),Date,Power(W),V1(V),T1(?),CPU(?),Aux. Vmax(V),Aux. Vmin(V),Aux.Ave.Volt.(V),Aux. ?V(V),Aux. Tmax(?),Aux. Tmin(?),Aux.Ave.T(?),Aux. ?T(?)",
    ];
    let file = File {
        header: header[2],
        columns: &[
            ("DataPoint", Is::Number),
            ("Time", Is::StepHms),
            ("Total Time", Is::Hms),
            ("Current(A)", Is::UnsignedAmpere(1.0)),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Capacity(Ah)", Is::StepAh(1.0)),
            ("Energy(Wh)", Is::StepWh(1.0)),
            ("Date", Is::Clock(Moment::Iso)),
            ("T1(?)", Is::Celsius),
        ],
        ..File::default()
    };
    let record = |row: &super::synthetic::Row| {
        let cells = file.cells(row);
        format!(",,{}", cells[2..].join(","))
    };
    for joined in [true, false] {
        let recording = check(nested(header, joined, &record, "").as_bytes(), Format::Neware);
        assert!(recording.cycle_index.is_some() && recording.step_index.is_some());
        assert!(recording.temperature_c.is_some());
    }
}

#[test]
fn neware_nested_of_bts_7_with_a_tab_in_every_quoted_field() {
    let header = [
        "Cycle ID,\"\tCap_Chg(mAh)\",\"\tCap_DChg(mAh)\",\"\tSpecific Capacity-Chg(mAh/g)\",\"\tEngy_Chg(mWh)\",\"\tCharge Time(h:min:s.ms)\",\"\tEnd Temperature(°C)\",\"\t\"",
        ",\"\tStep ID\",\"\tStep Name\",\"\tStep Time(h:min:s.ms)\",\"\tCapacity(mAh)\",\"\tEnergy(mWh)\",\"\tStart Voltage(V)\",\"\tEnd Voltage(V)\",\"\tDCIR(O)\",\"\tRaw Step ID\",\"\t\",,,",
        ",,\"\tRecord ID\",\"\tTime(h:min:s.ms)\",\"\tVoltage(V)\",\"\tCurrent(mA)\",\"\tTemperature(°C)\",\"\tCapacity(mAh)\",\"\tCapacity Density(mAh/g)\",\"\tEnergy(mWh)\",\"\tCmpEng(mWh/g)\",\"\tRealtime\",\"\tMin-T(°C)\",\"\tMax-T(°C)\",\"\tAvg-T(°C)\",\"\tPower(mW)\",\"\tCapacitance_Chg(mAh)\",\"\tCapacitance_DChg(mAh)\",\"\tEngy_Chg(mWh)\",\"\tEngy_DChg(mWh)\",\"\tdQ/dV(mAh/V)\",\"\tdQm/dV(mAh/V.g)\",\"\t\",,,,,",
    ];
    let record = |row: &super::synthetic::Row| {
        let cell = |is: Is| {
            let file = File { header: "x", columns: &[("x", is)], ..File::default() };
            format!(",\"\t{}\"", file.cells(row)[0])
        };
        let cells = [
            Is::Number,
            Is::StepHms,
            Is::Volt(1.0),
            Is::Ampere(1e-3),
            Is::Celsius,
            Is::StepAh(1e-3),
            Is::Text("0"),
            Is::StepWh(1e-3),
            Is::Text("0"),
            Is::Clock(Moment::Iso),
            Is::Text("0"),
            Is::Text("0"),
            Is::Text("0"),
            Is::Text("0"),
            Is::StepChargeAh(1e-3),
            Is::StepDischargeAh(1e-3),
            Is::StepChargeWh(1e-3),
            Is::StepDischargeWh(1e-3),
        ];
        format!(",{}", cells.map(cell).concat())
    };
    let recording = check(nested(header, false, &record, "\"").as_bytes(), Format::Neware);
    assert!(near(recording.cycles()[0].charge_energy_wh, rows()[24].charge_wh));
}

#[test]
fn neware_flat_of_bts_7_and_a_status_letter() {
    let file = File {
        header: "DateTime,Cycle ID,Step ID,Record ID,Time(h:min:s.ms),Voltage(V),Current(mA),Capacitance_Chg(mAh),Capacitance_DChg(mAh),Status",
        columns: &[
            ("DateTime", Is::Clock(Moment::Iso)),
            ("Cycle ID", Is::Cycle),
            ("Step ID", Is::Step),
            ("Record ID", Is::Number),
            ("Time(h:min:s.ms)", Is::StepHms),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Current(mA)", Is::UnsignedAmpere(1e-3)),
            ("Capacitance_Chg(mAh)", Is::StepChargeAh(1e-3)),
            ("Capacitance_DChg(mAh)", Is::StepDischargeAh(1e-3)),
            ("Status", Is::State(["C", "D", "R"])),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Neware).has_remark("current_sign_from_state"));
}

#[test]
fn neware_of_bts_5_with_record_number_jump_and_relative_time() {
    let file = File {
        delimiter: '\t',
        header: "Record number\tState\tJump\tCycle\tSteps\tCurrent(mA)\tVoltage(V)\tCapacity(mAh)\tEnergy(mWh)\tRelative Time(h:min:s.ms)\tDate(h:min:s.ms)",
        columns: &[
            ("Record number", Is::Number),
            ("State", Is::State(["CC_Chg", "CC_DChg", "Rest"])),
            ("Cycle", Is::Cycle),
            ("Steps", Is::Step),
            ("Current(mA)", Is::Ampere(1e-3)),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Capacity(mAh)", Is::StepAh(1e-3)),
            ("Energy(mWh)", Is::StepWh(1e-3)),
            ("Relative Time(h:min:s.ms)", Is::StepHms),
            ("Date(h:min:s.ms)", Is::Clock(Moment::Iso)),
        ],
        ..File::default()
    };
    file.check(Format::Neware);
}

#[test]
fn neware_in_chinese() {
    let file = File {
        header: "数据序号,循环号,工步号,工步类型,时间,总时间,电流(mA),电压(V),容量(mAh),充电容量(mAh),放电容量(mAh),充电能量(mWh),放电能量(mWh),绝对时间,温度(℃)",
        columns: &[
            ("数据序号", Is::Number),
            ("循环号", Is::Cycle),
            ("工步号", Is::Step),
            ("工步类型", Is::State(["恒流充电", "恒流放电", "静置"])),
            ("时间", Is::StepHms),
            ("总时间", Is::Hms),
            ("电流(mA)", Is::Ampere(1e-3)),
            ("电压(V)", Is::Volt(1.0)),
            ("充电容量(mAh)", Is::StepChargeAh(1e-3)),
            ("放电容量(mAh)", Is::StepDischargeAh(1e-3)),
            ("充电能量(mWh)", Is::StepChargeWh(1e-3)),
            ("放电能量(mWh)", Is::StepDischargeWh(1e-3)),
            ("绝对时间", Is::Clock(Moment::Iso)),
            ("温度(℃)", Is::Celsius),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Neware).temperature_c.is_some());
}

#[test]
fn neware_normalised_to_mass_has_a_current_and_specific_capacities() {
    let file = File {
        header: "DataPoint,Cycle Index,Step Index,Step Type,Time,Total Time,Current(A),Voltage(V),Chg. Spec. Cap.(mAh/g),DChg. Spec. Cap.(mAh/g),Date",
        columns: &[
            ("Cycle Index", Is::Cycle),
            ("Step Index", Is::Step),
            ("Step Type", Is::State(CHG)),
            ("Time", Is::StepHms),
            ("Total Time", Is::Hms),
            ("Current(A)", Is::Ampere(1.0)),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Chg. Spec. Cap.(mAh/g)", Is::StepChargeAh(1e-6)),
            ("DChg. Spec. Cap.(mAh/g)", Is::StepDischargeAh(1e-6)),
            ("Date", Is::Clock(Moment::Iso)),
        ],
        ..File::default()
    };
    // A capacity per gram is no capacity.
    assert_eq!(file.check(Format::Neware).charge_capacity_ah, None);
}

#[test]
fn repower_with_a_blank_before_dates_and_a_temperature_named_mtv1() {
    let file = File {
        header: "System Time,Relative Time(Sec),Voltage(V),Current(A),Cycle ID,Step ID,Step State,MTV1,Charge Capacity(Ah),Discharge Capacity(Ah)",
        columns: &[
            ("System Time", Is::Clock(Moment::Iso)),
            ("Relative Time(Sec)", Is::Time(1.0)),
            ("Voltage(V)", Is::Volt(1.0)),
            ("Current(A)", Is::UnsignedAmpere(1.0)),
            ("Cycle ID", Is::Cycle),
            ("Step ID", Is::Step),
            ("Step State", Is::State(["Charge", "Discharge", "Rest"])),
            ("MTV1", Is::Celsius),
            ("Charge Capacity(Ah)", Is::ChargeAh(1.0)),
            ("Discharge Capacity(Ah)", Is::DischargeAh(1.0)),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Repower).temperature_c.is_some());
}
