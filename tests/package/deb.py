#!/usr/bin/python3
"""Builds the Debian package, looks into it, installs it into an empty root with dpkg, and runs every program from there.

  deb.py CMAKE CPACK BUILD_FOLDER
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAMS = ("broker", "gateway", "worker", "ctl", "tap")
UNITS = ("fairlead-broker.service", "fairlead-gateway.service", "fairlead-worker@.service")
SECONDS = 240


def run(*command, **options):
    print("+", *command, flush=True)
    ended = subprocess.run([str(word) for word in command], check=False, timeout=SECONDS, text=True, capture_output=True, **options)
    assert ended.returncode == 0, f"{command[0]} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def check_contents(package):
    listing = run("dpkg-deb", "--contents", package)
    files = {line.split(None, 5)[5][1:]: line.split()[0] for line in listing.splitlines()}
    wanted = [f"/usr/bin/fairlead-{name}" for name in PROGRAMS]
    wanted += [f"/usr/lib/systemd/system/{unit}" for unit in UNITS]
    wanted += ["/usr/lib/sysusers.d/fairlead.conf", "/usr/lib/tmpfiles.d/fairlead.conf"]
    wanted += [f"/etc/fairlead/{name}.toml" for name in ("broker", "gateway", "worker-chat")]
    wanted += [f"/usr/share/doc/fairlead/{name}" for name in ("operating.md", "metrics.md", "fairlead.rules.yml", "fairlead-grafana.json")]
    wanted += ["/usr/share/fairlead/web/index.html"]
    wanted += [f"/usr/share/{path}" for path in ("bash-completion/completions/fairlead-ctl", "zsh/vendor-completions/_fairlead-ctl")]
    missing = [path for path in wanted if path not in files]
    assert not missing, f"the package lacks {missing}; it has\n{listing}"
    for name in PROGRAMS:
        assert files[f"/usr/bin/fairlead-{name}"].startswith("-rwxr-xr-x"), files[f"/usr/bin/fairlead-{name}"]
    strangers = [path for path in files if re.search(r"\.(a|hpp|cmake|pc)$|/usr/local", path)]
    assert not strangers, f"not for those who run it: {strangers}"


def check_control(package):
    fields = run("dpkg-deb", "--field", package)
    assert re.search(r"^Package: fairlead$", fields, re.M), fields
    depends = re.search(r"^Depends: (.*)$", fields, re.M)[1]
    for library in ("libzmq5", "liblmdb0", "libssl3"):
        assert library in depends, f"{library} is not in: {depends}"


def check_units(root):
    for unit in UNITS:
        text = (root / "usr/lib/systemd/system" / unit).read_text()
        assert "Type=notify" in text and "WatchdogSec=" in text and "ProtectSystem=strict" in text, unit
        program = re.search(r"^ExecStart=(\S+)", text, re.M)[1]
        assert program.startswith("/usr/bin/") and (root / program[1:]).exists(), program
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed: the units are not verified", flush=True)
        return
    # systemd-analyze looks for the programs on this machine, not in the root that it is told: they are named where they are.
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for unit in UNITS:
            path = pathlib.Path(folder) / unit.replace("@.", "@chat.")
            path.write_text((root / "usr/lib/systemd/system" / unit).read_text().replace("/usr/bin/fairlead", f"{root}/usr/bin/fairlead"))
            paths.append(path)
        verified = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, timeout=SECONDS, check=False,
                                  env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"})
        told = [line for line in (verified.stdout + verified.stderr).splitlines() if "fairlead" in line]
        assert not told, told


def install(package, root):
    """With dpkg and its database in the empty root; what it depends on is this machine's. Unpacked and not configured: that
    would make a user here. So the settings still have the names that dpkg gives to new ones."""
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/updates").mkdir()
    (root / "var/lib/dpkg/status").touch()
    run("dpkg", f"--root={root}", "--log=/dev/null", "--force-depends", "--force-script-chrootless", "--no-triggers", "--unpack", package)
    assert "unpacked" in (root / "var/lib/dpkg/status").read_text()


def check_programs(root, version):
    for name in PROGRAMS:
        said = run(root / f"usr/bin/fairlead-{name}", "--version")
        assert version in said, said
    for name, settings in (("broker", "broker"), ("gateway", "gateway"), ("worker", "worker-chat")):
        environment = {**os.environ, "FAIRLEAD_STORE": "memory:"}
        run(root / f"usr/bin/fairlead-{name}", "--config", root / f"etc/fairlead/{settings}.toml.dpkg-new", "--check-config", env=environment)


def main():
    cpack, build = sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run(cpack, "-G", "DEB", "-B", folder / "out", "--config", build / "CPackConfig.cmake", cwd=folder)
        packages = list((folder / "out").glob("*.deb"))
        assert len(packages) == 1, packages
        version = re.search(r"fairlead_([0-9.]+)_", packages[0].name)[1]
        check_contents(packages[0])
        check_control(packages[0])
        root = folder / "root"
        root.mkdir()
        install(packages[0], root)
        check_units(root)
        check_programs(root, version)
    print("the package is good")


if __name__ == "__main__":
    main()
