#include "report/charts/against.h"

#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "base/size.h"
#include "plot/write.h"
#include "report/number.h"

static const struct {
    const char *name;
    against_build *build;
} kinds[] = {
    {"gains", against_gains},
    {"differences", against_cells},
    {"variants", against_variants},
    {"frontiers", against_frontiers},
};

size_t against_count(void)
{
    return sizeof kinds / sizeof *kinds;
}

const char *against_title(size_t i)
{
    return kinds[i].name;
}

enum status against_chart(struct chart *ch, bool *drawn, size_t i, const struct against *a, struct err *err)
{
    *drawn = false;
    return a->n > 0 ? kinds[i].build(ch, a, drawn, err) : OK;
}

/* --- words ---- */

size_t against_coloured(const struct against *a)
{
    return size_min(a->n, PALETTE_KINDS);
}

void against_name(char *out, size_t size, const char *name)
{
    char text[61];
    parts_clean(text, sizeof text, name);
    parts_say(out, size, "%s", text);
}

void against_first(char *out, size_t size, const struct against *a, size_t shown)
{
    out[0] = '\0';
    if (shown < a->n)
        parts_say(out, size, "The first %zu of %zu variants. ", shown, a->n);
}

void against_gain(char *out, size_t size, const struct fit_value *v)
{
    char value[NUMBER_MAX], interval[64];
    if (isnan(v->value) || isnan(v->lo) || isnan(v->hi)) {
        double end = isnan(v->lo) ? v->hi : v->lo;
        number_bare(value, sizeof value, NUMBER_PLAIN, end, 3, false);
        if (isnan(end))
            parts_say(out, size, "an unknown number of");
        else
            parts_say(out, size, "%s %s", isnan(v->lo) ? "below" : "above", value);
        return;
    }
    number_say(value, sizeof value, NUMBER_PLAIN, v->value, v, false);
    number_interval(interval, sizeof interval, NUMBER_PLAIN, v, false);
    parts_say(out, size, "%s%s", value, interval);
}

void against_flops(char *out, size_t size, double flops)
{
    char value[NUMBER_MAX];
    parts_say(out, size, "%s FLOPs", number_bare(value, sizeof value, NUMBER_COMPUTE, flops, 2, false));
}

/* --- files ---- */

static enum status remove_old(const char *dir, const char *name, struct err *err)
{
    static const char *const endings[] = {"png", "svg"};
    char file[64], path[FILE_PATH_MAX];
    for (size_t i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s.%s", name, endings[i]);
        TRY(file_join(path, sizeof path, dir, file, err));
        (void)!remove(path); /* mostly there is none */
    }
    return OK;
}

static enum status write_one(const char *dir, size_t k, const struct against *a, const struct font *font, bool *drawn,
                             struct err *err)
{
    struct chart ch = {0};
    enum status st = against_chart(&ch, drawn, k, a, err);
    if (st == OK && *drawn)
        st = chart_write(&ch, dir, kinds[k].name, &(struct chart_style){.dark = false}, font, err);
    if (st == OK && !*drawn)
        st = remove_old(dir, kinds[k].name, err);
    chart_free(&ch);
    return st;
}

enum status against_write(const char *dir, const struct against *a, charts_written *written, void *ctx, struct err *err)
{
    TRY(file_mkdirs(dir, err));
    struct font *font = font_open();
    enum status st = OK;
    if (!font)
        return err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    for (size_t k = 0; k < against_count() && st == OK; k++) {
        char file[32], path[FILE_PATH_MAX];
        bool drawn;
        snprintf(file, sizeof file, "%s.png", kinds[k].name);
        st = file_join(path, sizeof path, dir, file, err);
        if (st == OK)
            st = write_one(dir, k, a, font, &drawn, err);
        if (st == OK && drawn)
            written(ctx, path);
    }
    font_close(font);
    return st;
}
