"""How a table of labels is read: each row is a table that somebody has, and what becomes of it."""

import json
from collections.abc import Mapping

import pytest
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout import layout
from dandelion_training.data.layout import table as tables
from dandelion_training.data.layout.assignments import Layout, Split

FOLDER = "s3://datasets/lawn"
TRAIN, HOLDOUT, DRAWN = Split.TRAIN, Split.HOLDOUT, None
IMAGES = ("a.jpg", "b.jpg", "deep/c.jpg", "d e#1?.jpg")
TWO = {"a.jpg": ("ants", DRAWN), "b.jpg": ("bees", DRAWN)}


def labelled(written: str | bytes, names: tuple[str, ...] = IMAGES, file: str = "l.csv") -> Layout:
    content = written.encode() if isinstance(written, str) else written
    return layout(f"{FOLDER}/{file}", [*names, file], content)


def read(found: Layout) -> Mapping[str, tuple[str, Split | None]]:
    return {a.key: (a.label, a.split) for a in found.assignments}


@pytest.mark.parametrize(
    ("sentence", "file", "table", "expected"),
    [
        ("key and label", "l.csv", "key,label\na.jpg,ants\nb.jpg,bees\n", TWO),
        ("Hugging Face's names", "metadata.csv", "file_name,label\na.jpg,ants\nb.jpg,bees\n", TWO),
        (
            "other columns, in any order, any case",
            "l.csv",
            "id,Class,x,Image Path\n1,ants,,a.jpg\n2,bees,,b.jpg\n",
            TWO,
        ),
        (
            "what a spreadsheet writes",
            "l.csv",
            "\ufeffkey;label\r\na.jpg;ants\r\nb.jpg;bees\r\n;\r\n\r\n",
            TWO,
        ),
        ("tabs", "l.tsv", "key\tlabel\na.jpg\tants\nb.jpg\tbees", TWO),
        ("tabs under another ending", "L.CSV", "key\tlabel\na.jpg\tants\nb.jpg\tbees", TWO),
        (
            "quoted delimiters, quotes and lines",
            "l.csv",
            'key,label,note\na.jpg,"ants, ""red""","two\nlines"\n"d e#1?.jpg",bees,\n',
            {"a.jpg": ('ants, "red"', DRAWN), "d e#1?.jpg": ("bees", DRAWN)},
        ),
        (
            "white space round a label",
            "l.csv",
            "key,label\na.jpg, ants\nb.jpg, bees \n",
            TWO,
        ),
        (
            "keys as URIs, and from the folder they lie in",
            "l.csv",
            "path,label\ns3://datasets/lawn/d e#1?.jpg,ants\n./deep/c.jpg,bees\n",
            {"d e#1?.jpg": ("ants", DRAWN), "deep/c.jpg": ("bees", DRAWN)},
        ),
        (
            "a split, which val and test hold out",
            "l.csv",
            "key,label,split\na.jpg,ants,train\nb.jpg,bees,Training\ndeep/c.jpg,ants,val\n"
            "d e#1?.jpg,bees,TEST\n",
            {
                "a.jpg": ("ants", TRAIN),
                "b.jpg": ("bees", TRAIN),
                "deep/c.jpg": ("ants", HOLDOUT),
                "d e#1?.jpg": ("bees", HOLDOUT),
            },
        ),
        (
            "a split of some images",
            "l.csv",
            "key,label,subset\na.jpg,ants,\nb.jpg,bees,train\ndeep/c.jpg,ants,holdout\n"
            "d e#1?.jpg,bees,\n",
            {
                "a.jpg": ("ants", DRAWN),
                "b.jpg": ("bees", TRAIN),
                "deep/c.jpg": ("ants", HOLDOUT),
                "d e#1?.jpg": ("bees", DRAWN),
            },
        ),
        (
            "JSON Lines, with numbers as names of classes",
            "l.jsonl",
            '{"file_name": "a.jpg", "label": 0}\n\n{"label": 1, "file_name": "b.jpg", "x": []}\n',
            {"a.jpg": ("0", DRAWN), "b.jpg": ("1", DRAWN)},
        ),
        (
            "JSON Lines with a split",
            "l.ndjson",
            '{"key": "a.jpg", "label": "ants", "split": null}\r\n'
            '{"key": "b.jpg", "label": "bees", "split": "train"}\r\n'
            '{"key": "deep/c.jpg", "label": "bees", "split": "dev"}',
            {
                "a.jpg": ("ants", DRAWN),
                "b.jpg": ("bees", TRAIN),
                "deep/c.jpg": ("bees", HOLDOUT),
            },
        ),
    ],
)
def test_a_table_says_class_and_split(
    sentence: str, file: str, table: str, expected: dict[str, tuple[str, Split | None]]
) -> None:
    found = labelled(table, file=file)
    assert read(found) == expected
    assert found.warnings == ()
    assert found.classes == tuple(sorted({label for label, _ in expected.values()}))
    assert found.reading == f"{file} names the class of each image."


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


@pytest.mark.parametrize(
    ("sentence", "table", "warning"),
    [
        (
            "an image that is not there",
            "key,label\na.jpg,ants\nb.jpg,bees\nx.jpg,bees\n",
            "1 image that l.csv names does not lie below s3://datasets/lawn/: 'x.jpg'.",
        ),
        (
            "a line without a label",
            "key,label\na.jpg,ants\nb.jpg,bees\ndeep/c.jpg,\n",
            "1 line of l.csv without a label was left out.",
        ),
        (
            "a line twice",
            "key,label\na.jpg,ants\nb.jpg,bees\n./a.jpg,ants \n",
            "1 line of l.csv repeats another.",
        ),
        (
            "no image held out",
            "key,label,split\na.jpg,ants,train\nb.jpg,bees,train\n",
            "No image is in the splits val, test and holdout: spec.dataset.holdoutFraction of the"
            " images of each class is held out.",
        ),
    ],
)
def test_what_may_not_be_meant_is_said(sentence: str, table: str, warning: str) -> None:
    found = labelled(table)
    assert found.warnings == (warning,)
    assert read(found) == TWO


def test_a_table_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAXIMUM_BYTES", 3 * 1024**2)
    with pytest.raises(DatasetError, match=r"l\.csv is larger than 3 MiB"):
        labelled(b"key,label\n" * 400_000)


def test_images_that_the_table_does_not_name_are_counted() -> None:
    names = (*IMAGES, "README.md", ".ipynb_checkpoints/a.jpg", "deep/")
    found = labelled("key,label\na.jpg,ants\nb.jpg,bees\n", names)
    assert found.ignored.unlabelled == 2
    assert found.ignored.words() == (
        "1 file of tools was ignored: .ipynb_checkpoints (1).",
        "2 files that are no images were ignored: .csv (1), .md (1).",
        "2 files that the table of labels does not name were ignored.",
    )


def test_a_key_in_another_form_of_unicode_is_found() -> None:
    found = labelled("key,label\nK\u00e4fer.jpg,a\nb.jpg,b\n", ("Ka\u0308fer.jpg", "b.jpg"))
    assert read(found) == {"Ka\u0308fer.jpg": ("a", DRAWN), "b.jpg": ("b", DRAWN)}
    assert found.warnings == ()


def test_a_table_of_any_length_gives_the_line() -> None:
    lines = [json.dumps({"key": f"{n}.jpg", "label": "ab"[n % 2]}) for n in range(5000)]
    with pytest.raises(DatasetError, match=r"Line 5,001 of l\.jsonl is not JSON"):
        labelled("\n".join([*lines, "{"]), file="l.jsonl")


@pytest.mark.parametrize(
    ("uri", "table"),
    [
        ("s3://datasets/lawn/labels.csv", True),
        ("s3://datasets/lawn/labels.JSONL", True),
        ("s3://datasets/labels.tsv", True),
        ("s3://datasets/lawn", False),
        ("s3://datasets/lawn.csv/", False),
        ("s3://datasets/lawn/labels.json", False),
    ],
)
def test_the_ending_says_whether_a_uri_is_a_table(uri: str, table: bool) -> None:
    assert tables.is_table(uri) is table


def test_a_table_at_the_top_of_a_bucket_names_images_of_the_bucket() -> None:
    uri = "s3://datasets/labels.csv"
    assert tables.folder_of(uri) == "s3://datasets"
    content = b"key,label\nx/a.jpg,ants\ns3://datasets/b.jpg,bees\n"
    assert read(layout(uri, ["x/a.jpg", "b.jpg"], content)) == {
        "x/a.jpg": ("ants", DRAWN),
        "b.jpg": ("bees", DRAWN),
    }
