#include "actors/sandbox/probe_world.h"

#include "actors/sandbox/sandbox.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INHERITED_FD_FIRST = 200, OUTSIDE_FILES = 2 };

static const char secret_text[] = "secret\n";

static bool write_file(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool ok = fd >= 0 && fchmod(fd, mode) == 0
              && write(fd, secret_text, sizeof secret_text - 1) == sizeof secret_text - 1;
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok;
}

static bool make_files(sandbox__probe_world *w)
{
    (void)snprintf(w->base, sizeof w->base, "/tmp/cogo-escape-XXXXXX");
    if (mkdtemp(w->base) == NULL) {
        w->base[0] = '\0';
        return false;
    }
    (void)snprintf(w->token, sizeof w->token, "token-%s",
                   w->base + sizeof "/tmp/cogo-escape-" - 1);
    (void)snprintf(w->workdir, sizeof w->workdir, "%s/work", w->base);
    (void)snprintf(w->outside, sizeof w->outside, "%s/outside", w->base);
    (void)snprintf(w->secret, sizeof w->secret, "%s/secret", w->outside);
    (void)snprintf(w->shared, sizeof w->shared, "%s/shared", w->outside);
    return chmod(w->base, 0755) == 0 && mkdir(w->outside, 0755) == 0
           && chmod(w->outside, 0777) == 0 && write_file(w->secret, 0600)
           && write_file(w->shared, 0644) && sandbox_folder_create(w->workdir) == COGO_OK;
}

static bool start_victim(sandbox__probe_world *w)
{
    w->victim = fork();
    if (w->victim == 0) {
        (void)prctl(PR_SET_NAME, "cogo-victim");
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)alarm(300); /* Should we be killed before we can kill it. */
        for (;;) {
            (void)pause();
        }
    }
    return w->victim > 0;
}

static bool start_listener(sandbox__probe_world *w)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = w->listener >= 0 && bind(w->listener, (struct sockaddr *)&at, size) == 0
              && listen(w->listener, 8) == 0
              && getsockname(w->listener, (struct sockaddr *)&at, &size) == 0;
    w->port = ntohs(at.sin_port);
    return ok;
}

bool sandbox__probe_world_init(sandbox__probe_world *w)
{
    *w = (sandbox__probe_world){.listener = -1, .open_secret = -1};
    if (!make_files(w) || !start_victim(w) || !start_listener(w)) {
        return false;
    }
    int fd = open(w->secret, O_RDONLY | O_CLOEXEC);
    w->open_secret = fd < 0 ? -1 : fcntl(fd, F_DUPFD, INHERITED_FD_FIRST);
    if (fd >= 0) {
        (void)close(fd);
    }
    return w->open_secret >= 0;
}

void sandbox__probe_world_finish(sandbox__probe_world *w)
{
    if (w->victim > 0) {
        (void)kill(w->victim, SIGKILL);
        (void)waitpid(w->victim, NULL, 0);
    }
    if (w->listener >= 0) {
        (void)close(w->listener);
    }
    if (w->open_secret >= 0) {
        (void)close(w->open_secret);
    }
    if (w->base[0] != '\0') {
        sandbox_folder_remove(w->base);
    }
}

bool sandbox__probe_victim_alive(const sandbox__probe_world *w)
{
    siginfo_t info = {0};
    int found = waitid(P_PID, (id_t)w->victim, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT);
    return found == 0 && info.si_pid == 0;
}

bool sandbox__probe_was_connected(const sandbox__probe_world *w)
{
    struct pollfd wait = {.fd = w->listener, .events = POLLIN};
    bool connected = poll(&wait, 1, 0) == 1;
    if (connected) {
        int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    return connected;
}

static bool carries(int proc, const char *pid, const char *token)
{
    char path[300], text[4096];
    (void)snprintf(path, sizeof path, "%s/cmdline", pid);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text);
    if (fd >= 0) {
        (void)close(fd);
    }
    return size > 0 && memmem(text, (size_t)size, token, strlen(token)) != NULL;
}

int sandbox__probe_token_count(const sandbox__probe_world *w)
{
    DIR *proc = opendir("/proc");
    int count = 0;
    for (const struct dirent *e = proc == NULL ? NULL : readdir(proc); e != NULL;
         e = readdir(proc)) {
        count += e->d_name[0] >= '1' && e->d_name[0] <= '9'
                 && carries(dirfd(proc), e->d_name, w->token);
    }
    if (proc != NULL) {
        (void)closedir(proc);
    }
    return count;
}

static bool is_secret(const char *path)
{
    char text[sizeof secret_text] = "";
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0) {
        (void)close(fd);
    }
    return size == sizeof secret_text - 1 && memcmp(text, secret_text, (size_t)size) == 0;
}

bool sandbox__probe_outside_intact(const sandbox__probe_world *w)
{
    DIR *dir = opendir(w->outside);
    int files = 0;
    for (const struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL;
         e = readdir(dir)) {
        files += e->d_name[0] != '.';
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return files == OUTSIDE_FILES && is_secret(w->secret) && is_secret(w->shared);
}
