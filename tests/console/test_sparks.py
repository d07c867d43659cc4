"""Small lines: what is not known is a gap, what is not over is dashed, nothing is no line."""

import pytest

from regulars.console.domain.charts import spark

pytestmark = [pytest.mark.capability("H1")]


class TestSpark:
    def test_stands_on_nought_and_reaches_its_highest(self) -> None:
        line = spark([0, 5, 10])

        assert line is not None
        assert line.lines == ("0.0,27.0 40.0,14.0 80.0,1.0",)
        assert (line.lowest, line.highest, line.newest) == (0, 10, 10)

    def test_of_a_level_stands_on_its_lowest(self) -> None:
        line = spark([1_000, 1_010], from_nought=False)

        assert line is not None
        assert line.lines == ("0.0,27.0 80.0,1.0",)

    def test_has_gaps_and_dots_and_a_dashed_end(self) -> None:
        line = spark([4, None, 4, 4, 2], is_finished=False)

        assert line is not None
        assert line.lines == ("0.0,1.0 0.0,1.0", "40.0,1.0 60.0,1.0")
        assert line.unfinished == "60.0,1.0 80.0,14.0"

    def test_of_what_fell_below_nought_stays_inside(self) -> None:
        line = spark([-5, 5])

        assert line is not None
        assert line.lines == ("0.0,27.0 80.0,1.0",)

    @pytest.mark.parametrize("values", [[], [3], [None, 3, None], [0, 0, 0]])
    def test_of_too_little_is_none(self, values: list[float | None]) -> None:
        assert spark(values) is None
