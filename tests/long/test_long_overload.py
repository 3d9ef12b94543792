"""Five times as much as the store takes, for a minute or as long as is asked: what tests/integration/test_overload.py shows for seconds.

    OVERLOAD_SECONDS=3600 /usr/bin/python3 -m pytest -s tests/long/test_long_overload.py
"""
import os

from test_long import base, load

overload = load("test_overload")
postgres = base.postgres
SECONDS = int(os.environ.get("OVERLOAD_SECONDS", "60"))


def test_what_is_too_much_is_refused_for_long_and_the_rest_goes_on(make_cluster, postgres):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()}, args=["--workers", "indexing"])
    overload.overload(cluster, postgres, overload.COMMIT_S, SECONDS)
    assert cluster.stop() == 0
