"""YAML as people write it: a key given twice is an error, where plain YAML would silently let the last one win."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

# The parser of libyaml where PyYAML was built with it: all contracts in a quarter of the time.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UniqueKeyLoader(_Loader):  # type: ignore[misc, valid-type]
    """SafeLoader that refuses a key given twice, with a ConstructorError whose `problem` names the key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            # A list as a key is refused by the loader itself, with its line.
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"'{key}' is given twice", key_node.start_mark)
                seen.add(key)
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built
