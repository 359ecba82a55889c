#include "cli/lab/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/json_file.h"
#include "base/json_memory.h"
#include "base/size.h"
#include "cli/draw.h"
#include "cli/lab/note.h"
#include "cli/text.h"
#include "report/charts/charts.h"

/* --- the config --- */

static void add_runs(cJSON *grid, const struct lab_sweep *s)
{
    cJSON *runs = cJSON_AddArrayToObject(grid, "runs");
    for (size_t i = 0; i < s->n; i++) {
        const struct lab_cell *x = &s->cells[i];
        cJSON *r = cJSON_CreateObject();
        cJSON_AddNumberToObject(r, "d_model", (double)x->shape.d_model);
        cJSON_AddNumberToObject(r, "n_layer", (double)x->shape.n_layer);
        cJSON_AddNumberToObject(r, "n_head", (double)x->shape.n_head);
        cJSON_AddNumberToObject(r, "tokens", round(x->tokens));
        cJSON_AddNumberToObject(r, "seed", (double)x->seed);
        cJSON_AddItemToArray(runs, r);
    }
}

/* Five digits, as a config of people has them. */
static double plain(double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.5g", v);
    return strtod(text, NULL);
}

static void add_rate(cJSON *train, const struct lab_rate *r)
{
    cJSON *law = cJSON_CreateObject();
    cJSON_DeleteItemFromObjectCaseSensitive(train, "lr");
    if (r->nd0 == 0) {
        cJSON_Delete(law);
        cJSON_AddNumberToObject(train, "lr", plain(r->lr0));
        return;
    }
    /* one exponent for both, so that the rate is a function of their product */
    cJSON_AddNumberToObject(law, "lr", plain(r->lr0));
    cJSON_AddNumberToObject(law, "params", plain(sqrt(r->nd0)));
    cJSON_AddNumberToObject(law, "params_exponent", plain(r->exponent));
    cJSON_AddNumberToObject(law, "tokens", plain(sqrt(r->nd0)));
    cJSON_AddNumberToObject(law, "tokens_exponent", plain(r->exponent));
    cJSON_AddItemToObject(train, "lr", law);
}

/* What `over` says in place of what is there. */
static void lay_over(cJSON *root, const cJSON *over)
{
    const cJSON *section, *key;
    cJSON_ArrayForEach(section, over)
    {
        cJSON *to = cJSON_GetObjectItemCaseSensitive(root, section->string);
        if (!cJSON_IsObject(section))
            continue;
        if (!to)
            to = cJSON_AddObjectToObject(root, section->string);
        cJSON_ArrayForEach(key, section)
        {
            cJSON_DeleteItemFromObjectCaseSensitive(to, key->string);
            cJSON_AddItemToObject(to, key->string, cJSON_Duplicate(key, true));
        }
    }
}

static enum status write_config(char path[FILE_PATH_MAX], const struct lab *l, const struct lab_sweep *s, struct err *err)
{
    char name[80];
    cJSON *root;
    size_t failures = json_memory_failures();
    snprintf(name, sizeof name, "%s.json", s->name);
    TRY(lab_path(path, l, "configs", NULL, err));
    TRY(file_mkdirs(path, err));
    TRY(lab_path(path, l, "configs", name, err));
    TRY(lab_base(&root, l, err));
    cJSON *train = cJSON_GetObjectItemCaseSensitive(root, "train"), *grid = cJSON_AddObjectToObject(root, "grid");
    cJSON_AddStringToObject(root, "name", s->name);
    cJSON_AddNumberToObject(cJSON_AddObjectToObject(root, "fit"), "bootstrap", (double)l->scale.bootstrap);
    add_runs(grid, s);
    if (s->n_rates > 0)
        cJSON_AddItemToObject(cJSON_AddObjectToObject(grid, "vary"), "train.lr",
                              cJSON_CreateDoubleArray(s->rates, (int)s->n_rates));
    else
        add_rate(train, &s->rate);
    if (s->warmup_tokens > 0)
        cJSON_AddNumberToObject(train, "warmup_tokens", round(s->warmup_tokens));
    lay_over(root, s->over);
    return json_write(path, root, failures, err);
}

/* --- training --- */

static enum status train(const struct lab *l, const struct lab_sweep *s, const char *config, const char *dir, struct err *err)
{
    const struct arg_list none = {0};
    const struct setup_how how = {.jobs = l->jobs};
    struct sweep_outcome o;
    struct setup setup;
    char took[32];
    enum status st = setup_open(&setup, config, &none, false, dir, NULL, err);
    if (st == OK)
        st = setup_sweep(&o, &setup, dir, &how, err);
    if (st == OK) {
        char before[48] = "";
        if (o.n_skipped > 0)
            snprintf(before, sizeof before, ", %zu were done before", o.n_skipped);
        text_message(stdout, "", "%s: trained %zu run%s in %s%s; the config is %s", s->name, o.n_done, o.n_done == 1 ? "" : "s",
                     count_format_seconds(took, sizeof took, o.seconds), before, config);
        if (o.n_diverged > 0)
            text_message(stdout, "", "%zu of them diverged:%s", o.n_diverged, o.diverged);
        fflush(stdout);
    }
    setup_free(&setup);
    return st;
}

enum status lab_train(const struct lab *l, const struct lab_sweep *s, struct err *err)
{
    char config[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    TRY(write_config(config, l, s, err));
    TRY(lab_path(dir, l, s->name, NULL, err));
    return train(l, s, config, dir, err);
}

/* --- fits --- */

struct lab_fit {
    char dir[FILE_PATH_MAX];
    const char *source; /* dir */
    struct config cfg;
    struct fitted f;
};

static enum status fit(struct lab_fit *x, const struct lab *l, struct err *err)
{
    TRY(lab_path(x->dir, l, "isoflop", NULL, err));
    x->source = x->dir;
    TRY(config_load_sweep(&x->cfg, x->dir, err));
    TRY(fitted_of_sweep(&x->f, &x->source, &x->cfg, err));
    TRY(fitted_read(&x->f, err));
    return fitted_analyse(&x->f, err);
}

enum status lab_fit_of(const struct fitted **f, struct lab *l, struct err *err)
{
    enum status st = OK;
    if (!l->fit) {
        TRY(size_calloc(&l->fit, 1, sizeof *l->fit, "the fit", err));
        fitted_init(&l->fit->f);
        config_init(&l->fit->cfg);
        st = fit(l->fit, l, err);
    }
    *f = &l->fit->f;
    if (st != OK)
        lab_fit_close(l);
    return st;
}

void lab_fit_close(struct lab *l)
{
    if (!l->fit)
        return;
    fitted_close(&l->fit->f);
    config_free(&l->fit->cfg);
    free(l->fit);
    l->fit = NULL;
}

enum status lab_chart_of(struct note *n, const struct fitted *f, const char *name, struct err *err)
{
    struct draw_input d;
    enum status st = draw_input_make(&d, f, err);
    for (size_t i = 0; i < charts_count() && st == OK; i++) {
        struct chart c = {0};
        bool drawn = false;
        if (strcmp(charts_name(i), name) != 0)
            continue;
        st = charts_build(&c, &drawn, i, &d.in, err);
        if (st == OK && drawn)
            st = note_chart(n, &c, name, err);
        chart_free(&c);
    }
    draw_input_free(&d);
    return st;
}

/* --- cells --- */

size_t lab_cells(struct lab_cell cells[LAB_CELLS], const struct lab *l, const struct setup *s, size_t to, bool seeds)
{
    size_t n = 0, vocab = data_vocab(s->data);
    for (size_t k = 0; k < to; k++)
        n += scale_cells(cells + n, &l->scale, k, &s->cfg, vocab);
    for (size_t k = 0; seeds && k < to; k++) {
        cells[n] = scale_middle(&l->scale, k, &s->cfg, vocab);
        cells[n++].seed = 2;
    }
    return n;
}

enum status lab_rate_law(struct lab_rate *r, const struct lab *l, struct err *err)
{
    TRY(note_read(&r->lr0, l, 'c', "lr0", err));
    TRY(note_read(&r->nd0, l, 'c', "nd0", err));
    return note_read(&r->exponent, l, 'c', "exponent", err);
}
