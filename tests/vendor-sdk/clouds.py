"""Asks a sandbox through the vendors' SDKs and compares with what our clients decoded.

Usage: clouds.py ACCOUNTS.json ANSWERS.json; see ../vendor-sdk.sh.
"""

import json
import sys
import tempfile
from urllib.parse import urlsplit

from alibabacloud_cr20181201 import models as cr
from alibabacloud_cr20181201.client import Client as CrClient
from alibabacloud_credentials.provider import URLCredentialsProvider
from alibabacloud_tea_openapi import models as openapi
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.auth.internal import MetadataAccessor
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkswr.v2 import (
    ListImageAutoSyncReposDetailsRequest,
    ListInstanceReplicationPolicyExecTasksRequest,
    ListInstanceRetentionPolicyExecTasksRequest,
    ShowSyncJobRequest,
    SwrClient,
)

with open(sys.argv[1]) as file:
    accounts = json.load(file)
with open(sys.argv[2]) as file:
    ours = json.load(file)
huawei = accounts["huaweicloud-swr"]
alibaba = accounts["alibabacloud-cr"]
fleet = ours.pop("world")


def plain(value):
    """A model of Huawei's SDK as the JSON it was decoded from, without what is absent."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "attribute_map"):
        pairs = ((name, getattr(value, attribute)) for attribute, name in value.attribute_map.items())
        return {name: plain(item) for name, item in pairs if item is not None}
    return value


def swr(secret):
    return swr_of(BasicCredentials(huawei["access_key"], secret, huawei["project_id"]))


def swr_of(credentials):
    builder = SwrClient.new_builder().with_credentials(credentials)
    return builder.with_endpoint(huawei["endpoint"]).build()


def with_metadata():
    """Keys from the sandbox's metadata service."""
    MetadataAccessor._METADATA_ENDPOINT = huawei["endpoint"]
    return swr_of(BasicCredentials(project_id=huawei["project_id"]))


def with_id_token(file):
    """Keys that the sandbox's IAM makes of an ID token."""
    file.write(fleet["id_token"])
    file.flush()
    credentials = BasicCredentials(project_id=huawei["project_id"])
    credentials.with_idp_id(fleet["idp"]).with_id_token_file(file.name)
    return swr_of(credentials.with_iam_endpoint(huawei["endpoint"]))


def registry(secret, **key):
    key = {"access_key_id": alibaba["access_key_id"], "access_key_secret": secret, **key}
    endpoint = urlsplit(alibaba["endpoint"]).netloc
    return CrClient(openapi.Config(endpoint=endpoint, protocol="http", **key))


def registry_with_temporary_key():
    key = URLCredentialsProvider(uri=alibaba["endpoint"] + "/credentials-uri").get_credentials()
    return registry(
        key.get_access_key_secret(),
        access_key_id=key.get_access_key_id(),
        security_token=key.get_security_token(),
        type="sts",
    )


def replication(client, execution):
    request = ListInstanceReplicationPolicyExecTasksRequest(
        instance_id=huawei["instance_id"], execution_id=execution, offset=0, limit=100
    )
    answer = client.list_instance_replication_policy_exec_tasks(request)
    return {"tasks": plain(answer.tasks), "total": answer.total}


def retention(client, namespace, policy, execution):
    request = ListInstanceRetentionPolicyExecTasksRequest(
        instance_id=huawei["instance_id"],
        namespace_name=namespace,
        policy_id=policy,
        execution_id=execution,
        offset=0,
        limit=100,
    )
    answer = client.list_instance_retention_policy_exec_tasks(request)
    return {"tasks": plain(answer.tasks), "total": answer.total}


def rules(client, namespace, repository):
    request = ListImageAutoSyncReposDetailsRequest(
        namespace=namespace, repository=repository
    )
    return plain(client.list_image_auto_sync_repos_details(request).body)


def jobs(client, namespace, repository):
    request = ShowSyncJobRequest(
        namespace=namespace,
        repository=repository,
        filter="limit::100|offset::0|order::desc",
    )
    return plain(client.show_sync_job(request).body)


def tasks(client, instance):
    request = cr.ListRepoSyncTaskRequest(instance_id=instance, page_no=1, page_size=100)
    return client.list_repo_sync_task(request).body.to_map()


CALLS = {
    "000 example": lambda s, _: replication(s, 83),
    "000 fleet": lambda s, _: replication(s, fleet["replication"]),
    "001 example": lambda s, _: retention(s, "library", 7, 113),
    "001 fleet": lambda s, _: retention(s, fleet["namespace"], fleet["policy"], fleet["retention"]),
    "002 example": lambda s, _: rules(s, "test", "grpc-helloworld"),
    "002 fleet": lambda s, _: rules(s, fleet["organization"], fleet["repository"]),
    "003 example": lambda s, _: jobs(s, "test", "testrepo"),
    "003 fleet": lambda s, _: jobs(s, fleet["organization"], fleet["repository"]),
    "004 example": lambda _, r: tasks(r, alibaba["instance_id"]),
    "004 fleet": lambda _, r: tasks(r, fleet["instance"]),
}


def count(answer):
    if isinstance(answer, list):
        return len(answer)
    return len(answer.get("tasks") or answer.get("SyncTasks"))


failed = 0
assert CALLS.keys() == ours.keys(), (CALLS.keys(), ours.keys())
clients = swr(huawei["secret_key"]), registry(alibaba["access_key_secret"])
for name, call in CALLS.items():
    theirs, mine = call(*clients), ours[name]
    if isinstance(mine, dict) and "RequestId" in mine:
        # Each answer has an id of its own.
        assert theirs.pop("RequestId") and mine.pop("RequestId")
    same = theirs == mine
    failed += not same
    print(f"{name}: {count(mine)} records, {'the same' if same else 'NOT THE SAME'}")
    if not same:
        print("  theirs:", json.dumps(theirs, sort_keys=True)[:2000])
        print("  ours:  ", json.dumps(mine, sort_keys=True)[:2000])

key = "004 example"
theirs = CALLS[key](None, registry_with_temporary_key())
assert theirs.pop("RequestId")
same = theirs == ours[key]
failed += not same
print(f"{key} with a temporary key: {'the same' if same else 'NOT THE SAME'}")

clients = swr("wrong"), registry("wrong")
for name, call in CALLS.items():
    try:
        call(*clients)
    except ClientRequestException as error:
        refused = error.status_code == 401 and error.error_code == "APIGW.0301"
        said = f"HTTP {error.status_code} {error.error_code}"
    except Exception as error:  # the SDK's own classes differ between its versions
        said = getattr(error, "code", None) or repr(error)
        refused = said == "SignatureDoesNotMatch"
    else:
        refused, said = False, "let in"
    failed += not refused
    print(f"{name} with a wrong secret: {'refused' if refused else 'NOT REFUSED'}, {said}")

with tempfile.NamedTemporaryFile("w") as file:
    temporary = {"instance metadata": with_metadata(), "an ID token": with_id_token(file)}
    for name, client in temporary.items():
        same = CALLS["000 example"](client, None) == ours["000 example"]
        failed += not same
        print(f"000 example with keys of {name}: {'the same' if same else 'NOT THE SAME'}")

print(f"{2 * len(CALLS) + 1 + len(temporary) - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
