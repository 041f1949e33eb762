"""How much Slack takes: the one place that knows it. Lengths in characters, unless said otherwise.

From docs.slack.dev: reference/block-kit/blocks (50 blocks a message) and its pages header-block (150), section-block
(3,000; 10 fields of 2,000), context-block (10 elements), table-block (100 rows of 20 cells);
reference/block-kit/composition-objects/text-object (3,000, at least 1).
"""

from typing import Final

BLOCKS: Final = 50
HEADER: Final = 150
SECTION: Final = 3000
FIELD, FIELDS = 2000, 10
CONTEXT, CONTEXTS = 3000, 10
URL: Final = 3000
ROWS, CELLS = 100, 20
TABLE: Final = 9000
"""A table as JSON: a part of ALL_BLOCKS that leaves room for the others."""

TEXT_BYTES: Final = 4000
"""What `chat.update` takes as text, in bytes of UTF-8 after escaping, though `chat.postMessage` takes 40,000.

Measured by GitLab (merge request 258898); more is answered with `msg_too_long`.
"""

ALL_BLOCKS: Final = 12_000
"""All blocks of a message as JSON. Not documented: Slack refuses about 13,200 with `msg_blocks_too_long`.

Reported in slackapi/bolt-js issue 2509.
"""


def size(text: str) -> int:
    """Characters as Slack may count them: the documents do not say which, so those of UTF-16, of which it has most."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
