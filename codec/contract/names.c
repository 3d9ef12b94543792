#include "codec/contract/names.h"

#include <stdbool.h>
#include <string.h>

#define ROLES(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

const contract_worker_type contract_worker_types[] = {
    {"code-generation",
     ROLES("code-generator", "code-reviewer", "code-optimizer", "test-generator")},
    {"quality-assurance",
     ROLES("code-validator", "test-runner", "security-scanner", "performance-analyzer")},
    {"knowledge-management", ROLES("knowledge-ingester", "knowledge-searcher",
                                   "knowledge-analyzer", "knowledge-organizer")},
    {"integration-testing",
     ROLES("integration-tester", "deployment-manager", "monitoring-setup", "rollback-manager")},
    {"research", ROLES("researcher", "pattern-recognizer", "recommender", "learner")},
    {"sandbox", ROLES("sandbox-executor", "sandbox-doctor")},
    {"indexing", ROLES("code-indexer", "document-indexer", "embedding-indexer", "reindexer")},
    {"deployment", ROLES("container-manager", "k8s-deployer", "environment-manager")},
    {NULL, NULL},
};

int contract_role_known(const char *name)
{
    if (name == NULL) {
        return 0;
    }
    for (const contract_worker_type *type = contract_worker_types; type->name != NULL; type++) {
        for (size_t i = 0; type->roles[i] != NULL; i++) {
            if (strcmp(type->roles[i], name) == 0) {
                return 1;
            }
        }
    }
    return strcmp(name, "echo") == 0;
}

enum {
    NAME_LENGTH_MAX = 64,    // A longer name is near to none.
    DISTANCE_FREE = 1,       // Edits that are always near,
    LENGTH_PER_DISTANCE = 3, // and one more for as many characters.
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, remove, replace, swap two neighbours) that make @p b of @p a. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NAME_LENGTH_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2])
                           && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

/* The place of a candidate: as many as are nearer, or as near and earlier. */
static size_t place(const size_t *distances, size_t count, size_t distance)
{
    size_t at = count;
    while (at > 0 && distances[at - 1] > distance) {
        at--;
    }
    return at;
}

size_t names_nearest(const char *name, const char *const *known, const char **out,
                     size_t capacity)
{
    enum { NEAREST_MAX = 8 };
    size_t distances[NEAREST_MAX + 1];
    size_t count = 0;
    size_t length = name == NULL ? 0 : strlen(name);
    if (capacity > NEAREST_MAX) {
        capacity = NEAREST_MAX;
    }
    if (length == 0 || length > NAME_LENGTH_MAX || capacity == 0) {
        return 0;
    }
    for (size_t i = 0; known[i] != NULL; i++) {
        size_t known_length = strlen(known[i]);
        if (known_length > NAME_LENGTH_MAX) {
            continue;
        }
        size_t distance = edit_distance(name, length, known[i], known_length);
        size_t at = place(distances, count, distance);
        if (distance > DISTANCE_FREE + least(length, known_length) / LENGTH_PER_DISTANCE
            || at == capacity) {
            continue;
        }
        size_t moved = (count < capacity ? count : capacity - 1) - at;
        memmove(&distances[at + 1], &distances[at], moved * sizeof distances[0]);
        memmove(&out[at + 1], &out[at], moved * sizeof out[0]);
        distances[at] = distance;
        out[at] = known[i];
        count += count < capacity;
    }
    return count;
}
