"""An S3 URI means to Dandelion what it means to S3."""

import pytest
from dandelion_training.ports.storage.uri import parse_uri


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://b-1/a/b", "b-1", "a/b"),
        ("s3://datasets", "datasets", ""),
        ("s3://datasets/", "datasets", ""),
        ("s3://datasets/ants/", "datasets", "ants"),
        ("s3://datasets/ants#2", "datasets", "ants#2"),
        ("s3://datasets/ants?version=3", "datasets", "ants?version=3"),
        ("s3://datasets/100%25 wool/a%2Fb", "datasets", "100%25 wool/a%2Fb"),
        ("s3://datasets/a;b&c=d+e@f:g", "datasets", "a;b&c=d+e@f:g"),
        ("s3://datasets/Käfer/labels.csv", "datasets", "Käfer/labels.csv"),
        ("s3://my.bucket/a.b/..c", "my.bucket", "a.b/..c"),
    ],
)
def test_a_uri_is_a_bucket_and_a_key_taken_literally(uri: str, bucket: str, key: str) -> None:
    assert parse_uri(uri) == (bucket, key)


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("", "is not an S3 URI"),
        ("datasets/ants", "is not an S3 URI"),
        ("http://datasets/ants", "is not an S3 URI"),
        ("S3://datasets/ants", "is not an S3 URI"),
        ("s3:///ants", "names no bucket"),
        ("s3://Datasets/ants", "is no bucket's name"),
        ("s3://ab/ants", "is no bucket's name"),
        ("s3://datasets#2/ants", "is no bucket's name"),
        ("s3://key:secret@datasets/ants", "is no bucket's name"),
        ("s3://datasets//ants", "an empty part"),
        ("s3://datasets/ants//2021", "an empty part"),
        ("s3://datasets/ants//", "an empty part"),
        ("s3://datasets//", "an empty part"),
        ("s3://datasets/../models", "the part . or .."),
        ("s3://datasets/./ants", "the part . or .."),
        ("s3://datasets/ants ", "white space"),
        ("s3://datasets/ants\n", "white space"),
        ("s3://datasets/an\tts", "a control character"),
        ("s3://datasets/" + "ä" * 513, "longer than 1024 bytes"),
    ],
)
def test_any_other_uri_is_refused_with_what_is_wrong(uri: str, named: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_uri(uri)
    assert named in str(caught.value)
