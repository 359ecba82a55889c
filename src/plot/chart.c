#include "plot/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"

static enum status nan_column(double **out, size_t n, struct err *err)
{
    TRY(size_calloc(out, n, sizeof **out, "a chart's series", err));
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (double)NAN;
    return OK;
}

/* Room for one more element in an array that doubles. */
static enum status grow(void *array, size_t n, size_t *room, size_t elem_size, struct err *err)
{
    void **at = array, *more;
    size_t wanted = *room ? 2 * *room : 16, bytes;
    if (n < *room)
        return OK;
    if (!size_mul(&bytes, wanted, elem_size) || !(more = realloc(*at, bytes)))
        return err_set(err, E_NOMEM, "out of memory for a chart of %zu parts", n + 1);
    *at = more;
    *room = wanted;
    return OK;
}

enum status chart_add(struct chart_series **out, struct chart *c, size_t n, bool interval,
                      struct err *err)
{
    TRY(grow(&c->series, c->n_series, &c->series_room, sizeof *c->series, err));
    struct chart_series *s = &c->series[c->n_series++];
    *s = (struct chart_series){.n = n};
    *out = s;
    TRY(nan_column(&s->x, n, err));
    TRY(nan_column(&s->y, n, err));
    if (!interval)
        return OK;
    TRY(nan_column(&s->lo, n, err));
    return nan_column(&s->hi, n, err);
}

enum status chart_add_x_interval(struct chart_series *s, struct err *err)
{
    TRY(nan_column(&s->x_lo, s->n, err));
    return nan_column(&s->x_hi, s->n, err);
}

enum status chart_name_point(struct chart_series *s, size_t i, const char *name, struct err *err)
{
    if (!s->names)
        TRY(size_calloc(&s->names, s->n, sizeof *s->names, "the names of a chart's points", err));
    free(s->names[i]);
    if (!(s->names[i] = strdup(name)))
        return err_set(err, E_NOMEM, "out of memory for the names of a chart's points");
    utf8_make_plain(s->names[i]);
    return OK;
}

enum status chart_add_line(struct chart_line **out, struct chart *c, bool vertical, double at, struct err *err)
{
    TRY(grow(&c->lines, c->n_lines, &c->lines_room, sizeof *c->lines, err));
    struct chart_line *l = &c->lines[c->n_lines++];
    *l = (struct chart_line){.vertical = vertical, .at = at, .lo = (double)NAN, .hi = (double)NAN};
    *out = l;
    return OK;
}

enum status chart_add_label(struct chart *c, double x, double y, struct ink color, const char *text, struct err *err)
{
    TRY(grow(&c->labels, c->n_labels, &c->labels_room, sizeof *c->labels, err));
    struct chart_label *l = &c->labels[c->n_labels++];
    *l = (struct chart_label){.x = x, .y = y, .color = color};
    snprintf(l->text, sizeof l->text, "%s", text);
    return OK;
}

enum status chart_name_place(struct chart *c, size_t place, size_t n, const char *name, struct err *err)
{
    CHECK(place >= 1 && place <= n);
    if (!c->places)
        TRY(size_calloc(&c->places, n, sizeof *c->places, "the names on a chart's axis", err));
    c->n_places = n;
    char *out = c->places[place - 1];
    const size_t length = strlen(name), most = length < AXIS_LABEL_MAX ? length : AXIS_LABEL_MAX - sizeof "…";
    size_t n_kept = 0;
    for (size_t more; n_kept < most && (more = size_max(1, utf8_length(name + n_kept, length - n_kept))) + n_kept <= most;)
        n_kept += more;
    snprintf(out, AXIS_LABEL_MAX, "%.*s%s", (int)n_kept, name, n_kept < length ? "…" : "");
    utf8_make_plain(out);
    return OK;
}

enum status chart_set_scale(struct chart *c, const char *label, enum axis_kind kind, const double *values, size_t n,
                            struct err *err)
{
    struct chart_scale *s = &c->scale;
    if (n == 0)
        return OK;
    TRY(size_calloc(&s->marks, n, sizeof *s->marks, "a chart's scale", err));
    memcpy(s->marks, values, n * sizeof *values);
    s->n_marks = n;
    s->kind = kind;
    s->lo = values[0], s->hi = values[n - 1];
    snprintf(s->label, sizeof s->label, "%s", label);
    return OK;
}

struct ink chart_on_scale(const struct chart *c, double value)
{
    const struct chart_scale *s = &c->scale;
    double share = s->hi > s->lo ? (log(value) - log(s->lo)) / (log(s->hi) - log(s->lo)) : 0.4;
    return (struct ink){PALETTE_SCALE, isfinite(share) ? fmin(fmax(share, 0), 1) : 0.4};
}

static void free_names(struct chart_series *s)
{
    for (size_t i = 0; s->names && i < s->n; i++)
        free(s->names[i]);
    free(s->names);
}

void chart_free(struct chart *c)
{
    for (size_t i = 0; i < c->n_series; i++) {
        struct chart_series *s = &c->series[i];
        double *const columns[] = {s->x, s->y, s->lo, s->hi, s->x_lo, s->x_hi, s->aside};
        for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
            free(columns[k]);
        free_names(s);
    }
    free(c->series);
    free(c->lines);
    free(c->labels);
    free(c->scale.marks);
    free(c->places);
    *c = (struct chart){0};
}
