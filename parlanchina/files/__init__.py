"""Files that users put in: kept, and turned into something a model can read.

::

    save → apart → child → reading → kinds → picture | pdf | document | workbook | delimited | parquet | text
                                              and all of them → extract (values, budget), columns (tables)
    prompt: which files fit, and the parts of a message they become

Beside the stores in the layers: imports errors and messages, nothing else of ours. What reads files (`reading`) is
not among the names here: a child process loads it, and the app is spared the formats' libraries.
"""

from parlanchina.files.apart import SeparateReader
from parlanchina.files.extract import MAX_TOKENS, Column, Extract, Reader, Table, estimate_tokens
from parlanchina.files.kinds import ACCEPTED
from parlanchina.files.prompt import Plan, fit, prompt_parts
from parlanchina.files.size import MAX_FILE_BYTES
from parlanchina.files.store import FileStore

__all__ = [
    "ACCEPTED",
    "MAX_FILE_BYTES",
    "MAX_TOKENS",
    "Column",
    "Extract",
    "FileStore",
    "Plan",
    "Reader",
    "SeparateReader",
    "Table",
    "estimate_tokens",
    "fit",
    "prompt_parts",
]
