#include "actors/roles/given.h"

#include "actors/roles/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool given_source(role_job *job, const char **out_path, json_t **out_files)
{
    json_t *path = json_object_get(job->context, "path");
    json_t *files = json_object_get(job->context, "files");
    if (!json_is_object(job->context) || (path == NULL) == (files == NULL)) {
        role_error(job, "context: exactly one of \"path\" and \"files\" is needed");
        return false;
    }
    if (files != NULL) {
        if (!json_is_object(files)) {
            role_error(job, "context.files: must be an object of name to text");
        }
        *out_files = files;
        return json_is_object(files);
    }
    const char *text = json_string_value(path);
    struct stat st;
    if (text == NULL || text[0] != '/' || strlen(text) != json_string_length(path)) {
        role_error(job, "context.path: must be an absolute path");
        return false;
    }
    if (strlen(text) >= PATH_MAX - NAME_MAX) {
        role_error(job, "context.path: longer than %d bytes", PATH_MAX - NAME_MAX);
        return false;
    }
    if (stat(text, &st) != 0) {
        role_error(job, "context.path: %s: %s", text, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
        role_error(job, "context.path: %s: neither a folder nor a regular file", text);
        return false;
    }
    if (access(text, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK) != 0) {
        role_error(job, "context.path: %s: not readable: %s", text, strerror(errno));
        return false;
    }
    *out_path = text;
    return true;
}

/* A name that stays below the tree: no empty, "." or ".." part, no control characters. */
static bool name_is_safe(const char *name)
{
    if (name[0] == '\0' || strlen(name) >= PATH_MAX / 2) {
        return false;
    }
    for (const char *part = name; part != NULL;) {
        size_t size = strcspn(part, "/");
        if (size == 0 || size > NAME_MAX || (size == 1 && part[0] == '.')
            || (size == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
        part = part[size] == '/' ? part + size + 1 : NULL;
    }
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return true;
}

/* Opens folder/name for writing and makes the folders between. Below our own new folder only.
 */
static int create_below(const char *folder, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return -1;
        }
        *slash = '/';
    }
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool given_write(role_job *job, json_t *files, const char *given)
{
    const char *name = NULL;
    json_t *text = NULL;
    json_object_foreach(files, name, text)
    {
        if (!name_is_safe(name)) {
            role_error(job, "context.files: \"%.200s\" is not a relative path below the tree",
                       name);
            return false;
        }
        if (!json_is_string(text)) {
            role_error(job, "context.files: \"%.200s\" must be a string", name);
            return false;
        }
        int fd = create_below(given, name);
        bool ok = fd >= 0 && write_all(fd, json_string_value(text), json_string_length(text));
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        if (!ok) {
            role_error(job, "context.files: \"%.200s\": %s", name, strerror(error));
            return false;
        }
    }
    return true;
}

bool given_copy(role_job *job, const char *path, const char *given)
{
    char buffer[65536];
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int out = in >= 0 ? create_below(given, strrchr(path, '/') + 1) : -1;
    bool ok = out >= 0;
    uint64_t total = 0;
    while (ok) {
        ssize_t n = read(in, buffer, sizeof buffer);
        total += n > 0 ? (uint64_t)n : 0;
        if (n == 0) {
            break;
        }
        ok = n > 0 && total <= WORKSPACE_BYTES_MAX && write_all(out, buffer, (size_t)n);
    }
    if (!ok) {
        role_error(job, "context.path: %s: cannot be copied (%s)", path,
                   total > WORKSPACE_BYTES_MAX ? "beyond 2 GiB" : strerror(errno));
    }
    if (in >= 0) {
        (void)close(in);
    }
    if (out >= 0) {
        (void)close(out);
    }
    return ok;
}
