"""Asks the Harbor of a sandbox through two clients that are not ours, and compares with ours.

Usage: harbor.py ACCOUNTS.json CALLS; see ../vendor-sdk.sh. CALLS is the program of `examples/calls.rs`.
"""

import json
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from urllib.parse import quote

import harbor_client
from harborapi import HarborClient
from harborapi import models
from harborapi.exceptions import StatusError
from harbor_client.rest import ApiException

with open(sys.argv[1]) as file:
    accounts = json.load(file)
account = accounts["harbor"]
BASE = account["endpoint"] + "/api/v2.0"

TYPED, SWAGGER = "harborapi", "harbor-api-client"
PROJECT, NESTED, TAG = "team", "api/server", "v1.0"
POLICY, EXECUTION, TASK = 12, 83, 1927
FLEET_POLICY, FLEET_EXECUTION, FLEET_TASKS = 24, 301, 1200
EVENT_POLICY = 20
RETENTION, CLEANING, CLEANING_TASK = 7, 51, 614
WEBHOOK, ROBOT, REGISTRY = 6, 9, 3
UNKNOWN = 987654

# Fields that the client's models do not have: they are newer, or their names are not decoded.
MISSING = {
    TYPED: set(),
    SWAGGER: {
        "ca_certificate",
        "max_upstream_conn",
        "os.features",
        "os.version",
        "proxy_cache_local_on_not_found",
        "single_active_replication",
    },
}


class Ours:
    """Our generated client, in a process that makes one call for each line."""

    def __init__(self):
        command = [sys.argv[2]]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, bufsize=1, **pipes)
        self.process.stdin.write(json.dumps(accounts) + "\n")

    def call(self, operation, **parameters):
        line = json.dumps({"operation": operation, "parameters": parameters})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def answer(self, operation, **parameters):
        said = self.call(operation, **parameters)
        assert "answer" in said, (operation, parameters, said)
        return said["answer"]


class Swagger:
    """The client `harbor-api-client`, whose methods are found by the names of operations."""

    def __init__(self, password):
        configuration = harbor_client.Configuration()
        configuration.host = BASE
        configuration.username = account["username"]
        configuration.password = password
        self.client = harbor_client.ApiClient(configuration)

    def answer(self, operation, **parameters):
        return self.full(operation, **parameters)[0]

    def full(self, operation, **parameters):
        """Returns answer, status and headers."""
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        method = words.replace("i_d", "id") + "_with_http_info"
        classes = [getattr(harbor_client, name) for name in dir(harbor_client) if name.endswith("Api")]
        found = [own for own in classes if hasattr(own, method) and own.__name__ != "Robotv1Api"]
        assert len(found) == 1, (operation, method, found)
        if "repository_name" in parameters:
            # The client encodes the name once, and Harbor wants it encoded twice.
            parameters["repository_name"] = quote(parameters["repository_name"], safe="")
        return getattr(found[0](self.client), method)(**parameters)


def typed(password):
    return HarborClient(url=BASE, username=account["username"], secret=password, retry=None)


def plain(value):
    """Returns what a client decoded as JSON, with times as instants.

    Fields that are absent, null, empty or in the year 1 are left out: our client reads them as absent.
    """
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(by_alias=True, exclude_unset=True))
    if hasattr(value, "attribute_map"):
        names = value.attribute_map.items()
        return plain({name: getattr(value, attribute) for attribute, name in names})
    if isinstance(value, dict):
        pairs = ((name, plain(item)) for name, item in value.items())
        return {str(name): item for name, item in pairs if item not in (None, [], {})}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, str):
        return instant_of_text(value)
    if hasattr(value, "value"):
        return value.value
    return value


def instant(moment):
    if moment.year == 1:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return zoned.astimezone(timezone.utc).isoformat(timespec="microseconds")


def instant_of_text(text):
    """Returns a text that is a time as an instant. Digits after the sixth are cut."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return text
    return instant(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)))


def without(value, fields):
    if isinstance(value, dict):
        return {key: without(item, fields) for key, item in value.items() if key not in fields}
    if isinstance(value, list):
        return [without(item, fields) for item in value]
    return value


def differences(mine, theirs, path=""):
    """Yields the places where two answers differ."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in sorted(mine.keys() | theirs.keys()):
            yield from differences(mine.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for index, pair in enumerate(zip(mine, theirs)):
            yield from differences(*pair, f"{path}[{index}]")
    elif mine != theirs or type(mine) is not type(theirs):
        yield f"{path}: ours {mine!r}, theirs {theirs!r}"


REPOSITORY = {"project_name": PROJECT, "repository_name": NESTED}
ARTIFACT = {**REPOSITORY, "reference": TAG}
PROJECT_ID = {"project_name_or_id": PROJECT}
ALL = {"page_size": 100}
OF_WEBHOOK = {**PROJECT_ID, "webhook_policy_id": WEBHOOK}
POLICIES_OF_PUSHES = {"q": "name=~push-to,enabled=true", "sort": "-id", "page": 2, "page_size": 1}
OF_FLEET = {"id": FLEET_EXECUTION, "status": "Failed", "sort": "-id", **ALL}

# Operation, its parameters, and the call of `harborapi`, if that has one.
READS = [
    ("getPing", {}, lambda c: c.ping()),
    ("getHealth", {}, lambda c: c.health_check()),
    ("getSystemInfo", {}, lambda c: c.get_system_info()),
    ("getVolumes", {}, lambda c: c.get_system_volume_info()),
    ("getStatistic", {}, lambda c: c.get_statistics()),
    ("listProjects", ALL, lambda c: c.get_projects(**ALL)),
    ("listProjects", {"name": "lib"}, lambda c: c.get_projects(name="lib")),
    ("getProject", PROJECT_ID, lambda c: c.get_project(PROJECT)),
    ("getProjectSummary", PROJECT_ID, lambda c: c.get_project_summary(PROJECT)),
    ("getProjectDeletable", PROJECT_ID, lambda c: c.get_project_deletable(PROJECT)),
    ("listProjectMetadatas", PROJECT_ID, lambda c: c.get_project_metadata(PROJECT)),
    ("listAllRepositories", ALL, lambda c: c.get_repositories(**ALL)),
    ("listRepositories", {"project_name": PROJECT}, lambda c: c.get_repositories(PROJECT)),
    ("getRepository", REPOSITORY, lambda c: c.get_repository(PROJECT, NESTED)),
    ("listArtifacts", REPOSITORY, lambda c: c.get_artifacts(PROJECT, NESTED)),
    ("getArtifact", ARTIFACT, lambda c: c.get_artifact(PROJECT, NESTED, TAG)),
    ("listTags", ARTIFACT, lambda c: c.get_artifact_tags(PROJECT, NESTED, TAG)),
    ("listAccessories", ARTIFACT, lambda c: c.get_artifact_accessories(PROJECT, NESTED, TAG)),
    ("listRegistries", ALL, lambda c: c.get_registries(**ALL)),
    ("getRegistry", {"id": REGISTRY}, lambda c: c.get_registry(REGISTRY)),
    ("getRegistryInfo", {"id": REGISTRY}, lambda c: c.get_registry_info(REGISTRY)),
    ("listRegistryProviderTypes", {}, lambda c: c.get_registry_adapters()),
    ("listRegistryProviderInfos", {}, lambda c: c.get_registry_providers()),
    ("listReplicationPolicies", ALL, lambda c: c.get_replication_policies(**ALL)),
    ("getReplicationPolicy", {"id": POLICY}, lambda c: c.get_replication_policy(POLICY)),
    ("listReplicationPolicies", POLICIES_OF_PUSHES, None),
    ("listReplicationExecutions", ALL, lambda c: c.get_replications(**ALL)),
    (
        "listReplicationExecutions",
        {"policy_id": FLEET_POLICY},
        lambda c: c.get_replications(policy_id=FLEET_POLICY),
    ),
    ("getReplicationExecution", {"id": EXECUTION}, lambda c: c.get_replication(EXECUTION)),
    ("listReplicationTasks", {"id": EXECUTION}, lambda c: c.get_replication_tasks(EXECUTION)),
    (
        "listReplicationTasks",
        OF_FLEET,
        lambda c: c.get_replication_tasks(FLEET_EXECUTION, status="Failed", sort="-id", **ALL),
    ),
    (
        "getReplicationLog",
        {"id": EXECUTION, "task_id": TASK},
        lambda c: c.get_replication_task_log(EXECUTION, TASK),
    ),
    ("getRentenitionMetadata", {}, lambda c: c.get_retention_metadata()),
    ("getRetention", {"id": RETENTION}, lambda c: c.get_retention_policy(RETENTION)),
    ("listRetentionExecutions", {"id": RETENTION}, lambda c: c.get_retention_executions(RETENTION)),
    (
        "listRetentionTasks",
        {"id": RETENTION, "eid": CLEANING},
        lambda c: c.get_retention_tasks(RETENTION, CLEANING),
    ),
    (
        "getRetentionTaskLog",
        {"id": RETENTION, "eid": CLEANING, "tid": CLEANING_TASK},
        lambda c: c.get_retention_execution_task_log(RETENTION, CLEANING, CLEANING_TASK),
    ),
    ("listQuotas", ALL, lambda c: c.get_quotas(**ALL)),
    ("getQuota", {"id": 4}, lambda c: c.get_quota(4)),
    ("ListRobot", {}, lambda c: c.get_robots()),
    ("GetRobotByID", {"robot_id": ROBOT}, lambda c: c.get_robot(ROBOT)),
    ("GetSupportedEventTypes", PROJECT_ID, lambda c: c.get_webhook_supported_events(PROJECT)),
    ("ListWebhookPoliciesOfProject", PROJECT_ID, lambda c: c.get_webhook_policies(PROJECT)),
    ("GetWebhookPolicyOfProject", OF_WEBHOOK, lambda c: c.get_webhook_policy(PROJECT, WEBHOOK)),
    ("LastTrigger", PROJECT_ID, lambda c: c.get_webhook_policy_last_trigger(PROJECT)),
    (
        "ListWebhookJobs",
        {**PROJECT_ID, "policy_id": WEBHOOK},
        lambda c: c.get_webhook_jobs(PROJECT, WEBHOOK),
    ),
    ("ListExecutionsOfWebhookPolicy", OF_WEBHOOK, None),
]

# Listings that both clients read in pages of one record, and the least number of records.
PAGED = [
    ("listReplicationPolicies", {"sort": "id"}, 6, lambda c, p: c.get_replication_policies(**p)),
    ("listRegistries", {"sort": "-id"}, 5, lambda c, p: c.get_registries(**p)),
    ("listReplicationExecutions", {"sort": "id"}, 2, lambda c, p: c.get_replications(**p)),
    ("listAllRepositories", {"sort": "name"}, 3, lambda c, p: c.get_repositories(**p)),
    (
        "listArtifacts",
        {"project_name": PROJECT, "repository_name": "api"},
        3,
        lambda c, p: c.get_artifacts(PROJECT, "api", page_size=p["page_size"]),
    ),
]


class Checks:
    """Counts and prints what was compared."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, is_good, details=()):
        self.passed += is_good
        self.failed += not is_good
        print(f"{name}: {'ok' if is_good else 'FAILED'}")
        for detail in list(details)[:12] if not is_good else []:
            print("  ", str(detail)[:600])

    def same(self, name, client, mine, theirs):
        mine, theirs = (without(plain(own), MISSING[client]) for own in (mine, theirs))
        found = list(differences(mine, theirs))
        count = f"{len(mine)} records" if isinstance(mine, list) else "a record"
        self.check(f"{client} {name}, {count}", not found and mine not in ([], {}, ""), found or [mine])

    def refused(self, name, call, status, code):
        """Expects Harbor's own error of this status and code."""
        said = refusal(call)
        self.check(f"{name}: HTTP {status} {code}", said == (status, code), [said])


def refusal(call):
    """Returns status and code of the error that a call ends with."""
    try:
        return ("let in", call())
    except StatusError as error:
        return error.status_code, error.errors[0].code if error.errors else None
    except ApiException as error:
        body = json.loads(error.body)
        return error.status, body["errors"][0]["code"]
    except Exception as error:  # a client that cannot decode an answer must not end the run
        return repr(error), None


def attempt(call):
    try:
        return call()
    except Exception as error:
        return f"not decoded: {error!r}"


def compare(name, mine, theirs, client):
    """Compares two reads. Repeats them while the record itself changes."""
    for _ in range(20):
        before = mine()
        decoded = attempt(theirs)
        if before == mine():
            break
    checks.same(name, client, before, decoded)


def read_all():
    for operation, parameters, call in READS:
        name = f"{operation} {json.dumps(parameters)}" if parameters else operation

        def mine(operation=operation, parameters=parameters):
            answer = ours.answer(operation, **parameters)
            if isinstance(answer, dict):
                # The time of the call.
                answer.pop("current_time", None)
            return answer

        def swagger_read(operation=operation, parameters=parameters):
            return timeless(swagger.answer(operation, **parameters))

        compare(name, mine, swagger_read, SWAGGER)
        if call:
            compare(name, mine, lambda call=call: timeless(call(client)), TYPED)


def timeless(answer):
    answer = plain(answer)
    if isinstance(answer, dict):
        answer.pop("current_time", None)
    return answer


def page_all():
    for operation, parameters, least, call in PAGED:
        mine = ours.answer(operation, **parameters, page_size=100)
        checks.check(f"{operation} has {len(mine)} records", len(mine) >= least)
        one = {**parameters, "page_size": 1}
        checks.same(f"{operation} by Link", TYPED, mine, attempt(lambda: call(client, one)))
        checks.same(f"{operation} by page", SWAGGER, mine, attempt(lambda: pages(operation, one, mine)))


def pages(operation, parameters, mine):
    """Returns the records of all pages, and checks the headers of each page."""
    records = []
    for page in range(1, len(mine) + 1):
        answer, _, headers = swagger.full(operation, **parameters, page=page)
        assert len(answer) == 1, (page, answer)
        assert headers["X-Total-Count"] == str(len(mine)), (page, headers)
        links = headers.get("Link", "")
        assert ('rel="next"' in links) == (page < len(mine)), (page, links)
        assert ('rel="prev"' in links) == (page > 1), (page, links)
        records += plain(answer)
    assert swagger.answer(operation, **parameters, page=len(mine) + 1) == []
    return records


def page_fleet():
    mine = []
    for page in range(1, FLEET_TASKS // 100 + 1):
        fleet = {"id": FLEET_EXECUTION, "sort": "id", "page_size": 100, "page": page}
        mine += ours.answer("listReplicationTasks", **fleet)
    checks.check(f"the fleet has {len(mine)} tasks", len(mine) == FLEET_TASKS)
    theirs = client.get_replication_tasks(FLEET_EXECUTION, sort="id", page_size=100)
    checks.same("tasks of the fleet by Link", TYPED, mine, theirs)


def new_policy(name, description):
    return {
        "name": name,
        "description": description,
        "dest_registry": {"id": REGISTRY},
        "dest_namespace": "copies",
        "dest_namespace_replace_count": 1,
        "trigger": {"type": "manual", "trigger_settings": {"cron": ""}},
        "filters": [
            {"type": "name", "value": "team/**"},
            {"type": "tag", "value": "v4*", "decoration": "matches"},
        ],
        "override": True,
        "enabled": True,
        "speed": 1024,
        "deletion": False,
    }


class TypedWrites:
    """Writes through `harborapi`."""

    name = TYPED

    def create(self, policy):
        return client.create_replication_policy(models.ReplicationPolicy(**policy))

    def update(self, policy, record):
        client.update_replication_policy(policy, models.ReplicationPolicy(**record))

    def delete(self, policy):
        client.delete_replication_policy(policy)

    def start(self, policy):
        return client.start_replication(policy)

    def stop(self, execution):
        client.stop_replication(execution)

    def trial(self):
        return client.start_retention_execution(RETENTION, dry_run=True)

    def execution(self, execution):
        return client.get_replication(execution)

    def tasks(self, execution):
        return client.get_replication_tasks(execution)

    def log(self, execution, task):
        return client.get_replication_task_log(execution, task)


class SwaggerWrites:
    """Writes through `harbor-api-client`."""

    name = SWAGGER

    def create(self, policy):
        return swagger.full("createReplicationPolicy", policy=policy)[2]["Location"]

    def update(self, policy, record):
        swagger.answer("updateReplicationPolicy", id=policy, policy=record)

    def delete(self, policy):
        swagger.answer("deleteReplicationPolicy", id=policy)

    def start(self, policy):
        return swagger.full("startReplication", execution={"policy_id": policy})[2]["Location"]

    def stop(self, execution):
        swagger.answer("stopReplication", id=execution)

    def trial(self):
        body = {"dry_run": True}
        return swagger.full("triggerRetentionExecution", id=RETENTION, body=body)[2]["Location"]

    def execution(self, execution):
        return swagger.answer("getReplicationExecution", id=execution)

    def tasks(self, execution):
        return swagger.answer("listReplicationTasks", id=execution)

    def log(self, execution, task):
        return swagger.answer("getReplicationLog", id=execution, task_id=task)


def id_of(location):
    return int(location.rsplit("/", 1)[1])


def write_all(writes):
    """Creates a policy, runs, stops and deletes it, and reads each step with our client."""
    name = f"from-{writes.name}"
    record = new_policy(name, "first")
    policy = id_of(writes.create(record))
    created = ours.answer("getReplicationPolicy", id=policy)
    checks.check(f"{writes.name} creates a policy", fits(record, created), [record, created])
    again = "createReplicationPolicy with a name that exists"
    checks.refused(f"{writes.name} {again}", lambda: writes.create(record), 409, "CONFLICT")

    changed = {**record, "description": "second", "speed": 0, "enabled": False}
    writes.update(policy, changed)
    updated = ours.answer("getReplicationPolicy", id=policy)
    checks.check(f"{writes.name} updates a policy", fits(changed, updated), [changed, updated])
    disabled = "startReplication of a disabled policy"
    checks.refused(f"{writes.name} {disabled}", lambda: writes.start(policy), 412, "PRECONDITION")

    writes.update(policy, record)
    stop_early(writes, policy)
    run(writes, policy)
    writes.delete(policy)
    gone = ours.call("getReplicationPolicy", id=policy)
    is_gone = (gone.get("status"), gone.get("code")) == (404, "NOT_FOUND")
    checks.check(f"{writes.name} deletes a policy", is_gone, [gone])

    cleaning = id_of(writes.trial())
    listed = ours.answer("listRetentionExecutions", id=RETENTION)
    found = [own for own in listed if own["id"] == cleaning and own["dry_run"] is True]
    checks.check(f"{writes.name} starts a trial of retention", len(found) == 1, [listed])
    trial = {"id": RETENTION, "eid": cleaning}
    tasks = ours.answer("listRetentionTasks", **trial)
    checks.check(f"{writes.name} trial has {len(tasks)} tasks", len(tasks) > 0)


def stop_early(writes, policy):
    """Starts an execution, and stops it before it has tasks or soon after that."""
    execution = id_of(writes.start(policy))
    writes.stop(execution)
    check_stop(writes, execution)


def check_stop(writes, execution):
    stopped = ours.answer("getReplicationExecution", id=execution)
    checks.check(f"{writes.name} stops an execution", stopped["status"] == "Stopped", [stopped])
    compare(
        "a stopped execution",
        lambda: ours.answer("getReplicationExecution", id=execution),
        lambda: writes.execution(execution),
        writes.name,
    )


def run(writes, policy):
    """Starts an execution, waits for its tasks, reads it, and stops it."""
    execution = id_of(writes.start(policy))
    for _ in range(100):
        if ours.answer("listReplicationTasks", id=execution):
            break
        time.sleep(0.1)
    compare(
        "a new execution",
        lambda: ours.answer("getReplicationExecution", id=execution),
        lambda: writes.execution(execution),
        writes.name,
    )
    compare(
        "tasks of a new execution",
        lambda: ours.answer("listReplicationTasks", id=execution),
        lambda: writes.tasks(execution),
        writes.name,
    )
    writes.stop(execution)
    check_stop(writes, execution)
    for task in ours.answer("listReplicationTasks", id=execution):
        parameters = {"id": execution, "task_id": task["id"]}
        mine = ours.call("getReplicationLog", **parameters)
        if "answer" in mine:
            theirs = attempt(lambda: writes.log(execution, task["id"]))
            checks.same("log of a stopped task", writes.name, mine["answer"], theirs)


def fits(wanted, record):
    """Whether a record has what a caller sent. The registry was sent as its id."""
    if isinstance(wanted, dict):
        return all(fits(item, record.get(key)) for key, item in wanted.items())
    if isinstance(wanted, list):
        return len(wanted) == len(record) and all(map(fits, wanted, record))
    return wanted == record


def refuse_all():
    wrong = {TYPED: typed("wrong"), SWAGGER: Swagger("wrong")}
    policies = "listReplicationPolicies"
    calls = {
        f"{TYPED} policies": lambda: wrong[TYPED].get_replication_policies(),
        f"{SWAGGER} policies": lambda: wrong[SWAGGER].answer(policies),
        f"{TYPED} an execution": lambda: wrong[TYPED].get_replication(EXECUTION),
        f"{SWAGGER} an execution": lambda: wrong[SWAGGER].answer("getReplicationExecution", id=EXECUTION),
        f"{TYPED} a start": lambda: wrong[TYPED].start_replication(EVENT_POLICY),
        f"{SWAGGER} a start": lambda: wrong[SWAGGER].answer(
            "startReplication", execution={"policy_id": EVENT_POLICY}
        ),
        f"{TYPED} retention": lambda: wrong[TYPED].get_retention_policy(RETENTION),
        f"{SWAGGER} retention": lambda: wrong[SWAGGER].answer("getRetention", id=RETENTION),
    }
    for name, call in calls.items():
        checks.refused(f"{name} with a wrong password", call, 401, "UNAUTHORIZED")
    # A wrong password makes an anonymous caller, who sees public projects.
    seen = [own["name"] for own in plain(wrong[TYPED].get_projects())]
    checks.check(f"{TYPED} a wrong password shows public projects", seen == ["library"], [seen])
    seen = [own["name"] for own in plain(wrong[SWAGGER].answer("listProjects"))]
    checks.check(f"{SWAGGER} a wrong password shows public projects", seen == ["library"], [seen])

    absent = [
        ("getReplicationPolicy", {"id": UNKNOWN}, lambda: client.get_replication_policy(UNKNOWN)),
        ("getReplicationExecution", {"id": UNKNOWN}, lambda: client.get_replication(UNKNOWN)),
        ("listReplicationTasks", {"id": UNKNOWN}, lambda: client.get_replication_tasks(UNKNOWN)),
        (
            "getReplicationLog",
            {"id": EXECUTION, "task_id": UNKNOWN},
            lambda: client.get_replication_task_log(EXECUTION, UNKNOWN),
        ),
        ("getRegistry", {"id": UNKNOWN}, lambda: client.get_registry(UNKNOWN)),
        ("getQuota", {"id": UNKNOWN}, lambda: client.get_quota(UNKNOWN)),
        ("GetRobotByID", {"robot_id": UNKNOWN}, lambda: client.get_robot(UNKNOWN)),
        ("getProject", {"project_name_or_id": "absent"}, lambda: client.get_project("absent")),
        (
            "getArtifact",
            {**REPOSITORY, "reference": "absent"},
            lambda: client.get_artifact(PROJECT, NESTED, "absent"),
        ),
    ]
    for operation, parameters, call in absent:
        mine = ours.call(operation, **parameters)
        is_absent = (mine.get("status"), mine.get("code")) == (404, "NOT_FOUND")
        checks.check(f"ours {operation} of an unknown id", is_absent, [mine])
        name = f"{operation} of an unknown id"
        checks.refused(f"{TYPED} {name}", call, 404, "NOT_FOUND")
        theirs = lambda: swagger.answer(operation, **parameters)
        checks.refused(f"{SWAGGER} {name}", theirs, 404, "NOT_FOUND")


checks, ours = Checks(), Ours()
client, swagger = typed(account["password"]), Swagger(account["password"])
read_all()
page_all()
page_fleet()
write_all(TypedWrites())
write_all(SwaggerWrites())
refuse_all()
ours.process.stdin.close()
ours.process.wait(timeout=10)
print(f"{checks.passed} passed, {checks.failed} failed")
sys.exit(1 if checks.failed else 0)
