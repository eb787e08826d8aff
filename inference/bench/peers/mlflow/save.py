"""Saves `serve.py` as an MLflow model in the folder that is named."""

import sys
from pathlib import Path

import mlflow

here = Path(__file__).parent
mlflow.pyfunc.save_model(
    sys.argv[1],
    python_model=str(here / "serve.py"),
    code_paths=[str(here / "classifier.py")],
    pip_requirements=[],
)
