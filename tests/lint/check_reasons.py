#!/usr/bin/env python3
"""Every reason an error carries is a value of errors.v1.ErrorReason with its zh-CN sentence.

Looks at string literals in services/ that stand where a reason stands: .reason = "X", FailedPrecondition("X", ...),
Unavailable("X", ...), and at ReasonOf(...) == "X" wherever it is compared.
"""
import pathlib
import re
import sys

WHERE = [
    re.compile(r'\breason\s*=\s*"([^"]*)"'),
    re.compile(r'\bFailedPrecondition\(\s*"([^"]*)"'),
    re.compile(r'(?<![\w:])(?:gridwarden::)?Unavailable\(\s*"([^"]*)"'),
    re.compile(r'\bReasonOf\([^()]*(?:\([^()]*\)[^()]*)*\)\s*[!=]=\s*"([^"]*)"'),
]
VALUE = re.compile(r"^\s*([A-Z][A-Z0-9_]*)\s*=\s*(\d+)\s*(\[[^;]*\])?;", re.M)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    proto = (root / "proto/gridwarden/errors/v1/errors.proto").read_text(encoding="utf-8")
    problems = []
    reasons = {}
    for name, number, options in VALUE.findall(proto):
        if number in reasons.values():
            problems.append(f"errors.proto: {name} repeats the number {number}")
        reasons[name] = number
        if number != "0" and "zh_cn" not in options:
            problems.append(f"errors.proto: {name} has no zh-CN sentence")
    if not reasons:
        problems.append("errors.proto: no reason found")
    for path in sorted((root / "services").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        text = path.read_text(encoding="utf-8")
        for pattern in WHERE:
            for match in pattern.finditer(text):
                reason = match.group(1)
                if reason and reason not in reasons:
                    line = text.count("\n", 0, match.start()) + 1
                    problems.append(f"{path.relative_to(root)}:{line}: {reason} is no value of errors.v1.ErrorReason")
    for problem in problems:
        print(f"reasons: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
