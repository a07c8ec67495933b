#!/usr/bin/env python3
"""k8s/ renders, fits the schemas of Kubernetes, and is what the code needs (guarantees.md 5.8, T19).

Every overlay is rendered and checked by tests/lint/k8s/render.js; then: restricted pods (not root, read-only root, no capabilities,
seccomp, no token), probes, limits with thread pools sized to them, images by digest, secrets by reference only, default deny in both
directions with exactly the edges of services/server/allowed_calls.cc, a workload, a disruption budget and its own certificate and
database account for every target, enough time to drain, enough database connections, and only flags that the binary's tables know.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

OVERLAYS = ["all", "all-s3", "split"]
COMPONENT = "app.kubernetes.io/component"
EDGE = re.compile(r'\{(kAnyArea|"[a-z]+"),\s*"gridwarden\.([a-z]+)\.v1\.[^"]+"(?:,\s*(?:true|false))?\}')
FLAG = re.compile(r'^\s*\{"(--[a-z0-9-]+)",', re.M)
# Which files hold the flag tables of which command of the binary.
TABLES = {
    "serve": ["serve_flags.cc", "edge.cc", "network.cc", "photo_store.cc", "webhook_flags.cc"],
    "migrate": ["migrate.cc", "serve_flags.cc"],
    "bootstrap-admin": ["gridwarden_main.cc", "serve_flags.cc"],
    "copy-media": ["photo_store.cc", "serve_flags.cc"],
}
THREADS_PER_CPU = 16  # toolchain.md 5: threads wait for the database most of the time
# What services/platform/db/safety.cc demands of a database, as mariadbd itself says it after reading an example.
DURABLE = {"innodb-flush-log-at-trx-commit": "1", "sync-binlog": "1", "innodb-doublewrite": "TRUE", "innodb-snapshot-isolation": "TRUE",
           "binlog-format": "ROW", "innodb-autoinc-lock-mode": "2", "transaction-isolation": "READ-COMMITTED",
           "require-secure-transport": "TRUE", "character-set-server": "utf8mb4"}
DATABASE_EXAMPLES = {
    "semi-sync.cnf": {**DURABLE, "rpl-semi-sync-master-enabled": "FALSE", "rpl-semi-sync-master-wait-point": "AFTER_SYNC",
                      "rpl-semi-sync-master-timeout": "4294967295", "rpl-semi-sync-master-wait-no-slave": "TRUE",
                      "rpl-semi-sync-slave-enabled": "TRUE", "read-only": "TRUE", "gtid-strict-mode": "TRUE"},
    "galera.cnf": {**DURABLE, "wsrep-on": "TRUE", "wsrep-sync-wait": "1"},
}
CONNECTIONS_MAX_SETTING = re.compile(r"^max-connections\s*=\s*(\d+)", re.M)


def render(root, overlays):
    modules = subprocess.run([root / "tests/support/npm_packages.sh", root / "tests/lint/k8s"], capture_output=True, text=True, check=False)
    if modules.returncode != 0:
        return {}, [f"k8s: the packages that check it cannot be installed: {modules.stderr.strip()}"]
    done = subprocess.run(["node", root / "tests/lint/k8s/render.js", *overlays], capture_output=True, text=True, check=False, cwd=root,
                          env={**os.environ, "NODE_PATH": modules.stdout.strip() + "/node_modules"})
    if done.returncode != 0:
        return {}, [f"k8s: render.js failed: {done.stderr.strip()}"]
    answer = json.loads(done.stdout)
    return answer["folders"], answer["problems"]


def check_database_examples(root):
    problems = []
    folder = root / "k8s/examples/database"
    found = sorted(path.name for path in folder.glob("*.cnf"))
    if found != sorted(DATABASE_EXAMPLES):
        problems.append(f"{folder.relative_to(root)}: got {found}, this check knows {sorted(DATABASE_EXAMPLES)}")
    for name in found:
        done = subprocess.run(["mariadbd", f"--defaults-file={folder / name}", "--verbose", "--help"], capture_output=True, text=True,
                              check=False, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"})
        settings = dict(re.findall(r"^([a-z][a-z0-9-]+) +(\S+)$", done.stdout, re.M))
        if done.returncode != 0 or not settings or "unknown" in done.stderr:
            problems.append(f"k8s/examples/database/{name}: mariadbd does not take it: {done.stderr.strip()[-400:]}")
        problems += [f"k8s/examples/database/{name}: {key} is {settings.get(key)}, want {want}"
                     for key, want in DATABASE_EXAMPLES.get(name, {}).items() if settings and settings.get(key) != want]
    return problems


def cores(quantity):
    text = str(quantity)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def edges_of_code(text, areas):
    """area -> areas it calls, besides what the gateway brings to all."""
    edges = {area: set() for area in areas}
    for caller, callee in EDGE.findall(text):
        for area in areas if caller == "kAnyArea" else [caller.strip('"')]:
            if area != callee:
                edges[area].add(callee)
    return edges


def selects(selector, labels):
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for rule in selector.get("matchExpressions", []):
        there = labels.get(rule["key"])
        if rule["operator"] == "In" and there not in rule["values"]:
            return False
        if rule["operator"] == "NotIn" and there in rule["values"]:
            return False
        if rule["operator"] not in ("In", "NotIn"):
            raise ValueError(f"selector operator {rule['operator']}")
    return True


class Overlay:
    def __init__(self, name, objects, root, problems):
        self.name, self.objects, self.root, self.problems = name, objects, root, problems
        self.workloads = [o for o in objects if o["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")]

    def of_kind(self, kind):
        return [o for o in self.objects if o["kind"] == kind]

    def bad(self, thing, says):
        self.problems.append(f"k8s/overlays/{self.name}: {thing['kind']} {thing['metadata']['name']}: {says}")

    def template(self, workload):
        return workload["spec"]["template"]

    # ---- what every object is held to

    def check_objects(self):
        for thing in self.objects:
            if thing["kind"] == "Secret":
                self.bad(thing, "a secret is made by the operator and only named here")
            if thing["kind"] != "Namespace" and thing["metadata"].get("namespace") != "gridwarden":
                self.bad(thing, "is not in the namespace gridwarden")
        namespaces = self.of_kind("Namespace")
        if [n["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") for n in namespaces] != ["restricted"]:
            self.problems.append(f"k8s/overlays/{self.name}: want one namespace that enforces pod security restricted")
        for account in self.of_kind("ServiceAccount"):
            if account.get("automountServiceAccountToken") is not False:
                self.bad(account, "hands out a token")
        for ingress in self.of_kind("Ingress"):
            hosts = {host for tls in ingress["spec"].get("tls", []) for host in tls["hosts"]}
            if {rule["host"] for rule in ingress["spec"]["rules"]} != hosts:
                self.bad(ingress, "has a host without TLS")

    def check_pod(self, workload):
        pod = self.template(workload)["spec"]
        context = pod.get("securityContext", {})
        if pod.get("automountServiceAccountToken") is not False:
            self.bad(workload, "mounts a token of the service account")
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            self.bad(workload, "may run as root")
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            self.bad(workload, "has no seccomp profile")
        for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            if pod.get(field):
                self.bad(workload, f"has {field}")
        for volume in pod.get("volumes", []):
            if not {"secret", "emptyDir", "configMap", "projected"} & set(volume):
                self.bad(workload, f"volume {volume['name']} is of a kind that is not allowed")
            mode = volume.get("secret", {}).get("defaultMode")
            if "secret" in volume and (mode is None or mode & 0o007):
                self.bad(workload, f"secret {volume['name']}: want defaultMode 0440")
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                self.bad(workload, f"volume {volume['name']} has no sizeLimit")
        for container in pod.get("initContainers", []) + pod["containers"]:
            self.check_container(workload, container)

    def check_container(self, workload, container):
        security = container.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is not False or security.get("readOnlyRootFilesystem") is not True:
            self.bad(workload, "may gain privileges or write its root")
        if security.get("capabilities", {}).get("drop") != ["ALL"] or security["capabilities"].get("add"):
            self.bad(workload, "keeps capabilities")
        if not re.fullmatch(r"[^@]+@sha256:[0-9a-f]{64}", container["image"]):
            self.bad(workload, f"image {container['image']}: want a digest, not a tag")
        for what in ("requests", "limits"):
            if not {"cpu", "memory"} <= set(container.get("resources", {}).get(what, {})):
                self.bad(workload, f"has no {what} for cpu and memory")
        for variable in container.get("env", []):
            if re.search("password|secret|key|token", variable["name"], re.I):
                self.bad(workload, f"variable {variable['name']}: secrets come as files")
        self.check_arguments(workload, container)

    def check_arguments(self, workload, container):
        command, flags = container["args"][0], dict(a.split("=", 1) if "=" in a else (a, "") for a in container["args"][1:])
        server = self.root / "services/server"
        known = {flag for table in TABLES.get(command, []) for flag in FLAG.findall((server / table).read_text(encoding="utf-8"))}
        if not known:
            self.bad(workload, f"no command {command}")
        for flag in flags:
            if flag not in known:
                self.bad(workload, f"gridwarden {command} has no flag {flag}")
        for flag in ("--allow-plain-http", "--demo", "--grpc-reflection"):
            if flag in flags:
                self.bad(workload, f"{flag} has no place in a cluster")
        self.check_variables(workload, container, flags)
        for flag, value in flags.items():
            if value.startswith("/run/secrets/") and not any((value + "/").startswith(m["mountPath"] + "/") and m.get("readOnly")
                                                                for m in container["volumeMounts"]):
                self.bad(workload, f"{flag}={value} is on no read-only mount")
        if command != "serve":
            return
        threads, pool = int(flags["--threads"]), int(flags.get("--db-pool", 0))
        limit = cores(container.get("resources", {}).get("limits", {}).get("cpu", 0))
        if threads > THREADS_PER_CPU * limit:
            self.bad(workload, f"{threads} threads on {limit:g} CPU; want at most {THREADS_PER_CPU} each")
        if pool and pool < threads:
            self.bad(workload, f"{threads} threads share {pool} connections to the database")
        grace = re.search(r"drain_grace = absl::Seconds\((\d+)\)", (server / "serve.h").read_text(encoding="utf-8"))
        wanted = int(flags.get("--drain-wait", 0)) + 2 * int(grace.group(1)) + 5
        if self.template(workload)["spec"].get("terminationGracePeriodSeconds", 30) < wanted:
            self.bad(workload, f"is killed before it has drained: want terminationGracePeriodSeconds {wanted} or more")
        if int(flags.get("--drain-wait", 0)) < 3:
            self.bad(workload, "--drain-wait is shorter than a load balancer needs")
        for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
            if container.get(probe, {}).get("httpGet", {}).get("path") != path:
                self.bad(workload, f"has no {probe} on {path}")

    # $(NAME) is replaced only when NAME is known to the container; otherwise it would be taken literally.
    def check_variables(self, workload, container, flags):
        maps = {c["metadata"]["name"]: c.get("data", {}) for c in self.of_kind("ConfigMap")}
        known = {variable["name"] for variable in container.get("env", [])}
        for source in container.get("envFrom", []):
            name = source["configMapRef"]["name"]
            if name not in maps:
                self.bad(workload, f"there is no ConfigMap {name}")
            known |= set(maps.get(name, {}))
        for flag, value in flags.items():
            for variable in re.findall(r"\$\((\w+)\)", value):
                if variable not in known:
                    self.bad(workload, f"{flag}: nobody sets {variable}")

    # ---- targets

    def check_targets(self, targets):
        serving = {}
        for workload in self.workloads:
            labels = self.template(workload)["metadata"]["labels"]
            target = labels.get(COMPONENT, "")
            args = self.template(workload)["spec"]["containers"][0]["args"]
            if args[0] != "serve":
                continue
            given = next(a.split("=", 1)[1] for a in args if a.startswith("--target="))
            if given not in (target, "$(TARGET)"):
                self.bad(workload, f"serves {given} under the label {target}")
            if target in serving:
                self.bad(workload, f"a second workload serves {target}")
            serving[target] = workload
        for target in sorted(targets ^ set(serving)):
            self.problems.append(f"k8s/overlays/{self.name}: target {target}: "
                                 + ("no workload" if target in targets else "no such target in the code"))
        services = {s["metadata"]["name"]: s for s in self.of_kind("Service")}
        for target, workload in serving.items():
            labels = self.template(workload)["metadata"]["labels"]
            for kind, selector in (("PodDisruptionBudget", lambda o: o["spec"]["selector"]), ("Service", lambda o: {"matchLabels": o["spec"].get("selector", {"no": "pods"})})):
                if len([o for o in self.of_kind(kind) if selects(selector(o), labels)]) != 1:
                    self.bad(workload, f"want exactly one {kind}")
            self.check_own_secrets(target, workload)
            scaled = [h for h in self.of_kind("HorizontalPodAutoscaler") if h["spec"]["scaleTargetRef"]["name"] == workload["metadata"]["name"]]
            if (len(scaled) == 1) != (workload["kind"] == "Deployment"):
                self.bad(workload, "a Deployment scales, a StatefulSet does not")
            if workload["kind"] == "StatefulSet" and (workload["spec"].get("replicas") != 1 or not workload["spec"].get("volumeClaimTemplates")):
                self.bad(workload, "keeps keys in files: want one replica on a volume of its own")
            if target in ("journal", "identity", "all") and workload["kind"] != "StatefulSet":
                self.bad(workload, "keeps keys in files, which a Deployment loses")
            spread = self.template(workload)["spec"].get("topologySpreadConstraints", [])
            if not spread or any(not selects(c["labelSelector"], labels) or COMPONENT not in c["labelSelector"]["matchLabels"] for c in spread):
                self.bad(workload, "does not spread its replicas over nodes")
        for config in self.of_kind("ConfigMap"):
            for part in filter(None, config.get("data", {}).get("PEERS", "").split(",")):
                area, address = part.split("=", 1)
                name, port = re.fullmatch(r"dns:///([a-z-]+):(\d+)", address).groups()
                ports = {p["port"] for p in services.get(name, {"spec": {"ports": []}})["spec"]["ports"]}
                if name not in services or int(port) not in ports or services[name]["spec"]["selector"].get(COMPONENT) != area:
                    self.bad(config, f"PEERS: {part} is no service of that area")
        return serving

    def check_own_secrets(self, target, workload):
        for volume in self.template(workload)["spec"]["volumes"]:
            secret = volume.get("secret", {})
            if secret.get("secretName", "").startswith("gridwarden-process") and secret["secretName"] != f"gridwarden-process-{target}":
                self.bad(workload, f"carries the certificate {secret['secretName']}")
            if secret.get("secretName") == "gridwarden-accounts" and [i["key"] for i in secret.get("items", [])] != [f"{target}.password"]:
                self.bad(workload, "sees the passwords of other accounts")

    def check_connections(self, serving):
        total = 0
        for workload in serving.values():
            pool = next((int(a.split("=")[1]) for a in self.template(workload)["spec"]["containers"][0]["args"] if a.startswith("--db-pool=")), 0)
            scaled = [h["spec"]["maxReplicas"] for h in self.of_kind("HorizontalPodAutoscaler") if h["spec"]["scaleTargetRef"]["name"] == workload["metadata"]["name"]]
            total += pool * (scaled[0] + 1 if scaled else 1)  # one more while it is rolled out
        for example in sorted((self.root / "k8s/examples/database").glob("*.cnf")):
            found = CONNECTIONS_MAX_SETTING.search(example.read_text(encoding="utf-8"))
            if found and int(found.group(1)) < total + 10:
                self.problems.append(f"{example.relative_to(self.root)}: max-connections {found.group(1)}, but overlay {self.name} may open {total}")

    # ---- the network

    def check_network(self, serving, edges):
        policies = self.of_kind("NetworkPolicy")
        deny = [p for p in policies if p["spec"]["podSelector"] == {} and set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"}
                and not p["spec"].get("ingress") and not p["spec"].get("egress")]
        if len(deny) != 1:
            self.problems.append(f"k8s/overlays/{self.name}: want one policy that denies everything in both directions")
        for policy in policies:
            for direction, peers in (("ingress", "from"), ("egress", "to")):
                for rule in policy["spec"].get(direction, []):
                    if not rule.get(peers) or not rule.get("ports"):
                        self.bad(policy, f"{direction} to anybody or any port")
                    for peer in rule.get(peers, []):
                        if peer.get("ipBlock", {}).get("cidr", "").endswith("/0") or peer == {"podSelector": {}} or peer.get("namespaceSelector") == {}:
                            self.bad(policy, f"{direction}: the whole world")
        labels = {target: self.template(workload)["metadata"]["labels"] for target, workload in serving.items()}

        def reach(direction, peers, one, other):
            for policy in policies:
                if not selects(policy["spec"]["podSelector"], labels[one]):
                    continue
                for rule in policy["spec"].get(direction, []):
                    for peer in rule.get(peers, []):
                        if "podSelector" in peer and "namespaceSelector" not in peer and selects(peer["podSelector"], labels[other]):
                            if [p["port"] for p in rule["ports"]] != [7000]:
                                self.bad(policy, "between areas only gRPC on 7000")
                            return True
            return False

        for caller in labels:
            for callee in labels:
                if caller == callee:
                    continue
                wanted = callee in edges.get(caller, set()) if caller != "gateway" else callee != "gateway"
                out, into = reach("egress", "to", caller, callee), reach("ingress", "from", callee, caller)
                if (out, into) != (wanted, wanted):
                    self.problems.append(f"k8s/overlays/{self.name}: {caller} -> {callee}: the code {'calls' if wanted else 'does not call'}; "
                                         f"policies let it out: {out}, in: {into}")


def code_of(root):
    """The areas of the binary, and who calls whom."""
    server = root / "services/server"
    areas = re.findall(r'\{"([a-z]+)", \w+::Install\}', (server / "modules.cc").read_text(encoding="utf-8"))
    return areas, edges_of_code((server / "allowed_calls.cc").read_text(encoding="utf-8"), areas)


def problems_of(root, name, objects):
    problems = []
    areas, edges = code_of(root)
    overlay = Overlay(name, objects, root, problems)
    overlay.check_objects()
    for workload in overlay.workloads:
        overlay.check_pod(workload)
    serving = overlay.check_targets(set(areas) | {"gateway"} if name == "split" else {"all"})
    overlay.check_connections(serving)
    overlay.check_network(serving, edges)
    return problems


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    if not (root / "k8s").exists():
        return 0
    folders, problems = render(root, [f"k8s/overlays/{name}" for name in OVERLAYS])
    there = sorted(path.name for path in (root / "k8s/overlays").iterdir())
    if there != sorted(OVERLAYS):
        problems.append(f"k8s/overlays: got {there}, this check knows {OVERLAYS}")
    for name in OVERLAYS:
        objects = folders.get(f"k8s/overlays/{name}", [])
        if objects:
            problems += problems_of(root, name, objects)
        else:
            problems.append(f"k8s/overlays/{name}: renders nothing")
    problems += check_database_examples(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
