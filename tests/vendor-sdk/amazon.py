"""Makes the same calls to moto's server through our client of Amazon ECR and through boto3.

Usage: amazon.py CALLS; see ../vendor-sdk.sh. CALLS is the program of `examples/calls.rs`.

The server is a foreign implementation of the service. It starts empty for each client, so that each call
meets the same state. Each step says what its answer must have, and both clients must decode the same.
Then the server checks the signatures of both. Where it is not as the service is documented, the difference
is in `Differences` or `NOT_IN_MOTO`.
"""

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from datetime import datetime

# No file, variable or metadata service of this machine may take part.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
nothing = os.path.join(tempfile.gettempdir(), "no-such-file-of-amazon-py")
os.environ.update(AWS_CONFIG_FILE=nothing, AWS_SHARED_CREDENTIALS_FILE=nothing)
os.environ.update(AWS_EC2_METADATA_DISABLED="true", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ACCOUNT, REGION, OTHER = "123456789012", "eu-central-1", "eu-west-1"
ECR, STS, IAM = "ecr", "sts", "iam"
ONE, TWO = "team/api", "team/web"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{ONE}"
ROLE, ASSUMED = f"arn:aws:iam::{ACCOUNT}:role/reader", f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/"
# Has the signs that a form must escape.
SESSION = "a+b=c,d@e"
KEYS = {"AccessKeyId": str, "SecretAccessKey": str, "SessionToken": str, "Expiration": datetime}

# Values that are new in each call. The types must be the same.
NEW = {"AccessKeyId", "AssumedRoleId", "SecretAccessKey", "SessionToken"}
# Numbers that are texts in XML. Our client keeps the text.
TEXT_NUMBERS = {"PackedPolicySize"}
# Most seconds between the times in the answers of the two clients.
APART = 300


def manifest(letter):
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 32}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 7}
    image = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {**config, "digest": f"sha256:{letter * 64}"},
        "layers": [{**layer, "digest": f"sha256:{letter * 64}"}],
    }
    return json.dumps(image)


def digest_of_moto(letter):
    """Returns moto's digest of a manifest. It is of the layers' digests, see `digest` below."""
    return "sha256:" + hashlib.sha256(f"sha256:{letter * 64}".encode()).hexdigest()


def policy(*actions):
    caller = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Sid": "one", "Effect": "Allow", "Principal": caller, "Action": list(actions)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def registry_policy():
    statement = json.loads(policy("ecr:CreateRepository", "ecr:ReplicateImage"))
    statement["Statement"][0]["Resource"] = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*"
    return json.dumps(statement)


def lifecycle():
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


class Refused:
    """Expects an error with this code. An absent subject must be absent for our client, too."""

    def __init__(self, code, status=400):
        self.code, self.status = code, status
        self.absent = code.endswith("NotFoundException")


def replication(*regions):
    places = [{"region": region, "registryId": ACCOUNT} for region in regions]
    filters = [{"filter": "team/", "filterType": "PREFIX_MATCH"}]
    return {"rules": [{"destinations": places, "repositoryFilters": filters}]}


class Rejected:
    """Expects that moto does not accept the keys, see `Differences.errors`."""

    # The codes that our client found.
    codes = []

    def __init__(self, code):
        self.code = code


REPLICATION = replication(OTHER, "us-east-1")
TAGS = [{"Key": "owner", "Value": "platform"}, {"Key": "tier", "Value": "2"}]
OF_ONE, OF_TWO, ABSENT = ({"repositoryName": name} for name in (ONE, TWO, "team/absent"))
NO_REPOSITORY, NO_IMAGE = Refused("RepositoryNotFoundException"), Refused("ImageNotFoundException")
A, B = digest_of_moto("a"), digest_of_moto("b")
FIRST, SECOND, NOWHERE = {"imageTag": "v1"}, {"imageTag": "v2"}, {"imageTag": "absent"}

# Service, operation, parameters, and what the answer must have. A number is the length of a list.
IDENTITY = [
    (STS, "GetCallerIdentity", {}, {"Account": ACCOUNT, "Arn": str, "UserId": str}),
    (
        STS,
        "AssumeRole",
        {"RoleArn": ROLE, "RoleSessionName": SESSION, "DurationSeconds": 900},
        {"Credentials": KEYS, "AssumedRoleUser": {"Arn": ASSUMED + SESSION}},
    ),
    (STS, "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "s" * 65}, Refused("ValidationError")),
    (
        STS,
        "AssumeRoleWithWebIdentity",
        {"RoleArn": ROLE, "RoleSessionName": "pod", "WebIdentityToken": "a.b+c/d=&e"},
        {"Credentials": KEYS, "AssumedRoleUser": {"Arn": ASSUMED + "pod"}},
    ),
    (ECR, "GetAuthorizationToken", {}, {"authorizationData": 1}),
    (ECR, "GetAuthorizationToken", {"registryIds": [ACCOUNT, "000000000001"]}, {"authorizationData": 2}),
]
REPOSITORIES = [
    (ECR, "DescribeRepositories", {}, {"repositories": 0}),
    (
        ECR,
        "CreateRepository",
        {**OF_ONE, "tags": TAGS, "imageScanningConfiguration": {"scanOnPush": True}},
        {"repository": {"repositoryName": ONE, "imageTagMutability": "MUTABLE"}},
    ),
    (
        ECR,
        "CreateRepository",
        {
            **OF_TWO,
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "dev-*", "filterType": "WILDCARD"}],
        },
        {"repository": {"registryId": ACCOUNT, "imageTagMutabilityExclusionFilters": 1}},
    ),
    (ECR, "CreateRepository", OF_ONE, Refused("RepositoryAlreadyExistsException")),
    (ECR, "DescribeRepositories", {}, {"repositories": 2}),
    (ECR, "DescribeRepositories", {"repositoryNames": [TWO]}, {"repositories": 1}),
    (ECR, "DescribeRepositories", {"repositoryNames": [ONE, "team/absent"]}, NO_REPOSITORY),
    (
        ECR,
        "PutImageTagMutability",
        {**OF_TWO, "imageTagMutability": "MUTABLE"},
        {"repositoryName": TWO, "imageTagMutability": "MUTABLE"},
    ),
    (ECR, "PutImageTagMutability", {**ABSENT, "imageTagMutability": "MUTABLE"}, NO_REPOSITORY),
    (ECR, "DescribeRepositories", {"repositoryNames": [TWO]}, {"repositories": 1}),
    (ECR, "ListTagsForResource", {"resourceArn": ARN}, {"tags": 2}),
    (ECR, "TagResource", {"resourceArn": ARN, "tags": [{"Key": "new", "Value": "a & b"}]}, {}),
    (ECR, "ListTagsForResource", {"resourceArn": ARN}, {"tags": 3}),
    (ECR, "UntagResource", {"resourceArn": ARN, "tagKeys": ["tier", "new"]}, {}),
    (ECR, "ListTagsForResource", {"resourceArn": ARN}, {"tags": 1}),
    (ECR, "ListTagsForResource", {"resourceArn": ARN + "x"}, NO_REPOSITORY),
]
IMAGES = [
    (ECR, "DescribeImages", OF_ONE, {"imageDetails": 2}),
    (ECR, "DescribeImages", {**OF_ONE, "imageIds": [FIRST]}, {"imageDetails": 1}),
    (ECR, "DescribeImages", {**OF_ONE, "imageIds": [{"imageDigest": B}]}, {"imageDetails": 1}),
    (ECR, "DescribeImages", {**OF_ONE, "imageIds": [NOWHERE]}, NO_IMAGE),
    (ECR, "DescribeImages", ABSENT, NO_REPOSITORY),
    (ECR, "DescribeImages", OF_TWO, {"imageDetails": 0}),
    (ECR, "ListImages", OF_ONE, {"imageIds": 3}),
    (ECR, "ListImages", {**OF_ONE, "filter": {"tagStatus": "TAGGED"}}, {"imageIds": 3}),
    (ECR, "ListImages", ABSENT, NO_REPOSITORY),
    (ECR, "BatchGetImage", {**OF_ONE, "imageIds": [FIRST, SECOND]}, {"images": 2}),
    (ECR, "BatchGetImage", {**OF_ONE, "imageIds": [NOWHERE, FIRST]}, {"images": 1, "failures": 1}),
    (ECR, "BatchGetImage", {**ABSENT, "imageIds": [FIRST]}, NO_REPOSITORY),
    (
        ECR,
        "PutImage",
        {**OF_ONE, "imageManifest": manifest("c"), "imageTag": "v3"},
        {"image": {"imageId": {"imageTag": "v3"}, "imageManifest": manifest("c")}},
    ),
    (
        ECR,
        "PutImage",
        {**OF_ONE, "imageManifest": manifest("c"), "imageTag": "v3"},
        Refused("ImageAlreadyExistsException"),
    ),
    (ECR, "DescribeImages", OF_ONE, {"imageDetails": 3}),
    (ECR, "BatchDeleteImage", {**OF_ONE, "imageIds": [FIRST, NOWHERE]}, {"imageIds": 1, "failures": 1}),
    (ECR, "BatchDeleteImage", {**OF_ONE, "imageIds": [{"imageDigest": B}]}, {"imageIds": 1}),
    (ECR, "BatchDeleteImage", {**ABSENT, "imageIds": [FIRST]}, NO_REPOSITORY),
    (ECR, "DescribeImages", OF_ONE, {"imageDetails": 2}),
    (ECR, "DeleteRepository", OF_ONE, Refused("RepositoryNotEmptyException")),
]
NO_POLICY = Refused("RepositoryPolicyNotFoundException")
NO_LIFECYCLE = Refused("LifecyclePolicyNotFoundException")
NO_REGISTRY_POLICY = Refused("RegistryPolicyNotFoundException")
PULL = policy("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
POLICIES = [
    (ECR, "GetRepositoryPolicy", OF_ONE, NO_POLICY),
    (ECR, "SetRepositoryPolicy", {**OF_ONE, "policyText": PULL}, {"policyText": str, "repositoryName": ONE}),
    (ECR, "GetRepositoryPolicy", OF_ONE, {"policyText": str, "registryId": ACCOUNT}),
    (ECR, "GetRepositoryPolicy", ABSENT, NO_REPOSITORY),
    (ECR, "DeleteRepositoryPolicy", OF_ONE, {"policyText": str}),
    (ECR, "DeleteRepositoryPolicy", OF_ONE, NO_POLICY),
    (ECR, "GetLifecyclePolicy", OF_ONE, NO_LIFECYCLE),
    (ECR, "PutLifecyclePolicy", {**OF_ONE, "lifecyclePolicyText": lifecycle()}, {"lifecyclePolicyText": str}),
    (
        ECR,
        "PutLifecyclePolicy",
        {**OF_ONE, "lifecyclePolicyText": lifecycle().replace("rulePriority", "priority")},
        Refused("InvalidParameterException"),
    ),
    (ECR, "GetLifecyclePolicy", OF_ONE, {"lifecyclePolicyText": str, "lastEvaluatedAt": datetime}),
    (ECR, "DeleteLifecyclePolicy", OF_ONE, {"lifecyclePolicyText": str}),
    (ECR, "DeleteLifecyclePolicy", OF_ONE, NO_LIFECYCLE),
    (ECR, "PutLifecyclePolicy", {**ABSENT, "lifecyclePolicyText": lifecycle()}, NO_REPOSITORY),
    (ECR, "GetRegistryPolicy", {}, NO_REGISTRY_POLICY),
    (ECR, "PutRegistryPolicy", {"policyText": registry_policy()}, {"policyText": str}),
    (ECR, "GetRegistryPolicy", {}, {"policyText": str, "registryId": ACCOUNT}),
    (ECR, "DeleteRegistryPolicy", {}, {"policyText": str}),
    (ECR, "DeleteRegistryPolicy", {}, NO_REGISTRY_POLICY),
]
REGISTRY = [
    (ECR, "DescribeRegistry", {}, {"registryId": ACCOUNT, "replicationConfiguration": {"rules": 0}}),
    (
        ECR,
        "PutReplicationConfiguration",
        {"replicationConfiguration": REPLICATION},
        {"replicationConfiguration": {"rules": 1}},
    ),
    (ECR, "DescribeRegistry", {}, {"replicationConfiguration": REPLICATION}),
    (
        ECR,
        "PutReplicationConfiguration",
        {"replicationConfiguration": replication(REGION)},
        Refused("InvalidParameterException"),
    ),
    (ECR, "DescribeRegistry", {}, {"replicationConfiguration": REPLICATION}),
]
END = [
    (ECR, "DeleteRepository", {**OF_ONE, "force": True}, {"repository": {"repositoryName": ONE}}),
    (ECR, "DeleteRepository", OF_ONE, NO_REPOSITORY),
    (ECR, "DescribeRepositories", {}, {"repositories": 1}),
]
STEPS = IDENTITY + REPOSITORIES + IMAGES + POLICIES + REGISTRY + END
# Layer and tag of the images that boto3 pushes before the steps of images.
PUSHED = [("a", "v1"), ("a", "latest"), ("b", "v2")]

BACKFILL = {"replicationBackfillId": "11111111-2222-3333-4444-555555555555"}
PREFIX = {"ecrRepositoryPrefix": "hub"}
UPSTREAM = {**PREFIX, "upstreamRegistryUrl": "registry-1.docker.io"}
SETTING = {"name": "BASIC_SCAN_TYPE_VERSION"}
# Operations of our client that moto does not have. Its answer is 500 with HTML.
NOT_IN_MOTO = [
    ("CreatePullThroughCacheRule", UPSTREAM),
    ("CreateRepositoryCreationTemplate", {"prefix": "team", "appliedFor": ["REPLICATION"]}),
    ("DeletePullThroughCacheRule", PREFIX),
    ("DeleteRepositoryCreationTemplate", {"prefix": "team"}),
    ("DeregisterPullTimeUpdateExclusion", {"principalArn": ROLE}),
    ("DescribeImageReplicationStatus", {**OF_ONE, "imageId": FIRST}),
    ("DescribePullThroughCacheRules", {}),
    ("DescribeReplicationBackfillResults", BACKFILL),
    ("DescribeRepositoryCreationTemplates", {}),
    ("GetAccountSetting", SETTING),
    ("GetLifecyclePolicyPreview", OF_ONE),
    ("ListImageReferrers", {**OF_ONE, "subjectId": {"imageDigest": A}}),
    ("ListPullTimeUpdateExclusions", {}),
    ("ListReplicationBackfills", {}),
    ("PutAccountSetting", {**SETTING, "value": "AWS_NATIVE"}),
    ("RegisterPullTimeUpdateExclusion", {"principalArn": ROLE}),
    ("StartLifecyclePolicyPreview", OF_ONE),
    ("StartReplicationBackfill", {"destination": {"region": OTHER, "registryId": ACCOUNT}}),
    ("StopReplicationBackfill", BACKFILL),
    ("UpdateImageStorageClass", {**OF_ONE, "imageId": FIRST, "targetStorageClass": "ARCHIVE"}),
    ("UpdatePullThroughCacheRule", PREFIX),
    ("UpdateRepositoryCreationTemplate", {"prefix": "team"}),
    ("ValidatePullThroughCacheRule", PREFIX),
]


class Ours:
    """Our generated client, in a process that makes one call for each line."""

    def __init__(self, region=REGION, key_id=KEY_ID, secret=SECRET, token=None):
        account = {"endpoint": URL, "region": region, "access_key_id": key_id, "secret_access_key": secret}
        account["session_token"] = token
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([sys.argv[1]], text=True, bufsize=1, **pipes)
        self.send({"amazon-ecr": account})

    def send(self, value):
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def call(self, service, operation, parameters):
        self.send({"service": f"amazon-ecr/{service}", "operation": operation, "body": parameters})
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class Theirs:
    """boto3, whose methods are found by the names of operations."""

    def __init__(self, region=REGION, key_id=KEY_ID, secret=SECRET, token=None):
        keys = {"aws_access_key_id": key_id, "aws_secret_access_key": secret, "aws_session_token": token}
        config = Config(retries={"total_max_attempts": 1})
        options = {"endpoint_url": URL, "region_name": region, "config": config}
        session = boto3.session.Session(**keys)
        self.clients = {service: session.client(service, **options) for service in (ECR, STS, IAM)}

    def call(self, service, operation, parameters):
        client = self.clients[service]
        names = {name: method for method, name in client.meta.method_to_api_mapping.items()}
        try:
            answer = getattr(client, names[operation])(**parameters)
        except ClientError as error:
            said = error.response
            status = said["ResponseMetadata"]["HTTPStatusCode"]
            return {"status": status, "code": said["Error"]["Code"], "message": said["Error"]["Message"]}
        answer.pop("ResponseMetadata")
        return {"answer": answer}

    def end(self):
        for client in self.clients.values():
            client.close()


def present(value):
    """Leaves out fields that are null or empty: our client reads them as absent."""
    if isinstance(value, dict):
        pairs = ((name, present(item)) for name, item in value.items())
        return {name: item for name, item in pairs if item not in (None, [], {})}
    if isinstance(value, list):
        return [present(item) for item in value]
    return value


def moment(value):
    """Returns our client's form of a time as the instant."""
    if isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return datetime.fromtimestamp(value).astimezone()


def differences(mine, theirs, path=""):
    """Yields the places where two answers differ. Times may be apart by the time between the calls."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in sorted(mine.keys() | theirs.keys()):
            yield from differences(mine.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for index, pair in enumerate(zip(mine, theirs)):
            yield from differences(*pair, f"{path}[{index}]")
    elif isinstance(theirs, datetime) and isinstance(mine, (int, float, str)):
        if abs((moment(mine) - theirs).total_seconds()) > APART:
            yield f"{path}: ours {mine!r}, theirs {theirs!r}"
    elif field(path) in NEW and isinstance(mine, str) and isinstance(theirs, str):
        if not mine or not theirs:
            yield f"{path}: ours or theirs is empty"
    elif field(path) in TEXT_NUMBERS and isinstance(mine, str):
        if mine != str(theirs):
            yield f"{path}: ours {mine!r}, theirs {theirs!r}"
    elif mine != theirs or type(mine) is not type(theirs):
        yield f"{path}: ours {mine!r}, theirs {theirs!r}"


def field(path):
    return path.rsplit(".", 1)[-1]


def fits(wanted, answer):
    """Whether an answer has what a step expects."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(fits(item, answer.get(key)) for key, item in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(answer, list) and len(wanted) == len(answer)
        return same and all(map(fits, wanted, answer))
    if isinstance(wanted, int):
        return isinstance(answer, list) and len(answer) == wanted
    if isinstance(wanted, type):
        return isinstance(answer, wanted) and answer != ""
    return wanted == answer


class Checks:
    """Counts and prints what was compared."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, is_good, details=()):
        self.passed += bool(is_good)
        self.failed += not is_good
        print(f"{name}: {'ok' if is_good else 'FAILED'}")
        for detail in list(details)[:12] if not is_good else []:
            print("  ", str(detail)[:600])


def tell(path, data=b""):
    """Makes a call to moto itself."""
    plain = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{URL}/moto-api/{path}", data=data, headers=plain, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200, answer.status


def push(region=REGION):
    """Pushes images with boto3, for both clients."""
    boto = Theirs(region)
    for letter, tag in PUSHED:
        image = {**OF_ONE, "imageManifest": manifest(letter), "imageTag": tag}
        said = boto.call(ECR, "PutImage", image)
        assert "answer" in said, said
    boto.end()


def play(client):
    """Makes all calls of the steps against an empty server, and returns the answers."""
    tell("reset")
    answers = []
    for steps in (IDENTITY, REPOSITORIES, IMAGES, POLICIES, REGISTRY, END):
        if steps is IMAGES:
            push()
        answers += [client.call(service, operation, body) for service, operation, body, _ in steps]
    return answers


def cover():
    """Every operation of the specs is compared, or is one that moto does not have."""
    tried = {STS: set(), ECR: {operation for operation, _ in NOT_IN_MOTO}}
    for service, operation, *_ in STEPS:
        tried[service].add(operation)
    for service, operations in tried.items():
        with open(f"specs/amazon-ecr/{service}.yaml") as file:
            known = set(re.findall(r"operationId: (\w+)", file.read()))
        missing = sorted(known ^ operations)
        checks.check(f"{service} has {len(known)} operations, all tried", known and not missing, missing)


def compare():
    for step, mine, theirs in zip(STEPS, play(ours), play(boto), strict=True):
        compare_step(*step, mine, theirs)


def compare_step(service, operation, body, wanted, mine, theirs, prefix=""):
    name = f"{prefix}{service} {operation} {json.dumps(body) if len(str(body)) < 80 else '…'}"
    if isinstance(wanted, Refused):
        absent = mine.pop("absent", None)
        found = list(differences(mine, theirs))
        is_good = not found and (theirs.get("status"), theirs.get("code")) == (wanted.status, wanted.code)
        is_good = is_good and absent is wanted.absent
        kind = "absent" if wanted.absent else "refused"
        checks.check(f"{name}: {wanted.status} {wanted.code}, {kind}", is_good, found or [mine, absent])
        return
    found = list(differences(present(mine), present(theirs)))
    is_good = "answer" in theirs and fits(wanted, theirs["answer"])
    checks.check(f"{name}: same answer", is_good and not found, found or [theirs])


def document(action, **fields):
    statement = {"Effect": "Allow", "Action": action, **fields}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_user():
    """Creates a user who may do everything and a role that may describe the registry, with boto3."""

    def answer(operation, **parameters):
        said = boto.call(IAM, operation, parameters)
        assert "answer" in said, said
        return said["answer"]

    answer("CreateUser", UserName="one")
    everything = document(["ecr:*", "sts:*"], Resource="*")
    answer("PutUserPolicy", UserName="one", PolicyName="all", PolicyDocument=everything)
    trust = document("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/one"})
    answer("CreateRole", RoleName="reader", AssumeRolePolicyDocument=trust)
    describe = document("ecr:DescribeRegistry", Resource="*")
    answer("PutRolePolicy", RoleName="reader", PolicyName="describe", PolicyDocument=describe)
    key = answer("CreateAccessKey", UserName="one")["AccessKey"]
    return {"key_id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def compare_as(name, keys, steps):
    """Makes calls with these keys through both clients."""
    mine, theirs = Ours(**keys), Theirs(**keys)
    for service, operation, body, wanted in steps:
        answers = [client.call(service, operation, body) for client in (mine, theirs)]
        if isinstance(wanted, Rejected):
            compare_rejection(f"{name}: {service} {operation}", wanted, *answers)
        else:
            compare_step(service, operation, body, wanted, *answers, prefix=f"{name}: ")
    mine.end()
    theirs.end()


def compare_rejection(name, wanted, mine, theirs):
    said = f"{theirs.get('code')} {theirs.get('message')}"
    is_good = mine.get("status") == theirs.get("status") == 403 and wanted.code in said
    checks.check(f"{name}: 403 {wanted.code}, rejected", is_good, [mine, theirs])
    Rejected.codes.append(mine.get("code"))


def check_signatures():
    """Lets moto check signatures and permissions. It calculates signatures with botocore."""
    tell("reset")
    key = create_user()
    tell("reset-auth", b"0")
    registry = (ECR, "DescribeRegistry", {}, {"registryId": ACCOUNT})
    identity = (STS, "GetCallerIdentity", {}, {"Account": ACCOUNT})
    assume = {"RoleArn": ROLE, "RoleSessionName": SESSION}
    role = (STS, "AssumeRole", assume, {"Credentials": KEYS})
    images = (ECR, "DescribeImages", ABSENT, NO_REPOSITORY)
    compare_as("user", key, [registry, identity, role, images])

    def rejected(code):
        return [(*own[:3], Rejected(code)) for own in (registry, identity, role, images)]

    compare_as("wrong secret", {**key, "secret": SECRET}, rejected("SignatureDoesNotMatch"))
    compare_as("unknown key", {**key, "key_id": KEY_ID}, rejected("InvalidClientTokenId"))
    user = Ours(**key)
    lent = user.call(STS, "AssumeRole", assume)["answer"]["Credentials"]
    user.end()
    names = {"key_id": "AccessKeyId", "secret": "SecretAccessKey", "token": "SessionToken"}
    of_role = {name: lent[field] for name, field in names.items()}
    denied = (ECR, "DescribeImages", ABSENT, Rejected("AccessDenied"))
    compare_as("role", of_role, [registry, denied, identity])
    compare_as("role with a wrong secret", {**of_role, "secret": SECRET}, rejected("SignatureDoesNotMatch"))
    compare_as("role with a wrong token", {**of_role, "token": "wrong"}, rejected("InvalidClientTokenId"))
    tell("reset-auth", b"inf")


class Differences:
    """Where moto is not as the service is documented. A difference that has ended is an error."""

    @staticmethod
    def expired():
        """GetAuthorizationToken ends in 2015. The service's tokens live for 12 hours."""
        answer = ours.call(ECR, "GetAuthorizationToken", {})["answer"]
        return moment(answer["authorizationData"][0]["expiresAt"]).year == 2015

    @staticmethod
    def signature():
        """Without users of its own, moto lets a wrong secret in. The service refuses it."""
        wrong = Ours(secret="wrong")
        said = wrong.call(ECR, "DescribeRegistry", {})
        wrong.end()
        return "answer" in said

    @staticmethod
    def errors():
        """A rejection of keys is XML with <Errors>. The service sends JSON for ECR, <Error> for STS."""
        return len(Rejected.codes) == 17 and set(Rejected.codes) == {None}

    @staticmethod
    def copies():
        """A pushed image that a rule covers is not copied to another region of the account."""
        other = Ours(region=OTHER)
        ours.call(ECR, "PutReplicationConfiguration", {"replicationConfiguration": REPLICATION})
        push()
        here = ours.call(ECR, "DescribeImages", OF_ONE)["answer"]["imageDetails"]
        there = other.call(ECR, "DescribeRepositories", {})["answer"]
        other.end()
        return len(here) == 2 and there == {}

    @staticmethod
    def digest():
        """A digest is made of the digests of layers. The service's digest is of the manifest's bytes."""
        images = ours.call(ECR, "BatchGetImage", {**OF_ONE, "imageIds": [FIRST]})["answer"]["images"]
        real = hashlib.sha256(images[0]["imageManifest"].encode()).hexdigest()
        return images[0]["imageId"]["imageDigest"] == A != f"sha256:{real}"

    @staticmethod
    def pages():
        """maxResults is ignored, so a listing has one page. The service's page has maxResults records."""
        first = ours.call(ECR, "DescribeRepositories", {"maxResults": 1})["answer"]
        return len(first["repositories"]) == 2 and "nextToken" not in first

    @staticmethod
    def rules():
        """A second replication rule is refused. The service allows several."""
        two = {"rules": REPLICATION["rules"] + replication("us-west-2")["rules"]}
        said = ours.call(ECR, "PutReplicationConfiguration", {"replicationConfiguration": two})
        return (said.get("status"), said.get("code")) == (400, "ValidationException")


def known_differences():
    tell("reset")
    for name in (ONE, TWO):
        ours.call(ECR, "CreateRepository", {"repositoryName": name})
    names = [name for name in vars(Differences) if not name.startswith("_")]
    for name in sorted(names, key=lambda name: name != "copies"):
        check = getattr(Differences, name)
        checks.check(f"difference {name}: {check.__doc__}", check())
    for operation, body in NOT_IN_MOTO:
        said = ours.call(ECR, operation, body)
        answered = (said.get("status"), said.get("code"), said.get("absent"))
        checks.check(f"difference: moto has no {operation}", answered == (500, None, False), [said])


# Operations that moto does not have are expected, and their tracebacks are long.
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
try:
    host, port = server.get_host_and_port()
    URL = f"http://{host}:{port}"
    checks, ours, boto = Checks(), Ours(), Theirs()
    cover()
    compare()
    check_signatures()
    known_differences()
    ours.end()
    boto.end()
finally:
    server.stop()
print(f"{checks.passed} passed, {checks.failed} failed")
sys.exit(1 if checks.failed else 0)
