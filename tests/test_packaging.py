"""What is shipped, without building it: file lists, notices, bill of materials, installer files."""

from __future__ import annotations

import configparser
import hashlib
import json
import plistlib
import re
import subprocess
import sys
import tomllib
from email.message import Message
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"


@pytest.fixture(scope="module")
def modules() -> dict[str, ModuleType]:
    """Return the scripts of the packaging folder, which is no package."""
    import importlib

    sys.path.insert(0, str(PACKAGING))
    try:
        names = ("contents", "shipped", "notices", "sbom", "smoke", "build", "release_files")
        return {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(PACKAGING))


@pytest.fixture(scope="module")
def contents(modules: dict[str, ModuleType]) -> ModuleType:
    return modules["contents"]


def test_every_weight_file_of_a_package_in_the_catalogue_is_shipped(contents: ModuleType) -> None:
    catalogue = tomllib.loads((ROOT / "planetview/core/catalogue/weights.toml").read_text(encoding="utf-8"))
    listed = dict(contents.PACKAGE_DATA)
    wanted: list[tuple[str, str]] = []

    def look(value: object) -> None:
        if isinstance(value, dict):
            if "package" in value and "package_path" in value:
                wanted.append((value["package"], value["package_path"]))
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(catalogue)
    assert len(wanted) >= 5
    for package, path in wanted:
        assert path in listed[package]


def test_the_data_files_of_installed_packages_exist(contents: ModuleType) -> None:
    for package, patterns in contents.PACKAGE_DATA:
        if package == "lunar_toolkit":
            continue  # optional in a checkout
        folder = contents.package_folder(package)
        for pattern in patterns:
            assert list(folder.glob(pattern)), f"{package}/{pattern}"


def test_torchvision_brings_the_libraries_that_register_its_operators(contents: ModuleType) -> None:
    names = [path.name for path, _ in contents.torchvision_libraries()]
    assert any(name.startswith("_C") for name in names)


@pytest.mark.parametrize(
    "path",
    [
        "torch/include/ATen/ATen.h",
        "_internal/torch/lib/libprotobuf.a",
        "PySide6/Qt/qml/QtQuick/qmldir",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "libQt6Qml.so.6",
        "libQt6EglFsKmsSupport.so.6",
        "scipy/stats/tests/data/x.npy",
        "libGL.so.1",
        "PySide6\\translations\\qt_de.qm",
    ],
)
def test_what_nobody_uses_is_left_out(contents: ModuleType, path: str) -> None:
    assert not contents.is_kept(path)


@pytest.mark.parametrize(
    "path",
    [
        "torch/bin/torch_shm_manager",
        "torch/lib/libtorch_cuda.so",
        "nvidia/cudnn/lib/libcudnn_ops.so.9",
        "torchvision/_C_stable.so",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "stlpips_pytorch/weights/vST0.0/vgg_shift_tolerant.pth",
        "planetview/core/catalogue/weights.toml",
    ],
)
def test_what_is_needed_is_kept(contents: ModuleType, path: str) -> None:
    assert contents.is_kept(path)


def test_the_cpu_flavour_has_no_cuda_libraries(contents: ModuleType) -> None:
    assert not contents.is_kept("nvidia/cudnn/lib/libcudnn_ops.so.9", "cpu")
    assert not contents.is_kept("torch/lib/libtorch_cuda.so", "cpu")
    assert contents.is_kept("torch/lib/libtorch_cpu.so", "cpu")


def test_libraries_that_only_left_out_plugins_need_go_too(contents: ModuleType) -> None:
    binaries = [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "/q/libqxcb.so", "BINARY"),
        ("libxcb-icccm.so.4", "/l/libxcb-icccm.so.4", "BINARY"),
        ("libgtk-3.so.0", "/l/libgtk-3.so.0", "BINARY"),
        ("libgdk-3.so.0", "/l/libgdk-3.so.0", "BINARY"),
        ("libpython3.11.so.1.0", "/l/libpython3.11.so.1.0", "BINARY"),
        ("rasterio.libs/libgdal.so", "/r/libgdal.so", "BINARY"),
    ]
    needs = {"/q/libqxcb.so": {"libxcb-icccm.so.4"}, "/l/libgtk-3.so.0": {"libgdk-3.so.0"}}
    kept = [path for path, _, _ in contents.without_orphans(binaries, needs)]
    assert kept == [
        "PySide6/Qt/plugins/platforms/libqxcb.so", "libxcb-icccm.so.4", "libpython3.11.so.1.0",
        "rasterio.libs/libgdal.so",
    ]  # fmt: skip


def test_every_file_has_a_part_in_the_report_of_sizes(contents: ModuleType) -> None:
    assert contents.part_of("_internal/nvidia/cudnn/lib/libcudnn.so.9") == "CUDA libraries"
    assert contents.part_of("_internal/torch/lib/libtorch_cpu.so") == "torch"
    assert contents.part_of("planetview-gui") == "two programs, each with all Python modules"


def test_help_pages_that_are_shipped_exist(contents: ModuleType) -> None:
    for name in contents.HELP_PAGES:
        assert (ROOT / name).is_file(), name


def test_constraints_agree_with_the_requirements_of_the_project() -> None:
    from packaging.requirements import Requirement

    pins = {}
    for line in (PACKAGING / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[re.sub(r"[-_.]+", "-", name).lower()] = version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in project["dependencies"]:
        requirement = Requirement(text)
        assert pins[re.sub(r"[-_.]+", "-", requirement.name).lower()] in requirement.specifier, text


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        (["License-Expression: MIT", "License: something else"], "MIT"),
        (["License: BSD 3-Clause"], "BSD 3-Clause"),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License"], "MIT License"),
        (["License: " + "word " * 60], "see the texts"),
    ],
)
def test_the_licence_is_read_from_the_metadata(modules: dict[str, ModuleType], lines: list[str], licence: str) -> None:
    about = Message()
    for line in lines:
        key, _, value = line.partition(": ")
        about[key] = value
    assert modules["shipped"].licence_of(about) == licence


def test_a_shipped_file_finds_the_distribution_that_owns_it(modules: dict[str, ModuleType]) -> None:
    import numpy

    found = modules["shipped"].components([numpy.__file__, json.__file__])
    names = {one.name: one for one in found}
    assert names["numpy"].version == numpy.__version__
    assert any("BSD" in text or "Redistribution" in text for _, text in names["numpy"].texts)
    assert names["Python"].kind == "runtime"


def test_a_file_of_nobody_is_named(modules: dict[str, ModuleType], tmp_path: Path) -> None:
    stranger = tmp_path / "libstranger.so"
    stranger.write_bytes(b"")
    assert [one.kind for one in modules["shipped"].components([str(stranger)])] == ["unknown"]


def _components(modules: dict[str, ModuleType]) -> list[object]:
    component = modules["shipped"].Component
    return [
        component(
            "Some_Package", "1.2+local", "python", "MIT", "https://example.org", texts=[("LICENSE", "Permission.")]
        ),
        component("libthing1", "2:3.4-1", "system", "see the text", texts=[("copyright", "Copyright.")]),
    ]


def test_notices_hold_every_licence_text_and_the_note_on_qt(modules: dict[str, ModuleType]) -> None:
    text = modules["notices"].notices(_components(modules), ["libgdal-1.so", "libnew.so"], [("LGPL-3.0", "Text L")])
    for wanted in ("Some_Package 1.2+local", "Permission.", "Copyright.", "libgdal-1.so: GDAL, MIT", "Text L", "LROC"):
        assert wanted in text
    assert "GNU Lesser General Public License" in text
    assert "libnew.so: see the wheel" in text


def test_the_texts_of_the_gpl_and_lgpl_are_the_published_ones() -> None:
    digests = {
        "GPL-3.0.txt": "3972dc9744f6499f0f9b2dbf76696f2ae7ad8af9b23dde66d6af86c9dfb36986",
        "LGPL-3.0.txt": "e3a994d82e644b03a792a930f574002658412f62407f5fee083f2555c5f23118",
    }
    for name, digest in digests.items():
        assert hashlib.sha256((PACKAGING / "licences" / name).read_bytes()).hexdigest() == digest


def test_the_bill_of_materials_is_the_same_for_the_same_contents(
    modules: dict[str, ModuleType], tmp_path: Path
) -> None:
    weights = tmp_path / "package" / "weights" / "v1" / "net.pth"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"numbers")
    made = [
        modules["sbom"].document("0.1.0", "cpu", _components(modules), [("libgdal-1.so", "GDAL", "MIT")], [weights], 0)
        for _ in range(2)
    ]
    assert made[0] == made[1]
    document = made[0]
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["serialNumber"])
    assert document["metadata"]["timestamp"] == "1970-01-01T00:00:00Z"
    entries = {entry["name"]: entry for entry in document["components"]}
    assert entries["Some_Package"]["purl"] == "pkg:pypi/some-package@1.2%2Blocal"
    assert entries["libthing1"]["purl"].endswith("/libthing1@2%3A3.4-1")
    assert entries["net.pth"]["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(b"numbers").hexdigest()}]
    references = [entry["bom-ref"] for entry in document["components"]]
    assert len(set(references)) == len(references)
    assert document["dependencies"][0]["dependsOn"] == references


def test_checksums_are_in_the_form_of_sha256sum(modules: dict[str, ModuleType], tmp_path: Path) -> None:
    (tmp_path / "a.tar.zst").write_bytes(b"abc")
    modules["build"].checksums(tmp_path)
    line = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.tar.zst\n"
    assert (tmp_path / "SHA256SUMS").read_text() == line


def test_smoke_reports_other_numbers_and_unexpected_lines(modules: dict[str, ModuleType]) -> None:
    smoke = modules["smoke"]
    assert smoke.compare({"a": 1.0}, {"a": 1.0 + 1e-9}).startswith("1 numbers")
    with pytest.raises(smoke.Failed):
        smoke.compare({"a": 1.0}, {"a": 1.001})
    with pytest.raises(smoke.Failed):
        smoke.compare({"a": 1.0}, {"b": 1.0})
    smoke.check_quiet("libEGL warning: no card\n\n")
    with pytest.raises(smoke.Failed, match="Traceback"):
        smoke.check_quiet("Traceback (most recent call last):")


def test_smoke_draws_images_that_pillow_reads(modules: dict[str, ModuleType], tmp_path: Path) -> None:
    from PIL import Image

    paths = sorted(modules["smoke"].a_few_images(tmp_path / "tiles", 2).iterdir())
    for path in paths:
        with Image.open(path) as image:
            assert (image.size, image.mode) == ((64, 64), "L")
            image.load()
    assert paths[0].read_bytes() != paths[1].read_bytes()


def test_the_desktop_entry_opens_studies_of_the_declared_type() -> None:
    entry = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(PACKAGING / "linux" / "planetview.desktop", encoding="utf-8")
    desktop = entry["Desktop Entry"]
    assert desktop["Exec"] == "planetview-gui %F"
    kind = desktop["MimeType"].rstrip(";")
    tree = ElementTree.parse(PACKAGING / "linux" / "planetview.xml")
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    declared = tree.getroot().find(f"{space}mime-type")
    assert declared is not None and declared.get("type") == kind
    assert declared.find(f"{space}glob").get("pattern") == "*.planetview"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["linux/install.sh", "linux/uninstall.sh", "linux/AppRun", "macos/make_dmg.sh"])
def test_shell_scripts_have_no_syntax_error(name: str) -> None:
    shell = "bash" if name.startswith("macos") else "sh"
    done = subprocess.run([shell, "-n", str(PACKAGING / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_appimage_gives_every_command_to_the_command_line(tmp_path: Path) -> None:
    import typer

    from planetview.cli import app

    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert {"run", "archive", "cite", "models", "path-length"} <= commands
    programs = tmp_path / "opt/planetview"
    programs.mkdir(parents=True)
    for name in ("planetview", "planetview-gui"):
        (programs / name).write_text(f"#!/bin/sh\necho {name}\n")
        (programs / name).chmod(0o755)
    start = tmp_path / "AppRun"
    start.write_bytes((PACKAGING / "linux/AppRun").read_bytes())
    for word, program in (*((one, "planetview") for one in sorted(commands)), ("mars.planetview", "planetview-gui")):
        done = subprocess.run(["sh", str(start), word], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == program, word


def _fake_archive(folder: Path) -> Path:
    """Lay out what the archive for Linux holds, with a shell script in place of the program."""
    program = folder / "planetview"
    program.mkdir(parents=True)
    for name in ("planetview", "planetview-gui"):
        (program / name).write_text("#!/bin/sh\necho PlanetView 9.9\n")
        (program / name).chmod(0o755)
    icon = folder / "share/icons/hicolor/64x64/apps/planetview.png"
    icon.parent.mkdir(parents=True)
    icon.write_bytes(b"icon")
    for name in ("planetview.desktop", "planetview.xml"):
        (folder / "share" / name).write_bytes((PACKAGING / "linux" / name).read_bytes())
    for name in ("install.sh", "uninstall.sh"):
        (folder / name).write_bytes((PACKAGING / "linux" / name).read_bytes())
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the install script is for Linux")
def test_the_install_script_installs_twice_and_removes_everything_it_put_there(tmp_path: Path) -> None:
    archive = _fake_archive(tmp_path / "un packed é")
    home = tmp_path / "home of $HOME"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    for _ in range(2):
        done = subprocess.run(
            [archive / "install.sh"], env=environment, capture_output=True, text=True, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stderr
    target = home / ".local/lib/planetview"
    assert (home / ".local/bin/planetview").readlink() == target / "planetview"
    entry = (home / ".local/share/applications/planetview.desktop").read_text()
    escaped = str(target / "planetview-gui").replace("$", "\\\\$")  # the format unescapes twice
    assert f'Exec="{escaped}" %F' in entry
    assert "TryExec" not in entry
    other = home / ".local/bin/another"
    other.write_text("kept")
    done = subprocess.run([target / "uninstall.sh"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    left = [path for path in (home / ".local").rglob("*") if not path.is_dir() and "mime" not in path.parts]
    assert [path for path in left if "planetview" in path.name or path == other] == [other]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the install script is for Linux")
def test_the_install_script_leaves_a_folder_alone_that_is_not_planetview(tmp_path: Path) -> None:
    archive = _fake_archive(tmp_path / "archive")
    precious = tmp_path / "prefix/lib/planetview/thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("years")
    done = subprocess.run(
        [archive / "install.sh", "--prefix", tmp_path / "prefix"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "left alone" in done.stderr
    assert precious.read_text() == "years"


def _inno() -> dict[str, list[str]]:
    """Return the sections of the Inno Setup script: name -> lines."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (PACKAGING / "windows" / "planetview.iss").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            name = match[1]
        elif name and line and not line.startswith((";", "#")):
            sections.setdefault(name, []).append(line)
    return sections


def test_the_windows_setup_is_per_user_with_file_type_and_start_menu() -> None:
    sections = _inno()
    assert set(sections) <= {
        "Setup", "Languages", "Tasks", "InstallDelete", "Files", "Icons", "Registry", "Run", "Code",
    }  # fmt: skip
    setup = dict(line.split("=", 1) for line in sections["Setup"])
    assert setup["PrivilegesRequired"] == "lowest"
    assert setup["AppId"].startswith("{{")
    tasks = {re.search(r'Name: "(\w+)"', line)[1] for line in sections["Tasks"]}  # type: ignore[index]
    for section in ("Files", "Icons", "Registry", "Run", "InstallDelete"):
        for line in sections[section]:
            assert line.count('"') % 2 == 0, line
            for task in re.findall(r"Tasks: (\w+)", line):
                assert task in tasks
    assert any(".planetview" in line and "HKA" in line for line in sections["Registry"])
    assert any(line.startswith('Name: "{group}\\PlanetView"') for line in sections["Icons"])
    code = "\n".join(sections["Code"])
    assert len(re.findall(r"\bbegin\b", code)) == len(re.findall(r"\bend;", code))


def test_files_that_the_windows_setup_names_exist() -> None:
    folder = PACKAGING / "windows"
    for name in ("LicenseFile", "InfoAfterFile"):
        value = next(line for line in _inno()["Setup"] if line.startswith(f"{name}=")).split("=", 1)[1]
        assert (folder / value.replace("\\", "/")).resolve().is_file()


def test_the_entitlements_for_macos_are_a_property_list() -> None:
    rights = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert rights and all(value is True for value in rights.values())


def test_the_specification_is_python_and_names_both_programs() -> None:
    text = (PACKAGING / "planetview.spec").read_text(encoding="utf-8")
    compile(text, "planetview.spec", "exec")
    assert 'executable("planetview-gui", "main", console=False)' in text
    assert 'executable("planetview", "command", console=True)' in text


def test_the_wheel_is_told_to_carry_resources_and_programs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["resources"] == "planetview/resources"
    for origin in included:
        assert (ROOT / origin).exists(), origin
    assert project["project"]["scripts"]["planetview"] == "planetview.cli:main"
    assert project["project"]["gui-scripts"]["planetview-gui"] == "planetview.app:main"


def test_the_wheel_and_the_standalone_program_have_every_page_of_the_manual(contents: ModuleType) -> None:
    from planetview.gui.models.manual_pages import load_pages

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    pages = {f"docs/{page.id}.md" for page in load_pages()} | {"README.md", "CITATION.cff"}
    assert len(pages) > 5
    assert pages <= set(contents.HELP_PAGES)
    assert {name: place for name, place in included.items() if name != "resources"} == {
        name: f"planetview/help/{name}" for name in pages
    }


def test_an_installed_package_finds_its_resources_inside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planetview.core import paths

    place = tmp_path / "site-packages" / "planetview"
    (place / "core").mkdir(parents=True)
    (place / "resources" / "icons").mkdir(parents=True)
    icon = place / "resources" / "icons" / "only-here.svg"
    icon.write_text("<svg/>")
    monkeypatch.setattr(paths, "__file__", str(place / "core" / "paths.py"))
    assert paths.resource("icons/only-here.svg") == icon


def test_the_release_workflow_builds_for_three_systems_with_checksums_and_provenance() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML, which reads the workflow, is not installed")
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    runners = {job["runs-on"].split("-")[0] for job in jobs.values()}
    assert runners == {"ubuntu", "windows", "macos"}
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}
    steps = jobs["publish"]["steps"]
    assert any(step.get("uses", "").startswith("actions/attest-build-provenance") for step in steps)
    assert any("sha256sum" in step.get("run", "") for step in steps)
    for script in re.findall(r"packaging/[\w/]+\.(?:py|sh)", text):
        assert (ROOT / script).is_file(), script
