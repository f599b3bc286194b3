"""UCUM units as OPC UA engineering units.

OPC UA names a unit by a number made from its UNECE Recommendation 20 common code (OPC 10000-8,
5.6.3); a unit the table does not know is named by its UCUM code instead.
"""

from asyncua import ua

from pilotline_plant import Unit

_UNECE_NAMESPACE = "http://www.opcfoundation.org/UA/units/un/cefact"
_UCUM_NAMESPACE = "http://unitsofmeasure.org"

UNECE_CODES = {
    "%": "P1",
    "1": "C62",
    "1/h": "H10",
    "1/m3": "C86",
    "1/min": "RPM",
    "[pH]": "Q30",
    "[ppm]": "59",
    "A": "AMP",
    "A.h": "AMH",
    "bar": "BAR",
    "Bq/m3": "A19",
    "Cel": "CEL",
    "Cel/min": "H13",
    "cm": "CMT",
    "d": "DAY",
    "deg": "DD",
    "g": "GRM",
    "g/cm3": "23",
    "g/m2": "GM",
    "h": "HUR",
    "Hz": "HTZ",
    "J": "JOU",
    "K": "KEL",
    "K/h": "F10",
    "kA": "B22",
    "kg": "KGM",
    "kg.m2": "B32",
    "kg/h": "E93",
    "kg/m3": "KMQ",
    "kg/min": "F31",
    "kHz": "KHZ",
    "klx": "KLX",
    "kN": "B47",
    "kPa": "KPA",
    "kV": "KVT",
    "kW": "KWT",
    "kW.h": "KWH",
    "L": "LTR",
    "l": "LTR",
    "L/h": "E32",
    "l/h": "E32",
    "L/min": "L2",
    "l/min": "L2",
    "m": "MTR",
    "m/min": "2X",
    "m/s": "MTS",
    "m/s2": "MSK",
    "m3": "MTQ",
    "m3/h": "MQH",
    "mA": "4K",
    "mbar": "MBR",
    "mg/cm2": "H63",
    "mg/L": "M1",
    "min": "MIN",
    "mL": "MLT",
    "mL/min": "41",
    "mm": "MMT",
    "mm/min": "H81",
    "mm/s": "C16",
    "mm/s2": "M41",
    "mm2": "MMK",
    "mN": "C20",
    "mN.m": "D83",
    "mOhm": "E45",
    "mPa.s": "C24",
    "ms": "C26",
    "mS/cm": "H61",
    "mV": "2Z",
    "mW": "C31",
    "N": "NEW",
    "N.m": "NU",
    "N/mm": "F47",
    "N/mm2": "C56",
    "Ohm": "OHM",
    "Pa": "PAL",
    "Pa.s": "C65",
    "rad/s": "2A",
    "s": "SEC",
    "t": "TNE",
    "t/h": "E18",
    "um": "4H",
    "uS/cm": "G42",
    "V": "VLT",
    "W": "WTT",
    "W.h": "WHR",
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
