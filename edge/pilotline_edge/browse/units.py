"""Units: from a server's EUInformation to a UCUM code."""

from functools import cache

from pilotline_plant.ucum import symbol_of
from pilotline_plant.ucum.atoms import INSTEAD

UNECE_URI = "http://www.opcfoundation.org/UA/units/un/cefact"
"""Namespace of unit ids that are UNECE codes (OPC 10000-8, 5.6.4.3)."""

_UCUM = {
    "C62": "1", "P1": "%", "59": "[ppm]", "61": "[ppb]", "NX": "[ppth]",
    "CEL": "Cel", "KEL": "K", "FAH": "[degF]",
    "MTR": "m", "CMT": "cm", "MMT": "mm", "4H": "um", "KMT": "km", "INH": "[in_i]", "FOT": "[ft_i]",
    "MTK": "m2", "CMK": "cm2", "MMK": "mm2",
    "MTQ": "m3", "CMQ": "cm3", "LTR": "l", "MLT": "ml", "GLL": "[gal_us]",
    "KGM": "kg", "GRM": "g", "MGM": "mg", "TNE": "t", "LBR": "[lb_av]",
    "SEC": "s", "C26": "ms", "B98": "us", "MIN": "min", "HUR": "h", "DAY": "d",
    "HTZ": "Hz", "KHZ": "kHz", "MHZ": "MHz", "RPM": "1/min", "RPS": "1/s",
    "C97": "1/s", "C94": "1/min",
    "C81": "rad", "DD": "deg", "2A": "rad/s",
    "MTS": "m/s", "C16": "mm/s", "2X": "m/min", "KMH": "km/h", "MSK": "m/s2", "H81": "mm/min",
    "NEW": "N", "B47": "kN", "NU": "N.m", "B48": "kN.m",
    "PAL": "Pa", "KPA": "kPa", "MPA": "MPa", "HBA": "hbar", "A97": "hPa", "BAR": "bar",
    "MBR": "mbar", "PS": "[psi]", "ATM": "atm",
    "JOU": "J", "KJO": "kJ", "3B": "MJ", "WHR": "W.h", "KWH": "kW.h", "MWH": "MW.h",
    "WTT": "W", "KWT": "kW", "MAW": "MW", "BHP": "[HP]", "D46": "V.A", "KVA": "kV.A",
    "AMP": "A", "4K": "mA", "B84": "uA", "VLT": "V", "2Z": "mV", "KVT": "kV", "AMH": "A.h",
    "OHM": "Ohm", "B49": "kOhm", "SIE": "S", "D10": "S/m", "H61": "mS/cm",
    "FAR": "F", "4O": "uF", "81": "H", "D33": "T", "CDL": "cd", "LUM": "lm", "LUX": "lx",
    "MQH": "m3/h", "MQS": "m3/s", "L2": "l/min", "G51": "l/s", "E32": "l/h",
    "KGS": "kg/s", "E93": "kg/h", "F31": "kg/min",
    "KMQ": "kg/m3", "23": "g/cm3", "GL": "g/l", "M1": "mg/l",
    "C65": "Pa.s", "C24": "mPa.s", "C34": "mol", "C36": "mol/m3",
    "Q30": "[pH]", "2N": "dB", "B8": "J/m3", "E01": "N/cm2", "C56": "N/mm2",
    "E34": "GBy", "2P": "kBy", "4L": "MBy", "AD": "By",
}  # fmt: skip
"""UNECE Recommendation 20 code → UCUM code, for what plants measure."""

_AMBIGUOUS = {"C", "F"}
"""Letters by which machines mean degrees, and UCUM coulomb and farad."""


def ucum_code(namespace: str | None, unit_id: int, display_name: str | None) -> str | None:
    """Return the UCUM code of an EUInformation, or None when it cannot be told for certain.

    The unit id decides where it is a UNECE code; otherwise the display name, where nothing but
    one unit is written so.
    """
    if namespace == UNECE_URI:
        code = _UCUM.get(_unece(unit_id))
        if code is not None:
            return code
    written = (display_name or "").strip()
    return None if written in _AMBIGUOUS else _by_symbol().get(written)


def _unece(unit_id: int) -> str:
    """Return the UNECE code whose characters are the bytes of a unit id, the highest first."""
    if not 0 < unit_id < 2**31:
        return ""
    return unit_id.to_bytes(4, "big").lstrip(b"\0").decode("ascii", "replace")


@cache
def _by_symbol() -> dict[str, str]:
    codes = {code for code in _UCUM.values() if code != "1"}
    symbols = {symbol_of(code): code for code in sorted(codes)}
    return symbols | {code: code for code in codes} | INSTEAD
