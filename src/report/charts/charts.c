#include "report/charts/charts.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "plot/term.h"
#include "plot/write.h"
#include "report/charts/kinds.h"

static const struct {
    const char *name;
    parts_build *build;
    bool main;
} all_charts[] = {
#define X(name, main) {#name, name##_build, main},
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

static enum status write_one(const char *dir, size_t i, const struct charts_input *in, const struct charts_how *how,
                             const struct font *font, bool *drawn, struct err *err)
{
    struct chart ch = {0};
    enum status st = charts_build(&ch, drawn, i, in, err);
    if (st == OK && *drawn)
        st = chart_write(&ch, dir, charts_name(i), &how->style, font, err);
    if (st == OK && *drawn && how->data)
        st = chart_write_data(&ch, dir, charts_name(i), err);
    chart_free(&ch);
    return st;
}

static enum status write_all(const char *dir, const struct charts_input *in, const struct charts_how *how,
                             const struct font *font, charts_written *written, void *ctx, struct err *err)
{
    for (size_t i = 0; i < charts_count(); i++) {
        char file[32], path[FILE_PATH_MAX];
        bool drawn;
        if (how->only && !how->only[i])
            continue;
        snprintf(file, sizeof file, "%s.png", charts_name(i));
        TRY(file_join(path, sizeof path, dir, file, err));
        TRY(write_one(dir, i, in, how, font, &drawn, err));
        if (drawn)
            written(ctx, path);
    }
    return OK;
}

enum status charts_write(const char *dir, const struct charts_input *in, const struct charts_how *how,
                         charts_written *written, void *ctx, struct err *err)
{
    TRY(file_mkdirs(dir, err));
    struct font *font = font_open();
    if (!font)
        return err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    enum status st = write_all(dir, in, how, font, written, ctx, err);
    font_close(font);
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
        chart_free(&ch);
        TRY(st);
    }
    return OK;
}
