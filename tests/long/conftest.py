"""The long tier uses the same clusters as the integration tests."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "integration"))
sys.dont_write_bytecode = True
import importlib.util

_spec = importlib.util.spec_from_file_location(
    "integration_conftest", os.path.join(sys.path[0], "conftest.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
make_cluster = _module.make_cluster
