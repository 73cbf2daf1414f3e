"""What Pydantic 2 calls the things that Pydantic 1 had."""

from __future__ import annotations

METHODS = {
    "dict": "model_dump",
    "json": "model_dump_json",
    "copy": "model_copy",
    "parse_obj": "model_validate",
    "parse_raw": "model_validate_json",
    "from_orm": "model_validate",
    "construct": "model_construct",
    "schema": "model_json_schema",
    "update_forward_refs": "model_rebuild",
    "__fields__": "model_fields",
}
"""Methods of a model to their successor."""

SAME_ARGUMENTS = frozenset({"dict", "json", "parse_obj", "construct"})
"""Methods whose successor takes the arguments that are usually given."""

DECORATORS = {
    "pydantic.validator": "field_validator",
    "pydantic.root_validator": "model_validator",
    "pydantic.validate_arguments": "validate_call",
    "pydantic.class_validators.validator": "field_validator",
    "pydantic.class_validators.root_validator": "model_validator",
}
"""Decorators to their successor."""

FIELD_ARGUMENTS = {
    "regex": "pattern",
    "min_items": "min_length",
    "max_items": "max_length",
    "const": "a `Literal` type",
    "allow_mutation": "frozen",
    "unique_items": "a `set`",
    "env": "validation_alias",
}
"""Arguments of `Field` that Pydantic 2 no longer takes, or takes for something else."""

RENAMED_ARGUMENTS = frozenset({"regex", "min_items", "max_items"})
"""Those that only have a new name."""

CONSTRAINED = {
    "pydantic.constr": "Annotated[str, StringConstraints(...)]",
    "pydantic.conint": "Annotated[int, Field(...)]",
    "pydantic.confloat": "Annotated[float, Field(...)]",
    "pydantic.condecimal": "Annotated[Decimal, Field(...)]",
    "pydantic.conlist": "Annotated[list[...], Field(...)]",
    "pydantic.conset": "Annotated[set[...], Field(...)]",
}
"""Functions that make a constrained type, with what Pydantic 2 recommends."""

NEW_NAMES = frozenset({
    "pydantic.field_validator", "pydantic.model_validator",
    "pydantic.field_serializer", "pydantic.model_serializer", "pydantic.TypeAdapter",
    "pydantic.computed_field", "pydantic.RootModel", "pydantic.validate_call",
    "pydantic.BeforeValidator", "pydantic.AfterValidator", "pydantic_settings.BaseSettings",
    "pydantic_settings.SettingsConfigDict",
})  # fmt: skip
"""What only Pydantic 2 has; a `ConfigDict` was in 1.10 already."""

OLD_NAMES = frozenset({
    "pydantic.validator", "pydantic.root_validator", "pydantic.BaseSettings",
    "pydantic.generics.GenericModel", "pydantic.parse_obj_as",
})  # fmt: skip
"""What Pydantic 1 has and 2 has not, or keeps only to warn about it."""
