"""What a results folder holds against schema.toml: a damaged file is named before anything is worked out from it.

Fields that the schema doesn't know are another version's, and nobody's fault.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from analysis.records.schema import NEEDED, RECORDS, RUN, Fields

TYPES: dict[str, Any] = {
    "count": int, "figure": (int, float), "flag": bool, "text": str, "texts": list, "counts": list, "times": dict,
    "names": dict, "value": object, "histogram": str, "settings": dict, "table": (dict, list),
}  # fmt: skip
IN_WORDS = {
    "count": "a whole number", "figure": "a number", "flag": "true or false", "text": "a text", "texts": "a list",
    "counts": "a list", "times": "an object", "names": "an object", "histogram": "a text", "settings": "an object",
    "table": "an object or a list",
}  # fmt: skip
USUAL = "axes.*.usual"  # null where there is none
ALWAYS = ("run_id", "strategies", "window.p99_multiple", "axes", "axes.*.name", USUAL)  # nothing is read without these
TABLES = {name.partition(".*")[0] for name in RUN if ".*" in name}  # of entries that are objects
ABSENT: Any = object()


# Of each kind of record: the fields that are histograms.
HISTOGRAMS = {
    kind: [name for name, field in fields.items() if field.kind == "histogram"] for kind, fields in RECORDS.items()
}


def fault_of_run(run: Mapping[str, Any]) -> str:
    """What is wrong with a run.json; empty if nothing is."""
    for name, field in RUN.items():
        for value in _at(run, name.split(".")):
            if value is not ABSENT and value is not None and not _fits(value, field.kind):
                return f"{name} is {_shown(value)}, not {IN_WORDS[field.kind]}"
        if name in TABLES:
            for entry in _at(run, [name, "*"]):
                if entry is not ABSENT and not isinstance(entry, dict):
                    return f"{name} holds {_shown(entry)}, not an object"
    for name in ALWAYS:
        if any(value is ABSENT or (value is None and name != USUAL) for value in _at(run, name.split("."))):
            return f"no {name!r}"
    return ""


def fault_of_record(record: Mapping[str, Any], values: Iterable[Any]) -> str:
    """What is wrong with a record of a known kind; empty if nothing is.

    `values` are those of its fields in the order of the schema; what is a histogram's text is `Encoded`.
    """
    if not _are_sound(str(record["kind"]), tuple(map(type, values))):
        return _fault_of_fields(record)
    return _fault_of_histograms(record)


@lru_cache(maxsize=1024)  # of half a million fields; records of a kind hardly differ in their types
def _are_sound(kind: str, types: tuple[type, ...]) -> bool:
    """Whether nothing can be wrong with fields of these types, in the order of the schema."""
    for field, type_ in zip(RECORDS[kind].values(), types, strict=True):
        is_null = type_ is type(None) and (field.absent is not NEEDED or field.kind == "histogram")
        if not is_null and not (issubclass(type_, TYPES[field.kind]) and (type_ is not bool or field.kind == "flag")):
            return False
    return True


def _fault_of_fields(record: Mapping[str, Any]) -> str:
    return fault_of_line(record, RECORDS[record["kind"]]) or _fault_of_histograms(record)


def fault_of_line(record: Mapping[str, Any], fields: Fields) -> str:
    """What is wrong with the fields of a line that is to have these, histograms aside; empty if nothing is."""
    for name, field in fields.items():
        value = record.get(name, ABSENT)
        if value is ABSENT and field.absent is NEEDED:
            return f"no {name!r}"
        if value is ABSENT or (value is None and (field.absent is not NEEDED or field.kind == "histogram")):
            continue
        if not _fits(value, field.kind):
            return f"{name} is {_shown(value)}, not {IN_WORDS[field.kind]}"
    return ""


def _fault_of_histograms(record: Mapping[str, Any]) -> str:
    for name in HISTOGRAMS[record["kind"]]:
        if name not in record and RECORDS[record["kind"]][name].absent is NEEDED:
            return f"no {name!r}"
        if value := record.get(name):
            try:
                value.total  # noqa: B018  which decodes it
            except Exception as damage:  # the library has errors of its own for each way to be damaged
                return f"{name} can't be decoded ({str(damage).lower() or 'no histogram'})"
    return ""


def _fits(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "flag" or kind == "value" or not isinstance(value, bool))


def _at(value: Any, keys: Sequence[str]) -> Iterator[Any]:
    """What stands at a name such as axes.*.usual; ABSENT where an entry doesn't have it."""
    if not keys:
        yield value
    elif keys[0] == "*":
        for entry in value.values() if isinstance(value, dict) else () if value is ABSENT else value or ():
            yield from _at(entry, keys[1:])
    elif isinstance(value, dict):
        yield from _at(value[keys[0]], keys[1:]) if keys[0] in value else (ABSENT,)
    else:
        yield ABSENT


def _shown(value: Any) -> str:
    text = repr(value)
    return "null" if value is None else text if len(text) <= 30 else f"{text[:30]}..."
