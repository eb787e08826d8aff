"""The Jobs in the training image: a run, a comparison of two versions, and reading images alone."""

from dandelion_operator.loop.apply.builders.jobs.evaluation import evaluation_job
from dandelion_operator.loop.apply.builders.jobs.ingest import ingest_job
from dandelion_operator.loop.apply.builders.jobs.training import job

__all__ = ["evaluation_job", "ingest_job", "job"]
