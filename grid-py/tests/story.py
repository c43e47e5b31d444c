"""Prints the Python story of grid-py's README, to be run anywhere."""

import re
import sys
from pathlib import Path

readme = Path(__file__).parents[1] / "README.md"
story = re.search(r"^```python\n(.*?)^```$", readme.read_text(), re.DOTALL | re.MULTILINE)
if story is None:
    sys.exit(f"{readme} has no Python story")
print(story[1], end="")
