#include "harness/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "harness/logline.h"
#include "harness/results.h"

static void parse_lines(struct curve *c, const char *text, size_t size)
{
    struct logline l;
    for (const char *at = text; logline_next(&l, &at, text + size);) {
        if (l.kind != LOGLINE_STEP)
            continue;
        c->tokens[c->n] = logline_number(&l, "tokens");
        c->flops[c->n] = logline_number(&l, "flops");
        c->loss[c->n] = logline_number(&l, "loss");
        c->n++;
    }
}

enum status curve_read_log(struct curve *c, const char *path, struct err *err)
{
    char *text;
    size_t size, lines = 0;
    TRY(file_read_regular(&text, &size, path, err));
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    enum status st = size_calloc(&c->tokens, lines, sizeof *c->tokens, "a training curve", err);
    if (st == OK)
        st = size_calloc(&c->flops, lines, sizeof *c->flops, "a training curve", err);
    if (st == OK)
        st = size_calloc(&c->loss, lines, sizeof *c->loss, "a training curve", err);
    if (st == OK)
        parse_lines(c, text, size);
    free(text);
    return st;
}

/* Leaves *found false for a folder that is no finished run. */
static enum status read_run(struct curve *c, bool *found, const char *dir, const char *name,
                            struct err *err)
{
    char run[FILE_PATH_MAX], log[FILE_PATH_MAX];
    struct run_row row;
    struct err why;
    bool missing;
    TRY(file_join(run, sizeof run, dir, name, err));
    TRY(file_join(log, sizeof log, run, "log.jsonl", err));
    *found = file_exists(log);
    /* A damaged result is no result; the sweep's command names it and mends it. */
    enum status st = *found ? run_row_read(&row, found, run, &why) : OK;
    if (st == E_NOMEM || st == E_IO)
        return err_set(err, st, "%s", why.msg);
    if (st != OK || !*found) {
        *found = false;
        return OK;
    }
    snprintf(c->run, sizeof c->run, "%s", name);
    snprintf(c->status, sizeof c->status, "%s", row.status);
    c->d_model = row.d_model;
    c->n_layer = row.n_layer;
    c->params = row.params;
    c->params_nonembd = row.params_nonembd;
    c->params_matmul = row.params_matmul;
    c->budget_tokens = row.tokens;
    c->final_loss = row.loss;
    /* Rows of older versions know nothing of their logs. */
    if (isfinite(row.log_bytes) && run_row_check_log(&row, &missing, run, &why) != OK)
        return err_set(err, why.code, "%s; the sweep's command trains that run again", why.msg);
    return curve_read_log(c, log, err);
}

enum status curves_read(struct curves *c, const char *dir, struct err *err)
{
    struct file_list list = {0};
    *c = (struct curves){0};
    TRY(file_list_dir(&list, dir, err));
    enum status st = size_calloc(&c->items, list.n, sizeof *c->items, "the training curves", err);
    for (size_t i = 0; i < list.n && st == OK; i++) {
        bool found;
        st = read_run(&c->items[c->n], &found, dir, list.names[i], err);
        if (st != OK || found)
            c->n++; /* after a failure too, so that what was taken is given back */
    }
    file_list_free(&list);
    return st;
}

void curve_free(struct curve *c)
{
    free(c->tokens);
    free(c->flops);
    free(c->loss);
    *c = (struct curve){0};
}

void curves_free(struct curves *c)
{
    for (size_t i = 0; i < c->n; i++)
        curve_free(&c->items[i]);
    free(c->items);
    *c = (struct curves){0};
}
