#include "cli/lab/scale.h"

#include <math.h>

#include "base/json_file.h"
#include "base/size.h"
#include "model/gpt.h"

/* Below these minutes a lab is a rehearsal: fewer budgets, sizes and rates, smaller batches. */
#define SHORT_MINUTES 2.0
#define SMALL_MINUTES 10.0

void scale_form(struct lab_scale *s, double minutes)
{
    static const struct lab_scale usual = {
        .n_budgets = 5, .per_budget = 5, .rates = 6, .windows = 4, .eval_tokens = 65520, .bootstrap = 400};
    static const struct lab_scale small = {
        .n_budgets = 4, .per_budget = 4, .rates = 5, .windows = 4, .eval_tokens = 32760, .bootstrap = 200};
    static const struct lab_scale least = {
        .n_budgets = 3, .per_budget = 4, .rates = 4, .windows = 1, .eval_tokens = 4032, .bootstrap = 60};
    *s = minutes < SHORT_MINUTES ? least : minutes < SMALL_MINUTES ? small : usual;
}

static double step_of(const struct lab_scale *s)
{
    return s->n_budgets == LAB_BUDGETS ? pow(10, 1 / 3.0) : 2;
}

size_t scale_lower(const struct lab_scale *s)
{
    return s->n_budgets >= 4 ? s->n_budgets - 1 : s->n_budgets;
}

/* The largest budget and those below it that many steps down, together. */
static double sum_from(const struct lab_scale *s, size_t first)
{
    double sum = 0;
    for (size_t i = first; i < s->n_budgets; i++)
        sum += pow(step_of(s), -(double)i);
    return sum;
}

void scale_work(double *beside, double *alone, const struct lab_scale *s)
{
    double all = sum_from(s, 0), lower = sum_from(s, s->n_budgets - scale_lower(s)), size = (double)s->per_budget;
    double bowls = 1 + pow(step_of(s), -(double)(s->n_budgets / 2)) + pow(step_of(s), -(double)(s->n_budgets - 1));
    double sweep = size * all + all; /* and a second seed of the middle size */
    *beside = (double)s->rates * bowls + sweep + 2 * size * lower + (size + 1) * lower;
    *alone = LAB_AHEAD;
}

static struct gpt_shape shape_of(const struct config_shape *shape, const struct config *c, size_t vocab)
{
    struct gpt_shape g = config_gpt_shape(c, vocab);
    g.C = shape->d_model, g.L = shape->n_layer, g.NH = shape->n_head;
    return g;
}

double scale_params(const struct config_shape *shape, const struct config *c, size_t vocab)
{
    const struct gpt_shape g = shape_of(shape, c, vocab);
    return gpt_params(&g);
}

double scale_flops_per_token(const struct config_shape *shape, const struct config *c, size_t vocab)
{
    const struct gpt_shape g = shape_of(shape, c, vocab);
    return gpt_flops_per_token(&g);
}

static double best_size(double flops)
{
    return sqrt(flops / (6 * LAB_RATIO));
}

struct config_shape scale_shape_of(size_t d_model)
{
    return (struct config_shape){d_model, 2, d_model % 8 == 0 ? d_model / 8 : d_model / 4};
}

struct config_shape scale_shape(double params, const struct config *c, size_t vocab)
{
    struct config_shape best = scale_shape_of(4);
    for (size_t d = 4; d <= 1024; d += d < 64 ? 4 : d < 128 ? 8 : 16) {
        struct config_shape s = scale_shape_of(d);
        if (fabs(log(scale_params(&s, c, vocab) / params)) < fabs(log(scale_params(&best, c, vocab) / params)))
            best = s;
    }
    return best;
}

static void make_shapes(struct lab_scale *s, const struct config *c, size_t vocab)
{
    enum { STEPS = 9 };
    const double beyond = 2.6; /* so much smaller and larger than the best guesses of the ends */
    double lo = best_size(s->budgets[0]) / beyond, hi = best_size(s->budgets[s->n_budgets - 1]) * beyond;
    s->n_shapes = 0;
    for (size_t i = 0; i < STEPS; i++) {
        struct config_shape at = scale_shape(lo * pow(hi / lo, (double)i / (STEPS - 1)), c, vocab);
        if (s->n_shapes == 0 || s->shapes[s->n_shapes - 1].d_model < at.d_model)
            s->shapes[s->n_shapes++] = at;
    }
    /* very small budgets have their best sizes below any shape: there are sizes to tell apart all the same */
    while (s->n_shapes < s->per_budget) {
        size_t d = s->shapes[s->n_shapes - 1].d_model + 4;
        s->shapes[s->n_shapes++] = scale_shape_of(d);
    }
}

/* A run of few steps tells of its batch rather than of its size: where the middle run of the smallest budget would have fewer,
 * a batch has fewer windows. */
static void settle_batch(struct lab_scale *s, const struct config *c, size_t vocab)
{
    const double steps = 500;
    const struct lab_cell least = scale_middle(s, 0, c, vocab);
    double ctx = (double)c->model.ctx;
    while (s->windows > 1 && least.tokens / (ctx * (double)s->windows) < steps)
        s->windows /= 2;
}

void scale_make(struct lab_scale *s, double minutes, size_t jobs, const struct config *c, size_t vocab)
{
    double beside, alone, seconds = 60 * minutes;
    /* fits, charts, and what starting and ending processes takes: some 20 s each of eight steps on a shared machine */
    double rest = fmin(0.3 * seconds, 160);
    scale_work(&beside, &alone, s);
    double largest = (seconds - rest) * s->flops_per_s / (beside / (double)jobs + alone);
    for (size_t i = 0; i < s->n_budgets; i++) {
        double flops = largest * pow(step_of(s), -(double)(s->n_budgets - 1 - i)), unit = pow(10, floor(log10(flops)) - 1);
        s->budgets[i] = round(flops / unit) * unit; /* two digits */
    }
    make_shapes(s, c, vocab);
    settle_batch(s, c, vocab);
}

static struct lab_cell cell_of(const struct lab_scale *s, size_t shape, size_t k, const struct config *c, size_t vocab)
{
    const struct config_shape *at = &s->shapes[shape];
    return (struct lab_cell){.shape = *at,
                             .params = scale_params(at, c, vocab),
                             .tokens = s->budgets[k] / scale_flops_per_token(at, c, vocab),
                             .budget = k,
                             .seed = 1};
}

static double distance(const struct lab_cell *x, double params)
{
    return fabs(log(x->params / params));
}

/* Where the neighbours of the best begin. */
static size_t first_of(const struct lab_scale *s, size_t k, const struct config *c, size_t vocab)
{
    size_t first = 0, n = size_min(s->per_budget, s->n_shapes);
    double best = best_size(s->budgets[k]);
    while (first + n < s->n_shapes) {
        struct lab_cell below = cell_of(s, first, k, c, vocab), above = cell_of(s, first + n, k, c, vocab);
        if (distance(&above, best) >= distance(&below, best))
            break;
        first++;
    }
    return first;
}

size_t scale_cells(struct lab_cell *cells, const struct lab_scale *s, size_t k, const struct config *c, size_t vocab)
{
    size_t n = size_min(s->per_budget, s->n_shapes), first = first_of(s, k, c, vocab);
    for (size_t i = 0; i < n; i++)
        cells[i] = cell_of(s, first + i, k, c, vocab);
    return n;
}

struct lab_cell scale_middle(const struct lab_scale *s, size_t k, const struct config *c, size_t vocab)
{
    struct lab_cell best = cell_of(s, 0, k, c, vocab);
    for (size_t i = 1; i < s->n_shapes; i++) {
        struct lab_cell x = cell_of(s, i, k, c, vocab);
        if (distance(&x, best_size(s->budgets[k])) < distance(&best, best_size(s->budgets[k])))
            best = x;
    }
    return best;
}

/* --- in lab.json --- */

static const struct {
    const char *key;
    size_t at;
} wholes[] = {
    {"sizes_per_budget", offsetof(struct lab_scale, per_budget)},
    {"rates", offsetof(struct lab_scale, rates)},
    {"batch_windows", offsetof(struct lab_scale, windows)},
    {"bootstrap", offsetof(struct lab_scale, bootstrap)},
};

static size_t *whole(const struct lab_scale *s, size_t i)
{
    return (size_t *)((char *)s + wholes[i].at);
}

cJSON *scale_json(const struct lab_scale *s)
{
    cJSON *j = cJSON_CreateObject(), *shapes = cJSON_CreateArray();
    cJSON_AddNumberToObject(j, "flops_per_s", s->flops_per_s);
    cJSON_AddItemToObject(j, "budgets", cJSON_CreateDoubleArray(s->budgets, (int)s->n_budgets));
    for (size_t i = 0; i < s->n_shapes; i++)
        cJSON_AddItemToArray(shapes, cJSON_CreateNumber((double)s->shapes[i].d_model));
    cJSON_AddItemToObject(j, "d_models", shapes);
    cJSON_AddNumberToObject(j, "eval_tokens", s->eval_tokens);
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        cJSON_AddNumberToObject(j, wholes[i].key, (double)*whole(s, i));
    return j;
}

bool scale_read(struct lab_scale *s, const cJSON *json)
{
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(json, "budgets"), *d = cJSON_GetObjectItemCaseSensitive(json, "d_models"), *x;
    size_t i = 0;
    *s = (struct lab_scale){.flops_per_s = json_number(json, "flops_per_s"), .eval_tokens = json_number(json, "eval_tokens")};
    cJSON_ArrayForEach(x, b) if (s->n_budgets < LAB_BUDGETS && x->valuedouble > 0) s->budgets[s->n_budgets++] = x->valuedouble;
    cJSON_ArrayForEach(x, d) if (s->n_shapes < LAB_SHAPES && x->valuedouble >= 4 && x->valuedouble <= 4096)
    {
        s->shapes[s->n_shapes++] = scale_shape_of((size_t)x->valuedouble);
    }
    for (; i < sizeof wholes / sizeof *wholes; i++) {
        double v = json_number(json, wholes[i].key);
        if (!(v >= 1 && v <= 1e6))
            break;
        *whole(s, i) = (size_t)v;
    }
    return i == sizeof wholes / sizeof *wholes && s->n_budgets >= 3 && s->n_shapes >= 3 && s->eval_tokens > 0 && s->flops_per_s > 0;
}
