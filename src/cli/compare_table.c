#include <math.h>
#include <string.h>

#include "cli/compare_print.h"
#include "report/paper.h"

/* How a format writes a row: before it, between cells, after it. */
struct format {
    const char *name, *before, *between, *after;
};

static const struct format formats[] = {
    {"csv", "", ",", "\n"},
    {"md", "| ", " | ", " |\n"},
    {"latex", "", " & ", " \\\\\n"},
};
enum { N_FORMATS = sizeof formats / sizeof *formats, CELL = 96 };

static const struct format *find(const char *name)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

bool compare_is_format(const char *format)
{
    return find(format) != NULL;
}

/* A name as the format takes it: quotes doubled, bars and backslashes escaped. */
static void put_name(FILE *out, const struct format *f, const char *name)
{
    bool csv = f == &formats[0], quote = csv && strpbrk(name, ",\"\n");
    if (f == &formats[2]) {
        paper_put_latex(out, name);
        return;
    }
    if (quote)
        fputc('"', out);
    for (; *name; name++) {
        if (csv ? quote && *name == '"' : strchr("|\\", *name) != NULL)
            fputc(csv ? '"' : '\\', out);
        fputc((unsigned char)*name < 0x20 ? ' ' : *name, out);
    }
    if (quote)
        fputc('"', out);
}

static void put_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, "%.4g", v);
}

/* A value: in CSV three cells, else "1.31 (1.22, 1.41)". */
static void put_value(FILE *out, const struct format *f, const struct fit_value *v)
{
    bool csv = f == &formats[0];
    fputs(f->between, out);
    put_number(out, v->value);
    if (!csv && isfinite(v->value))
        fputs(" (", out);
    if (csv)
        fputs(",", out);
    put_number(out, v->lo);
    if (csv || isfinite(v->value))
        fputs(csv ? "," : ", ", out);
    put_number(out, v->hi);
    if (!csv && isfinite(v->value))
        fputs(")", out);
}

static void put_last(FILE *out, const struct format *f, double v)
{
    fputs(f->between, out);
    put_number(out, v);
}

static void put_heads(FILE *out, const struct format *f)
{
    static const char *const values[] = {"gain_smallest", "gain_largest", "gain_10x", "gain_time", "loss_difference",
                                         "gain_memory", "gain_with_search"};
    static const char *const others[] = {"changed", "trend", "p_any", "smallest_gain_seen"};
    static const char *const last[] = {"seeds_factor", "budgets_more"};
    size_t columns = 1;
    bool csv = f == &formats[0];
    fputs(f->before, out);
    put_name(out, f, "variant");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++, columns++) {
        fputs(f->between, out);
        put_name(out, f, others[i]);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++, columns++) {
        fputs(f->between, out);
        put_name(out, f, values[i]);
        if (csv)
            fprintf(out, ",%s_lo,%s_hi", values[i], values[i]);
    }
    for (size_t i = 0; i < sizeof last / sizeof *last; i++, columns++) {
        fputs(f->between, out);
        put_name(out, f, last[i]);
    }
    fputs(f->after, out);
    if (f == &formats[1]) {
        fputs("|", out);
        for (size_t i = 0; i < columns; i++)
            fputs(" --- |", out);
        fputs("\n", out);
    }
}

void compare_print_table(FILE *out, const char *format, const struct compare_side *base, const struct compare_variant *v,
                         size_t n)
{
    const struct format *f = find(format);
    (void)base;
    put_heads(out, f);
    for (size_t i = 0; i < n; i++) {
        fputs(f->before, out);
        put_name(out, f, v[i].name);
        fprintf(out, "%s%s%s%s%s%.3g%s", f->between, compare_answer_word(v[i].changed), f->between,
                compare_trend_word(v[i].gains.trend), f->between, v[i].p_any, f->between);
        put_number(out, v[i].smallest_gain_seen);
        put_value(out, f, &v[i].gains.smallest.value);
        put_value(out, f, &v[i].gains.largest.value);
        put_value(out, f, &v[i].gains.at_10x.value);
        put_value(out, f, &v[i].gains.time_largest.value);
        put_value(out, f, &v[i].gains.loss_difference);
        put_value(out, f, &v[i].gains.memory_largest.value);
        put_value(out, f, &v[i].gains.search_largest.value);
        put_last(out, f, v[i].seeds_factor);
        put_last(out, f, v[i].budgets_more);
        fputs(f->after, out);
    }
}
