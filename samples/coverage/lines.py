"""Prints the lines of a cobertura report that ran, in all, by folder of the engine, and the files that miss most."""
import collections
import re
import sys
import xml.etree.ElementTree as tree

ENGINE = re.compile(r"src/Faultline/(.+)$")

lines = collections.defaultdict(dict)
for part in tree.parse(sys.argv[1]).iter("class"):
    inside = ENGINE.search(part.get("filename").replace("\\", "/"))
    if not inside:
        continue  # what the compiler generates
    for line in part.iter("line"):
        number, hits = int(line.get("number")), int(line.get("hits"))
        known = lines[inside[1]]
        known[number] = max(known.get(number, 0), hits)


def row(name, files):
    numbers = [hits for file in files for hits in lines[file].values()]
    ran = sum(hits > 0 for hits in numbers)
    print(f"{name:36} {ran:6} of {len(numbers):6} lines {100 * ran / len(numbers):6.1f} %")


folders = collections.defaultdict(list)
for file in lines:
    folders[file.split("/")[0] if "/" in file else "(the calls)"].append(file)
for folder in sorted(folders):
    row(folder, folders[folder])
row("src/Faultline", list(lines))

print("\nMost lines that did not run:")
missed = {file: [number for number, hits in known.items() if hits == 0] for file, known in lines.items()}
for file in sorted(missed, key=lambda file: -len(missed[file]))[:12]:
    if missed[file]:
        print(f"  {file}: {len(missed[file])}: {', '.join(map(str, sorted(missed[file])[:12]))}")
