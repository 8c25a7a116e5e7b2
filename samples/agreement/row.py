"""Prints one row of the table: row.py NAME INFO.json REPLAY.json. Both designs count; every class of disagreement goes to standard error."""
import json
import sys

name, info, replay = sys.argv[1], json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
report = replay["report"]
cells = [name, f"{report['operations']:,}", str(info["processes"]), str(info["threads"])]
for kinds in zip(*(design["agreement"] for design in report["designs"])):
    lowest = min(kinds, key=lambda kind: kind["percent"])
    cells.append(f"{int(lowest['percent'] * 1000) / 1000:g} of {lowest['compared']:,}")
print("| " + " | ".join(cells) + " |", flush=True)

if report["lostEvents"]:
    print(f"{name}: {report['lostEvents']} events were lost", file=sys.stderr)
for design in report["designs"]:
    if design["framesLost"]:
        print(f"{name}: {design['design']}: {design['framesLost']} frames were not given back", file=sys.stderr)
    for kind in design["agreement"]:
        for difference in kind["disagreements"]:
            print(f"{name}: {design['design']}: {kind['kind']}: {difference['count']} × {difference.get('class', difference.get('name'))}", file=sys.stderr)
