"""What a contestant in Python has in common with the others: see protocol.ts."""

import json
import resource
import sys
import time

ROWS = 8192
CLASSES = 10
BATCH = {
    "784-64-10": 128,
    "784-800-800-10": 128,
    "conv32-conv64-pool-128-10": 64,
    "resnet8": 64,
    "mobilenet-tiny": 64,
}


def say(answer):
    print(json.dumps(answer), flush=True)


def contest(version, note, call):
    """`call()` trains some steps, waits for them and returns how many samples they took."""

    def measured(milliseconds):
        samples, begin, cpu = 0, time.perf_counter(), time.process_time()
        while (time.perf_counter() - begin) * 1000 < milliseconds:
            samples += call()
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        return {"samplesPerSecond": samples / seconds, "samplesPerCpuSecond": samples / cpu}

    call()
    measured(1000)
    say({"version": version, "note": note})
    for line in sys.stdin:
        word, *rest = line.split()
        if word != "go":
            break
        say(measured(float(rest[0])))
    say({"peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})
