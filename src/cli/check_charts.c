#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/check.h"
#include "plot/write.h"
#include "report/charts/transfer.h"

struct drawer {
    const struct check *k;
    const struct font *font;
    const char *dir;
    bool loud;
};

/* "2 layers, completep", or "width 64, completep". */
static void words(char *out, size_t size, const struct check *k, enum transfer_axis axis, enum param_kind p)
{
    if (axis == TRANSFER_WIDTH)
        snprintf(out, size, "%zu layer%s, %s", k->spec.n_layer, k->spec.n_layer == 1 ? "" : "s", transfer_parametrisations[p]);
    else
        snprintf(out, size, "width %zu, %s", k->spec.d_model, transfer_parametrisations[p]);
}

static enum status write(const struct drawer *d, const struct chart *ch, const char *what, enum transfer_axis axis,
                         enum param_kind p, struct err *err)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s_%s", what, transfer_axis_names[axis], transfer_parametrisations[p]);
    TRY(chart_write(ch, d->dir, name, &(struct chart_style){.dark = false}, d->font, err));
    if (d->loud)
        printf("  %s/%s.png\n", d->dir, name);
    return OK;
}

static enum status draw_scales(const struct drawer *d, enum transfer_axis axis, enum param_kind p, struct err *err)
{
    struct charts_scale items[TRANSFER_LINES_MAX];
    char what[64];
    struct chart ch = {.log_x = false};
    struct charts_scales in = {.axis = transfer_axis_names[axis], .what = what, .steps = d->k->steps, .lr = d->k->c->train.lr,
                               .items = items};
    words(what, sizeof what, d->k, axis, p);
    for (size_t i = 0; i < d->k->scales.n; i++) {
        const struct transfer_line *l = &d->k->scales.lines[i];
        if (l->axis != axis || l->parametrisation != p)
            continue;
        struct charts_scale *s = &items[in.n++];
        *s = (struct charts_scale){.kind = l->kind, .last = l->last, .n = l->n, .x = l->x, .scale = l->scale, .change = l->change};
        snprintf(s->name, sizeof s->name, "%s%s", probe_words(l->kind),
                 l->one ? "" : l->last ? ", last block" : ", first block");
    }
    enum status st = charts_transfer_scales(&ch, &in, err);
    if (st == OK)
        st = write(d, &ch, "coordinates", axis, p, err);
    chart_free(&ch);
    return st;
}

static enum status draw_bowls(const struct drawer *d, enum transfer_axis axis, enum param_kind p, struct err *err)
{
    const struct bowl *bowls[TRANSFER_SIZES_MAX];
    char what[64];
    struct chart ch = {.log_x = false};
    const struct transfer_span *s = transfer_span_of(&d->k->bowls, axis, p);
    words(what, sizeof what, d->k, axis, p);
    for (size_t i = 0; i < s->n; i++)
        bowls[i] = &d->k->bowls.cells[s->cells[i]].bowl;
    const struct charts_bowls in = {.axis = transfer_axis_names[axis], .what = what, .found = s->found, .factor = s->factor,
                                    .tokens = d->k->spec.tokens, .sizes = d->k->spec.sizes[axis].items, .bowls = bowls,
                                    .n = s->n};
    enum status st = charts_transfer_bowls(&ch, &in, err);
    if (st == OK)
        st = write(d, &ch, "bowls", axis, p, err);
    chart_free(&ch);
    return st;
}

enum status check_draw(const struct check *k, const char *dir, bool loud, struct err *err)
{
    char charts[FILE_PATH_MAX];
    TRY(file_join(charts, sizeof charts, dir, "charts", err));
    TRY(file_refuse_link(charts, err));
    TRY(file_mkdirs(charts, err));
    struct font *font = font_open();
    if (!font)
        return err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    const struct drawer d = {k, font, charts, loud};
    enum status st = OK;
    if (loud)
        printf("\nCharts\n");
    for (enum transfer_axis axis = 0; axis < TRANSFER_N_AXES; axis++)
        for (size_t p = 0; p < 2 && k->spec.sizes[axis].n > 0; p++) {
            if (st == OK && k->asked_scales)
                st = draw_scales(&d, axis, (enum param_kind)p, err);
            if (st == OK && k->asked_rates)
                st = draw_bowls(&d, axis, (enum param_kind)p, err);
        }
    font_close(font);
    return st;
}
