#include "harness/heartbeat.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

static size_t text_of(char *text, size_t size, const struct heartbeat *h)
{
    const struct live *l = &h->live;
    size_t n = (size_t)snprintf(text, size,
                                "worker 1\nbeat %zu %.9g\nid %s\nhost %s\nwhere %s\npid %ld\ncores %d\nisa %s\n"
                                "speed %.9g %.9g\ndone %zu\n",
                                h->beat, h->every_s, h->id, h->host, h->where[0] ? h->where : "-", h->pid, h->cores, h->isa,
                                l->tokens_per_s, h->work_per_s, h->runs_done);
    for (size_t i = 0; i < l->n && n < size; i++) {
        const struct live_run *r = &l->run[i];
        n += (size_t)snprintf(text + n, size - n, "run %s %.9g %.9g %.9g %.9g\n", r->name, r->tokens, r->total, r->loss,
                              r->tokens_per_s);
    }
    if (n < size)
        n += (size_t)snprintf(text + n, size - n, "end\n");
    return n < size ? n : size - 1;
}

enum status heartbeat_write(const struct heartbeat *h, const char *path, bool create, bool *gone, struct err *err)
{
    size_t size = 1024 + h->live.n * (RUN_NAME_MAX + 128);
    char *text = malloc(size);
    if (!text)
        return err_set(err, E_NOMEM, "out of memory for a heartbeat");
    size_t n = text_of(text, size, h);
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (create ? O_CREAT : 0), 0666);
    bool whole = fd >= 0 && pwrite(fd, text, n, 0) == (ssize_t)n && ftruncate(fd, (off_t)n) == 0;
    int e = whole ? 0 : errno ? errno : EIO;
    if (fd >= 0 && close(fd) != 0 && !e)
        e = errno;
    free(text);
    *gone = e == ENOENT || e == ESTALE;
    return e ? err_set(err, E_IO, "cannot write %s: %s", path, strerror(e)) : OK;
}

static void take_run(struct heartbeat *h, const char *line)
{
    struct live *l = &h->live;
    struct live_run *r = &l->run[l->n];
    _Static_assert(RUN_NAME_MAX == 96, "the width below");
    if (l->n < LIVE_MAX &&
        sscanf(line, "run %95s %lf %lf %lf %lf", r->name, &r->tokens, &r->total, &r->loss, &r->tokens_per_s) == 5)
        l->n++;
}

static void parse(struct heartbeat *h, const char *text)
{
    *h = (struct heartbeat){.work_per_s = (double)NAN};
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0) {
        (void)!sscanf(line, "beat %zu %lf", &h->beat, &h->every_s);
        (void)!sscanf(line, "id %95s", h->id);
        (void)!sscanf(line, "host %63s", h->host);
        (void)!sscanf(line, "where %79s", h->where);
        (void)!sscanf(line, "pid %ld", &h->pid);
        (void)!sscanf(line, "cores %d", &h->cores);
        (void)!sscanf(line, "isa %15s", h->isa);
        (void)!sscanf(line, "speed %lf %lf", &h->live.tokens_per_s, &h->work_per_s);
        (void)!sscanf(line, "done %zu", &h->runs_done);
        take_run(h, line);
    }
    if (strcmp(h->where, "-") == 0)
        h->where[0] = '\0';
}

bool heartbeat_read(struct heartbeat *h, uint64_t *mark, const char *path)
{
    char *text;
    size_t size;
    *mark = 0;
    *h = (struct heartbeat){.work_per_s = (double)NAN};
    if (file_read_regular(&text, &size, path, NULL) != OK)
        return false;
    *mark = hash_bytes(HASH_SEED, text, size);
    parse(h, text);
    free(text);
    return true;
}
