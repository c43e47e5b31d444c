//! The common table of names: what English, German, Spanish, French, Italian, Portuguese and Chinese headers call things.
//!
//! A vendor's own words are in the vendor's file.

use super::column_map::Role;

/// The common meaning of a name in lower case letters (without accents) and digits, and how surely.
pub(super) fn known(name: &str) -> Option<(Role, u8)> {
    use Role::{
        Capacity, ChargeCapacity, ChargeEnergy, ChargePower, Clock, Current, Cycle, DischargeCapacity,
        DischargeEnergy, DischargePower, Energy, ExportEnergy, ExportPower, GridPower, ImportEnergy,
        ImportPower, Label, LoadPower, Power, SolarEnergy, SolarPower, State, StateOfCharge, Step, StepTime,
        Temperature, TestTime, Voltage,
    };
    Some(match name {
        "testtime" | "testtimesec" | "testduration" | "testzeit" | "prufzeit" | "测试时间" => {
            (TestTime, 10)
        }
        "totaltime" | "cumulativetime" | "runtime" | "elapsedtime" | "timeelapsed" | "elapsed"
        | "runningtime" | "totaltestzeit" | "gesamtzeit" | "laufzeit" | "versuchszeit" | "总时间"
        | "累计时间" | "运行时间" | "tiempototal" | "tiempodeensayo" | "tiempotranscurrido"
        | "tempstotal" | "tempsecoule" | "tempototale" | "tempodiprova" | "tempototal" | "tempodecorrido"
        | "totalduration" | "cumtime" | "experimenttime" | "overalltime" => (TestTime, 9),
        "time" | "zeit" | "tiempo" | "temps" | "时间" | "timesec" | "timeseconds" | "zeitpunkt" => {
            (TestTime, 5)
        }
        "t" | "relativetime" | "duration" | "secs" | "seconds" | "reltime" | "timestep" | "tempo"
        | "dauer" | "duree" | "duracion" | "durata" | "duracao" => (TestTime, 4),
        "steptime" | "stepduration" | "schrittzeit" | "timeinstep" | "工步时间" | "tiempodepaso"
        | "tempsdetape" => (StepTime, 9),
        "datetime" | "dateandtime" | "absolutetime" | "systemtime" | "timestamp" | "unixtime" | "abstime"
        | "datumuhrzeit" | "datumzeit" | "zeitstempel" | "fechahora" | "fechayhora" | "fechaehora"
        | "datetimestamp" | "localtime" | "utctime" | "recordtime" | "updatedtime" | "lastchanged"
        | "lastupdated" | "绝对时间" | "系统时间" | "日期时间" | "时间戳" | "clocktime" | "walltime"
        | "epoch" | "unixtimestamp" | "epochtime" | "datetimeutc" | "utc" | "timestamputc" | "systime"
        | "unix" | "datumundzeit" | "datumunduhrzeit" | "horodatage" | "horodateur" | "dateetheure"
        | "sampletime" | "loggingtime" | "dataeora" | "dataora" | "dataehora" | "datahora"
        | "marcatemporal" | "measurementtime" | "dpttime" | "realtime" => (Clock, 9),
        "date" | "datestamp" | "datum" | "datenum" | "fecha" | "日期" | "dateheure" | "data" | "uhrzeit"
        | "hora" | "heure" => (Clock, 7),
        "voltage" | "volts" | "spannung" | "zellspannung" | "电压" | "tension" | "voltaje" | "tensione"
        | "tensao" | "voltagem" | "voltagevolt" | "cellvoltage" | "measuredvoltage" | "terminalvoltage"
        | "klemmenspannung" | "tensiondecellule" | "tensiondecelda" | "tensionedicella"
        | "tensaodacelula" | "电池电压" => (Voltage, 10),
        "potential" | "vcell" | "cellv" | "cellpotential" | "voltagecell" | "ucell" | "uzelle"
        | "potentiel" | "potencial" | "potenziale" => (Voltage, 9),
        "batteryvoltage" | "vbat" | "vbatt" | "batteriespannung" | "packvoltage" | "ubat" | "ubatt"
        | "battvoltage" | "batteryv" | "dcvoltage" | "busvoltage" | "bmsvoltage" | "stackvoltage"
        | "voltagebattery" | "modulevoltage" | "batvoltage" | "tensionbatterie" | "tensionbateria"
        | "tensionebatteria" | "tensaobateria" | "tensaodabateria" | "voltajebateria"
        | "voltajedelabateria" => (Voltage, 8),
        "volt" | "u" | "v" | "e" | "uv" | "voltagev" | "vv" => (Voltage, 6),
        "current" | "amps" | "strom" | "电流" | "courant" | "corriente" | "corrente" | "currentampere"
        | "measuredcurrent" | "cellcurrent" | "zellstrom" | "intensidad" | "intensite" | "stromstarke"
        | "电池电流" => (Current, 10),
        "icell"
        | "batterycurrent"
        | "batteriestrom"
        | "packcurrent"
        | "ibat"
        | "ibatt"
        | "battcurrent"
        | "dccurrent"
        | "bmscurrent"
        | "currentbattery"
        | "stackcurrent"
        | "currentcell"
        | "modulecurrent"
        | "batterya"
        | "batcurrent"
        | "courantbatterie"
        | "corrientebateria"
        | "correntebatteria"
        | "correntebateria"
        | "correntedabateria"
        | "corrientedelabateria" => (Current, 8),
        "amp" | "amperes" | "i" | "a" | "currenta" | "ia" => (Current, 6),
        "power" | "leistung" | "功率" | "p" | "potencia" | "puissance" | "potenza" | "powerwatt" => {
            (Power, 5)
        }
        "batterypower"
        | "powerbattery"
        | "pbat"
        | "pbatt"
        | "batterieleistung"
        | "battpower"
        | "batterywatts"
        | "battery"
        | "batterywatt"
        | "dcpower"
        | "batteryw"
        | "puissancebatterie"
        | "potenciabateria"
        | "potenciadelabateria"
        | "potenzabatteria"
        | "potenciadabateria"
        | "电池功率" => (Power, 8),
        "batterychargepower"
        | "batterycharging"
        | "chargepower"
        | "chargingpower"
        | "batteriebeladung"
        | "tobattery"
        | "batterychargingpower"
        | "batteryin"
        | "intobattery"
        | "ladeleistung"
        | "beladung"
        | "batterycharge"
        | "potenciadecarga"
        | "puissancedecharge"
        | "potenzadicarica" => (ChargePower, 8),
        "batterydischargepower"
        | "batterydischarging"
        | "dischargepower"
        | "dischargingpower"
        | "batterieentladung"
        | "frombattery"
        | "batterydischargingpower"
        | "batteryout"
        | "outofbattery"
        | "entladeleistung"
        | "entladung"
        | "batterydischarge"
        | "potenciadedescarga"
        | "puissancededecharge"
        | "potenzadiscarica" => (DischargePower, 8),
        "solar" | "solarpower" | "pvpower" | "pv" | "production" | "generation" | "pvproduction"
        | "solarproduction" | "ppv" | "erzeugung" | "pvgeneration" | "pvleistung" | "pvproduktion"
        | "puissancesolaire" | "potenciasolar" | "produccion" | "produzione" | "producao" => (SolarPower, 7),
        "solarenergy" | "energiasolar" => (SolarEnergy, 7),
        "home" | "homepower" | "loadpower" | "consumption" | "load" | "house" | "pload"
        | "homeconsumption" | "verbrauch" | "houseload" | "consommation" | "consumo" | "consumi" => {
            (LoadPower, 7)
        }
        "grid" | "gridpower" | "pgrid" | "netzleistung" => (GridPower, 7),
        "fromgrid" | "gridimport" | "importpower" | "importfromgrid" | "gridimportpower" => (ImportPower, 7),
        "gridenergyimported"
        | "importedenergy"
        | "energyimported"
        | "energievomnetzbezogen"
        | "energyfromgrid" => (ImportEnergy, 7),
        "togrid" | "gridexport" | "exportpower" | "exporttogrid" | "gridexportpower" => (ExportPower, 7),
        "energyexported" | "energieinsnetzeingespeist" | "energyfedintogrid" | "energytogrid" => {
            (ExportEnergy, 7)
        }
        "celltemperature"
        | "cellsurfacetemperature"
        | "surfacetemperature"
        | "zelltemperatur"
        | "temperaturecell"
        | "celltemp"
        | "tcell"
        | "batterytemperature"
        | "batterytemp"
        | "tempcell"
        | "temperaturadecelda"
        | "temperaturabateria"
        | "temperaturebatterie"
        | "temperaturabatteria"
        | "batterietemperatur" => (Temperature, 9),
        "temperature" | "temp" | "temperatur" | "温度" | "temperatura" | "电池温度" => (Temperature, 8),
        "t1" | "temp1" | "temperature1" | "tc1" | "thermocouple1" => (Temperature, 7),
        "temp2" | "temperature2" | "t2" => (Temperature, 3),
        "ambienttemperature"
        | "environmenttemperature"
        | "temperaturechamber"
        | "chambertemperature"
        | "chambertemp"
        | "umgebungstemperatur"
        | "temperaturaambiente"
        | "temperatureambiante"
        | "环境温度" => (Temperature, 2),
        "soc"
        | "stateofcharge"
        | "batterysoc"
        | "ladezustand"
        | "batterylevel"
        | "batterypercentage"
        | "rsoc"
        | "socbms"
        | "batterystateofcharge"
        | "chargelevel"
        | "ladestand"
        | "batteriestand"
        | "荷电状态"
        | "stateofenergy"
        | "percentage"
        | "batterypercent"
        | "socpercent"
        | "soe"
        | "estadodecarga"
        | "etatdecharge"
        | "etatdechargedelabatterie"
        | "statodicarica"
        | "nivelbateria"
        | "niveldebateria"
        | "电量"
        | "ladezustandbatterie" => (StateOfCharge, 9),
        "charge" => (StateOfCharge, 3),
        "chargecapacity"
        | "chargingcapacity"
        | "chargingcapacityah"
        | "qcharge"
        | "充电容量"
        | "ladekapazitat"
        | "chargecap"
        | "chgcapacity"
        | "capacitycharge"
        | "chargeq"
        | "capacidaddecarga"
        | "capacidadcarga"
        | "capacitedecharge"
        | "capacitecharge"
        | "capacitadicarica"
        | "capacitacarica"
        | "capacidadedecarga"
        | "geladenekapazitat"
        | "cumulativechargecapacity" => (ChargeCapacity, 9),
        "ahch" | "ahcharge" | "chargeah" | "qchg" | "qch" | "ahchg" | "chargedcapacity" | "qc" | "carga"
        | "charah" | "ahin" | "chargeamphr" => (ChargeCapacity, 8),
        "dischargecapacity"
        | "dischargingcapacity"
        | "dischargingcapacityah"
        | "qdischarge"
        | "放电容量"
        | "entladekapazitat"
        | "dischargecap"
        | "dischgcap"
        | "dchgcapacity"
        | "capacitydischarge"
        | "dischargeq"
        | "capacidaddedescarga"
        | "capacidaddescarga"
        | "capacitededecharge"
        | "capacitedecharged"
        | "capacitadiscarica"
        | "capacitascarica"
        | "capacidadededescarga"
        | "entladenekapazitat"
        | "cumulativedischargecapacity" => (DischargeCapacity, 9),
        "ahdis" | "ahdischarge" | "dischargeah" | "qdis" | "qdch" | "ahdchg" | "dischargedcapacity"
        | "qd" | "descarga" | "disah" | "ahout" => (DischargeCapacity, 8),
        "capacity" | "amphour" | "ah" | "容量" | "kapazitat" | "capacidad" | "capacite" | "capacita"
        | "capacidade" => (Capacity, 7),
        "stepcapacity" | "stufenkapazitat" => (Capacity, 5),
        "q" => (Capacity, 6),
        "chargeenergy"
        | "chargingenergy"
        | "chargingenergywh"
        | "energycharge"
        | "充电能量"
        | "ladeenergie"
        | "energiadecarga"
        | "energiedecharge"
        | "energiadicarica"
        | "energiacarga"
        | "energiecharge"
        | "cumulativechargeenergy" => (ChargeEnergy, 9),
        "energycharged"
        | "energieladen"
        | "chargeenergytotal"
        | "energieinbatteriegespeichert"
        | "energytobattery"
        | "energystoredinbattery"
        | "whch"
        | "whcharge"
        | "chargewh"
        | "echg"
        | "whchg"
        | "whin" => (ChargeEnergy, 8),
        "dischargeenergy"
        | "dischargingenergy"
        | "dischargingenergywh"
        | "energydischarge"
        | "放电能量"
        | "entladeenergie"
        | "energiadedescarga"
        | "energiededecharge"
        | "energiadiscarica"
        | "energiadescarga"
        | "cumulativedischargeenergy" => (DischargeEnergy, 9),
        "energydischarged"
        | "energieausbatteriebezogen"
        | "energyfrombattery"
        | "whdch"
        | "whdis"
        | "whdischarge"
        | "dischargewh"
        | "edis"
        | "edchg"
        | "whdchg"
        | "whout" => (DischargeEnergy, 8),
        "energy" | "watthour" | "wh" | "能量" | "energie" | "energia" => (Energy, 7),
        "stepenergy" => (Energy, 5),
        "cycleindex" | "cycleid" | "cyclenumber" | "cycleno" | "cyclenr" | "cyclenum" | "循环" | "循环号"
        | "循环序号" | "zyklus" | "zyklusnr" | "zyklusnummer" | "ciclo" | "numerodeciclo"
        | "numerodecycle" | "numerodiciclo" => (Cycle, 9),
        "cycle" | "cyc" | "cyclecount" | "cycles" | "cycleindex1" => (Cycle, 8),
        "zykluszahler" | "cyclen" => (Cycle, 4),
        "stepindex" | "stepid" | "stepnumber" | "stepno" | "stepnum" | "工步" | "工步号" | "工步序号"
        | "schritt" | "schrittnr" | "etape" | "paso" | "passo" | "fase" => (Step, 9),
        "step" | "stepcount" | "stepnr" => (Step, 7),
        "stepn" => (Step, 2),
        "state" | "steptype" | "status" | "stepname" | "stepstate" | "工步类型" | "工步状态"
        | "stepstatus" | "workingstate" | "工步名称" | "chargestatus" | "workstate" | "stepmode" | "mode"
        | "batterystate" | "状态" | "zustand" | "estado" | "etat" | "stato" | "betriebsart" => (State, 8),
        "cyclelabel" | "cycletype" | "cyclepurpose" | "cyclename" => (Label, 9),
        "protocol" | "protocolname" | "testprotocol" | "schedule" | "schedulename" | "procedure"
        | "procedurename" | "testprocedure" | "testtype" | "prufplan" | "protokoll" => (Label, 8),
        _ => return None,
    })
}
