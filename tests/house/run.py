"""House tests: what must be true of the sources themselves. Prints 'N passed, N failed'.

    python3 tests/house/run.py [NAME]
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(TOP)

# Which room may include headers of which: the table of ARCHITECTURE.md.
LAYERS = {
    "runtime/include/cogo": set(),
    "codec": set(),
    "runtime/base": {"codec"},
    "runtime/actor": {"runtime/base", "codec"},
    "runtime/sched": {"runtime/actor", "runtime/base", "codec"},
    "runtime/io": {"runtime/sched", "runtime/actor", "runtime/base", "codec"},
    "runtime/node": {"runtime/io", "runtime/sched", "runtime/actor", "runtime/base", "codec"},
    "codec/contract": set(),
    "codec/json": set(),
    "actors/sandbox": set(),
    "actors/store": {"codec/contract"},
    "actors/orchestrator": {"codec/contract"},
    "actors/roles": {"codec/contract", "codec/json", "actors/sandbox"},
    "actors/worker": {"codec/contract", "codec/json", "actors/roles", "actors/sandbox"},
    "actors/doors": {"codec/contract"},
    "actors/gateway": {"codec/contract", "codec/json", "actors/doors"},
    "actors/queue": {"codec/contract", "codec/json", "actors/doors"},
    "actors/llm": {"codec/contract", "codec/json"},
    "actors/telemetry": {"codec/contract", "codec/json", "actors/llm"},
    "bench": set(),
    "actors/cli": {"bench", "codec/contract", "codec/json", "actors/sandbox", "actors/store",
                   "actors/orchestrator", "actors/roles", "actors/worker", "actors/gateway",
                   "actors/queue", "actors/llm", "actors/telemetry"},
    "actors": {"actors/cli"},
    "runtime/examples": set(),
}
# Foreign headers with exactly one home each.
HOMES = {
    "sqlite3.h": r"actors/store/sqlite",
    "libpq-fe.h": r"actors/store/postgres/",
    "curl/curl.h": r"actors/llm/",
    "hiredis/hiredis.h": r"actors/queue/",
    "libwebsockets.h": r"actors/gateway/server",
    "ev.h": ("actors/gateway/server", "runtime/examples/embed_libev"),
    "seccomp.h": r"actors/sandbox/",
    "ck_pr.h": r"runtime/base/atomic",
    "msgpack.h": r"codec/",
    "sys/sdt.h": r"runtime/base/probe",
}
# What reaches past the world: time, randomness, sleep, threads and their locks. Only these files may.
WORLD = re.compile(r"(?<![>.\w])(pthread_\w+|clock_gettime|gettimeofday|timespec_get|getrandom|sched_yield|nanosleep"
                   r"|clock_nanosleep|usleep|sleep|s?rand|s?random|drand48|time|clock|thrd_\w+|mtx_\w+)\s*\(|pthread_\w+_t\b")
WORLD_FILES = {"runtime/base/world_os.c", "runtime/base/lock.h", "runtime/base/stack.c"}
# What a system allocates comes from its allocator. The others: pages of a region (malloc's under ASan, else mmap), and
# what belongs to a simulated world, not to a system, and a look-up of a name, which may hang for longer than its system lives.
MEMORY = re.compile(r"(?<![>.\w])(malloc|calloc|realloc|reallocarray|free|strn?dup|aligned_alloc|posix_memalign|v?asprintf"
                    r"|mmap)\s*\(")
MEMORY_FILES = {"runtime/base/alloc.c", "runtime/base/region.c", "runtime/base/fiber.c", "runtime/base/sim_run.c",
                "runtime/node/lookup.c"}
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 100


def sources(*patterns):
    out = []
    for pattern in patterns:
        out += glob.glob(pattern, recursive=True)
    return sorted(p for p in out if not p.startswith("build"))


def own_sources():
    return sources("runtime/**/*.[ch]", "codec/**/*.[ch]", "actors/**/*.[ch]", "bench/**/*.[ch]")


def room_of(path):
    folder = os.path.dirname(path)
    while folder and folder not in LAYERS:
        folder = os.path.dirname(folder)
    return folder


def test_include_arrows_point_down():
    bad = []
    for path in own_sources():
        room = room_of(path)
        for line, text in enumerate(open(path), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', text)
            if not m:
                continue
            target = m.group(1)
            if not os.path.exists(target):
                local = os.path.join(os.path.dirname(path), target)
                if not os.path.exists(local):
                    bad.append(f"{path}:{line}: no such file {target}")
                    continue
                target = local
            to = room_of(target)
            if to != room and to not in LAYERS.get(room, set()):
                bad.append(f"{path}:{line}: {room} may not include {to}")
    assert not bad, "\n".join(bad)


def test_the_arrow_table_is_in_the_architecture_page():
    page = open("ARCHITECTURE.md").read()
    missing = [r for r in LAYERS if f"`{r}/`" not in page and r not in ("actors", "runtime/examples")]
    assert not missing, f"ARCHITECTURE.md does not name {missing}"


def test_foreign_headers_have_one_home():
    bad = []
    for path in own_sources():
        for line, text in enumerate(open(path), 1):
            m = re.match(r"\s*#\s*include\s+<([^>]+)>", text)
            if m and m.group(1) in HOMES and not path.startswith(HOMES[m.group(1)]):
                bad.append(f"{path}:{line}: <{m.group(1)}> belongs to {HOMES[m.group(1)]}*")
    assert not bad, "\n".join(bad)


def without_comments(text):
    """Comments as blanks, so that lines keep their numbers."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", blank, text, flags=re.S)


def test_only_the_world_reads_clocks_and_makes_threads():
    bad = []
    for path in sources("runtime/[bas]*/*.[ch]", "codec/*.[ch]"):
        if path in WORLD_FILES:
            continue
        for line, text in enumerate(without_comments(open(path).read()).split("\n"), 1):
            m = WORLD.search(text)
            if m:
                bad.append(f"{path}:{line}: {m.group(0)} only behind runtime/base/world.h or lock.h")
    assert not bad, "\n".join(bad)


def test_only_the_allocator_allocates():
    bad = []
    for path in sources(*(f"runtime/{room}/*.[ch]" for room in ("base", "actor", "sched", "io", "node"))):
        if path in MEMORY_FILES:
            continue
        for line, text in enumerate(without_comments(open(path).read()).split("\n"), 1):
            m = MEMORY.search(text)
            if m:
                bad.append(f"{path}:{line}: {m.group(0)} only behind runtime/base/alloc.h")
    assert not bad, "\n".join(bad)


def test_no_include_cycles():
    graph = {}
    for path in own_sources():
        graph[path] = [i for i in re.findall(r'#\s*include\s+"([^"]+)"', open(path).read())
                       if os.path.exists(i)]
    done, active = set(), []

    def visit(path):
        assert path not in active, "include cycle: " + " -> ".join(active + [path])
        if path in done:
            return
        active.append(path)
        for other in graph.get(path, []):
            visit(other)
        active.pop()
        done.add(path)
    for path in graph:
        visit(path)


def compile_alone(header, include, flags):
    with tempfile.NamedTemporaryFile("w", suffix=".c", delete=False) as f:
        f.write(f"#include {include}\nextern int not_empty;\n")
    try:
        return subprocess.run(flags + ["-fsyntax-only", "-I.", "-Iruntime/include", f.name],
                              capture_output=True, text=True).stderr
    finally:
        os.unlink(f.name)


def test_public_headers_compile_alone_in_c11_and_cpp11():
    bad = []
    for header in sources("runtime/include/cogo/*.h"):
        name = f"<cogo/{os.path.basename(header)}>"
        strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        for flags in (["gcc", "-std=c11"], ["clang", "-std=c11"],
                      ["g++", "-std=c++11", "-x", "c++"], ["g++", "-std=c++20", "-x", "c++"],
                      ["clang++", "-std=c++11", "-x", "c++"], ["clang++", "-std=c++20", "-x", "c++"]):
            err = compile_alone(header, name, flags + strict)
            if err:
                bad.append(f"{header} with {flags[0]}:\n{err}")
    assert not bad, "\n".join(bad)


def test_a_cpp_program_embeds_the_library():
    with tempfile.TemporaryDirectory() as scratch:
        program = os.path.join(scratch, "embed")
        for compiler in (["g++", "-std=c++11"], ["clang++", "-std=c++20"]):
            subprocess.run(compiler + ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Iruntime/include",
                                       "tests/house/embed.cpp", "-o", program, "-Lbuild", "-lcogo"],
                           check=True)
            done = subprocess.run([program], env=dict(os.environ, LD_LIBRARY_PATH="build"),
                                  capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stdout) == (0, "3\n"), done


def test_internal_headers_compile_alone():
    bad = []
    libpq = subprocess.run(["pkg-config", "--cflags", "libpq"], capture_output=True, text=True).stdout.split()
    for header in sources("runtime/[bas]*/*.h", "codec/**/*.h", "actors/**/*.h", "bench/*.h"):
        err = compile_alone(header, f'"{header}"',
                            ["gcc", "-std=c11", "-D_GNU_SOURCE", "-DCOGO_ATOMIC_C11", "-Wall"] + libpq)
        if err:
            bad.append(f"{header}:\n{err}")
    assert not bad, "\n".join(bad)


def declared_functions():
    names = set()
    for header in sources("runtime/include/cogo/*.h"):
        text = re.sub(r"/\*.*?\*/", "", open(header).read(), flags=re.S)
        names |= set(re.findall(r"COGO_API[^;(]*?\b(cogo_\w+)\s*\(", text))
    return names


def test_the_library_exports_what_the_headers_promise():
    out = subprocess.run(["nm", "-D", "--defined-only", "build/libcogo.so"],
                         capture_output=True, text=True, check=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in out.splitlines()
                if line.split()[1] in "TDBRVW"}
    exported.discard("COGO_0")
    declared = declared_functions()
    assert declared, "no public function found"
    assert not declared - exported, f"declared, not exported: {sorted(declared - exported)}"
    assert not exported - declared, f"exported, not declared: {sorted(exported - declared)}"


def test_public_functions_say_threads_and_ownership():
    bad = []
    for header in sources("runtime/include/cogo/*.h"):
        text = open(header).read()
        for m in re.finditer(r"/\*\*((?:(?!\*/).)*)\*/\s*COGO_API([^;]*);", text, re.S):
            comment, declaration = re.sub(r"[\s*]+", " ", m.group(1)), m.group(2)
            name = re.search(r"(cogo_\w+)\s*\(", declaration)
            if not name or "As cogo_" in comment:
                continue
            if "Threads:" not in comment:
                bad.append(f"{header}: {name.group(1)} does not say Threads:")
            if re.search(r"cogo_msg \*\w+\s*[,)]", declaration.split("(", 1)[1]) \
                    and "Ownership:" not in comment and "Threads: the owner" not in comment \
                    and "owns it" not in comment:
                bad.append(f"{header}: {name.group(1)} does not say Ownership:")
        for m in re.finditer(r"(\*/|;)\s*COGO_API[^;]*?(cogo_\w+)\s*\(", text):
            if m.group(1) == ";":
                bad.append(f"{header}: {m.group(2)} has no comment")
    assert not bad, "\n".join(bad)


def test_files_and_functions_stay_readable():
    bad = []
    for path in own_sources() + sources("tests/unit/**/*.c", "tests/sim/*.c"):
        lines = open(path).read().split("\n")
        if len(lines) > FILE_LINES_MAX and "/tests/" not in "/" + path:
            bad.append(f"{path}: {len(lines)} lines (at most {FILE_LINES_MAX})")
        start = None
        for n, text in enumerate(lines, 1):
            if text == "{":
                start = n
            elif text == "}" and start is not None:
                if n - start - 1 > FUNCTION_LINES_MAX:
                    bad.append(f"{path}:{start}: function of {n - start - 1} lines (at most {FUNCTION_LINES_MAX})")
                start = None
    assert not bad, "\n".join(bad)


def test_sources_are_formatted():
    bad = []
    for path in own_sources() + sources("tests/unit/**/*.[ch]", "tests/sim/*.[ch]"):
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", path],
                              capture_output=True, text=True)
        if done.returncode != 0:
            bad.append(path)
    assert not bad, "not formatted (clang-format -i): " + " ".join(bad)


def test_no_words_of_unfinished_work():
    bad = []
    for path in own_sources() + sources("deploy/**/*", "*.md", "SConstruct"):
        if not os.path.isfile(path):
            continue
        for line, text in enumerate(open(path, errors="replace"), 1):
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text):
                bad.append(f"{path}:{line}: {text.strip()}")
    assert not bad, "\n".join(bad)


def test_every_room_has_a_readme():
    missing = [d for d in ("runtime", "codec", "actors/sandbox", "actors/store",
                           "actors/orchestrator", "actors/roles", "actors/worker",
                           "actors/gateway", "bench", "bench/peers")
               if not os.path.exists(d + "/README.md")]
    assert not missing, f"no README.md in {missing}"


def test_headers_tell_each_parameter_that_does_not_speak_for_itself():
    """Durations, counts, sizes, flags and what is only handed through; comments hold no code that nobody compiles."""
    telling = re.compile(r"(_ns|_bytes|_count|capacity|cookie|text|flags|kind|lane|cursor|per_second|q)$")
    bad = []
    for path in sources("runtime/include/cogo/*.h"):
        text = open(path).read()
        bad += [path + ": code in a comment"] if re.search(r"@code|@snippet|```|~~~", text) else []
        for doc, name, parameters in re.findall(
                r"/\*\*((?:(?!\*/).)*)\*/\s*COGO_API\s[^;]*?(\w+)\(([^;]*)\)[^;]*;", text, re.S):
            if re.match(r"\s*\*?\s*As cogo_\w+\(\)", doc):
                continue
            for parameter in parameters.split(","):
                word = (re.findall(r"\w+", parameter) or ["void"])[-1]
                if telling.search(word) and not re.search(r"@(?:p|param)\s+\*?%s\b" % word, doc):
                    bad.append("%s: %s does not tell %s" % (path, name, word))
    assert not bad, "\n".join(bad)


def test_the_library_has_the_probes_that_its_readme_lists():
    out = subprocess.run(["readelf", "-n", "build/libcogo.so"], capture_output=True, text=True,
                         check=True).stdout
    there = set(re.findall(r"Provider: cogo\s+Name: (\w+)", out))
    text = open("runtime/README.md").read().split("**Probes.**")[1].split("\n\n")[0]
    listed = set()
    for group in re.findall(r"((?:`\w+`(?:, | and )?)+) \(", text):
        listed |= set(re.findall(r"`(\w+)`", group))
    assert there == listed, f"in the library only: {there - listed}; in README only: {listed - there}"


def test_every_invariant_names_tests_that_exist():
    names = set()
    for path in sources("tests/unit/**/*_test.c"):
        for suite, name in re.findall(r"^Test\((\w+),\s*(\w+)", open(path).read(), re.M):
            names.add(f"{suite}/{name}")
    bad, numbers = [], []
    for line in open("runtime/README.md"):
        m = re.match(r"\| (I\d+) \|.*\| ([^|]*) \|$", line)
        if not m:
            continue
        numbers.append(m.group(1))
        for wanted in re.findall(r"\b\w+/[\w*.]+", m.group(2)):
            begin = wanted.rstrip(".*")
            if not any(name.startswith(begin) for name in names):
                bad.append(f"{m.group(1)}: no test begins with {begin}")
    assert numbers, "no invariant found"
    assert len(numbers) == len(set(numbers)), f"a number stands twice in {numbers}"
    assert not bad, "\n".join(bad)


def test_the_readmes_c_code_is_compiled_code():
    hello = open("runtime/examples/hello.c").read()
    blocks = re.findall(r"```c\n(.*?)```", open("README.md").read(), re.S)
    assert blocks
    for block in blocks:
        code = block.split("/* ... ")[0].strip()
        assert code in hello, "README.md shows code that is not in runtime/examples/hello.c:\n" + code


def test_every_memory_order_is_found_or_argued():
    """A new operation, or another order: tests/model/README.md says what to write into ORDERS.md."""
    sys.path.insert(0, "tests/model")
    import orders
    lines = orders.complaints()
    assert not lines, "\n".join(lines + ["see tests/model/README.md, 'Weakened orders'"])


def test_shell_scripts_pass_shellcheck():
    scripts = sources("deploy/*.sh", "tests/*.sh", "tests/integration/*.sh") + [
        ".ci/run", "bench/peers/build", "bench/peers/erlang/erlang"]
    done = subprocess.run(["shellcheck", "-S", "warning"] + scripts, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_") or wanted not in name:
            continue
        try:
            test()
            passed += 1
        except Exception as error:  # Each failure is printed, none stops the others.
            failed += 1
            text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
            print(f"FAIL {name}\n{text}\n    repeat: python3 tests/house/run.py {name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
