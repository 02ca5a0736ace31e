"""What pydantic complains of, as this project says it: the fault, then the remedy."""

from typing import Any

# By pydantic's name for the kind of error; what stands in braces is of its context.
_WORDS = {
    "int_": "not a whole number; write one such as 3",
    "float_": "not a number; write one such as 0.5",
    "finite_number": "not a number; write one such as 0.5",
    "bool_": "neither true nor false; write one of them",
    "string_type": "not a text; write it in quotation marks",
    "string_too_short": "empty; write a text",
    "string_pattern_mismatch": "no name; write it with letters, digits, dots, dashes and underscores",
    "list_type": "not a list; write it in square brackets",
    "tuple_type": "not a list; write it in square brackets",
    "dict_type": "not a table; write it as {{ key = value }}",
    "model_type": "not a table; write it as {{ key = value }}",
    "too_short": "empty; name one at least",
    "greater_than_equal": "too little; write {ge:.10g} or more",
    "greater_than": "too little; write more than {gt:.10g}",
    "less_than_equal": "too much; write {le:.10g} or less",
    "literal_error": "not possible; write {expected}",
    "byte_size": 'not a size; write one such as 64 or "16KiB"',
}


def fault_of(error: Any) -> str:
    """An error of pydantic's in words; what a validator of ours said stays as it is."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(error["msg"].removeprefix("Value error, "))
    words = next((words for name, words in _WORDS.items() if kind.startswith(name)), "")
    said = words.format(**context) if words else f"{error['msg']}; correct it"
    said = said.replace("'", '"')
    is_one_of_two = any(str(part).startswith("literal[") for part in error["loc"])
    return f"{said} or a list such as [1]" if is_one_of_two else said
