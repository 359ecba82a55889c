#include "report/page/comparison.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static const cJSON *get(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static double number(const cJSON *v)
{
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

static struct fit_value value_of(const cJSON *o)
{
    const cJSON *ci = get(o, "ci95");
    return (struct fit_value){number(get(o, "value")), (double)NAN, number(cJSON_GetArrayItem(ci, 0)),
        number(cJSON_GetArrayItem(ci, 1))};
}

static struct compare_gain gain_of(const cJSON *o)
{
    return (struct compare_gain){number(get(o, "flops")), value_of(o)};
}

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = get(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static void read_kinds(double by[CHANGE_N_KINDS], const cJSON *o)
{
    for (int k = 0; k < CHANGE_N_KINDS; k++)
        by[k] = number(get(o, change_word((enum change_kind)k)));
}

/* The answer and the trend are words. */
static void read_words(struct compare_variant *v, const cJSON *o)
{
    v->changed = COMPARE_OPEN;
    for (int a = COMPARE_LEVEL; a <= COMPARE_OPEN; a++)
        if (strcmp(text_of(o, "changed"), compare_answer_word((enum compare_answer)a)) == 0)
            v->changed = (enum compare_answer)a;
    v->gains.trend = COMPARE_TREND_OPEN;
    for (int t = COMPARE_GROWS; t <= COMPARE_TREND_OPEN; t++)
        if (strcmp(text_of(o, "trend"), compare_trend_word((enum compare_trend)t)) == 0)
            v->gains.trend = (enum compare_trend)t;
}

static void read_gains(struct compare_variant *v, const cJSON *o)
{
    const cJSON *gain = get(o, "gain"), *time = get(o, "gain_time"), *x;
    size_t n = 0;
    v->gains.smallest = gain_of(get(gain, "smallest"));
    v->gains.largest = gain_of(get(gain, "largest"));
    v->gains.at_10x = gain_of(get(gain, "at_10x"));
    v->gains.time_smallest = gain_of(get(time, "smallest"));
    v->gains.time_largest = gain_of(get(time, "largest"));
    v->gains.tokens = value_of(get(o, "gain_tokens"));
    v->gains.params = value_of(get(o, "gain_params"));
    cJSON_ArrayForEach(x, get(o, "gain_curve"))
    {
        if (n < COMPARE_STEPS)
            v->gains.curve[n++] = gain_of(get(x, "gain"));
    }
    for (; n < COMPARE_STEPS; n++)
        v->gains.curve[n] = gain_of(NULL);
}

static enum status read_cells(struct compare_variant *v, const cJSON *cells, struct err *err)
{
    const cJSON *x;
    TRY(size_calloc(&v->cells, (size_t)cJSON_GetArraySize(cells), sizeof *v->cells, "the cells of a comparison", err));
    cJSON_ArrayForEach(x, cells)
    {
        double pairs = number(get(x, "pairs"));
        v->cells[v->n_cells++] = (struct compare_cell){
            number(get(x, "params")), number(get(x, "tokens")), number(get(x, "flops")),
            pairs >= 0 && pairs < 1e9 ? (size_t)pairs : 0, number(get(x, "base")), number(get(x, "variant")),
            value_of(get(x, "difference"))};
    }
    return OK;
}

static enum status read_differs(struct differs *d, const cJSON *all, struct err *err)
{
    const cJSON *x;
    d->known = cJSON_IsArray(all);
    TRY(size_calloc(&d->items, (size_t)cJSON_GetArraySize(all), sizeof *d->items, "what differs", err));
    cJSON_ArrayForEach(x, all)
    {
        struct differs_key *k = &d->items[d->n++];
        k->key = text_of(x, "key");
        k->base = cJSON_PrintUnformatted(get(x, "base"));
        k->variant = cJSON_PrintUnformatted(get(x, "variant"));
        if ((get(x, "base") && !k->base) || (get(x, "variant") && !k->variant))
            return err_set(err, E_NOMEM, "out of memory for the comparison");
    }
    return OK;
}

static enum status read_variant(struct compare_variant *v, const cJSON *o, struct err *err)
{
    v->name = text_of(o, "name");
    snprintf(v->why_not, sizeof v->why_not, "%s", text_of(o, "why_not"));
    read_words(v, o);
    read_kinds(v->p, get(o, "p"));
    read_kinds(v->probability, get(o, "probability"));
    v->floor_with_level = number(get(o, "floor_with_level"));
    v->p_any = number(get(o, "p_any"));
    v->p_any_alone = number(get(o, "p_any_alone"));
    read_gains(v, o);
    v->gains.trend_factor = value_of(get(o, "trend_factor"));
    v->gains.loss_difference = value_of(get(o, "loss_difference"));
    v->smallest_gain_seen = number(get(o, "smallest_gain_seen"));
    v->seeds_factor = number(get(o, "seeds_factor"));
    v->sigma = number(get(o, "sigma"));
    TRY(read_differs(&v->differs, get(o, "differs"), err));
    return read_cells(v, get(o, "cells"), err);
}

static enum status read_notes(struct comparison *c, const cJSON *variants, struct err *err)
{
    const cJSON *v, *note;
    size_t n = 0;
    cJSON_ArrayForEach(v, variants)
        n += (size_t)cJSON_GetArraySize(get(v, "notes"));
    TRY(size_calloc(&c->notes, n, sizeof *c->notes, "the notes of a comparison", err));
    cJSON_ArrayForEach(v, variants)
    {
        cJSON_ArrayForEach(note, get(v, "notes"))
        {
            if (cJSON_IsString(note))
                c->notes[c->n_notes++] = (struct comparison_note){text_of(v, "name"), note->valuestring};
        }
    }
    return OK;
}

enum status comparison_open(struct comparison *c, bool *good, const struct page *p, struct err *err)
{
    cJSON *root = cJSON_ParseWithLength(p->compare.data, p->compare.size);
    *c = (struct comparison){.text = root};
    const cJSON *variants = get(root, "variants"), *v;
    *good = cJSON_IsArray(variants);
    if (!*good)
        return OK;
    size_t n = (size_t)cJSON_GetArraySize(variants);
    TRY(size_calloc(&c->variants, n, sizeof *c->variants, "the variants", err));
    TRY(size_calloc(&c->compared, n, sizeof *c->compared, "the variants", err));
    c->against = (struct against){.base = text_of(root, "base"), .variants = c->compared, .unit = ""};
    cJSON_ArrayForEach(v, variants)
    {
        struct compare_variant *to = &c->variants[c->n++];
        TRY(read_variant(to, v, err));
        if (to->why_not[0] == '\0')
            c->compared[c->against.n++].found = to;
    }
    return read_notes(c, variants, err);
}

void comparison_close(struct comparison *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->variants[i].cells);
        differs_free(&c->variants[i].differs);
    }
    free(c->variants);
    free(c->compared);
    free(c->notes);
    cJSON_Delete(c->text);
    *c = (struct comparison){.text = NULL};
}
