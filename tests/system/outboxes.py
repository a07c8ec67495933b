"""A phone that cannot send hands out a file, and gridctl brings it to the server: looked at, sent from the right account only, killed in the
middle and sent again, nothing twice, nothing lost, and what was changed on the way is named. The file is made here as outbox_file.ts makes it,
signed by another implementation than ours."""
import base64
import functools
import hashlib
import json
import subprocess
import time

from support.instance import BUILD, Instance, new_id
from system.phones import plan_visits
from system.story import Story, now, png, set_up_city

OBSERVATIONS = 60


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, check=True, capture_output=True).stdout


class PaperPhone:
    """What a phone holds after weeks without a network, and the file it hands out."""

    def __init__(self, instance, login):
        self.instance, self.login, self.device_id = instance, login, new_id()
        self.account = instance.call(login, "identity", "GetMe", {})
        self.key = instance.dir / f"{self.device_id}.pem"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key)
        self.point = openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")[-65:]
        self.operations, self.photos, self.hash = [], [], ""

    def sign(self, text):
        """r and s, 32 bytes each."""
        der = openssl("dgst", "-sha256", "-sign", self.key, data=text.encode())
        numbers, at = b"", 2
        for _ in range(2):
            size = der[at + 1]
            numbers += der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0")
            at += 2 + size
        return base64.b64encode(numbers).decode()

    def proof(self):
        return self.sign(f"gridwarden/device/v1\n{self.device_id}\n{self.account['name']}")

    def register(self):
        self.instance.gridctl(self.login, "call", "sync.v1.DeviceService/RegisterDevice", json.dumps({
            "requestId": new_id(), "deviceId": self.device_id, "publicKey": base64.b64encode(self.point).decode(), "label": "paper",
            "signature": self.proof()}))

    def photo(self, state="queued", held=True):
        content = png(new_id() * 4000)
        digest = hashlib.sha256(content).hexdigest()
        self.photos.append({"sha256": digest, "size": len(content), "contentType": "image/png", "origin": "camera", "takenAtMs": int(time.time() * 1000),
                            "opIds": [], "state": state, "base64": base64.b64encode(content).decode() if held else None})
        return digest

    def do(self, rpc, subject, request, photos=()):
        op_id, seq = new_id(), len(self.operations) + 1
        body = json.dumps({
            "opId": op_id, "device": f"devices/{self.device_id}", "seq": str(seq), "prevHash": self.hash, "rpc": f"gridwarden.{rpc}",
            "request": json.dumps(request, ensure_ascii=False), "subject": subject, "baseEtag": "", "after": [],
            "time": {"wallTime": now(), "monoMs": "1", "bootId": self.device_id, "utcOffsetMinutes": 480},
            "photos": [{"sha256": digest, "contentType": "image/png"} for digest in photos], "appBuild": "paper"}, ensure_ascii=False, separators=(",", ":"))
        self.hash = hashlib.sha256(body.encode()).hexdigest()
        for photo in self.photos:
            if photo["sha256"] in photos:
                photo["opIds"].append(op_id)
        self.operations.append({
            "opId": op_id, "seq": seq, "rpc": f"gridwarden.{rpc}", "subject": subject, "body": body, "hash": self.hash,
            "signature": self.sign("gridwarden/op/v1\n" + body), "state": "queued", "reason": None, "createdMs": int(time.time() * 1000),
            "summary": {"key": "op.visit.NORMAL", "params": {}}, "photos": list(photos)})

    def visit(self, task, photos):
        self.do("patrol.v1.PatrolService/SubmitVisit", task, {"parent": task, "visitId": new_id(), "visit": {
            "result": "NORMAL", "note": "正常", "evidence": [{"media": f"media/{digest}", "kind": "NEAR"} for digest in photos]}}, photos)

    def observe(self, subject, note):
        self.do("sync.v1.SyncService/RecordObservation", subject, {"subject": subject, "kind": "EXPLANATION", "note": note})

    def hand_out(self, name, change=lambda file: None):
        file = {"format": "gridwarden-outbox/1", "account": self.account["name"], "login": self.account["login"],
                "displayName": self.account.get("displayName", ""), "device": f"devices/{self.device_id}",
                "publicKey": base64.b64encode(self.point).decode(), "registration": {"label": "paper", "signature": self.proof()}, "exportTime": now(),
                "operations": [dict(one) for one in self.operations],
                "drafts": [{"draftId": "d", "form": "check", "subject": "cases/1", "data": {"note": "草稿"}, "photos": [], "updatedMs": 1}],
                "photos": self.photos}
        change(file)
        path = self.instance.dir / name
        path.write_text(json.dumps(file, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
        return path


def change_a_note(file):
    """Somebody would rather have seen something else."""
    one = file["operations"][1]
    assert "第 1 条" in one["body"]
    one["body"] = one["body"].replace("第 1 条", "第 9 条")


def killed_at(instance, login, path, word):
    """Sends, and is killed as soon as it says that it is so far."""
    environment = {"GRIDWARDEN_SERVER": instance.url, "GRIDWARDEN_TOKEN": instance.tokens[login][0], "XDG_CONFIG_HOME": str(instance.dir),
                   "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "GRIDWARDEN_CA": str(instance.authority or "")}
    sending = subprocess.Popen([BUILD / "gridctl", "device", "outbox", "send", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               env=environment)
    said = []
    for line in sending.stderr:
        said.append(line)
        if line.startswith(word):
            sending.kill()
            break
    sending.stderr.close()
    assert sending.wait(timeout=60) == -9, f"it was through before it said {word!r}: {said}"


def counts(instance):
    return [int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.{table}")[0][0]) for table in ("operation", "visit", "observation", "media")]


def weeks_of_work(instance, tasks):
    phone = PaperPhone(instance, "G004")
    phone.register()
    for task in tasks:
        phone.visit(task, [phone.photo() for _ in range(4)])
    for number in range(OBSERVATIONS):
        phone.observe(tasks[0], f"第 {number} 条")
    lost = phone.photo(held=False)
    phone.do("sync.v1.SyncService/RecordObservation", tasks[1], {
        "subject": tasks[1], "kind": "EVIDENCE", "note": "照片已不在手机上", "evidence": [{"media": f"media/{lost}", "kind": "NEAR"}]}, [lost])
    nowhere = f"cases/{new_id()}"
    phone.do("casework.v1.CaseworkService/AcceptCase", nowhere, {"name": nowhere})
    phone.photo(state="draft")
    return phone, lost


def check_looking(instance, phone, path):
    shown = json.loads(instance.gridctl("G004", "device", "outbox", "show", path, "--json"))
    assert shown["keyOfServer"] and all(one["intact"] for one in shown["operations"]) and not shown["problems"], shown
    assert len(shown["operations"]) == len(phone.operations) and [photo["whole"] for photo in shown["photos"]].count(True) == 13, shown
    told = instance.gridctl("G004", "device", "outbox", "show", path, "--lang", "zh")
    for words in ("3 巡查", f"{OBSERVATIONS + 1} 情况记录", "12 张完整，1 张没有图像内容，1 张属于草稿", "按服务器登记的公钥核对", "草稿"):
        assert words in told, f"no {words!r} in\n{told}"
    told = instance.gridctl(None, "device", "outbox", "show", path)
    assert "by the key in the file itself" in told and "WRONG" not in told, told


def check_refusals(instance, path):
    instance.gridctl("G001", "device", "outbox", "send", path, expect=1, says="only its own account may send it: gridctl login g004")
    instance.gridctl("G001", "device", "outbox", "send", path, "--lang", "zh", expect=1, says="只能由本人账号送达")
    instance.gridctl(None, "device", "outbox", "send", path, expect=1, says="gridctl login")
    instance.gridctl("G004", "device", "outbox", "send", path, "--dry-run", says="nothing was sent")
    broken = instance.dir / "broken.json"
    broken.write_bytes(path.read_bytes()[:-200])
    instance.gridctl("G004", "device", "outbox", "show", broken, expect=4, says="things are wrong")
    broken.write_text("{}", encoding="utf-8")
    instance.gridctl("G004", "device", "outbox", "send", broken, expect=2, says='format: got null, want "gridwarden-outbox/1"')


def check_sending(instance, phone, path, lost):
    killed_at(instance, "G004", path, "operations 50/")
    assert 50 <= counts(instance)[0] <= len(phone.operations)
    killed_at(instance, "G004", path, "photos 3/")
    some = counts(instance)
    assert some[:3] == [len(phone.operations), 3, OBSERVATIONS + 1] and 3 <= some[3] < 12, some
    for attempt in ("once more", "and again"):
        out = instance.gridctl("G004", "device", "outbox", "send", path, expect=1, says="not everything was delivered")
        assert "DUPLICATE: " in out and "REFUSED: 1" in out and "AcceptCase" in out and "NOT_YOUR_TASK" in out, f"{attempt}: {out}"
        assert f"the server still misses photo {lost}" in out, out
        assert counts(instance) == [len(phone.operations), 3, OBSERVATIONS + 1, 12], counts(instance)
    for photo in phone.photos[:12]:
        assert instance.call("G004", "media", "GetMedia", {"name": f"media/{photo['sha256']}"})["name"]
    told = json.loads(instance.gridctl("G004", "device", "outbox", "send", path, "--json", expect=1))
    assert [one["verdict"] for one in told["operations"]].count("DUPLICATE") == OBSERVATIONS + 4, told
    assert all(photo["verified"] for photo in told["photos"]) and told["missingPhotos"] == [lost], told
    assert told["operations"][-1]["messageZh"], told["operations"][-1]


def check_changed(instance, tasks):
    """A phone the server never met; and a file in which somebody changed a word on the way."""
    phone = PaperPhone(instance, "G003")
    for number in range(3):
        phone.observe(tasks[0], f"第 {number} 条")
    changed, whole = phone.hand_out("changed.json", change_a_note), phone.hand_out("whole.json")
    instance.gridctl("G003", "device", "outbox", "show", changed, expect=3)
    instance.gridctl("G003", "device", "outbox", "send", changed, expect=1, says="operations[1] (2).body: these are not the bytes the phone signed")
    verdicts = {one["opId"]: one["verdict"] for one in json.loads(instance.gridctl("G003", "device", "outbox", "send", changed, "--json", expect=1))["operations"]}
    assert [verdicts[one["opId"]] for one in phone.operations] == ["DUPLICATE", "VERDICT_UNSPECIFIED", "DUPLICATE"], verdicts
    instance.gridctl("G003", "device", "outbox", "send", whole)
    device = json.loads(instance.gridctl("G003", "device", "show", phone.device_id, "--json"))
    assert device["missingOperations"] == 0 and device["lastSeq"] == "3" and base64.b64decode(device["publicKey"]) == phone.point, device


def check_summaries(instance, tasks):
    """What a phone of the person holds, and how many of a division are silent."""
    held = json.loads(instance.gridctl("G004", "device", "pull", "--json"))
    assert set(tasks) <= {record["name"] for record in held["records"]} and held["posts"][0]["kind"] == "PATROL_OFFICER", held
    told = instance.gridctl("G004", "device", "pull", "--lang", "zh", "--all")
    for words in ("岗位：巡查员", "巡查任务", "待您办理", "完整至日志序号"):
        assert words in told, f"no {words!r} in\n{told}"
    instance.gridctl("G001", "device", "pull", expect=1, says="you have no phone in use")
    counted = json.loads(instance.gridctl("G001", "device", "count", "411702001", "--json"))
    assert (counted["devices"], counted["notSynced"]) == (2, 0), counted
    assert "2 phones in use" in instance.gridctl("G001", "device", "count", "411702001")
    assert "未同步 2 部，其中 1 部有未送达" in instance.gridctl("G001", "device", "count", "411702001", "--since", "now", "--lang", "zh")


def sent_by_hand(shape):
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        tasks = plan_visits(instance, story)
        phone, lost = weeks_of_work(instance, tasks)
        path = phone.hand_out("outbox.json")
        check_looking(instance, phone, path)
        check_refusals(instance, path)
        assert counts(instance) == [0, 0, 0, 0], "nothing was sent yet"
        check_sending(instance, phone, path, lost)
        check_changed(instance, tasks)
        check_summaries(instance, tasks)


SCENARIOS = [(f"what a broken phone handed out, {shape}", functools.partial(sent_by_hand, shape)) for shape in ("all", "split")]
