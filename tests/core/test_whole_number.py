import pytest

from app.core.whole_number import LARGEST_ID, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("007", 7), (str(LARGEST_ID), LARGEST_ID), (str(LARGEST_ID + 1), None), ("0", None), ("", None),
        ("-1", None), ("+1", None), (" 1", None), ("1_0", None), ("1.0", None), ("²", None), ("١", None),
        ("9" * 5000, None),
    ],
)  # fmt: skip
def test_only_what_an_id_can_be_is_read(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_length_has_a_largest_of_its_own() -> None:
    assert (whole_number("100", 100), whole_number("101", 100)) == (100, None)
