#include "plot/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "plot/png.h"
#include "plot/raster.h"
#include "plot/rich.h"
#include "plot/svg.h"

static struct color ground_of(const struct layout *l)
{
    return palette_color(palette_ink(PALETTE_GROUND), l->style.dark);
}

enum status chart_svg(FILE *out, const struct layout *l, struct err *err)
{
    char desc[sizeof l->c->quantity + sizeof l->c->subtitle + sizeof l->c->note + 8];
    struct svg svg;
    snprintf(desc, sizeof desc, "%s. %s %s", l->c->quantity, l->c->subtitle, l->c->note);
    const struct svg_head head = {.width = l->width, .height = l->height, .width_mm = l->style.width_mm, .title = l->c->title,
                                  .desc = desc, .ground = ground_of(l), .id = l->style.id ? l->style.id : ""};
    svg_begin(&svg, out, &head);
    struct surface s = svg_surface(&svg);
    enum status st = layout_draw(l, &s, err);
    svg_end(&svg);
    return st;
}

static enum status write_svg(const struct layout *l, const char *path, struct err *err)
{
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    enum status st = chart_svg(w.out, l, err);
    if (st == OK)
        return file_writer_commit(&w, err);
    file_writer_abandon(&w);
    return st;
}

static enum status write_png(const struct layout *l, const char *path, struct err *err)
{
    struct raster r;
    enum status st = raster_init(&r, l->width, l->height, l->style.scale, ground_of(l), l->font, err);
    struct surface s = raster_surface(&r);
    if (st == OK)
        st = layout_draw(l, &s, err);
    if (st == OK && r.failed)
        st = err_set(err, E_NOMEM, "out of memory drawing %s", path);
    if (st == OK)
        st = png_write(path, &r, err);
    raster_free(&r);
    return st;
}

static enum status path_of(char *path, const char *dir, const char *name, const char *ending, struct err *err)
{
    char file[FILE_PATH_MAX];
    snprintf(file, sizeof file, "%s%s", name, ending);
    return file_join(path, FILE_PATH_MAX, dir, file, err);
}

enum status chart_write(const struct chart *c, const char *dir, const char *name, const struct chart_style *style,
                        const struct font *font, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct layout l;
    enum status st = layout_make(&l, c, style, font, err);
    if (st == OK)
        st = path_of(path, dir, name, ".png", err);
    if (st == OK)
        st = write_png(&l, path, err);
    if (st == OK)
        st = path_of(path, dir, name, ".svg", err);
    if (st == OK)
        st = write_svg(&l, path, err);
    layout_free(&l);
    return st;
}

/* --- data ------------------------------------------------------------------------------------- */

static void put_number(FILE *out, double v)
{
    fputc(',', out);
    if (isfinite(v))
        fprintf(out, "%.10g", v);
}

/* Quoted where a comma or a quote would be taken for one of the file's. */
static void put_text(FILE *out, const char *rich)
{
    char text[1024];
    rich_plain(text, sizeof text, rich);
    bool quote = strpbrk(text, ",\"\n\r") != NULL;
    if (!quote) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            fputc('"', out);
        fputc(*p, out);
    }
    fputc('"', out);
}

static const char *panel_name(size_t panel)
{
    return panel ? "lower" : "upper";
}

static double at(const double *column, size_t i)
{
    return column ? column[i] : (double)NAN;
}

static void put_series(FILE *out, const struct chart_series *s)
{
    const char *kind = s->area ? "area" : s->marker != MARKER_NONE ? "marks" : s->band ? "band" : "line";
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->x[i]) || !isfinite(s->y[i]))
            continue;
        fprintf(out, "%s,%s,", panel_name(s->panel), kind);
        put_text(out, s->label[0] ? s->label : s->name[0] ? s->name : s->tag);
        put_number(out, s->x[i]);
        put_number(out, s->y[i]);
        put_number(out, at(s->x_lo, i));
        put_number(out, at(s->x_hi, i));
        put_number(out, at(s->lo, i));
        put_number(out, at(s->hi, i));
        fputc(',', out);
        if (s->names && s->names[i])
            put_text(out, s->names[i]);
        fputc('\n', out);
    }
}

static void put_reference(FILE *out, const struct chart_line *l)
{
    const double none = (double)NAN;
    fprintf(out, "%s,reference,", panel_name(l->panel));
    put_text(out, l->label);
    put_number(out, l->vertical ? l->at : none);
    put_number(out, l->vertical ? none : l->at);
    put_number(out, l->vertical ? l->lo : none);
    put_number(out, l->vertical ? l->hi : none);
    put_number(out, l->vertical ? none : l->lo);
    put_number(out, l->vertical ? none : l->hi);
    fputs(",\n", out);
}

void chart_csv(FILE *out, const struct chart *c)
{
    fputs("panel,kind,series,x,y,x_lo,x_hi,y_lo,y_hi,point\n", out);
    for (size_t k = 0; k < c->n_series; k++)
        put_series(out, &c->series[k]);
    for (size_t k = 0; k < c->n_lines; k++)
        put_reference(out, &c->lines[k]);
}

enum status chart_write_data(const struct chart *c, const char *dir, const char *name, struct err *err)
{
    struct file_writer w;
    char path[FILE_PATH_MAX];
    TRY(path_of(path, dir, name, ".csv", err));
    TRY(file_writer_open(&w, path, err));
    chart_csv(w.out, c);
    return file_writer_commit(&w, err);
}
