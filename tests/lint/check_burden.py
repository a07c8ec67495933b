#!/usr/bin/env python3
"""No check-ins, no points, no online time (beyond.md B14), and nothing is asked that nobody reads.

1. No field of an API, no column of a table and no word on a screen speaks of the forbidden things below.
2. Every field of a request about patrols and plans is read by services/patrol.
3. Every checklist is asked somewhere: it belongs to a category, a type of case or a cadence names it, or it is the one kind that
   is filled in about an office itself (disclosure).
"""
import json
import pathlib
import re
import sys

# Identifiers, as whole parts between underscores.
NAMES = re.compile(
    r"(?<![a-z])(check_?ins?|punch_?(?:in|card)s?|clock_?ins?|attendance|bonus_points?|reward_points?|point_balance|"
    r"online_(?:time|minutes|seconds|duration|hours)|log_?in_(?:count|days)|session_minutes|active_minutes|step_count|"
    r"track_(?:km|length)_walked|leader_?board)(?![a-z])"
)
WORDS = ["打卡", "签到", "积分", "在线时长", "上线率", "登录次数", "步数", "活跃度"]
FIELD = re.compile(r"^\s*(?:repeated\s+|optional\s+)?[\w.<>, ]+\s+(\w+)\s*=\s*\d+\s*[;\[]", re.M)
MESSAGE = re.compile(r"^message (\w+Request) \{(.*?)^\}", re.M | re.S)
# Read by reflection, before a body runs.
READ_BY_THE_PLATFORM = {"request_id", "page_size", "page_token"}


def forbidden(text):
    names = {match.group(0) for match in NAMES.finditer(text)}
    return sorted(names | {word for word in WORDS if word in text})


def check_words(root):
    problems = []
    places = [("proto", "*.proto"), ("db/migrations", "*.sql"), ("db/policy", "*.json"), ("clients", "*.cc"), ("clients", "*.js"),
              ("clients", "*.ts"), ("clients", "*.vue"), ("clients", "*.html"), ("services/gateway", "*.cc")]
    for folder, pattern in places:
        for path in sorted((root / folder).rglob(pattern)):
            if "node_modules" in path.parts:
                continue
            for word in forbidden(path.read_text(encoding="utf-8")):
                problems.append(f"{path.relative_to(root)}: says \"{word}\": no check-ins, no points, no online time")
    return problems


def check_requests(root):
    problems = []
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((root / "services/patrol").glob("*.cc")))
    for path in sorted((root / "proto/gridwarden/patrol/v1").glob("*_service.proto")):
        text = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
        for message, body in MESSAGE.findall(text):
            for field in FIELD.findall(body):
                if field in READ_BY_THE_PLATFORM or re.search(rf"\b(?:has_|mutable_)?{field}(?:_size)?\(", code):
                    continue
                problems.append(f"{path.relative_to(root)}: {message}.{field} is asked and read by nobody in services/patrol")
    return problems


def check_checklists(root):
    policy = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((root / "db/policy").glob("*.json"))}
    lists = policy.get("checklists.json", {}).get("checklists", [])
    elsewhere = json.dumps({name: value for name, value in policy.items() if name != "checklists.json"})
    return [
        f"db/policy/checklists.json: {one['code']} is asked nowhere"
        for one in lists
        if one["purpose"] != "disclosure" and not re.search(rf'"{one["code"]}[".]', elsewhere)
    ]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    problems = check_words(root) + check_requests(root) + check_checklists(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
