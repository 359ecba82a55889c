#include "harness/slots.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/system.h"

/* Bytes of a core: one holder that works, and those before it that were stopped. */
enum { DEEP = 8 };

static uint64_t key_of(const char *where, const struct stat *folder)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%s %llu %llu", where, (unsigned long long)folder->st_dev,
                     (unsigned long long)folder->st_ino);
    return hash_bytes(HASH_SEED, text, (size_t)n);
}

static bool lock(const struct slots *s, short type, off_t from, off_t n)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = n};
    return fcntl(s->fd, F_SETLK, &l) == 0;
}

/* Held by all that have the file open, each as a reader: who can have it alone is the last. */
#define PRESENT ((off_t)DEEP * 1000000)

/* In a folder that all may write to, somebody else's file is none, and one whose name was removed meanwhile is nobody's. */
static bool good(const struct slots *s)
{
    struct stat here, named;
    return fstat(s->fd, &here) == 0 && S_ISREG(here.st_mode) && here.st_uid == geteuid() && lock(s, F_RDLCK, PRESENT, 1) &&
           lstat(s->path, &named) == 0 && named.st_dev == here.st_dev && named.st_ino == here.st_ino;
}

void slots_open(struct slots *s, const char *dir)
{
    char where[80], name[64];
    const char *tmp = getenv("TMPDIR");
    struct stat sb;
    *s = (struct slots){.fd = -1};
    system_where(where, sizeof where);
    if (where[0] == '\0' || stat(dir, &sb) != 0)
        return;
    snprintf(name, sizeof name, "plateau-cores-%lu-%016llx", (unsigned long)geteuid(), (unsigned long long)key_of(where, &sb));
    if (file_join(s->path, sizeof s->path, tmp && tmp[0] ? tmp : "/tmp", name, NULL) != OK)
        return;
    for (int tries = 0; tries < 3 && s->fd < 0; tries++) {
        s->fd = open(s->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (s->fd < 0 || good(s))
            return;
        close(s->fd);
        s->fd = -1;
    }
}

enum holder { NOBODY, STOPPED, AT_WORK };

static enum holder holder_of(const struct slots *s, int byte)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    if (fcntl(s->fd, F_GETLK, &l) != 0 || l.l_type == F_UNLCK)
        return NOBODY;
    return l.l_pid > 0 && system_process_stopped(l.l_pid) ? STOPPED : AT_WORK;
}

static bool take_core(struct slots *s, int core)
{
    int free_byte = -1;
    for (int byte = DEEP * core; byte < DEEP * (core + 1); byte++) {
        enum holder h = holder_of(s, byte);
        if (h == AT_WORK)
            return false;
        if (h == NOBODY && free_byte < 0)
            free_byte = byte;
    }
    if (free_byte < 0 || !lock(s, F_WRLCK, free_byte, 1)) /* somebody was faster */
        return false;
    s->held[s->n_held++] = free_byte;
    return true;
}

bool slots_take(struct slots *s, int want)
{
    int core[SLOTS_MAX];
    if (s->fd < 0 || s->n_held > 0)
        return true;
    size_t n = system_core_list(core, SLOTS_MAX), needed = (size_t)want < n ? (size_t)want : n;
    for (size_t i = 0; i < n && s->n_held < needed; i++)
        (void)take_core(s, core[i]);
    if (s->n_held == needed)
        return true;
    slots_give(s);
    return false;
}

void slots_give(struct slots *s)
{
    for (size_t i = 0; i < s->n_held; i++)
        (void)lock(s, F_UNLCK, s->held[i], 1);
    s->n_held = 0;
}

void slots_close(struct slots *s)
{
    if (s->fd < 0)
        return;
    slots_give(s);
    if (lock(s, F_WRLCK, PRESENT, 1))
        unlink(s->path);
    close(s->fd);
    s->fd = -1;
}
