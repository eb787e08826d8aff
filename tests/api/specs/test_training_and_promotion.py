"""What a person reads when training or promotion is specified wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import ApiServer
from tests.api.specs.refusal import refusal
from tests.api.test_crd import model_deployment


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(
            {"training": {"architecture": "alexnet"}},
            'spec.training.architecture: Unsupported value: "alexnet": supported values: '
            '"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"',
            id="an unknown architecture",
        ),
        pytest.param(
            {"training": {"epoch": 3}},
            'unknown field "spec.training.epoch"',
            id="a misspelt field",
        ),
        pytest.param(
            {"training": {"initialWeights": "s3://models/old.pt"}},
            "write auto, none, imagenet, champion or s3://BUCKET/.../NAME.safetensors (pickled "
            "files such as .pt and .pth are never loaded)",
            id="pickled weights",
        ),
        pytest.param(
            {"training": {"imageSize": 100}},
            "spec.training.imageSize in body should be a multiple of 32",
            id="an odd image size",
        ),
        pytest.param(
            {"training": {"epochs": 0}}, "should be greater than or equal to 1", id="no epochs"
        ),
        pytest.param(
            {"training": {"learningRate": 0}}, "should be greater than 0", id="no learning rate"
        ),
        pytest.param(
            {"training": {"search": {"maxTrials": 3}}},
            "spec.training.search.parameters: Required value",
            id="a search for nothing",
        ),
        pytest.param(
            {"training": {"search": {"parameters": {}}}},
            "name a setting to search for, for example learningRate: {min: 0.0001, max: 0.01}",
            id="a search for no setting",
        ),
        pytest.param(
            {"training": {"search": {"parameters": {"imageSize": {"values": [64, 96]}}}}},
            'unknown field "spec.training.search.parameters.imageSize"',
            id="a search for a setting that cannot be searched for",
        ),
        pytest.param(
            {"training": {"search": {"parameters": {"learningRate": {"min": 0.1, "max": 0.01}}}}},
            "learningRate: Invalid value: min must be smaller than max",
            id="a range that is upside down",
        ),
        pytest.param(
            {"training": {"search": {"parameters": {"batchSize": {"values": [32]}}}}},
            "spec.training.search.parameters.batchSize.values in body should have at least 2 items",
            id="a choice of one",
        ),
        pytest.param(
            {"training": {"search": {"parameters": {"epochs": {"values": [5, 5]}}}}},
            "Duplicate value: 5",
            id="a choice between equals",
        ),
        pytest.param(
            {"training": {"crossValidation": {"folds": 1}}},
            "should be greater than or equal to 2",
            id="a single fold",
        ),
        pytest.param(
            {"training": {"image": "my image"}}, "without spaces", id="an image with a space"
        ),
        pytest.param(
            {
                "training": {
                    "resources": {"requests": {"memory": "4Gi"}, "limits": {"memory": "2Gi"}}
                }
            },
            "spec.training.resources: a request must not be larger than the limit "
            "of the same resource: raise the limit or lower the request",
            id="a request above its limit",
        ),
        pytest.param(
            {"training": {"tolerations": [{"key": "gpu", "operator": "Exists", "value": "yes"}]}},
            "operator: Exists matches every value: leave value out, or write operator: Equal",
            id="a toleration that contradicts itself",
        ),
        pytest.param(
            {"promotion": {"mode": "auto"}},
            'Unsupported value: "auto": supported values: "Auto", "Manual", "Observe"',
            id="a mode in lower case",
        ),
        pytest.param(
            {"promotion": {"minimum": 80}},
            "spec.promotion.minimum in body should be less than or equal to 1",
            id="per cent for a share",
        ),
        pytest.param(
            {"promotion": {"margin": 2}},
            "margin is a share of the images: write 0.02 for 2 points; at most 0.5",
            id="points for a share",
        ),
        pytest.param(
            {"promotion": {"confidence": 1}},
            "confidence is a probability: write 0.95 for 95 %; from 0.5 to 0.995",
            id="certainty",
        ),
        pytest.param(
            {"promotion": {"minClassRecall": -0.1}},
            "spec.promotion.minClassRecall in body should be greater than or equal to 0",
            id="less than no recall",
        ),
        pytest.param(
            {"promotion": {"onUndecided": "Promote"}},
            'spec.promotion.onUndecided: Unsupported value: "Promote": supported values: '
            '"PromoteIfNotWorse", "Hold"',
            id="promotion without evidence",
        ),
        pytest.param(
            {"training": {"augmentation": {"strength": "medium"}}},
            'spec.training.augmentation.strength: Unsupported value: "medium": supported values: '
            '"none", "light", "strong"',
            id="a strength that there is not",
        ),
        pytest.param(
            {"training": {"augmentation": {"flip": True}}},
            'unknown field "spec.training.augmentation.flip"',
            id="an augmentation that there is not",
        ),
    ],
)
def test_a_wrong_specification(api: ApiServer, spec: dict[str, Any], said: str) -> None:
    assert said in refusal(api, model_deployment("wrong", **spec))
