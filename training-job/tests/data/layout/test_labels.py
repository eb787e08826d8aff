"""How a table of labels is read: each row is a table that somebody has, and what becomes of it."""

import pytest
from dandelion_training.data.layout import layout
from dandelion_training.data.layout import table as tables
from dandelion_training.data.layout.assignments import Split
from given.data.labels import IMAGES, labelled
from given.data.layouts import read

TRAIN, HOLDOUT, DRAWN = Split.TRAIN, Split.HOLDOUT, None
TWO = {"a.jpg": ("ants", DRAWN), "b.jpg": ("bees", DRAWN)}


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
