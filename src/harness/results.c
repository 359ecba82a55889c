#include "harness/results.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json_file.h"
#include "base/json_memory.h"
#include "harness/logline.h"

/* One list for result.json and results.csv, in the order of the table. */
struct column {
    const char *name;
    size_t offset, size; /* size 0: a number */
    bool time;           /* differs between two runs of one config */
};

#define TEXT(member) {#member, offsetof(struct run_row, member), sizeof ((struct run_row *)0)->member, false}
#define NUMBER(member) {#member, offsetof(struct run_row, member), 0, false}
#define TIME(member) {#member, offsetof(struct run_row, member), 0, true}
#define AVERAGE(name) {"loss_" #name, offsetof(struct run_row, loss_average[OPTIM_AVERAGE_##name]), 0, false},

static const struct column columns[] = {
    /* clang-format off */
    TEXT(run), TEXT(status), TEXT(data), NUMBER(d_model), NUMBER(n_layer), NUMBER(n_head), NUMBER(ctx), NUMBER(vocab),
    NUMBER(params), NUMBER(params_nonembd), NUMBER(params_matmul), NUMBER(tokens), NUMBER(flops), NUMBER(flops_6nd),
    NUMBER(batch_tokens), NUMBER(lr), NUMBER(seed), TEXT(trunk), NUMBER(loss), NUMBER(loss_se), NUMBER(bpb), TIME(wall_s),
    TIME(tokens_per_s), NUMBER(epochs), NUMBER(warmup_tokens), TEXT(isa), TEXT(data_fingerprint),
    /* clang-format on */
};

enum { N_COLUMNS = sizeof columns / sizeof *columns, NUMBER_MAX = 32, FIRST_NEW = 24 /* not in older versions */,
       VARIED_COLUMNS = 32, VARIED_NAME = 32 };

/* Numbers that few runs have: last, each a column of the table where any row has it, a key of result.json where the run has
 * it. */
static const struct column optional[] = {OPTIM_AVERAGES(AVERAGE) NUMBER(params_active), NUMBER(loss_member), NUMBER(teacher_flops),
                                        NUMBER(teacher_train_flops)};

enum { N_OPTIONAL = sizeof optional / sizeof *optional };

static const char *text_of(const struct run_row *row, const struct column *c)
{
    return (const char *)row + c->offset;
}

static double number_of(const struct run_row *row, const struct column *c)
{
    return *(const double *)(const void *)((const char *)row + c->offset);
}

static double *number_in(struct run_row *row, const struct column *c)
{
    return (double *)(void *)((char *)row + c->offset);
}

void run_row_begin(struct run_row *row)
{
    *row = (struct run_row){.log_bytes = (double)NAN};
    row->loss = row->loss_se = row->bpb = row->wall_s = row->tokens_per_s = row->epochs = (double)NAN;
    for (int i = 0; i < N_OPTIONAL; i++)
        *number_in(row, &optional[i]) = (double)NAN;
}

double run_row_loss(const struct run_row *row, size_t which)
{
    return which ? row->loss_average[which - 1] : row->loss;
}

void run_row_diverged(struct run_row *row)
{
    row->loss = row->loss_se = row->loss_member = (double)NAN;
    for (size_t i = 0; i < OPTIM_N_AVERAGES; i++)
        row->loss_average[i] = (double)NAN;
}

/* ---- checksums ---- */

static uint64_t add_number(uint64_t h, double v)
{
    uint64_t bits = 0; /* NaN has many forms */
    if (isfinite(v))
        memcpy(&bits, &v, sizeof bits);
    return hash_bytes(h, &bits, sizeof bits);
}

/* With the speeds of the log, which alone differ between two runs of one config, as do the keys that end so. */
static const char whole_key[] = "log_checksum_tokens_per_s";

/* Of the values, so that blanks in the file do not matter: of the times, or of all else. */
static uint64_t checksum(const struct run_row *row, bool times)
{
    uint64_t h = HASH_SEED;
    for (int i = 0; i < N_COLUMNS; i++) {
        const struct column *c = &columns[i];
        if (c->time != times)
            continue;
        h = c->size ? hash_bytes(h, text_of(row, c), strlen(text_of(row, c))) : add_number(h, number_of(row, c));
    }
    if (!times && row->varied[0]) /* rows that varied nothing have the checksum of before there was such a thing */
        h = hash_bytes(h, row->varied, strlen(row->varied));
    for (int i = 0; !times && i < N_OPTIONAL; i++) { /* likewise */
        if (!isfinite(number_of(row, &optional[i])))
            continue;
        h = i ? hash_bytes(h, optional[i].name, strlen(optional[i].name)) : h; /* the first one was alone once */
        h = add_number(h, number_of(row, &optional[i]));
    }
    return times ? h : hash_bytes(add_number(h, row->log_bytes), &row->log_checksum, sizeof row->log_checksum);
}

/* ---- result.json ---- */

/* As cJSON has written numbers since the first version, and so the same bytes: 15 digits where they are within the last
 * bit, else 17. */
static const char *as_text(char *buf, double v)
{
    snprintf(buf, NUMBER_MAX, "%.15g", v);
    double back = strtod(buf, NULL);
    if (fabs(v - back) > fmax(fabs(v), fabs(back)) * DBL_EPSILON)
        snprintf(buf, NUMBER_MAX, "%.17g", v);
    return buf;
}

static void round_to_text(double *v)
{
    char buf[NUMBER_MAX];
    if (isfinite(*v))
        *v = strtod(as_text(buf, *v), NULL);
}

/* The row as it will be read back: what the checksums are of. */
static struct run_row as_read(const struct run_row *row)
{
    struct run_row r = *row;
    for (int i = 0; i < N_COLUMNS; i++)
        if (!columns[i].size)
            round_to_text(number_in(&r, &columns[i]));
    for (int i = 0; i < N_OPTIONAL; i++)
        round_to_text(number_in(&r, &optional[i]));
    return r;
}

static void put_number(cJSON *root, const char *name, double v)
{
    char buf[NUMBER_MAX];
    cJSON_AddItemToObject(root, name, isfinite(v) ? cJSON_CreateRaw(as_text(buf, v)) : cJSON_CreateNull());
}

static void put_hash(cJSON *root, const char *name, uint64_t h)
{
    char buf[NUMBER_MAX];
    snprintf(buf, sizeof buf, "%016llx", (unsigned long long)h);
    cJSON_AddStringToObject(root, name, buf);
}

enum status run_row_write(const char *path, const struct run_row *result, struct err *err)
{
    const struct run_row rounded = as_read(result), *row = &rounded;
    size_t failures = json_memory_failures();
    cJSON *root = cJSON_CreateObject();
    for (int i = 0; i < N_COLUMNS; i++) {
        const struct column *c = &columns[i];
        if (c->size)
            cJSON_AddStringToObject(root, c->name, text_of(row, c));
        else
            put_number(root, c->name, number_of(row, c));
    }
    if (row->varied[0])
        cJSON_AddStringToObject(root, "varied", row->varied);
    for (int i = 0; i < N_OPTIONAL; i++)
        if (isfinite(number_of(row, &optional[i])))
            put_number(root, optional[i].name, number_of(row, &optional[i]));
    put_number(root, "log_bytes", row->log_bytes);
    put_hash(root, "log_checksum", row->log_checksum);
    put_hash(root, whole_key, row->log_checksum_whole);
    put_hash(root, "checksum_wall_s", checksum(row, true));
    put_hash(root, "checksum", checksum(row, false));
    return json_write(path, root, failures, err);
}

static enum status bad(const char *path, const char *why, const char *key, struct err *err)
{
    return err_set(err, E_DATA, "%s is damaged: %s%s", path, why, key);
}

static enum status read_column(struct run_row *row, const struct column *c, const cJSON *root, bool old,
                               const char *path, struct err *err)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, c->name);
    char *at = (char *)row + c->offset;
    if (!v && old && c - columns >= FIRST_NEW) {
        if (!c->size)
            *(double *)(void *)at = (double)NAN;
        return OK;
    }
    if (c->size) {
        if (!cJSON_IsString(v) || strlen(v->valuestring) >= c->size)
            return bad(path, "no text for ", c->name, err);
        strcpy(at, v->valuestring);
        return OK;
    }
    if (!cJSON_IsNumber(v) && !cJSON_IsNull(v))
        return bad(path, "no number for ", c->name, err);
    *(double *)(void *)at = cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
    return OK;
}

static bool read_hash(uint64_t *h, const cJSON *root, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, name);
    char *end;
    if (!cJSON_IsString(v) || strlen(v->valuestring) != 16)
        return false;
    *h = strtoull(v->valuestring, &end, 16);
    return *end == '\0';
}

/* Of runs whose grid varied no key there is none. */
static enum status read_varied(struct run_row *row, const cJSON *root, const char *path, struct err *err)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, "varied");
    row->varied[0] = '\0';
    if (!v)
        return OK;
    if (!cJSON_IsString(v) || strlen(v->valuestring) >= sizeof row->varied)
        return bad(path, "no text for ", "varied", err);
    strcpy(row->varied, v->valuestring);
    return OK;
}

static enum status read_columns(struct run_row *row, const cJSON *root, const char *path, bool *old, struct err *err)
{
    uint64_t sum, times;
    *row = (struct run_row){.log_bytes = json_number(root, "log_bytes")};
    for (int i = 0; i < N_OPTIONAL; i++)
        *number_in(row, &optional[i]) = json_number(root, optional[i].name);
    /* What has the log's length has checksums: one digit less of a key does not make it an old file. */
    *old = !cJSON_GetObjectItemCaseSensitive(root, "checksum") &&
           !cJSON_GetObjectItemCaseSensitive(root, "log_checksum") &&
           !cJSON_GetObjectItemCaseSensitive(root, "checksum_wall_s") && isnan(row->log_bytes);
    for (int i = 0; i < N_COLUMNS; i++)
        TRY(read_column(row, &columns[i], root, *old, path, err));
    TRY(read_varied(row, root, path, err));
    if (strcmp(row->status, "done") != 0 && strcmp(row->status, "diverged") != 0 && strcmp(row->status, "failed") != 0)
        return bad(path, "no status of a run: ", row->status, err);
    if (strcmp(row->status, "done") == 0 && !(isfinite(row->loss) && row->loss >= 0))
        return bad(path, "a run that is done has a loss", "", err);
    if (*old)
        return OK;
    if (!read_hash(&row->log_checksum_whole, root, whole_key))
        row->log_checksum_whole = 0; /* of a version that had none */
    if (!read_hash(&row->log_checksum, root, "log_checksum") || !read_hash(&times, root, "checksum_wall_s") ||
        !read_hash(&sum, root, "checksum") || sum != checksum(row, false) || times != checksum(row, true))
        return bad(path, "its checksum does not match", "", err);
    return OK;
}

static enum status read_log(char **log, size_t *size, const char *run_dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, run_dir, "log.jsonl", err));
    return file_read_regular(log, size, path, err);
}

/* A row without a checksum against the log, which tells its loss to nine digits, and what the row does not hold. */
static enum status check_old(struct run_row *row, const char *path, const char *run_dir, struct err *err)
{
    char *log;
    size_t size;
    struct logline l;
    double loss = (double)NAN;
    if (read_log(&log, &size, run_dir, NULL) != OK)
        return OK; /* nothing to compare with */
    for (const char *at = log; logline_next(&l, &at, log + size);) {
        if (l.kind == LOGLINE_START)
            logline_text(row->isa, sizeof row->isa, &l, "isa");
        if (l.kind == LOGLINE_EVAL)
            loss = logline_number(&l, "loss");
    }
    free(log);
    if (strcmp(row->status, "done") == 0 && isfinite(loss) && !(fabs(loss - row->loss) <= 1e-8 * loss))
        return err_set(err, E_DATA, "%s is damaged: its loss is %.9g, the log's last one %.9g", path, row->loss, loss);
    return OK;
}

enum status run_row_read_anywhere(struct run_row *row, bool *found, const char *run_dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    cJSON *root;
    bool old;
    row->status[0] = '\0';
    TRY(file_join(path, sizeof path, run_dir, "result.json", err));
    *found = file_exists(path);
    if (!*found)
        return OK;
    TRY(json_read(&root, path, "result of a run", err));
    enum status st = read_columns(row, root, path, &old, err);
    cJSON_Delete(root);
    if (st == OK && old)
        st = check_old(row, path, run_dir, err);
    if (st != OK)
        row->status[0] = '\0';
    return st;
}

enum status run_row_read(struct run_row *row, bool *found, const char *run_dir, struct err *err)
{
    TRY(run_row_read_anywhere(row, found, run_dir, err));
    if (!*found || strcmp(row->run, file_basename(run_dir)) == 0)
        return OK;
    row->status[0] = '\0';
    return err_set(err, E_DATA, "%s/result.json is the result of another run, %s", run_dir, row->run);
}

enum status run_row_check_log(const struct run_row *row, bool *missing, const char *run_dir, struct err *err)
{
    char path[FILE_PATH_MAX], *log;
    size_t size;
    TRY(file_join(path, sizeof path, run_dir, "log.jsonl", err));
    *missing = !file_exists(path);
    if (*missing)
        return OK;
    TRY(read_log(&log, &size, run_dir, err));
    size_t bad_line = logline_first_bad(log, size);
    enum status st = OK;
    if (isfinite(row->log_bytes) && row->log_bytes != (double)size)
        st = err_set(err, E_DATA, "%s has %zu bytes, %.0f were written: it was %s", path, size, row->log_bytes,
                     (double)size < row->log_bytes ? "cut short" : "added to");
    else if (bad_line)
        st = err_set(err, E_DATA, "%s: line %zu is damaged", path, bad_line);
    else if (isfinite(row->log_bytes) &&
             (logline_checksum(log, size) != row->log_checksum ||
              (row->log_checksum_whole && hash_bytes(HASH_SEED, log, size) != row->log_checksum_whole)))
        st = err_set(err, E_DATA, "%s is damaged: its checksum does not match", path);
    free(log);
    return st;
}

/* ---- results.csv ---- */

/* Quoted where a name holds what CSV gives a meaning to. */
static void put_text(FILE *out, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        fputs(s, out);
        return;
    }
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"')
            fputc('"', out);
        fputc(*s, out);
    }
    fputc('"', out);
}

/* Keys that grids of the folder varied, in the order in which rows name them; those with a column of their own are none. */
struct more {
    char names[VARIED_COLUMNS][VARIED_NAME];
    size_t n;
    bool optional[N_OPTIONAL]; /* whether any row has it */
};

static bool has_column(const struct more *m, const char *name, size_t length)
{
    for (int i = 0; i < N_COLUMNS; i++)
        if (strlen(columns[i].name) == length && memcmp(columns[i].name, name, length) == 0)
            return true;
    for (size_t i = 0; i < m->n; i++)
        if (strlen(m->names[i]) == length && memcmp(m->names[i], name, length) == 0)
            return true;
    return false;
}

static void find_more(struct more *m, const struct run_row *rows, size_t n)
{
    *m = (struct more){.n = 0};
    for (size_t i = 0; i < n; i++)
        for (int j = 0; rows[i].status[0] && j < N_OPTIONAL; j++)
            m->optional[j] = m->optional[j] || isfinite(number_of(&rows[i], &optional[j]));
    for (size_t i = 0; i < n; i++)
        for (const char *p = rows[i].status[0] ? rows[i].varied : ""; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
            size_t length = strcspn(p, "=");
            if (length < VARIED_NAME && m->n < VARIED_COLUMNS && !has_column(m, p, length))
                snprintf(m->names[m->n++], VARIED_NAME, "%.*s", (int)length, p);
        }
}

static void put_varied(FILE *out, const char *name, const struct run_row *row)
{
    size_t n = strlen(name);
    fputc(',', out);
    for (const char *p = row->varied; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (strncmp(p, name, n) == 0 && p[n] == '=')
            fprintf(out, "%.*s", (int)strcspn(p + n + 1, " "), p + n + 1);
}

bool run_row_cell(char *out, size_t size, const struct run_row *row, const char *column)
{
    size_t n = strlen(column);
    const struct column *c = NULL;
    for (int i = 0; i < N_COLUMNS + N_OPTIONAL && !c; i++) {
        const struct column *at = i < N_COLUMNS ? &columns[i] : &optional[i - N_COLUMNS];
        c = strcmp(at->name, column) == 0 ? at : NULL;
    }
    out[0] = '\0';
    if (c && c->size)
        snprintf(out, size, "%s", text_of(row, c));
    else if (c && isfinite(number_of(row, c)))
        snprintf(out, size, "%.17g", number_of(row, c));
    for (const char *p = c ? "" : row->varied; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (strncmp(p, column, n) == 0 && p[n] == '=')
            return (size_t)snprintf(out, size, "%.*s", (int)strcspn(p + n + 1, " "), p + n + 1) < size;
    return c != NULL;
}

static void put_row(FILE *out, const struct run_row *row, const struct more *m)
{
    for (int i = 0; i < N_COLUMNS; i++) {
        const struct column *c = &columns[i];
        if (i)
            fputc(',', out);
        if (c->size)
            put_text(out, text_of(row, c));
        else if (isfinite(number_of(row, c)))
            fprintf(out, "%.17g", number_of(row, c));
    }
    for (size_t i = 0; i < m->n; i++)
        put_varied(out, m->names[i], row);
    for (int i = 0; i < N_OPTIONAL; i++) {
        if (m->optional[i])
            fputc(',', out);
        if (m->optional[i] && isfinite(number_of(row, &optional[i])))
            fprintf(out, "%.17g", number_of(row, &optional[i]));
    }
    fputc('\n', out);
}

enum status results_write(const char *dir, const struct run_row *rows, size_t n, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct file_writer w;
    struct more more;
    size_t first = 0;
    while (first < n && rows[first].status[0] == '\0')
        first++;
    if (first == n)
        return OK;
    TRY(file_join(path, sizeof path, dir, "results.csv", err));
    TRY(file_writer_open(&w, path, err));
    for (int i = 0; i < N_COLUMNS; i++)
        fprintf(w.out, "%s%s", i ? "," : "", columns[i].name);
    find_more(&more, rows + first, n - first);
    for (size_t i = 0; i < more.n; i++)
        fprintf(w.out, ",%s", more.names[i]);
    for (int i = 0; i < N_OPTIONAL; i++)
        if (more.optional[i])
            fprintf(w.out, ",%s", optional[i].name);
    fputc('\n', w.out);
    for (size_t i = first; i < n; i++)
        if (rows[i].status[0] != '\0')
            put_row(w.out, &rows[i], &more);
    return file_writer_commit(&w, err);
}
