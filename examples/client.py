#!/usr/bin/env python3
"""Command-line client of a Distillery service; needs Python 3.9 or newer and nothing else.

    client.py upload wine.csv --label-column label      prints the id of the dataset
    client.py upload-idx images.gz labels.gz            the same for a pair of IDX files
    client.py run digits.json --out out                 submits, waits, prints the report, downloads the student
    client.py run seed-framework.json --set dataset.id=ds_…

The address comes from --url, else from DISTILLERY_URL, else http://127.0.0.1:8080; a key from API_KEY.
The class `Client` can be imported and used from a notebook.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path


class ServiceError(Exception):
    """The service answered with an error; `problem` is its RFC 9457 body, `code` the part to decide by."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem
        self.code = problem.get("code")


class JobFailed(Exception):
    """The job ended without a student."""


class Client:
    def __init__(self, url="http://127.0.0.1:8080", api_key=None):
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def _open(self, method, path, body=None, headers=None, **query):
        known = {name: value for name, value in query.items() if value is not None}
        address = f"{self.url}{path}" + (f"?{urllib.parse.urlencode(known)}" if known else "")
        request = urllib.request.Request(
            address, data=body, method=method, headers={**self.headers, **(headers or {})}
        )
        try:
            return urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"detail": text[:500]}
            raise ServiceError(error.code, problem) from None

    def _json(self, method, path, body=None, headers=None, **query):
        with self._open(method, path, body, headers, **query) as response:
            return json.load(response)

    def upload_csv(self, file, name=None, label_column="label", input_shape=None):
        """Uploads a CSV file. `input_shape` such as (28, 28, 1) when the columns are pixels."""
        file = Path(file)
        with file.open("rb") as body:
            return self._json(
                "POST",
                "/v1/datasets",
                body,
                {"Content-Type": "text/csv", "Content-Length": str(file.stat().st_size)},
                name=name or file.stem,
                labelColumn=label_column,
                inputShape=",".join(map(str, input_shape)) if input_shape else None,
            )

    def upload_idx(self, images, labels, name=None):
        """Uploads a pair of IDX files, gzipped or not, as MNIST has them."""
        files = [("images", Path(images)), ("labels", Path(labels))]
        boundary = uuid.uuid4().hex
        parts = []
        for field, file in files:
            parts.append(
                f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{file.name}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n".encode()
            )
            parts += [file.read_bytes(), b"\r\n"]
        parts.append(f"--{boundary}--\r\n".encode())
        return self._json(
            "POST",
            "/v1/datasets",
            b"".join(parts),
            {"Content-Type": f"multipart/form-data; boundary={boundary}"},
            format="idx",
            name=name or files[0][1].name.split(".")[0],
        )

    def rows(self, dataset, offset=0, limit=100):
        """Some rows: a list of {"row", "label", "features"}; at most 100 at a time."""
        path = f"/v1/datasets/{dataset}/preview"
        return self._json("GET", path, offset=offset, limit=limit)["data"]

    def submit(self, spec, idempotency_key=None):
        """Submits a job. With a key the call may be repeated: the same key and spec give the same job."""
        headers = {"Content-Type": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return self._json("POST", "/v1/jobs", json.dumps(spec).encode(), headers)

    def job(self, job):
        return self._json("GET", f"/v1/jobs/{job}")

    def wait(self, job, every_seconds=1.0, on_change=lambda job: None):
        """Looks until the job has ended, and returns it. `on_change` is called with each answer."""
        while True:
            answer = self.job(job)
            on_change(answer)
            if answer["terminal"]:
                return answer
            time.sleep(every_seconds)

    def report(self, job):
        return self._json("GET", f"/v1/jobs/{job}/report")

    def download_student(self, job, file, format="safetensors"):
        """Writes the student to `file`; format is safetensors or tfjs (a zip)."""
        with self._open("GET", f"/v1/jobs/{job}/student", format=format) as response:
            with open(file, "wb") as target:
                while chunk := response.read(1 << 20):
                    target.write(chunk)
        return file


def put(spec, setting):
    """`dataset.id=ds_…` or `training.epochs=3`: sets one value of a spec, read as JSON where it is JSON."""
    path, equals, text = setting.partition("=")
    if not equals:
        raise SystemExit(f"--set {setting}: write it as path.to.field=value")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    *parents, last = path.split(".")
    for key in parents:
        spec = spec.setdefault(key, {})
    spec[last] = value


def show_progress(job):
    progress = job["progress"]
    running = ", ".join(task["key"] for task in job["tasks"] if task["status"] == "running")
    done = f"{progress['percent']:5.1f} %  {progress['tasksDone']}/{progress['tasks']} tasks"
    print(f"{done}  {job['status']}  {running}", file=sys.stderr)


def show_report(report):
    arms = {name: arm for name, arm in report["arms"].items() if arm}
    print(report["verdict"]["sentence"])
    print(f"{'':14}" + "".join(f"{name:>19}" for name in [*arms, "gain"]))
    for metric in ("accuracy", "macroF1", "nll", "brier", "ece", "agreement", "klFromTeacher"):
        columns = [arm["metrics"][metric] for arm in arms.values()]
        if report["gain"]:
            columns.append(report["gain"][metric])
        cells = []
        for summary in columns:
            mean, spread = summary["mean"], summary["standardDeviation"]
            cells.append("-" if mean is None else f"{mean:.4f}" + ("" if spread is None else f" ± {spread:.4f}"))
        print(f"{metric:14}" + "".join(f"{cell:>19}" for cell in cells))
    for found in report.get("omitted", []):
        if found["recall"] is not None:
            raised = found["rebalancing"]
            before = f", {raised['recallBefore']:.4f} before its bias rose by {raised['biasShift']:.2f}" if raised else ""
            print(f"recall of omitted {found['class']}, {found['arm']}: {found['recall']:.4f}{before}")
    for stamp in report["stamps"]:
        print(f"! {stamp}")
    for warning in report["warnings"]:
        print(f"! {warning['message']}")


def run(client, spec_file, settings, out):
    spec = json.loads(Path(spec_file).read_text(encoding="utf-8"))
    for setting in settings:
        put(spec, setting)
    # The key makes it safe to send the request again when the answer gets lost.
    job = client.submit(spec, idempotency_key=str(uuid.uuid4()))
    print(f"submitted {job['id']}", file=sys.stderr)
    job = client.wait(job["id"], on_change=show_progress)
    if job["status"] != "succeeded":
        reason = (job["failure"] or {}).get("message", "no reason given")
        raise JobFailed(f"{job['id']} has {job['status']}: {reason}")
    show_report(client.report(job["id"]))
    Path(out).mkdir(parents=True, exist_ok=True)
    file = Path(out) / f"{job['id']}.safetensors"
    client.download_student(job["id"], file)
    print(f"student: {file}")


def main():
    parser = argparse.ArgumentParser(description="Client of a Distillery service.")
    parser.add_argument("--url", default=os.environ.get("DISTILLERY_URL", "http://127.0.0.1:8080"))
    commands = parser.add_subparsers(dest="command", required=True)
    csv = commands.add_parser("upload", help="upload a CSV file, print the id of the dataset")
    csv.add_argument("file")
    csv.add_argument("--name")
    csv.add_argument("--label-column", default="label")
    csv.add_argument("--input-shape", help="height,width,channels when the columns are pixels")
    idx = commands.add_parser("upload-idx", help="upload a pair of IDX files, print the id")
    idx.add_argument("images")
    idx.add_argument("labels")
    idx.add_argument("--name")
    job = commands.add_parser("run", help="submit a spec, wait, report, download the student")
    job.add_argument("spec")
    job.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="settings")
    job.add_argument("--out", default="out")
    given = parser.parse_args()

    client = Client(given.url, os.environ.get("API_KEY"))
    try:
        if given.command == "upload":
            shape = given.input_shape.split(",") if given.input_shape else None
            print(client.upload_csv(given.file, given.name, given.label_column, shape)["id"])
        elif given.command == "upload-idx":
            print(client.upload_idx(given.images, given.labels, given.name)["id"])
        else:
            run(client, given.spec, given.settings, given.out)
    except (ServiceError, JobFailed) as error:
        raise SystemExit(f"error: {error}")
    except urllib.error.URLError as error:
        raise SystemExit(f"error: {given.url} does not answer: {error.reason}")


if __name__ == "__main__":
    main()
