//! Bodies as they are sent, where the examples of their fields do not make one.

use serde_json::{Value, json};
use utoipa::openapi::{OpenApi, RefOr};

use super::operations;
use crate::oauth::FORM;

const JSON: &str = "application/json";
const CSV: &str = "text/csv";
const XML: &str = "application/xml";

/// A recording of an hour, which any of the paths for them reads.
const RECORDING: &str = "time_s,voltage_v,current_a\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n";
/// What the old battery service loaded.
const LEVELS: &str =
    "Timestamp,Battery_Level,Battery_Capacity_kW,Energy_Available_kW\n2026-03-01 00:00:00,42,10,4.2\n";
/// A sheet of the Austrian EDA portal with one hour of one member and one plant.
const SHEET: &str = "MeteringpointID;AT001;AT001;AT001;AT002;AT002\n\
     Energy direction;CONSUMPTION;CONSUMPTION;CONSUMPTION;GENERATION;GENERATION\n\
     Metercode;G.01;G.02;G.03;G.01;P.01\n\
     01.03.2026 00:00;1,5;1,0;1,0;1,0;0,0\n";
/// A quarter of an hour of what was taken from the grid, as Green Button has it.
const GREEN_BUTTON: &str = "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:espi=\"http://naesb.org/espi\">\
     <entry><content><espi:ReadingType><espi:flowDirection>1</espi:flowDirection>\
     <espi:powerOfTenMultiplier>0</espi:powerOfTenMultiplier><espi:uom>72</espi:uom></espi:ReadingType></content></entry>\
     <entry><content><espi:IntervalBlock><espi:IntervalReading><espi:timePeriod><espi:duration>900</espi:duration>\
     <espi:start>1772323200</espi:start></espi:timePeriod><espi:value>250</espi:value></espi:IntervalReading>\
     </espi:IntervalBlock></content></entry></feed>";

/// The bodies, by path and media type: a path has one operation that takes a body and lacks an example of it.
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let refresh =
        json!({"grant_type": "refresh_token", "refresh_token": "the one that the last answer gave"});
    let token = json!({"token": "the token that is asked about", "token_type_hint": "access_token"});
    let values: Vec<f64> = (0..24).map(|hour| if (8..20).contains(&hour) { 1.2 } else { 0.4 }).collect();
    let series = json!({"start": "2026-01-01T00:00:00Z", "time_zone": "Europe/Madrid", "values": values});
    let asked = json!({"series": series, "horizon_hours": 24, "levels": [50, 80], "model": "auto", "resolution": "1h"});
    let scored = json!({"series": series, "horizon_hours": 4, "resolution": "1h", "origins": ["2026-01-01T19:00:00Z"]});
    let half_hours: Vec<f64> = (0..47).map(|slot| if (16..40).contains(&slot) { 0.6 } else { 0.2 }).collect();
    let flat = json!({
        "id": "flat", "currency": "EUR", "valid_from": "2026-01-01",
        "components": [{"id": "energy", "kind": "energy", "quantity": "import", "price_per_kwh": 0.15}],
    });
    let reads = json!({
        "channel": "import",
        "reads": [
            {"at": "2026-03-01T00:00:00+01:00", "counter_kwh": "10452.300000", "quality": "measured"},
            {"at": "2026-04-01T00:00:00+02:00", "counter_kwh": "10701.900000", "quality": "measured"},
        ],
    });
    let device = json!({"name": "Casa 7, contador", "time_zone": "Europe/Madrid"});
    let missing = json!({"channel": "import", "from": "2026-03-01", "to": "2026-04-01", "resolution": "15min", "store": true});
    let contract = json!({"contract": {"resolution": "15min", "law": "spain"}, "valid_from": "2026-01-01"});
    vec![
        ("/api/v1/auth/refresh", JSON, refresh.clone()),
        ("/api/v1/auth/refresh", FORM, refresh.clone()),
        ("/api/v1/auth/logout", JSON, refresh.clone()),
        ("/api/v1/auth/logout", FORM, refresh),
        ("/api/v1/auth/revoke", JSON, token.clone()),
        ("/api/v1/auth/revoke", FORM, token.clone()),
        ("/api/v1/auth/introspect", JSON, token.clone()),
        ("/api/v1/auth/introspect", FORM, token),
        ("/api/v1/devices/{id}", JSON, device),
        ("/api/v1/devices/{id}/readings", XML, GREEN_BUTTON.into()),
        ("/api/v1/devices/{id}/registers", JSON, reads),
        ("/api/v1/devices/{id}/substitutions", JSON, missing),
        ("/api/v1/communities/{id}/members", JSON, json!({"name": "Casa 7", "role": "member"})),
        ("/api/v1/communities/{id}/readings", XML, GREEN_BUTTON.into()),
        ("/api/v1/communities/{id}/keys", JSON, json!({"kind": "proportional", "valid_from": "2026-01-01"})),
        ("/api/v1/communities/{id}/contracts", JSON, contract),
        ("/api/v1/communities/{id}/tariffs", JSON, flat),
        (
            "/api/v1/communities/{id}/settlements",
            JSON,
            json!({"month": "2026-03", "issue": false, "missing": "refuse"}),
        ),
        ("/api/v1/communities/{id}/reconcile", CSV, SHEET.into()),
        ("/api/v1/battery/recordings", CSV, RECORDING.into()),
        ("/api/v1/battery/recordings", "application/octet-stream", RECORDING.into()),
        ("/api/v1/battery/recordings", "multipart/form-data", json!({"file": RECORDING})),
        ("/api/v1/battery/load", CSV, LEVELS.into()),
        ("/api/v1/battery/load", "multipart/form-data", json!({"file": LEVELS})),
        ("/battery/load", CSV, LEVELS.into()),
        ("/battery/load", "multipart/form-data", json!({"file": LEVELS})),
        ("/api/v1/forecasts", JSON, asked),
        ("/api/v1/forecasts/backtest", JSON, scored),
        ("/predict/com", JSON, json!(half_hours)),
    ]
}

/// Gives each of these bodies to the operation that takes it.
pub(super) fn add(document: &mut OpenApi) {
    for (path, media_type, example) in bodies() {
        let Some(item) = document.paths.paths.get_mut(path) else { continue };
        for operation in operations(item) {
            let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
            if let Some(RefOr::T(content)) = body.content.get_mut(media_type) {
                content.example.get_or_insert_with(|| example.clone());
            }
        }
    }
}
