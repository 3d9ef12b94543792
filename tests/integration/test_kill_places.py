"""50 kills before and after every step of a commit, on both engines, and in every step of a first start."""
import json
import os

import pytest

import kill_loop
from conftest import TOP, Cluster, run_cogo
from kill_load import PostgresAudit, SqliteAudit


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_kills_at_every_step_of_a_commit(make_cluster, postgres, engine):
    kills, rng = max(25, len(kill_loop.places(engine)) + 2), kill_loop.seeded()
    env = {"DATABASE_URL": postgres.journal()} if engine == "postgres" else {}
    cluster = make_cluster(env=env, args=["--workers", "indexing"])
    audit = PostgresAudit(postgres) if engine == "postgres" else SqliteAudit(cluster.data)
    figures, fired = kill_loop.kill_at_places(cluster, audit, engine, kills, rng, keep_s=8)
    print(json.dumps({"bench": f"kill-{kills}", "engine": engine, **figures}))
    kill_loop.enough(fired, kills, kill_loop.places(engine))
    assert figures["acknowledged"] >= 10 * kills
    assert cluster.stop() == 0


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_kill_in_any_step_of_a_first_start_is_made_good_by_the_next(tmp_path, postgres, engine):
    count = len(os.listdir(os.path.join(TOP, "deploy", "sql", engine)))
    steps = [f"{place}:kill:{n + 1}" for place in ("store.migrate.before", "store.migrate.after") for n in range(count)]
    for number, step in enumerate(steps + ["store.term.after:kill"]):
        env = {"DATABASE_URL": postgres.journal()} if engine == "postgres" else {}
        cluster = Cluster(tmp_path / f"data{number}", env=dict(env, COGO_FAILPOINT=step), args=["--workers", "indexing"])
        with pytest.raises(AssertionError, match=f"failpoint {step.split(':')[0]}"):
            cluster.start()
        assert cluster.launched.wait(10) == -9
        del cluster.env["COGO_FAILPOINT"]
        cluster.start()
        assert cluster.submit("echo", wait="10s").json["state"] == "succeeded"
        assert cluster.stop() == 0


def test_an_order_for_a_place_that_is_not_there_is_refused(tmp_path):
    done = run_cogo("dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"),
                    env={"COGO_FAILPOINT": "store.nowhere:kill"}, timeout=30)
    assert done.returncode == 2 and "COGO_FAILPOINT" in done.stderr
