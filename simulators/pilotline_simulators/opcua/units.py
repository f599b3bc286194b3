"""UCUM units as OPC UA engineering units.

OPC UA names a unit by a number made from its UNECE Recommendation 20 common code (OPC 10000-8,
5.6.3); a unit the table does not know is named by its UCUM code instead.
"""

from asyncua import ua

from pilotline_plant import Unit

_UNECE_NAMESPACE = "http://www.opcfoundation.org/UA/units/un/cefact"
_UCUM_NAMESPACE = "http://unitsofmeasure.org"

UNECE_CODES = {
    "1": "C62",
    "%": "P1",
    "[pH]": "Q30",
    "[ppm]": "59",
    "A": "AMP",
    "A.h": "AMH",
    "Bq/m3": "A19",
    "Cel": "CEL",
    "Cel/min": "H13",
    "Hz": "HTZ",
    "J": "JOU",
    "K": "KEL",
    "L": "LTR",
    "L/h": "E32",
    "L/min": "L2",
    "N": "NEW",
    "N.m": "NU",
    "N/mm2": "C56",
    "Ohm": "OHM",
    "Pa": "PAL",
    "V": "VLT",
    "W": "WTT",
    "W.h": "WHR",
    "bar": "BAR",
    "cm": "CMT",
    "d": "DAY",
    "deg": "DD",
    "g": "GRM",
    "g/cm3": "23",
    "g/m2": "GM",
    "h": "HUR",
    "kA": "B22",
    "kHz": "KHZ",
    "kN": "B47",
    "kPa": "KPA",
    "kV": "KVT",
    "kW": "KWT",
    "kW.h": "KWH",
    "kg": "KGM",
    "kg/h": "E93",
    "kg/m3": "KMQ",
    "kg/min": "F31",
    "l": "LTR",
    "l/h": "E32",
    "l/min": "L2",
    "m": "MTR",
    "m/min": "2X",
    "m/s": "MTS",
    "m/s2": "MSK",
    "m3": "MTQ",
    "m3/h": "MQH",
    "mA": "4K",
    "mN.m": "D83",
    "mOhm": "E45",
    "mPa.s": "C24",
    "mV": "2Z",
    "mW": "C31",
    "mbar": "MBR",
    "min": "MIN",
    "mL": "MLT",
    "mL/min": "41",
    "mm": "MMT",
    "mm/min": "H81",
    "mm/s": "C16",
    "mm2": "MMK",
    "ms": "C26",
    "rad/s": "2A",
    "s": "SEC",
    "t": "TNE",
    "t/h": "E18",
    "uS/cm": "G42",
    "um": "4H",
    "1/min": "RPM",
}
"""UCUM code → UNECE Recommendation 20 common code."""


def engineering_units(unit: Unit) -> ua.EUInformation:
    """Return a unit as the value of a variable's property EngineeringUnits."""
    code = UNECE_CODES.get(unit.ucum)
    return ua.EUInformation(
        NamespaceUri=_UNECE_NAMESPACE if code else _UCUM_NAMESPACE,
        UnitId=int.from_bytes(code.encode("ascii"), "big") if code else -1,
        DisplayName=ua.LocalizedText(unit.symbol or unit.ucum),
        Description=ua.LocalizedText(unit.ucum),
    )
