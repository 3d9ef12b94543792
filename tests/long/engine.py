"""A Docker engine of the test's own, with the images that the tests run. See engine.sh."""
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(TOP, "tests/long/engine.sh")
KEPT = os.path.join(TOP, "build", "deploy-tests")
FOLDER = os.path.join(KEPT, "engine")


def run(*argv, timeout=1800, **kwargs):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, **kwargs)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout.strip()


def base_image():
    """Debian 12, minimal, as the hub's bookworm-slim would be."""
    tar = os.path.join(KEPT, "base.tar")
    if not os.path.exists(tar):
        os.makedirs(KEPT, exist_ok=True)
        run("mmdebstrap", "--variant=minbase", "--mode=root", "--include=ca-certificates", "--aptopt=Acquire::Check-Valid-Until \"false\"",
            "bookworm", tar + ".new.tar")
        os.rename(tar + ".new.tar", tar)  # Its end says what is made: without .tar a folder.
    return tar


class Engine:
    """`mode` as in engine.sh: "build" or "run". Call it to call the Docker client."""

    def __init__(self, mode):
        self.env = {**os.environ, "DOCKER_HOST": run("bash", SCRIPT, mode, FOLDER)}

    def __call__(self, *words, **kwargs):
        return run("docker", *words, env={**self.env, **kwargs.pop("env", {})}, **kwargs)

    def base(self):
        self("import", base_image(), "debian:bookworm-slim")

    def enter(self, *argv, **kwargs):
        """A command on the engine's network: published ports are on its loopback."""
        return run("bash", SCRIPT, "enter", FOLDER, *argv, **kwargs)

    def down(self):
        run("bash", SCRIPT, "down", FOLDER)
