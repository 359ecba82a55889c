#include "cli/page_input.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "cli/answer.h"
#include "cli/theory.h"

/* A file of the folder; one that is not there is none. */
static enum status take(char **text, struct page_text *out, const char *dir, const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, name, err));
    if (!file_exists(path))
        return OK;
    TRY(file_read_regular(text, &out->size, path, err));
    out->data = *text;
    return OK;
}

/* What a page is called that nothing else names: the last name of a path, without slashes at its end. */
static void name_after(char *out, size_t size, const char *path)
{
    size_t n = strlen(path), from;
    while (n > 1 && path[n - 1] == '/')
        n--;
    for (from = n; from > 0 && path[from - 1] != '/'; from--)
        ;
    snprintf(out, size, "%.*s", (int)(n - from), path + from);
}

static void mark_of(char *out, size_t size, const struct fitted *f)
{
    snprintf(out, size, "%016llx", (unsigned long long)f->input.fingerprint);
    if (f->stored.intact)
        snprintf(out, size, "%016llx", (unsigned long long)f->stored.checksum);
}

static int rising(const void *a, const void *b)
{
    double x = ((const struct page_speed *)a)->params, y = ((const struct page_speed *)b)->params;
    return (x > y) - (x < y);
}

/* One speed a size, as `plan` and `predict` have it. */
static enum status know_speeds(struct page_input *in, const struct fitted *f, struct err *err)
{
    const double *n = f->table.col[fit_count_column(f->report.count)];
    size_t k = 0;
    TRY(size_calloc(&in->speeds, f->table.n, sizeof *in->speeds, "speeds", err));
    for (size_t i = 0; i < f->table.n; i++)
        if (n[i] > 0)
            in->speeds[k++].params = n[i];
    qsort(in->speeds, k, sizeof *in->speeds, rising);
    for (size_t i = 0; i < k; i++) {
        if (in->page.n_speeds > 0 && in->speeds[in->page.n_speeds - 1].params == in->speeds[i].params)
            continue;
        struct page_speed s = {in->speeds[i].params, answer_speed(f, in->speeds[i].params)};
        if (s.flops_per_s > 0)
            in->speeds[in->page.n_speeds++] = s;
    }
    in->page.speeds = in->speeds;
    return OK;
}

/* The table itself: a folder's, or the one file. */
static enum status take_table(struct page_input *in, const struct fitted *f, struct err *err)
{
    if (f->folder)
        return take(&in->results, &in->page.results, f->folder, "results.csv", err);
    if (f->n_sources == 1 && file_is_dir(f->sources[0]))
        return take(&in->results, &in->page.results, f->sources[0], "results.csv", err);
    if (f->n_sources != 1)
        return OK;
    TRY(file_read_regular(&in->results, &in->page.results.size, f->sources[0], err));
    in->page.results.data = in->results;
    return OK;
}

static enum status take_theory(struct page_input *in, const struct fitted *f, struct err *err)
{
    TRY(theory_add(&in->rows, f, err));
    for (size_t i = 0; i < in->rows.n; i++)
        in->page_rows[i] = (struct page_row){in->rows.rows[i].label, in->rows.rows[i].text};
    in->page.rows = in->page_rows;
    in->page.n_rows = in->rows.n;
    return OK;
}

static enum status fill(struct page_input *in, const struct fitted *f, struct err *err)
{
    TRY(draw_input_make(&in->drawn, f, err));
    name_after(in->name, sizeof in->name, f->sources[0]);
    mark_of(in->mark, sizeof in->mark, f);
    in->page.name = f->about && f->about->name[0] ? f->about->name : in->name;
    in->page.mark = in->mark;
    in->page.charts = &in->drawn.in;
    in->page.fit = (struct page_text){f->json, f->json ? strlen(f->json) : 0};
    TRY(take_table(in, f, err));
    if (f->folder)
        TRY(take(&in->sweep, &in->page.sweep, f->folder, "sweep.json", err));
    TRY(take_theory(in, f, err));
    return know_speeds(in, f, err);
}

enum status page_input_make(struct page_input *in, const struct fitted *f, struct err *err)
{
    *in = (struct page_input){.page = {.version = PLATEAU_VERSION}};
    return fill(in, f, err);
}

enum status page_input_of_folder(struct page_input *in, const char *dir, struct err *err)
{
    *in = (struct page_input){.page = {.version = PLATEAU_VERSION}};
    name_after(in->name, sizeof in->name, dir);
    in->page.name = in->name;
    if (page_input_is_comparison(dir)) {
        TRY(take(&in->compare, &in->page.compare, dir, "compare.json", err));
        return take(&in->frontiers, &in->page.frontiers, dir, "charts/frontiers.svg", err);
    }
    TRY(take(&in->sweep, &in->page.sweep, dir, "sweep.json", err));
    return take(&in->results, &in->page.results, dir, "results.csv", err);
}

void page_input_free(struct page_input *in)
{
    draw_input_free(&in->drawn);
    free(in->speeds);
    free(in->results);
    free(in->sweep);
    free(in->compare);
    free(in->frontiers);
    *in = (struct page_input){.speeds = NULL};
}

bool page_input_is_comparison(const char *dir)
{
    char path[2][FILE_PATH_MAX];
    return file_is_dir(dir) && file_join(path[0], sizeof path[0], dir, "compare.json", NULL) == OK &&
           file_join(path[1], sizeof path[1], dir, "sweep.json", NULL) == OK && file_exists(path[0]) && !file_exists(path[1]);
}

enum status page_input_write(const struct page_input *in, const char *path, struct err *err)
{
    struct file_writer w;
    TRY(file_refuse_link(path, err));
    TRY(file_writer_open(&w, path, err));
    enum status st = page_write(w.out, &in->page, err);
    if (st == OK)
        return file_writer_commit(&w, err);
    file_writer_abandon(&w);
    return st;
}

bool page_input_current(const char *path, const struct fitted *f)
{
    char head[2048], mark[32], word[64];
    FILE *in;
    if (!file_exists(path) || file_open_regular(&in, path, NULL) != OK)
        return false;
    size_t n = fread(head, 1, sizeof head - 1, in);
    head[n] = '\0';
    fclose(in);
    mark_of(mark, sizeof mark, f);
    snprintf(word, sizeof word, "name=\"plateau-fit\" content=\"%s\"", mark);
    return f->stored.intact && strstr(head, word) != NULL;
}
