"""What guessing one password or PIN costs whoever has stolen the table."""

import importlib.util
from types import ModuleType

from creditbank.identity import passwords, pin_digits


def untouched(module: ModuleType) -> ModuleType:
    """The module as the product has it, without what the tests make cheaper in it."""
    assert module.__spec__ is not None
    copy = importlib.util.module_from_spec(module.__spec__)
    assert module.__spec__.loader is not None
    module.__spec__.loader.exec_module(copy)
    return copy


def test_the_product_hashes_at_the_full_cost() -> None:
    """Passwords and PINs take 64 MiB and three passes in the product, whatever tests do."""
    full = "$argon2id$v=19$m=65536,t=3,p=4$"
    assert untouched(passwords).hashed("one of mine").startswith(full)
    assert untouched(pin_digits)._hasher().hash("580274").startswith(full)


def test_the_tests_hash_quickly() -> None:
    """In tests a hash is argon2id's still, at its least cost."""
    assert passwords.hashed("one of mine").startswith("$argon2id$v=19$m=64,t=1,p=1$")
