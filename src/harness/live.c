#include "harness/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

void live_name(char *name, const struct run *trunk)
{
    snprintf(name, RUN_NAME_MAX, "%s", trunk->trunk);
    char *hash = strrchr(name, '-');
    if (hash)
        *hash = '\0';
}

/* Never through a link, and a FIFO is not waited at. errno 0 where it is no regular file. */
static int open_lock(const char *path, int flags)
{
    struct stat sb;
    int fd = open(path, flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 || (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode)))
        return fd;
    close(fd);
    errno = 0;
    return -1;
}

enum status live_lock(int *fd, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, ".lock", err));
    *fd = open_lock(path, O_RDWR | O_CREAT);
    if (*fd < 0)
        return err_set(err, E_IO, "cannot write %s: %s", path, errno ? strerror(errno) : "it is no regular file");
    for (int i = 0; i < 500; i++) {
        if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
            return OK;
        clock_sleep_s(0.01);
    }
    close(*fd);
    *fd = -1;
    return err_set(err, E_IO, "another sweep is at work in %s", dir);
}

void live_unlock(int fd)
{
    if (fd < 0)
        return;
    int emptied = ftruncate(fd, 0);
    (void)emptied; /* without the lock nobody reads it */
    close(fd);
}

void live_write(int fd, const struct live *l)
{
    static const char end[] = "end\n";
    size_t size = 256 + l->n * (RUN_NAME_MAX + 128);
    char *text = malloc(size);
    if (!text)
        return;
    size_t n = (size_t)snprintf(text, size, "sweep %zu %zu %.9g %.9g %.9g %.9g\n", l->runs_done, l->runs, l->share,
                                l->tokens_per_s, l->seconds, l->left_s);
    for (size_t i = 0; i < l->n; i++) {
        const struct live_run *r = &l->run[i];
        n += (size_t)snprintf(text + n, size - n, "run %s %.9g %.9g %.9g %.9g\n", r->name, r->tokens, r->total,
                              r->loss, r->tokens_per_s);
    }
    memcpy(text + n, end, sizeof end);
    n += sizeof end - 1;
    if (pwrite(fd, text, n, 0) == (ssize_t)n) {
        int cut = ftruncate(fd, (off_t)n);
        (void)cut; /* readers stop at the end line */
    }
    free(text);
}

/* false where the text was caught in the middle of a change. */
static bool parse(struct live *l, const char *text)
{
    *l = (struct live){0};
    if (sscanf(text, "sweep %zu %zu %lf %lf %lf %lf", &l->runs_done, &l->runs, &l->share, &l->tokens_per_s,
               &l->seconds, &l->left_s) != 6)
        return false;
    while ((text = strchr(text, '\n')) && strncmp(++text, "run ", 4) == 0 && l->n < LIVE_MAX) {
        struct live_run *r = &l->run[l->n];
        _Static_assert(RUN_NAME_MAX == 96, "the width below");
        if (sscanf(text, "run %95s %lf %lf %lf %lf", r->name, &r->tokens, &r->total, &r->loss, &r->tokens_per_s) != 5)
            return false;
        l->n++;
    }
    return text && strncmp(text, "end\n", 4) == 0;
}

static void read_state(struct live *l, const char *path)
{
    for (int i = 0; i < 20; i++) {
        char *text;
        size_t size;
        if (file_read_regular(&text, &size, path, NULL) == OK) {
            bool good = parse(l, text);
            free(text);
            if (good)
                return;
        }
        clock_sleep_s(0.01);
    }
    *l = (struct live){0};
}

bool live_read(struct live *l, const char *dir)
{
    char path[FILE_PATH_MAX];
    *l = (struct live){0};
    if (file_join(path, sizeof path, dir, ".lock", NULL) != OK)
        return false;
    int fd = open_lock(path, O_RDONLY);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    if (held)
        read_state(l, path);
    return held;
}
