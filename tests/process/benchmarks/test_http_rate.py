"""The rates of other clients of HTTP: is anything measured? Never how much."""

import shutil

import pytest

from benchmarks import http_rate


@pytest.mark.parametrize("rival", http_rate.RIVALS)
def test_each_server_has_a_ratio_of_all_alternations(rival: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which(rival) is None:
        pytest.skip(f"{rival} isn't installed")
    monkeypatch.setattr(http_rate, "SERVERS", ("twisted-web",))
    (figure,) = http_rate.ratios(rival, 2, 1)
    assert figure.of == f"twisted-web, {rival}"
    assert figure.n == 2
    assert figure.low is not None
    assert figure.low > 0


def test_without_a_rival_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sys.argv", ["http_rate"])
    assert http_rate.main() == 2
    assert capsys.readouterr().err == (
        "Neither wrk nor h2load is installed; install one, such as by apt-get install wrk.\n"
    )
