"""Results to JSON and back; large arrays inline for people, or beside it for study files."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from planetview.core.errors import UserError
from planetview.core.files import write_atomically
from planetview.core.results import SCHEMA, Results


@functools.cache
def _adapter() -> TypeAdapter[Results]:
    return TypeAdapter(Results)


def results_to_document(results: Results, sink: dict[str, np.ndarray] | None = None) -> dict[str, Any]:
    """Return results as a JSON-ready dictionary.

    sink: when given, arrays are put into it and the document only names them; when None they are
    lists, where null stands for "no value" and "inf" for infinity (JSON has neither).
    """
    document: dict[str, Any] = _adapter().dump_python(
        results, mode="json", context=None if sink is None else {"sink": sink}
    )
    return {"format": "planetview results", **document}


def results_to_json(results: Results) -> str:
    """Return `results.json` as text: strict JSON, schema-versioned, arrays inline."""
    return json.dumps(results_to_document(results), ensure_ascii=False, allow_nan=False, indent=1)


def write_results(results: Results, path: Path) -> None:
    """Write `results.json` atomically; raises UserError when the machine refuses."""
    # A name that is not UTF-8 on disk holds a lone surrogate, which JSON can say only as an escape.
    data = results_to_json(results).encode("utf-8", "backslashreplace")
    write_atomically(path, lambda stream: stream.write(data))


def results_from_document(document: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> Results:
    """Return the results that `results_to_document` wrote.

    Raises UserError when the document is not one, is from a newer schema, or does not fit it.
    """
    schema = document.get("schema")
    if document.get("format") != "planetview results" or not isinstance(schema, int):
        raise UserError("This is not a PlanetView results document.")
    if schema > SCHEMA:
        raise UserError(
            f"These results have schema {schema}; this version reads up to {SCHEMA}.",
            hint="Open them with a newer PlanetView.",
        )
    fields = {key: value for key, value in document.items() if key != "format"}
    try:
        return _adapter().validate_python(fields, context={"arrays": arrays or {}})
    except (ValidationError, KeyError, TypeError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise UserError(f"The results document is damaged: {first}.", hint="Run the study again.") from error


def results_from_json(text: str) -> Results:
    """Return results from the text of a `results.json`; raises UserError for anything else."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"The results file is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UserError("This is not a PlanetView results document.")
    return results_from_document(document)
