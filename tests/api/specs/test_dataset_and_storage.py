"""What a person reads when the dataset or the storage of a specification is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import ApiServer
from tests.api.specs.refusal import PEM, SECRET, refusal
from tests.api.test_crd import model_deployment


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(
            {"dataset": {}}, "spec.dataset.storageUri: Required value", id="no images at all"
        ),
        pytest.param(
            {"dataset": {"storageUri": "datasets/lawn"}},
            'spec.dataset.storageUri: Invalid value: "datasets/lawn": write s3://BUCKET/FOLDER, '
            "where FOLDER holds one folder of images per class, for example s3://datasets/lawn",
            id="images at a path",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets"}},
            "write s3://BUCKET/FOLDER",
            id="images in a whole bucket",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets//lawn"}},
            'spec.dataset.storageUri: Invalid value: "s3://datasets//lawn": two names are '
            "separated by one '/': leave the empty part out",
            id="an empty part in an address",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn/../park"}},
            "S3 does not resolve the parts . and ..: write the whole name of the folder",
            id="a folder above",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn "}},
            "leave control characters, and white space at the end, out",
            id="a space at the end of an address",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn\t2"}},
            "leave control characters, and white space at the end, out",
            id="a tabulator in an address",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "urls": {}}},
            "write either storageUri, the address of a table in S3, or configMapRef, a ConfigMap "
            "that holds it",
            id="addresses from nowhere",
        ),
        pytest.param(
            {
                "dataset": {
                    "storageUri": "s3://datasets/lawn",
                    "urls": {
                        "storageUri": "s3://datasets/urls.csv",
                        "configMapRef": {"name": "addresses"},
                    },
                }
            },
            "write either storageUri, the address of a table in S3, or configMapRef",
            id="addresses from two places",
        ),
        pytest.param(
            {
                "dataset": {
                    "storageUri": "s3://datasets/lawn",
                    "urls": {"storageUri": "s3://datasets/urls"},
                }
            },
            "write the address of a table whose name ends in .csv, .tsv, .jsonl or .ndjson, for "
            "example s3://datasets/lawn/urls.csv",
            id="a table of addresses without an ending",
        ),
        pytest.param(
            {
                "dataset": {
                    "storageUri": "s3://datasets/lawn",
                    "urls": {"configMapRef": {"name": "addresses", "key": "urls"}},
                }
            },
            "write a key that ends in .csv, .tsv, .jsonl or .ndjson, for example urls.csv",
            id="a key of addresses without an ending",
        ),
        pytest.param(
            {
                "dataset": {
                    "storageUri": "s3://datasets/lawn",
                    "urls": {
                        "storageUri": "s3://datasets/urls.csv",
                        "allowedHosts": ["http://images.internal"],
                    },
                }
            },
            "write HOST or HOST:PORT in lower case, without http://, for example images.internal",
            id="a host that is an address",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "version": "3"}},
            'spec.dataset.version: Invalid value: "3": write sha256: and 64 hexadecimal digits, '
            "as in status.dataset.version, or leave version out to use the newest",
            id="a dataset version by number",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "onSmallClass": "Ignore"}},
            'spec.dataset.onSmallClass: Unsupported value: "Ignore": supported values: "Refuse", '
            '"Drop"',
            id="small classes ignored",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "keep": "Copy"}},
            'spec.dataset.keep: Unsupported value: "Copy": supported values: "References", '
            '"Copies"',
            id="a copy",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "holdoutFraction": 0.9}},
            "spec.dataset.holdoutFraction in body should be less than or equal to 0.5",
            id="most images held out",
        ),
        pytest.param(
            {"storage": {"endpoint": "https://s3.example.com"}},
            "spec.storage: Invalid value: spec.storage.endpoint needs spec.storage.secretRef: name "
            "a Secret of this namespace that holds AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for "
            "that endpoint",
            id="an endpoint without keys",
        ),
        pytest.param(
            {"storage": {"endpoint": "s3.example.com/models", **SECRET}},
            'spec.storage.endpoint: Invalid value: "s3.example.com/models": write the URL of an S3 '
            "endpoint without bucket, path or credentials, for example https://s3.example.com",
            id="an endpoint that is no URL",
        ),
        pytest.param(
            {"storage": {"endpoint": "https://key:secret@s3.example.com", **SECRET}},
            "without bucket, path or credentials",
            id="keys in the endpoint",
        ),
        pytest.param(
            {"storage": {"servingSecretRef": {"name": "reader"}}},
            "spec.storage.servingSecretRef needs spec.storage.secretRef: name the Secret that "
            "training uses as well, or leave both out to use the installation's own keys",
            id="keys for serving alone",
        ),
        pytest.param(
            {"storage": {"secretRef": {}}},
            "spec.storage.secretRef.name: Required value",
            id="a Secret without a name",
        ),
        pytest.param(
            {"storage": {"region": "eu-west-3"}},
            "spec.storage.region belongs to spec.storage.endpoint: write the endpoint as well, or "
            "leave region out to use the installation's own",
            id="a region without an endpoint",
        ),
        pytest.param(
            {"storage": {"endpoint": "http://minio:9000", "caBundle": PEM, **SECRET}},
            "spec.storage.caBundle is for an https:// endpoint only: write "
            "spec.storage.endpoint: https://..., or leave caBundle out",
            id="certificates for plain HTTP",
        ),
        pytest.param(
            {"storage": {"endpoint": "https://minio", "caBundle": "/etc/ca.pem", **SECRET}},
            "write PEM text: one or more blocks from -----BEGIN CERTIFICATE-----",
            id="a path for certificates",
        ),
        pytest.param(
            {"storage": {"bucket": "s3://models"}},
            "write the bare name of a bucket",
            id="a bucket with s3://",
        ),
    ],
)
def test_a_wrong_specification(api: ApiServer, spec: dict[str, Any], said: str) -> None:
    assert said in refusal(api, model_deployment("wrong", **spec))
