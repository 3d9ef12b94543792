/* Reads the report file that a suite wrote; the suite may have put anything in its place. */
#include "actors/roles/test_runner/suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_BYTES = 256 };

/* The folder that holds @p path, opened part by part; @p out_name is the last part. */
static int open_folder(const char *tree, const char *path, const char **out_name)
{
    int folder = open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    for (const char *slash; folder >= 0 && (slash = strchr(path, '/')) != NULL;
         path = slash + 1) {
        char part[PART_BYTES];
        size_t size = (size_t)(slash - path);
        if (size == 0) {
            continue;
        }
        int next = -1;
        if (size < sizeof part) {
            memcpy(part, path, size);
            part[size] = '\0';
            next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        (void)close(folder);
        folder = next;
    }
    *out_name = path;
    return folder;
}

static char *read_all(int fd, size_t *out_size)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0) {
        return NULL;
    }
    size_t want = (uint64_t)st.st_size < SUITE_REPORT_BYTES_MAX ? (size_t)st.st_size
                                                                : SUITE_REPORT_BYTES_MAX;
    char *text = malloc(want);
    size_t used = 0;
    while (text != NULL && used < want) {
        ssize_t n = read(fd, text + used, want - used);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
    }
    *out_size = used;
    return text;
}

char *suite_read_report(const char *tree, const char *path, size_t *out_size)
{
    const char *name;
    int folder = open_folder(tree, path, &name);
    int fd =
        folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *text = fd < 0 ? NULL : read_all(fd, out_size);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (folder >= 0) {
        (void)close(folder);
    }
    return text;
}

void suite_remove_report(const char *tree, const char *path)
{
    const char *name;
    int folder = open_folder(tree, path, &name);
    if (folder >= 0) {
        (void)unlinkat(folder, name, 0); // Mostly there is none.
        (void)close(folder);
    }
}
