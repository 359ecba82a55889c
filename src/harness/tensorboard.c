#include "harness/tensorboard.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/hparams.h"
#include "harness/logline.h"

/* One record; far more than any line of a log needs. */
struct record {
    unsigned char bytes[512];
    size_t n;
};

enum { HEAD = 12, TAIL = 4, WALL_TIME = HEAD + 1 /* after the field's key */ };

/* ---- CRC-32C (Castagnoli), reflected ---- */

static void crc_init(uint32_t *table)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = (c >> 1) ^ (0x82F63B78u & (0u - (c & 1)));
        table[i] = c;
    }
}

static uint32_t masked_crc(const uint32_t *table, const unsigned char *p, size_t n)
{
    uint32_t c = ~0u;
    for (size_t i = 0; i < n; i++)
        c = table[(c ^ p[i]) & 0xff] ^ (c >> 8);
    c = ~c;
    return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

/* ---- protobuf, as much as an Event needs ---- */

static void put_bytes(struct record *r, const void *p, size_t n)
{
    CHECK(r->n + n <= sizeof r->bytes);
    memcpy(r->bytes + r->n, p, n);
    r->n += n;
}

static void put_little_endian(struct record *r, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_bytes(r, &(unsigned char){(unsigned char)(v >> (8 * i))}, 1);
}

static void put_varint(struct record *r, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        put_bytes(r, &(unsigned char){(unsigned char)(v | 0x80)}, 1);
    put_bytes(r, &(unsigned char){(unsigned char)v}, 1);
}

enum wire { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void put_key(struct record *r, unsigned field, enum wire wire)
{
    put_varint(r, field << 3 | (unsigned)wire);
}

static void put_field(struct record *r, unsigned field, const void *p, size_t n)
{
    put_key(r, field, BYTES);
    put_varint(r, n);
    put_bytes(r, p, n);
}

/* Summary.Value { tag = 1, simple_value = 2 } as field 1 of a Summary. */
static void put_value(struct record *summary, const char *tag, double value)
{
    struct record v = {.n = 0};
    float f = (float)value;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    put_field(&v, 1, tag, strlen(tag));
    put_key(&v, 2, FIXED32);
    put_little_endian(&v, bits, 4);
    put_field(summary, 1, v.bytes, v.n);
}

static void begin(struct record *r, double wall_time)
{
    uint64_t bits;
    memcpy(&bits, &wall_time, sizeof bits);
    r->n = HEAD; /* filled in at the end */
    put_key(r, 1, FIXED64);
    put_little_endian(r, bits, 8);
}

static void end(struct record *r, const uint32_t *crc)
{
    struct record head = {.n = 0};
    size_t n = r->n - HEAD;
    put_little_endian(&head, n, 8);
    put_little_endian(&head, masked_crc(crc, head.bytes, 8), 4);
    memcpy(r->bytes, head.bytes, HEAD);
    put_little_endian(r, masked_crc(crc, r->bytes + HEAD, n), TAIL);
}

static void make_version(struct record *r, const uint32_t *crc, double wall_time)
{
    static const char version[] = "brain.Event:2";
    begin(r, wall_time);
    put_field(r, 3, version, sizeof version - 1);
    end(r, crc);
}

/* ---- from a line of the log ---- */

/* false for a line that is neither a step nor an evaluation. */
static bool make_event(struct record *r, const uint32_t *crc, const struct logline *l, double wall_time)
{
    static const char *const step_tags[][2] = {
        {"loss/train", "loss"}, {"lr", "lr"}, {"grad_norm", "grad_norm"}, {"tokens_per_s", "tokens_per_s"}};
    struct record summary = {.n = 0};
    if (l->kind == LOGLINE_STEP) {
        for (size_t i = 0; i < sizeof step_tags / sizeof *step_tags; i++)
            put_value(&summary, step_tags[i][0], logline_number(l, step_tags[i][1]));
    } else if (l->kind == LOGLINE_EVAL) {
        put_value(&summary, "loss/eval", logline_number(l, "loss"));
    } else {
        return false;
    }
    double step = logline_number(l, "step");
    begin(r, wall_time);
    put_key(r, 2, VARINT);
    put_varint(r, step >= 0 && step < 9e15 ? (uint64_t)step : 0);
    put_field(r, 5, summary.bytes, summary.n);
    end(r, crc);
    return true;
}

/* ---- the file ---- */

static double wall_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum status write_record(struct tensorboard *tb, const struct record *r, struct err *err)
{
    errno = 0;
    if (fwrite(r->bytes, 1, r->n, tb->out) != r->n)
        return err_errno(err, errno ? errno : EIO, "cannot write", tb->path);
    return OK;
}

enum status tensorboard_line(struct tensorboard *tb, const char *line, struct err *err)
{
    struct record r;
    struct logline l = logline_of(line, strcspn(line, "\n"));
    return make_event(&r, tb->crc, &l, wall_clock()) ? write_record(tb, &r, err) : OK;
}

/* The time in a record of the old file, so that one made with it can be compared byte by byte. */
static double time_at(const char *old, size_t size, size_t at)
{
    double t = 0;
    uint64_t bits = 0;
    for (size_t i = 0; i < 8 && at + WALL_TIME + 8 <= size; i++)
        bits |= (uint64_t)(unsigned char)old[at + WALL_TIME + i] << (8 * i);
    memcpy(&t, &bits, sizeof t);
    return t;
}

/* Bytes of the old file that agree with the log; *rest: the log's first line that has no event there. */
static size_t agreement(const char *old, size_t size, const uint32_t *crc, const char *log, const char *end,
                        const char **rest)
{
    struct record r;
    struct logline l;
    size_t at = 0;
    *rest = log;
    make_version(&r, crc, time_at(old, size, 0));
    for (const char *next = log;;) {
        if (r.n > size - at || memcmp(old + at, r.bytes, r.n) != 0)
            return at;
        at += r.n;
        do {
            *rest = next;
            if (!logline_next(&l, &next, end))
                return at;
        } while (!make_event(&r, crc, &l, time_at(old, size, at)));
    }
}

static enum status read_old(char **old, size_t *size, const char *path, struct err *err)
{
    if (file_exists(path))
        return file_read_regular(old, size, path, err);
    *size = 0;
    *old = calloc(1, 1);
    return *old ? OK : err_set(err, E_NOMEM, "out of memory reading %s", path);
}

static enum status bring_up_to(struct tensorboard *tb, const char *log, const char *log_end, struct err *err)
{
    char *old;
    const char *rest;
    size_t size;
    struct logline l;
    struct record r;
    TRY(read_old(&old, &size, tb->path, err));
    size_t keep = agreement(old, size, tb->crc, log, log_end, &rest);
    free(old);
    TRY(file_open_in_place(&tb->out, tb->path, err));
    if ((keep < size && ftruncate(fileno(tb->out), (off_t)keep) != 0) || fseek(tb->out, 0, SEEK_END) != 0)
        return err_errno(err, errno, "cannot write", tb->path);
    if (keep == 0) {
        make_version(&r, tb->crc, wall_clock());
        TRY(write_record(tb, &r, err));
    }
    while (logline_next(&l, &rest, log_end))
        if (make_event(&r, tb->crc, &l, wall_clock()))
            TRY(write_record(tb, &r, err));
    return OK;
}

enum status tensorboard_open(struct tensorboard *tb, const char *dir, int64_t log_bytes, struct err *err)
{
    char path[FILE_PATH_MAX], *log;
    size_t size;
    tb->out = NULL;
    crc_init(tb->crc);
    TRY(file_join(tb->path, sizeof tb->path, dir, TENSORBOARD_FILE, err));
    TRY(file_join(path, sizeof path, dir, "log.jsonl", err));
    TRY(file_read_regular(&log, &size, path, err));
    if (log_bytes >= 0 && (size_t)log_bytes < size)
        size = (size_t)log_bytes;
    while (size > 0 && log[size - 1] != '\n') /* a line that was cut short */
        size--;
    enum status st = bring_up_to(tb, log, log + size, err);
    free(log);
    return st == OK ? hparams_write(dir, err) : st;
}

/* Version and summary, framed; `out` has room for ONE_MORE bytes beyond the summary. Returns how many were written. */
enum { ONE_MORE = 128 };

static size_t frame_one(unsigned char *out, const void *summary, size_t n, double wall_time)
{
    uint32_t crc[256];
    struct record r, head = {.n = 0}, tail = {.n = 0};
    crc_init(crc);
    make_version(&r, crc, wall_time);
    memcpy(out, r.bytes, r.n);
    unsigned char *event = out + r.n;
    begin(&r, wall_time);
    put_key(&r, 5, BYTES);
    put_varint(&r, n);
    memcpy(event + HEAD, r.bytes + HEAD, r.n - HEAD);
    memcpy(event + r.n, summary, n);
    size_t body = r.n - HEAD + n;
    put_little_endian(&head, body, 8);
    put_little_endian(&head, masked_crc(crc, head.bytes, 8), 4);
    memcpy(event, head.bytes, HEAD);
    put_little_endian(&tail, masked_crc(crc, event + HEAD, body), TAIL);
    memcpy(event + HEAD + body, tail.bytes, TAIL);
    return (size_t)(event - out) + HEAD + body + TAIL;
}

enum status tensorboard_write_one(const char *path, const void *summary, size_t n, struct err *err)
{
    char *old;
    size_t size;
    TRY(read_old(&old, &size, path, err));
    unsigned char *file = malloc(n + ONE_MORE);
    enum status st = file ? OK : err_set(err, E_NOMEM, "out of memory for %s", path);
    if (st == OK) { /* with its own time, so that it can be compared byte by byte */
        size_t whole = frame_one(file, summary, n, time_at(old, size, 0));
        if (whole != size || memcmp(file, old, size) != 0)
            st = file_write_atomic(path, file, frame_one(file, summary, n, wall_clock()), err);
    }
    free(file);
    free(old);
    return st;
}

enum status tensorboard_flush(struct tensorboard *tb, struct err *err)
{
    if (tb->out && fflush(tb->out) != 0)
        return err_errno(err, errno, "cannot write", tb->path);
    return OK;
}

enum status tensorboard_close(struct tensorboard *tb, struct err *err)
{
    FILE *out = tb->out;
    tb->out = NULL;
    if (out && fclose(out) != 0)
        return err_errno(err, errno, "cannot write", tb->path);
    return OK;
}
