#include "fit/compare/compare_json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "fit/json_put.h"

static cJSON *put_value(cJSON *o, const char *key, const struct fit_value *v)
{
    cJSON *x = cJSON_AddObjectToObject(o, key);
    json_put(x, "value", v->value);
    json_put_pair(x, "ci95", v->lo, v->hi);
    return x;
}

static void put_gain(cJSON *o, const char *key, const struct compare_gain *g)
{
    json_put(put_value(o, key, &g->value), "flops", g->flops);
}

static void put_kinds(cJSON *o, const char *key, const double by[CHANGE_N_KINDS])
{
    cJSON *x = cJSON_AddObjectToObject(o, key);
    for (int k = 0; k < CHANGE_N_KINDS; k++)
        json_put(x, change_word((enum change_kind)k), by[k]);
}

static void put_law(cJSON *o, const char *key, const struct fit_value *base, const struct fit_value *v,
                    const struct fit_value *difference)
{
    cJSON *x = cJSON_AddObjectToObject(o, key);
    put_value(x, "base", base);
    put_value(x, "variant", v);
    put_value(x, "difference", difference);
}

static void put_cells(cJSON *o, const struct compare_variant *v)
{
    cJSON *a = cJSON_AddArrayToObject(o, "cells");
    for (size_t i = 0; i < v->n_cells; i++) {
        const struct compare_cell *c = &v->cells[i];
        cJSON *x = cJSON_CreateObject();
        cJSON_AddItemToArray(a, x);
        json_put(x, "params", c->params);
        json_put(x, "tokens", c->tokens);
        json_put(x, "flops", c->flops);
        json_put(x, "pairs", (double)c->n);
        json_put(x, "base", c->base);
        json_put(x, "variant", c->variant);
        put_value(x, "difference", &c->difference);
    }
}

static void put_gains(cJSON *o, const struct compare_variant *v)
{
    cJSON *g = cJSON_AddObjectToObject(o, "gain");
    put_gain(g, "smallest", &v->gains.smallest);
    put_gain(g, "largest", &v->gains.largest);
    put_gain(g, "at_10x", &v->gains.at_10x);
    cJSON *t = cJSON_AddObjectToObject(o, "gain_time");
    put_gain(t, "smallest", &v->gains.time_smallest);
    put_gain(t, "largest", &v->gains.time_largest);
    cJSON *m = cJSON_AddObjectToObject(o, "gain_memory");
    put_gain(m, "smallest", &v->gains.memory_smallest);
    put_gain(m, "largest", &v->gains.memory_largest);
    put_value(o, "gain_tokens", &v->gains.tokens);
    put_value(o, "gain_params", &v->gains.params);
    cJSON *curve = cJSON_AddArrayToObject(o, "gain_curve");
    for (size_t i = 0; i < COMPARE_STEPS && v->why_not[0] == '\0'; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddItemToArray(curve, x);
        put_gain(x, "gain", &v->gains.curve[i]);
    }
}

static void put_search(cJSON *o, const char *key, const struct compare_costs *c)
{
    cJSON *x = cJSON_AddObjectToObject(o, key);
    json_put(x, "flops", c->search);
    json_put(x, "sweep_flops", c->search == 0 ? (double)NAN : c->sweep);
    json_put(x, "trials", isfinite(c->search) ? (double)c->trials : (double)NAN);
}

static void put_costs(cJSON *o, const struct compare_variant *v)
{
    cJSON *s = cJSON_AddObjectToObject(o, "search");
    put_search(s, "base", &v->base_costs);
    put_search(s, "variant", &v->costs);
    put_value(s, "gain", &v->gains.search_largest.value);
    if (isnan(v->gains.teacher_share))
        return;
    cJSON *t = cJSON_AddObjectToObject(o, "teacher");
    json_put(t, "passes_share", v->gains.teacher_share);
    json_put(t, "train_flops", v->costs.teacher_train);
    put_value(t, "gain_with_passes", &v->gains.passes_largest.value);
    put_value(t, "gain_with_all", &v->gains.teacher_largest.value);
}

static void put_differs(cJSON *o, const struct differs *d)
{
    if (!d->known)
        return;
    cJSON *all = cJSON_AddArrayToObject(o, "differs");
    for (size_t i = 0; i < d->n; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddItemToArray(all, x);
        cJSON_AddStringToObject(x, "key", d->items[i].key);
        cJSON_AddRawToObject(x, "base", d->items[i].base);
        cJSON_AddRawToObject(x, "variant", d->items[i].variant);
    }
}

static cJSON *variant(const struct compare_variant *v)
{
    static const char *const hows[] = {"no", "by value", "by rank"};
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", v->name);
    cJSON_AddStringToObject(o, "changed", compare_answer_word(v->changed));
    if (v->why_not[0])
        cJSON_AddStringToObject(o, "why_not", v->why_not);
    put_differs(o, &v->differs);
    put_kinds(o, "p", v->p);
    json_put(o, "p_any", v->p_any);
    json_put(o, "p_any_alone", v->p_any_alone);
    put_kinds(o, "probability", v->probability);
    json_put(o, "floor_with_level", v->floor_with_level);
    put_gains(o, v);
    cJSON_AddStringToObject(o, "trend", compare_trend_word(v->gains.trend));
    put_value(o, "trend_factor", &v->gains.trend_factor);
    put_value(o, "loss_difference", &v->gains.loss_difference);
    json_put(o, "smallest_gain_seen", v->smallest_gain_seen);
    json_put(o, "seeds_factor", v->seeds_factor);
    json_put(o, "budgets_more", v->budgets_more);
    put_costs(o, v);
    cJSON_AddStringToObject(o, "paired", hows[v->pairs.how]);
    json_put(o, "pairs", (double)v->pairs.n);
    json_put(o, "trajectories", (double)v->pairs.n_clusters);
    json_put(o, "sigma", v->sigma);
    cJSON *laws = cJSON_AddObjectToObject(o, "fits");
    put_law(laws, "floor", &v->base_floor, &v->floor, &v->floor_difference);
    put_law(laws, "exponent", &v->base_exponent, &v->exponent, &v->exponent_difference);
    put_law(laws, "n_exponent", &v->base_n_exponent, &v->n_exponent, &v->n_exponent_difference);
    put_cells(o, v);
    cJSON *notes = cJSON_AddArrayToObject(o, "notes");
    for (size_t i = 0; i < v->notes.n; i++)
        cJSON_AddItemToArray(notes, cJSON_CreateString(v->notes.text[i]));
    return o;
}

enum status compare_json(char **json, const struct compare_side *base, const struct compare_variant *v, size_t n,
                         struct err *err)
{
    size_t failures = json_memory_failures();
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "base", base->name);
    cJSON *all = cJSON_AddArrayToObject(root, "variants");
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(all, variant(&v[i]));
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    size_t size = text ? strlen(text) : 0;
    *json = text && json_memory_failures() == failures ? malloc(size + 2) : NULL;
    if (*json) {
        memcpy(*json, text, size);
        memcpy(*json + size, "\n", 2);
    }
    free(text);
    return *json ? OK : err_set(err, E_NOMEM, "out of memory for the comparison");
}
