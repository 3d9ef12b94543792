#include "actors/roles/secret.h"
#include "actors/roles/security_scanner/sast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_FILE_MAX 20u

/* Lists of hashes and pinned versions: full of random-looking text that opens nothing. */
static bool is_lock_file(const char *path)
{
    static const char *const ends[] = {
        "package-lock.json", "yarn.lock", "poetry.lock", "Cargo.lock", "go.sum",
        ".min.js",           ".map",      ".svg"};
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t n = strlen(ends[i]);
        if (size >= n && strcmp(path + size - n, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Manuals show how a password is set; they hold none. */
static bool is_document(const workspace_file *file)
{
    const char *dot = strrchr(file->path, '.');
    return file->language == LANGUAGE_MARKDOWN || file->language == LANGUAGE_HTML
           || strncmp(file->path, "doc/", 4) == 0 || strncmp(file->path, "docs/", 5) == 0
           || (dot != NULL && (strcmp(dot, ".rst") == 0 || strcmp(dot, ".adoc") == 0));
}

static void add(scan *s, const char *path, unsigned line, const char *text,
                const secret_hit *hit)
{
    char mask[SECRET_MASK_MAX + 1], message[200];
    secret_mask(text + hit->start, hit->size, mask);
    (void)snprintf(message, sizeof message, "%s in source: \"%s\"", hit->title, mask);
    finding_add(s->findings, &(finding_draft){
                                 .rule_id = hit->rule_id,
                                 .cwe = 798,
                                 .severity = FINDING_HIGH,
                                 .dimension = FINDING_SECURITY,
                                 .file = path,
                                 .line = line,
                                 .column = (unsigned)hit->start + 1,
                                 .message = message,
                                 .tool = "secrets",
                                 .trust = 8,
                             });
}

static void scan_text(scan *s, const workspace_file *file, const char *text, size_t size)
{
    bool lenient = workspace_is_test(file->path) || is_document(file);
    const char *at = text, *end = text + size;
    unsigned found = 0;
    for (unsigned line = 1; at < end && found < PER_FILE_MAX; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);
        secret_hit hit;
        if (secret_find(at, length, 0, lenient, &hit)) {
            add(s, file->path, line, at, &hit);
            found++;
        }
        at += length + 1;
    }
}

void sast_secrets(scan *s)
{
    uint64_t start = tool_now_ns();
    size_t files = 0;
    for (size_t i = 0; i < s->ws->count && !role_cancelled(s->box->job); i++) {
        const workspace_file *file = &s->ws->files[i];
        size_t size = 0;
        char *text = file->generated || is_lock_file(file->path)
                         ? NULL
                         : workspace_read(s->ws, file, &size);
        if (text != NULL) {
            scan_text(s, file, text, size);
            files++;
        }
        free(text);
    }
    if (files > 0) {
        tool_own(s->box, "secrets", files, (tool_now_ns() - start) / 1000000u);
    }
}
