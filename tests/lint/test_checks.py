#!/usr/bin/env python3
"""The checks find what they are for: each is run on a small tree with one fault, and on the same tree without it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

ERRORS = 'enum ErrorReason {\n  ERROR_REASON_UNSPECIFIED = 0;\n  NOT_FOUND = 40 [(zh_cn) = "x"];\n}\n'
GOOD = {
    "db/migrations/0001_a.sql": "-- a comment; with a semicolon\nCREATE TABLE a (\n  id INT NOT NULL,\n  price DECIMAL(5,2) NULL,\n"
                                "  PRIMARY KEY (id),\n  KEY by_price (price, id)\n) ENGINE=InnoDB;\n",
    "db/manifest/a.csv": "table,column,class,privacy,retention,reason\na,id,protected,none,case,\na,price,derived,none,case,\n",
    "proto/gridwarden/errors/v1/errors.proto": ERRORS,
    "services/base/x.h": "#include <string>\n",
    "services/grid/a_repository.cc": 'R"(SELECT id FROM a WHERE id = ? FOR UPDATE)"; "UPDATE a SET price = ? "\n  "WHERE id = ?";\n'
                                     '#include "base/x.h"\nMakeError(c, "m", {.reason = "NOT_FOUND"});\n',
    "services/casework/case.cc": '#include "base/x.h"\n',
}


def run(check, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, HERE / check, folder], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Checks(unittest.TestCase):
    def good(self, check):
        code, output = run(check, GOOD)
        self.assertEqual((code, output), (0, ""))

    def bad(self, check, says, **changes):
        files = dict(GOOD)
        for name, text in changes.items():
            files[{"sql": "db/migrations/0002_b.sql", "csv": "db/manifest/a.csv", "repository": "services/grid/a_repository.cc",
                   "case": "services/casework/case.cc", "domain": "services/domain/d.cc", "new": "services/new/n.cc",
                   "errors": "proto/gridwarden/errors/v1/errors.proto"}[name]] = text
        code, output = run(check, files)
        self.assertEqual(code, 1, output)
        self.assertIn(says, output)

    def test_manifest(self):
        self.good("check_manifest.py")
        self.bad("check_manifest.py", "no row for b.id", sql="CREATE TABLE b (id INT NOT NULL PRIMARY KEY);\n")
        self.bad("check_manifest.py", "no row for a.more", sql="ALTER TABLE a ADD COLUMN more INT NULL;\n")
        self.bad("check_manifest.py", "there is no column a.price", sql="ALTER TABLE a DROP COLUMN price;\n")
        self.bad("check_manifest.py", "there is no column a.id", sql="DROP TABLE a;\n")
        header = GOOD["db/manifest/a.csv"]
        self.bad("check_manifest.py", "stands already", csv=header + "a,id,protected,none,case,\n")
        self.bad("check_manifest.py", "needs a reason", csv=header.replace("a,id,protected", "a,id,ephemeral"))
        self.bad("check_manifest.py", "privacy is 'public'", csv=header.replace("protected,none", "protected,public"))

    def test_grants(self):
        every = "".join(f"grid,{table},SELECT,x\n" for table in ("schema_migration", "policy_document", "journal_head"))
        manifest = GOOD["db/manifest/a.csv"] + "policy_document,x,derived,none,case,\njournal_head,x,derived,none,case,\n"

        def verdict(row, source='"SELECT id FROM a"; "UPDATE a SET price = ? WHERE id = ?";\n'):
            return run("check_grants.py", {"db/manifest/a.csv": manifest, "services/grid/a_repository.cc": source,
                                           "db/grants/grants.csv": "account,table,rights,why\n" + every + row})

        self.assertEqual(verdict('grid,a,"SELECT, UPDATE",own\n'), (0, ""))
        self.assertIn("does UPDATE on a, which", verdict("grid,a,SELECT,own\n")[1])
        self.assertIn("gives grid DELETE on a, which", verdict('grid,a,"SELECT, UPDATE, DELETE",own\n')[1])
        self.assertIn("there is no table b", verdict('grid,a,"SELECT, UPDATE",own\ngrid,b,SELECT,own\n')[1])
        self.assertIn("does SELECT, UPDATE on a", verdict("grid,a,INSERT,own\n", '"INSERT INTO a (id) VALUES ", " ON DUPLICATE KEY UPDATE id = 1";\n')[1])
        self.assertIn("does DELETE, SELECT on a", verdict("", '"DELETE FROM a WHERE id = ?";\n')[1])

    def test_deps(self):
        self.good("check_deps.py")
        self.bad("check_deps.py", "casework may not include grid/a.h", case='#include "grid/a.h"\n',
                 repository='// nothing\n')
        self.bad("check_deps.py", "domain may not include thread", domain="#include <thread>\n")
        self.bad("check_deps.py", "only services/platform/db may include cppconn/driver.h", case="#include <cppconn/driver.h>\n")
        self.bad("check_deps.py", "unknown folder", new="int x;\n")

    def test_reasons(self):
        self.good("check_reasons.py")
        self.bad("check_reasons.py", "NO_SUCH", case='return FailedPrecondition("NO_SUCH", "m");\n')
        self.bad("check_reasons.py", "NO_SUCH", case='facts{.reason = "NO_SUCH"};\n')
        self.bad("check_reasons.py", "NO_SUCH", case='if (ReasonOf(x.status()) == "NO_SUCH") {}\n')
        self.bad("check_reasons.py", "no zh-CN sentence", errors=ERRORS.replace('[(zh_cn) = "x"]', ""))

    def test_sql(self):
        self.good("check_sql.py")
        self.bad("check_sql.py", "SELECT *", case='"SELECT * FROM a";\n')
        self.bad("check_sql.py", "OFFSET", case='R"(SELECT id FROM a LIMIT 5\n OFFSET 10)";\n')
        self.bad("check_sql.py", "UPDATE a without a lock", repository='"UPDATE a SET price = 1 WHERE id = ?";\n')
        for fine in ('"UPDATE a SET price = 1 WHERE id = ? AND revision = ?";\n',
                     '// Unlocked: a last-seen time.\nx = "UPDATE a SET price = 1 WHERE id = ?";\n', '"SELECT COUNT(*) FROM a";\n'):
            self.assertEqual(run("check_sql.py", {**GOOD, "services/grid/a_repository.cc": fine}), (0, ""))

    def test_burden(self):
        self.good("check_burden.py")
        self.bad("check_burden.py", "no online time", sql="ALTER TABLE a ADD COLUMN online_minutes INT NULL;\n")
        says = "MakeRequest.colour is asked and read by nobody"
        files = dict(GOOD)
        files["proto/gridwarden/patrol/v1/a_service.proto"] = "message MakeRequest {\n  // What.\n  string colour = 1;\n}\n"
        self.assertIn(says, run("check_burden.py", files)[1])
        files["services/patrol/make.cc"] = "Paint(request.colour());\n"
        self.assertEqual(run("check_burden.py", files), (0, ""))
        files["clients/web/a.html"] = "<p>今日打卡</p>"
        self.assertIn("打卡", run("check_burden.py", files)[1])
        files["clients/web/a.html"] = "<p>a checklist to check in the field</p>"
        files["db/policy/checklists.json"] = '{"checklists": [{"code": "ROAD", "purpose": "routine"}]}'
        self.assertIn("ROAD is asked nowhere", run("check_burden.py", files)[1])
        files["db/policy/source_categories.json"] = '{"categories": [{"checklists": ["ROAD"]}]}'
        self.assertEqual(run("check_burden.py", files), (0, ""))

    def test_web(self):
        lock = ('{"packages": {"": {}, "node_modules/vue": {"version": "3.5.45", "integrity": "sha512-x"}, '
                '"node_modules/@gridwarden/sync": {"resolved": "packages/sync", "link": true}}}')
        files = {"clients/web/package.json": '{"dependencies": {"vue": "3.5.45"}}', "clients/web/package-lock.json": lock,
                 "proto/gridwarden/grid/v1/g.proto": "package gridwarden.grid.v1;\nservice GridService {\n  rpc GetPost(A) returns (B);\n}\n",
                 "clients/web/apps/a/src/a.ts": "call('gridwarden.grid.v1.GridService/GetPost'); const svg = 'http://www.w3.org/2000/svg';\n",
                 "build/web/inspector/index.html": '<script src="/inspector/assets/a.js"></script>'}
        self.assertEqual(run("check_web.py", files), (0, ""))
        for name, was, now, says in (
                ("clients/web/apps/a/src/a.ts", "GetPost", "GetPosts", "there is no rpc gridwarden.grid.v1.GridService/GetPosts"),
                ("clients/web/apps/a/src/a.ts", "http://www.w3.org", "http://elsewhere.test", "names http://elsewhere.test"),
                ("build/web/inspector/index.html", "/inspector/assets", "https://cdn.test", "names https://cdn.test"),
                ("clients/web/package.json", "3.5.45", "^3.5.45", "want one exact version"),
                ("clients/web/package-lock.json", '"version"', '"resolved": "https://packages.test/vue.tgz", "version"', "names where it came from"),
                ("clients/web/package-lock.json", ', "integrity": "sha512-x"', "", "has no integrity")):
            code, output = run("check_web.py", {**files, name: files[name].replace(was, now)})
            self.assertEqual(code, 1, says)
            self.assertIn(says, output)

    def test_metrics(self):
        dashboard = ('{"panels": [{"id": 1, "title": "x", "type": "timeseries", "gridPos": {"x": 0, "y": 0}, '
                     '"targets": [{"expr": "rate(gridwarden_a_seconds_bucket[5m])"}]}]}')
        rule = ("groups:\n    rules:\n      - alert: A\n        expr: gridwarden_b_total > 1\n        labels: {severity: page}\n"
                '        annotations:\n          summary: "too much / 过多"\n')
        files = {"services/server/m.cc": 'Histogram h("gridwarden_a_seconds", "x", b);\nmetrics.AddCounter("gridwarden_b_total", "x");\n',
                 "k8s/monitoring/grafana-dashboard.json": dashboard, "k8s/monitoring/prometheus-rules.yaml": rule}
        self.assertEqual(run("check_metrics.py", files), (0, ""))
        for name, was, now, says in (
                ("grafana-dashboard.json", "gridwarden_a_seconds_bucket", "gridwarden_gone", "no service makes gridwarden_gone"),
                ("grafana-dashboard.json", '"expr": "rate(gridwarden_a_seconds_bucket[5m])"', '"expr": ""', "asks nothing"),
                ("prometheus-rules.yaml", "gridwarden_b_total", "gridwarden_c_total", "no service makes gridwarden_c_total"),
                ("prometheus-rules.yaml", "severity: page", "severity: soon", "want severity"),
                ("prometheus-rules.yaml", " / 过多", "", "want a summary")):
            changed = {**files, f"k8s/monitoring/{name}": files[f"k8s/monitoring/{name}"].replace(was, now)}
            code, output = run("check_metrics.py", changed)
            self.assertEqual(code, 1, says)
            self.assertIn(says, output)
        code, output = run("check_metrics.py", {**files, "services/grid/n.cc": 'Counter c("gridwarden_wait_ms", "x");\n'})
        self.assertEqual(code, 1)
        self.assertIn("does not end in _total", output)
        self.assertIn("want a base unit", output)


    def test_edges(self):
        table = {"services/server/allowed_calls.cc": '{"casework", "gridwarden.grid.v1.GridService/LocatePoint"},\n'
                                                     '{"report", "gridwarden.journal.v1.JournalInternalService/ReadFeed", true},\n'}
        code = {"services/casework/place.cc": 'Send(casework.channel("grid"), call, "gridwarden.grid.v1.GridService/LocatePoint");\n',
                "services/report/fold.cc": 'journal::Consumer::InTransaction(context.channel("journal"));\n'}
        good = {**table, **code}
        self.assertEqual(run("check_edges.py", good), (0, ""))

        def bad(says, **changes):
            status, output = run("check_edges.py", {**good, **{{"table": "services/server/allowed_calls.cc",
                                                                "place": "services/casework/place.cc",
                                                                "fold": "services/report/fold.cc"}[name]: text
                                                               for name, text in changes.items()}})
            self.assertEqual(status, 1, output)
            self.assertIn(says, output)

        bad("no code of casework calls gridwarden.grid.v1.GridService/LocatePoint", place="// nothing\n")
        bad("casework calls gridwarden.media.v1.MediaService/GetMedia", place=code["services/casework/place.cc"] +
            'k = "gridwarden.media.v1.MediaService/GetMedia";\n')
        bad('channel("source"), but report may call nothing of source', fold=code["services/report/fold.cc"] + 'context.channel("source");\n')
        bad("no code of report calls", fold="// nothing\n")
        bad("stands twice", table=table["services/server/allowed_calls.cc"] * 2)
        bad("only the system calls an internal service", table=table["services/server/allowed_calls.cc"].replace(", true", ""))


if __name__ == "__main__":
    unittest.main(verbosity=0)
