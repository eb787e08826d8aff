"""Tables of labels that cannot be followed, and the words in which each is refused."""

import json

import pytest
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout import table as tables
from given.data.labels import IMAGES, labelled


@pytest.mark.parametrize(
    ("sentence", "file", "table", "named"),
    [
        ("nothing", "l.csv", "", "l.csv is empty. The columns are key, label"),
        ("no line", "l.csv", "key,label\n", "l.csv labels no image"),
        (
            "no header",
            "l.csv",
            "a.jpg,ants\nb.jpg,bees\n",
            "Line 1 of l.csv has no column for the key and the label; with commas as delimiters,"
            " its header is 'a.jpg' and 'ants'",
        ),
        ("no label", "l.csv", "key,species\na.jpg,ants\n", "has no column for the label"),
        (
            "two columns of keys",
            "l.csv",
            "file,path,label\na,b,c\n",
            "two columns for the key, 'file' and 'path'. Keep the one",
        ),
        ("one column twice", "l.csv", "key,label,label\na,b,c\n", "two columns for the label"),
        (
            "a field too many",
            "l.csv",
            "key,label\na.jpg,ants\nb.jpg,bees,wasps\n",
            "Line 3 of l.csv has 3 fields, and the header has 2",
        ),
        (
            "a field too few, after a field of two lines",
            "l.csv",
            'key,label,x\na.jpg,ants,"1\n2"\nb.jpg\n',
            "Line 4 of l.csv has 1 fields",
        ),
        (
            "an open quote",
            "l.csv",
            'key,label\na.jpg,ants\nb.jpg,"bees\n',
            "Line 3 of l.csv is not valid CSV",
        ),
        ("no key", "l.csv", "key,label\n,ants\n", "Line 2 of l.csv names no image"),
        (
            "an unknown split",
            "l.csv",
            "key,label,split\na.jpg,ants,fold1\n",
            "Line 2 of l.csv has the split 'fold1'. Write train, val, test or holdout",
        ),
        ("a number as split", "l.jsonl", '{"key":"a","label":"b","split":1}', "has the split 1"),
        ("another encoding", "l.csv", b"key,label\na.jpg,K\xe4fer\n", "Line 2 of l.csv is not enc"),
        ("UTF-16", "l.csv", "key,label\n".encode("utf-16"), "is encoded in UTF-16"),
        ("an array", "l.jsonl", '[\n{"key": "a.jpg"}]', "Line 1 of l.jsonl is not JSON"),
        ("a list a line", "l.jsonl", '["a.jpg", "ants"]', "Line 1 of l.jsonl is no JSON object"),
        ("a deep list", "l.jsonl", "[" * 100_000, "Line 1 of l.jsonl is not JSON"),
        (
            "a line without an image",
            "l.jsonl",
            '{"key": "a.jpg", "label": "a"}\n{"label": "b"}',
            "Line 2 of l.jsonl names no image",
        ),
        (
            "a list of labels",
            "l.jsonl",
            '{"key": "a.jpg", "label": ["a"]}',
            "label that is no text",
        ),
        ("true as a label", "l.jsonl", '{"key": "a.jpg", "label": true}', "label that is no text"),
        (
            "an image elsewhere",
            "l.csv",
            "key,label\na.jpg,ants\ns3://datasets/lawn2/b.jpg,bees\n",
            "Line 3 of l.csv names 's3://datasets/lawn2/b.jpg', which does not lie below"
            " s3://datasets/lawn/",
        ),
        ("an image on the web", "l.csv", "key,label\nhttp://x/a.jpg,ants\n", "'http://x/a.jpg'"),
        (
            "two labels for one image",
            "l.csv",
            "key,label\na.jpg,ants\nb.jpg,bees\ns3://datasets/lawn/a.jpg,bees\n",
            "'a.jpg' has the label 'ants' in line 2 and 'bees' in line 4. Keep one line",
        ),
        (
            "two labels for many images",
            "l.csv",
            "key,label\na.jpg,ants\nb.jpg,ants\na.jpg,bees\nb.jpg,bees\n",
            "(and 1 other image likewise)",
        ),
        (
            "two splits for one image",
            "l.csv",
            "key,label,split\na.jpg,ants,train\na.jpg,ants,val\n",
            "'a.jpg' has the split train in line 2 and holdout in line 3",
        ),
        (
            "no image that is there",
            "l.csv",
            "key,label\nimages\\a.jpg,ants\nimages\\b.jpg,bees\n",
            "line 2 names 'images\\\\a.jpg', and there is, for example, 'a.jpg'",
        ),
        (
            "a class that is all held out",
            "l.csv",
            "key,label,split\na.jpg,ants,train\nb.jpg,bees,val\n",
            "holds out all images of 'bees'. Give some of them the split train",
        ),
    ],
)
def test_a_table_that_cannot_be_followed_is_refused_with_its_line(
    sentence: str, file: str, table: str | bytes, named: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        labelled(table, file=file)
    assert caught.value.reason is Refusal.LABELS_INVALID
    assert named in caught.value.message


@pytest.mark.parametrize(
    ("sentence", "table", "names", "reason", "named"),
    [
        (
            "one class",
            "key,label\na.jpg,ants\nb.jpg,ants\n",
            IMAGES,
            Refusal.TOO_FEW_CLASSES,
            "l.csv has only the class 'ants'",
        ),
        (
            "classes that differ in case",
            "key,label\na.jpg,ants\nb.jpg,Ants\n",
            IMAGES,
            Refusal.CLASS_NAMES_INVALID,
            "'Ants' and 'ants' differ only in case",
        ),
        (
            "no image beside the table",
            "key,label\na.jpg,ants\nb.jpg,bees\n",
            (),
            Refusal.DATASET_EMPTY,
            "No image lies in the folder of l.csv, s3://datasets/lawn/",
        ),
    ],
)
def test_a_table_without_a_dataset_has_the_reason_that_folders_have(
    sentence: str, table: str, names: tuple[str, ...], reason: Refusal, named: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        labelled(table, names)
    assert caught.value.reason is reason
    assert named in caught.value.message


def test_a_table_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAXIMUM_BYTES", 3 * 1024**2)
    with pytest.raises(DatasetError, match=r"l\.csv is larger than 3 MiB"):
        labelled(b"key,label\n" * 400_000)


def test_a_table_of_any_length_gives_the_line() -> None:
    lines = [json.dumps({"key": f"{n}.jpg", "label": "ab"[n % 2]}) for n in range(5000)]
    with pytest.raises(DatasetError, match=r"Line 5,001 of l\.jsonl is not JSON"):
        labelled("\n".join([*lines, "{"]), file="l.jsonl")
