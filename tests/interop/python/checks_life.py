# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""Create, status, stop, list, get, services, network, discovery, snapshots: lines 1 to 13, 62 to 88, 7.2.1 to 7.2.6."""

import threading
import time

import grpc

from harness import DOMAIN, TERMINAL, Failed, Skipped, check, equal, holds, skip

NOT_IMPLEMENTED = "CWSANDBOX_NOT_IMPLEMENTED"
FSS_NOT_SUPPORTED = "CWSANDBOX_FSS_NOT_SUPPORTED"


def names_field(refusal, part):
    return any(part in field for field, _ in refusal.details.violations)


def skip_if_refused(refusal, *reasons):
    if refusal and refusal.details.reason in reasons:
        raise Skipped(f"this server has none: {refusal.details.reason}")
    if refusal:
        raise Failed(f"refused with {refusal}")


@check("1", "a create is answered with an id")
def _(t):
    holds(t.create("sleep", "infinity"), "empty sandbox id")


@check("2", "a sandbox reaches RUNNING and stays there")
def _(t):
    made = t.create("sleep", "infinity")
    t.await_state(made, "STATE_RUNNING")
    for _ in range(10):
        equal(t.state(t.get(made)), "STATE_RUNNING")
        time.sleep(0.1)


@check("3", "a short command without any defaults can be created and stopped")
def _(t):
    made = t.create_bare({"containers": [{"name": "main", "command": "echo", "args": ["hello", "world"]}]})
    t.delete(made.sandbox_id)


@check("4", "a lifetime alone, or tags alone, are enough")
def _(t):
    for extra in ({"max_lifetime_seconds": 60}, {"tags": [t.tag]}):
        keep = {"name": "main", "command": "sleep", "args": ["infinity"]}
        made = t.create_bare({"containers": [keep], **extra})
        t.delete(made.sandbox_id)


@check("5", "the keep-alive command runs and ends promptly on a stop")
def _(t):
    made = t.run("tail", "-f", "/dev/null")
    start = time.monotonic()
    t.delete(made, grace_period_seconds=10)
    t.await_state(made, *TERMINAL)
    holds(time.monotonic() - start < 15, "took longer than the grace and 5 s")


@check("6", "a command that ends by itself completes the sandbox soon")
def _(t):
    start = time.monotonic()
    made = t.create("echo", "hello")
    ended = t.await_state(made, *TERMINAL)
    equal((t.state(ended), ended.status.exit_code, ended.status.HasField("exit_code")), ("STATE_COMPLETED", 0, True))
    holds(time.monotonic() - start < 10, "took longer than 10 s")


@check("7", "environment variables reach python exactly")
def _(t):
    values = {"PLAIN": "value", "EMPTY": "", "BLANKS": " two  words ", "EQUALS": "a=b=c", "QUOTES": "'\"\\`$HOME",
              "UNICODE": "ä€日本", "LINES": "x\ny\n"}
    made = t.run(env=values)
    code = "import os, sys; sys.stdout.write('\\0'.join(os.environ[n] for n in sys.argv[1:]))"
    t.python(made, code, *values).ended(0, "\0".join(values.values()).encode())


@check("8", "a variable of the exec beats one of the sandbox")
def _(t):
    made = t.run(env={"WHO": "sandbox", "OTHER": "kept"})
    t.exec(made, "printenv", "WHO", "OTHER", env={"WHO": "exec"}).ended(0, b"exec\nkept\n")


@check("9", "each exec sees its own variables and no other's")
def _(t):
    made = t.run(env={"BASE": "base"})
    for value in ("first", "second"):
        t.sh(made, 'echo "$BASE $OWN"', env={"OWN": value}).ended(0, f"base {value}\n".encode())
    t.sh(made, 'echo "$BASE ${OWN-unset}"').ended(0, b"base unset\n")


@check("10", "requests and limits are reported as the strings that were sent")
def _(t):
    wanted = {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
    made = t.run(container={"resource_requirements": wanted})
    got = t.get(made).status.effective_resource_requirements
    equal((got.requests.cpu, got.requests.memory, got.limits.cpu, got.limits.memory), ("500m", "512Mi", "1", "1Gi"))


@check("11", "a sandbox runs on the runner that it is pinned to")
def _(t):
    runner = t.get(t.run()).status.runner_id
    made = t.run(runner_ids=[runner], mode="SANDBOX_MODE_CKS")
    equal(t.get(made).status.runner_id, runner)


@check("12", "serverless placement without a pin runs")
def _(t):
    equal(t.state(t.get(t.run(mode="SANDBOX_MODE_SERVERLESS"))), "STATE_RUNNING")


@check("13", "a network with both deny flags false runs")
def _(t):
    equal(t.state(t.get(t.run(network={"deny_egress": False, "deny_ingress": False}))), "STATE_RUNNING")


# Stop, list, get.

@check("62", "a stop ends in a terminal state")
def _(t):
    made = t.run()
    t.delete(made, grace_period_seconds=2)
    while t.state(t.get(made)) not in TERMINAL:
        equal(t.state(t.get(made)) in ("STATE_RUNNING", "STATE_TERMINATING") + TERMINAL, True, "state on the way")
        time.sleep(0.02)


skip("63", "waiting raises the terminated error", "a matter of the client alone")


@check("64", "a process that ended by itself is COMPLETED, not TERMINATED")
def _(t):
    equal(t.state(t.await_state(t.create("true"), *TERMINAL)), "STATE_COMPLETED")


@check("65", "two who wait during a stop see the same terminal state")
def _(t):
    made = t.run()
    seen = []
    waiting = [threading.Thread(target=lambda: seen.append(t.state(t.await_state(made, *TERMINAL)))) for _ in range(2)]
    for one in waiting:
        one.start()
    t.delete(made, grace_period_seconds=1)
    for one in waiting:
        one.join()
    equal(len(seen), 2)
    equal(len(set(seen)), 1, "different states")


@check("66", "a removed sandbox may be stopped twice more with missing allowed")
def _(t):
    made = t.run()
    t.delete(made)
    for _ in range(2):
        t.delete(made, allow_missing=True)


@check("67", "a finished sandbox leaves the default list")
def _(t):
    made = t.create("true")
    t.await_state(made, *TERMINAL)
    end = time.monotonic() + 30
    while made in t.listed():
        holds(time.monotonic() < end, "still listed after 30 s")
        time.sleep(0.1)


@check("68", "a finished sandbox is found with terminated shown")
def _(t):
    made = t.create("true")
    t.await_state(made, *TERMINAL)
    equal(t.listed(show_terminated=True), [made])


@check("69", "a finished sandbox is found by state COMPLETED without the flag")
def _(t):
    made = t.create("true")
    t.await_state(made, *TERMINAL)
    found = t.call("ListSandboxes", tags=[t.tag], state="STATE_COMPLETED").sandboxes
    equal([(one.sandbox_id, t.state(one)) for one in found], [(made, "STATE_COMPLETED")])


@check("70", "a finished sandbox is still known by its id 5 s later")
def _(t):
    made = t.create("true")
    t.await_state(made, *TERMINAL)
    time.sleep(5)
    holds(t.state(t.get(made)) in TERMINAL + ("STATE_UNSPECIFIED",), "not terminal")


@check("71", "a filter of several tags wants all of them")
def _(t):
    both = t.create(tags=["a-" + t.tag, "b-" + t.tag])
    one = t.create(tags=["a-" + t.tag])
    equal(t.listed(tags=["a-" + t.tag, "b-" + t.tag]), [both])
    equal(sorted(t.listed(tags=["a-" + t.tag])), sorted([both, one]))


@check("72", "a delete with missing allowed of an unknown id succeeds")
def _(t):
    reply = t.delete("no-such-sandbox", allow_missing=True)
    equal(reply.HasField("sandbox"), False)
    refusal = t.refused(t.delete, "no-such-sandbox")
    equal((refusal.code, refusal.details.reason), ("NOT_FOUND", "CWSANDBOX_SANDBOX_NOT_FOUND"))


skip("73", "a session that closes stops its sandboxes", "a matter of the client alone")


# Services, network, discovery.

HTTPS = {"kind": "ENDPOINT_KIND_HTTPS", "auth": "ENDPOINT_AUTH_OPEN"}


def public_service(t):
    spec = t.spec("python", ["-m", "http.server", "8080"], services=[
        {"port": 8080, "name": "http", "visibility": "VISIBILITY_PUBLIC", "endpoint": HTTPS}])
    made, refusal = t.try_call(t.create_bare, spec)
    skip_if_refused(refusal, NOT_IMPLEMENTED)
    t.await_state(made.sandbox_id, "STATE_RUNNING")
    return t.get(made.sandbox_id)


@check("74", "a public service gets a URL")
def _(t):
    services = public_service(t).status.services
    equal([(one.port, one.name) for one in services], [(8080, "http")])
    url = services[0].url or services[0].endpoint.url
    holds(url.startswith("http"), f"URL {url!r}")


@check("75", "the URL of a public service leads inside")
def _(t):
    import urllib.request
    made = public_service(t)
    url = made.status.services[0].url or made.status.services[0].endpoint.url
    end = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                equal(answer.status, 200)
            break
        except OSError:
            holds(time.monotonic() < end, f"{url} does not answer")
            time.sleep(0.2)
    equal([one.url for one in t.get(made.sandbox_id).status.services], [one.url for one in made.status.services])


@check("76", "public and private services together are refused")
def _(t):
    refusal = t.refused(t.create_bare, t.spec(services=[
        {"port": 8080, "name": "a", "visibility": "VISIBILITY_PUBLIC"},
        {"port": 8081, "name": "b", "visibility": "VISIBILITY_PRIVATE"}]))
    equal((refusal.details.reason, refusal.details.domain), (NOT_IMPLEMENTED, DOMAIN))
    equal(t.listed(show_terminated=True), [], "left behind")


@check("77", "two private services run and are listed")
def _(t):
    made = t.run(services=[{"port": 8080, "name": "one", "visibility": "VISIBILITY_PRIVATE"},
                           {"port": 8081, "name": "two", "visibility": "VISIBILITY_PRIVATE"}])
    found = t.get(made).status.services
    equal([(one.port, one.name, one.url) for one in found], [(8080, "one", ""), (8081, "two", "")])


@check("78", "egress by host name is refused by name")
def _(t):
    made, refusal = t.try_call(t.create_bare, t.spec(network={"egress": [{"dns_name": "example.com"}]}))
    if made:
        raise Skipped("this server has it")
    holds(names_field(refusal, "dns_name") or refusal.details.reason in (
        "CWSANDBOX_NO_SUITABLE_RUNNER", "CWSANDBOX_PLACEMENT_CONSTRAINT_UNSATISFIED"), f"refused with {refusal}")


def runners(t, **filters):
    request = t.api.ListAvailableRunnersRequest(**filters)
    return t.discovery.ListAvailableRunners(request, timeout=10, metadata=t.metadata).runners


@check("79", "a healthy runner is listed with id, group, connect time and architecture")
def _(t):
    found = [one for one in runners(t) if one.healthy and one.runner_id and one.runner_group_id and
             one.connected_at.seconds > 0 and one.capabilities.supported_architectures]
    holds(found, "none")


@check("80", "resources are in the full view only")
def _(t):
    for one in runners(t, view="RUNNER_VIEW_FULL"):
        have = one.resources
        equal(one.HasField("resources"), True, "full view")
        holds(min(have.available_cpu_millicores, have.available_memory_bytes, have.available_gpu_count,
                  have.running_sandboxes) >= 0, f"negative: {have}")
    for one in runners(t, view="RUNNER_VIEW_BASIC"):
        equal(one.HasField("resources"), False, "basic view")


@check("81", "filters of runners leave out those that do not match")
def _(t):
    one = runners(t, view="RUNNER_VIEW_FULL")[0]
    arch = one.capabilities.supported_architectures[0]
    for filters in ({"healthy_only": True}, {"runner_group_id": one.runner_group_id}, {"architecture": arch}):
        holds(one.runner_id in [r.runner_id for r in runners(t, **filters)], f"not found by {filters}")
    for filters in ({"runner_group_id": "no-such-group"}, {"architecture": "pdp11"}, {"gpu_type": "no-such-gpu"}):
        equal(list(runners(t, **filters)), [], f"filter {filters}")
    for visibility in ("VISIBILITY_PUBLIC", "VISIBILITY_PRIVATE"):
        found = bool(runners(t, service_visibility=visibility))
        wanted = getattr(t.api, visibility) in one.capabilities.supported_service_visibilities
        equal(found, wanted, visibility)


@check("82", "a known runner is fetched as it is listed")
def _(t):
    for listed in runners(t):
        request = t.api.GetAvailableRunnerRequest(
            runner_id=listed.runner_id, organization_id=listed.organization_id, view="RUNNER_VIEW_FULL")
        got = t.discovery.GetAvailableRunner(request, timeout=10, metadata=t.metadata)
        equal((got.runner_id, got.organization_id, got.runner_group_id, got.healthy),
              (listed.runner_id, listed.organization_id, listed.runner_group_id, listed.healthy))
        equal(got.HasField("resources"), True, "resources")


@check("83", "an unknown runner is not found")
def _(t):
    request = t.api.GetAvailableRunnerRequest(runner_id="no-such-runner")
    refusal = t.refused(t.discovery.GetAvailableRunner, request, timeout=10, metadata=t.metadata)
    equal((refusal.code, refusal.details.reason, refusal.details.domain),
          ("NOT_FOUND", "CWSANDBOX_RUNNER_NOT_FOUND", DOMAIN))


# Snapshots: a server without them must say so.

WORKSPACE = {"volumes": [{"name": "workspace", "scratch": {}}],
             "container": {"volume_mounts": [{"volume": "workspace", "mount_path": "/workspace"}]}}


def not_supported(refusal):
    equal((refusal.details.reason, refusal.details.domain), (FSS_NOT_SUPPORTED, DOMAIN), repr(refusal))


@check("84", "a snapshot of a mount is refused as not supported")
def _(t):
    made = t.run(**WORKSPACE)
    not_supported(t.refused(t.call, "CreateFileSystemSnapshot", sandbox_id=made, scratch_volume_name="workspace"))


@check("85", "restoring a snapshot is refused as not supported")
def _(t):
    spec = t.spec(volumes=[{"name": "workspace", "scratch": {"restore_from_snapshot_id": "fss-1"}}],
                  container=WORKSPACE["container"])
    not_supported(t.refused(t.create_bare, spec))


@check("86", "a snapshot on stop is refused and the sandbox goes on")
def _(t):
    made = t.run(**WORKSPACE)
    not_supported(t.refused(t.delete, made, snapshot_volumes=["workspace"]))
    equal(t.state(t.get(made)), "STATE_RUNNING")


@check("87", "snapshots can be neither listed nor fetched nor deleted")
def _(t):
    not_supported(t.refused(t.call, "ListFileSystemSnapshots", source_sandbox_id="x"))
    not_supported(t.refused(t.call, "GetFileSystemSnapshot", file_system_snapshot_id="fss-1"))
    not_supported(t.refused(t.call, "DeleteFileSystemSnapshot", file_system_snapshot_id="fss-1"))


skip("88", "a session counts its execs", "a matter of the client alone")


# What clients of other languages add.

@check("7.2.0", "the credentials of a partner account are taken in place of authorization")
def _(t):
    token = t.suite.token
    if not token:
        raise Skipped("this server asks for no key")
    request = t.api.ListSandboxesRequest(tags=[t.tag])

    def list_with(*metadata):
        return t.try_call(t.stub.ListSandboxes, request, timeout=10, metadata=metadata)[1]
    partner = ("x-entity-id", "entity"), ("x-project-name", "project")
    equal(list_with(("x-wandb-api-key", token), *partner), None, "right key")
    for wrong in ((), partner, (("authorization", "Bearer x" + token),), (("authorization", token),),
                  (("x-wandb-api-key", token[:-1]), *partner), (("authorization", "Bearer "),)):
        refusal = list_with(*wrong)
        equal(refusal and refusal.code, "UNAUTHENTICATED", f"with {wrong}")
    first = t.api.ExecStreamRequest(init={"sandbox_id": "x", "command": ["true"]})
    refusal = t.refused(t.stub.StreamExec, iter([first]), timeout=10)
    equal(refusal.code, "UNAUTHENTICATED", "stream")


@check("7.2.1", "runner id and start time are the same from get and list")
def _(t):
    made = t.run("/bin/sh", "-lc", "trap 'exit 0' TERM; while :; do sleep 1; done")
    got = t.get(made)
    listed = t.call("ListSandboxes", tags=[t.tag]).sandboxes[0]
    holds(got.status.runner_id.strip(), "no runner id")
    holds(got.status.start_time.seconds > 0 and got.status.create_time.seconds > 0, "no start time")
    equal((listed.sandbox_id, listed.status.runner_id, listed.status.start_time),
          (made, got.status.runner_id, got.status.start_time))


@check("7.2.2", "get and list carry the exit code of a one-shot, 0 included")
def _(t):
    for code, state in ((0, "STATE_COMPLETED"), (3, None)):
        made = t.create("python", "-c", f"raise SystemExit({code})", tags=[f"{t.tag}-{code}"])
        got = t.await_state(made, *TERMINAL)
        if state:
            equal(t.state(got), state)
        listed = t.call("ListSandboxes", tags=[f"{t.tag}-{code}"], show_terminated=True).sandboxes[0]
        for one in (got, listed):
            equal((one.status.HasField("exit_code"), one.status.exit_code), (True, code))


@check("7.2.3", "mounted files are there, bytes exact, before the main command starts")
def _(t):
    data = bytes([0, 1, 2, 127, 128, 255])
    script = b"import pathlib; print(pathlib.Path('/workspace/deep/data').read_bytes().hex(), flush=True)\n"
    made = t.create("python", "/workspace/x.py", container={"files": [
        {"path": "/workspace/x.py", "content": script}, {"path": "/workspace/deep/data", "content": data}]})
    equal(t.state(t.await_state(made, *TERMINAL)), "STATE_COMPLETED")
    made = t.run(container={"files": [{"path": "/workspace/deep/data", "content": data},
                                      {"path": "/workspace/text", "content": "ä\n".encode()}]})
    equal((t.read(made, "/workspace/deep/data"), t.read(made, "/workspace/text")), (data, "ä\n".encode()))


@check("7.2.4", "annotations and small limits run, and the limit is seen inside where the host allows it")
def _(t):
    made = t.run(annotations={"a": "1", "b": "2"},
                 container={"resource_requirements": {"requests": {"cpu": "100m", "memory": "128Mi"},
                                                      "limits": {"cpu": "100m", "memory": "128Mi"}}})
    equal(dict(t.get(made).spec.annotations), {"a": "1", "b": "2"})
    seen = t.sh(made, "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max").out.split()
    if seen and seen[0] != b"max":
        equal(seen, [b"10000", b"100000", b"134217728"])


@check("7.2.5", "pages of one lead through all, whatever comes and goes between them")
def _(t):
    made = [t.create() for _ in range(4)]
    seen = []
    token = ""
    for page in range(20):
        reply = t.call("ListSandboxes", tags=[t.tag], page_size=1, page_token=token)
        holds(len(reply.sandboxes) <= 1, "more than one on a page")
        seen += [one.sandbox_id for one in reply.sandboxes]
        token = reply.next_page_token
        if not token:
            break
        if page == 0:
            t.create()
            t.delete(seen[0])
    equal(token, "", "token of the last page")
    equal(len(seen), len(set(seen)), "repeated")
    holds(set(made) <= set(seen), "hidden")
    refusal = t.refused(t.call, "ListSandboxes", page_size=1, page_token="no token of yours")
    equal(refusal.code, "INVALID_ARGUMENT", "an invented token")


@check("7.2.6", "two stops at the same time are one stop")
def _(t):
    made = t.run()
    refusals = []

    def stop():
        refusals.append(t.try_call(t.delete, made, grace_period_seconds=1)[1])
    stops = [threading.Thread(target=stop) for _ in range(2)]
    for one in stops:
        one.start()
    for one in stops:
        one.join()
    holds(refusals.count(None) >= 1, f"both refused: {refusals}")
    t.await_state(made, *TERMINAL)
    for _ in range(2):
        t.delete(made, allow_missing=True)


@check("7.2.20", "services without an endpoint are ports without a URL")
def _(t):
    protocols = ("SERVICE_PROTOCOL_TCP", "SERVICE_PROTOCOL_UDP", "SERVICE_PROTOCOL_SCTP")
    made = t.run(services=[{"port": 9000 + n, "name": f"s{n}", "protocol": protocol,
                            "visibility": "VISIBILITY_PRIVATE"}
                           for n, protocol in enumerate(protocols)])
    found = t.get(made).status.services
    equal([(one.port, one.name, one.url, one.endpoint.url) for one in found],
          [(9000 + n, f"s{n}", "", "") for n in range(3)])


@check("7.2.21", "a public service with an HTTPS endpoint gets an https URL")
def _(t):
    made = public_service(t)
    urls = [one.url or one.endpoint.url for one in made.status.services]
    holds(urls[0].startswith("https://"), f"{urls}")


@check("7.2.22", "with egress denied a connect fails within 5 s as a socket error")
def _(t):
    made = t.run(network={"deny_egress": True})
    code = ("import socket, time\nstart = time.time()\n"
            "try:\n  socket.create_connection(('192.0.2.1', 80), timeout=20)\n"
            "except OSError as error:\n  print(type(error).__name__, time.time() - start < 5)\n")
    done = t.python(made, code).ended(0)
    equal(done.out.split()[-1:], [b"True"], brief_error(done))


def brief_error(done):
    return f"{done.out!r} {done.err!r}"


@check("7.2.23", "an unknown secret is refused by name")
def _(t):
    spec = t.spec(container={"secret_stores": [
        {"store_name": "no-such-store", "secrets": [{"path": "token", "env_var": "TOKEN"}]}]})
    refusal = t.refused(t.create_bare, spec)
    equal((refusal.code, names_field(refusal, "secret")), ("INVALID_ARGUMENT", True), repr(refusal))


@check("7.2.24", "a snapshot without a volume name is refused as not supported")
def _(t):
    made = t.run(volumes=[{"name": "data", "scratch": {}}],
                 container={"volume_mounts": [{"volume": "data", "mount_path": "/data"}]})
    not_supported(t.refused(t.call, "CreateFileSystemSnapshot", sandbox_id=made))


@check("7.2.25", "methods that the server does not have are refused, not hung")
def _(t):
    refusal = t.refused(t.call, "CreateSandboxFromTemplate", template_id="x")
    holds(refusal.code in ("UNIMPLEMENTED", "NOT_FOUND") or refusal.details.reason == NOT_IMPLEMENTED, repr(refusal))
    nothing = t.suite.channel.unary_unary("/coreweave.sandbox.v1.SandboxService/NoSuchMethod")
    try:
        nothing(b"", timeout=10, metadata=t.metadata)
        raise Failed("answered")
    except grpc.RpcError as error:
        equal(error.code().name, "UNIMPLEMENTED")
