#include "report/charts/charts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/size.h"
#include "report/charts/parts.h"

static const struct {
    const char *name; /* of its files */
    parts_build *build;
} all_charts[] = {
    {"curves", curves_build},   {"loss_tokens", loss_tokens_build}, {"loss_params", loss_params_build},
    {"isoflop", isoflop_build}, {"excess", excess_build},           {"returns", returns_build},
};

static enum status write_one(const char *dir, const char *name, parts_build *build, const struct parts *p,
                             const struct font *font, bool *drawn, struct err *err)
{
    struct chart *ch;
    TRY(size_calloc(&ch, 1, sizeof *ch, "a chart", err));
    enum status st = build(ch, p, drawn, err);
    if (st == OK && *drawn)
        st = chart_write(ch, dir, name, font, err);
    chart_free(ch);
    free(ch);
    return st;
}

static enum status write_all(const char *dir, const struct parts *p, const struct font *font,
                             charts_written *written, void *ctx, struct err *err)
{
    for (size_t i = 0; i < sizeof all_charts / sizeof *all_charts; i++) {
        char file[32], path[FILE_PATH_MAX];
        bool drawn;
        TRY(write_one(dir, all_charts[i].name, all_charts[i].build, p, font, &drawn, err));
        snprintf(file, sizeof file, "%s.png", all_charts[i].name);
        TRY(file_join(path, sizeof path, dir, file, err));
        if (drawn)
            written(ctx, path);
    }
    return OK;
}

enum status charts_write(const char *dir, const struct charts_input *in, charts_written *written, void *ctx,
                         struct err *err)
{
    struct parts p;
    parts_init(&p, in);
    TRY(file_mkdirs(dir, err));
    struct font *font = font_open();
    if (!font)
        return err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    enum status st = write_all(dir, &p, font, written, ctx, err);
    font_close(font);
    return st;
}
