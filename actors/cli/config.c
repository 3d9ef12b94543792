#include "actors/cli/config.h"

#include "codec/contract/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Every option that may stand in the file, over all commands. */
static const char *const known_keys[] = {
    "server",
    "listen",
    "data",
    "workers",
    "api-token",
    "log-level",
    "log-format",
    "format",
    "fail-on",
    "worker-slots",
    "worker-processes",
    "state-dir",
    "json",
    "timeout",
    "priority",
    "role",
    "type",
    "node-name",
    "listen-node",
    "join",
    "members",
    "advertise",
    "worker-id",
    "cluster",
    "cluster-secret",
    "tls-cert",
    "tls-key",
    "tls-ca",
    "database-url",
    "tenant-rates",
    "keep-tasks-for",
    "keep-tasks",
    "keep-deadletters-for",
    "keep-audit-for",
    "keep-events-for",
    "keep-every",
    "no-migrate",
    "drain-timeout",
    "otlp-endpoint",
    NULL,
};

enum { CONFIG_ENTRIES_MAX = 64 };

static struct {
    char *key, *value;
} entries[CONFIG_ENTRIES_MAX];
static size_t entry_count;

static bool add(const char *path, const yaml_event_t *key, const yaml_event_t *value,
                char error[256])
{
    const char *name = (const char *)key->data.scalar.value;
    bool known = false;
    for (const char *const *k = known_keys; *k != NULL; k++) {
        known = known || strcmp(*k, name) == 0;
    }
    if (!known) {
        const char *near = NULL;
        if (names_nearest(name, known_keys, &near, 1) == 1) {
            snprintf(error, 256, "%s:%zu: unknown key '%s' (did you mean '%s'?)", path,
                     key->start_mark.line + 1, name, near);
        } else {
            snprintf(error, 256, "%s:%zu: unknown key '%s'", path, key->start_mark.line + 1,
                     name);
        }
        return false;
    }
    if (entry_count == CONFIG_ENTRIES_MAX) {
        snprintf(error, 256, "%s: more than %d keys", path, CONFIG_ENTRIES_MAX);
        return false;
    }
    entries[entry_count].key = strdup(name);
    entries[entry_count++].value = strdup((const char *)value->data.scalar.value);
    return true;
}

static bool read_mapping(const char *path, yaml_parser_t *parser, char error[256])
{
    int depth = 0;
    bool good = true, done = false;
    yaml_event_t key = {.type = YAML_NO_EVENT};
    while (good && !done) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            snprintf(error, 256, "%s:%zu: %s", path, parser->problem_mark.line + 1,
                     parser->problem != NULL ? parser->problem : "not YAML");
            good = false;
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        depth += event.type == YAML_MAPPING_START_EVENT;
        bool nested = depth > 1 || event.type == YAML_SEQUENCE_START_EVENT
                      || event.type == YAML_ALIAS_EVENT
                      || (event.type == YAML_SCALAR_EVENT && depth == 0);
        if (nested) {
            snprintf(error, 256, "%s:%zu: only 'key: word' lines are taken, no lists or maps",
                     path, event.start_mark.line + 1);
            good = false;
        } else if (event.type == YAML_SCALAR_EVENT && key.type == YAML_NO_EVENT) {
            key = event;
            continue;
        } else if (event.type == YAML_SCALAR_EVENT) {
            good = add(path, &key, &event, error);
            yaml_event_delete(&key);
            key.type = YAML_NO_EVENT;
        }
        depth -= event.type == YAML_MAPPING_END_EVENT;
        yaml_event_delete(&event);
    }
    if (key.type != YAML_NO_EVENT) {
        yaml_event_delete(&key);
    }
    return good;
}

bool config_load(const char *path, char error[256])
{
    if (path == NULL || entry_count > 0) {
        return true;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(error, 256, "config file %s: %s", path, strerror(errno));
        return false;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        fclose(file);
        snprintf(error, 256, "out of memory");
        return false;
    }
    yaml_parser_set_input_file(&parser, file);
    bool good = read_mapping(path, &parser, error);
    yaml_parser_delete(&parser);
    fclose(file);
    return good;
}

const char *config_value(const char *key)
{
    for (size_t i = 0; i < entry_count; i++) {
        if (strcmp(entries[i].key, key) == 0) {
            return entries[i].value;
        }
    }
    return NULL;
}
