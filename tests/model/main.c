/* explore: runs the programs, with all orders as they are or with one that is weaker.
 *   explore                                   every program; the last line is 'N passed, N
 * failed' explore --program P                       those whose name begins with P explore
 * --weaken 'SITE=ORDER'             as if SITE (a name of --sites) had that order explore
 * --executions N --seed N           how many of each program; where chance begins explore
 * --program P --repeat C [--trace]  one execution again, by the choices of a report explore
 * --sites                           the operations that have an order to lose: name, order, how
 * often reached, weaker orders Exit: 0 nothing was found; 1 something was; 2 wrong use. */
#include "tests/model/engine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const model_program *const groups[] = {
    memory_programs, mailbox_programs, signal_programs,  deque_programs,
    heap_programs,   table_programs,   waiting_programs, system_programs,
    limit_programs,  seeing_programs,  poller_programs,  spare_programs};

static _Noreturn void usage(const char *what)
{
    fprintf(stderr, "explore: %s (see the head of tests/model/main.c)\n", what);
    exit(2);
}

static void weaken(const char *mutation)
{
    char name[512];
    (void)snprintf(name, sizeof name, "%s", mutation);
    char *equals = strrchr(name, '=');
    cogo__atomic_order order = COGO__RELAXED;
    if (equals == NULL || !order_parse(equals + 1, &order)) {
        usage("--weaken wants SITE=ORDER");
    }
    *equals = '\0';
    site_record *record = sites_find(name);
    if (record == NULL) {
        usage("no such site; --sites lists them");
    }
    record->order = order;
}

/* A weakened order may lead anywhere. */
static void crashed(int number)
{
    run_fail("the program crashed with signal %d", number);
}

static void catch_crashes(void)
{
    static char stack[65536];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
    (void)sigaltstack(&alternative, NULL);
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
    (void)sigaction(SIGFPE, &action, NULL);
    (void)sigaction(SIGABRT, &action, NULL);
}

int main(int argc, char **argv)
{
    run_options options = {.seed = 1};
    const char *wanted = "";
    bool list = false;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        bool flag = strcmp(name, "--sites") == 0 || strcmp(name, "--trace") == 0;
        const char *value = !flag && i + 1 < argc ? argv[++i] : NULL;
        list = list || strcmp(name, "--sites") == 0;
        options.trace = options.trace || strcmp(name, "--trace") == 0;
        if (!flag && value == NULL) {
            usage("an option wants a value");
        } else if (strcmp(name, "--program") == 0) {
            wanted = value;
        } else if (strcmp(name, "--weaken") == 0) {
            options.mutation = value;
        } else if (strcmp(name, "--executions") == 0) {
            options.executions = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--seed") == 0) {
            options.seed = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--repeat") == 0) {
            options.repeat = value;
        } else if (!flag) {
            usage("unknown option");
        }
    }
    sites_read();
    catch_crashes();
    if (options.mutation != NULL) {
        weaken(options.mutation);
    }
    unsigned passed = 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        for (const model_program *p = groups[i]; p->name != NULL; p++) {
            if (strncmp(p->name, wanted, strlen(wanted)) == 0) {
                uint64_t executions = run_program(p, &options);
                if (!list) {
                    printf("%s: %llu executions\n", p->name, (unsigned long long)executions);
                }
                passed++;
            }
        }
    }
    if (list) {
        sites_print();
    } else {
        printf("%u passed, 0 failed\n", passed);
    }
    return passed == 0 ? 2 : 0;
}
