"""Units are UCUM codes, and people read them as they are used to."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotline_plant.ucum import UnknownUnit, symbol_of


@pytest.mark.parametrize(
    ("code", "symbol"),
    [
        ("1", ""),
        ("Cel", "°C"),
        ("kW.h", "kWh"),
        ("1/min", "min⁻¹"),
        ("/min", "min⁻¹"),
        ("mm/s2", "mm/s²"),
        ("m3/h", "m³/h"),
        ("m3.h-1", "m³·h⁻¹"),
        ("W/(m2.K)", "W/(m²·K)"),
        ("kg.m2", "kg·m²"),
        ("10*3/uL", "10³/µL"),
        ("min", "min"),
        ("cd", "cd"),
        ("dar", "da"),
        ("daN", "daN"),
        ("cm[H2O]", "cm H₂O"),
        ("[in_i'H2O]", "inH₂O"),
        ("bar{abs}", "bar abs"),
        ("{boards}/h", "boards/h"),
        ("%", "%"),
        ("[pH]", "pH"),
        ("Ohm", "Ω"),
        ("uS/cm", "µS/cm"),
    ],
)
def test_a_valid_code_has_the_symbol_people_read(code: str, symbol: str) -> None:
    assert symbol_of(code) == symbol


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("", "it is empty"),
        ("°C", "UCUM writes 'Cel'"),
        ("rpm", "UCUM writes '1/min'"),
        ("kWh", "UCUM writes 'kW.h'"),
        ("m^2", "'m^2' is no UCUM unit"),
        ("kmin", "'kmin' is no UCUM unit"),
        ("MM", "'MM' is no UCUM unit"),
        ("m/", "a unit is missing"),
        ("m..s", "a unit is missing"),
        ("(m", "a parenthesis is not closed"),
        ("m)", "')' does not belong there"),
        ("m s", "' s' does not belong there"),
        ("2m", "'2m' is no UCUM unit"),
        ("(" * 20 + "m" + ")" * 20, "nest deeper"),
    ],
)
def test_an_invalid_code_says_which_part_is_not_understood(code: str, hint: str) -> None:
    with pytest.raises(UnknownUnit) as refused:
        symbol_of(code)
    assert hint in str(refused.value)


@given(code=st.text(alphabet="mskgKCelVAWhin123/.*^()[]{}_+-% ", max_size=20))
def test_any_text_is_a_unit_or_refused(code: str) -> None:
    with suppress(UnknownUnit):
        assert isinstance(symbol_of(code), str)
