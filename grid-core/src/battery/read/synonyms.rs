//! The table of synonyms: which names mean what, in five languages and in every cycler's own words.

use super::column_map::Role;

/// The table of synonyms: squeezed name to role, and how surely.
pub(super) fn known(name: &str) -> Option<(Role, u8)> {
    use Role::{
        Capacity, ChargeCapacity, ChargeEnergy, ChargePower, Clock, Current, Cycle, DischargeCapacity,
        DischargeEnergy, DischargePower, Energy, ExportEnergy, ExportPower, GridPower, ImportEnergy,
        ImportPower, LoadEnergy, LoadPower, Power, SolarEnergy, SolarPower, State, StateOfCharge, Step,
        StepTime, Temperature, TestTime, Voltage,
    };
    Some(match name {
        "testtime" | "testtimes" | "testtimesec" => (TestTime, 10),
        "totaltime" | "cumulativetime" | "runtime" | "elapsedtime" | "timeelapsed" | "elapsed"
        | "runningtime" | "programduration" | "progtime" | "programtime" | "prgtime" | "totaltestzeit"
        | "gesamtzeit" | "laufzeit" | "testzeit" | "prüfzeit" | "versuchszeit" | "总时间" | "测试时间"
        | "tiempototal" | "tiempodeensayo" | "testduration" | "totalduration" | "cumtime"
        | "experimenttime" | "overalltime" => (TestTime, 9),
        "time" | "zeit" | "tiempo" | "temps" | "时间" | "test" | "timesec" | "timeseconds" | "zeitpunkt" => {
            (TestTime, 5)
        }
        "t" | "relativetime" | "duration" | "secs" | "reltime" | "timestep" | "tempo" => (TestTime, 4),
        "steptime" | "tstep" | "stepduration" | "schrittzeit" | "steptimes" | "timeinstep" | "工步时间" => {
            (StepTime, 9)
        }
        "datetime" | "dateandtime" | "dpttime" | "realtime" | "absolutetime" | "systemtime" | "timestamp"
        | "unixtime" | "abstime" | "datetimeisostring" | "datumuhrzeit" | "datumzeit" | "zeitstempel"
        | "fechahora" | "datetimestamp" | "localtime" | "utctime" | "recordtime" | "updatedtime"
        | "lastchanged" | "lastupdated" | "绝对时间" | "系统时间" | "clocktime" | "walltime" | "epoch"
        | "unixtimestamp" | "epochtime" | "datetimeutc" | "utc" | "timestamputc" | "systime"
        | "datumundzeit" | "datumunduhrzeit" | "horodatage" | "sampletime" | "loggingtime"
        | "measurementtime" => (Clock, 9),
        "date" | "datestamp" | "datum" | "datenum" | "fecha" | "日期" | "dateheure" => (Clock, 7),
        "voltage" | "volts" | "spannung" | "zellspannung" | "电压" | "tension" | "tensión" | "voltaje"
        | "voltagevolt" | "cellvoltage" | "voltagemeasured" | "measuredvoltage" | "terminalvoltage" => {
            (Voltage, 10)
        }
        "ecell" | "potential" | "cvol" | "vcell" | "cellv" | "cellpotential" | "voltagecell" | "ucell"
        | "uzelle" | "ewe" | "ewev" | "potentiel" | "ewece" | "eweece" => (Voltage, 9),
        "batteryvoltage" | "vbat" | "vbatt" | "batteriespannung" | "packvoltage" | "ubat" | "ubatt"
        | "battvoltage" | "batteryv" | "dcvoltage" | "busvoltage" | "bmsvoltage" | "stackvoltage"
        | "voltagebattery" | "modulevoltage" | "batvoltage" => (Voltage, 8),
        "volt" | "u" | "v" | "e" | "uv" | "voltagev" | "vv" => (Voltage, 6),
        "current" | "amps" | "strom" | "电流" | "courant" | "corriente" | "currentampere"
        | "currentmeasured" | "measuredcurrent" | "cellcurrent" | "zellstrom" => (Current, 10),
        "ccur" | "icell" | "batterycurrent" | "batteriestrom" | "packcurrent" | "ibat" | "ibatt"
        | "battcurrent" | "dccurrent" | "bmscurrent" | "currentbattery" | "stackcurrent" | "currentcell"
        | "modulecurrent" | "batterya" | "batcurrent" => (Current, 8),
        "amp" | "amperes" | "i" | "a" | "currenta" | "ia" => (Current, 6),
        "power" | "leistung" | "功率" | "p" | "potencia" | "puissance" | "powerwatt" => (Power, 5),
        "batterypower" | "powerbattery" | "pbat" | "pbatt" | "batterieleistung" | "powerwall"
        | "battpower" | "batterywatts" | "battery" | "batterywatt" | "dcpower" | "batteryw" => (Power, 8),
        "batterieladen"
        | "batterychargepower"
        | "batterycharging"
        | "chargepower"
        | "chargingpower"
        | "batteriebeladung"
        | "topowerwall"
        | "tobattery"
        | "batterychargingpower"
        | "batteryin"
        | "intobattery"
        | "ladeleistung"
        | "beladung" => (ChargePower, 8),
        "batterieentladen"
        | "batterydischargepower"
        | "batterydischarging"
        | "dischargepower"
        | "dischargingpower"
        | "batterieentladung"
        | "frompowerwall"
        | "frombattery"
        | "batterydischargingpower"
        | "batteryout"
        | "outofbattery"
        | "entladeleistung"
        | "entladung" => (DischargePower, 8),
        "solar" | "solarpower" | "pvpower" | "solarproduktion" | "solarenergy" | "pv" | "production"
        | "generation" | "pvproduction" | "solarproduction" | "ppv" | "energyproduced" | "erzeugung"
        | "pvgeneration" => (if name.contains("energy") { SolarEnergy } else { SolarPower }, 7),
        "home" | "homepower" | "loadpower" | "hausverbrauch" | "consumption" | "load" | "house" | "pload"
        | "energyconsumed" | "homeconsumption" | "verbrauch" | "acconsumption" | "acconsumptionl1"
        | "houseload" => (if name.contains("energy") { LoadEnergy } else { LoadPower }, 7),
        "grid" | "gridpower" | "pgrid" | "netzleistung" => (GridPower, 7),
        "netzbezug" | "fromgrid" | "gridimport" | "importpower" | "importfromgrid" | "gridimportpower" => {
            (ImportPower, 7)
        }
        "importedfromgrid"
        | "gridenergyimported"
        | "importedenergy"
        | "energyimported"
        | "meteringgridmstotwhin" => (ImportEnergy, 7),
        "netzeinspeisung" | "togrid" | "gridexport" | "exportpower" | "exporttogrid" | "gridexportpower" => {
            (ExportPower, 7)
        }
        "exportedtogrid"
        | "gridenergyexportedfromsolar"
        | "gridenergyexportedfrombattery"
        | "energyexported"
        | "meteringgridmstotwhout" => (ExportEnergy, 7),
        "solarenergyexported" | "meteringtotwhout" => (SolarEnergy, 7),
        "gridmstotw" | "gridmstotwavg" => (SolarPower, 7),
        "consumerenergyimportedfromgrid"
        | "consumerenergyimportedfromsolar"
        | "consumerenergyimportedfrombattery" => (LoadEnergy, 7),
        "batteryenergyexported" => (DischargeEnergy, 7),
        "batteryenergyimportedfromgrid" | "batteryenergyimportedfromsolar" => (ChargeEnergy, 7),
        "energycharged" | "energychargedthisday" | "chargedenergy" | "energieladen" | "chargeenergytotal" => {
            (ChargeEnergy, 8)
        }
        "energydischarged" | "energydischargedthisday" | "dischargedenergy" => (DischargeEnergy, 8),
        "celltemperature"
        | "temperaturemeasured"
        | "cellsurfacetemperature"
        | "surfacetemperature"
        | "zelltemperatur"
        | "temperaturecell"
        | "celltemp"
        | "tcell"
        | "batterytemperature"
        | "ctemp"
        | "batterytemp"
        | "batterietemperatur" => (Temperature, 9),
        "temperature" | "temp" | "temperatur" | "温度" | "temperatura" | "température" => (Temperature, 8),
        "t1"
        | "temp1"
        | "temperature1"
        | "auxtemperature1"
        | "temperaturet1"
        | "temperaturet1celsius"
        | "auxtemp1"
        | "tc1"
        | "thermocouple1"
        | "logtemp001"
        | "temp01"
        | "avgt" => (Temperature, 7),
        "temp2" | "temperature2" | "auxtemperature2" | "t2" | "tenv" => (Temperature, 3),
        "ambienttemperature"
        | "environmenttemperature"
        | "temperaturechamber"
        | "chambertemperature"
        | "chambertemp" => (Temperature, 2),
        "soc"
        | "stateofcharge"
        | "soe"
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
        | "ladezustandbatterie" => (StateOfCharge, 9),
        "charge" => (StateOfCharge, 3),
        "chargecapacity"
        | "chgcap"
        | "capchg"
        | "capacitancechg"
        | "chargingcapacity"
        | "chargingcapacityah"
        | "qcharge"
        | "充电容量"
        | "ladekapazität"
        | "chargecap"
        | "chgcapacity"
        | "capacitycharge"
        | "chargeq"
        | "cumulativechargecapacity" => (ChargeCapacity, 9),
        "ahch" | "ahcha" | "ahcharge" | "chargeah" | "qchg" | "qch" | "ahchg" | "chargedcapacity" | "qc"
        | "carga" | "charah" | "ahin" => (ChargeCapacity, 8),
        "ahcyccharge" | "wfchgcapah" => (ChargeCapacity, 6),
        "dischargecapacity"
        | "dchgcap"
        | "capdchg"
        | "capacitancedchg"
        | "dischargingcapacity"
        | "dischargingcapacityah"
        | "qdischarge"
        | "放电容量"
        | "entladekapazität"
        | "dischargecap"
        | "dischgcap"
        | "dchgcapacity"
        | "capacitydischarge"
        | "dischargeq"
        | "cumulativedischargecapacity" => (DischargeCapacity, 9),
        "ahdch" | "ahdis" | "ahdischarge" | "dischargeah" | "qdis" | "qdch" | "ahdchg"
        | "dischargedcapacity" | "qd" | "descarga" | "disah" | "ahout" => (DischargeCapacity, 8),
        "ahcycdischarge" => (DischargeCapacity, 6),
        "qqo" | "netcapacity" => (Capacity, 8),
        "capacity" | "amphr" | "amphour" | "ah" | "容量" | "kapazität" | "cap" | "ahstep"
        | "stepcapacity" | "capacidad" | "capacité" => (Capacity, 7),
        "ahaccu" | "q" | "qchargedischarge" => (Capacity, 6),
        "chargeenergy"
        | "chgenergy"
        | "engychg"
        | "chargingenergy"
        | "chargingenergywh"
        | "energycharge"
        | "充电能量"
        | "cumulativechargeenergy" => (ChargeEnergy, 9),
        "whch" | "whcha" | "whcharge" | "chargewh" | "echg" | "whchg" | "whin" => (ChargeEnergy, 8),
        "whcyccharge" => (ChargeEnergy, 6),
        "dischargeenergy"
        | "dchgenergy"
        | "engydchg"
        | "dischargingenergy"
        | "dischargingenergywh"
        | "energydischarge"
        | "放电能量"
        | "cumulativedischargeenergy" => (DischargeEnergy, 9),
        "whdch" | "whdis" | "whdischarge" | "dischargewh" | "edis" | "edchg" | "whdchg" | "whout" => {
            (DischargeEnergy, 8)
        }
        "whcycdischarge" => (DischargeEnergy, 6),
        "energy" | "ener" | "watthr" | "watthour" | "wh" | "能量" | "energie" | "whstep" | "energía" => {
            (Energy, 7)
        }
        "whaccu" => (Energy, 6),
        "cycleindex" | "cycleid" | "cyclenumber" | "cycleno" | "cyclenr" | "cyclenum" | "循环" | "循环号"
        | "循环序号" | "zyklus" | "zyklusnr" | "ciclo" => (Cycle, 9),
        "cycle" | "cyc" | "cyclec" | "cyclecount" | "cycles" | "cycleindex1" => (Cycle, 8),
        "cyccount" | "cyclep" | "zykluszähler" | "cyclen" => (Cycle, 4),
        "stepindex" | "stepid" | "stepnumber" | "stepno" | "stepnum" | "工步" | "工步号" | "工步序号"
        | "schritt" | "schrittnr" => (Step, 9),
        "step" | "ns" | "stepcount" | "stepnr" | "paso" => (Step, 7),
        "line" | "stepn" => (Step, 2),
        "state" | "md" | "steptype" | "status" | "stepname" | "stepstate" | "command" | "工步类型"
        | "工步状态" | "stepstatus" | "workingstate" | "工步名称" | "chargestatus" | "workstate"
        | "stepmode" | "mode" | "batterystate" => (State, 8),
        _ => return None,
    })
}
