"""Four threads that allocate and drop, then a pool of forked processes that write what they inherited."""
import hashlib
import multiprocessing
import os
import threading
import zlib


def fill():
    kept = {}
    for i in range(4000):
        block = os.urandom(1024 + i * 37 % 9000)
        kept[hashlib.sha256(block).hexdigest()] = zlib.compress(block)
        if i % 700 == 0:
            kept.clear()


inherited = [list(range(100)) for _ in range(20000)]


def change(step):
    for row in inherited:
        row[step] += 1
    return sum(row[step] for row in inherited)


if __name__ == "__main__":
    threads = [threading.Thread(target=fill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with multiprocessing.get_context("fork").Pool(3) as pool:
        result = pool.map_async(change, range(60))
        for step in range(60):
            change(step)
        print(sum(result.get()))
