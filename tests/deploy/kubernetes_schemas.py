"""Validates documents as Kubernetes' own schemas want them, and custom resources as their documentation does.

Strictly: a field or a kind that is unknown fails. What our custom resources do not use is left out of their schemas.
"""

from functools import cache
from typing import Any

import kubernetes_validate.utils
from jsonschema import Draft202012Validator, ValidationError

Schema = dict[str, Any]
OLDEST, NEWEST = "1.30", "1.37"
"""Releases of Kubernetes that we say we run on; the oldest has a `preStop` that sleeps."""

kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)  # a megabyte each time

STRING: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
WORDS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def choice(*words: str) -> Schema:
    """Return the schema of one of these words."""
    return {"enum": list(words)}


def several(schema: Schema) -> Schema:
    """Return the schema of a list that is not empty."""
    return {"type": "array", "minItems": 1, "items": schema}


def closed(required: dict[str, Schema], **optional: Schema) -> Schema:
    """Return the schema of an object with these properties and no other."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def resource(api_version: str, kind: str, spec: Schema) -> Schema:
    """Return the schema of a custom resource."""
    metadata = closed({"name": STRING}, namespace=STRING, labels=WORDS, annotations=WORDS)
    return closed({"apiVersion": choice(api_version), "kind": choice(kind), "metadata": metadata, "spec": spec})


SELECTOR = closed(
    {},
    matchLabels=WORDS,
    matchExpressions=several(
        closed(
            {"key": STRING, "operator": choice("In", "NotIn", "Exists", "DoesNotExist")},
            values=several(STRING),
        )
    ),
)
POD_MONITOR = closed(
    {
        "selector": SELECTOR,
        "podMetricsEndpoints": several(
            closed({"port": STRING}, path=STRING, interval={"type": "string", "pattern": r"^\d+(ms|s|m|h)$"})
        ),
    },
    jobLabel=STRING,
)
"""https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor"""

RABBITMQ = closed(
    {
        "protocol": choice("http", "amqp", "auto"),
        "mode": choice("QueueLength", "MessageRate"),
        "queueName": STRING,
        "value": {"type": "string", "pattern": r"^\d+$"},
    },
    vhostName=STRING,
    excludeUnacknowledged=choice("true", "false"),
)
"""https://keda.sh/docs/2.17/scalers/rabbitmq-queue/; every value is text."""

PROMETHEUS = closed(
    {"serverAddress": STRING, "query": STRING, "threshold": {"type": "string", "pattern": r"^\d+(\.\d+)?$"}},
    activationThreshold={"type": "string", "pattern": r"^\d+(\.\d+)?$"},
    ignoreNullValues=choice("true", "false"),
)
"""https://keda.sh/docs/2.17/scalers/prometheus/"""

METRIC_TYPE = choice("AverageValue", "Value")
TRIGGER = {
    "oneOf": [
        closed(
            {"type": choice("rabbitmq"), "metadata": RABBITMQ},
            metricType=METRIC_TYPE,
            authenticationRef=closed({"name": STRING}),
        ),
        closed({"type": choice("prometheus"), "metadata": PROMETHEUS}, metricType=METRIC_TYPE),
    ]
}
RULES = closed(
    {
        "policies": several(closed({"type": choice("Pods", "Percent"), "value": COUNT, "periodSeconds": COUNT})),
    },
    stabilizationWindowSeconds=COUNT,
    selectPolicy=choice("Max", "Min", "Disabled"),
)
SCALED_OBJECT = closed(
    {
        "scaleTargetRef": closed({"name": STRING}),
        "triggers": several(TRIGGER),
    },
    pollingInterval=COUNT,
    minReplicaCount=COUNT,
    maxReplicaCount=COUNT,
    fallback=closed(
        {"failureThreshold": COUNT, "replicas": COUNT},
        behavior=choice("static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"),
    ),
    advanced=closed(
        {},
        restoreToOriginalReplicaCount={"type": "boolean"},
        horizontalPodAutoscalerConfig=closed({}, behavior=closed({}, scaleUp=RULES, scaleDown=RULES)),
    ),
)
"""https://keda.sh/docs/2.17/reference/scaledobject-spec/"""

TRIGGER_AUTHENTICATION = closed(
    {"secretTargetRef": several(closed({"parameter": STRING, "name": STRING, "key": STRING}))}
)
"""https://keda.sh/docs/2.17/concepts/authentication/"""

CUSTOM = {
    ("monitoring.coreos.com/v1", "PodMonitor"): POD_MONITOR,
    ("keda.sh/v1alpha1", "ScaledObject"): SCALED_OBJECT,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): TRIGGER_AUTHENTICATION,
}


def fault(document: dict[str, Any], version: str = NEWEST) -> str | None:
    """Return what is wrong with a document, None where nothing is."""
    identity = document["apiVersion"], document["kind"]
    try:
        if identity in CUSTOM:
            Draft202012Validator(resource(*identity, CUSTOM[identity])).validate(document)
        else:
            kubernetes_validate.utils.validate(document, version, strict=True)
    except ValidationError as error:
        return f"{error.json_path}: {error.message}"
    except kubernetes_validate.utils.SchemaNotFoundError as error:
        return str(error.message)
    return None
