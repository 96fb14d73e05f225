"""Runs the CloudFront functions in template.yaml as CloudFront does: each gets
an event, and its result is the request to the origin.

Usage: cloudfront_functions.py template.yaml
"""

import json
import sys

import quickjs
from samcli.yamlhelper import yaml_parse


def run(code, event):
    """The function's result for the request in `event`."""
    context = quickjs.Context()
    context.eval(code)
    # Its limit is under a millisecond of CPU; this is far above it.
    context.set_time_limit(1)
    return json.loads(context.eval(f"JSON.stringify(handler({json.dumps(event)}))"))


def event(uri="/", headers=None):
    """An event of `viewer-request` (CloudFront Functions event structure)."""
    headers = {name: {"value": value} for name, value in (headers or {}).items()}
    return {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "2001:db8::1"},
        "request": {
            "method": "GET",
            "uri": uri,
            "querystring": {},
            "headers": headers,
            "cookies": {},
        },
    }


def check_page(code):
    """Paths without a file are the page; assets are requested compressed if the
    viewer accepts it."""
    expected = {
        "/": "/index.html",
        "/rooms/0123": "/index.html",
        "/rooms/a.b/c": "/index.html",
        "/index.html": "/index.html",
        "/assets/chat-0a1b2c3d.wasm": "/assets/chat-0a1b2c3d.wasm.br",
        "/assets/chat-0a1b2c3d.js": "/assets/chat-0a1b2c3d.js.br",
        "/assets/style-0a1b2c3d.css": "/assets/style-0a1b2c3d.css.br",
        "/assets/icon-0a1b2c3d.svg": "/assets/icon-0a1b2c3d.svg",
        "/favicon.ico": "/favicon.ico",
    }
    for accepted in ("br", "gzip, deflate, br, zstd", "gzip", None):
        takes_it = accepted is not None and "br" in accepted
        headers = {"accept-encoding": accepted} if accepted else {}
        for asked, wanted in expected.items():
            wanted = wanted if takes_it else wanted.removesuffix(".br")
            got = run(code, event(asked, headers))["uri"]
            assert got == wanted, f"{asked}, accepting {accepted}: {got}, not {wanted}"


def check_api(code):
    """The viewer's address comes from CloudFront, not from the viewer."""
    for said in ({}, {"x-viewer-address": "192.0.2.1", "authorization": "Bearer x"}):
        request = run(code, event("/api/me", said))
        assert request["uri"] == "/api/me", request
        headers = {name: header["value"] for name, header in request["headers"].items()}
        assert headers == {**said, "x-viewer-address": "2001:db8::1"}, headers


CHECKS = {"PageRequest": check_page, "ApiRequest": check_api}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        resources = yaml_parse(file.read())["Resources"]
    functions = {
        name: resource["Properties"]["FunctionCode"]
        for name, resource in resources.items()
        if isinstance(resource, dict) and resource["Type"] == "AWS::CloudFront::Function"
    }
    assert functions.keys() == CHECKS.keys(), f"checks for {sorted(functions)} are missing"
    for name, check in CHECKS.items():
        assert len(functions[name].encode()) <= 10_240, f"{name} is over CloudFront's 10 KB"
        check(functions[name])
    print(f"{len(CHECKS)} CloudFront functions passed")


if __name__ == "__main__":
    main()
