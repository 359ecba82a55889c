#include "fit/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/size.h"
#include "fit/fit_json.h"
#include "fit/unlike.h"

#define MAX_ALIASES 6
#define MAX_FIELDS 1024

/* The names that a column goes by; those of one letter match by case. */
static const struct {
    enum fit_column col;
    const char *names[MAX_ALIASES];
} aliases[] = {
    {FIT_PARAMS, {"params", "N", "n_params", "parameters", "num_params"}},
    {FIT_PARAMS_NONEMBD, {"params_nonembd", "params_no_embed", "params_no_embedding"}},
    {FIT_PARAMS_MATMUL, {"params_matmul"}},
    {FIT_TOKENS, {"tokens", "D", "train_tokens", "n_tokens", "num_tokens"}},
    {FIT_FLOPS, {"flops", "C", "compute", "compute_budget", "train_flops"}},
    {FIT_LOSS, {"loss", "L", "final_loss", "val_loss"}},
    {FIT_LOSS_SE, {"loss_se"}},
    {FIT_UNIQUE_TOKENS, {"unique_tokens", "U", "data_unique"}},
    {FIT_EPOCHS, {"epochs"}},
    {FIT_SEED, {"seed"}},
    {FIT_TOKENS_PER_S, {"tokens_per_s"}},
};
#define N_ALIASES (sizeof aliases / sizeof *aliases)

struct field {
    char *text; /* '\0'-terminated, in the file's buffer */
    size_t at;  /* column in the line, from 1 */
};

struct csv {
    const char *name;
    char *p, *end;
    size_t line;      /* of the row that was read last, from 1 */
    size_t next_line; /* of the row behind it */
    struct field f[MAX_FIELDS];
    size_t n;
};

/* What each column of the file is for: an enum fit_column, or one of these. */
enum { ROLE_NONE = -1, ROLE_TRUNK = -2, ROLE_STATUS = -3 };

struct header {
    char *names[MAX_FIELDS];
    int role[MAX_FIELDS];
    int role2[MAX_FIELDS]; /* a second use of the same column: --x params */
    int trait[MAX_FIELDS]; /* what it tells beside that: unlike_trait */
    size_t n;
};

enum fit_column fit_count_column(enum fit_count count)
{
    static const enum fit_column cols[] = {FIT_PARAMS, FIT_PARAMS_NONEMBD, FIT_PARAMS_MATMUL};
    return cols[count];
}

const char *fit_count_name(enum fit_count count)
{
    static const char *const names[] = {"total", "nonembd", "matmul"};
    return names[count];
}

void fit_table_free(struct fit_table *t)
{
    for (size_t c = 0; c < FIT_N_COLUMNS; c++)
        free(t->col[c]);
    free(t->trunk);
    fit_lines_free(&t->notes);
    unlike_free(t->unlike);
    *t = (struct fit_table){0};
}

static enum status reserve(struct fit_table *t, size_t n, struct err *err)
{
    if (n <= t->cap)
        return OK;
    size_t cap = size_max(n, 2 * t->cap), bytes;
    if (cap < 64)
        cap = 64;
    if (!size_mul(&bytes, cap, sizeof(double)))
        return err_set(err, E_NOMEM, "out of memory for %zu runs", cap);
    for (size_t c = 0; c < FIT_N_COLUMNS; c++) {
        double *p = realloc(t->col[c], bytes);
        if (!p)
            return err_set(err, E_NOMEM, "out of memory for %zu runs", cap);
        t->col[c] = p;
    }
    size_t *trunk = realloc(t->trunk, cap * sizeof *trunk);
    if (!trunk)
        return err_set(err, E_NOMEM, "out of memory for %zu runs", cap);
    t->trunk = trunk;
    t->cap = cap;
    return OK;
}

static enum status add_row(struct fit_table *t, struct err *err)
{
    TRY(reserve(t, t->n + 1, err));
    for (size_t c = 0; c < FIT_N_COLUMNS; c++)
        t->col[c][t->n] = (double)NAN;
    t->trunk[t->n] = t->n;
    t->n++;
    return OK;
}

enum status fit_table_init(struct fit_table *t, size_t n, struct err *err)
{
    memset(t, 0, sizeof *t);
    t->truth_heldout = (double)NAN;
    TRY(reserve(t, size_max(n, 1), err));
    while (t->n < n)
        TRY(add_row(t, err));
    t->n_trunks = n;
    return OK;
}

/* --- CSV ------------------------------------------------------------------------------------------ */

/* A quoted field, "" standing for one quote; unquoted in place. */
static enum status quoted(struct csv *c, struct field *f, size_t at, struct err *err)
{
    char *out = ++c->p;
    size_t start_line = c->line;
    f->text = out;
    for (;; c->p++) {
        if (c->p >= c->end)
            return err_set(err, E_DATA, "%s:%zu:%zu: a quote is opened and not closed", c->name,
                           start_line, at);
        if (*c->p == '"') {
            if (c->p + 1 < c->end && c->p[1] == '"')
                c->p++;
            else
                break;
        }
        if (*c->p == '\n')
            c->line++;
        *out++ = *c->p;
    }
    c->p++;
    if (c->p < c->end && *c->p != ',' && *c->p != '\n' && *c->p != '\r')
        return err_set(err, E_DATA, "%s:%zu:%zu: text follows a closing quote", c->name, c->line, at);
    *out = '\0';
    return OK;
}

/* The next line's fields; *more is false at the end of the file. Empty lines are passed over. */
static enum status next_row(struct csv *c, bool *more, struct err *err)
{
    c->line = c->next_line;
    while (c->p < c->end && (*c->p == '\n' || *c->p == '\r'))
        c->line += *c->p++ == '\n';
    *more = c->p < c->end;
    c->n = 0;
    const char *start = c->p;
    while (*more) {
        size_t at = (size_t)(c->p - start) + 1;
        if (c->n == MAX_FIELDS)
            return err_set(err, E_DATA, "%s:%zu:%zu: more than %d columns", c->name, c->line, at,
                           MAX_FIELDS);
        struct field *f = &c->f[c->n++];
        f->at = at;
        if (c->p < c->end && *c->p == '"') {
            TRY(quoted(c, f, at, err));
        } else {
            f->text = c->p;
            while (c->p < c->end && *c->p != ',' && *c->p != '\n' && *c->p != '\r') {
                if (*c->p == '\0')
                    return err_set(err, E_DATA, "%s:%zu:%zu: a zero byte: this is no text file",
                                   c->name, c->line, at);
                c->p++;
            }
        }
        char stop = c->p < c->end ? *c->p : '\n';
        *c->p = '\0'; /* the buffer has one byte behind its end */
        if (stop == ',') {
            c->p++;
            continue;
        }
        if (c->p < c->end)
            c->p++;
        if (stop == '\r' && c->p < c->end && *c->p == '\n')
            c->p++;
        break;
    }
    c->next_line = c->line + 1;
    return OK;
}

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        s[--n] = '\0';
    return s;
}

static bool name_is(const char *name, const char *alias)
{
    return alias[1] == '\0' ? strcmp(name, alias) == 0 : strcasecmp(name, alias) == 0;
}

static int role_of(const char *name)
{
    if (name_is(name, "trunk"))
        return ROLE_TRUNK;
    if (name_is(name, "status"))
        return ROLE_STATUS;
    for (size_t i = 0; i < N_ALIASES; i++)
        for (size_t k = 0; k < MAX_ALIASES && aliases[i].names[k]; k++)
            if (name_is(name, aliases[i].names[k]))
                return (int)aliases[i].col;
    return ROLE_NONE;
}

static size_t find_name(const struct header *h, const char *name)
{
    size_t i = 0;
    while (i < h->n && strcmp(h->names[i], name) != 0)
        i++;
    return i;
}

static enum status no_column(const struct header *h, const char *file, const char *name,
                             struct err *err)
{
    const char *best = NULL;
    size_t distance = NEAREST_MAX;
    for (size_t i = 0; i < h->n; i++)
        nearest_consider(&best, &distance, name, h->names[i]);
    if (best)
        return err_set(err, E_DATA, "%s: no column '%s' (did you mean %s?)", file, name, best);
    return err_set(err, E_DATA, "%s: no column '%s'", file, name);
}

static bool has_role(const struct header *h, int role)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->role[i] == role || h->role2[i] == role)
            return true;
    return false;
}

/* Columns that the question asked needs and the file cannot give. */
static enum status missing_columns(const struct header *h, const char *file,
                                   const struct fit_read_options *opt, struct err *err)
{
    bool size = has_role(h, (int)fit_count_column(opt->count));
    bool tokens = has_role(h, FIT_TOKENS), flops = has_role(h, FIT_FLOPS);
    if (!has_role(h, FIT_LOSS))
        return err_set(err, E_DATA, "%s: no column for the loss (loss, L, final_loss, val_loss, or --y)",
                       file);
    if (opt->x)
        return OK;
    if (!size && opt->count != FIT_COUNT_TOTAL)
        return err_set(err, E_DATA, "%s: no column %s, which --count %s needs", file,
                       opt->count == FIT_COUNT_NONEMBD ? "params_nonembd" : "params_matmul",
                       fit_count_name(opt->count));
    if (size + tokens + flops < 2)
        return err_set(err, E_DATA,
                       "%s: two of the columns params, tokens and flops are needed%s%s%s; name the "
                       "variable of a one-variable law with --x COLUMN",
                       file, size ? ", found only params" : "", tokens ? ", found only tokens" : "",
                       flops ? ", found only flops" : "");
    return OK;
}

static enum status read_header(struct header *h, struct csv *c, const struct fit_read_options *opt,
                               struct err *err)
{
    h->n = c->n;
    for (size_t i = 0; i < c->n; i++) {
        h->names[i] = trim(c->f[i].text);
        h->role[i] = opt->y && (role_of(h->names[i]) == FIT_LOSS) ? ROLE_NONE : role_of(h->names[i]);
        h->role2[i] = ROLE_NONE;
        h->trait[i] = unlike_trait(h->names[i]);
        for (size_t j = 0; j < i; j++) {
            if (h->names[i][0] != '\0' && strcmp(h->names[i], h->names[j]) == 0)
                return err_set(err, E_DATA, "%s:%zu:%zu: column '%s' appears twice", c->name, c->line,
                               c->f[i].at, h->names[i]);
            if (h->role[i] != ROLE_NONE && h->role[i] == h->role[j])
                h->role[i] = ROLE_NONE; /* of two aliases the first column counts */
        }
    }
    const char *const named[2] = {opt->x, opt->y};
    static const int use[2] = {FIT_X, FIT_LOSS};
    for (size_t k = 0; k < 2; k++) {
        if (!named[k])
            continue;
        size_t i = find_name(h, named[k]);
        if (i == h->n)
            return no_column(h, c->name, named[k], err);
        h->role2[i] = use[k];
    }
    return missing_columns(h, c->name, opt, err);
}

static enum status cell_error(const struct csv *c, const struct header *h, size_t i, const char *why,
                              struct err *err)
{
    return err_set(err, E_DATA, "%s:%zu:%zu: column %s: '%.60s' %s", c->name, c->line, c->f[i].at,
                   h->names[i], c->f[i].text, why);
}

static bool must_be_positive(int col)
{
    return col != FIT_LOSS_SE && col != FIT_SEED;
}

/* A cell as a number. Empty cells are NaN where the column can be done without. */
static enum status read_cell(double *out, const struct csv *c, const struct header *h, size_t i, int col,
                             struct err *err)
{
    const char *s = trim(c->f[i].text);
    bool needed = col == FIT_LOSS || col == FIT_X;
    *out = (double)NAN;
    if (s[0] == '\0')
        return needed ? cell_error(c, h, i, "is empty", err) : OK;
    char *end;
    errno = 0;
    double v = strtod(s, &end);
    if (*end != '\0' || strchr("+-.0123456789", s[0]) == NULL || strpbrk(s, "xX"))
        return cell_error(c, h, i, "is not a number", err);
    if (!isfinite(v))
        return cell_error(c, h, i, "is not a finite number", err);
    if (must_be_positive(col) ? !(v > 0) : !(v >= 0) && col != FIT_SEED)
        return cell_error(c, h, i, must_be_positive(col) ? "must be above 0" : "must not be negative",
                          err);
    *out = v;
    return OK;
}

/* Does the row match column=value, as text or as a number? */
static enum status matches(bool *yes, const char *where, const struct csv *c, const struct header *h,
                           struct err *err)
{
    const char *eq = strchr(where, '=');
    char name[128];
    if (!eq || (size_t)(eq - where) >= sizeof name)
        return err_set(err, E_USAGE, "--where %s: expected column=value", where);
    memcpy(name, where, (size_t)(eq - where));
    name[eq - where] = '\0';
    size_t i = find_name(h, name);
    if (i == h->n)
        return no_column(h, c->name, name, err);
    const char *cell = i < c->n ? trim(c->f[i].text) : "";
    *yes = strcmp(cell, eq + 1) == 0;
    if (!*yes && cell[0] != '\0' && eq[1] != '\0') {
        char *end1, *end2;
        double a = strtod(cell, &end1), b = strtod(eq + 1, &end2);
        *yes = *end1 == '\0' && *end2 == '\0' && a == b;
    }
    return OK;
}

/* "done" or nothing is read; any other status is counted and passed over. */
static bool row_done(struct fit_table *t, const struct csv *c, const struct header *h)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->role[i] != ROLE_STATUS || i >= c->n)
            continue;
        const char *s = trim(c->f[i].text);
        if (strcmp(s, "done") == 0 || s[0] == '\0')
            continue;
        if (strcmp(s, "diverged") == 0)
            t->n_diverged++;
        else
            t->n_failed++;
        return false;
    }
    return true;
}

static enum status read_row(struct fit_table *t, struct csv *c, const struct header *h,
                            uint64_t file_hash, uint64_t *trunk, const struct fit_read_options *opt,
                            struct err *err)
{
    size_t extra = c->n;
    while (extra > h->n && trim(c->f[extra - 1].text)[0] == '\0')
        extra--; /* trailing commas */
    if (extra > h->n)
        return err_set(err, E_DATA, "%s:%zu: %zu fields, but the header has %zu columns", c->name,
                       c->line, extra, h->n);
    for (size_t k = 0; k < opt->n_where; k++) {
        bool yes;
        TRY(matches(&yes, opt->where[k], c, h, err));
        if (!yes) {
            t->n_filtered++;
            return OK;
        }
    }
    if (!row_done(t, c, h))
        return OK;
    if (c->n < h->n && c->n < 2 && trim(c->f[0].text)[0] == '\0')
        return OK; /* a line of blanks */
    TRY(add_row(t, err));
    size_t row = t->n - 1;
    TRY(unlike_row(t->unlike, row, err));
    *trunk = 0;
    for (size_t i = 0; i < h->n; i++) {
        int roles[2] = {h->role[i], h->role2[i]};
        if (i >= c->n && (roles[0] == FIT_LOSS || roles[1] == FIT_LOSS || roles[1] == FIT_X))
            return err_set(err, E_DATA, "%s:%zu: the line ends before column %s", c->name, c->line,
                           h->names[i]);
        if (i >= c->n)
            continue;
        if (roles[0] == ROLE_TRUNK && trim(c->f[i].text)[0] != '\0')
            *trunk = hash_bytes(file_hash, trim(c->f[i].text), strlen(trim(c->f[i].text))) | 1;
        if (h->trait[i] >= 0)
            TRY(unlike_set(t->unlike, row, h->trait[i], h->names[i], trim(c->f[i].text), err));
        for (size_t k = 0; k < 2; k++)
            if (roles[k] >= 0)
                TRY(read_cell(&t->col[roles[k]][row], c, h, i, roles[k], err));
    }
    return OK;
}

/* --- what follows from the rows ------------------------------------------------------------------ */

static void derive(struct fit_table *t, size_t from, const char *name,
                   const struct fit_read_options *opt)
{
    enum fit_column size = fit_count_column(opt->count);
    size_t tokens = 0, sizes = 0, flops = 0, unique = 0;
    for (size_t i = from; i < t->n; i++) {
        double *n = &t->col[size][i], *d = &t->col[FIT_TOKENS][i], *c = &t->col[FIT_FLOPS][i];
        double *u = &t->col[FIT_UNIQUE_TOKENS][i], *e = &t->col[FIT_EPOCHS][i];
        if (isnan(*d) && *c > 0 && *n > 0) {
            *d = *c / (6 * *n);
            tokens++;
        } else if (isnan(*n) && *c > 0 && *d > 0) {
            *n = *c / (6 * *d);
            sizes++;
        } else if (isnan(*c) && *n > 0 && *d > 0) {
            *c = 6 * *n * *d;
            flops++;
        }
        if (isnan(*u) && *e > 0 && *d > 0) {
            *u = *d / fmax(*e, 1.0);
            unique++;
        }
    }
    if (tokens)
        fit_lines_add(&t->notes, "%s: tokens = flops / (6 params) for %zu runs", name, tokens);
    if (sizes)
        fit_lines_add(&t->notes, "%s: params = flops / (6 tokens) for %zu runs", name, sizes);
    if (flops)
        fit_lines_add(&t->notes, "%s: flops = 6 params x tokens for %zu runs", name, flops);
    if (unique)
        fit_lines_add(&t->notes, "%s: unique tokens = tokens / epochs for %zu runs", name, unique);
}

/* A run without size or data cannot be used, and the reader must hear which one. */
static enum status whole_rows(const struct fit_table *t, size_t from, const char *name,
                              const struct fit_read_options *opt, struct err *err)
{
    static const enum fit_column need[] = {FIT_TOKENS, FIT_FLOPS};
    if (opt->x)
        return OK;
    for (size_t i = from; i < t->n; i++) {
        bool bad = isnan(t->col[fit_count_column(opt->count)][i]);
        for (size_t k = 0; k < 2; k++)
            bad |= isnan(t->col[need[k]][i]);
        if (bad)
            return err_set(err, E_DATA, "%s: run %zu (loss %g) has too few of params, tokens and flops",
                           name, i - from + 1, t->col[FIT_LOSS][i]);
    }
    return OK;
}

struct keyed {
    uint64_t key;
    size_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Trunk names become numbers in the order of their first run. */
static void number_trunks(struct fit_table *t, const uint64_t *trunk, struct keyed *k)
{
    size_t n = t->n;
    for (size_t i = 0; i < n; i++)
        k[i] = (struct keyed){trunk[i], i};
    qsort(k, n, sizeof *k, by_key);
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && k[i].key != 0 && k[i].key == k[i - 1].key;
        t->trunk[k[i].row] = same ? t->trunk[k[i - 1].row] : k[i].row;
    }
    t->n_trunks = 0;
    for (size_t i = 0; i < n; i++)
        t->trunk[i] = t->trunk[i] == i ? t->n_trunks++ : t->trunk[t->trunk[i]];
}

static void count_duplicates(struct fit_table *t, struct keyed *k)
{
    static const enum fit_column cols[] = {FIT_PARAMS, FIT_TOKENS, FIT_LOSS, FIT_SEED, FIT_X};
    for (size_t i = 0; i < t->n; i++) {
        uint64_t h = HASH_SEED;
        for (size_t c = 0; c < sizeof cols / sizeof *cols; c++)
            h = hash_bytes(h, &t->col[cols[c]][i], sizeof(double));
        k[i] = (struct keyed){h, i};
    }
    qsort(k, t->n, sizeof *k, by_key);
    t->n_duplicates = 0;
    for (size_t i = 1; i < t->n; i++)
        t->n_duplicates += k[i].key == k[i - 1].key;
    if (t->n_duplicates)
        fit_lines_add(&t->notes,
                      "%zu rows repeat an earlier run exactly; they are kept, and make intervals too "
                      "narrow if they are copies",
                      t->n_duplicates);
}

static enum status finish(struct fit_table *t, const uint64_t *trunk, struct err *err)
{
    struct keyed *k;
    TRY(size_calloc(&k, t->n, sizeof *k, "rows", err));
    number_trunks(t, trunk, k);
    count_duplicates(t, k);
    free(k);
    for (size_t c = 0; c < FIT_N_COLUMNS; c++) {
        t->has[c] = t->n > 0;
        for (size_t i = 0; i < t->n && t->has[c]; i++)
            t->has[c] = !isnan(t->col[c][i]);
    }
    if (t->n_diverged + t->n_failed)
        fit_lines_add(&t->notes, "left out: %zu runs that diverged, %zu that failed", t->n_diverged,
                      t->n_failed);
    return OK;
}

/* Trunk hashes of all rows so far; grows with the table. */
struct trunks {
    uint64_t *hash;
    size_t cap;
};

static enum status read_csv(struct fit_table *t, struct trunks *trunks, const char *name, char *text,
                            size_t size, const struct fit_read_options *opt, struct err *err)
{
    struct csv *c;
    struct header *h = NULL;
    bool more;
    size_t from = t->n;
    TRY(size_calloc(&c, 1, sizeof *c, "reader", err));
    *c = (struct csv){.name = name, .p = text, .end = text + size, .next_line = 1};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        c->p += 3; /* byte order mark */
    enum status st = size_calloc(&h, 1, sizeof *h, "header", err);
    if (st == OK)
        st = unlike_source(&t->unlike, name, err);
    if (st == OK)
        st = next_row(c, &more, err);
    if (st == OK && !more)
        st = err_set(err, E_DATA, "%s: the file is empty", name);
    if (st == OK)
        st = read_header(h, c, opt, err);
    uint64_t file_hash = hash_bytes(HASH_SEED, name, strlen(name));
    while (st == OK) {
        size_t before = t->n;
        uint64_t trunk = 0;
        st = next_row(c, &more, err);
        if (st != OK || !more)
            break;
        st = read_row(t, c, h, file_hash, &trunk, opt, err);
        if (st == OK && t->n > before && t->n > trunks->cap) {
            uint64_t *p = realloc(trunks->hash, t->cap * sizeof *p);
            if (!p)
                st = err_set(err, E_NOMEM, "out of memory for %zu runs", t->n);
            else
                *trunks = (struct trunks){p, t->cap};
        }
        if (st == OK && t->n > before)
            trunks->hash[before] = trunk;
    }
    if (st == OK) {
        derive(t, from, name, opt);
        st = whole_rows(t, from, name, opt, err);
    }
    if (opt->x)
        snprintf(t->x_name, sizeof t->x_name, "%s", opt->x);
    free(h);
    free(c);
    return st;
}

enum status fit_table_read_csv(struct fit_table *t, const char *name, char *text, size_t size,
                               const struct fit_read_options *opt, struct err *err)
{
    struct trunks trunks = {0};
    memset(t, 0, sizeof *t);
    enum status st = reserve(t, 1, err);
    if (st == OK)
        st = read_csv(t, &trunks, name, text, size, opt, err);
    if (st == OK && t->n + t->n_diverged + t->n_failed + t->n_filtered == 0)
        st = err_set(err, E_DATA, "%s: no runs in it", name);
    if (st == OK)
        st = finish(t, trunks.hash, err);
    free(trunks.hash);
    return st;
}

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && strcasecmp(s + n - m, tail) == 0;
}

/* The floor of a sweep's language; sources that disagree have no common truth. */
static enum status read_truth(struct fit_table *t, const char *dir, bool first, struct err *err)
{
    char path[FILE_PATH_MAX];
    bool known;
    double floor, heldout;
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    known = false;
    floor = 0;
    heldout = (double)NAN;
    if (file_exists(path))
        TRY(fit_json_truth(&known, &floor, &heldout, path, err));
    if (first) {
        t->truth_known = known;
        t->truth_floor = floor;
        t->truth_heldout = heldout;
    } else if (!known || floor != t->truth_floor) {
        t->truth_known = false;
    }
    return OK;
}

static enum status read_source(struct fit_table *t, struct trunks *trunks, const char *source,
                               bool first, const struct fit_read_options *opt, struct err *err)
{
    char path[FILE_PATH_MAX], *text;
    size_t size;
    TRY(file_join(path, sizeof path, source, "", err));
    if (file_is_dir(source)) {
        TRY(file_join(path, sizeof path, source, "results.csv", err));
        if (!file_exists(path))
            return err_set(err, E_DATA, "%s: no results.csv in this folder", source);
        TRY(read_truth(t, source, first, err));
    } else {
        t->truth_known = false;
    }
    TRY(file_read(&text, &size, path, err));
    if (ends_with(path, ".json")) {
        char *csv;
        enum status st = fit_json_to_csv(&csv, &size, path, text, err);
        free(text);
        if (st != OK)
            return st;
        text = csv;
    }
    enum status st = read_csv(t, trunks, path, text, size, opt, err);
    free(text);
    return st;
}

enum status fit_table_read(struct fit_table *t, const char *const *sources, size_t n_sources,
                           const struct fit_read_options *opt, struct err *err)
{
    struct trunks trunks = {0};
    memset(t, 0, sizeof *t);
    enum status st = reserve(t, 1, err);
    for (size_t i = 0; i < n_sources && st == OK; i++)
        st = read_source(t, &trunks, sources[i], i == 0, opt, err);
    if (st == OK && t->n + t->n_diverged + t->n_failed + t->n_filtered == 0)
        st = err_set(err, E_DATA, "%s: no runs in it", sources[0]);
    if (st == OK)
        st = finish(t, trunks.hash, err);
    free(trunks.hash);
    return st;
}
