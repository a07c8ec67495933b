#!/usr/bin/env python3
"""Recomputes a draw from its bundle, written from the description on the result page and sharing no code with the server.

    redraw.py FILE...    each file a bundle of ExportDraw; prints what differs, ends with 1 if anything does
"""
import hashlib
import hmac
import json
import sys


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def lot(key, *parts):
    return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).digest()


def fields(text, word):
    return [line.split("\t")[1:] for line in text.split("\n") if line.split("\t")[0] == word]


def sampled(text, key):
    """(stratum, source, key) in the order drawn."""
    drawn = []
    for stratum, percent in fields(text, "stratum"):
        lots = []
        for source, own, weight, *_ in fields(text, "object"):
            if own == stratum:
                lots.append((max(lot(key, "object", stratum, source, str(i)) for i in range(1, int(weight) + 1)), source))
        lots.sort(key=lambda one: (bytes(255 - b for b in one[0]), one[1]))
        wanted = -(-len(lots) * int(percent) // 100)
        drawn += [(stratum, source, value) for value, source in lots[:wanted]]
    return drawn


def sent(text, key, drawn):
    """The inspectors of each drawn source: nobody to a second place while somebody can still go to a first."""
    seats = int(fields(text, "seats")[0][0])
    people = [person for person, *_ in fields(text, "inspector")]
    conflicts = {(person, source) for person, source in fields(text, "exclusion")}
    wishes = []
    for _, source, _ in drawn:
        allowed = [p for p in people if (p, source) not in conflicts]
        wishes.append(sorted(allowed, key=lambda p: lot(key, "inspector", source, p), reverse=True))
    places = {person: set() for person in people}  # person -> numbers of drawn sources
    crews = [set() for _ in drawn]

    def seat(number, most, seen):
        for person in wishes[number]:
            if person in seen or person in crews[number]:
                continue
            seen.add(person)
            if len(places[person]) < most:
                places[person].add(number)
                crews[number].add(person)
                return True
            for other in sorted(places[person]):
                if seat(other, most, seen):
                    crews[other].remove(person)
                    places[person].remove(other)
                    places[person].add(number)
                    crews[number].add(person)
                    return True
        return False

    for most in range(1, len(drawn) + 1):
        for number in range(len(drawn)):
            while len(crews[number]) < seats and seat(number, most, set()):
                pass
    return [[p for p in wishes[i] if p in crews[i]] for i in range(len(drawn))]


def redraw(bundle):
    """The outcome's text as it must be."""
    text = bundle["commitment"]
    seeds = fields(bundle["outcome"], "seed")
    digest = sha(text)
    key = hashlib.sha256("".join(line + "\n" for line in ["gridwarden-draw-seed", digest] + [s for s, _ in seeds]).encode()).digest()
    drawn = sampled(text, key)
    crews = sent(text, key, drawn)
    lines = [["gridwarden-draw-outcome", "1"], ["draw", fields(text, "draw")[0][0]], ["commitment", digest]]
    lines += [["seed", *seed] for seed in seeds]
    lines.append(["key", key.hex()])
    for (stratum, source, value), crew in zip(drawn, crews):
        lines.append(["drawn", stratum, source, value.hex()])
        lines += [["sent", source, person] for person in crew]
    return "".join("\t".join(line) + "\n" for line in lines)


def main():
    wrong = 0
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            bundle = json.load(file)
        if redraw(bundle) != bundle["outcome"] or sha(bundle["commitment"]) != bundle["commitment_sha256"]:
            print(f"{name}: recomputed, and different")
            wrong += 1
    print(f"{len(sys.argv) - 1 - wrong} of {len(sys.argv) - 1} equal")
    return 1 if wrong or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
