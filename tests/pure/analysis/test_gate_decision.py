"""The gate's decisions on made-up series whose truth is known, and its error rates by simulation."""

import tomllib
from math import exp, log1p

import numpy as np
import pytest
from scipy import stats

from analysis.gate import decision
from analysis.gate.decision import Outcome, Rules, Series, decide, detectable, is_look, looks
from tests.support.project import ROOT

SETTINGS = tomllib.loads((ROOT / "bench.toml").read_text())["gate"]
RULES = Rules.of(SETTINGS)
MARGIN = 0.05


def series(loss: float, noise: float, blocks: int, seed: int = 1, margin: float = MARGIN) -> Series:
    """A loss (a share) seen with normal noise."""
    random = np.random.default_rng(seed)
    return Series(dict(enumerate(random.normal(log1p(loss), noise, blocks).tolist())), margin)


def outcome(one: Series, ended: bool = True) -> Outcome:
    return decide({"it": one}, RULES, len(one.losses), ended)["it"].outcome


def test_the_looks_double_and_spend_everything() -> None:
    assert [look.blocks for look in looks(57, 10, ended=True)] == [10, 20, 40, 57]
    assert [look.blocks for look in looks(40, 10, ended=False)] == [10, 20, 40]
    assert [look.blocks for look in looks(40, 10, ended=True)] == [10, 20, 40]
    assert list(looks(9, 10, ended=True)) == []
    assert [blocks for blocks in range(1, 100) if is_look(blocks, 10)] == [10, 20, 40, 80]
    for blocks in (20, 25, 40, 57, 300):
        spent = list(looks(blocks, 10, ended=True))
        assert sum(look.share for look in spent) == pytest.approx(1)
        assert sum(2 * look.share for look in spent[1:]) == pytest.approx(1)
        assert [look.is_last for look in spent] == [False] * (len(spent) - 1) + [True]


def test_a_loss_is_a_regression_and_a_gain_an_improvement() -> None:
    assert outcome(series(0.10, 0.01, 20)) == Outcome.REGRESSION
    assert outcome(series(-0.10, 0.01, 20)) == Outcome.IMPROVEMENT


def test_what_did_not_change_is_let_go_at_the_first_look() -> None:
    found = decide({"it": series(0.0, 0.01, 10, seed=3)}, RULES, 10, ended=False)["it"]
    assert found.outcome == Outcome.NO_REGRESSION
    assert found.blocks == 10


def test_noise_is_undecided() -> None:
    assert outcome(series(0.0, 0.3, 30)) == Outcome.UNDECIDED
    assert outcome(series(0.10, 0.01, 9)) == Outcome.UNDECIDED  # fewer than ten blocks decide nothing


def test_what_made_it_look_changed_does_not_confirm_it() -> None:
    lucky = dict.fromkeys(range(10), 0.1) | dict.fromkeys(range(10, 20), 0.0)
    jitter = np.random.default_rng(2).normal(0, 0.002, 20)
    losses = {block: loss + jitter[block] for block, loss in lucky.items()}
    assert stats.ttest_1samp(list(losses.values()), 0).pvalue < 0.001  # all of them together would
    assert outcome(Series(losses, MARGIN)) != Outcome.REGRESSION


def test_a_candidate_is_not_let_go_before_it_is_tested() -> None:
    small = series(0.03, 0.005, 40)  # within the margin of 5 %, above the floor of 2 %
    assert outcome(Series({block: small.losses[block] for block in range(10)}, MARGIN), False) == Outcome.UNDECIDED
    assert outcome(small) == Outcome.REGRESSION


def test_below_the_floor_is_no_alarm() -> None:
    tiny = series(0.015, 0.002, 40)
    assert stats.ttest_1samp(list(tiny.losses.values()), 0).pvalue < 1e-9
    assert outcome(tiny) == Outcome.NO_REGRESSION


def test_an_estimate_is_of_the_blocks_it_was_decided_on() -> None:
    one = series(0.10, 0.01, 20)
    found = decide({"it": one}, RULES, 20, ended=True)["it"]
    fresh = [one.losses[block] for block in range(10, 20)]
    assert found.blocks == 10
    assert found.loss == pytest.approx(np.mean(fresh))
    assert found.p == pytest.approx(stats.ttest_1samp(fresh, 0).pvalue)
    low, high = stats.t.interval(0.95, 9, np.mean(fresh), stats.sem(fresh))
    assert (found.loss - found.half, found.loss + found.half) == pytest.approx((low, high))


def test_holm_asks_more_of_one_of_many() -> None:
    tested = {"one": [0.03 + step for step in (-0.02, -0.01, 0.0, 0.01, 0.02) * 2]}
    p = stats.ttest_1samp(tested["one"], 0).pvalue
    rules = Rules(10, 3 * p, 0.1, 0.05, 0.02)
    look = decision.Look(20, 0.5, True)
    quiet = {f"other {number}": [0.001, -0.001] * 5 for number in range(3)}
    assert set(decision._alarms(tested, 1, rules, look)) == {"one"}
    assert decision._alarms(tested | quiet, 4, rules, look) == {}  # a quarter of 3 p is less than p
    assert decision._alarms(tested, 4, rules, look) == {}  # nor does it help that the others were let go before
    clear = {"clear": [0.2, 0.201] * 5}
    assert set(decision._alarms(clear | tested, 2, rules, look)) == {"clear", "one"}  # half of 3 p is more


@pytest.mark.parametrize("cells", [1, 24])
def test_false_alarms_in_at_most_one_run_of_a_hundred(cells: int) -> None:
    runs, alarms = 1500 if cells == 1 else 400, 0
    for run in range(runs):
        random = np.random.default_rng([run, cells])
        scale = random.uniform(0.01, 0.08, cells)
        null = {key: Series(dict(enumerate(random.normal(0, scale[key], 40).tolist())), MARGIN) for key in range(cells)}
        found = {one.outcome for one in decide(null, RULES, 40, ended=True).values()}
        alarms += bool(found & {Outcome.REGRESSION, Outcome.IMPROVEMENT})
    assert stats.binomtest(alarms, runs, 0.01, alternative="greater").pvalue > 0.01


def test_a_promise_is_wrong_in_at_most_one_case_of_twenty() -> None:
    runs = 1000
    wrong = sum(outcome(series(MARGIN, 0.04, 40, seed)) == Outcome.NO_REGRESSION for seed in range(runs))
    assert stats.binomtest(wrong, runs, 0.05, alternative="greater").pvalue > 0.01


@pytest.mark.parametrize(("spread", "blocks"), [(0.01, 20), (0.03, 48), (0.06, 40), (0.10, 80)])
def test_a_detectable_loss_is_detected(spread: float, blocks: int) -> None:
    loss = detectable(spread, blocks, RULES, MARGIN)
    runs = 300
    found = sum(outcome(series(loss, spread, blocks, seed)) == Outcome.REGRESSION for seed in range(runs))
    assert stats.binomtest(found, runs, decision.POWER, alternative="less").pvalue > 0.01


def test_more_blocks_and_less_noise_show_smaller_losses() -> None:
    losses = [detectable(0.06, blocks, RULES, MARGIN) for blocks in (20, 40, 80, 160)]
    assert losses == sorted(losses, reverse=True)
    assert detectable(0.03, 40, RULES, MARGIN) < detectable(0.06, 40, RULES, MARGIN)
    assert RULES.floor < detectable(0.0001, 40, RULES, MARGIN) < 0.021


def test_blocks_for_a_loss_show_it() -> None:
    blocks = decision.blocks_for(0.03, 0.06, RULES, MARGIN)
    assert blocks is not None
    assert detectable(0.03, blocks, RULES, MARGIN) <= 0.06
    assert decision.blocks_for(5.0, 0.02, RULES, MARGIN, most=1000) is None


def test_the_loss_is_what_head_costs_more() -> None:
    assert exp(decide({"it": series(0.25, 0.001, 20)}, RULES, 20, True)["it"].loss) == pytest.approx(1.25, abs=0.002)


def test_concluded_at_once() -> None:
    rules = Rules(first_look=10, alarms=0.01, screening=0.1, promise=0.05, floor=0.02)
    losses = {
        "slower": [0.10, 0.11, 0.12] * 4,
        "faster": [-0.10, -0.11, -0.12] * 4,
        "sure, but less than the floor": [0.010, 0.011, 0.012] * 4,
        "within its margin by chance alone": [-0.3, 0.3] * 6,
    }
    found = {name: decision.summary(values) for name, values in losses.items()}
    concluded = decision.conclude(found, dict.fromkeys(found, 0.05), rules)
    assert [one.outcome for one in concluded.values()] == [
        Outcome.REGRESSION, Outcome.IMPROVEMENT, Outcome.NO_REGRESSION, Outcome.UNDECIDED
    ]  # fmt: skip
    assert all(concluded[name]._replace(outcome=one.outcome) == one for name, one in found.items())
    tight = decision.conclude(found, dict.fromkeys(found, 0.01), rules)
    assert tight["sure, but less than the floor"].outcome == Outcome.UNDECIDED
