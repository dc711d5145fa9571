"""Parquet: the metadata first, then only as many rows as are taken."""

from __future__ import annotations

from io import BytesIO

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # its makers ship no types

from parlanchina.files.columns import MAX_COLUMNS, MAX_ROWS, build_table, plain, unique_names
from parlanchina.files.extract import Budget, Column, Extract, estimate_tokens

__all__ = ["read_parquet"]


def read_parquet(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read a Parquet file: its columns with Arrow's own types, and its first rows.

    Raises whatever Arrow raises.
    """
    with pq.ParquetFile(BytesIO(content)) as file:
        total, schema = file.metadata.num_rows, file.schema_arrow
        width = min(len(schema), MAX_COLUMNS)
        batch = next(file.iter_batches(MAX_ROWS, columns=schema.names[:width], use_threads=False), None)
    rows = [] if batch is None else list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    names = unique_names(schema.names[:width])
    columns = [Column(name=label, type=str(kind)[:80]) for label, kind in zip(names, schema.types, strict=False)]
    table, listing = build_table(
        [[plain(value) for value in row] for row in rows],
        columns=columns,
        total=total,
        budget=Budget(max_tokens),
        all_columns=len(schema),
    )
    return Extract(
        kind="table",
        media_type="application/vnd.apache.parquet",
        part=table.part,
        tokens=estimate_tokens(listing),
        text=listing,
        tables=(table,),
    )
