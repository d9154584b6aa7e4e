"""Property tests search anew at a developer's desk, and ask the same questions every time in CI.

A property that fails by chance there would hold up a change that did not cause it; the search goes on elsewhere.
"""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
