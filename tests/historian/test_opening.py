"""A historian is opened by its URL, and a URL that makes no sense is explained."""

import subprocess
import sys
from pathlib import Path

import pytest

import pilotline_historian
from pilotline_historian import HistorianUrlError, open_historian
from pilotline_historian.influxdb import InfluxHistorian
from tests.historian.samples import MILL, at

TOKEN = "PILOTLINE_INFLUXDB_TOKEN"


def test_a_relative_file_is_found_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    historian = open_historian("sqlite:///my%20data.sqlite")
    historian.write([at(0, 1)])
    historian.close()
    assert (tmp_path / "my data.sqlite").exists()
    again = open_historian(f"sqlite:///{tmp_path}/my data.sqlite")
    assert list(again.raw(MILL, 0, 2**63)) == [at(0, 1)]
    again.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "scheme ''"),
        ("historian.sqlite", "scheme ''"),
        ("postgres://host/db", "scheme 'postgres'"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite://data/historian.sqlite", "names a host"),
        ("sqlite:///file?mode=ro", "unknown parameters mode"),
        ("influxdb://host:8086", "lacks host or bucket"),
        ("influxdb:///bucket", "lacks host or bucket"),
        ("influxdb://host:http/bucket", "Port could not be cast"),
        ("influxdb://host:99999/bucket", "Port out of range"),
        ("influxdb://host/bucket?ogr=x", "unknown parameters ogr"),
        ("influxdb://host/bucket?timeout_s=soon", "timeout_s is 'soon'"),
        ("influxdb://host/bucket?timeout_s=0", "timeout_s is '0'"),
        ("influxdb://host/bucket?timeout_s=nan", "timeout_s is 'nan'"),
        ("influxdb://host/bucket?token_file=/nowhere/token", "token_file /nowhere/token"),
        ("influxdb://[::1/bucket", "Invalid IPv6"),
    ],
)
def test_a_url_that_cannot_be_understood_is_explained(url: str, reason: str) -> None:
    with pytest.raises(HistorianUrlError, match=".*".join(reason.split())):
        open_historian(url)


@pytest.mark.parametrize(
    "url",
    [
        "influxdb://user:hunter2@host/bucket",
        "influxdb://user:hunter2@host:x/bucket",
        "influxdb://host/bucket?org=a&token=hunter2",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(HistorianUrlError) as told:
        open_historian(url)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "server", "bucket"),
    [
        ("influxdb://host/pilot?org=institute", "http://host:8086", "pilot"),
        ("influxdb://10.0.0.5:9999/pilot", "http://10.0.0.5:9999", "pilot"),
        ("influxdbs://db.example/pilot/raw", "https://db.example:8086", "pilot/raw"),
        ("influxdb://[::1]:8086/a%20b", "http://[::1]:8086", "a b"),
    ],
)
def test_the_parts_of_an_influxdb_url(
    url: str, server: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    historian = open_historian(url)
    assert isinstance(historian, InfluxHistorian)
    address = historian._server.address
    assert (address.url, address.bucket, address.token.text) == (server, bucket, "")
    assert address.org == ("institute" if "org=" in url else "")
    historian.close()


def test_the_token_comes_from_the_environment_or_a_file_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "from-environment")
    file = tmp_path / "token"
    file.write_text("from-file\n", encoding="utf-8")
    for url, token in (
        ("influxdb://host/pilot", "from-environment"),
        (f"influxdb://host/pilot?token_file={file}", "from-file"),
    ):
        historian = open_historian(url)
        assert isinstance(historian, InfluxHistorian)
        address = historian._server.address
        assert address.token.text == token
        assert token not in repr(address)
        historian.close()


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import pilotline_historian", ["numpy", "influxdb_client", "sqlite3"]),
        (
            "from pilotline_historian import open_historian as o; o('sqlite:///x').close()",
            ["influxdb_client", "urllib3", "pandas"],
        ),
    ],
)
def test_only_the_store_in_use_is_loaded(tmp_path: Path, code: str, absent: list[str]) -> None:
    check = f"{code}\nimport sys; print([m for m in {absent} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "[]\n"


def test_what_the_package_says_it_exports_is_there() -> None:
    for name in pilotline_historian.__all__:
        assert getattr(pilotline_historian, name) is not None
