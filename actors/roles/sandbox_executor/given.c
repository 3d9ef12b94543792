/* The files of the context, written into the folder before the run. */
#include "actors/roles/sandbox_executor/execution.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1000, FILE_PATH_MAX = 1024, FILE_DEPTH_MAX = 32 };

/* No "..", nothing absolute, nothing empty: so it names something below the workdir. */
static bool is_safe_path(const char *path)
{
    size_t size = strlen(path);
    int depth = 0;
    if (size == 0 || size > FILE_PATH_MAX || path[size - 1] == '/') {
        return false;
    }
    for (const char *at = path; *at != '\0'; depth++) {
        size_t part = strcspn(at, "/");
        if (part == 0 || part > 255 || (part == 1 && at[0] == '.')
            || (part == 2 && at[0] == '.' && at[1] == '.')) {
            return false;
        }
        at += part + (at[part] == '/');
    }
    return depth <= FILE_DEPTH_MAX;
}

static bool make_folders(int folder, const char *path)
{
    char prefix[FILE_PATH_MAX + 1];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(prefix, sizeof prefix, "%.*s", (int)(slash - path), path);
        if (mkdirat(folder, prefix, 0755) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

static bool write_file(int folder, const char *path, const char *bytes, size_t size)
{
    bool script = size >= 2 && bytes[0] == '#' && bytes[1] == '!';
    int fd = make_folders(folder, path)
                 ? openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                          script ? 0755 : 0644)
                 : -1;
    bool ok = fd >= 0;
    for (size_t done = 0; ok && done < size;) {
        ssize_t n = write(fd, bytes + done, size - done);
        ok = n > 0;
        done += ok ? (size_t)n : 0;
    }
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    return ok;
}

/* All names are checked before the first is written. */
bool execution_write_files(execution *x)
{
    json_t *files = json_object_get(x->job->context, "files"), *text;
    const char *path;
    if (files != NULL && (!json_is_object(files) || json_object_size(files) > FILES_MAX)) {
        role_error(x->job, "files: must be an object of at most %d texts", FILES_MAX);
        return false;
    }
    json_object_foreach(files, path, text)
    {
        if (!is_safe_path(path)) {
            role_error(x->job, "files: \"%.100s\" is no relative path inside the folder", path);
            return false;
        }
        if (!json_is_string(text)) {
            role_error(x->job, "files.%.100s: must be a text", path);
            return false;
        }
    }
    json_object_foreach(files, path, text)
    {
        if (!write_file(x->workdir_fd, path, json_string_value(text),
                        json_string_length(text))) {
            role_error(x->job, "files.%.100s: can't be written: %s", path, strerror(errno));
            return false;
        }
    }
    return true;
}
