#include "fit/unlike.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/size.h"
#include "fit/bowl_law.h"
#include "fit/levels.h"
#include "fit/table.h"

/* DATA: other values are another experiment. TRAINING: they are told. TUNED: likewise, but where several stand at one size
 * and budget, the best is taken (fit/table/tuned.h). WARMUP: so too, and told unless it goes with the size or with the budget,
 * as rules for it do. NOTED: a rule of the protocol speaks of it (fit/verdict/protocol.h). */
enum effect { DATA, TRAINING, TUNED, WARMUP, NOTED };

#define MAX_NAMES 8

/* Rows of the table below that are more than compared. */
enum { NAME, FINGERPRINT, RATE = 5 };

static const struct trait {
    const char *words;
    enum effect effect;
    bool number;             /* 0.008 and 8e-3 are one value */
    const char *names[MAX_NAMES]; /* of columns, in any case */
} traits[] = {
    [NAME] = {"data", DATA, false, {"data", "dataset", "data_set", "data_source", "corpus", "dataset_name", "data_name"}},
    [FINGERPRINT] = {"data fingerprint", DATA, false, {"data_fingerprint", "data_hash", "dataset_hash"}},
    {"vocabulary", DATA, true, {"vocab", "vocab_size", "n_vocab", "vocabulary", "vocabulary_size"}},
    {"tokenizer", DATA, false, {"tokenizer", "tokeniser", "tokenizer_name"}},
    {"held-out set", DATA, false,
     {"heldout", "held_out", "eval_set", "val_set", "validation_set", "eval_data", "val_data", "eval_dataset"}},
    [RATE] = {"learning rate", TUNED, true, {"lr", "learning_rate", "peak_lr", "max_lr", "base_lr"}},
    {"batch", TUNED, true, {"batch_tokens", "batch_size", "global_batch_size", "tokens_per_batch", "bs"}},
    {"weight decay", TUNED, true, {"weight_decay", "wd"}},
    {"beta1", TUNED, true, {"beta1", "adam_beta1", "beta_1"}},
    {"beta2", TUNED, true, {"beta2", "adam_beta2", "beta_2"}},
    {"half-life of beta2", TUNED, true, {"beta2_tokens"}},
    {"final rate", TUNED, true, {"min_lr"}},
    {"momentum", TUNED, true, {"momentum"}},
    {"clipping", TUNED, true, {"clip", "grad_clip"}},
    {"schedule", TRAINING, false, {"schedule", "lr_schedule", "scheduler", "lr_scheduler", "decay"}},
    {"cooldown", TUNED, true, {"cooldown", "cooldown_frac", "decay_frac"}},
    {"optimizer", TRAINING, false, {"optimizer", "optimiser"}},
    {"context", TRAINING, true, {"ctx", "context", "context_length", "seq_len", "sequence_length", "block_size"}},
    {"precision", TRAINING, false, {"precision", "dtype"}},
    {"parametrisation", TRAINING, false, {"parametrisation", "parametrization", "parameterization"}},
    {"dropout", TRAINING, true, {"dropout"}},
    {"architecture", TRAINING, false, {"architecture", "arch", "preset"}},
    {"hyperparameters", TRAINING, false, {"hparams", "hyperparameters"}},
    {"warm-up", WARMUP, true, {"warmup_tokens", "warmup_steps", "warmup", "warmup_ratio", "warmup_frac"}},
    {"instruction set", NOTED, false, {"isa"}},
};

enum { N_TRAITS = sizeof traits / sizeof *traits, MAX_VALUES = 250, BEYOND = MAX_VALUES + 1 };

/* One value that a trait takes. */
struct value {
    char *text;    /* owned */
    double number; /* NaN where it is none */
};

struct row {
    size_t source;
    unsigned char of[N_TRAITS]; /* 1 + index of the value, BEYOND: one of too many to list, 0: not known */
};

struct unlike {
    char **sources; /* (n_sources), owned */
    size_t n_sources;
    struct row *rows; /* (n_rows) */
    size_t n_rows, cap;
    char *columns[N_TRAITS]; /* as the first file calls it, owned; NULL: none has it */
    struct value values[N_TRAITS][MAX_VALUES];
    size_t n_values[N_TRAITS];
    bool settled[N_TRAITS]; /* several values stand at one size and budget */
};

int unlike_trait(const char *column)
{
    for (int i = 0; i < N_TRAITS; i++)
        for (int k = 0; k < MAX_NAMES && traits[i].names[k]; k++)
            if (strcasecmp(column, traits[i].names[k]) == 0)
                return i;
    return -1;
}

/* ---- noting ---- */

static enum status copy_text(char **out, const char *text, struct err *err)
{
    *out = strdup(text);
    return *out ? OK : err_set(err, E_NOMEM, "out of memory for the columns of a table");
}

enum status unlike_source(struct unlike **u, const char *name, struct err *err)
{
    if (!*u)
        TRY(size_calloc(u, 1, sizeof **u, "the columns of a table", err));
    char **p = realloc((*u)->sources, ((*u)->n_sources + 1) * sizeof *p);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory for the columns of a table");
    (*u)->sources = p;
    TRY(copy_text(&p[(*u)->n_sources], name, err));
    (*u)->n_sources++;
    return OK;
}

static double as_number(const char *text)
{
    char *end;
    double v = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(v) ? v : (double)NAN;
}

static bool same_value(const struct value *v, int trait, const char *text, double number)
{
    if (strcmp(v->text, text) == 0)
        return true;
    return traits[trait].number && fabs(v->number - number) <= 1e-9 * fabs(number);
}

enum status unlike_row(struct unlike *u, size_t row, struct err *err)
{
    TRY(size_reserve(&u->rows, &u->cap, row + 1, sizeof *u->rows, "the runs", err));
    for (; u->n_rows <= row; u->n_rows++)
        u->rows[u->n_rows] = (struct row){.source = u->n_sources - 1};
    return OK;
}

enum status unlike_set(struct unlike *u, size_t row, int trait, const char *column, const char *cell,
                       struct err *err)
{
    CHECK(row < u->n_rows);
    if (!u->columns[trait])
        TRY(copy_text(&u->columns[trait], column, err));
    double number = as_number(cell);
    /* a column "data" of numbers is an amount of data, as "data" is D to some */
    if (cell[0] == '\0' || (trait == NAME && strcasecmp(column, "data") == 0 && !isnan(number)))
        return OK;
    size_t k = 0, n = u->n_values[trait];
    while (k < n && !same_value(&u->values[trait][k], trait, cell, number))
        k++;
    if (k == n && n < MAX_VALUES) {
        TRY(copy_text(&u->values[trait][n].text, cell, err));
        u->values[trait][n].number = number;
        u->n_values[trait]++;
    }
    u->rows[row].of[trait] = (unsigned char)(k < MAX_VALUES ? k + 1 : BEYOND);
    return OK;
}

double unlike_number(const struct unlike *u, size_t row, int trait, const char *column)
{
    if (!u || row >= u->n_rows || !u->columns[trait] || (column && strcasecmp(u->columns[trait], column) != 0))
        return (double)NAN;
    unsigned of = u->rows[row].of[trait];
    return of > 0 && of < BEYOND ? u->values[trait][of - 1].number : (double)NAN;
}

void unlike_keep(struct unlike *u, const bool *keep, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; u && i < u->n_rows; i++)
        if (i >= n || keep[i])
            u->rows[kept++] = u->rows[i];
    if (u)
        u->n_rows = kept;
}

void unlike_free(struct unlike *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->n_sources; i++)
        free(u->sources[i]);
    for (int t = 0; t < N_TRAITS; t++) {
        free(u->columns[t]);
        for (size_t k = 0; k < u->n_values[t]; k++)
            free(u->values[t][k].text);
    }
    free(u->sources);
    free(u->rows);
    free(u);
}

size_t unlike_rows_of(const struct unlike *u, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; u && i < u->n_rows; i++)
        n += strcmp(u->sources[u->rows[i].source], name) == 0;
    return n;
}

static void put(char *out, size_t size, size_t *used, const char *text)
{
    int n = snprintf(out + *used, size - *used, "%s", text);
    *used = size_min(size - 1, *used + (n > 0 ? (size_t)n : 0));
}

/* ---- what is tuned ---- */

static bool is_tuned(int trait)
{
    return traits[trait].effect == TUNED || traits[trait].effect == WARMUP;
}

bool unlike_has_settings(const struct unlike *u)
{
    for (int t = 0; u && t < N_TRAITS; t++)
        if (is_tuned(t) && u->n_values[t] > 1)
            return true;
    return false;
}

static uint64_t setting_of(const struct unlike *u, size_t row, int but)
{
    uint64_t h = HASH_SEED;
    for (int t = 0; row < u->n_rows && t < N_TRAITS; t++)
        if (is_tuned(t) && t != but)
            h = hash_bytes(h, &u->rows[row].of[t], 1);
    return h;
}

uint64_t unlike_setting(const struct unlike *u, size_t row)
{
    return setting_of(u, row, -1);
}

uint64_t unlike_others(const struct unlike *u, size_t row)
{
    return setting_of(u, row, RATE);
}

double unlike_rate(const struct unlike *u, size_t row)
{
    unsigned char k = u && row < u->n_rows ? u->rows[row].of[RATE] : 0;
    return k && k != BEYOND ? u->values[RATE][k - 1].number : (double)NAN;
}

void unlike_settle(struct unlike *u, size_t a, size_t b)
{
    for (int t = 0; a < u->n_rows && b < u->n_rows && t < N_TRAITS; t++)
        u->settled[t] = u->settled[t] || (is_tuned(t) && u->rows[a].of[t] != u->rows[b].of[t]);
}

void unlike_settled(char *columns, size_t size, char *example, size_t example_size, const struct unlike *u)
{
    size_t used = 0;
    columns[0] = example[0] = '\0';
    for (int t = 0; t < N_TRAITS; t++) {
        if (!u->settled[t] || (traits[t].effect == WARMUP && used > 0)) /* a rule's warm-up moves with the batch */
            continue;
        put(columns, size, &used, used ? ", " : "");
        put(columns, size, &used, u->columns[t]);
        if (!example[0] && isnan(u->values[t][0].number))
            snprintf(example, example_size, "%s=%s", u->columns[t], u->values[t][0].text);
        else if (!example[0])
            snprintf(example, example_size, "%s=%.6g", u->columns[t], u->values[t][0].number);
    }
}

/* ---- judging ---- */

/* The values of one trait among the rows, as they are told. */
struct spread {
    size_t runs[BEYOND + 1]; /* by value, as in struct row */
    size_t order[MAX_VALUES]; /* (n) values that occur, ascending where they are numbers */
    size_t n;
};

static struct spread spread_of(const struct unlike *u, int trait, size_t n_rows)
{
    struct spread s = {.n = 0};
    for (size_t i = 0; i < n_rows; i++)
        s.runs[u->rows[i].of[trait]]++;
    for (size_t k = 0; k < u->n_values[trait]; k++) {
        if (s.runs[k + 1] == 0)
            continue;
        size_t at = s.n++;
        for (; at > 0 && u->values[trait][s.order[at - 1]].number > u->values[trait][k].number; at--)
            s.order[at] = s.order[at - 1];
        s.order[at] = k;
    }
    return s;
}

/* " 'zipf-facts' (9 runs, a/results.csv)". A number as short as it says the same. */
static void put_value(char *out, size_t size, size_t *used, const struct unlike *u, int trait, size_t k,
                      size_t runs, size_t n_rows)
{
    const struct value *v = &u->values[trait][k];
    char one[400], files[200] = "";
    size_t n_files = 0, last = SIZE_MAX;
    for (size_t i = 0; i < n_rows; i++)
        if (u->rows[i].of[trait] == k + 1 && u->rows[i].source != last) {
            last = u->rows[i].source;
            if (n_files++ == 0)
                snprintf(files, sizeof files, ", %.120s", u->sources[last]);
        }
    if (n_files > 1)
        snprintf(files + strlen(files), sizeof files - strlen(files), " and %zu more", n_files - 1);
    if (traits[trait].number && !isnan(v->number))
        snprintf(one, sizeof one, " %.6g (%zu run%s%s)", v->number, runs, runs == 1 ? "" : "s", files);
    else
        snprintf(one, sizeof one, " '%.60s' (%zu run%s%s)", v->text, runs, runs == 1 ? "" : "s", files);
    put(out, size, used, one);
}

enum { SHOWN = 3 };

static void put_values(char *out, size_t size, const struct unlike *u, int trait, const struct spread *s,
                       size_t n_rows)
{
    size_t used = 0, shown = s->n > SHOWN + 1 ? SHOWN : s->n;
    out[0] = '\0';
    for (size_t i = 0; i < shown; i++) {
        put(out, size, &used, i ? "," : "");
        put_value(out, size, &used, u, trait, s->order[i], s->runs[s->order[i] + 1], n_rows);
    }
    if (shown < s->n) {
        char more[64];
        snprintf(more, sizeof more, " and %zu%s values more", s->n - shown, s->runs[BEYOND] ? " or more" : "");
        put(out, size, &used, more);
    }
}

/* Does every size have one value of its own? Values within 0.1 % are one size. */
static bool goes_with_size(const struct unlike *u, int trait, const double *size, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            unsigned char a = u->rows[i].of[trait], b = u->rows[j].of[trait];
            if (a && b && a != b && fabs(size[i] - size[j]) <= LEVELS_WRITTEN * size[i])
                return false;
        }
    return true;
}

/* A constant share of the budget, to the rounding to whole steps. */
static bool goes_with_budget(const struct unlike *u, int trait, const double *tokens, size_t n)
{
    double lo = (double)INFINITY, hi = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char k = u->rows[i].of[trait];
        if (k == 0)
            continue;
        double share = k == BEYOND ? (double)NAN : u->values[trait][k - 1].number / tokens[i];
        if (!(share > 0))
            return false;
        lo = fmin(lo, share);
        hi = fmax(hi, share);
    }
    return hi <= 1.1 * lo;
}

/* The default rule of our own sweeps: a token a parameter, at most a fifth of the budget; to the rounding to steps. */
static bool goes_by_rule(const struct unlike *u, int trait, const double *size, const double *tokens, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char k = u->rows[i].of[trait];
        double want = fmin(size[i], tokens[i] / 5), is = k == 0 || k == BEYOND ? want : u->values[trait][k - 1].number;
        if (!(is > 0.5 * want && is <= 2 * want)) /* steps may be as long as the warm-up itself */
            return false;
    }
    return true;
}

/* A law of size and budget, as tuned rates have: to 1 %, and it must have rows to spare. */
static bool goes_by_law(const struct unlike *u, const double *size, const double *tokens, size_t n)
{
    struct bowl_law law;
    struct bowl_site *site = calloc(n, sizeof *site);
    bool by_law = site != NULL && n >= 6;
    for (size_t i = 0; i < n && by_law; i++) {
        site[i] = (struct bowl_site){size[i], tokens[i], unlike_rate(u, i), 0};
        by_law = site[i].x > 0 && site[i].n > 0 && site[i].d > 0;
    }
    if (by_law)
        bowl_law_fit(&law, site, n, true, (double)INFINITY); /* whether there is one, not which */
    for (size_t i = 0; i < n && by_law; i++)
        by_law = fabs(log(site[i].x / bowl_law_at(&law, site[i].n, site[i].d).value)) < 0.01;
    free(site);
    return by_law;
}

/* The pairs of rows that are looked at, at most. */
#define MAX_ROWS 5000

static enum status refuse(const struct unlike *u, int trait, const struct spread *s, size_t n_rows, struct err *err)
{
    char values[600];
    const struct value *first = &u->values[trait][s->order[0]];
    put_values(values, sizeof values, u, trait, s, n_rows);
    return err_set(err, E_DATA, "unlike data in one fit: column %.60s holds%s: take one of them, such as --where '%.60s=%.60s'",
                   u->columns[trait], values, u->columns[trait], first->text);
}

static void warn(struct fit_lines *careful, const struct unlike *u, int trait, const struct spread *s,
                 const struct fit_table *t, size_t n)
{
    char values[700];
    bool few = n <= MAX_ROWS;
    const double *size = t->col[FIT_PARAMS];
    bool with_size = few && goes_with_size(u, trait, size, n);
    const double *tokens = t->col[FIT_TOKENS];
    if (traits[trait].effect == NOTED || u->settled[trait] || (trait == RATE && few && goes_by_law(u, size, tokens, n)))
        return;
    if (traits[trait].effect == WARMUP &&
        (with_size || goes_with_budget(u, trait, tokens, n) || goes_by_rule(u, trait, size, tokens, n)))
        return;
    put_values(values, sizeof values, u, trait, s, n);
    fit_lines_add(careful, "the runs differ in their %s, column %s:%s: %s", traits[trait].words, u->columns[trait],
                  values, with_size ? "every size has its own, so its effect counts as that of size"
                                    : "its effect is mixed into those of size and data");
}

/* Every row has one fingerprint. */
static bool one_fingerprint(const struct unlike *u, size_t n)
{
    struct spread s = spread_of(u, FINGERPRINT, n);
    return s.n == 1 && s.runs[0] + s.runs[BEYOND] == 0;
}

enum status unlike_judge(struct fit_lines *careful, const struct unlike *u, const struct fit_table *t, bool same_data,
                         bool same_print, struct err *err)
{
    size_t n = u ? size_min(u->n_rows, t->n) : 0;
    same_data = same_data || (n > 0 && one_fingerprint(u, n));
    for (int i = 0; i < N_TRAITS && n > 0; i++) {
        struct spread s = spread_of(u, i, n);
        if (s.n + (s.runs[BEYOND] > 0) < 2 || (i == NAME && same_data) || (i == FINGERPRINT && same_print))
            continue;
        if (traits[i].effect == DATA)
            return refuse(u, i, &s, n, err);
        warn(careful, u, i, &s, t, n);
    }
    return OK;
}

size_t unlike_texts(char *words, size_t size, const struct unlike *u, int trait, size_t n)
{
    size_t used = 0;
    words[0] = '\0';
    if (!u || !u->columns[trait])
        return 0;
    const struct spread s = spread_of(u, trait, size_min(u->n_rows, n));
    for (size_t i = 0; i < s.n; i++) {
        char one[64];
        snprintf(one, sizeof one, "%s%zu with %.20s", i == 0 ? "" : i + 1 == s.n ? " and " : ", ", s.runs[s.order[i] + 1],
                 u->values[trait][s.order[i]].text);
        put(words, size, &used, one);
    }
    return s.n;
}
