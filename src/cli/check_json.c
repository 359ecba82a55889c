#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/check.h"

/* cJSON prints what is not finite as null. */
static void add(cJSON *o, const char *name, double v)
{
    cJSON_AddNumberToObject(o, name, v);
}

static void add_value(cJSON *o, const char *name, const struct fit_value *v)
{
    cJSON *item = cJSON_AddObjectToObject(o, name), *ci;
    add(item, "value", v->value);
    if (!isfinite(v->lo) || !isfinite(v->hi)) {
        cJSON_AddNullToObject(item, "ci95");
        return;
    }
    ci = cJSON_AddArrayToObject(item, "ci95");
    cJSON_AddItemToArray(ci, cJSON_CreateNumber(v->lo));
    cJSON_AddItemToArray(ci, cJSON_CreateNumber(v->hi));
}

static void add_list(cJSON *o, const char *name, const double *v, size_t n)
{
    cJSON *list = cJSON_AddArrayToObject(o, name);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(v[i]));
}

static cJSON *line_json(const struct transfer_line *l)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "axis", transfer_axis_names[l->axis]);
    cJSON_AddStringToObject(o, "parametrisation", transfer_parametrisations[l->parametrisation]);
    cJSON_AddStringToObject(o, "quantity", probe_name(l->kind));
    if (l->kind == PROBE_logits)
        cJSON_AddNullToObject(o, "block");
    else
        cJSON_AddStringToObject(o, "block", l->last ? "last" : "first");
    add_list(o, "sizes", l->x, l->n);
    add_list(o, "scale", l->scale, l->n);
    add_list(o, "change", l->change, l->n);
    add_value(o, "scale_exponent", &l->scale_exponent);
    cJSON_AddStringToObject(o, "scale_is", exponent_word(l->scale_is));
    add_value(o, "change_exponent", &l->change_exponent);
    cJSON_AddStringToObject(o, "change_is", exponent_word(l->change_is));
    cJSON_AddBoolToObject(o, "holds", l->holds);
    return o;
}

static cJSON *reading_json(const struct coordinates_reading *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "parametrisation", transfer_parametrisations[r->parametrisation]);
    add(o, "d_model", (double)r->d_model);
    add(o, "n_layer", (double)r->n_layer);
    add(o, "seed", (double)r->seed);
    cJSON_AddStringToObject(o, "quantity", probe_name(r->kind));
    if (r->kind == PROBE_logits)
        cJSON_AddNullToObject(o, "block");
    else
        add(o, "block", (double)r->block);
    add(o, "scale", r->scale);
    add(o, "change", r->change);
    return o;
}

static void add_scales(cJSON *root, const struct check *k)
{
    cJSON *o = cJSON_AddObjectToObject(root, "scales");
    add(o, "steps", (double)k->steps);
    add(o, "seeds", (double)k->scale_seeds);
    add(o, "lr", k->c->train.lr);
    add(o, "tolerance", k->tolerance);
    cJSON_AddBoolToObject(o, "holds", transfer_scales_hold(&k->scales, check_parametrisation(k)));
    cJSON *lines = cJSON_AddArrayToObject(o, "lines"), *readings = cJSON_AddArrayToObject(o, "readings");
    for (size_t i = 0; i < k->scales.n; i++)
        cJSON_AddItemToArray(lines, line_json(&k->scales.lines[i]));
    for (size_t i = 0; i < k->scales.readings.n; i++)
        cJSON_AddItemToArray(readings, reading_json(&k->scales.readings.items[i]));
}

static cJSON *bowl_json(const struct transfer_cell *c)
{
    static const char *const states[] = {"found", "few", "low_edge", "high_edge"};
    const struct bowl *b = &c->bowl;
    double rates[BOWL_MAX];
    cJSON *o = cJSON_CreateObject();
    for (size_t i = 0; i < b->n; i++)
        rates[i] = exp(b->ln_x[i]);
    add(o, "d_model", (double)c->d_model);
    add(o, "n_layer", (double)c->n_layer);
    cJSON_AddStringToObject(o, "state", states[b->state]);
    add_value(o, "best_lr", &b->x);
    add(o, "loss", b->loss);
    cJSON_AddBoolToObject(o, "skewed", b->skewed);
    add_list(o, "tried", c->rates, c->n_rates);
    add_list(o, "lr", rates, b->n);
    add_list(o, "losses", b->mean, b->n);
    add_list(o, "runs", b->runs, b->n);
    return o;
}

static cJSON *span_json(const struct check *k, const struct transfer_span *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "axis", transfer_axis_names[s->axis]);
    cJSON_AddStringToObject(o, "parametrisation", transfer_parametrisations[s->parametrisation]);
    cJSON_AddBoolToObject(o, "found", s->found);
    add_value(o, "factor", &s->factor);
    add_value(o, "exponent", &s->exponent);
    cJSON_AddBoolToObject(o, "holds", check_span_holds(s));
    cJSON_AddBoolToObject(o, "open", check_span_open(s));
    cJSON *bowls = cJSON_AddArrayToObject(o, "bowls");
    for (size_t i = 0; i < s->n; i++)
        cJSON_AddItemToArray(bowls, bowl_json(&k->bowls.cells[s->cells[i]]));
    return o;
}

static void add_rates(cJSON *root, const struct check *k)
{
    const struct transfer_bowls *b = &k->bowls;
    cJSON *o = cJSON_AddObjectToObject(root, "rates");
    add(o, "limit", CHECK_FACTOR);
    add(o, "tokens", k->spec.tokens);
    add(o, "seeds", (double)k->spec.seeds);
    add(o, "trials", (double)b->n_trials);
    add(o, "diverged", (double)b->n_diverged);
    add(o, "trial_tokens", b->tokens);
    add(o, "trial_flops", b->flops);
    add(o, "noise", b->sd);
    cJSON *spans = cJSON_AddArrayToObject(o, "axes");
    for (size_t i = 0; i < b->n_spans; i++)
        cJSON_AddItemToArray(spans, span_json(k, &b->spans[i]));
}

enum status check_write_json(const struct check *k, const char *path, struct err *err)
{
    char why[256];
    cJSON *root = cJSON_CreateObject();
    check_failure(why, sizeof why, k);
    cJSON_AddStringToObject(root, "check", "transfer");
    cJSON_AddStringToObject(root, "parametrisation", transfer_parametrisations[check_parametrisation(k)]);
    cJSON_AddBoolToObject(root, "holds", why[0] == '\0');
    cJSON_AddStringToObject(root, "why", why);
    if (k->asked_scales)
        add_scales(root, k);
    if (k->asked_rates)
        add_rates(root, k);
    char *text = cJSON_Print(root);
    enum status st = OK;
    cJSON_Delete(root);
    if (!text)
        return err_set(err, E_NOMEM, "out of memory writing %s", path);
    if (strcmp(path, "-") == 0)
        printf("%s\n", text);
    else
        st = file_write_atomic(path, text, strlen(text), err);
    cJSON_free(text);
    return st;
}
