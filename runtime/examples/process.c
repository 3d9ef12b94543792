/* A parser that nobody trusts, in a child process of this very program: text that breaks it
 * ends that process, and not this one. Its supervisor begins it anew; who called it is told
 * why. */
#include <cogo/cogo.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PARSE = COGO_MSG_USER };
#define SECOND UINT64_C(1000000000)

static cogo_err parse(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    const char *text = cogo_msg_payload(msg);
    if (strchr(text, '!') != NULL) {
        (void)raise(SIGSEGV); // As a wild pointer would do it.
    }
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), PARSE, sizeof(size_t));
    if (answer != NULL) {
        size_t words = *text != '\0';
        for (; *text != '\0'; text++) {
            words += *text == ' ';
        }
        memcpy(cogo_msg_payload(answer), &words, sizeof words);
    }
    return cogo_reply(ctx, msg, answer);
}

static const cogo_behavior parser = {
    .struct_size = sizeof(cogo_behavior), .name = "parser", .receive = parse};

/* What both processes know: types of messages, and what may be begun here by another one. */
static cogo_err set_up(cogo_system *system, void *arg)
{
    static const cogo_type text = {sizeof(cogo_type), PARSE, "example.parse", NULL};
    (void)arg;
    cogo_err err = cogo_type_register(system, &text);
    return err == COGO_OK ? cogo_behavior_register(system, &parser, NULL) : err;
}

static void quiet(void *ctx, cogo_log_level level, const char *line)
{
    (void)ctx;
    if (level == COGO_LOG_ERROR && strstr(line, "last words") == NULL) {
        printf("log: %s\n", line);
    }
}

static cogo_err ask(cogo_system *system, const char *text, size_t *out_words)
{
    cogo_msg *answer = NULL, *msg = cogo_msg_create(system, PARSE, strlen(text) + 1);
    if (msg != NULL) {
        memcpy(cogo_msg_payload(msg), text, strlen(text) + 1);
    }
    cogo_err err =
        cogo_system_ask(system, cogo_name_find(system, "parser"), msg, 30 * SECOND, &answer);
    if (err == COGO_OK) {
        memcpy(out_words, cogo_msg_payload(answer), sizeof *out_words);
    }
    cogo_msg_destroy(answer);
    return err;
}

/* A call that finds the parser between two lives is tried again, @p tries times at most. */
static bool count_words(cogo_system *system, const char *text, int tries)
{
    size_t words = 0;
    cogo_err err = ask(system, text, &words);
    while (err == COGO_EGONE && --tries > 0) {
        const struct timespec moment = {0, SECOND / 100};
        (void)nanosleep(&moment, NULL);
        err = ask(system, text, &words);
    }
    if (err == COGO_OK) {
        printf("\"%s\" has %zu words\n", text, words);
    } else {
        printf("\"%s\": %s\n", text, cogo_strerror(err));
    }
    return err == COGO_OK;
}

static int run(cogo_system *system)
{
    static const cogo_node_config node = {.struct_size = sizeof node, .name = "example"};
    static const cogo_process_pool pool = {.struct_size = sizeof pool, .name = "parsers"};
    const cogo_child_spec child = {.id = "parser",
                                   .options = {.struct_size = sizeof child.options,
                                               .behavior = &parser,
                                               .name = "parser",
                                               .placement = "process:parsers"},
                                   .backoff_min_ns = SECOND / 10};
    const cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id supervisor;
    if (set_up(system, NULL) != COGO_OK || cogo_node_start(system, &node) != COGO_OK
        || cogo_process_pool_start(system, &pool) != COGO_OK
        || cogo_supervisor_start(system, &spec, &supervisor) != COGO_OK) {
        return 1;
    }
    bool good = count_words(system, "two words", 1) && !count_words(system, "boom!", 1)
                && count_words(system, "here it is again", 1000);
    return cogo_node_stop(system, 5 * SECOND) == COGO_OK && good ? 0 : 1;
}

int main(void)
{
    const cogo_process_program program = {.struct_size = sizeof program, .setup = set_up};
    const cogo_system_config config = {.struct_size = sizeof config, .log = quiet};
    cogo_system *system = NULL;
    int code = 0;
    if (cogo_process_main(&program, &code)) {
        return code; // This was the child process.
    }
    if (cogo_system_create(&config, &system) != COGO_OK) {
        return 1;
    }
    code = run(system);
    cogo_err err = cogo_system_stop(system, 5 * SECOND);
    cogo_system_destroy(system);
    return err == COGO_OK ? code : 1;
}
