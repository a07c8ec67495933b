"""What overload_bench measured, as a table and against G11 of the design's guarantees."""
CLASSES = ("health", "evidence", "decision", "read", "export")
GOODPUT_GOAL, SLOWDOWN_GOAL, REFUSAL_MS_GOAL, RECOVERY_GOAL, RSS_GOAL = 0.9, 2.0, 20.0, 10.0, 1.5
ENOUGH = 100  # calls behind a percentile that is judged


def show(book, lines):
    book.section("overload: open loop, arrival times fixed in advance, latency from the planned instant")
    costs = {line["step"].removeprefix("only "): 1 / line["rate"] for line in lines if line["step"].startswith("only ")}
    closed = next(line for line in lines if line["step"] == "closed loop")
    steps = [line for line in lines if line["times"] > 0]
    book.note("one class alone, closed loop at 32: " + ", ".join(f"{name} {1 / cost:,.0f}/s" for name, cost in costs.items()))
    book.note(f"all classes mixed, closed loop at 32: {closed['rate']:,.0f}/s; 1x is 0.85 of it, because calls that come by chance need room")
    head = f"   {'step':<11} {'offered/s':>9} {'ok/s':>7} {'work':>5} {'ok p50':>7} {'p99 ms':>7} {'refused':>8} {'p99 ms':>7} {'errors':>6} {'late p99':>8} {'RSS MiB':>8}"
    print(head + "   shed of health/evidence/decision/read/export")
    for line in steps:
        show_step(line, costs)
    judge(book, steps, costs)


def share_of(line, costs):
    """How much of the machine's time went into calls that were answered: 1 is all of it, as the classes cost alone."""
    return sum(line["classes"][name]["ok"] * cost for name, cost in costs.items()) / line["seconds"]


def totals(line):
    return {key: sum(line["classes"][name][key] for name in CLASSES) for key in ("offered", "ok", "shed", "errors")}


def show_step(line, costs):
    sums, classes = totals(line), line["classes"]
    seconds = line["seconds"]
    worst = max(classes, key=lambda name: classes[name]["ok_p99_ms"] if name != "export" else 0)
    shed = "/".join(f"{100 * classes[name]['shed'] / max(1, classes[name]['offered']):.0f}%" for name in CLASSES)
    print(f"   {line['step']:<11} {sums['offered'] / seconds:>9,.0f} {sums['ok'] / seconds:>7,.0f} {share_of(line, costs):>5.2f}"
          f" {classes['evidence']['ok_p50_ms']:>7.1f} {classes[worst]['ok_p99_ms']:>7.1f} {sums['shed'] / seconds:>8,.0f}"
          f" {max(classes[name]['shed_p99_ms'] for name in CLASSES):>7.1f} {sums['errors']:>6} {line['late_p99_ms']:>8.1f}"
          f" {line['rss'] / 2**20:>8,.0f}   {shed}")
    print("   " + " " * 11 + "ok p99 ms: " + ", ".join(f"{name} {classes[name]['ok_p99_ms']:.1f} (of {classes[name]['ok']:,})" for name in CLASSES))
    for name in CLASSES:
        if classes[name]["errors"]:
            print(f"   {'':<11} {name}: {classes[name]['errors']} errors, first: {classes[name]['first_error'][:300]}")


def slowdown(line, unloaded):
    """The worst of the classes whose callers are field and office, against itself when little was asked."""
    ratios = []
    for name in CLASSES[:4]:
        one, alone = line["classes"][name], unloaded["classes"][name]
        if one["ok"] >= ENOUGH and alone["ok"] >= ENOUGH:
            ratios.append(one["ok_p99_ms"] / alone["ok_p99_ms"])
    return max(ratios, default=0.0)


def recovery_seconds(line):
    """From the drop of the load until everybody is served for a second and from then on nine seconds of ten."""
    offered, ok, slot = line["offered_by_slot"], line["ok_by_slot"], line["slot_seconds"]
    served = [k >= 0.98 * n for n, k in zip(offered, ok)]
    for at in range(len(served) - 1):
        rest = served[at:]
        if served[at] and served[at + 1] and sum(rest) >= 0.9 * len(rest):
            return at * slot
    return len(served) * slot


def judge(book, steps, costs):
    by_name = {line["step"]: line for line in steps}
    unloaded, back = by_name["unloaded"], by_name["back to 1x"]
    loaded = [line for line in steps if line["step"] not in ("unloaded", "back to 1x")]
    hardest = max(loaded, key=lambda line: line["times"])
    peak = max(share_of(line, costs) for line in loaded)
    most = f"{hardest['times']:.0f}x"
    book.figure(f"work answered at {most} / at the peak", share_of(hardest, costs) / peak, "", GOODPUT_GOAL)
    for line in loaded:
        goal = SLOWDOWN_GOAL if line["times"] > 1 else None
        book.figure(f"p99 of accepted calls at {line['step']} / unloaded, worst class", slowdown(line, unloaded), "", goal, at_least=False)
    refusal = max(line["classes"][name]["shed_p99_ms"] for line in loaded for name in CLASSES)
    book.figure("p99 of a refusal, worst step and class", refusal, "ms", REFUSAL_MS_GOAL, at_least=False, digits=1)
    book.figure("calls out of class order", out_of_order(loaded), "steps", 0, at_least=False, digits=0)
    book.figure("recovery after the last step", recovery_seconds(back), "s", RECOVERY_GOAL, at_least=False, digits=1)
    book.figure(f"memory at {most} / unloaded", hardest["rss"] / unloaded["rss"], "", RSS_GOAL, at_least=False)
    book.figure("calls that ended otherwise than answered or told to come back", sum(totals(line)["errors"] for line in steps), "", 0, at_least=False, digits=0)


def out_of_order(loaded):
    """Steps in which a class was refused more often than one below it."""
    found = 0
    for line in loaded:
        asked = [line["classes"][name] for name in CLASSES if line["classes"][name]["offered"] >= ENOUGH]
        parts = [one["shed"] / one["offered"] for one in asked]
        found += any(upper > lower + 0.02 for upper, lower in zip(parts, parts[1:]))
    return found
