//! Maccor's and Landt's layouts, by the header lines of real exports.

use super::super::super::log::Format;
use super::synthetic::{CYCLE_AH, File, Is, Moment, STARTED, check, near, rows};

const LETTERS: [&str; 3] = ["C", "D", "R"];

#[test]
fn maccor_csv_in_the_style_of_oxford() {
    let file = File {
        preamble: "Today's Date ,28-Nov-23\nFilename:,cell.024\n",
        header: "Rec,Cycle C,Step,Test Time (sec),Step Time (sec),Capacity,Energy,Current,Voltage,DPT Time,Temp 1",
        columns: &[
            ("Rec", Is::Number),
            ("Cycle C", Is::Cycle),
            ("Step", Is::Step),
            ("Test Time (sec)", Is::Time(1.0)),
            ("Step Time (sec)", Is::StepTime(1.0)),
            ("Capacity", Is::StepAh(1.0)),
            ("Energy", Is::StepWh(1.0)),
            ("Current", Is::Ampere(1.0)),
            ("Voltage", Is::Volt(1.0)),
            ("DPT Time", Is::Clock(Moment::Named12)),
            ("Temp 1", Is::Celsius),
        ],
        ..File::default()
    };
    let recording = file.check(Format::Maccor);
    assert_eq!(recording.started_at.unwrap().to_string(), STARTED);
    assert!(recording.temperature_c.is_some());
}

const MIMS: &str = "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\tLoop1\tLoop2\tLoop3\tLoop4\tACImp/Ohms\tDCIR/Ohms\tWF Chg Cap\tWF Dis Cap\tWF Chg E\tWF Dis E\tRange\tVAR1\tVAR2\tVAR3\tVAR4\tVAR5\tVAR6\tVAR7\tVAR8\tVAR9\tVAR10\tVAR11\tVAR12\tVAR13\tVAR14\tVAR15";

#[test]
fn maccor_mims_with_a_line_of_free_text_and_either_sign_of_amps() {
    for amps in [Is::UnsignedAmpere(1.0), Is::DischargeAmpere(1.0), Is::Ampere(1.0)] {
        let file = File {
            preamble: "Today's Date 11/22/2019  Date of Test:\t11/21/2019\t Filename:\tC:\\x\\PreDiag.052 Procedure: PreDiag.000\tComment/Barcode: 000151\r\n",
            header: MIMS,
            delimiter: '\t',
            end: "\r\n",
            filler: "N/A",
            columns: &[
                ("Rec#", Is::Number),
                ("Cyc#", Is::Cycle),
                ("Step", Is::Step),
                ("Test (Sec)", Is::Time(1.0)),
                ("Step (Sec)", Is::StepTime(1.0)),
                ("Amp-hr", Is::StepAh(1.0)),
                ("Watt-hr", Is::StepWh(1.0)),
                ("Amps", amps),
                ("Volts", Is::Volt(1.0)),
                ("State", Is::State(LETTERS)),
                ("DPt Time", Is::Clock(Moment::American)),
            ],
            ..File::default()
        };
        // A blank line stands at the end.
        let text = format!("{}\r\n", file.text(&rows()));
        assert_eq!(check(text.as_bytes(), Format::Maccor).started_at.unwrap().to_string(), STARTED);
    }
}

#[test]
fn maccor_mims_in_minutes_with_and_without_a_date() {
    let header =
        "Rec#\tCyc#\tStep\tTest (Min)\tStep (Min)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time";
    for clock in [Is::Clock(Moment::American), Is::Text("10:00:00")] {
        let file = File {
            preamble: "Today's Date\t05/13/2024\t Date of Test:\t05/13/2024\r\n",
            header,
            delimiter: '\t',
            end: "\r\n",
            columns: &[
                ("Cyc#", Is::Cycle),
                ("Step", Is::Step),
                ("Test (Min)", Is::Time(60.0)),
                ("Step (Min)", Is::StepTime(60.0)),
                ("Amp-hr", Is::StepAh(1.0)),
                ("Amps", Is::UnsignedAmpere(1.0)),
                ("Volts", Is::Volt(1.0)),
                ("State", Is::State(LETTERS)),
                ("DPt Time", clock),
            ],
            ..File::default()
        };
        let text = file.text(&rows());
        let recording = super::read_bytes(text.as_bytes()).unwrap();
        assert_eq!(recording.format, Format::Maccor);
        assert!(near(recording.time_s[49], 2940.0), "{}", recording.time_s[49]);
        assert!(near(recording.current_a[49], -1.5));
        assert!(near(recording.cycles()[0].discharge_capacity_ah, CYCLE_AH));
    }
}

#[test]
fn maccor_text_with_days_twin_headers_and_a_sentinel() {
    let header = format!(
        "Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\tACImp/Ohms\tDCIR/Ohms{}{}",
        (1..=16).map(|number| format!("\tAux #{number}\t Units")).collect::<String>(),
        (1..=15).map(|number| format!("\tVAR{number}")).collect::<String>(),
    );
    let file = File {
        preamble: "Today's Date\t05/14/2024\nDate of Test:\t05/13/2024\nFilename:\tC:\\x.001\n",
        header: &header,
        delimiter: '\t',
        filler: "-2500.0",
        columns: &[
            ("Cyc#", Is::Cycle),
            ("Step", Is::Step),
            ("TestTime", Is::DayHms),
            ("StepTime", Is::StepDayHms),
            ("Amp-hr", Is::StepAh(1.0)),
            ("Watt-hr", Is::StepWh(1.0)),
            ("Amps", Is::UnsignedAmpere(1.0)),
            ("Volts", Is::Volt(1.0)),
            ("State", Is::State(LETTERS)),
            ("DPt Time", Is::Clock(Moment::American)),
        ],
        ..File::default()
    };
    assert_eq!(file.check(Format::Maccor).temperature_c, None);
}

const TEXT: &str = "Rec\tCycle P\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tEner. [Wh]\tCurrent [A]\tVoltage [V]\tMd\tES\tDPT Time\tVAR1\tVAR2\tVAR3\tVAR4\tVAR5\tVAR6\tVAR7\tVAR8\tVAR9\tVAR10\tVAR11\tVAR12\tVAR13\tVAR14\tVAR15";
const TEXT_COLUMNS: [(&str, Is); 9] = [
    ("Cycle C", Is::Cycle),
    ("Step", Is::Step),
    ("TestTime", Is::Time(60.0)),
    ("StepTime", Is::StepTime(60.0)),
    ("Cap. [Ah]", Is::StepAh(1.0)),
    ("Current [A]", Is::UnsignedAmpere(1.0)),
    ("Voltage [V]", Is::Volt(1.0)),
    ("Md", Is::State(LETTERS)),
    ("DPT Time", Is::Clock(Moment::American12)),
];

#[test]
fn maccor_text_with_decimal_commas_and_a_blank_line_after_the_header() {
    let file = File {
        preamble: "Name:\tcell\nChannel:\t53\n\n",
        header: TEXT,
        delimiter: '\t',
        comma: true,
        columns: &TEXT_COLUMNS,
        ..File::default()
    };
    let text = file.text(&rows()).replacen("VAR15\n", "VAR15\n\n", 1);
    let recording = check(text.as_bytes(), Format::Maccor);
    let mark = recording.evidence.iter().find(|evidence| evidence.what == "decimal_mark").unwrap();
    assert_eq!(mark.found, "comma");
}

#[test]
fn maccor_text_with_bytes_that_are_no_text_above_it_and_a_field_more_than_names() {
    let file =
        File { header: TEXT, delimiter: '\t', trailing: "\t", columns: &TEXT_COLUMNS, ..File::default() };
    let mut bytes = b"Name:\tcell\nBarcode\t\xFF\xFF\x01\x02\xFE\n\n".to_vec();
    bytes.extend(file.text(&rows()).into_bytes());
    let recording = check(&bytes, Format::Maccor);
    // Minutes, as the wall clock beside them shows.
    assert!(recording.has_remark("time_unit_by_clock"));
}

#[test]
fn maccor_text_in_milli_units_with_millivolts_under_volts() {
    let file = File {
        preamble: "Today's Date\t05/13/2024\nDate of Test:\t05/13/2024\n\n\n",
        header: "Rec#\tCyc#\tStep\tTestTime\tStepTime\tmAmp-hr\tmWatt-hr\tmAmps\tVolts\tState\tES\tDPt Time\tUnnamed: 12",
        delimiter: '\t',
        filler: "",
        columns: &[
            ("Cyc#", Is::Cycle),
            ("Step", Is::Step),
            ("TestTime", Is::Hms),
            ("StepTime", Is::StepHms),
            ("mAmp-hr", Is::StepAh(1e-3)),
            ("mWatt-hr", Is::StepWh(1e-3)),
            ("mAmps", Is::UnsignedAmpere(1e-3)),
            ("Volts", Is::Volt(1e-3)),
            ("State", Is::State(LETTERS)),
            ("DPt Time", Is::Clock(Moment::American12)),
        ],
        ..File::default()
    };
    let recording = file.check(Format::Maccor);
    assert!(recording.has_remark("voltage_in_millivolts"));
    assert!(recording.evidence.iter().any(|evidence| evidence.what == "unit" && evidence.found == "mV"));
}

#[test]
fn maccor_saved_again_by_a_spreadsheet() {
    let file = File {
        preamble: "\u{feff}",
        header: "Rec,Cycle C,Step,TestTime,StepTime,Cap. [Ah],Voltage [V],Md,Current [A]",
        columns: &[
            ("Cycle C", Is::Cycle),
            ("Step", Is::Step),
            ("TestTime", Is::Hms),
            ("Cap. [Ah]", Is::StepAh(1.0)),
            ("Voltage [V]", Is::Volt(1.0)),
            ("Md", Is::State(LETTERS)),
            ("Current [A]", Is::UnsignedAmpere(1.0)),
        ],
        ..File::default()
    };
    file.check(Format::Maccor);
}

#[test]
fn maccor_in_the_style_of_faraday_with_the_header_on_line_14() {
    let preamble: String = (1..14).map(|line| format!("Key {line}:,value\n")).collect();
    let file = File {
        preamble: &preamble,
        header: "Rec,Cycle C,Step,Test Time [s],Step Time [s],Capacity [Ah],Energy [Wh],Current [A],Voltage [V],DPT Time,Temperature Cell [degC],Temperature Chamber [degC]",
        columns: &[
            ("Cycle C", Is::Cycle),
            ("Step", Is::Step),
            ("Test Time [s]", Is::Time(1.0)),
            ("Capacity [Ah]", Is::StepAh(1.0)),
            ("Current [A]", Is::Ampere(1.0)),
            ("Voltage [V]", Is::Volt(1.0)),
            ("DPT Time", Is::Clock(Moment::Iso)),
            ("Temperature Cell [degC]", Is::Celsius),
        ],
        ..File::default()
    };
    let recording = file.check(Format::Maccor);
    let header = recording.evidence.iter().find(|evidence| evidence.what == "header").unwrap();
    assert_eq!(header.found, "line 14");
}

#[test]
fn landt_csv_with_a_padded_preamble_and_a_field_more_than_names() {
    let file = File {
        preamble: "cell model:,,,,,,,,,,,,,,,,\ncell id: ,,,,,,,,,,,,,,,,\ntest: ,,,,,,,,,,,,,,,,\ncheckpoint: ,,,,,,,,,,,,,,,,\n,,,,,,,,,,,,,,,,\n,,,,,,,,,,,,,,,,\n",
        header: "channel_index,cycle_index,step_index,date_time_iso_string,test_time_s,step_time_s,current_A,voltage_V,discharge_capacity_Ah,charge_capacity_Ah,discharge_energy_Wh,charge_energy_Wh,Pressure_Psi,temperature_1_C,temperature_2_C,temperature_3_C,step_name",
        trailing: ",",
        columns: &[
            ("cycle_index", Is::Cycle),
            ("step_index", Is::Step),
            ("date_time_iso_string", Is::Clock(Moment::American)),
            ("test_time_s", Is::Time(1.0)),
            ("step_time_s", Is::StepTime(1.0)),
            ("current_A", Is::Ampere(1.0)),
            ("voltage_V", Is::Volt(1.0)),
            ("discharge_capacity_Ah", Is::StepDischargeAh(1.0)),
            ("charge_capacity_Ah", Is::StepChargeAh(1.0)),
            ("discharge_energy_Wh", Is::StepDischargeWh(1.0)),
            ("charge_energy_Wh", Is::StepChargeWh(1.0)),
            ("temperature_1_C", Is::Celsius),
            ("step_name", Is::State(["charge", "discharge", "rest"])),
        ],
        ..File::default()
    };
    assert!(file.check(Format::Landt).temperature_c.is_some());
}

#[test]
fn landt_text_with_a_stroke_in_dpt_time() {
    let file = File {
        preamble: "Landt export of channel 1\n",
        header: "Rec#\tCyc#\tStep\tTest(Sec)\tStep(Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt-Time",
        delimiter: '\t',
        columns: &[
            ("Cyc#", Is::Cycle),
            ("Step", Is::Step),
            ("Test(Sec)", Is::Time(1.0)),
            ("Step(Sec)", Is::StepTime(1.0)),
            ("Amp-hr", Is::StepAh(1.0)),
            ("Amps", Is::Ampere(1.0)),
            ("Volts", Is::Volt(1.0)),
            ("State", Is::State(["C_CC", "D_CC", "R"])),
            ("DPt-Time", Is::Clock(Moment::Iso)),
        ],
        ..File::default()
    };
    file.check(Format::Landt);
}
