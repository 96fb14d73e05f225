"""Deploys template.yaml to an emulator of AWS, updates it, deletes it, and deploys it again.

Usage: emulated_deployment.py template.yaml

The emulator, ministack, expands the template's loops and its serverless resources, evaluates conditions, maps
and references, and creates the resources in their order. It does not know every type (see `UNKNOWN`), does not
run functions, so that custom resources are left out, and accepts references and properties that AWS refuses.
"""

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import zipfile

import boto3
import yaml

REGION = "eu-central-1"
STACK = "banter"
# Types that the emulator does not know, and custom resources, whose function it would have to run.
UNKNOWN = (
    "AWS::AmazonMQ::Broker",
    "AWS::AmazonMQ::Configuration",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ApiGatewayV2::RouteResponse",
    "Custom::",
)
# Takes the place of such a resource. It has no required properties.
PLACEHOLDER = "AWS::CloudFormation::WaitConditionHandle"

PARAMETERS = {
    "MongoUri": "mongodb+srv://user:secret@cluster.example.com/banter",
    "SmtpUrl": "smtps://user:secret@email-smtp.eu-central-1.amazonaws.com:465",
    "MailFrom": "Banter <no-reply@example.com>",
    "AlarmEmail": "operator@example.com",
}


def read(path):
    """Reads a template; the short form of an intrinsic function becomes its long form."""

    class Loader(yaml.SafeLoader):
        pass

    def construct(loader, tag, node):
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        if tag == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}

    Loader.add_multi_constructor("!", construct)
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)


def adapt(template):
    """Replaces what the emulator cannot create."""
    replaced = set()

    def is_unknown(value):
        kind = value.get("Type")
        if not isinstance(kind, str):
            return False
        # Alarms on an expression over several metrics are not supported.
        is_expression = kind == "AWS::CloudWatch::Alarm" and "Metrics" in value["Properties"]
        return kind.startswith(UNKNOWN) or is_expression

    def find(value):
        for name, child in children(value):
            if isinstance(child, dict) and is_unknown(child):
                replaced.add(name)
            find(child)

    def visit(value):
        if isinstance(value, list):
            return [visit(child) for child in value]
        if not isinstance(value, dict):
            return value
        if is_unknown(value):
            kept = {key: value[key] for key in ("DependsOn", "Condition") if key in value}
            return {"Type": PLACEHOLDER, **kept}
        if "CodeUri" in value:
            value = {**value, "CodeUri": {"Bucket": "code", "Key": "function.zip"}}
        target = value.get("Fn::GetAtt")
        if target and isinstance(target[0], str) and target[0] in replaced:
            return f"https://{target[0].lower()}.example.com:443"
        return {key: visit(child) for key, child in value.items()}

    find(template)
    return visit(template), replaced


def children(value):
    if isinstance(value, dict):
        return list(value.items())
    return [(None, child) for child in value] if isinstance(value, list) else []


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Account:
    def __init__(self, port):
        self.endpoint = f"http://127.0.0.1:{port}"

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="123456789012",
            aws_secret_access_key="unused",
        )

    def wait_until_ready(self):
        while True:
            try:
                return self.client("sts").get_caller_identity()
            except Exception:  # noqa: BLE001: the emulator is starting
                time.sleep(0.2)

    def upload(self, template):
        s3 = self.client("s3")
        s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as function:
            function.writestr("bootstrap", "#!/bin/sh\n")
        s3.put_object(Bucket="code", Key="function.zip", Body=archive.getvalue())
        s3.put_object(Bucket="code", Key="template.json", Body=json.dumps(template).encode())

    def arguments(self, changed):
        values = {**PARAMETERS, **changed}
        return {
            "StackName": STACK,
            "TemplateURL": f"{self.endpoint}/code/template.json",
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        }

    def wait(self, expected):
        """Waits for the end of an operation, and exits with the reasons if it failed."""
        stacks = self.client("cloudformation")
        while True:
            stack = stacks.describe_stacks(StackName=self.stack)["Stacks"][0]
            status = stack["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(0.2)
        if status == expected:
            return
        print(f"{status} instead of {expected}: {stack.get('StackStatusReason', '')}", file=sys.stderr)
        for event in stacks.describe_stack_events(StackName=self.stack)["StackEvents"]:
            if event["ResourceStatus"].endswith("_FAILED"):
                reason = event.get("ResourceStatusReason", "")
                print(f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}", file=sys.stderr)
        sys.exit(1)

    def create(self):
        stacks = self.client("cloudformation")
        self.stack = stacks.create_stack(**self.arguments({}))["StackId"]
        self.wait("CREATE_COMPLETE")
        pages = stacks.get_paginator("list_stack_resources").paginate(StackName=self.stack)
        return sum(len(page["StackResourceSummaries"]) for page in pages)

    def update(self, **changed):
        self.client("cloudformation").update_stack(**self.arguments(changed))
        self.wait("UPDATE_COMPLETE")

    def delete(self):
        self.client("cloudformation").delete_stack(StackName=self.stack)
        self.wait("DELETE_COMPLETE")


def main():
    template, replaced = adapt(read(sys.argv[1]))
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GATEWAY_PORT": str(port), "HOME": folder}
        program = os.path.join(os.path.dirname(sys.executable), "ministack")
        with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
            emulator = subprocess.Popen([program], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            account = Account(port)
            account.wait_until_ready()
            account.upload(template)
            count = account.create()
            account.update(LogDays="7", SecretsEpoch="2")
            account.delete()
            again = account.create()
            assert again == count, f"{again} resources after a deletion, {count} before"
        finally:
            emulator.terminate()
            emulator.wait()
    print(f"{count} resources created, updated, deleted and created again")
    print(f"left out: {', '.join(sorted(replaced))}")


if __name__ == "__main__":
    main()
