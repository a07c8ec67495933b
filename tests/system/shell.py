"""The operator's shell on a running instance: signing in, every list in both languages, JSON everywhere, files that are wrong."""
import json
import os
import re
import subprocess

from support.instance import BUILD, new_id
from system.story import PASSWORD


class Shell:
    """gridctl as a clerk runs it: signed in by its own token file, in one language."""

    def __init__(self, instance, lang="en"):
        self.environment = {
            "PATH": os.environ["PATH"], "LANG": {"zh": "zh_CN.UTF-8"}.get(lang, "C.UTF-8"),
            "GRIDWARDEN_SERVER": instance.url, "GRIDWARDEN_CA": instance.authority, "XDG_CONFIG_HOME": str(instance.dir / f"shell-{lang}")}

    def run(self, *words, expect=0, stdin="", **environment):
        done = subprocess.run([BUILD / "gridctl", *words], capture_output=True, text=True, input=stdin, timeout=120,
                              env={**self.environment, **environment})
        assert done.returncode == expect, f"gridctl {words}: exit {done.returncode}, want {expect}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words, **more):
        return json.loads(self.run(*words, "--json", **more).stdout)


def check_all(instance, story):
    check_sessions(instance)
    check_tables(instance, story)
    check_json(instance, story)
    check_rows_that_are_refused(instance)


def check_sessions(instance):
    shell = Shell(instance)
    assert "gridctl login" in shell.run("whoami", expect=1).stderr, "somebody who is not signed in is told how"
    assert "no password" in shell.run("login", "G001", expect=2).stderr
    assert "SIGN_IN_REFUSED" in shell.run("login", "G001", expect=1, stdin="not the password\n").stderr
    signed_in = shell.json("login", "G001", stdin=PASSWORD + "\n")
    assert signed_in["login"] == "g001" and not [key for key in signed_in if "oken" in key], signed_in
    tokens = instance.dir / "shell-en" / "gridwarden" / "tokens.json"
    assert tokens.stat().st_mode & 0o077 == 0, "nobody else reads the tokens"
    assert shell.json("whoami")["login"] == "g001"
    token = shell.run("login", "G001", "--print-token", stdin=PASSWORD + "\n").stdout.strip()
    assert shell.json("whoami", XDG_CONFIG_HOME="/nonexistent", GRIDWARDEN_TOKEN=token)["login"] == "g001"
    assert "--token" in shell.run("whoami", expect=1, GRIDWARDEN_TOKEN="rubbish").stderr
    assert "请登录" in Shell(instance, "zh").run("whoami", expect=1).stderr
    assert shell.json("logout") == {}
    shell.run("whoami", expect=1)


def signed_in(instance, lang):
    shell = Shell(instance, lang)
    shell.run("login", "G009", stdin=PASSWORD + "\n")
    return shell


LISTS = [  # words, header in English, in Chinese, what a row must hold in English, in Chinese
    (("division", "list", "4117"), "CODE", "代码", "COUNTY", "县"),
    (("post", "list", "411702001"), "HOLDER", "任职人", "GRID_LEADER", "网格长"),
    (("responsible", "411702001"), "RESPONSIBILITY", "责任", "VACANT", "空缺"),
    (("board", "411702"), "REBOUND", "反弹", "TOTAL", "合计"),
    (("signal", "list"), "CHANNEL", "来源", "FILED", "立案"),
    (("task", "list"), "RESULT", "结果", "PROBLEM", "发现问题"),
    (("case", "list"), "WHOLE DUE", "总期限", "REBOUNDED", "反弹"),
]


def check_tables(instance, story):
    shells = {lang: signed_in(instance, lang) for lang in ("en", "zh")}
    events = (("case", "events", story.case), "IN WHICH POST", "岗位", "SUPERVISION_OFFICER", "监督员")
    for words, english_header, chinese_header, english, chinese in [*LISTS, events]:
        for lang, header, cell in (("en", english_header, english), ("zh", chinese_header, chinese)):
            out = shells[lang].run(*words).stdout
            assert header in out and cell in out, f"{words} in {lang}: want {header} and {cell} in\n{out}"
            if lang == "zh":
                left = set(re.findall(r"\b[A-Z]{3,}(?:_[A-Z]+)*\b", out)) - {"UTF"}
                assert not left, f"{words} in Chinese still says {left}"
            assert "UNSPECIFIED" not in out, out
    out = shells["zh"].run("case", "events", story.case).stdout
    assert "上报" in out.split("立案")[0], "the story begins with the signal"
    assert "核实" not in shells["en"].run("case", "list").stdout
    assert "没有案卷" in shells["zh"].run("case", "list", "--state", "VOIDED").stdout


def check_json(instance, story):
    shell = signed_in(instance, "en")
    assert shell.json("case", "show", story.case)["name"] == story.case
    assert [e["action"] for e in shell.json("case", "events", story.case)["events"]][-1] == "RECHECK_REBOUNDED"
    for words in (("division", "list"), ("post", "list", "411702001"), ("person", "list"), ("board", "4117"), ("signal", "list"),
                  ("task", "list"), ("source", "list"), ("responsible", "411702001"), ("board", "cases", "4117", "cases"),
                  ("board", "4117", "--csv", str(instance.dir / "board.csv")), ("source", "export", str(instance.dir / "out.csv"))):
        assert isinstance(shell.json(*words), dict), words
    for words in (("journal", "status"), ("journal", "tail"), ("account", "list"), ("board", "audit", "4117")):
        assert isinstance(json.loads(instance.gridctl("admin", *words, "--json")), dict), words
    by_hand = shell.json("call", "grid.v1.GridService/GetDivision", json.dumps({"name": "divisions/code:4117"}))
    assert by_hand["displayName"] == "驻马店市"


def check_rows_that_are_refused(instance):
    """A file of several parts whose last row is wrong: its place is said, nothing of it is stored."""
    rows = [f"L{n:05},张三,\n" for n in range(6000)]
    file = instance.dir / "long.csv"
    file.write_text("staff_no,name,phone\n" + "".join(rows) + "L99999,,\n")
    instance.gridctl("admin", "import", "persons", str(file), expect=1, says=f"{file}:6002: name: got \"\", want")
    instance.gridctl("admin", "import", "persons", str(file), expect=1, says="6001/6001")  # how far it is
    assert "L00000" not in instance.gridctl("admin", "person", "list", "--filter", "L00000")
    report = json.loads(instance.gridctl("admin", "import", "persons", str(file), "--json", expect=1))
    assert report["rowsRefused"] == 1 and report["problems"][0]["line"] == 6002, report
    assert instance.gridctl("admin", "call", "grid.v1.GridService/ListPersons", json.dumps({"pageSize": 1, "filter": new_id()}))
