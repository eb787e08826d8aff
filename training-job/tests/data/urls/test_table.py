"""What the lines of a table of addresses name, and which line is broken."""

import pytest
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.urls.table import by_turns, read_table, url_table
from dandelion_training.ports.storage import Location
from fakes.s3 import MemoryStore

CSV = b"url,label\nhttps://a.example/1.jpg,cat\nhttps://b.example/2.jpg?k=v,dog\n"
LINES = b'{"url": "https://a.example/1.jpg", "label": "cat", "note": 1}\n\n' + (
    b'{"url": "https://b.example/2.jpg?k=v", "label": "dog"}\n'
)


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("urls.csv", CSV, [2, 3]),
        ("urls.csv", CSV.replace(b",", b";"), [2, 3]),
        ("urls.tsv", CSV.replace(b",", b"\t"), [2, 3]),
        ("URLS.CSV", CSV.replace(b"url,label", b"Image URL,Class"), [2, 3]),
        ("urls.jsonl", LINES, [1, 3]),
        ("urls.ndjson", LINES, [1, 3]),
    ],
)
def test_a_table_names_an_address_and_a_label_a_line(
    name: str, content: bytes, lines: list[int]
) -> None:
    table = url_table(name, content)
    assert [(str(n.address), n.label, n.line) for n in table.named] == [
        ("https://a.example/1.jpg", "cat", lines[0]),
        ("https://b.example/2.jpg?k=v", "dog", lines[1]),
    ]
    assert table.unfit == ()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("urls.csv", b"", "urls.csv is empty. The columns are url and label."),
        ("urls.csv", b"url,label\n", "urls.csv names no address. The columns are url and label."),
        ("urls.csv", b"key,label\na.jpg,cat\n", "Line 1 of urls.csv has no column for the url;"),
        ("urls.csv", b"url,label\nhttps://a.example/1,c,d\n", "Line 2 of urls.csv has 3 fields"),
        ("urls.csv", b"url,label\n,cat\n", "Line 2 of urls.csv names no image. Write its url"),
        ("urls.csv", b'url,label\n"a,cat\n', "Line 2 of urls.csv is not valid CSV"),
        (
            "urls.csv",
            b"url,label,split\nhttps://a.example/1,c,test\n",
            "Line 2 of urls.csv gives a split. Leave the column out",
        ),
        ("urls.jsonl", LINES + b"{", "Line 4 of urls.jsonl is not JSON"),
        ("urls.jsonl", b'{"url": 1, "label": "c"}', "Line 1 of urls.jsonl names no image."),
        (
            "urls.csv",
            CSV + b"HTTPS://A.example:443/1.jpg,dog\n",
            "urls.csv contradicts itself: 'https://a.example/1.jpg' has the label 'cat'"
            " in line 2 and 'dog' in line 4.",
        ),
    ],
)
def test_a_broken_table_is_refused_with_its_line(name: str, content: bytes, words: str) -> None:
    with pytest.raises(DatasetError) as caught:
        url_table(name, content)
    assert caught.value.reason is Refusal.LABELS_INVALID
    assert words in caught.value.message


def test_an_address_that_can_never_be_fetched_is_left_out_with_its_line() -> None:
    content = CSV + b"ftp://c.example/3.jpg,cat\nhttp://me:pw@d.example/4.jpg?key=x,dog\n"
    content += b"https://e.example/5.jpg,\n"
    table = url_table("urls.csv", content)
    assert len(table.named) == 2
    assert [(item.rejected.key, item.rejected.reason) for item in table.unfit] == [
        ("ftp://c.example/3.jpg", "line 4 of urls.csv: does not begin with http:// or https://"),
        ("http://d.example/4.jpg", "line 5 of urls.csv: holds a user name or a password"),
        ("https://e.example/5.jpg", "line 6 of urls.csv: has no label"),
    ]


def test_a_repeated_line_names_one_image() -> None:
    assert len(url_table("urls.csv", CSV + CSV.partition(b"\n")[2]).named) == 2


def test_hosts_take_turns() -> None:
    lines = [f"https://{host}/{n}.jpg,c" for host, n in [("a", 1), ("a", 2), ("a", 3), ("b", 1)]]
    table = url_table("urls.csv", "\n".join(["url,label", *lines]).encode())
    assert [str(n.address).removeprefix("https://") for n in by_turns(table.named)] == [
        "a/1.jpg",
        "b/1.jpg",
        "a/2.jpg",
        "a/3.jpg",
    ]


def test_a_table_that_is_not_there_is_told() -> None:
    store = MemoryStore()
    store.objects["s3://data/lists/urls.csv"] = CSV
    assert read_table(store, Location.parse("s3://data/lists/urls.csv")) == ("urls.csv", CSV)
    with pytest.raises(DatasetError, match="no table of addresses at s3://data/lists/other"):
        read_table(store, Location.parse("s3://data/lists/other.csv"))
