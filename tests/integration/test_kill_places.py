"""50 kills before and after every step of a commit, on both engines."""
import pytest

import kill_loop


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_kills_at_every_step_of_a_commit(make_cluster, postgres, engine):
    kills = 25
    env = {"DATABASE_URL": postgres.journal()} if engine == "postgres" else {}
    cluster = make_cluster(env=env)
    load, fired = kill_loop.kill_at_places(cluster, engine, kills, kill_loop.seeded())
    store = postgres if engine == "postgres" else kill_loop.Sqlite(cluster.data)
    print(f"{engine}: {fired} of {kills} kills at their place, {len(load.accepted)} tasks acknowledged")
    assert fired >= kills * 0.9
    assert len(load.accepted) >= kills
    kill_loop.check(cluster, store, load)
    assert kill_loop.whole(store)
    assert cluster.stop() == 0


def test_an_order_for_a_place_that_is_not_there_is_refused(tmp_path):
    from conftest import run_cogo
    done = run_cogo("dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"),
                    env={"COGO_FAILPOINT": "store.nowhere:kill"}, timeout=30)
    assert done.returncode == 2 and "COGO_FAILPOINT" in done.stderr
