#include "harness/config_rate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"

/* The parts of a law; the first is its value at the reference, which the others describe. */
static const struct part {
    const char *name;
    size_t offset;
    double usual, min, max;
} parts[] = {
    {"lr", offsetof(struct config, train.lr), 0, 1e-12, 1e12},
    {"params", offsetof(struct config, train.lr_law.params), 1, 1, 1e15},
    {"params_exponent", offsetof(struct config, train.lr_law.params_exponent), 0, -10, 10},
    {"tokens", offsetof(struct config, train.lr_law.tokens), 1, 1, 1e18},
    {"tokens_exponent", offsetof(struct config, train.lr_law.tokens_exponent), 0, -10, 10},
};

enum { N_PARTS = sizeof parts / sizeof *parts };

static double *at(struct config *c, const struct part *p)
{
    return (double *)(void *)((char *)c + p->offset);
}

static const char words[] = "a number, \"auto\", or {lr, params, params_exponent, tokens, tokens_exponent}";

static enum status read_number(double *out, const char *path, const cJSON *v, double min, double max, struct err *err)
{
    double x;
    if (cJSON_IsNumber(v))
        x = v->valuedouble;
    else if (!cJSON_IsString(v))
        return err_set(err, E_CONFIG, "%s: expected %s", path, words);
    else if (!count_parse(&x, v->valuestring))
        return err_set(err, E_CONFIG, "%s: '%s' is not a number", path, v->valuestring);
    if (!(x >= min && x <= max))
        return err_set(err, E_CONFIG, "%s=%g is out of range: %g to %g", path, x, min, max);
    *out = x;
    return OK;
}

static enum status read_law(struct config *c, const struct key *k, const cJSON *v, struct err *err)
{
    for (int i = 0; i < N_PARTS; i++)
        *at(c, &parts[i]) = parts[i].usual;
    for (const cJSON *item = v->child; item; item = item->next) {
        char path[128];
        int i = 0;
        while (i < N_PARTS && strcmp(parts[i].name, item->string) != 0)
            i++;
        if (i == N_PARTS)
            return err_set(err, E_CONFIG, "%s: unknown key '%s' (known: lr, params, params_exponent, tokens, tokens_exponent)",
                           k->path, item->string);
        snprintf(path, sizeof path, "%s: %s", k->path, parts[i].name);
        TRY(read_number(at(c, &parts[i]), path, item, parts[i].min, parts[i].max, err));
    }
    if (!(c->train.lr > 0))
        return err_set(err, E_CONFIG, "%s: a law needs lr, its value at params and tokens", k->path);
    c->train.lr_law.kind = LR_LAW;
    return OK;
}

enum status config_rate_read(struct config *c, const struct key *k, const cJSON *v, struct err *err)
{
    struct config read = *c;
    read.train.lr_law = (struct config_lr_law){0};
    if (cJSON_IsString(v) && strcmp(v->valuestring, "auto") == 0) {
        read.train.lr = k->number;
        read.train.lr_law.kind = LR_AUTO;
    } else if (cJSON_IsObject(v)) {
        TRY(read_law(&read, k, v, err));
    } else if (cJSON_IsNumber(v) || cJSON_IsString(v)) {
        TRY(read_number(&read.train.lr, k->path, v, k->min, k->max, err));
    } else {
        return err_set(err, E_CONFIG, "%s: expected %s, found %s", k->path, words,
                       cJSON_IsArray(v) ? "a list" : cJSON_IsBool(v) ? "true or false" : "null");
    }
    c->train.lr = read.train.lr;
    c->train.lr_law = read.train.lr_law;
    return OK;
}

cJSON *config_rate_json(const struct config *c)
{
    if (c->train.lr_law.kind == LR_NUMBER)
        return cJSON_CreateNumber(c->train.lr);
    if (c->train.lr_law.kind == LR_AUTO)
        return cJSON_CreateString("auto");
    cJSON *o = cJSON_CreateObject();
    struct config copy = *c;
    for (int i = 0; i < N_PARTS; i++)
        cJSON_AddNumberToObject(o, parts[i].name, *at(&copy, &parts[i]));
    return o;
}

double config_lr_at(const struct config *c, double params, double tokens)
{
    const struct config_lr_law *l = &c->train.lr_law;
    if (l->kind != LR_LAW)
        return c->train.lr;
    return c->train.lr * pow(params / l->params, l->params_exponent) * pow(tokens / l->tokens, l->tokens_exponent);
}
