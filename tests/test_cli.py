"""The command line: every end has its exit status and words, and never a traceback."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planetview import api, cli, doctor
from planetview.core.cancel import CancelToken
from planetview.core.catalogue import METRICS
from planetview.core.command_line import command_line
from planetview.core.errors import UserError
from planetview.core.messages import JobResult, Message, Notice, Progress, Request, ScanRequest
from planetview.core.results import Results
from planetview.core.results_io import results_from_json
from tests.samples import sample_results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return sample_results(tmp_path / "sets", n=6)


class SampleEngine:
    """Scans truly, then runs `during` and answers with the sample results."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.requests: list[Request] = []
        self.during = lambda: None

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        from planetview.engine.engine import scan_targets

        self.requests.append(request)
        if isinstance(request, ScanRequest):
            yield scan_targets(request, lambda message: None, token.check)
            return
        yield Progress("features", "Features of 'train'", 3, 6, "images", 0.5, 12.0, 4.0)
        yield Notice("a \x1b[31mred note")
        self.during()
        token.check()
        yield JobResult(self.results)


@pytest.fixture
def engine(results: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SampleEngine:
    made = SampleEngine(results)
    monkeypatch.setattr(api, "_torch_engine", lambda store: made)
    monkeypatch.chdir(tmp_path)
    return made


def compare(*more: str) -> int:
    return cli.main(["compare", "sets/real_train", "sets/gan_v1", "sets/gan_v2", "--held-out", "sets/real_test", *more])


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "planetview", *arguments],
        capture_output=True, text=True, timeout=200, check=False, **options,
    )  # fmt: skip


def test_a_comparison_prints_the_table_and_says_where_the_files_are(engine, results, tmp_path, capsys):
    assert compare() == 0

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["Metric", "Candidate", "Value"]
    assert sum(line.count("gan_v1") for line in lines[1 : len(results.values) + 1]) == len(METRICS)
    assert "needs sides of at least 11 px" in out and "3.1×" in out and "Worse than held-out" in out
    assert "…" not in out
    assert out.splitlines()[-1] == "Wrote results.json, results.csv, report.html in planetview-results"
    assert "Features of 'train'" in err and "a �[31mred note" in err and "\x1b" not in out + err
    assert {path.name for path in (tmp_path / "planetview-results").iterdir()} == set(api.RESULT_FILES)


def test_options_reach_the_request(engine):
    status = compare(
        "--metrics", "fd,ssim", "--metrics", "psnr", "--stretch", "fixed:0:4095", "--seed", "7", "--threads", "2",
        "--memory", "256", "--device", "cpu", "--neighbours-by", "st-lpips-alex", "--quiet",
    )  # fmt: skip

    used = engine.requests[-1].settings
    assert status == 0
    assert (used.metrics, used.neighbours_by) == (("fd", "ssim", "psnr"), ("st-lpips-alex",))
    assert (used.seed, used.threads, used.memory_mib, used.device) == (7, 2, 256, "cpu")
    assert used.stretch.label == "fixed 0 to 4095"


def test_quiet_says_nothing_but_the_table_and_json_is_only_json(engine, capsys):
    assert compare("--quiet", "--json") == 0

    out, err = capsys.readouterr()
    assert results_from_json(out).values[0].metric == "fd"
    assert err.startswith("Wrote results.json") and len(err.splitlines()) == 1


def test_an_earlier_study_is_replaced_and_said_but_foreign_files_stay(engine, tmp_path, capsys):
    assert compare("--out", "mine") == 0 and compare("--out", "mine") == 0
    assert "Replaced results.json" in capsys.readouterr().out

    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "report.html").write_text("theirs")
    engine.requests.clear()
    assert compare("--out", "theirs") == 2
    assert engine.requests == []
    assert (tmp_path / "theirs" / "report.html").read_text() == "theirs"


def test_a_place_that_cannot_be_written_ends_at_once_with_4(engine, tmp_path, capsys):
    (tmp_path / "file").write_text("x")

    assert compare("--out", "file/out") == 4
    assert engine.requests == []
    assert "Cannot write" in capsys.readouterr().err


def test_a_disk_that_fills_at_the_end_ends_with_4_after_the_table(engine, monkeypatch, capsys):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert compare() == 4
    out, err = capsys.readouterr()
    assert "Fréchet distance" in out
    assert "no space left" in err and "Free some space" in err


def test_a_failed_request_leaves_no_folder_behind(engine, tmp_path):
    assert cli.main(["compare", "nowhere", "sets/gan_v1"]) == 2
    assert not (tmp_path / "planetview-results").exists()


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (UserError("No image can be used.", exit_code=3), 3, "No image can be used"),
        (MemoryError(), 4, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 4, "not enough memory"),
        (PermissionError(13, "denied", "/x"), 4, "The system refused '/x'"),
        (KeyboardInterrupt(), 130, ""),
        (ZeroDivisionError("a\nb"), 1, "Unexpected ZeroDivisionError: a."),
    ],
)
def test_each_kind_of_failure_has_its_status_and_words(engine, capsys, error, status, words):
    def fail() -> None:
        raise error

    engine.during = fail

    assert compare() == status
    err = capsys.readouterr().err
    assert words in err and "Traceback" not in err


def test_the_traceback_of_an_unexpected_error_goes_to_the_log_and_with_debug_to_the_terminal(
    engine, capsys, planetview_home
):
    engine.during = lambda: 1 / 0

    assert compare() == 1
    log = planetview_home / "logs" / "planetview.log"
    assert str(log) in capsys.readouterr().err.replace("\n", "")
    assert "ZeroDivisionError" in log.read_text() and "Traceback" in log.read_text()
    assert cli.main(["--debug", "compare", "sets/real_train", "sets/gan_v1"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers Ctrl-C to process groups only")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_cancels_and_says_how_to_continue(engine, capfd, tmp_path, number, status):
    before = signal.getsignal(number)
    engine.during = lambda: os.kill(os.getpid(), number)

    assert compare() == status
    out, err = capfd.readouterr()
    assert "finished work is kept" in err and "run again to continue" in err
    assert out == ""
    assert not (tmp_path / "planetview-results").exists()
    assert signal.getsignal(number) is before


@pytest.mark.skipif(os.name == "nt", reason="/dev/full is not there")
def test_a_full_stdout_still_leaves_the_files(tmp_path):
    sample_results(tmp_path / "sets", n=2)
    code = (
        "import sys; from pathlib import Path; from planetview import api, cli;"
        "from tests.samples import sample_results;"
        "r = sample_results(Path(sys.argv[1]), 2); api.compare = lambda *a, **k: r;"
        "raise SystemExit(cli.main(['compare', 'a', 'b', '--out', sys.argv[2], '--quiet']))"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "sets"), str(tmp_path / "out")]
    root = Path(__file__).resolve().parents[1]

    with open("/dev/full", "w") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, cwd=root, check=False)

    assert done.returncode == 4, done.stderr
    assert "Cannot write 'standard output'" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["compare"],
        ["compare", "a"],
        ["compare", "", "b"],
        ["compare", "a", "b", "--seed", "1e5"],
        ["compare", "a", "b", "--seed", "-1"],
        ["compare", "a", "b", "--threads", "0"],
        ["compare", "a", "b", "--memory", "99999999999999999999"],
        ["compare", "a", "b", "--split-reference", "nan"],
        ["compare", "a", "b", "--metrics", ""],
        ["compare", "a", "b", "--metrics", "fd,fd"],
        ["compare", "a", "b", "--extractor", "[bold]no[/bold]"],
        ["compare", "a", "b", "--stretch", "fixed:inf:nan"],
        ["compare", "a\x00b", "b"],
        ["compare", "a", "b", "--out", "a\x00b"],
        ["open", "missing.planetview"],
        ["open", "a\x00b"],
    ],
)
def test_a_wrong_request_ends_with_2_and_words(engine, arguments, capsys):
    assert cli.main(arguments) in (2, 4)

    out, err = capsys.readouterr()
    assert out + err and "Traceback" not in out + err


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["compare", "metrics", "--out", "--seed", "--metrics", "--stretch", "--", "-", "-q", "--json"]
            ),
            st.text(max_size=8),
        ),
        max_size=6,
    )
)
def test_no_arguments_whatever_show_a_traceback(engine, capsys, arguments):
    assume_harmless = [word for word in arguments if word not in ("gui", "open", "demo", "doctor")]

    status = cli.main(assume_harmless)

    out, err = capsys.readouterr()
    assert status in (0, 2, 3, 4)
    assert "Traceback" not in out + err


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_table_is_readable_at_any_width(results, width):
    from rich.console import Console

    from planetview.terminal import values_table

    screen = Console(width=width, file=io.StringIO())
    screen.print(values_table(results, width))
    text = screen.file.getvalue()

    fd = results.value("fd", "gan_v1")
    assert max(map(len, text.splitlines())) <= width
    assert fd.value is not None and f"{fd.value:.2f}" in text
    assert "3.1×" in text and "worse" in text


def test_metrics_lists_every_id(capsys):
    assert cli.main(["metrics"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line}
    assert set(METRICS) <= listed

    assert cli.main(["metrics", "--json"]) == 0
    assert {spec["id"] for spec in json.loads(capsys.readouterr().out)["metrics"]} == set(METRICS)


def test_the_command_in_the_report_asks_for_the_same_study(engine, results, monkeypatch):
    import shlex

    words = shlex.split(command_line(results))
    assert words[0] == "planetview"
    assert cli.main([*words[1:], "--quiet"]) == 0

    request = engine.requests[-1]
    assert request.settings == results.settings
    assert [one.source for one in request.candidates] == [d.source for d in results.datasets[2:]]


def test_help_loads_neither_torch_nor_qt_nor_numpy():
    code = (
        "import sys; from planetview import cli; status = cli.main(['--help']);"
        "print(status, sorted({'torch', 'PySide6', 'numpy', 'pydantic', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "0 []"


def test_version_and_help_answer_in_their_own_process():
    version, usage = command("--version"), command("compare", "--help")

    assert (version.returncode, version.stdout) == (0, f"PlanetView {cli.planetview.__version__}\n")
    assert usage.returncode == 0 and "--held-out" in usage.stdout and usage.stderr == ""


@pytest.mark.slow
def test_doctor_names_the_library_that_keeps_qt_from_loading(monkeypatch, capsys):
    # None in place of a module is how Python says that its import fails.
    monkeypatch.setitem(sys.modules, "PySide6.QtWidgets", None)

    with pytest.raises(SystemExit) as ended:
        doctor.start_qt()

    assert ended.value.code == 1
    assert "PySide6.QtWidgets" in capsys.readouterr().err


def test_doctor_reports_every_part_as_json():
    done = command("doctor", "--json")

    checks = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert {"planetview", "python", "torch", "numpy", "device", "weights", "cache", "free disk"} <= {
        c["name"] for c in checks
    }
    assert {c["state"] for c in checks} <= {"ok", "note", "problem"}


@pytest.mark.slow
def test_a_real_comparison_from_folders_to_files(tiles, tmp_path):
    train, fake = tiles(n=8, seed=1), tiles(n=6, seed=2)
    (fake / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    arguments = [
        "compare", str(train), str(fake), "--split-reference", "0.5", "--metrics", "fd,ssim", "--threads", "1",
        "--out", str(tmp_path / "out"),
    ]  # fmt: skip

    done = command(*arguments)

    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr and "Traceback" not in done.stderr
    found = results_from_json((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert found.value("fd", fake.name).value is not None
    assert found.dataset(fake.name).skipped[0].name == "broken.png"
    with (tmp_path / "out" / "results.csv").open(newline="", encoding="utf-8") as stream:
        assert [row["metric"] for row in csv.DictReader(stream)] == ["fd", "ssim"]
    assert "broken.png" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
