#!/usr/bin/env python3
"""k8s/Dockerfile installs what ./dev installs, builds by ./dev, copies only what there is, and ends in an image without a shell that runs
as nobody. What an engine makes of it is not checked: that needs one."""
import pathlib
import re
import subprocess
import sys


def instructions(text):
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.M))
    return [tuple(line.split(None, 1)) for line in joined.split("\n") if line.strip()]


def stages_of(lines):
    """(base, [instruction...]) of each stage; what stands before the first is in none."""
    stages = []
    for line in lines:
        word, rest = line if len(line) == 2 else (line[0], "")
        if word == "FROM":
            stages.append((rest, []))
        elif stages:
            stages[-1][1].append((word, rest))
    return stages


def problems_of(root):
    problems = []
    lines = instructions((root / "k8s/Dockerfile").read_text(encoding="utf-8"))
    stages = stages_of(lines)
    for word, rest in (line for line in lines if len(line) == 2):
        if re.search(r":latest\b", rest):
            problems.append(f"{word} {rest}: latest is no version")
        if word == "ADD":
            problems.append("ADD: want COPY, which fetches nothing")
        if word in ("ARG", "ENV") and re.search("password|secret|token", rest, re.I):
            problems.append(f"{word} {rest}: a secret would stay in the image")
        if word == "FROM" and rest != "scratch" and not rest.startswith("${") and "@sha256:" not in rest:
            problems.append(f"FROM {rest}: want an ARG that a site pins by digest")
        if word == "COPY" and not rest.startswith("--from="):
            problems += [f"COPY {source}: there is none" for source in rest.split()[:-1] if not (root / source).exists()]
            problems += [f"COPY {source}: k8s/Dockerfile.dockerignore keeps it out" for source in rest.split()[:-1]
                         if f"!{source}" not in (root / "k8s/Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")]
    if len(stages) != 2 or stages[-1][0] != "scratch":
        return problems + ["want two stages, the last from scratch"]
    build, last = stages[0][1], dict(stages[1][1])
    commands = " ".join(rest for word, rest in build if word == "RUN")
    if "./dev packages image |" not in commands or commands.count("apt-get install") != 1 or \
            re.search(r"apt-get install (?:-\S+ )*[a-z]", commands.replace("&&", "\n")):
        problems.append("want the packages of ./dev packages image, all of them and no others")
    if "./dev build gridwarden gridctl" not in commands or "k8s/image_files.sh /image" not in commands:
        problems.append("want ./dev build and k8s/image_files.sh")
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", last.get("USER", "")):
        problems.append(f"USER {last.get('USER', 'root')}: want a number that is not 0, as runAsNonRoot can judge it")
    if last.get("ENTRYPOINT") != '["/usr/bin/gridwarden"]':
        problems.append("ENTRYPOINT: want the program itself, in the form that needs no shell")
    if "RUN" in last:
        problems.append("RUN: the last stage has no shell")
    for words in ([], ["build"], ["image"]):
        done = subprocess.run(["bash", root / "dev", "packages", *words], capture_output=True, text=True, check=False)
        if done.returncode != 0 or not done.stdout.split():
            problems.append(f"./dev packages {' '.join(words)} prints nothing: {done.stderr}")
    return problems


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    if not (root / "k8s/Dockerfile").exists():
        return 0
    problems = problems_of(root)
    for problem in problems:
        print(f"k8s/Dockerfile: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
