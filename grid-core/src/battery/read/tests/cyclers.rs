//! BioLogic, Basytec, Novonix, PEC and Digatron, by the header lines of real exports.

use super::super::super::log::Format;
use super::synthetic::{File, Is, Moment, STARTED, check, near, rows};

const BT_LAB: &str = "Ns changes\tNs\ttime/s\tEcell/V\tI/mA\t(Q-Qo)/mA.h\tEnergy charge/W.h\tEnergy discharge/W.h\tstep time/s\tQ discharge/mA.h\tQ charge/mA.h\tCapacity/mA.h\tcycle number\tP/W\tR/Ohm\tTemperature/\u{fffd}C\t";
const BT_LAB_COLUMNS: [(&str, Is); 9] = [
    ("Ns", Is::Step),
    ("Ecell/V", Is::Volt(1.0)),
    ("I/mA", Is::Ampere(1e-3)),
    ("(Q-Qo)/mA.h", Is::NetAh(1e-3)),
    ("Q discharge/mA.h", Is::StepDischargeAh(1e-3)),
    ("Q charge/mA.h", Is::StepChargeAh(1e-3)),
    ("cycle number", Is::CycleFloat),
    ("Temperature/\u{fffd}C", Is::Celsius),
    ("step time/s", Is::StepTime(1.0)),
];

/// A preamble that says how many lines it has.
fn preamble(program: &str, lines: usize, end: &str) -> String {
    let mut text =
        format!("{program} ASCII FILE{end}Nb header lines : {lines}                          {end}{end}");
    for line in 4..lines {
        text.push_str(&format!("Setting {line}\t0,001\tValue{end}"));
    }
    text
}

#[test]
fn biologic_bt_lab_with_103_header_lines_and_a_trailing_tab() {
    let mut columns = BT_LAB_COLUMNS.to_vec();
    columns.push(("time/s", Is::Time(1.0)));
    let preamble = preamble("BT-Lab", 103, "\n").replacen(
        "Setting 5",
        "Acquisition started on : 05/13/2024 11:19:51.000\nSetting 5",
        1,
    );
    let preamble = preamble.replacen("Setting 6\t0,001\tValue\n", "", 1);
    let file =
        File { preamble: &preamble, header: BT_LAB, delimiter: '\t', columns: &columns, ..File::default() };
    let recording = file.check(Format::Biologic);
    assert_eq!(recording.started_at.unwrap().to_string(), STARTED);
    assert!(recording.temperature_c.is_some());
    let header = recording.evidence.iter().find(|evidence| evidence.what == "header").unwrap();
    assert_eq!(header.found, "line 103");
}

#[test]
fn biologic_with_a_wall_clock_under_seconds() {
    let mut columns = BT_LAB_COLUMNS.to_vec();
    columns.push(("time/s", Is::Clock(Moment::American)));
    let preamble = preamble("BT-Lab", 98, "\n");
    let file =
        File { preamble: &preamble, header: BT_LAB, delimiter: '\t', columns: &columns, ..File::default() };
    let recording = file.check(Format::Biologic);
    assert_eq!(recording.started_at.unwrap().to_string(), STARTED);
    assert!(recording.has_remark("time_from_clock"));
}

#[test]
fn biologic_without_a_preamble() {
    let file = File {
        header: "mode\tox/red\terror\tcontrol changes\tNs changes\tcounter inc.\tNs\tI Range\ttime/s\tcontrol/V/mA\tEcell/V\tI/mA\tdq/mA.h\t(Q-Qo)/mA.h\t|Energy|/W.h\tQ charge/discharge/mA.h\thalf cycle\tTemperature/\u{fffd}C\tEnergy charge/W.h\tEnergy discharge/W.h\tCapacitance charge/\u{fffd}F\tCapacitance discharge/\u{fffd}F\tx\tQ discharge/mA.h\tQ charge/mA.h\tCapacity/mA.h\tEfficiency/%\tcontrol/V\tcontrol/mA\tcycle number\tP/W\tR/Ohm\t",
        delimiter: '\t',
        columns: &[
            ("Ns", Is::Step),
            ("time/s", Is::Time(1.0)),
            ("Ecell/V", Is::Volt(1.0)),
            ("I/mA", Is::Ampere(1e-3)),
            ("(Q-Qo)/mA.h", Is::NetAh(1e-3)),
            ("Temperature/\u{fffd}C", Is::Celsius),
            ("Q discharge/mA.h", Is::StepDischargeAh(1e-3)),
            ("Q charge/mA.h", Is::StepChargeAh(1e-3)),
            ("cycle number", Is::CycleFloat),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Biologic).temperature_c.is_some());
}

#[test]
fn biologic_exported_again_with_semicolons_and_an_unnamed_index() {
    let file = File {
        header: ";mode;ox;error;time/s;Ecell/V;dq/mA.h;I/mA;(Q-Qo)/mA.h;x;control/V;control/mA;control changes;dQ/mA.h;cycle number;DQ/mA.h;Rapp/Ohm;control/°C;T/°C;rotation rate/rpm;Ns changes;freq/Hz;|Ewe|/V;|I|/A;Phase(Z)/deg;|Z|/Ohm;Re(Z)/Ohm;-Im(Z)/Ohm;I Range;Q charge/mA.h;Q discharge/mA.h;Tech Num;End buf;counter inc.;R/Ohm;P/W;Energy/W.h;Analog OUT/V;Cs-2/µF-2;Re(Y)/Ohm-1;Im(Y)/Ohm-1;|Y|/Ohm-1;Phase(Y)/deg;Energy charge/W.h;Energy discharge/W.h;Capacitance charge/µF;Capacitance discharge/µF;Ns;dI/dt/mA/s;Delta(mass)/g;Phase(I)/rad;Rcmp/Ohm;Cs/µF;sin ampl/V;Conductivity/S.cm-1;Cp/µF;Cp-2/µF-2;Efficiency/%;(Q-Qo)/C;dQ/C;cycle time/s;charge time/s;discharge time/s;d(Q-Qo)/dE/mA.h/V;Capacity/mA.h;<EcellX>/V;Temperature/°C/°c;z cycle;NbIterInstr;Instr;Loop;cycle_index",
        delimiter: ';',
        columns: &[
            ("time/s", Is::Clock(Moment::American)),
            ("Ecell/V", Is::Volt(1.0)),
            ("I/mA", Is::Ampere(1e-3)),
            ("(Q-Qo)/mA.h", Is::NetAh(1e-3)),
            ("Q charge/mA.h", Is::StepChargeAh(1e-3)),
            ("Q discharge/mA.h", Is::StepDischargeAh(1e-3)),
            ("Ns", Is::Step),
            ("Temperature/°C/°c", Is::Celsius),
            ("cycle_index", Is::CycleFloat),
            ("cycle number", Is::CycleFloat),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Biologic).temperature_c.is_some());
}

#[test]
fn ec_lab_in_german_with_decimal_commas_latin_1_and_carriage_returns() {
    let file = File {
        preamble: "EC-Lab ASCII FILE\r\nNb header lines : 9                          \r\n\r\nGalvanostatic Cycling with Potential Limitation\r\n\r\nAcquisition started on : 05/13/2024 11:19:51\r\nElectrode surface area : 0,001 cm\u{b2}\r\n\r\n",
        header: "mode\tox/red\terror\tcontrol changes\tNs changes\tcounter inc.\tNs\ttime/s\tdq/mA.h\t(Q-Qo)/mA.h\tcontrol/V/mA\tEwe/V\tI Range\tQ charge/discharge/mA.h\thalf cycle\tP/W\tEnergy charge/W.h\tEnergy discharge/W.h\tCapacitance charge/\u{b5}F\tCapacitance discharge/\u{b5}F\tstep time/s\t<I>/mA\tcycle number\t",
        delimiter: '\t',
        end: "\r\n",
        comma: true,
        columns: &[
            ("Ns", Is::Step),
            ("time/s", Is::Time(1.0)),
            ("(Q-Qo)/mA.h", Is::NetAh(1e-3)),
            ("Ewe/V", Is::Volt(1.0)),
            ("step time/s", Is::StepTime(1.0)),
            ("<I>/mA", Is::Ampere(1e-3)),
            ("cycle number", Is::CycleFloat),
        ],
        ..File::default()
    };
    let bytes: Vec<u8> = file.text(&rows()).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(check(&bytes, Format::Biologic).started_at.unwrap().to_string(), STARTED);
}

const BASYTEC: &str = "~Time[s]\tDataSet\tt-Step[s]\tt-Set[s]\tt-Cyc[s]\tLine\tCommand\tU[V]\tI[A]\tP[W]\tAh[Ah]\tAh-Cyc-Charge\tAh-Cyc-Discharge\tAh-Cyc-Charge-0\tAh-Cyc-Discharge-0\tAh-Step\tWh[Wh]\tWh-Cyc-Charge\tWh-Cyc-Discharge\tWh-Cyc-Charge-0\tWh-Cyc-Discharge-0\tWh-Step\tT1[\u{b0}C]\tR-AC\tR-DC\tLevel\tCyc-Count\tCount\tState";

#[test]
fn basytec_in_seconds_hours_and_as_a_duration() {
    let preamble = "~Resultfile from Basytec Battery Test System\n~Date and Time of Data Converting: 20.06.2023 14:15:35\n~Name of Test: x\n~Battery: x\n~Testchannel: 1\n~Date and Time of Test: 13.05.2024\n~Testplan: x\n~Start of Test: 13.05.2024 11:19:51\n~End of Test: 14.05.2024 11:19:51\n~x\n~x\n~\n";
    for (unit, time) in [("s", Is::Time(1.0)), ("h", Is::Time(3600.0)), ("h:min:s", Is::Hms)] {
        let header = BASYTEC.replacen("~Time[s]", &format!("~Time[{unit}]"), 1);
        let name = format!("~Time[{unit}]");
        let columns = [
            (name.as_str(), time),
            ("t-Step[s]", Is::StepTime(1.0)),
            ("Line", Is::Step),
            ("Command", Is::State(["Charge", "Discharge", "Pause"])),
            ("U[V]", Is::Volt(1.0)),
            ("I[A]", Is::Ampere(1.0)),
            ("Ah[Ah]", Is::NetAh(1.0)),
            ("Ah-Cyc-Charge", Is::ChargeAh(1.0)),
            ("Ah-Cyc-Discharge", Is::DischargeAh(1.0)),
            ("Ah-Step", Is::StepAh(1.0)),
            ("T1[\u{b0}C]", Is::Celsius),
        ];
        let file = File { preamble, header: &header, delimiter: '\t', columns: &columns, ..File::default() };
        // Two cycles without a column that numbers them: by the current.
        let bytes: Vec<u8> =
            file.text(&rows()).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let recording = super::read_bytes(&bytes).unwrap();
        assert_eq!(recording.format, Format::Basytec);
        assert_eq!(recording.started_at.unwrap().to_string(), STARTED);
        for (row, known) in rows().iter().enumerate() {
            assert!((recording.time_s[row] - known.time_s).abs() < 1e-3, "{unit} {}", recording.time_s[row]);
            assert!(near(recording.voltage_v[row], known.voltage_v));
            assert!(near(recording.current_a[row], known.current_a));
            assert!(near(recording.temperature_c.as_ref().unwrap()[row], known.temperature_c));
        }
        let summary = crate::battery::summarise(&recording);
        assert!(near(summary.charge_capacity_ah, 0.5), "{}", summary.charge_capacity_ah);
    }
}

const NOVONIX: &str = "Date and Time,Cycle Number,Step Type,Run Time (h),Step Time (h),Current (A),Potential (V),Capacity (Ah),Temperature (°C),Circuit Temperature (°C),Energy (Wh),dVdt (V/h),dIdt (A/h),Step Number,Step position,Power(W)";
const NOVONIX_BLOCKS: &str = "[Summary]\nNovonix HPC\nStart Time: 2024-05-13 11:19:51\n[End Summary]\n\n[Protocol]\n  [Repeat: 3 Times]\n    [Constant current charge: 1.5A]\n[End Protocol]\n\n[Data]\n";
const NOVONIX_COLUMNS: [(&str, Is); 10] = [
    ("Date and Time", Is::Clock(Moment::Iso)),
    ("Cycle Number", Is::Cycle),
    ("Step Type", Is::State(["1", "2", "0"])),
    ("Run Time (h)", Is::Time(3600.0)),
    ("Step Time (h)", Is::StepTime(3600.0)),
    ("Current (A)", Is::Ampere(1.0)),
    ("Potential (V)", Is::Volt(1.0)),
    ("Capacity (Ah)", Is::NetAh(1.0)),
    ("Temperature (°C)", Is::Text("-9999")),
    ("Step Number", Is::Step),
];

#[test]
fn novonix_with_its_blocks_hours_and_a_sentinel_for_no_temperature() {
    let file =
        File { preamble: NOVONIX_BLOCKS, header: NOVONIX, columns: &NOVONIX_COLUMNS, ..File::default() };
    let recording = file.check(Format::Novonix);
    assert_eq!(recording.temperature_c, None);
    assert!(recording.has_remark("temperature_missing"));
}

#[test]
fn novonix_with_every_record_in_one_quoted_field() {
    let header = "Date and Time,Cycle Number,Step Type,Run Time (h),Step Time (h),Current (A),Potential (V),Capacity (Ah),Temperature (°C),Circuit Temperature (°C),Energy (Wh),dVdt (I/h),dIdt (V/h),Step Number,Step position";
    let file = File { preamble: "", header, columns: &NOVONIX_COLUMNS, ..File::default() };
    let text: String = file.text(&rows()).lines().map(|line| format!("\"{line}\"\n")).collect();
    // The vendor writes `AM` behind an hour of the morning, and `PM` behind one that counts to 24.
    let half = |text: String, hour: &str, half: &str| {
        let lines = text.lines().map(|line| match line.split_once(',') {
            Some((date, rest)) if date.contains(hour) => format!("{date} {half},{rest}\n"),
            _ => format!("{line}\n"),
        });
        lines.collect::<String>()
    };
    let text = half(half(text, " 11:", "AM"), " 12:", "PM");
    let text = format!("{NOVONIX_BLOCKS}{text}");
    let recording = super::read_bytes(text.as_bytes()).unwrap();
    assert_eq!(recording.format, Format::Novonix);
    super::synthetic::same_numbers(&recording);
}

#[test]
fn pec_in_milli_units_with_an_energy_that_is_named_a_capacity() {
    let file = File {
        preamble: "Request Year:,2019,\nTest:,187,\nTest Description:,,\nTestRegime Name:,dQdV C/25,\n2019,187,1,1,3272,3,\n",
        header: "Test,Cell,Rack,Shelf,Position,Cell ID,Step,Cycle,Total Time (Seconds),Load On Time (Seconds),Step Time (Seconds),Cycle Charge Time (Seconds),Cycle Discharge Time (Seconds),Real Time,Position Start Time,Voltage (mV),Current (mA),Charge Capacity (mAh),Discharge Capacity (mAh),Charge Capacity (mWh),Discharge Capacity (mWh),ReasonCode,50% DoD (mV),PeakPower 1 (W),PeakPower 2 (W),Open Circuit Voltage 1 (V),Open Circuit Voltage 2 (V),Internal Resistance 1 (mOhm),Internal Resistance 2 (mOhm),Ambient temperature (°C),Cell surface temperature (°C),DC Internal Resistance (mOhm),AC Internal Resistance (mOhm),Station Temperature (°C),",
        columns: &[
            ("Test", Is::Text("187")),
            ("Rack", Is::Text("SBT0550")),
            ("Step", Is::Step),
            ("Cycle", Is::Cycle),
            ("Total Time (Seconds)", Is::Time(1.0)),
            ("Load On Time (Seconds)", Is::Text("17")),
            ("Step Time (Seconds)", Is::StepTime(1.0)),
            ("Real Time", Is::Clock(Moment::American)),
            ("Position Start Time", Is::Text("05/13/2024 11:19:50")),
            ("Voltage (mV)", Is::Volt(1e-3)),
            ("Current (mA)", Is::Ampere(1e-3)),
            ("Charge Capacity (mAh)", Is::ChargeAh(1e-3)),
            ("Discharge Capacity (mAh)", Is::DischargeAh(1e-3)),
            ("Charge Capacity (mWh)", Is::ChargeWh(1e-3)),
            ("Discharge Capacity (mWh)", Is::DischargeWh(1e-3)),
            ("Cell surface temperature (°C)", Is::Celsius),
        ],
        ..File::default()
    };
    let recording = file.check(Format::Pec);
    assert!(recording.temperature_c.is_some());
    assert!(near(recording.cycles()[0].charge_energy_wh, rows()[24].charge_wh));
}

#[test]
fn pec_with_hours_minutes_and_seconds_beside_seconds_and_amperes_beside_milliampere_hours() {
    let preamble = format!("Test:,25205,\nTestRegime Name:,x,\n{}", "Key:,value,\n".repeat(43));
    let file = File {
        preamble: &preamble,
        header: "Test,Cell,Rack,Shelf,Position,Cell ID,Step,Instruction Name,Cycle,Total Time (Hours in hh:mm:ss.xxx),Load On Time (Hours in hh:mm:ss.xxx),Step Time (Seconds),Cycle Charge Time (Hours in hh:mm:ss.xxx),Cycle Discharge Time (Hours in hh:mm:ss.xxx),Real Time,Position Start Time,Voltage (V),Current (A),Charge Capacity (mAh),Discharge Capacity (mAh),Charge Energy (mWh),Discharge Energy (mWh),ReasonCode,Charge Energy Density (Wh/kg),Discharge Energy Density (Wh/kg),50% DoD (mV),50% DoD vs CRate (mV),PeakPower 1 (W),PeakPower 2 (W),Open Circuit Voltage 1 (mV),Open Circuit Voltage 2 (mV),Coulombic Efficiency,Internal Resistance 1 (mOhm),Internal Resistance 2 (mOhm),Temp (°C),Station Temperature (°C),",
        columns: &[
            ("Step", Is::Step),
            ("Instruction Name", Is::Text("I_LIM_CHARGE")),
            ("Cycle", Is::Cycle),
            ("Total Time (Hours in hh:mm:ss.xxx)", Is::Hms),
            ("Load On Time (Hours in hh:mm:ss.xxx)", Is::Text("00:00:17.000")),
            ("Step Time (Seconds)", Is::StepTime(1.0)),
            ("Real Time", Is::Clock(Moment::American)),
            ("Voltage (V)", Is::Volt(1.0)),
            ("Current (A)", Is::Ampere(1.0)),
            ("Charge Capacity (mAh)", Is::ChargeAh(1e-3)),
            ("Discharge Capacity (mAh)", Is::DischargeAh(1e-3)),
            ("Charge Energy (mWh)", Is::ChargeWh(1e-3)),
            ("Discharge Energy (mWh)", Is::DischargeWh(1e-3)),
            ("Temp (°C)", Is::Celsius),
        ],
        ..File::default()
    };
    assert!(near(file.check(Format::Pec).cycles()[0].charge_energy_wh, rows()[24].charge_wh));
}

#[test]
fn digatron_with_a_hash_before_units_and_milliseconds_under_seconds() {
    let header = "Timestamp;Step;Status;Step Duration#s;Program Duration#s;Voltage#V;Current#A;AhCha#AH;AhDch#Ah;AhStep#Ah;AhAccu#Ah;WhCha#Wh;WhDch#Wh;WhStep#Wh;WhAccu#Wh;T1#degC;Tenv#degC";
    for unit in [1.0, 1e-3] {
        let file = File {
            header,
            delimiter: ';',
            columns: &[
                ("Timestamp", Is::Clock(Moment::German)),
                ("Step", Is::Step),
                ("Status", Is::State(["CHA", "DCH", "PAU"])),
                ("Program Duration#s", Is::Time(unit)),
                ("Voltage#V", Is::Volt(1.0)),
                ("Current#A", Is::Ampere(1.0)),
                ("AhCha#AH", Is::ChargeAh(1.0)),
                ("AhDch#Ah", Is::DischargeAh(1.0)),
                ("AhAccu#Ah", Is::NetAh(1.0)),
                ("T1#degC", Is::Celsius),
            ],
            ..File::default()
        };
        let recording = file.check(Format::Digatron);
        assert_eq!(recording.has_remark("time_unit_by_clock"), unit < 1.0);
        assert!(recording.temperature_c.is_some());
    }
}
