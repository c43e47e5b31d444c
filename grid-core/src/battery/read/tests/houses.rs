//! Layouts of home batteries, by the header lines of real exports.

use super::super::super::log::{Format, Recording};
use super::super::read_bytes_as;
use super::read_bytes;
use super::synthetic::near;

fn read(text: &str, format: Format) -> Recording {
    let recording = read_bytes(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(recording.format, format, "{:#?}", recording.evidence);
    assert!(recording.format.is_home());
    recording
}

fn channel<'a>(recording: &'a Recording, name: &str) -> &'a [f64] {
    &recording.channels.iter().find(|channel| channel.name == name).unwrap().values
}

#[test]
fn victron_vrm_with_three_header_lines_and_the_zone_in_the_first_cell() {
    let recording = read(
        ",Battery Monitor [512],Battery Monitor [512],Battery Monitor [512],Battery Monitor [512],Battery Monitor [512],System overview [0],System overview [0],PV Inverter [20]\n\
         Europe/Tallinn (+03:00),State of charge,Voltage,Current,Discharged Energy,Charged Energy,Battery Power,AC Consumption L1,L1 Energy\n\
         ,%,V,A,kWh,kWh,W,W,kWh\n\
         2025-11-08 06:00:00,71.5,53.20,-3.9,2410.30,2655.12,-207,610,0.31\n\
         2025-11-08 07:00:00,66.0,52.60,-8.7,2410.81,2655.12,-458,640,0.29\n\
         2025-11-08 08:00:00,66.9,53.70,6.4,2410.81,2655.47,344,590,0.77\n",
        Format::VictronVrm,
    );
    assert_eq!(recording.time_s, [0.0, 3600.0, 7200.0]);
    assert_eq!(recording.voltage_v, [53.20, 52.60, 53.70]);
    assert_eq!(recording.current_a, [-3.9, -8.7, 6.4]);
    assert!(near(recording.charge_energy_wh.as_ref().unwrap()[2], 2_655_470.0));
    assert_eq!(channel(&recording, "load_power_w"), [610.0, 640.0, 590.0]);
    let zone = recording.evidence.iter().find(|evidence| evidence.what == "zone").unwrap();
    assert_eq!(zone.found, "Europe/Tallinn (+03:00)");
    assert!(zone.confidence < 0.9, "the label is not true for summer and winter alike");
}

#[test]
fn victron_vrm_takes_the_battery_s_columns_and_not_the_charger_s() {
    let recording = read(
        ",Solar Charger [279],Solar Charger [279],Battery Monitor [512],Battery Monitor [512],Battery Monitor [512],System overview [0],System overview [0],System overview [0]\n\
         Europe/Berlin (+01:00),Voltage,Current,Voltage,Current,State of charge,AC Consumption L1,AC Consumption L2,AC Consumption L3\n\
         ,V,A,V,A,%,W,W,W\n\
         2026-01-01 12:00:00,90.1,7,52.10,-4.8,85,100,200,300\n\
         2026-01-01 12:15:00,90.2,7,51.80,-10.1,84,110,200,300\n",
        Format::VictronVrm,
    );
    assert_eq!(recording.voltage_v, [52.10, 51.80]);
    assert_eq!(recording.current_a, [-4.8, -10.1]);
    assert_eq!(channel(&recording, "load_power_w"), [600.0, 610.0]);
}

#[test]
fn tesla_s_app_in_kilowatt_hours_with_offsets() {
    let recording = read(
        "Date time,Home (kWh),From Powerwall (kWh),Solar Energy (kWh),From Grid (kWh),To Grid (kWh)\r\n\
         2020-05-01T01:00:00-07:00,11.2,1.0,5.0,12.4,0.0\r\n2020-05-02T01:00:00-07:00,12.4,2.0,6.0,13.6,0.0\r\n",
        Format::Tesla,
    );
    assert_eq!(recording.time_s, [0.0, 86_400.0]);
    // Energies of each day, even where they only grow.
    assert_eq!(recording.discharge_energy_wh, Some(vec![1000.0, 3000.0]));
    assert_eq!(channel(&recording, "load_energy_wh"), [11_200.0, 12_400.0]);
    let zone = recording.evidence.iter().find(|evidence| evidence.what == "zone").unwrap();
    assert_eq!(zone.found, "-07:00");
}

#[test]
fn tesla_by_netzero_and_by_powerwall_dashboard_counts_discharge_as_positive() {
    let recording = read(
        "timestamp,solar_power,battery_power,grid_power,load_power\n\
         2025-05-11 12:20:00,6210.0,-5930.5,402.5,682.0\n2025-05-11 12:25:00,6300.5,-2815.0,-2790.5,695.0\n",
        Format::Tesla,
    );
    assert_eq!(recording.power_w, Some(vec![5930.5, 2815.0]));
    let recording = read(
        "TimeStamp,Solar,Powerwall,Home,Grid,Charge\n2025-02-04T19:10:00Z,310,1804,2071,-43,20\n2025-02-04T19:11:00Z,305,1811,2075,-41,20\n",
        Format::Tesla,
    );
    assert_eq!(recording.power_w, Some(vec![-1804.0, -1811.0]));
    assert_eq!(recording.state_of_charge, Some(vec![0.2, 0.2]));
    // Without the house there is only the convention.
    let recording =
        read("TimeStamp,Powerwall\n2024-03-13T00:47:00Z,2187\n2024-03-13T00:48:00Z,-100\n", Format::Tesla);
    assert_eq!(recording.power_w, Some(vec![-2187.0, 100.0]));
    assert!(recording.has_remark("sign_by_convention"));
    let recording = read("timestamp,soe\n2024-07-19 00:00:00,44\n2024-07-19 00:15:00,43\n", Format::Tesla);
    assert_eq!(recording.state_of_charge, Some(vec![0.44, 0.43]));
}

#[test]
fn tesla_s_energies_by_their_way() {
    let recording = read(
        "timestamp,solar_energy_exported,grid_energy_imported,grid_energy_exported_from_solar,grid_energy_exported_from_battery,battery_energy_exported,battery_energy_imported_from_grid,battery_energy_imported_from_solar,consumer_energy_imported_from_grid,consumer_energy_imported_from_solar,consumer_energy_imported_from_battery\n\
         2025-06-03 01:00:00,51200,7210.5,30110,0,12480,310.5,11940.5,6900,9149.5,12480\n\
         2025-06-04 01:00:00,48900,6840,27660,0,11320,280,12890,6560,8350,11320\n",
        Format::Tesla,
    );
    assert_eq!(recording.discharge_energy_wh, Some(vec![12_480.0, 23_800.0]));
    assert_eq!(recording.charge_energy_wh, Some(vec![12_251.0, 25_421.0]));
}

#[test]
fn e3dc_in_german_with_thousands_two_powers_and_an_hour_that_is_missing() {
    let recording = read(
        "\u{feff}\"Zeitstempel\";\"Ladezustand [%]\";\"Solarproduktion [W]\";\"Batterie Laden [W]\";\"Batterie Entladen [W]\";\"Netzeinspeisung [W]\";\"Netzbezug [W]\";\"Hausverbrauch [W]\";\"Abregelungsgrenze [W]\"\r\n\
         31.03.2024 01:30:00;53,5;0;0;180,5;0;120;300,5;5000\r\n\
         31.03.2024 01:45:00;52,1;0;0;1.340,25;0;0;1.340,25;5000\r\n\
         31.03.2024 03:00:00;42;0;1.250;0;0;80;230;5000\r\n\
         31.03.2024 03:15:00;42;0;150;0;0;80;230;5000\r\n",
        Format::E3dc,
    );
    // `1.250` is 1250 in a file that writes `1.340,25`.
    assert_eq!(recording.power_w, Some(vec![-180.5, -1340.25, 1250.0, 150.0]));
    assert_eq!(recording.state_of_charge.as_ref().unwrap()[0], 0.535);
    assert!(recording.has_remark("clock_put_forward"));
    let mark = recording.evidence.iter().find(|evidence| evidence.what == "thousands_mark").unwrap();
    assert_eq!(mark.found, "point");
    let order = recording.evidence.iter().find(|evidence| evidence.what == "date_order").unwrap();
    assert_eq!(order.found, "day, month, year");
}

#[test]
fn sma_csv3_with_names_kinds_and_units_on_three_lines_and_sentinels() {
    let recording = read(
        "\u{feff}sep=,\nVersion CSV3|Tool WebUI|Linebreaks CR/LF|Delimiter comma\n\n,STP5.0-3AV-40 871,STP5.0-3AV-40 871,STP5.0-3AV-40 871,STP5.0-3AV-40 871,STP5.0-3AV-40 871\n,SUNNY TRIPOWER 5.0,SUNNY TRIPOWER 5.0,SUNNY TRIPOWER 5.0,SUNNY TRIPOWER 5.0,SUNNY TRIPOWER 5.0\n,1,1,1,1,1\n\
         ,Metering.TotWhOut,Metering.GridMs.TotWhOut,Metering.GridMs.AbsWhOut,Metering.GridMs.TotWhIn,Metering.GridMs.AbsWhIn\n\
         ,Analog,Analog,Analog,Analog,Analog\n\
         DD.MM.YYYY hh:mm:ss,[Wh],[Wh],[Wh],[Wh],[Wh]\n\
         02.05.2021 00:00:00,3,0,NaN,0,NaN\n03.05.2021 00:00:00,NaN,0,NaN,0,NaN\n04.05.2021 00:00:00,9120,6,NaN,9,NaN\n05.05.2021 00:00:00,31744,NaNStt,NaN,11,NaN\n",
        Format::Sma,
    );
    assert_eq!(recording.time_s, [0.0, 86_400.0, 172_800.0, 259_200.0]);
    let solar = channel(&recording, "solar_energy_wh");
    assert!(solar[1].is_nan());
    assert_eq!(solar[2..], [9_120.0, 31_744.0]);
    assert!(channel(&recording, "export_energy_wh")[3].is_nan());
}

#[test]
fn enphase_with_and_without_a_battery() {
    let recording = read(
        "Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),Imported from Grid (Wh)\n\
         10/12/2022 00:00,0,100,0,100\n10/12/2022 01:00,50,100,0,50\n10/13/2022 01:00,60,100,0,40\n",
        Format::Enphase,
    );
    assert_eq!(recording.started_at.unwrap().to_string(), "2022-10-12T00:00:00");
    let recording = read(
        "Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),Imported from Grid (Wh),Stored in Batteries (Wh),Discharged from Batteries (Wh)\n\
         10/12/2022 00:00,0,100,0,100,10,20\n10/12/2022 01:00,50,100,0,50,30,5\n",
        Format::Enphase,
    );
    assert_eq!(recording.charge_energy_wh, Some(vec![10.0, 40.0]));
    assert_eq!(recording.discharge_energy_wh, Some(vec![20.0, 25.0]));
}

#[test]
fn solarman_counts_the_day_s_energy_from_midnight() {
    let recording = read(
        "Updated Time,Production-Today(kWh),Energy Charged-This Day(kWh),Energy Discharged-This Day(kWh)\n\
         2024/06/01 22:00:00,9.1,3.0,2.0\n2024/06/01 23:00:00,9.1,3.0,2.5\n2024/06/02 00:00:00,0,0,0.2\n2024/06/02 12:00:00,4.0,1.5,0.2\n",
        Format::Solarman,
    );
    assert_eq!(recording.charge_energy_wh, Some(vec![3000.0, 3000.0, 3000.0, 4500.0]));
    assert_eq!(recording.discharge_energy_wh, Some(vec![2000.0, 2500.0, 2700.0, 2700.0]));
    assert!(recording.has_remark("daily_energy_summed"));
}

#[test]
fn sonnen_counts_discharge_as_positive() {
    let recording = read(
        "Timestamp,Consumption_W,Production_W,GridFeedIn_W,Pac_total_W,RSOC,USOC,Uac,Ubat\n\
         2024-01-01 10:00:00,600,100,0,500,85,80,230,52.1\n2024-01-01 10:01:00,600,1100,0,-500,85,81,230,52.3\n",
        Format::Sonnen,
    );
    assert_eq!(recording.power_w, Some(vec![-500.0, 500.0]));
    assert_eq!(recording.state_of_charge, Some(vec![0.80, 0.81]));
    assert_eq!(recording.voltage_v, [52.1, 52.3]);
}

#[test]
fn batmon_counts_discharge_as_positive_and_capacity_is_what_the_pack_has() {
    let recording = read(
        "timestamp,voltage,current,power,soc,charge,capacity,num_cycles,mos_temperature,temperatures/1\n\
         1715599191,52.1,10,521,80,80.0,100,12,30,21\n1715599251,52.0,10,520,79.8,79.83,100,12,30,22\n",
        Format::Batmon,
    );
    assert_eq!(recording.current_a, [-10.0, -10.0]);
    assert_eq!(recording.capacity_ah, Some(vec![80.0, 79.83]));
    assert_eq!(recording.temperature_c, Some(vec![21.0, 22.0]));
    assert_eq!(recording.started_at.unwrap().to_string(), "2024-05-13T11:19:51");
}

#[test]
fn home_assistant_s_history_has_a_line_a_change() {
    let recording = read(
        "entity_id,state,last_changed\nsensor.battery_soc,61.0,2025-09-02T07:30:00.000Z\nsensor.battery_soc,unavailable,2025-09-02T07:41:00.000Z\nsensor.battery_power,-640.5,2025-09-02T07:30:04.250Z\n",
        Format::HomeAssistant,
    );
    assert_eq!(recording.len(), 2);
    assert!(recording.evidence.iter().any(|evidence| evidence.what == "format" && evidence.confidence > 0.9));
}

#[test]
fn the_earlier_service_labels_kilowatt_hours_as_kilowatts() {
    // CONTRACT.md 1.3: the level in per cent; without the energy it is the level times the capacity.
    let recording = read(
        "Timestamp,Battery_Level,Battery_Capacity_kW\n2024-05-13 11:19:51,50,10\n2024-05-13 11:20:51,51,10\n",
        Format::GridLevel,
    );
    assert_eq!(recording.state_of_charge, Some(vec![0.5, 0.51]));
    assert_eq!(recording.energy_wh, Some(vec![5000.0, 5100.0]));
    assert_eq!(channel(&recording, "energy_capacity_wh"), [10_000.0, 10_000.0]);
    assert_eq!(recording.power_w, None);
    let recording = read(
        "Timestamp,Battery_Level,Battery_Capacity_kW,Energy_Available_kW\n2024-05-13 11:19:51,50,10,5.05\n2024-05-13 11:20:51,51,10,5.15\n",
        Format::GridLevel,
    );
    assert_eq!(recording.energy_wh, Some(vec![5050.0, 5150.0]));
    assert_eq!(recording.power_w, None);
}

#[test]
fn a_house_of_no_known_vendor_is_one_all_the_same() {
    let recording = read(
        "Datum und Uhrzeit;Energie aus Batterie bezogen;Energie in Batterie gespeichert;PV Produktion;Verbrauch\n\
         [dd.MM.yyyy HH:mm];[Wh];[Wh];[Wh];[Wh]\n13.05.2024 12:00;10;0;0;20\n13.05.2024 12:05;0;30;50;20\n13.05.2024 12:10;0;10;50;20\n",
        Format::Home,
    );
    assert_eq!(recording.charge_energy_wh, Some(vec![0.0, 30.0, 40.0]));
    assert_eq!(recording.discharge_energy_wh, Some(vec![10.0, 10.0, 10.0]));
}

#[test]
fn what_is_said_of_the_format_counts_before_the_signature() {
    let file =
        b"Timestamp,Battery_Power,Battery_Voltage\n2024-01-01 10:00:00,500,52\n2024-01-01 10:01:00,400,52\n";
    assert_eq!(read_bytes(file).unwrap().power_w, Some(vec![500.0, 400.0]));
    let recording = read_bytes_as(file, Format::Tesla).unwrap();
    assert_eq!((recording.format, recording.power_w), (Format::Tesla, Some(vec![-500.0, -400.0])));
    assert!((recording.evidence[0].confidence - 1.0).abs() < 1e-12);
}
