#include "cli/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/fit_options.h"
#include "cli/fit_print.h"
#include "fit/analysis.h"
#include "fit/fit_json.h"

static enum status write_fit(const char *dir, const struct fit_report *r, struct err *err)
{
    char path[FILE_PATH_MAX], *json;
    TRY(file_join(path, sizeof path, dir, "fit.json", err));
    TRY(fit_json_report(&json, r, err));
    enum status st = file_write_atomic(path, json, strlen(json), err);
    free(json);
    return st;
}

static enum status to_options(struct fit_options *o, const struct config *c, struct err *err)
{
    o->law = c->fit.law[0] ? c->fit.law : NULL;
    o->bootstrap = c->fit.bootstrap;
    o->holdout = c->fit.holdout;
    o->seed = c->fit.seed;
    TRY(fit_options_objective(&o->obj, c->fit.objective, err));
    return fit_options_count(&o->count, c->fit.count, err);
}

enum status verdict_of_folder(const char *dir, const struct config *c, bool unchanged,
                              struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, "fit.json", err));
    if (unchanged && file_exists(path)) {
        printf("the fit is in %s\n", path);
        return OK;
    }
    struct fit_options options = fit_options_default();
    struct fit_table table = {0};
    struct fit_report report = {0};
    TRY(to_options(&options, c, err));
    const struct fit_read_options read = {.count = options.count};
    enum status st = fit_table_read(&table, &dir, 1, &read, err);
    if (st == OK)
        st = fit_analyse(&report, &table, &options, err);
    if (st == OK)
        st = write_fit(dir, &report, err);
    if (st == OK) {
        fit_print_tables(&report);
        fit_print_verdict(&report);
    }
    fit_report_free(&report);
    fit_table_free(&table);
    return st;
}
