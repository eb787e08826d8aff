"""Writes the objects anew."""

import yaml

from golden import objects, path

for name, content in objects().items():
    path(name).write_text(yaml.safe_dump(content, sort_keys=False, width=100))
