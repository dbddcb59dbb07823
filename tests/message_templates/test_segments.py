import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st

from app.message_templates.segments import Encoding, count_segments, to_plain, utf16_length

GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà"
EXTENSION = "^{}\\[~]|€\f"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "left"),
    [
        ("", Encoding.GSM_7, 0, 0, 160),
        ("a", Encoding.GSM_7, 1, 1, 159),
        ("a" * 160, Encoding.GSM_7, 160, 1, 0),
        ("a" * 161, Encoding.GSM_7, 161, 2, 145),
        ("a" * 306, Encoding.GSM_7, 306, 2, 0),
        ("a" * 307, Encoding.GSM_7, 307, 3, 152),
        ("€", Encoding.GSM_7, 2, 1, 158),
        ("€" * 80, Encoding.GSM_7, 160, 1, 0),
        ("€" * 81, Encoding.GSM_7, 162, 2, 143),
        # The escape pair at units 153 and 154 moves whole into the second part: 306 units, yet three parts.
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM_7, 306, 3, 152),
        ("ñ¿¡éà", Encoding.GSM_7, 5, 1, 155),
        ("á", Encoding.UCS_2, 1, 1, 69),
        ("ç", Encoding.UCS_2, 1, 1, 69),
        ("`", Encoding.UCS_2, 1, 1, 69),
        ("’" + "a" * 69, Encoding.UCS_2, 70, 1, 0),
        ("’" + "a" * 70, Encoding.UCS_2, 71, 2, 63),
        ("😀", Encoding.UCS_2, 2, 1, 68),
        ("😀" * 35, Encoding.UCS_2, 70, 1, 0),
        # 33 emoji fill 66 of 67 units; the next pair is not cut.
        ("😀" * 36, Encoding.UCS_2, 72, 2, 61),
        ("a" * 66 + "😀" + "a" * 66, Encoding.UCS_2, 134, 3, 66),
        ("€’", Encoding.UCS_2, 2, 1, 68),
    ],
)
def test_count(text: str, encoding: Encoding, units: int, segments: int, left: int) -> None:
    count = count_segments(text)
    assert (count.encoding, count.units, count.segments, count.units_left) == (encoding, units, segments, left)


texts = st.one_of(
    st.text(GSM + EXTENSION, min_size=1, max_size=700),
    st.text(st.sampled_from("ab€{’ç😀"), min_size=1, max_size=400),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
)


@given(texts)
@example("a" * 152 + "€" + "a" * 152)
@example("a" * 66 + "😀" + "a" * 66)
def test_agrees_with_smsutil(text: str) -> None:
    expected = smsutil.split(text)
    count = count_segments(text)
    assert count.segments == len(expected.parts)
    assert (count.encoding is Encoding.GSM_7) == (expected.encoding == "gsm0338")
    assert count.units == expected.total_bytes // (1 if count.encoding is Encoding.GSM_7 else 2)


@given(texts)
def test_what_is_left_fits_and_one_more_does_not(text: str) -> None:
    count = count_segments(text)
    filler = "a" * count.units_left
    assert count_segments(text + filler).segments == count.segments
    if count.segments > 1:
        assert count_segments(text + filler + "a").segments == count.segments + 1


def test_offenders_are_named_once_with_their_place_and_a_plain_character() -> None:
    offenders = count_segments("Ada’s “order” isn’t ½ at Łódź 😀").offenders
    assert [(o.char, o.index, o.plain) for o in offenders] == [
        ("’", 3, "'"),
        ("“", 6, '"'),
        ("”", 12, '"'),
        ("½", 20, None),
        ("Ł", 25, "L"),
        ("ó", 26, "o"),
        ("ź", 28, "z"),
        ("😀", 30, None),
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It’s “here” – now…", 'It\'s "here" - now...'),
        ("a\u00a0b\u202f! c\u2009d", "a b ! c d"),
        ("soft\u00adhyphen zero\u200bwidth\ufeff", "softhyphen zerowidth"),
        ("e\u0301te\u0301", "été"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("«oui» • non", '"oui" - non'),
        ("héllo ñandú", "héllo ñandú"),
        ("👩‍🚀 stays", "👩‍🚀 stays"),
    ],
)
def test_to_plain(text: str, plain: str) -> None:
    assert to_plain(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("más información", "mas informacion"),
        ("reçu à l’hôtel", "reçu".replace("ç", "c") + " à l'hotel"),
        ("œuf ½ 😀", "oeuf ½ 😀"),
    ],
)
def test_to_plain_drops_accents_only_when_asked(text: str, plain: str) -> None:
    assert to_plain(text, accents=True) == plain


@given(texts)
def test_to_plain_is_stable_and_never_adds_an_offender(text: str) -> None:
    plain = to_plain(text)
    assert to_plain(plain) == plain
    assert to_plain(to_plain(text, accents=True), accents=True) == to_plain(text, accents=True)


@given(st.text(GSM + EXTENSION, max_size=200))
def test_to_plain_leaves_gsm_text_alone(text: str) -> None:
    assert to_plain(text) == text.replace("\r\n", "\n")


@given(st.text())
def test_utf16_length(text: str) -> None:
    assert utf16_length(text) == len(text.encode("utf-16-be", "surrogatepass")) // 2


@pytest.mark.parametrize(("text", "name"), [("Lucía", "“í”"), ("a\u200db", "U+200D"), ("a\u00a0b", "U+00A0")])
def test_an_invisible_offender_is_named_by_its_code(text: str, name: str) -> None:
    assert [each.name for each in count_segments(text).offenders] == [name]
