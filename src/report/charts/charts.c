#include "report/charts/charts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "base/file.h"
#include "base/size.h"
#include "plot/term.h"
#include "plot/write.h"
#include "report/charts/kinds.h"

static const struct {
    const char *name;
    parts_build *build;
    bool main;
    const char *needs;
} all_charts[] = {
#define X(name, main, needs) {#name, name##_build, main, needs},
    CHART_KINDS(X)
#undef X
};

size_t charts_count(void)
{
    return sizeof all_charts / sizeof *all_charts;
}

const char *charts_name(size_t i)
{
    return all_charts[i].name;
}

bool charts_is_main(size_t i)
{
    return all_charts[i].main;
}

const char *charts_needs(size_t i)
{
    return all_charts[i].needs;
}

/* What the runs are, in front of the chart's own note. */
static void name_runs(struct chart *ch, const char *title)
{
    char note[sizeof ch->note], plain[61];
    if (!title || !title[0])
        return;
    parts_clean(plain, sizeof plain, title);
    memcpy(note, ch->note, sizeof note);
    parts_say(ch->note, sizeof ch->note, "Runs: %s. %s", plain, note);
}

enum status charts_build(struct chart *ch, bool *drawn, size_t i, const struct charts_input *in, struct err *err)
{
    struct parts p;
    *drawn = false;
    parts_init(&p, in);
    TRY(all_charts[i].build(ch, &p, drawn, err));
    if (*drawn)
        name_runs(ch, in->title);
    return OK;
}

/* What becomes of a chart. */
struct written {
    struct chart chart;
    bool drawn;
    enum status st;
    struct err err;
};

struct writing {
    const char *dir;
    const struct charts_how *how;
    const struct font *font;
    struct written *all; /* (charts_count()) owned, and the charts */
};

/* One after the other: what a fit says may be asked by one thread at a time. */
static enum status build_all(struct writing *w, const struct charts_input *in, struct err *err)
{
    for (size_t i = 0; i < charts_count(); i++)
        if (!w->how->only || w->how->only[i])
            TRY(charts_build(&w->all[i].chart, &w->all[i].drawn, i, in, err));
    return OK;
}

static void write_one(void *ctx, size_t i, size_t thread)
{
    const struct writing *w = ctx;
    struct written *a = &w->all[i];
    (void)thread;
    if (!a->drawn)
        return;
    a->st = chart_write(&a->chart, w->dir, charts_name(i), &w->how->style, w->font, &a->err);
    if (a->st == OK && w->how->data)
        a->st = chart_write_data(&a->chart, w->dir, charts_name(i), &a->err);
}

/* In the order of the table, whichever was done first. */
static enum status tell_all(const struct writing *w, charts_written *written, void *ctx, struct err *err)
{
    for (size_t i = 0; i < charts_count(); i++) {
        char file[32], path[FILE_PATH_MAX];
        if (w->all[i].st != OK) {
            if (err)
                *err = w->all[i].err;
            return w->all[i].st;
        }
        if (!w->all[i].drawn)
            continue;
        snprintf(file, sizeof file, "%s.png", charts_name(i));
        TRY(file_join(path, sizeof path, w->dir, file, err));
        written(ctx, path);
    }
    return OK;
}

static enum status write_all(struct writing *w, const struct charts_input *in, charts_written *written, void *ctx,
                             struct err *err)
{
    TRY(build_all(w, in, err));
    each_run(charts_count(), write_one, w);
    return tell_all(w, written, ctx, err);
}

enum status charts_write(const char *dir, const struct charts_input *in, const struct charts_how *how,
                         charts_written *written, void *ctx, struct err *err)
{
    struct writing w = {.dir = dir, .how = how};
    TRY(file_mkdirs(dir, err));
    TRY(size_calloc(&w.all, charts_count(), sizeof *w.all, "charts", err));
    struct font *font = font_open();
    w.font = font;
    enum status st = font ? write_all(&w, in, written, ctx, err)
                          : err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    font_close(font);
    for (size_t i = 0; i < charts_count(); i++)
        chart_free(&w.all[i].chart);
    free(w.all);
    return st;
}

enum status charts_print(FILE *out, const struct charts_input *in, const bool *only, size_t columns, bool colours,
                         struct err *err)
{
    for (size_t i = 0; i < charts_count(); i++) {
        struct chart ch = {0};
        bool drawn;
        if (only ? !only[i] : !all_charts[i].main)
            continue;
        enum status st = charts_build(&ch, &drawn, i, in, err);
        if (st == OK && drawn)
            st = term_draw(out, &ch, columns, colours, err);
        if (st == OK && !drawn && only)
            fprintf(out, "%s: not drawn: it needs %s\n", charts_name(i), charts_needs(i));
        chart_free(&ch);
        TRY(st);
    }
    return OK;
}
