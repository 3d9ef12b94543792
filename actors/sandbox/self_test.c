/* The escape attempts. Each is a small shell script that really runs in the sandbox; what it
 * reached is judged from outside where that is possible, else by its printing of ESCAPED. */
#include "actors/sandbox/landlock.h"
#include "actors/sandbox/probe_world.h"
#include "actors/sandbox/run.h"
#include "actors/sandbox/slot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SCRIPT_BYTES = 1024, PROBE_WALL_MS = 5000, PROBE_LATE_MS = 8000, SCOPED_ABI = 6 };

/* Who promises to contain it. */
typedef enum promise {
    ALWAYS,
    OTHER_UID, /* Landlock or more, or any level when we are root and the program is not us. */
    OTHER_UID_OR_SCOPE, /* The same, but below namespaces it takes a recent Landlock. */
    FROM_LANDLOCK,
    FROM_NAMESPACES,
} promise;

typedef struct attempt {
    const char *name;
    promise promise;
    /* $OUT, $SECRET, $SHARED, $VICTIM, $PORT, $FD, $TOKEN are set; E prints that it worked. */
    const char *script;
    sandbox_limits limits;
    const char *limit; /* The run must end at this limit. */
    bool loopback;
} attempt;

static const attempt attempts[] = {
    {.name = "read /etc/shadow", .promise = ALWAYS, .script = "head -c 1 /etc/shadow && E"},
    {.name = "read a private file of the user",
     .promise = OTHER_UID,
     .script = "cat $SECRET && E"},
    {.name = "read a file outside that all may read",
     .promise = FROM_LANDLOCK,
     .script = "cat $SHARED && E"},
    {.name = "list a folder outside", .promise = FROM_LANDLOCK, .script = "ls $OUT && E"},
    {.name = "write in a folder outside that all may write",
     .promise = FROM_LANDLOCK,
     .script = "echo x > $OUT/new && E; mkdir $OUT/dir; ln $SHARED link && E"},
    {.name = "truncate or remove a file outside",
     .promise = FROM_LANDLOCK,
     .script = "truncate -s 0 $SHARED && E; : > $SECRET && E; rm -f $SHARED"},
    {.name = "change the system",
     .promise = ALWAYS,
     .script =
         "for f in /usr/x /etc/x /usr/bin/x; do : > $f && E; done; chmod 777 /usr/bin && E"},
    {.name = "use an inherited descriptor",
     .promise = ALWAYS,
     .script = "[ -L /proc/self/fd/$FD ] && E"},
    {.name = "see the environment of the caller",
     .promise = ALWAYS,
     .script =
         "env | grep -v -E '^(HOME|LANG|PATH|TMPDIR|PWD|OLDPWD|SHLVL|_|OUT|SECRET|SHARED|VICTIM|PORT|"
         "FD|TOKEN)=' && E"},
    {.name = "kill a process of the host",
     .promise = OTHER_UID_OR_SCOPE,
     .script = "grep -q cogo-victim /proc/$VICTIM/comm || exit; kill -9 $VICTIM && E"},
    {.name = "see the processes of the host",
     .promise = FROM_NAMESPACES,
     .script = "grep -q cogo-victim /proc/[0-9]*/comm && E"},
    {.name = "look into a process of the host",
     .promise = OTHER_UID,
     .script =
         "grep -q cogo-victim /proc/$VICTIM/comm || exit; head -c 1 /proc/$VICTIM/environ && E; "
         "head -c 1 /proc/$VICTIM/maps && E; ls -l /proc/$VICTIM/fd/ && E"},
    {.name = "connect to a service of the host",
     .promise = ALWAYS,
     .script = "bash -c \"echo x > /dev/tcp/127.0.0.1/$PORT\" && E"},
    {.name = "connect to the host through the loopback",
     .promise = ALWAYS,
     .script = "bash -c \"echo x > /dev/tcp/127.0.0.1/$PORT\" && E",
     .loopback = true},
    {.name = "connect to the internet",
     .promise = ALWAYS,
     .script = "timeout 1 bash -c 'echo x > /dev/tcp/192.0.2.1/80' && E; "
               "timeout 1 bash -c 'echo x > /dev/udp/192.0.2.1/53' && E",
     .loopback = true},
    {.name = "make a user namespace",
     .promise = ALWAYS,
     .script = "unshare --user true && E; unshare -Urm true && E"},
    {.name = "mount a file system",
     .promise = ALWAYS,
     .script = "mkdir -p m; mount -t tmpfs none m && E; mount --bind /usr m && E"},
    {.name = "gain privileges by a setuid program",
     .promise = ALWAYS,
     .script =
         "grep -q '^NoNewPrivs:.1' /proc/self/status || E; grep '^CapEff:' /proc/self/status | "
         "grep -q -v 0000000000000000 && E"},
    {.name = "open a device of the host",
     .promise = ALWAYS,
     .script =
         "for d in /dev/mem /dev/kmem /dev/port /dev/sda /dev/vda /dev/nvme0n1 /dev/kvm; do "
         "head -c 1 $d && E; done; mknod n b 8 0 && E"},
    {.name = "fork for ever",
     .promise = ALWAYS,
     .script = "sh -c 'f() { f | f & }; f; sleep 60 & f; exec sleep 60' $TOKEN",
     .limits = {.pids = 32, .wall_ms = 1000}},
    {.name = "fill the disk with files",
     .promise = ALWAYS,
     .script = "i=0; while :; do head -c 1000000 /dev/zero > f$i || exit; i=$((i+1)); done",
     .limits = {.fs_bytes = 16 << 20},
     .limit = "fs"},
    {.name = "fill the disk with one file",
     .promise = ALWAYS,
     .script = "exec cat /dev/zero > one",
     .limits = {.fs_bytes = 16 << 20},
     .limit = "fs"},
    {.name = "take all memory",
     .promise = ALWAYS,
     .script = "exec tail /dev/zero",
     .limits = {.mem_bytes = 64 << 20},
     .limit = "mem"},
    {.name = "compute for ever",
     .promise = ALWAYS,
     .script = "while :; do :; done",
     .limits = {.cpu_ms = 300},
     .limit = "cpu"},
    {.name = "print for ever",
     .promise = ALWAYS,
     .script = "exec yes",
     .limits = {.out_bytes = 16 << 10},
     .limit = "out"},
    {.name = "ignore SIGTERM",
     .promise = ALWAYS,
     .script = "trap '' TERM HUP INT; while :; do sleep 1; done",
     .limits = {.wall_ms = 300},
     .limit = "wall"},
    {.name = "leave a daemon behind",
     .promise = ALWAYS,
     .script =
         "setsid sh -c 'sleep 300; :' $TOKEN & (setsid setsid sh -c 'trap \"\" TERM; sleep 300; :' "
         "$TOKEN &) ; exit 0"},
    {.name = "point links out of the folder",
     .promise = ALWAYS,
     .script = "ln -s $OUT folder; ln -s $SECRET file; mkdir a; ln -s ../../outside a/b"},
    {.name = "hide files from being removed",
     .promise = ALWAYS,
     .script = "mkdir -p a/b/c; : > a/b/c/f; chmod 0 a/b/c a/b a"},
};

static bool promised(const attempt *a, sandbox_level level)
{
    switch (a->promise) {
    case ALWAYS:
        return true;
    case OTHER_UID:
        return level >= SANDBOX_LANDLOCK || sandbox__slots_exist();
    case OTHER_UID_OR_SCOPE:
        return level == SANDBOX_NAMESPACES || sandbox__slots_exist()
               || (level == SANDBOX_LANDLOCK && sandbox__landlock_abi() >= SCOPED_ABI);
    case FROM_LANDLOCK:
        return level >= SANDBOX_LANDLOCK;
    case FROM_NAMESPACES:
        return level >= SANDBOX_NAMESPACES;
    }
    return true;
}

static cogo_err try_it(const attempt *a, sandbox_level level, const sandbox__probe_world *w,
                       sandbox_result *result)
{
    char script[SCRIPT_BYTES], vars[7][160];
    (void)snprintf(script, sizeof script, "E() { echo ESCAPED; }\n%s", a->script);
    (void)snprintf(vars[0], sizeof vars[0], "OUT=%s", w->outside);
    (void)snprintf(vars[1], sizeof vars[1], "SECRET=%s", w->secret);
    (void)snprintf(vars[2], sizeof vars[2], "SHARED=%s", w->shared);
    (void)snprintf(vars[3], sizeof vars[3], "VICTIM=%d", (int)w->victim);
    (void)snprintf(vars[4], sizeof vars[4], "PORT=%d", w->port);
    (void)snprintf(vars[5], sizeof vars[5], "FD=%d", w->open_secret);
    (void)snprintf(vars[6], sizeof vars[6], "TOKEN=%s", w->token);
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    const char *env[] = {vars[0], vars[1], vars[2], vars[3], vars[4], vars[5], vars[6], NULL};
    sandbox_request request = {
        .argv = argv,
        .env = env,
        .workdir = w->workdir,
        .net_loopback = a->loopback,
        .limits = a->limits,
        .cancel_fd = -1,
    };
    if (request.limits.wall_ms == 0) {
        request.limits.wall_ms = PROBE_WALL_MS;
    }
    return sandbox__run_at(&request, level, result);
}

/* NULL: contained; else what went wrong. */
static const char *judge(const attempt *a, const sandbox__probe_world *w,
                         const sandbox_result *r)
{
    if (r->end == SANDBOX_REFUSED || r->out == NULL) {
        return "the attempt could not be run";
    }
    if (memmem(r->out, r->out_size, "ESCAPED", 7) != NULL) {
        return "the attempt says that it worked";
    }
    if (!sandbox__probe_outside_intact(w)) {
        return "files outside were changed";
    }
    if (!sandbox__probe_victim_alive(w)) {
        return "a process of the host was killed";
    }
    if (sandbox__probe_was_connected(w)) {
        return "a service of the host was reached";
    }
    if (sandbox__probe_token_count(w) > 0) {
        return "a process was left behind";
    }
    if (r->wall_ms > PROBE_LATE_MS) {
        return "it took too long to end";
    }
    if (a->limit != NULL && (r->limit_hit == NULL || strcmp(r->limit_hit, a->limit) != 0)) {
        return "it did not end at its limit";
    }
    return NULL;
}

/* Each attempt gets a fresh folder, and removing the old one is part of what is tested. */
static bool renew_workdir(const sandbox__probe_world *w)
{
    sandbox_folder_remove(w->workdir);
    return access(w->workdir, F_OK) != 0 && sandbox__probe_outside_intact(w)
           && sandbox_folder_create(w->workdir) == COGO_OK;
}

static void probe(const attempt *a, sandbox_level level, const sandbox__probe_world *w,
                  sandbox_probe *out)
{
    sandbox_result result;
    *out = (sandbox_probe){.name = a->name, .applicable = promised(a, level)};
    if (!out->applicable) { /* Not tried either: it could really do harm. */
        (void)snprintf(out->detail, sizeof out->detail, "not promised at level %s",
                       sandbox_level_name(level));
        return;
    }
    cogo_err err = try_it(a, level, w, &result);
    const char *wrong = err == COGO_OK ? judge(a, w, &result) : cogo_strerror(err);
    if (wrong == NULL && !renew_workdir(w)) {
        wrong = "its folder could not be removed";
    }
    out->contained = wrong == NULL;
    (void)snprintf(out->detail, sizeof out->detail, "%s%s%.80s", wrong == NULL ? "held" : wrong,
                   result.error[0] == '\0' ? "" : "; ", result.error);
    if (wrong == NULL && result.limit_hit != NULL) {
        (void)snprintf(out->detail, sizeof out->detail, "ended at limit %s after %llu ms",
                       result.limit_hit, (unsigned long long)result.wall_ms);
    }
    sandbox_result_finish(&result);
}

size_t sandbox_self_test(sandbox_level level, sandbox_probe *out, size_t capacity)
{
    sandbox__probe_world world;
    size_t count = 0;
    if (sandbox__probe_world_init(&world)) {
        while (count < capacity && count < sizeof attempts / sizeof attempts[0]) {
            probe(&attempts[count], level, &world, &out[count]);
            count++;
        }
    }
    sandbox__probe_world_finish(&world);
    return count;
}
