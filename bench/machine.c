/* Where and of what a figure is. */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef COGO_COMMIT
#    define COGO_COMMIT "unknown"
#endif

const char *bench_commit(void)
{
    return COGO_COMMIT;
}

const char *bench_compiler(void)
{
#ifdef __clang__
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

static void processor(char *out, size_t size_bytes)
{
    char line[256], *text;
    FILE *info = fopen("/proc/cpuinfo", "r");
    (void)snprintf(out, size_bytes, "unknown processor");
    while (info != NULL && fgets(line, sizeof line, info) != NULL) {
        if (strncmp(line, "model name", strlen("model name")) == 0
            && (text = strchr(line, ':')) != NULL) {
            text[strcspn(text, "\n")] = '\0';
            (void)snprintf(out, size_bytes, "%s", text + strspn(text, ": "));
            break;
        }
    }
    if (info != NULL) {
        (void)fclose(info);
    }
}

void bench_machine(char out[BENCH_TEXT_SIZE])
{
    char model[BENCH_TEXT_SIZE / 2];
    struct utsname system;
    processor(model, sizeof model);
    bool known = uname(&system) == 0;
    (void)snprintf(out, BENCH_TEXT_SIZE, "%s, %ld CPUs, %.16s %.32s", model,
                   sysconf(_SC_NPROCESSORS_ONLN), known ? system.sysname : "",
                   known ? system.release : "");
}
