"""Prints the Python story of the repository's README, to be run anywhere."""

import re
import sys
from pathlib import Path

STORY = re.compile(r"<!-- story:python:start -->\s*```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)

readme = Path(__file__).parents[2] / "README.md"
story = STORY.search(readme.read_text(encoding="utf-8"))
if story is None:
    sys.exit(f"{readme} has no Python story")
print(story[1], end="")
