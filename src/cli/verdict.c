#include "cli/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/draw.h"
#include "cli/fit_print.h"
#include "cli/folder.h"
#include "data/baseline.h"
#include "data/text.h"
#include "fit/analysis.h"
#include "fit/fit_json.h"
#include "harness/train.h"

static enum status write_fit(const char *dir, const struct fit_report *r, struct err *err)
{
    char path[FILE_PATH_MAX], *json;
    TRY(file_join(path, sizeof path, dir, "fit.json", err));
    TRY(fit_json_report(&json, r, err));
    enum status st = file_write_atomic(path, json, strlen(json), err);
    free(json);
    return st;
}

static enum status write_charts(const struct folder *f, const char *out, const struct config *c, struct err *err)
{
    const struct charts_input in = {
        .table = &f->table,
        .report = &f->report,
        .title = c->name,
        .loss_unit = config_data_spec(c).kind == DATA_TEXT ? "nats per byte" : "nats per token",
        .eval_part = TRAIN_CURVE_STRIDE,
    };
    printf("\nCharts\n");
    return draw_charts(out, in, &f->curves, err);
}

/* On text, what the runs must beat to have learnt more than pairs of bytes. */
static enum status print_baseline(const struct folder *f, const struct config *c, struct err *err)
{
    const double *flops = f->table.col[FIT_FLOPS], *loss = f->table.col[FIT_LOSS];
    const struct data_spec spec = config_data_spec(c);
    struct text text;
    double nats;
    size_t largest = 0;
    if (spec.kind != DATA_TEXT || f->table.n == 0)
        return OK;
    for (size_t i = 1; i < f->table.n; i++)
        if (flops[i] > flops[largest])
            largest = i;
    TRY(text_read(&text, &spec, err));
    enum status st = OK;
    if (text.held.n >= 2) {
        st = baseline_bigram(&nats, text.train.data, text.train.n, text.held.data, text.held.n, err);
        if (st == OK)
            printf("\nBaseline: a bigram model of the same training bytes reaches %.4f nats per byte on the\n"
                   "held-out bytes; the largest run reaches %.4f and %s it.\n",
                   nats, loss[largest], loss[largest] < nats ? "beats" : "does NOT beat");
    }
    text_free(&text);
    return st;
}

enum status verdict_of_folder(const char *dir, const struct config *c, bool unchanged,
                              struct err *err)
{
    char fit[FILE_PATH_MAX], charts[FILE_PATH_MAX];
    TRY(file_join(fit, sizeof fit, dir, "fit.json", err));
    TRY(file_join(charts, sizeof charts, dir, "charts", err));
    if (unchanged && file_exists(fit) && file_is_dir(charts)) {
        printf("the fit is in %s, the charts are in %s\n", fit, charts);
        return OK;
    }
    struct folder f = {0};
    enum status st = folder_open(&f, dir, c, err);
    if (st == OK)
        fit_print_tables(&f.report, false);
    if (st == OK)
        st = write_charts(&f, charts, c, err);
    /* last, as its presence says that the folder is complete */
    if (st == OK)
        st = write_fit(dir, &f.report, err);
    if (st == OK)
        fit_print_verdict(&f.report);
    if (st == OK)
        st = print_baseline(&f, c, err);
    folder_close(&f);
    return st;
}

enum status verdict_charts(const char *dir, const char *out, const struct config *c, struct err *err)
{
    struct folder f = {0};
    enum status st = folder_open(&f, dir, c, err);
    if (st == OK)
        st = write_charts(&f, out, c, err);
    folder_close(&f);
    return st;
}
