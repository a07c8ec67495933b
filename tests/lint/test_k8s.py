#!/usr/bin/env python3
"""check_k8s.py finds what it is for: what k8s/ renders, with one fault each."""
import copy
import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import check_dockerfile  # noqa: E402
import check_k8s  # noqa: E402

ROOT = HERE.parents[1]


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folders, problems = check_k8s.render(ROOT, ["k8s/overlays/split"])
        assert not problems, problems
        cls.split = folders["k8s/overlays/split"]

    def found(self, change, says):
        """`change` is given the objects by kind and name; the check then says `says` and nothing else was wrong before."""
        objects = copy.deepcopy(self.split)
        change({(o["kind"], o["metadata"]["name"]): o for o in objects}, objects)
        self.assertIn(says, "\n".join(check_k8s.problems_of(ROOT, "split", objects)))

    def pod(self, named, name="gridwarden-casework", kind="Deployment"):
        return named[kind, name]["spec"]["template"]["spec"]

    def container(self, named):
        return self.pod(named)["containers"][0]

    def test_what_is_rendered_is_good(self):
        self.assertEqual(check_k8s.problems_of(ROOT, "split", self.split), [])

    def test_a_pod_that_is_not_restricted(self):
        self.found(lambda n, o: self.pod(n)["securityContext"].pop("runAsNonRoot"), "may run as root")
        self.found(lambda n, o: self.pod(n)["securityContext"].pop("seccompProfile"), "has no seccomp profile")
        self.found(lambda n, o: self.pod(n).pop("automountServiceAccountToken"), "mounts a token")
        self.found(lambda n, o: self.pod(n).update(hostNetwork=True), "has hostNetwork")
        self.found(lambda n, o: self.pod(n)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "volume x is of a kind")
        self.found(lambda n, o: self.container(n)["securityContext"].pop("readOnlyRootFilesystem"), "write its root")
        self.found(lambda n, o: self.container(n)["securityContext"]["capabilities"].update(add=["NET_RAW"]), "keeps capabilities")

    def test_an_image_by_tag_and_a_secret_by_value(self):
        self.found(lambda n, o: self.container(n).update(image="gridwarden:latest"), "want a digest")
        self.found(lambda n, o: self.container(n)["env"].append({"name": "DB_PASSWORD", "value": "x"}), "secrets come as files")
        self.found(lambda n, o: o.append({"kind": "Secret", "metadata": {"name": "x", "namespace": "gridwarden"}}), "made by the operator")

    def test_probes_limits_and_time_to_drain(self):
        self.found(lambda n, o: self.container(n).pop("readinessProbe"), "has no readinessProbe on /readyz")
        self.found(lambda n, o: self.container(n)["resources"].pop("limits"), "has no limits")
        self.found(lambda n, o: self.container(n)["resources"]["limits"].update(cpu="500m"), "16 threads on 0.5 CPU")
        self.found(lambda n, o: self.pod(n).update(terminationGracePeriodSeconds=30), "is killed before it has drained")

    def test_flags_that_are_none_and_variables_that_nobody_sets(self):
        self.found(lambda n, o: self.container(n)["args"].append("--db-hots=x"), "has no flag --db-hots")
        self.found(lambda n, o: self.container(n)["args"].append("--demo"), "--demo has no place")
        self.found(lambda n, o: self.container(n)["args"].append("--web-dir=$(NOWHERE)"), "nobody sets NOWHERE")
        self.found(lambda n, o: self.container(n)["args"].append("--tls-cert=/run/secrets/none/x"), "is on no read-only mount")

    def test_a_target_without_a_workload_or_with_that_of_another(self):
        self.found(lambda n, o: o.remove(n["Deployment", "gridwarden-patrol"]), "target patrol: no workload")
        self.found(lambda n, o: o.remove(n["PodDisruptionBudget", "gridwarden-patrol"]), "want exactly one PodDisruptionBudget")
        self.found(lambda n, o: self.pod(n)["volumes"][0]["secret"].update(secretName="gridwarden-process-journal"), "carries the certificate")
        self.found(lambda n, o: self.pod(n)["volumes"][1]["secret"].pop("items"), "sees the passwords of other accounts")
        self.found(lambda n, o: n["StatefulSet", "gridwarden-journal"]["spec"].update(replicas=2), "want one replica")

    def test_a_network_that_is_wider_or_narrower_than_the_code(self):
        policy = "NetworkPolicy"
        self.found(lambda n, o: o.remove(n[policy, "default-deny"]), "denies everything")
        self.found(lambda n, o: o.remove(n[policy, "journal-from-callers"]), "report -> journal: the code calls")
        values = lambda n, name, way, peers: n[policy, name]["spec"][way][0][peers][0]["podSelector"]["matchExpressions"][0]["values"]
        self.found(lambda n, o: values(n, "patrol-to-areas", "egress", "to").append("journal"), "patrol -> journal: the code does not call")
        self.found(lambda n, o: values(n, "media-from-callers", "ingress", "from").remove("casework"), "casework -> media: the code calls")
        self.found(lambda n, o: n[policy, "to-database"]["spec"]["egress"][0].pop("to"), "to anybody")
        self.found(lambda n, o: n[policy, "to-photo-store"]["spec"]["egress"][0]["to"][0]["ipBlock"].update(cidr="0.0.0.0/0"), "the whole world")

    def test_a_host_without_tls(self):
        self.found(lambda n, o: n["Ingress", "gridwarden"]["spec"].pop("tls"), "has a host without TLS")


class Schemas(unittest.TestCase):
    def test_unknown_fields_wrong_types_and_unknown_kinds_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "k8s", pathlib.Path(folder, "k8s"))
            for name, old, new in (("overlays/all/server.yaml", "fsGroup: 65532", "fsGruop: 65532"),
                                   ("base/migrate.yaml", "backoffLimit: 10", "backoffLimit: ten"),
                                   ("overlays/all/service.yaml", "policy/v1", "policy/v7")):
                path = pathlib.Path(folder, "k8s", name)
                text = path.read_text(encoding="utf-8")
                self.assertIn(old, text)
                path.write_text(text.replace(old, new), encoding="utf-8")
            _, problems = check_k8s.render(ROOT, [f"{folder}/k8s/overlays/all", f"{folder}/k8s/overlays/none"])
            text = "\n".join(problems)
            for says in ("fsGruop", "backoffLimit must be integer", "there is no policy/v7 PodDisruptionBudget", "overlays/none: kustomize:"):
                self.assertIn(says, text)


class Dockerfile(unittest.TestCase):
    def found(self, old, new):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            shutil.copytree(ROOT / "k8s", root / "k8s")
            shutil.copy(ROOT / "dev", root / "dev")
            for name in ("CMakeLists.txt", "proto", "services", "clients", "db", "tests"):
                (root / name).mkdir()
            path = root / "k8s/Dockerfile"
            text = path.read_text(encoding="utf-8")
            self.assertIn(old, text)
            path.write_text(text.replace(old, new), encoding="utf-8")
            return "\n".join(check_dockerfile.problems_of(root))

    def test_each_fault_is_found(self):
        self.assertEqual(self.found("USER", "USER"), "")
        self.assertIn("USER root", self.found("USER 65532:65532\n", ""))
        self.assertIn("latest is no version", self.found("debian:12-slim\n", "debian:latest\n"))
        self.assertIn("all of them and no others", self.found("xargs apt-get install -y --no-install-recommends", "xargs apt-get install -y vim"))
        self.assertIn("there is none", self.found("COPY db db", "COPY db database db"))
        self.assertIn("the last from scratch", self.found("FROM scratch", "FROM ${DEBIAN}"))
        self.assertIn("a secret would stay", self.found("ARG REVISION=unknown", "ARG PASSWORD"))


if __name__ == "__main__":
    unittest.main()
