#include "harness/runlog.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "harness/logline.h"

enum { LINE_MAX_BYTES = 1024 }; /* some 250, and 16 for each of 32 members */

static enum status log_error(const struct runlog *l, struct err *err)
{
    return err_errno(err, errno ? errno : EIO, "cannot write", l->path);
}

/* The step of the line that ends at byte `end`, where that is an evaluation; -1. */
static int64_t last_eval_step(FILE *f, int64_t end)
{
    char tail[LINE_MAX_BYTES + 1]; /* and the end of the line before */
    int64_t from = end > (int64_t)sizeof tail - 1 ? end - (int64_t)sizeof tail + 1 : 0;
    if (fseek(f, (long)from, SEEK_SET) != 0)
        return -1;
    size_t n = fread(tail, 1, (size_t)(end - from), f);
    struct logline l, last = {.kind = LOGLINE_BAD};
    for (const char *at = tail; logline_next(&l, &at, tail + n);)
        last = l;
    const double step = last.kind == LOGLINE_EVAL ? logline_number(&last, "step") : -1;
    return step >= 0 && step < 9e15 ? (int64_t)step : -1; /* else no number, or none that counts */
}

/* What other programs see of a run that is under way is at most a second old. */
static enum status flush_now_and_then(struct runlog *l, struct err *err)
{
    double now = clock_now_s();
    if (now - l->flushed_s < 1)
        return OK;
    l->flushed_s = now;
    TRY(tensorboard_flush(&l->tb, err));
    return fflush(l->out) == 0 ? OK : log_error(l, err);
}

static enum status begin_log(struct runlog *l, const char *isa, double params_active, struct err *err)
{
    char active[48] = "";
    if (isfinite(params_active))
        snprintf(active, sizeof active, ",\"params_active\":%.0f", params_active);
    return fprintf(l->out, "{\"type\":\"start\",\"version\":\"%s\",\"compiler\":\"%s\",\"isa\":\"%s\"%s}\n", PLATEAU_VERSION,
                   __VERSION__, isa, active) < 0
               ? log_error(l, err)
               : OK;
}

static enum status open_log(struct runlog *l, const char *path, int64_t keep_bytes, const char *isa, double params_active,
                            struct err *err)
{
    TRY(file_open_in_place(&l->out, path, err));
    if (keep_bytes > 0)
        l->eval_step = last_eval_step(l->out, keep_bytes);
    if (ftruncate(fileno(l->out), (off_t)keep_bytes) != 0 || fseek(l->out, 0, SEEK_END) != 0)
        return log_error(l, err);
    return keep_bytes == 0 ? begin_log(l, isa, params_active, err) : OK;
}

enum status runlog_open(struct runlog *l, const char *dir, int64_t keep_bytes, const char *isa, double params_active,
                        bool events, struct err *err)
{
    *l = (struct runlog){.eval_step = -1, .events = events};
    TRY(file_join(l->path, sizeof l->path, dir, "log.jsonl", err));
    TRY(open_log(l, l->path, keep_bytes, isa, params_active, err));
    return events ? tensorboard_open(&l->tb, dir, keep_bytes, err) : OK;
}

static enum status put_line(struct runlog *l, const char *line, struct err *err)
{
    if (fputs(line, l->out) < 0)
        return log_error(l, err);
    if (l->events)
        TRY(tensorboard_line(&l->tb, line, err));
    return flush_now_and_then(l, err);
}

/* JSON has no NaN: null stands for it. */
static const char *number(char *buf, size_t size, double v)
{
    if (!isfinite(v))
        return "null";
    snprintf(buf, size, "%.9g", v);
    return buf;
}

enum status runlog_step(struct runlog *l, int64_t step, double tokens, double flops, double loss,
                        double lr, double grad_norm, double tokens_per_s, struct err *err)
{
    char line[LINE_MAX_BYTES], a[32], b[32], c[32];
    /* The speed is padded to a fixed width: it differs from time to time, and a checkpoint holds the
     * length of the log. */
    snprintf(line, sizeof line,
             "{\"type\":\"step\",\"step\":%lld,\"tokens\":%.0f,\"flops\":%.9g,\"loss\":%s,"
             "\"lr\":%.9g,\"grad_norm\":%s,\"tokens_per_s\":%14s}\n",
             (long long)step, tokens, flops, number(a, sizeof a, loss), lr, number(b, sizeof b, grad_norm),
             number(c, sizeof c, tokens_per_s));
    l->eval_step = -1;
    return put_line(l, line, err);
}

enum status runlog_eval(struct runlog *l, int64_t step, double tokens, double flops, double loss, double loss_se,
                        double eval_tokens, const double *members, size_t n, struct err *err)
{
    char line[LINE_MAX_BYTES], a[32], b[32];
    size_t used = (size_t)snprintf(line, sizeof line,
                                   "{\"type\":\"eval\",\"step\":%lld,\"tokens\":%.0f,\"flops\":%.9g,\"loss\":%s,"
                                   "\"loss_se\":%s,\"eval_tokens\":%.0f",
                                   (long long)step, tokens, flops, number(a, sizeof a, loss), number(b, sizeof b, loss_se),
                                   eval_tokens);
    for (size_t i = 0; members && i < n; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", i ? "," : ",\"member_losses\":[",
                                 number(a, sizeof a, members[i]));
    snprintf(line + used, sizeof line - used, "%s}\n", members ? "]" : "");
    l->eval_step = step;
    return put_line(l, line, err);
}

enum status runlog_sync(struct runlog *l, int64_t *bytes, uint64_t *checksum, uint64_t *whole, struct err *err)
{
    char *text;
    size_t size;
    if (fflush(l->out) != 0 || fsync(fileno(l->out)) != 0)
        return log_error(l, err);
    TRY(file_read_regular(&text, &size, l->path, err));
    *bytes = (int64_t)size;
    *checksum = logline_checksum(text, size);
    if (whole)
        *whole = hash_bytes(HASH_SEED, text, size);
    free(text);
    return OK;
}

void runlog_close(struct runlog *l)
{
    if (l->out)
        fclose(l->out);
    l->out = NULL;
    enum status st = tensorboard_close(&l->tb, NULL);
    (void)st; /* what is missing is added when the sweep ends */
}
