#include "harness/runlog.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "harness/json.h"

enum { LINE_MAX_BYTES = 512 }; /* some 250 at most: numbers of 32 characters at most */

static enum status log_error(const struct runlog *l, struct err *err)
{
    return err_errno(err, errno ? errno : EIO, "cannot write", l->path);
}

/* The step of the line that ends at byte `end`, where that is an evaluation; -1. */
static int64_t last_eval_step(FILE *f, int64_t end)
{
    static const char head[] = "{\"type\":\"eval\",\"step\":";
    char tail[LINE_MAX_BYTES + 1]; /* and the end of the line before */
    int64_t from = end > (int64_t)sizeof tail - 1 ? end - (int64_t)sizeof tail + 1 : 0;
    if (fseek(f, (long)from, SEEK_SET) != 0)
        return -1;
    size_t n = fread(tail, 1, (size_t)(end - from), f);
    if (n < 2 || tail[n - 1] != '\n')
        return -1;
    tail[n - 1] = '\0';
    const char *line = strrchr(tail, '\n');
    line = line ? line + 1 : tail;
    return strncmp(line, head, sizeof head - 1) == 0 ? strtoll(line + sizeof head - 1, NULL, 10) : -1;
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

static enum status open_log(struct runlog *l, const char *path, int64_t keep_bytes, const char *isa,
                            struct err *err)
{
    l->out = fopen(path, keep_bytes > 0 ? "r+b" : "wb");
    if (!l->out)
        return err_errno(err, errno, "cannot write", path);
    if (keep_bytes > 0) {
        l->eval_step = last_eval_step(l->out, keep_bytes);
        if (ftruncate(fileno(l->out), (off_t)keep_bytes) != 0 || fseek(l->out, 0, SEEK_END) != 0)
            return log_error(l, err);
        return OK;
    }
    if (fprintf(l->out, "{\"type\":\"start\",\"version\":\"%s\",\"compiler\":\"%s\",\"isa\":\"%s\"}\n",
                PLATEAU_VERSION, __VERSION__, isa) < 0)
        return log_error(l, err);
    return OK;
}

enum status runlog_open(struct runlog *l, const char *dir, int64_t keep_bytes, const char *isa, bool events,
                        struct err *err)
{
    *l = (struct runlog){.eval_step = -1, .events = events};
    TRY(file_join(l->path, sizeof l->path, dir, "log.jsonl", err));
    TRY(open_log(l, l->path, keep_bytes, isa, err));
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

enum status runlog_eval(struct runlog *l, int64_t step, double tokens, double flops, double loss,
                        double loss_se, struct err *err)
{
    char line[LINE_MAX_BYTES], a[32], b[32];
    snprintf(line, sizeof line,
             "{\"type\":\"eval\",\"step\":%lld,\"tokens\":%.0f,\"flops\":%.9g,\"loss\":%s,"
             "\"loss_se\":%s}\n",
             (long long)step, tokens, flops, number(a, sizeof a, loss), number(b, sizeof b, loss_se));
    l->eval_step = step;
    return put_line(l, line, err);
}

enum status runlog_sync(struct runlog *l, int64_t *bytes, struct err *err)
{
    if (fflush(l->out) != 0 || fsync(fileno(l->out)) != 0)
        return log_error(l, err);
    long at = ftell(l->out);
    if (at < 0)
        return log_error(l, err);
    *bytes = at;
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

/* ---- result.json and results.csv: one list of columns for both ---- */

struct column {
    const char *name;
    bool text;
    double value;
    const char *string;
};

enum { N_COLUMNS = 24 };

static void columns_of(struct column *col, const struct run *r, const char *data_name,
                       const struct run_result *res)
{
    const struct column all[N_COLUMNS] = {
        {"run", true, 0, r->name},
        {"status", true, 0, res->status},
        {"data", true, 0, data_name},
        {"d_model", false, (double)r->shape.C, NULL},
        {"n_layer", false, (double)r->shape.L, NULL},
        {"n_head", false, (double)r->shape.NH, NULL},
        {"ctx", false, (double)r->shape.T, NULL},
        {"vocab", false, (double)r->shape.V, NULL},
        {"params", false, r->params, NULL},
        {"params_nonembd", false, r->params_nonembd, NULL},
        {"params_matmul", false, r->params_matmul, NULL},
        {"tokens", false, r->cfg.train.tokens, NULL},
        {"flops", false, r->flops, NULL},
        {"flops_6nd", false, r->flops_6nd, NULL},
        {"batch_tokens", false, (double)r->cfg.train.batch_tokens, NULL},
        {"lr", false, r->cfg.train.lr, NULL},
        {"seed", false, (double)r->cfg.train.seed, NULL},
        {"trunk", true, 0, r->trunk},
        {"loss", false, res->loss, NULL},
        {"loss_se", false, res->loss_se, NULL},
        {"bpb", false, res->bpb, NULL},
        {"wall_s", false, res->wall_s, NULL},
        {"tokens_per_s", false, res->tokens_per_s, NULL},
        {"epochs", false, r->epochs, NULL},
    };
    memcpy(col, all, sizeof all);
}

enum status run_result_write(const char *path, const struct run *r, const char *data_name,
                             const struct run_result *res, struct err *err)
{
    struct column col[N_COLUMNS];
    columns_of(col, r, data_name, res);
    cJSON *root = cJSON_CreateObject();
    for (int i = 0; i < N_COLUMNS; i++) {
        cJSON *v = col[i].text ? cJSON_CreateString(col[i].string)
                               : (isfinite(col[i].value) ? cJSON_CreateNumber(col[i].value)
                                                         : cJSON_CreateNull());
        cJSON_AddItemToObject(root, col[i].name, v);
    }
    return json_write(path, root, err);
}

enum status run_result_read(const char *path, bool *found, struct run_result *res, struct err *err)
{
    *found = file_exists(path);
    if (!*found)
        return OK;
    cJSON *root;
    TRY(json_read(&root, path, "result of a run: delete it to train the run again", err));
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(root, "status");
    if (!cJSON_IsString(status) || strlen(status->valuestring) >= sizeof res->status) {
        cJSON_Delete(root);
        return err_set(err, E_DATA, "%s is no result of a run: delete it to train the run again", path);
    }
    strcpy(res->status, status->valuestring);
    res->loss = json_number(root, "loss");
    res->loss_se = json_number(root, "loss_se");
    res->bpb = json_number(root, "bpb");
    res->wall_s = json_number(root, "wall_s");
    res->tokens_per_s = json_number(root, "tokens_per_s");
    cJSON_Delete(root);
    return OK;
}

/* Quoted where a name holds what CSV gives a meaning to. */
static void put_text(FILE *out, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        fputs(s, out);
        return;
    }
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"')
            fputc('"', out);
        fputc(*s, out);
    }
    fputc('"', out);
}

static void put_row(FILE *out, const struct column *col, bool header)
{
    for (int i = 0; i < N_COLUMNS; i++) {
        if (i)
            fputc(',', out);
        if (header)
            fputs(col[i].name, out);
        else if (col[i].text)
            put_text(out, col[i].string);
        else if (isfinite(col[i].value))
            fprintf(out, "%.17g", col[i].value);
    }
    fputc('\n', out);
}

enum status results_write(const char *dir, const struct plan *p, const struct run_result *res,
                          const char *data_name, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct column col[N_COLUMNS];
    struct file_writer w;
    TRY(file_join(path, sizeof path, dir, "results.csv", err));
    TRY(file_writer_open(&w, path, err));
    columns_of(col, &p->runs[0], data_name, &res[0]);
    put_row(w.out, col, true);
    for (size_t i = 0; i < p->n; i++) {
        if (res[i].status[0] == '\0')
            continue;
        columns_of(col, &p->runs[i], data_name, &res[i]);
        put_row(w.out, col, false);
    }
    return file_writer_commit(&w, err);
}

enum status sweep_json_write(const char *dir, const struct config *c, const struct sweep_facts *f,
                             struct err *err)
{
    char path[FILE_PATH_MAX], *config_text, hash[32];
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    TRY(config_to_json(&config_text, c, false, err));
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", f->version);
    cJSON *machine = cJSON_AddObjectToObject(root, "machine");
    struct utsname u;
    if (uname(&u) == 0) {
        cJSON_AddStringToObject(machine, "system", u.sysname);
        cJSON_AddStringToObject(machine, "arch", u.machine);
    }
    cJSON_AddNumberToObject(machine, "cores", f->cores);
    cJSON_AddStringToObject(machine, "isa", f->isa);
    if (isfinite(f->floor)) {
        cJSON *truth = cJSON_AddObjectToObject(root, "truth");
        cJSON_AddNumberToObject(truth, "floor", f->floor);
        cJSON_AddNumberToObject(truth, "floor_heldout", f->eval_floor);
    }
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)f->data_fingerprint);
    cJSON_AddStringToObject(root, "data_fingerprint", hash);
    cJSON_AddItemToObject(root, "config", cJSON_Parse(config_text));
    free(config_text);
    return json_write(path, root, err);
}
