"""A class has one name, and nobody takes it for another."""

import pytest
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.class_names import class_names


@pytest.mark.parametrize(
    "names",
    [
        ["ants", "bees"],
        ["ants", "ant s"],
        ["ants", "ants_2", "ants-2", "ants.2"],
        ["草", "苔"],
        ["می‌خواهم", "گل"],  # a zero-width non-joiner belongs to the word
        ["👩‍🌾", "👩", "🌾"],
        ["0", "1", "10"],
    ],
)
def test_names_that_readers_can_tell_apart_are_classes(names: list[str]) -> None:
    assert class_names(names).classes == tuple(sorted(names))
    assert class_names(names).warnings == ()


@pytest.mark.parametrize(
    ("sentence", "names", "named"),
    [
        ("case", ["grass", "Grass"], ["'Grass'", "'grass'", "differ only in case"]),
        ("case beyond ASCII", ["ÄHRE", "ähre"], ["'ÄHRE'", "'ähre'", "differ only in case"]),
        ("width", ["ants", "ａｎｔｓ"], ["'ants'", "'ａｎｔｓ'", "look alike"]),
        ("a zero-width space", ["ants", "an\u200bts"], ["'ants'", "'an\\u200bts'", "look alike"]),
        ("a soft hyphen", ["ants", "an\u00adts"], ["'ants'", "'an\\xadts'", "look alike"]),
        ("a mark of byte order", ["ants", "\ufeffants"], ["'ants'", "'\\ufeffants'"]),
        ("a no-break space", ["red ant", "red\u00a0ant"], ["'red ant'", "'red\\xa0ant'"]),
        ("two spaces", ["red ant", "red  ant"], ["'red ant'", "'red  ant'"]),
        ("a ligature", ["fir", "ﬁr"], ["'fir'", "'ﬁr'"]),
        ("three at once", ["ANTS", "Ants", "ants"], ["'ANTS', 'Ants' and 'ants'"]),
        ("a control character", ["ants\x07", "bees"], ["'ants\\x07'", "a control character"]),
        ("a line's end", ["red\nants", "bees"], ["'red\\nants'", "a control character"]),
        ("a line's end of Unicode", ["red\u2028ants"], ["a control character"]),
        ("a lone surrogate", ["ants\udc80", "bees"], ["'ants\\udc80'", "a control character"]),
        ("a turned direction", ["\u202estna", "bees"], ["'\\u202estna'", "a control character"]),
        ("nothing", ["", "bees"], ["'' is empty"]),
        ("white space", [" \u3000", "bees"], ["is empty"]),
        ("what cannot be seen", ["\u200b", "bees"], ["'\\u200b' is empty"]),
        ("a caption", ["an ant " * 40, "bees"], ["has 279 characters"]),
    ],
)
def test_other_names_are_refused_and_shown(
    sentence: str, names: list[str], named: list[str]
) -> None:
    with pytest.raises(DatasetError) as caught:
        class_names(names)
    assert caught.value.reason is Refusal.CLASS_NAMES_INVALID
    for words in named:
        assert words in caught.value.message
