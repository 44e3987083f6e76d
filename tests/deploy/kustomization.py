"""The little of kustomize that deploy/kubernetes uses; whatever else is asked for is refused, never passed over."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
FILE = "kustomization.yaml"
FIELDS = {"apiVersion", "kind", "namespace", "resources", "components", "images", "replicas", "patches"}


class Refused(Exception):
    """What is asked for does not exist, or is more than this module knows."""


class UniqueLoader(yaml.SafeLoader):
    """Refuses a key that is written twice, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise Refused(f"a key stands twice{node.start_mark}")
        return super().construct_mapping(node, deep)


@dataclass
class Build:
    """What a folder comes to, and every file that had a part in it."""

    documents: list[Document] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)

    def one(self, kind: str, name: str) -> Document:
        """Return the document of this kind and name; raise Refused unless there is exactly one."""
        found = [one for one in self.documents if (one["kind"], one["metadata"]["name"]) == (kind, name)]
        if len(found) != 1:
            raise Refused(f"{len(found)} of {kind} {name}")
        return found[0]

    def of(self, kind: str) -> list[Document]:
        """Return the documents of this kind."""
        return [one for one in self.documents if one["kind"] == kind]


def build(folder: Path) -> Build:
    """Return what `kubectl kustomize` makes of the folder."""
    built = Build()
    _add(folder, built)
    for one in built.documents:
        built.one(one["kind"], one["metadata"]["name"])
    return built


def pods(document: Document) -> Document:
    """Return a workload's pod template."""
    template: Document = document["spec"]["template"]
    return template


def _load(file: Path, built: Build) -> list[Document]:
    built.files.add(file)
    return list(yaml.load_all(file.read_text(), UniqueLoader))


def _add(folder: Path, built: Build) -> None:
    """Add the folder to what is built; a component changes what was there before too, anything else its own alone."""
    (told,) = _load(folder / FILE, built)
    if unknown := set(told) - FIELDS:
        raise Refused(f"{folder}: {sorted(unknown)}")
    own = built if told["kind"] == "Component" else Build(files=built.files)
    for name in told.get("resources", []):
        path = (folder / name).resolve()
        if path.is_dir():
            _add(path, own)
        else:
            own.documents += _load(path, own)
    for name in told.get("components", []):
        _add((folder / name).resolve(), own)
    for patch in told.get("patches", []):
        _patch(own, patch)
    _transform(own, told)
    if own is not built:
        built.documents += own.documents


def _patch(built: Build, told: Mapping[str, Any]) -> None:
    change = yaml.load(told["patch"], UniqueLoader)  # noqa: S506 - a safe one
    if "target" not in told:
        _merge(built.one(change["kind"], change["metadata"]["name"]), change)
        return
    document = built.one(**told["target"])
    for step in change:
        _step(document, **step)


def _merge(document: Document, change: Mapping[str, Any]) -> None:
    for key, value in change.items():
        if isinstance(value, dict):
            _merge(document.setdefault(key, {}), value)
        elif value is None or isinstance(value, list):
            raise Refused(f"{key}: a merge of lists, or one that deletes")
        else:
            document[key] = value


def _step(document: Document, op: str, path: str, value: Any = None) -> None:
    *way, last = (part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])
    place: Any = document
    for part in way:
        place = place[int(part) if isinstance(place, list) else part]
    if op == "add" and isinstance(place, dict):
        place[last] = deepcopy(value)
    elif op == "remove" and last in place:
        del place[last]
    else:
        raise Refused(f"{op} {path}")


def _transform(built: Build, told: Mapping[str, Any]) -> None:
    if namespace := told.get("namespace"):
        for document in built.documents:
            if document["kind"] != "Namespace":
                document["metadata"]["namespace"] = namespace
    for replicas in told.get("replicas", []):
        built.one("Deployment", replicas["name"])["spec"]["replicas"] = replicas["count"]
    for image in told.get("images", []):
        hit = [container for container in _containers(built) if container["image"].partition(":")[0] == image["name"]]
        if not hit:
            raise Refused(f"nothing runs {image['name']}")
        for container in hit:
            container["image"] = f"{image['newName']}:{image['newTag']}"


def _containers(built: Build) -> Iterator[Document]:
    for document in built.documents:
        if document["kind"] in {"Deployment", "Job"}:
            spec = pods(document)["spec"]
            yield from [*spec.get("initContainers", []), *spec["containers"]]
