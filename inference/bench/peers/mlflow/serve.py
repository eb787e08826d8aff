"""A pyfunc model around the classifier, as code: saved by `save.py`, run by the command line."""

import base64

import mlflow
from classifier import Classifier


class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.classifier = Classifier()

    def predict(self, context, model_input, params=None):
        images = [base64.b64decode(text) for text in model_input]
        return self.classifier.classify_all(images)


mlflow.models.set_model(Model())
