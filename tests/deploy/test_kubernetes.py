"""The manifests as a tree: built as kustomize builds them, valid to the last field, and nothing lies about."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.kubernetes_schemas import NEWEST, OLDEST, fault
from tests.deploy.kustomization import Build, Document, Refused, build

TREE = Path("deploy/kubernetes").resolve()
FOLDERS = ["base", "migration", "overlays/example", "overlays/example/migration"]
FREE = {"labels", "matchLabels", "data", "annotations", "requests", "limits"}
"""Maps whose keys are anybody's."""


def build_all() -> list[Build]:
    return [build(TREE / folder) for folder in FOLDERS]


def kinds() -> dict[str, Document]:
    """Return one document of each kind that we have."""
    return {document["kind"]: document for built in build_all() for document in built.documents}


def objects(value: Any, free: bool = False) -> Iterator[dict[str, Any]]:
    """Yield every object within, those left out whose keys are free."""
    if isinstance(value, dict):
        if not free:
            yield value
        for key, inner in value.items():
            yield from objects(inner, key in FREE or (key == "selector" and is_flat(inner)))
    if isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def is_flat(selector: dict[str, Any]) -> bool:
    """Return whether a selector is a Service's, which is a map of labels itself."""
    return all(isinstance(value, str) for value in selector.values())


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_document_is_valid(folder: str, version: str) -> None:
    """Kubernetes takes each of them, from the oldest release that we name to the newest."""
    documents = build(TREE / folder).documents
    assert documents
    faults = [(one["kind"], one["metadata"]["name"], fault(one, version)) for one in documents]
    assert [found for found in faults if found[2]] == []


@pytest.mark.parametrize("kind", kinds())
def test_a_misspelt_field_is_found_wherever_it_stands(kind: str) -> None:
    """In no object of any kind can a field be written wrong and be passed over."""
    document = kinds()[kind]
    assert fault(document) is None
    for number, _ in enumerate(list(objects(document))):
        wrong = deepcopy(document)
        list(objects(wrong))[number]["mispelt"] = "x"
        assert "mispelt" in str(fault(wrong))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "Deploymant"}, "Deploymant"),
        ({"apiVersion": "apps.example.com/v1"}, "apps/v1"),
        ({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob"}, "ScaledJob"),
        ({"spec": {"replicas": "2"}}, "replicas"),
        ({"spec": {"selector": {}}}, "template"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unknown_kind_and_a_wrong_value_are_found(change: dict[str, Any], says: str) -> None:
    """What nobody has a schema for is no document; types and what is wanted count too."""
    assert says in str(fault(kinds()["Deployment"] | change))


def test_every_file_has_a_part() -> None:
    """No file lies in the tree that no kustomization names."""
    used = set().union(*(built.files for built in build_all()))
    assert {path for path in TREE.rglob("*") if path.is_file()} == used


@pytest.mark.parametrize("folder", FOLDERS)
def test_we_build_what_kustomize_builds(folder: str) -> None:
    """What is checked here is what an operator's own kubectl makes of the folder."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("needs kubectl, to compare with")
    command = [kubectl, "kustomize", str(TREE / folder)]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603
    theirs = list(yaml.safe_load_all(text))
    assert in_order(theirs) == in_order(build(TREE / folder).documents)


def in_order(documents: list[Document]) -> list[str]:
    return sorted(json.dumps(document, sort_keys=True) for document in documents)


@pytest.mark.parametrize(
    "told",
    [
        "configMapGenerator: [{name: more}]",
        "resources: [one.yaml, one.yaml]",
        "images: [{name: cora/absent, newName: a, newTag: b}]",
        "replicas: [{name: absent, count: 2}]",
        "resources: [one.yaml]\npatches: [{patch: '{kind: ConfigMap, metadata: {name: two}}'}]",
        "resources: [one.yaml]\npatches: [{target: {kind: ConfigMap, name: one}, patch: '[{op: remove, path: /no}]'}]",
        "resources: [one.yaml]\npatches: [{patch: '{kind: ConfigMap, metadata: {name: one}, data: [1]}'}]",
        "namespace: a\nnamespace: b",
    ],
)
def test_what_we_cannot_build_is_refused(told: str, tmp_path: Path) -> None:
    """A feature that is not resolved here, or a change that meets nothing, stops the build."""
    (tmp_path / "kustomization.yaml").write_text(f"kind: Kustomization\n{told}\n")
    (tmp_path / "one.yaml").write_text("{kind: ConfigMap, metadata: {name: one}}")
    with pytest.raises(Refused):
        build(tmp_path)
