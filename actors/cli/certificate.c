#include "actors/cli/certificate.h"

#include "actors/cli/log.h"

#include <cogo/node.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 3 };

typedef struct named_file {
    const char *option, *path;
} named_file;

static void name_files(const node_links *links, named_file out[FILES])
{
    out[0] = (named_file){"tls-cert", links->tls_cert};
    out[1] = (named_file){"tls-key", links->tls_key};
    out[2] = (named_file){"tls-ca", links->tls_ca};
}

static bool has_tls(const node_links *links)
{
    return links->tls_cert != NULL || links->tls_key != NULL || links->tls_ca != NULL;
}

static bool can_be_read(const named_file *file, char error[256])
{
    if (file->path == NULL) {
        snprintf(error, 256, "--%s is missing: --tls-cert, --tls-key and --tls-ca go together",
                 file->option);
        return false;
    }
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0;
    if (!good) {
        snprintf(error, 256, "--%s %.150s: %s", file->option, file->path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        snprintf(error, 256, "--%s %.150s: not a file", file->option, file->path);
        good = false;
    } else if (strcmp(file->option, "tls-key") == 0 && (st.st_mode & S_IROTH) != 0) {
        log_line(COGO_LOG_WARN,
                 "--tls-key %s can be read by everybody on this machine (mode "
                 "%04o): chmod 600",
                 file->path, (unsigned)(st.st_mode & 07777));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

static bool all_can_be_read(const node_links *links, char error[256])
{
    named_file files[FILES];
    name_files(links, files);
    for (size_t i = 0; i < FILES; i++) {
        if (!can_be_read(&files[i], error)) {
            return false;
        }
    }
    return true;
}

static cogo_node_config config_of(const node_links *links, const char *name)
{
    return (cogo_node_config){.struct_size = sizeof(cogo_node_config),
                              .name = name,
                              .tls_cert = links->tls_cert,
                              .tls_key = links->tls_key,
                              .tls_ca = links->tls_ca};
}

bool certificate_check(const node_links *links, const char *name, char error[256])
{
    char why[200] = "";
    if (!has_tls(links)) {
        return true;
    }
    if (!all_can_be_read(links, error)) {
        return false;
    }
    cogo_node_config config = config_of(links, name);
    cogo_err err = cogo_node_tls_check(&config, why, sizeof why);
    if (err != COGO_OK) {
        snprintf(error, 256, "TLS of node links: %s",
                 why[0] != '\0' ? why : cogo_strerror(err));
    }
    return err == COGO_OK;
}

/* A number that is another one when a file was changed or replaced. Never 0. */
static uint64_t look_of(const node_links *links)
{
    named_file files[FILES];
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a. */
    name_files(links, files);
    for (size_t i = 0; i < FILES; i++) {
        struct stat st;
        memset(&st, 0, sizeof st);
        (void)stat(files[i].path, &st); /* One that is gone is a change, too. */
        uint64_t words[] = {(uint64_t)st.st_ino, (uint64_t)st.st_size,
                            (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            hash = (hash ^ words[w]) * UINT64_C(1099511628211);
        }
    }
    return hash | 1;
}

void certificate_watch_init(certificate_watch *watch, const node_links *links)
{
    *watch = (certificate_watch){.links = links};
    if (has_tls(links)) {
        watch->seen = look_of(links);
    }
}

void certificate_look(certificate_watch *watch, node *n, bool always)
{
    char why[256] = "";
    uint64_t seen = look_of(watch->links);
    if (seen == watch->seen && !always) {
        return;
    }
    watch->seen = seen;
    cogo_node_config config = config_of(watch->links, NULL);
    cogo_err err = all_can_be_read(watch->links, why)
                       ? cogo_node_tls_renew(node_system(n), &config, why, sizeof why)
                       : COGO_EIO;
    if (err == COGO_OK) {
        log_line(COGO_LOG_INFO, "certificates read again: new links use them");
    } else {
        log_line(COGO_LOG_ERROR, "certificates not read again, the ones before stay in use: %s",
                 why[0] != '\0' ? why : cogo_strerror(err));
    }
}
