"""Names as rows of indices."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.alphabet import ALPHABET, LENGTH, PAD, decode, encode, fold
from data.errors import DataError

known_names = st.text(ALPHABET, min_size=1, max_size=LENGTH).map(lambda s: " ".join(s.split()))
known_names = known_names.filter(lambda s: any(c.isalpha() for c in s))


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Malmberg", "malmberg"),
        ("ÉCLAIR", "eclair"),
        ("Größel", "grossel"),
        ("Marszałek", "marszalek"),
        ("Żak", "zak"),
        ("O’Neill", "o'neill"),
        ("Saint–Just", "saint-just"),
        ("  To The\xa0 First ", "to the first"),
        ("Nguyễn", "nguyen"),
        ("Ångström", "angstrom"),
        ("A\u030angstro\u0308m", "angstrom"),
        ("Øđæ", "odae"),
        ("Ħamrun", "hamrun"),
        ("Əliyev", "eliyev"),
        ("Ŋuyen", "nuyen"),
        ("Kealiʻi", "keali'i"),
        ("Ɓello Ɗan Ƙano", "bello dan kano"),
        ("Smith\u2212Jones\u2015Lee", "smith-jones-lee"),
        ("\ufeffNow\u200bak\u00ad", "nowak"),
        ("No\u202ewa\u2066k", "nowak"),
    ],
)
def test_accents_case_apostrophes_spaces_and_hyphens_are_folded(name, folded):
    assert fold(name) == folded
    assert decode(encode(name)) == folded


@given(name=known_names)
def test_a_name_of_the_alphabet_is_read_back(name):
    row = encode(name)
    assert row.shape == (LENGTH,)
    assert row.dtype == np.intp
    assert decode(row) == name
    assert (row[len(name) :] == PAD).all()


@pytest.mark.parametrize("name", ["", "   ", "\n", "\u0301", "-", "' -"])
def test_a_name_without_letters_is_refused(name):
    with pytest.raises(DataError, match="is not a name"):
        encode(name)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Смирнов", "'с' (cyrillic small letter es)"),
        ("Rafaj1", "'1'"),
        ("李", "'李' (cjk unified ideograph-674e)"),
        ("a_b_", "'_'"),
        ("Nowak\u3164", "'\u1160' (hangul jungseong filler)"),
        ("Nowak\x00", "'\\x00'"),
        ("Nowak\ue000", "'\\ue000' (u+e000)"),
    ],
)
def test_letters_that_are_not_known_are_named(name, letters):
    with pytest.raises(DataError, match=f"{re.escape(repr(name))}.*has {re.escape(letters)}"):
        encode(name)


def test_a_name_that_is_too_long_is_refused():
    assert decode(encode("a" * LENGTH)) == "a" * LENGTH
    with pytest.raises(DataError, match="has 21 letters: a name may have up to 20"):
        encode("a" * 21)
