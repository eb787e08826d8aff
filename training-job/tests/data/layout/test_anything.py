"""Whatever lies in a bucket or in a table, a dataset is described in full or refused in words."""

from dandelion_training.data.errors import DatasetError
from dandelion_training.data.layout import layout
from dandelion_training.data.layout.assignments import Layout
from hypothesis import given, settings
from hypothesis import strategies as st

PARTS = ("train", "Val", "test", "ants", "Ants", "bees ", "bees", "", ".git", "a.jpg", "b.txt", "*")
names = st.lists(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("/".join), unique=True
)
anything = st.lists(st.text(min_size=1, max_size=12), unique=True)
written = st.lists(
    st.tuples(st.sampled_from(["a.jpg", "b.jpg", "", "s3://datasets/a.jpg", '"']), st.text()),
    max_size=6,
).map(lambda rows: "key,label\n" + "\n".join(",".join(row) for row in rows))


def outcome(uri: str, found: list[str], table: bytes | None = None) -> Layout | str:
    """What is described, or the words of the refusal."""
    try:
        return layout(uri, found, table)
    except DatasetError as refused:
        return refused.message


@given(names | anything)
@settings(max_examples=300, deadline=None)
def test_each_object_is_accounted_for_in_any_order(found: list[str]) -> None:
    described = outcome("s3://datasets/lawn", found)
    assert outcome("s3://datasets/lawn", found[::-1]) == described
    if isinstance(described, str):
        assert "s3://datasets/lawn" in described or "class name" in described
        return
    ignored = sum(described.ignored.tools.values()) + sum(described.ignored.documents.values())
    listed = [name for name in found if not name.endswith("/")]
    assert len(described.assignments) + len(described.rejected) + ignored == len(listed)
    assert {a.label for a in described.assignments} == set(described.classes)


@given(
    written.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=80),
    st.sampled_from(["l.csv", "l.jsonl"]),
)
@settings(max_examples=300, deadline=None)
def test_a_table_of_anything_is_read_or_refused(content: bytes, file: str) -> None:
    described = outcome(f"s3://datasets/{file}", ["a.jpg", "b.jpg", file], content)
    if isinstance(described, str):
        assert file in described or "class name" in described
    else:
        assert {a.key for a in described.assignments} == {"a.jpg", "b.jpg"}
